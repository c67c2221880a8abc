"""The configuration of a session: which values are allowed, its defaults, and the effect of an update. Pure.

JSON in GA shape. Every check raises `Refused` with the dotted path of the field in GA names.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import UNSET

from wyoming_azure_realtime.emulator.engines import EngineHints
from wyoming_azure_realtime.emulator.models import (
    ALL_VOICES,
    DELAYS,
    Deployments,
    RealtimeCapabilities,
    TranscriptionCapabilities,
    transcription_model,
)
from wyoming_azure_realtime.emulator.wire import Refused, invalid, missing, not_one_of, unknown
from wyoming_azure_realtime.realtime.dialects.base import SessionKind
from wyoming_azure_realtime.realtime.shapes import (
    Audio,
    AudioInput,
    AudioOutput,
    JsonObject,
    NoiseReduction,
    Session,
    Transcription,
    TurnDetection,
    WireAudioFormat,
)

LOGPROBS = "item.input_audio_transcription.logprobs"
MODALITIES = (["text"], ["audio"])
FORMATS = ("audio/pcm", "audio/pcmu", "audio/pcma")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_OF_SERVER_VAD = ("threshold", "prefix_padding_ms", "silence_duration_ms", "idle_timeout_ms")
_HINTS = ("language", "prompt", "languages", "keywords", "delay")

DEFAULT_INSTRUCTIONS = "You are a helpful voice. You read aloud what the user writes."
_PCM: JsonObject = {"type": "audio/pcm", "rate": 24000}
_SERVER_VAD: JsonObject = {
    "type": "server_vad",
    "threshold": 0.5,
    "prefix_padding_ms": 300,
    "silence_duration_ms": 500,
    "idle_timeout_ms": None,
}
_SEMANTIC_VAD: JsonObject = {"type": "semantic_vad", "eagerness": "auto"}
_ANSWERS: JsonObject = {"create_response": True, "interrupt_response": True}
_READ_ONLY = ("id", "object", "expires_at")
_REALTIME_ONLY = (
    "output_modalities", "instructions", "tools", "tool_choice", "max_output_tokens", "tracing",
    "truncation", "prompt", "reasoning", "parallel_tool_calls", "model",
)  # fmt: skip
_PLAIN = (
    "output_modalities", "instructions", "tools", "tool_choice", "max_output_tokens", "tracing",
    "truncation", "prompt", "reasoning", "parallel_tool_calls", "include",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """What is fixed with the connection."""

    kind: SessionKind
    id: str
    expires_at: int
    model: str = ""
    realtime: RealtimeCapabilities = field(default_factory=RealtimeCapabilities)
    voices: tuple[str, ...] = ALL_VOICES
    default_voice: str = "marin"
    deployments: Deployments = field(default_factory=Deployments)


class SessionState:
    """The configuration of one session as reported. `audio_produced`: the voice cannot change any more."""

    def __init__(self, facts: SessionFacts) -> None:
        self.facts = facts
        self.report = _defaults(facts)
        self.audio_produced = False

    def update(self, update: Session) -> None:
        """Apply the fields that are present, or refuse the whole update."""
        self._check_kind(update)
        self._check_fields(update)
        report: JsonObject = msgspec.json.decode(msgspec.json.encode(self.report))
        changes = msgspec.to_builtins(update)
        for name in _PLAIN:
            if name in changes:
                report[name] = changes[name]
        if update.audio is not UNSET:
            self._update_audio(report, update.audio)
        self.report = report

    @property
    def turn_detection(self) -> JsonObject | None:
        """The turn detection in effect; None: by commits."""
        found: JsonObject | None = self.report["audio"]["input"]["turn_detection"]
        return found

    @property
    def transcription(self) -> JsonObject | None:
        """The transcription in effect; None: off."""
        found: JsonObject | None = self.report["audio"]["input"]["transcription"]
        return found

    @property
    def transcription_facts(self) -> TranscriptionCapabilities | None:
        """The capabilities of the deployed transcription model; None when there is no such deployment."""
        return self._facts_of(self.transcription["model"]) if self.transcription else None

    @property
    def hints(self) -> EngineHints:
        """The hints of the session for the engine."""
        settings = self.transcription or {}
        languages = (
            (settings["language"],) if settings.get("language") else tuple(settings.get("languages", ()))
        )
        return EngineHints(languages, tuple(settings.get("keywords", ())), settings.get("prompt", ""))

    def _facts_of(self, deployment: str) -> TranscriptionCapabilities | None:
        model = self.facts.deployments.transcription(deployment)
        return transcription_model(model) if model else None

    def _check_kind(self, update: Session) -> None:
        if update.type is UNSET:
            raise missing("session.type")
        if update.type != self.facts.kind:
            raise Refused(
                "invalid_parameter",
                f"Passing a {update.type} session update event to a {self.facts.kind} session "
                "is not allowed.",
            )
        absent = _READ_ONLY if self.facts.kind == "realtime" else (*_READ_ONLY, *_REALTIME_ONLY)
        if not self.facts.realtime.reasons:
            absent = (*absent, "reasoning", "parallel_tool_calls")
        for name in absent:
            if getattr(update, name) is not UNSET:
                raise unknown(f"session.{name}")
        if self.facts.kind == "transcription" and update.audio and update.audio.output is not UNSET:
            raise unknown("session.audio.output")

    def _check_fields(self, update: Session) -> None:
        if update.model is not UNSET and update.model != self.facts.model:
            raise invalid("session.model", "The model of a session cannot be changed.")
        if update.output_modalities is not UNSET:
            check_modalities(update.output_modalities, "session.output_modalities")
        if update.max_output_tokens is not UNSET:
            most = self.facts.realtime.max_output_tokens
            check_max_output_tokens(update.max_output_tokens, most, "session.max_output_tokens")
        tools = [] if update.tools is UNSET else update.tools
        check_tools(tools, update.tool_choice, "session")
        if update.include:
            check_include(update.include)

    def _update_audio(self, report: JsonObject, audio: Audio) -> None:
        if audio.output is not UNSET:
            path = "session.audio.output"
            check_output(audio.output, self.facts.voices, path)
            if audio.output.voice is not UNSET and self.audio_produced:
                raise Refused(
                    "cannot_update_voice",
                    "Cannot update a conversation's voice if assistant audio is present.",
                    f"{path}.voice",
                )
            changes = msgspec.to_builtins(audio.output)
            if audio.output.format is not UNSET:
                changes["format"] = full_format(audio.output.format)
            report["audio"]["output"] |= changes
        if audio.input is not UNSET:
            self._update_input(report["audio"]["input"], audio.input)

    def _update_input(self, effective: JsonObject, update: AudioInput) -> None:
        path = "session.audio.input"
        if update.format is not UNSET:
            check_format(update.format, f"{path}.format")
        if update.noise_reduction:
            check_noise_reduction(update.noise_reduction, f"{path}.noise_reduction")
        changes = msgspec.to_builtins(update)
        if update.format is not UNSET:
            changes["format"] = full_format(update.format)
        if update.transcription:
            changes["transcription"] = self._transcription(update.transcription, f"{path}.transcription")
        if update.turn_detection:
            check_turn_detection(update.turn_detection, f"{path}.turn_detection")
            changes["turn_detection"] = self._turn_detection(update.turn_detection)
        effective |= changes
        self._reconcile_turns(effective, asked=bool(update.turn_detection))

    def _transcription(self, update: Transcription, path: str) -> JsonObject:
        """The transcription with its model; without one in the update, the model so far stays."""
        changes: JsonObject = msgspec.to_builtins(update)
        model = changes.get("model") or (self.transcription or {}).get("model")
        if not model:
            raise missing(f"{path}.model")
        check_transcription(update, self._facts_of(model), path)
        return {**changes, "model": model}

    def _turn_detection(self, update: TurnDetection) -> JsonObject:
        defaults = _SERVER_VAD if update.type == "server_vad" else _SEMANTIC_VAD
        answers = _ANSWERS if self.facts.kind == "realtime" else {}
        return {**defaults, **answers, **msgspec.to_builtins(update)}

    def _reconcile_turns(self, effective: JsonObject, *, asked: bool) -> None:
        """Models that transcribe while audio arrives have no turn detection."""
        transcription: Any = effective["transcription"]
        facts = self._facts_of(transcription["model"]) if transcription else None
        if facts is None or facts.detects_turns:
            return
        if asked:
            raise invalid(
                "session.audio.input.turn_detection",
                "Turn detection is not supported for this transcription model.",
            )
        effective["turn_detection"] = None


def _defaults(facts: SessionFacts) -> JsonObject:
    answers = _ANSWERS if facts.kind == "realtime" else {}
    audio_input: JsonObject = {
        "format": dict(_PCM),
        "transcription": None,
        "noise_reduction": None,
        "turn_detection": _SERVER_VAD | answers,
    }
    common: JsonObject = {"id": facts.id, "type": facts.kind, "expires_at": facts.expires_at}
    if facts.kind == "transcription":
        kind = {"object": "realtime.transcription_session"}
        return common | kind | {"audio": {"input": audio_input}, "include": None}
    audio_output: JsonObject = {"format": dict(_PCM), "voice": facts.default_voice, "speed": 1.0}
    return common | {
        "object": "realtime.session",
        "model": facts.model,
        "output_modalities": ["audio"],
        "instructions": DEFAULT_INSTRUCTIONS,
        "audio": {"input": audio_input, "output": audio_output},
        "tools": [],
        "tool_choice": "auto",
        "max_output_tokens": "inf",
        "tracing": None,
        "truncation": "auto",
        "prompt": None,
        "include": None,
    }


def check_modalities(modalities: list[str], path: str) -> None:
    """Check that the modalities are text or audio, not both."""
    if modalities not in MODALITIES:
        raise invalid(
            path,
            f"Invalid modalities: {modalities!r:.100}. Supported combinations are: ['text'] and ['audio'].",
        )


def check_output(output: AudioOutput, voices: tuple[str, ...], path: str) -> None:
    """Check voice, format and speed of the output."""
    if output.format is not UNSET:
        check_format(output.format, f"{path}.format")
    if output.voice is not UNSET and output.voice not in voices:
        raise not_one_of(f"{path}.voice", output.voice, voices)
    if output.speed is not UNSET and not 0.25 <= output.speed <= 1.5:
        raise invalid(
            f"{path}.speed", f"Invalid value for '{path}.speed': expected a number from 0.25 to 1.5."
        )


def check_format(audio: WireAudioFormat, path: str) -> None:
    """Check that the format is PCM at 24 kHz or one of the two G.711 laws."""
    if audio.type not in FORMATS:
        raise not_one_of(f"{path}.type", audio.type, FORMATS)
    if audio.rate is UNSET:
        return
    if audio.type != "audio/pcm":
        raise unknown(f"{path}.rate")
    rate = f"Invalid '{path}.rate': integer"
    if audio.rate < 24000:
        message = f"{rate} below minimum value. Expected a value >= 24000, but got {audio.rate} instead."
        raise Refused("integer_below_min_value", message, f"{path}.rate")
    if audio.rate > 24000:
        message = f"{rate} above maximum value. Expected a value <= 24000, but got {audio.rate} instead."
        raise Refused("integer_above_max_value", message, f"{path}.rate")


def full_format(audio: WireAudioFormat) -> JsonObject:
    """The format as it is reported; PCM always has its rate."""
    return {"type": audio.type, "rate": 24000} if audio.type == "audio/pcm" else {"type": audio.type}


def check_transcription(
    transcription: Transcription, facts: TranscriptionCapabilities | None, path: str
) -> None:
    """Check the hints, of which a model takes some. `facts` None: the deployment is unknown."""
    if transcription.language is not UNSET:
        _check_language(transcription.language, f"{path}.language")
    for index, language in enumerate(transcription.languages or ()):
        _check_language(language, f"{path}.languages[{index}]")
    if transcription.delay is not UNSET and transcription.delay not in DELAYS:
        raise not_one_of(f"{path}.delay", transcription.delay, DELAYS)
    for hint in _HINTS if facts else ():
        if getattr(transcription, hint) is not UNSET and facts and hint not in facts.hints:
            name = hint.capitalize()
            verb = "are" if hint.endswith("s") else "is"
            raise invalid(f"{path}.{hint}", f"{name} {verb} not supported for this transcription model.")


def _check_language(language: str, path: str) -> None:
    if not _LANGUAGE.fullmatch(language):
        raise invalid(path, f"Invalid value for '{path}': expected an ISO-639-1 code such as 'en'.")


def check_noise_reduction(noise: NoiseReduction, path: str) -> None:
    """Check the kind of noise reduction."""
    if noise.type not in ("near_field", "far_field"):
        raise not_one_of(f"{path}.type", noise.type, ("near_field", "far_field"))


def check_turn_detection(detection: TurnDetection, path: str) -> None:
    """Check that the fields belong to the kind of turn detection and are in range."""
    if detection.type not in ("server_vad", "semantic_vad"):
        raise not_one_of(f"{path}.type", detection.type, ("server_vad", "semantic_vad"))
    foreign = _OF_SERVER_VAD if detection.type == "semantic_vad" else ("eagerness",)
    for name in foreign:
        if getattr(detection, name) is not UNSET:
            raise unknown(f"{path}.{name}")
    if detection.eagerness is not UNSET and detection.eagerness not in ("low", "medium", "high", "auto"):
        raise not_one_of(f"{path}.eagerness", detection.eagerness, ("low", "medium", "high", "auto"))
    _within(detection.threshold, 0, 1, f"{path}.threshold")
    _within(detection.prefix_padding_ms, 0, 10_000, f"{path}.prefix_padding_ms")
    _within(detection.silence_duration_ms, 0, 10_000, f"{path}.silence_duration_ms")
    _within(detection.idle_timeout_ms, 5000, 30_000, f"{path}.idle_timeout_ms")


def check_max_output_tokens(value: object, most: int, path: str) -> None:
    """Check that the limit is `inf` or within the model's."""
    if value == "inf":
        return
    if isinstance(value, str):
        raise Refused("invalid_type", f"Invalid type for '{path}': expected an integer or 'inf'.", path)
    if isinstance(value, int) and value < 1:
        message = (
            f"Invalid '{path}': integer below minimum value. Expected a value >= 1, but got {value} instead."
        )
        raise Refused("integer_below_min_value", message, path)
    if isinstance(value, int) and value > most:
        message = f"Invalid '{path}': integer above maximum value. Expected a value <= {most}."
        raise Refused("integer_above_max_value", message, path)


def check_tools(tools: list[JsonObject], tool_choice: object, path: str) -> None:
    """Check that functions have a name, and that the choice is known."""
    for index, tool in enumerate(tools):
        if tool.get("type") == "function" and not isinstance(tool.get("name"), str):
            raise missing(f"{path}.tools[{index}].name")
        if tool.get("type") not in ("function", "mcp"):
            raise not_one_of(f"{path}.tools[{index}].type", tool.get("type"), ("function", "mcp"))
    if isinstance(tool_choice, str) and tool_choice not in ("auto", "none", "required"):
        raise not_one_of(f"{path}.tool_choice", tool_choice, ("auto", "none", "required"))


def check_include(include: list[str]) -> None:
    """Check that only log probabilities are included."""
    for index, name in enumerate(include):
        if name != LOGPROBS:
            raise not_one_of(f"session.include[{index}]", name, (LOGPROBS,))


def _within(value: object, least: float, most: float, path: str) -> None:
    if isinstance(value, (int, float)) and not least <= value <= most:
        raise invalid(path, f"Invalid value for '{path}': expected a number from {least} to {most}.")
