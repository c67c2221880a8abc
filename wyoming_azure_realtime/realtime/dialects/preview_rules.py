"""What a service of the preview dialect refuses, though it would look right once translated to GA."""

from collections.abc import Iterable, Mapping
from typing import Any

from wyoming_azure_realtime.realtime.dialects.base import InvalidParameter, UnknownParameter
from wyoming_azure_realtime.realtime.shapes import JsonObject

MODALITIES = ({"text"}, {"text", "audio"})
# of a transcription, that came with models which only GA has
NEWER_HINTS = ("languages", "keywords", "delay")
LEAST_TEMPERATURE, MOST_TEMPERATURE = 0.6, 1.2


def check_fields(flat: JsonObject, formats: Mapping[str, Any], path: str) -> None:
    """Check the flat fields of a session or a response. Raises `InvalidParameter`, `UnknownParameter`."""
    for name, value in flat.items():
        here = f"{path}.{name}"
        if name.endswith("_audio_format"):
            _check_format(value, list(formats), here)
        elif name == "modalities" and isinstance(value, list):
            _check_modalities(value, here)
        elif name == "temperature":
            _check_temperature(value, here)
        elif name == "input_audio_transcription" and isinstance(value, dict):
            _check_hints(value, here)


def check_parts(item: Any, path: str) -> None:
    """What an assistant says is called `text` here."""
    if not isinstance(item, dict) or item.get("role") != "assistant":
        return
    content = item.get("content")
    for place, part in enumerate(content if isinstance(content, list) else ()):
        kind = part.get("type") if isinstance(part, dict) else None
        if isinstance(kind, str) and kind not in ("text", "audio"):
            where = f"{path}.content[{place}].type"
            raise InvalidParameter(where, f"Invalid value: '{kind[:100]}'. Value must be 'text'.")


def _check_hints(transcription: JsonObject, path: str) -> None:
    for hint in NEWER_HINTS:
        if hint in transcription:
            raise UnknownParameter(f"{path}.{hint}")


def _check_format(value: Any, known: list[str], path: str) -> None:
    if not isinstance(value, str):
        told = f"Invalid type for '{path}': expected one of {_listed(known, 'or')}."
        raise InvalidParameter(path, told, code="invalid_type")
    if value not in known:
        told = f"Invalid value: '{value[:100]}'. Supported values are: {_listed(known, 'and')}."
        raise InvalidParameter(path, told)


def _check_modalities(value: Iterable[Any], path: str) -> None:
    if {str(one) for one in value} not in MODALITIES:
        told = (
            f"Invalid modalities: {value!r:.100}. Supported combinations are: ['text'] and ['text', 'audio']."
        )
        raise InvalidParameter(path, told)


def _check_temperature(value: Any, path: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidParameter(path, f"Invalid type for '{path}': expected a number.", code="invalid_type")
    if not LEAST_TEMPERATURE <= value <= MOST_TEMPERATURE:
        told = (
            f"Invalid value for '{path}': expected a number from {LEAST_TEMPERATURE} to {MOST_TEMPERATURE}."
        )
        raise InvalidParameter(path, told)


def _listed(names: list[str], joint: str) -> str:
    quoted = [f"'{name}'" for name in names]
    return f"{', '.join(quoted[:-1])}, {joint} {quoted[-1]}"
