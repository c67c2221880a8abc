"""Which values a session may have. Every check raises `Refused` with the path in GA names."""

import re

from msgspec import UNSET

from wyoming_azure_realtime.embedded.models import DELAYS, TranscriptionCapabilities
from wyoming_azure_realtime.embedded.refusals import Refused, invalid, missing, not_one_of, unknown
from wyoming_azure_realtime.realtime.shapes import (
    AudioFormat,
    AudioOutput,
    JsonObject,
    NoiseReduction,
    Transcription,
    TurnDetection,
)

LOGPROBS = "item.input_audio_transcription.logprobs"
MODALITIES = (["text"], ["audio"])
FORMATS = ("audio/pcm", "audio/pcmu", "audio/pcma")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_OF_SERVER_VAD = ("threshold", "prefix_padding_ms", "silence_duration_ms", "idle_timeout_ms")
_HINTS = ("language", "prompt", "languages", "keywords", "delay")


def check_modalities(modalities: list[str], path: str) -> None:
    """Text or audio, never both."""
    if modalities not in MODALITIES:
        raise invalid(
            path,
            f"Invalid modalities: {modalities!r:.100}. Supported combinations are: ['text'] and ['audio'].",
        )


def check_output(output: AudioOutput, voices: tuple[str, ...], path: str) -> None:
    """Voice, format and speed of what is spoken."""
    if output.format is not UNSET:
        check_format(output.format, f"{path}.format")
    if output.voice is not UNSET and output.voice not in voices:
        raise not_one_of(f"{path}.voice", output.voice, voices)
    if output.speed is not UNSET and not 0.25 <= output.speed <= 1.5:
        raise invalid(
            f"{path}.speed", f"Invalid value for '{path}.speed': expected a number from 0.25 to 1.5."
        )


def check_format(audio: AudioFormat, path: str) -> None:
    """PCM at 24 kHz or one of the two laws at 8 kHz."""
    if audio.type not in FORMATS:
        raise not_one_of(f"{path}.type", audio.type, FORMATS)
    if audio.rate is UNSET:
        return
    if audio.type != "audio/pcm":
        raise unknown(f"{path}.rate")
    rate = f"Invalid '{path}.rate': integer"
    if audio.rate < 24000:
        told = f"{rate} below minimum value. Expected a value >= 24000, but got {audio.rate} instead."
        raise Refused("integer_below_min_value", told, f"{path}.rate")
    if audio.rate > 24000:
        told = f"{rate} above maximum value. Expected a value <= 24000, but got {audio.rate} instead."
        raise Refused("integer_above_max_value", told, f"{path}.rate")


def full_format(audio: AudioFormat) -> JsonObject:
    """PCM has one rate, whether it is said or not."""
    return {"type": audio.type, "rate": 24000} if audio.type == "audio/pcm" else {"type": audio.type}


def check_transcription(wanted: Transcription, facts: TranscriptionCapabilities | None, path: str) -> None:
    """Hints, each only where the model takes it. An unknown deployment shows up when it is used."""
    if wanted.language is not UNSET:
        _check_language(wanted.language, f"{path}.language")
    for place, language in enumerate(wanted.languages or ()):
        _check_language(language, f"{path}.languages[{place}]")
    if wanted.delay is not UNSET and wanted.delay not in DELAYS:
        raise not_one_of(f"{path}.delay", wanted.delay, DELAYS)
    for hint in _HINTS if facts else ():
        if getattr(wanted, hint) is not UNSET and facts and hint not in facts.hints:
            name = hint.capitalize()
            verb = "are" if hint.endswith("s") else "is"
            raise invalid(f"{path}.{hint}", f"{name} {verb} not supported for this transcription model.")


def _check_language(language: str, path: str) -> None:
    if not _LANGUAGE.fullmatch(language):
        raise invalid(path, f"Invalid value for '{path}': expected an ISO-639-1 code such as 'en'.")


def check_noise_reduction(wanted: NoiseReduction, path: str) -> None:
    """One of two kinds."""
    if wanted.type not in ("near_field", "far_field"):
        raise not_one_of(f"{path}.type", wanted.type, ("near_field", "far_field"))


def check_turn_detection(wanted: TurnDetection, path: str) -> None:
    """Fields of its own kind, within their ranges."""
    if wanted.type not in ("server_vad", "semantic_vad"):
        raise not_one_of(f"{path}.type", wanted.type, ("server_vad", "semantic_vad"))
    foreign = _OF_SERVER_VAD if wanted.type == "semantic_vad" else ("eagerness",)
    for name in foreign:
        if getattr(wanted, name) is not UNSET:
            raise unknown(f"{path}.{name}")
    if wanted.eagerness is not UNSET and wanted.eagerness not in ("low", "medium", "high", "auto"):
        raise not_one_of(f"{path}.eagerness", wanted.eagerness, ("low", "medium", "high", "auto"))
    _within(wanted.threshold, 0, 1, f"{path}.threshold")
    _within(wanted.prefix_padding_ms, 0, 10_000, f"{path}.prefix_padding_ms")
    _within(wanted.silence_duration_ms, 0, 10_000, f"{path}.silence_duration_ms")
    _within(wanted.idle_timeout_ms, 5000, 30_000, f"{path}.idle_timeout_ms")


def check_max_output_tokens(value: object, most: int, path: str) -> None:
    """A count the model can reach, or `inf`."""
    if value == "inf":
        return
    if isinstance(value, str):
        raise Refused("invalid_type", f"Invalid type for '{path}': expected an integer or 'inf'.", path)
    if isinstance(value, int) and value < 1:
        told = (
            f"Invalid '{path}': integer below minimum value. Expected a value >= 1, but got {value} instead."
        )
        raise Refused("integer_below_min_value", told, path)
    if isinstance(value, int) and value > most:
        told = f"Invalid '{path}': integer above maximum value. Expected a value <= {most}."
        raise Refused("integer_above_max_value", told, path)


def check_tools(tools: list[JsonObject], tool_choice: object, path: str) -> None:
    """Functions with a name, and one of the known choices."""
    for place, tool in enumerate(tools):
        if tool.get("type") == "function" and not isinstance(tool.get("name"), str):
            raise missing(f"{path}.tools[{place}].name")
        if tool.get("type") not in ("function", "mcp"):
            raise not_one_of(f"{path}.tools[{place}].type", tool.get("type"), ("function", "mcp"))
    if isinstance(tool_choice, str) and tool_choice not in ("auto", "none", "required"):
        raise not_one_of(f"{path}.tool_choice", tool_choice, ("auto", "none", "required"))


def check_include(include: list[str]) -> None:
    """There is one thing to include."""
    for place, name in enumerate(include):
        if name != LOGPROBS:
            raise not_one_of(f"session.include[{place}]", name, (LOGPROBS,))


def _within(value: object, least: float, most: float, path: str) -> None:
    if isinstance(value, (int, float)) and not least <= value <= most:
        raise invalid(path, f"Invalid value for '{path}': expected a number from {least} to {most}.")
