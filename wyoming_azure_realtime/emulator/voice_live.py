"""What Azure Voice Live accepts that the realtime API does not, and the other way round. Pure; GA shape.

Sources: the request models of azure-ai-voicelive 1.3.1 and the vendor's tables of models, read in November
2026. Where they say nothing, this is strict: what it accepts, the documents name.
"""

import re
import zlib
from dataclasses import dataclass
from typing import Any

from msgspec import UNSET

from wyoming_azure_realtime.emulator.checks import check_format, check_turn_detection
from wyoming_azure_realtime.emulator.models import ALL_VOICES, TranscriptionCapabilities
from wyoming_azure_realtime.emulator.wire import Refused, invalid, missing, not_one_of, unknown
from wyoming_azure_realtime.realtime.shapes import (
    AudioInput,
    AudioOutput,
    Item,
    JsonObject,
    Transcription,
    TurnDetection,
)

_LANGUAGES = frozenset({"languages"})
_MODELS = {
    "azure-speech": TranscriptionCapabilities(
        "none", True, _LANGUAGES | {"keywords"}, billed_by_duration=True
    ),
    "mai-transcribe-1": TranscriptionCapabilities("none", True, _LANGUAGES, billed_by_duration=True),
}
_OF_OPENAI = {
    "whisper-1": TranscriptionCapabilities("whole", True, _LANGUAGES, billed_by_duration=True),
    "gpt-4o-transcribe": TranscriptionCapabilities("burst", True, _LANGUAGES),
    "gpt-4o-mini-transcribe": TranscriptionCapabilities("burst", True, _LANGUAGES),
}
_AZURE_VADS = ("azure_semantic_vad", "azure_semantic_vad_en", "azure_semantic_vad_multilingual")
AZURE_VAD: JsonObject = {"threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 500}

_TAG = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?")
_VOICE = re.compile(r"[a-z]{2,3}(-[A-Za-z]{4})?-[A-Z]{2}(-[a-z]+)?-[A-Za-z.]+(Neural|:[A-Za-z]+)")
_LOCALE = re.compile(r"[a-z]{2,3}-[A-Z]{2}")
_MANNERS = (
    "temperature",
    "rate",
    "pitch",
    "volume",
    "style",
    "locale",
    "prefer_locales",
    "custom_lexicon_url",
)
_VOICES = {
    "azure-standard": ("name", *_MANNERS),
    "azure-custom": ("name", "endpoint_id", *_MANNERS),
    "openai": ("name",),
}
_REQUIRED = {"azure-standard": ("name",), "azure-custom": ("name", "endpoint_id"), "openai": ("name",)}
_LEAST_RATE, _MOST_RATE = 0.5, 1.5


@dataclass(frozen=True, slots=True)
class VoiceLiveRules:
    """`model`: that of the session. `voices`: Azure's that exist; empty: all with a right name."""

    model: str
    voices: tuple[str, ...] = ()

    @property
    def _native(self) -> bool:
        return self.model.startswith("gpt-realtime")

    def transcription(self, name: str) -> TranscriptionCapabilities | None:
        """What a recognizer can do; None if there is none of that name for the session's model."""
        return (_MODELS | (_OF_OPENAI if self._native else {})).get(name)

    def check_input(self, update: AudioInput, path: str) -> None:
        """Check noise reduction, echo cancellation and turn detection; the dialect has checked the format."""
        noise = update.noise_reduction
        kinds = ("azure_deep_noise_suppression", *(("near_field", "far_field") if self._native else ()))
        if noise and noise.type not in kinds:
            raise not_one_of(f"{path}.noise_reduction.type", noise.type, kinds)
        echo = update.echo_cancellation
        if echo:
            here = f"{path}.echo_cancellation"
            _check_keys(echo, ("type", "reference_source", "channels"), here)
            if echo.get("type") != "server_echo_cancellation":
                raise not_one_of(f"{here}.type", echo.get("type"), ("server_echo_cancellation",))
        if update.turn_detection:
            self._check_detection(update.turn_detection, f"{path}.turn_detection")

    def _check_detection(self, detection: TurnDetection, path: str) -> None:
        kinds = ("server_vad", *_AZURE_VADS, *(("semantic_vad",) if self._native else ()))
        if detection.type not in kinds:
            raise not_one_of(f"{path}.type", detection.type, kinds)
        if detection.type not in _AZURE_VADS:
            check_turn_detection(detection, path)
        for name in ("eagerness", "idle_timeout_ms") if detection.type in _AZURE_VADS else ():
            if getattr(detection, name) is not UNSET:
                raise unknown(f"{path}.{name}")

    def check_transcription(self, transcription: Transcription, model: str, path: str) -> None:
        """Check the model and its languages and phrases."""
        facts = self.transcription(model)
        if facts is None:
            known = (*_MODELS, *(_OF_OPENAI if self._native else ()))
            raise not_one_of(f"{path}.model", model, known)
        for index, language in enumerate(transcription.languages or ()):
            if not _TAG.fullmatch(language):
                here = f"{path}.languages[{index}]"
                raise invalid(here, f"Invalid value for '{here}': expected a locale such as 'en-US'.")
        if transcription.keywords and ("keywords" not in facts.hints or self._native):
            raise invalid(f"{path}.keywords", "Phrases are not supported for this transcription model.")

    def check_output(self, output: AudioOutput, path: str) -> None:
        """Check format and voice."""
        if output.format is not UNSET:
            check_format(output.format, f"{path}.format")
        if output.speed is not UNSET:
            raise unknown(f"{path}.speed")
        if output.voice is not UNSET:
            self._check_voice(output.voice, f"{path}.voice")

    def _check_voice(self, voice: str | JsonObject, path: str) -> None:
        if isinstance(voice, str):
            voice = {"type": "openai", "name": voice}
        kind = voice.get("type")
        if kind not in _VOICES:
            raise not_one_of(f"{path}.type", kind, tuple(_VOICES))
        _check_keys(voice, ("type", *_VOICES[kind]), path)
        for name in _REQUIRED[kind]:
            if not voice.get(name):
                raise missing(f"{path}.{name}")
        name = str(voice["name"])
        if kind == "openai" and not (self._native and name in ALL_VOICES):
            raise invalid(path, f"Voice '{name[:100]}' is not supported for the model '{self.model}'.")
        if kind == "azure-standard" and (
            not _VOICE.fullmatch(name) or (self.voices and name not in self.voices)
        ):
            raise invalid(f"{path}.name", f"Voice '{name[:100]}' is not available.")
        rate_of(voice, path)


def rate_of(voice: Any, path: str = "") -> float:
    """How fast a voice speaks, 1 is usual; refuses what is out of range."""
    text = voice.get("rate", "1") if isinstance(voice, dict) else "1"
    try:
        rate = float(text)
    except (TypeError, ValueError) as error:
        raise Refused("invalid_type", f"Invalid type for '{path}.rate': expected text.", path) from error
    if not (isinstance(text, str) and _LEAST_RATE <= rate <= _MOST_RATE):
        raise invalid(f"{path}.rate", f"Invalid value: {text!r:.40}. Expected text from 0.5 to 1.5.")
    return rate


def engine_voice(voice: str | JsonObject) -> tuple[str, str]:
    """Which of the engines' voices stands for one, always the same; and the language of its name."""
    name = voice if isinstance(voice, str) else str(voice["name"])
    if name in ALL_VOICES:
        return name, ""
    locale = _LOCALE.match(name)
    return ALL_VOICES[zlib.crc32(name.encode()) % len(ALL_VOICES)], locale[0] if locale else ""


def check_message(item: Item, path: str) -> str:
    """The text of a pre-generated message, which has one part."""
    content = item.content or []
    if item.role != "assistant":
        raise not_one_of(f"{path}.role", item.role, ("assistant",))
    if len(content) != 1:
        raise invalid(f"{path}.content", f"Invalid '{path}.content': exactly one part is expected.")
    text = content[0].text
    if content[0].type != "output_text" or not isinstance(text, str) or not text.strip():
        raise missing(f"{path}.content[0].text")
    return text


def _check_keys(value: JsonObject, known: tuple[str, ...], path: str) -> None:
    for name in value:
        if name not in known:
            raise unknown(f"{path}.{name}")
