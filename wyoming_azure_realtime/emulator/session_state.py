"""The configuration of a session: which values are allowed, its defaults, and the effect of an update. Pure.

JSON in GA shape. Every check raises `Refused` with the dotted path of the field in GA names.
"""

from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import UNSET

from wyoming_azure_realtime.emulator.checks import (
    check_format,
    check_include,
    check_max_output_tokens,
    check_modalities,
    check_noise_reduction,
    check_output,
    check_tools,
    check_transcription,
    check_turn_detection,
    full_format,
)
from wyoming_azure_realtime.emulator.engines import EngineHints
from wyoming_azure_realtime.emulator.models import (
    ALL_VOICES,
    Deployments,
    RealtimeCapabilities,
    TranscriptionCapabilities,
    transcription_model,
)
from wyoming_azure_realtime.emulator.voice_live import AZURE_VAD, VoiceLiveRules
from wyoming_azure_realtime.emulator.wire import Refused, invalid, missing, unknown
from wyoming_azure_realtime.realtime.dialects.base import SessionKind
from wyoming_azure_realtime.realtime.shapes import (
    Audio,
    AudioInput,
    AudioOutput,
    JsonObject,
    Session,
    Transcription,
    TurnDetection,
)

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
    """What is fixed with the connection. `voice_live`: the rules of that service, if it is that one."""

    kind: SessionKind
    id: str
    expires_at: int
    model: str = ""
    realtime: RealtimeCapabilities = field(default_factory=RealtimeCapabilities)
    voices: tuple[str, ...] = ALL_VOICES
    default_voice: str | JsonObject = "marin"
    deployments: Deployments = field(default_factory=Deployments)
    voice_live: VoiceLiveRules | None = None


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
        if self.facts.voice_live is not None:
            return self.facts.voice_live.transcription(deployment)
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

    def check_output(self, output: AudioOutput, path: str) -> None:
        """Check voice, format and speed of a session's or a response's audio."""
        if self.facts.voice_live is not None:
            self.facts.voice_live.check_output(output, path)
        else:
            check_output(output, self.facts.voices, path)

    def _update_audio(self, report: JsonObject, audio: Audio) -> None:
        if audio.output is not UNSET:
            path = "session.audio.output"
            self.check_output(audio.output, path)
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
        if self.facts.voice_live is not None:
            self.facts.voice_live.check_input(update, path)
        else:
            _check_input(update, path)
        changes = msgspec.to_builtins(update)
        if update.format is not UNSET:
            changes["format"] = full_format(update.format)
        if update.transcription:
            changes["transcription"] = self._transcription(update.transcription, f"{path}.transcription")
        if update.turn_detection:
            changes["turn_detection"] = self._turn_detection(update.turn_detection)
        effective |= changes
        self._reconcile_turns(effective, asked=bool(update.turn_detection))

    def _transcription(self, update: Transcription, path: str) -> JsonObject:
        """The transcription with its model; without one in the update, the model so far stays."""
        changes: JsonObject = msgspec.to_builtins(update)
        model = changes.get("model") or (self.transcription or {}).get("model")
        if not model:
            raise missing(f"{path}.model")
        if self.facts.voice_live is not None:
            self.facts.voice_live.check_transcription(update, model, path)
        else:
            check_transcription(update, self._facts_of(model), path)
        return {**changes, "model": model}

    def _turn_detection(self, update: TurnDetection) -> JsonObject:
        known = (
            {"semantic_vad": _SEMANTIC_VAD}
            if self.facts.voice_live
            else {"server_vad": _SERVER_VAD, "semantic_vad": _SEMANTIC_VAD}
        )
        defaults = known.get(update.type, AZURE_VAD)
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


def _check_input(update: AudioInput, path: str) -> None:
    if update.format is not UNSET:
        check_format(update.format, f"{path}.format")
    if update.noise_reduction:
        check_noise_reduction(update.noise_reduction, f"{path}.noise_reduction")
    if update.echo_cancellation is not UNSET:
        raise unknown(f"{path}.echo_cancellation")
    if update.turn_detection:
        check_turn_detection(update.turn_detection, f"{path}.turn_detection")


def _defaults(facts: SessionFacts) -> JsonObject:
    answers = _ANSWERS if facts.kind == "realtime" else {}
    audio_input: JsonObject = {
        "format": dict(_PCM),
        "transcription": None,
        "noise_reduction": None,
        "turn_detection": (_SERVER_VAD if facts.voice_live is None else {"type": "server_vad", **AZURE_VAD})
        | answers,
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
