"""Which items a client may create, and what an item says. Paths in GA names."""

import base64
import binascii

from msgspec import UNSET

from wyoming_azure_realtime.embedded.ids import fresh
from wyoming_azure_realtime.embedded.refusals import invalid, missing, not_one_of
from wyoming_azure_realtime.realtime.shapes import ContentPart, Item, JsonObject

_PARTS = {
    "user": ("input_text", "input_audio", "input_image"),
    "system": ("input_text",),
    "assistant": ("output_text",),
}
_REQUIRED = {
    "function_call": ("name", "arguments"),
    "function_call_output": ("call_id", "output"),
    "item_reference": ("id",),
}


def check_item(item: Item, path: str, *, references: bool = False) -> None:
    """Refuse what no client may create; references to items only where a response takes input."""
    kinds = ("message", "function_call", "function_call_output", *(("item_reference",) * references))
    if item.type not in kinds:
        raise not_one_of(f"{path}.type", item.type, kinds)
    for name in _REQUIRED.get(item.type, ()):
        if getattr(item, name) is UNSET:
            raise missing(f"{path}.{name}")
    if item.type == "message":
        _check_message(item, path)


def created(item: Item) -> JsonObject:
    """The item as it is reported, audio left out."""
    content = [_reported(part) for part in item.content or ()]
    report: JsonObject = {
        "id": item.id or fresh("item"),
        "object": "realtime.item",
        "type": item.type,
        "status": "completed",
    }
    optional = ("role", "call_id", "name", "arguments", "output", "phase")
    named = {name: getattr(item, name) for name in optional if getattr(item, name) is not UNSET}
    return report | named | ({"content": content} if item.type == "message" else {})


def audio_of(item: Item, path: str) -> bytes:
    """The sound of a user's item. Refuses what is no base64."""
    pieces = []
    for place, part in enumerate(item.content or ()):
        try:
            pieces.append(base64.b64decode(part.audio or "", validate=True))
        except (binascii.Error, ValueError) as error:
            where = f"{path}.content[{place}].audio"
            raise invalid(where, f"Invalid '{where}'. Expected base64-encoded audio bytes.") from error
    return b"".join(pieces)


def text_of(item: JsonObject) -> str:
    """What a user's message says in writing."""
    if item.get("type") != "message" or item.get("role") != "user":
        return ""
    return "".join(str(part["text"]) for part in item["content"] if part["type"] == "input_text")


def _check_message(item: Item, path: str) -> None:
    if item.role is UNSET:
        raise missing(f"{path}.role")
    if item.role not in _PARTS:
        raise not_one_of(f"{path}.role", item.role, tuple(_PARTS))
    if item.content is UNSET:
        raise missing(f"{path}.content")
    for place, part in enumerate(item.content):
        _check_part(part, item.role, f"{path}.content[{place}]")


def _check_part(part: ContentPart, role: str, path: str) -> None:
    if role == "assistant" and part.type == "output_audio":
        raise missing(f"{path}.text")  # what the service says to replayed speech (field reports)
    if part.type not in _PARTS[role]:
        raise not_one_of(f"{path}.type", part.type, _PARTS[role])
    needed = {"input_audio": "audio", "input_image": "image_url"}.get(part.type, "text")
    if not isinstance(getattr(part, needed), str):
        raise missing(f"{path}.{needed}")


def _reported(part: ContentPart) -> JsonObject:
    report: JsonObject = {"type": part.type}
    if part.type == "input_audio":
        return report | {"transcript": part.transcript if isinstance(part.transcript, str) else None}
    if part.type == "input_image":
        return report | {"image_url": part.image_url}
    return report | {"text": part.text}
