"""Which values the service accepts in a session, a response and their audio. Pure; GA shape.

Every check raises `Refused` with the dotted path of the field in GA names, in the service's words.
"""

import re

from msgspec import UNSET, UnsetType

from wyoming_azure_realtime.emulator.models import (
    DELAYS,
    LANGUAGES,
    MOST_PROMPT,
    NEWER_LANGUAGES,
    TranscriptionCapabilities,
)
from wyoming_azure_realtime.emulator.wire import Refused, invalid, missing, not_one_of, unknown
from wyoming_azure_realtime.realtime.shapes import (
    AudioOutput,
    JsonObject,
    NoiseReduction,
    Transcription,
    TurnDetection,
    WireAudioFormat,
)

LOGPROBS = "item.input_audio_transcription.logprobs"
MODALITIES = (["text"], ["audio"])
FORMATS = ("audio/pcm", "audio/pcmu", "audio/pcma")
_NOT_IN_KEYWORDS = re.compile(r"[<>\r\n]")
_OF_SERVER_VAD = ("threshold", "prefix_padding_ms", "silence_duration_ms", "idle_timeout_ms")
_HINTS = ("language", "prompt", "languages", "keywords", "delay")


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
    return (
        {"type": audio.type, "rate": audio.rate or 24000}
        if audio.type == "audio/pcm"
        else {"type": audio.type}
    )


def check_transcription(
    transcription: Transcription, facts: TranscriptionCapabilities | None, path: str
) -> None:
    """Check the hints, of which a model takes some. `facts` None: the deployment is unknown."""
    if transcription.language is not UNSET:
        _check_language(transcription.language, LANGUAGES, f"{path}.language")
    for index, language in enumerate(transcription.languages or ()):
        _check_language(language, NEWER_LANGUAGES, f"{path}.languages[{index}]")
    for index, keyword in enumerate(transcription.keywords or ()):
        if _NOT_IN_KEYWORDS.search(keyword):
            here = f"{path}.keywords[{index}]"
            raise invalid(here, f"Invalid value for '{here}': keywords must not contain <, >, CR or LF.")
    _check_prompt(transcription.prompt, f"{path}.prompt")
    if transcription.delay is not UNSET and transcription.delay not in DELAYS:
        raise not_one_of(f"{path}.delay", transcription.delay, DELAYS)
    for hint in _HINTS if facts else ():
        if getattr(transcription, hint) is not UNSET and facts and hint not in facts.hints:
            name = hint.capitalize()
            verb = "are" if hint.endswith("s") else "is"
            raise invalid(f"{path}.{hint}", f"{name} {verb} not supported for this transcription model.")


def _check_language(language: str, known: frozenset[str], path: str) -> None:
    if language not in known:
        raise invalid(path, f"Invalid value for '{path}': expected an ISO-639-1 code such as 'en'.")


def _check_prompt(prompt: str | UnsetType, path: str) -> None:
    if prompt is not UNSET and len(prompt) > MOST_PROMPT:
        message = (
            f"Invalid '{path}': string too long. Expected a string with maximum length {MOST_PROMPT}, "
            f"but got a string with length {len(prompt)} instead."
        )
        raise Refused("string_above_max_length", message, path)


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


def check_choice(tools: list[JsonObject], tool_choice: str | JsonObject, path: str) -> None:
    """Check that a function that must be called is one of the tools. Both as they are in effect."""
    if isinstance(tool_choice, dict) and tool_choice.get("type") == "function":
        name = str(tool_choice.get("name"))
        if name not in {str(tool.get("name")) for tool in tools}:
            raise invalid(
                f"{path}.tool_choice", f"Tool choice '{name[:100]}' not found in 'tools' parameter."
            )


def check_include(include: list[str]) -> None:
    """Check that only log probabilities are included."""
    for index, name in enumerate(include):
        if name != LOGPROBS:
            raise not_one_of(f"session.include[{index}]", name, (LOGPROBS,))


def _within(value: object, least: float, most: float, path: str) -> None:
    if isinstance(value, (int, float)) and not least <= value <= most:
        raise invalid(path, f"Invalid value for '{path}': expected a number from {least} to {most}.")
