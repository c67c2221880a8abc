"""Judges frames of Voice Live by the vendor's package: types of events, and keys that it does not know."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from azure.ai.voicelive.models import (
    AzureVoice,
    ClientEvent,
    OpenAIVoice,
    ServerEvent,
)

_FREE = {"metadata", "custom_speech", "parameters"}
"""Mappings with keys of the client's own choice."""


def client_complaints(frame: str | bytes) -> list[str]:
    """What the package's models do not know of a frame that a client sends."""
    return _complaints(json.loads(frame), ClientEvent)


def server_complaints(frame: str | bytes) -> list[str]:
    """The same of one that the service sends."""
    return _complaints(json.loads(frame), ServerEvent)


def _complaints(payload: dict[str, Any], base: Any) -> list[str]:
    event = base._deserialize(payload, [])
    if type(event) is base:
        return [f"unknown event {payload.get('type')}"]
    return list(_unknown(event, str(payload["type"])))


def _unknown(value: Any, path: str) -> Iterator[str]:
    if hasattr(value, "_attr_to_rest_field"):
        fields = {field._rest_name: name for name, field in value._attr_to_rest_field.items()}
        for key in value:
            if key not in fields:
                yield f"{path}.{key}"
            elif key not in _FREE:
                yield from _unknown(_typed(key, getattr(value, fields[key])), f"{path}.{key}")
    elif isinstance(value, Mapping):
        yield f"{path} is of no type"
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unknown(item, f"{path}[{index}]")


def _typed(key: str, value: Any) -> Any:
    """A voice is one of several types, of which the package makes none."""
    if key != "voice" or not isinstance(value, Mapping):
        return value
    kind: Any = OpenAIVoice if value.get("type") == "openai" else AzureVoice
    typed = kind._deserialize(dict(value), [])
    return value if type(typed) is AzureVoice else typed
