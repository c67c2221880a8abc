"""Between text frames and events, the service's half: strict in what it reads."""

import re
from typing import get_args

import msgspec

from wyoming_azure_realtime.embedded.refusals import Refused, invalid, missing, unknown
from wyoming_azure_realtime.embedded.strict_fields import schema, unknown_field
from wyoming_azure_realtime.realtime.client_events import AnyClientEvent, ClientEvent, InputAudioBufferAppend
from wyoming_azure_realtime.realtime.dialects import Dialect
from wyoming_azure_realtime.realtime.dialects.base import InvalidParameter, UnknownParameter
from wyoming_azure_realtime.realtime.server_events import ServerEvent
from wyoming_azure_realtime.realtime.shapes import JsonObject

MAX_APPEND = 15 * 1024 * 1024
"""Bytes of audio in one `input_audio_buffer.append` (vendor limit)."""

MAX_FRAME = MAX_APPEND * 4 // 3 + 1024 * 1024
"""Bytes of one text frame: a little more than fits, so that too much audio is told rather than cut off."""

_EVENTS: dict[str, type[ClientEvent]] = {
    str(event.__struct_config__.tag): event for event in get_args(AnyClientEvent)
}
_PLACE = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<path>.*)`)?$", re.DOTALL)
_FIELD = re.compile(r"missing required field `(?P<name>[^`]*)`")


class Undecodable(Exception):
    """A frame that is no event of this dialect; `event_id` is what the client called it, if anything."""

    def __init__(self, refusal: Refused, event_id: str | None) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal
        self.event_id = event_id


def decode_client(frame: str | bytes, dialect: Dialect) -> ClientEvent:
    """One event in GA shape. Raises `Undecodable` with the refusal to send."""
    wire = _json_object(frame)
    event_id = wire.get("event_id") if isinstance(wire.get("event_id"), str) else None
    try:
        return _decoded(wire, dialect)
    except Refused as refusal:
        raise Undecodable(refusal, event_id) from refusal


def encode_server(event: ServerEvent, dialect: Dialect) -> bytes | None:
    """One text frame; None where the dialect has no such event."""
    if dialect.same_on_the_wire(str(event.__struct_config__.tag)):
        return msgspec.json.encode(event)
    translated = dialect.server_to_wire(msgspec.to_builtins(event))
    return None if translated is None else msgspec.json.encode(translated)


def _json_object(frame: str | bytes) -> JsonObject:
    try:
        wire = msgspec.json.decode(frame)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Undecodable(Refused("invalid_event", "The event is no valid JSON."), None) from error
    if not isinstance(wire, dict):
        raise Undecodable(Refused("invalid_event", "The event is no JSON object."), None)
    return wire


def _decoded(wire: JsonObject, dialect: Dialect) -> ClientEvent:
    if not isinstance(wire.get("type"), str):
        raise Refused("invalid_event", "The 'type' field is missing.")
    try:
        ga = dialect.client_from_wire(wire)
    except UnknownParameter as error:
        raise unknown(error.path) from error
    except InvalidParameter as error:
        raise Refused(error.code, str(error), error.path) from error
    try:
        return _decoded_ga(ga, wire["type"])
    except Refused as refusal:
        raise refusal.renamed(dialect.parameter) from refusal


def _decoded_ga(ga: JsonObject | None, wire_type: str) -> ClientEvent:
    event = None if ga is None else _EVENTS.get(ga["type"])
    if event is None or ga is None:
        raise Refused("invalid_event", f"Unknown event type: '{wire_type[:100]}'.", "type")
    if path := unknown_field(ga, schema(event)):
        raise unknown(path)
    return _checked(_converted(ga, event))


def _converted(ga: JsonObject, event: type[ClientEvent]) -> ClientEvent:
    try:
        return msgspec.convert(ga, event)
    except msgspec.ValidationError as error:
        raise _refusal(str(error)) from error


def _refusal(complaint: str) -> Refused:
    """What msgspec says, as the service would say it."""
    place = _PLACE.match(complaint)
    path = ((place and place["path"]) or "").lstrip(".")
    what = place["what"] if place else complaint
    if field := _FIELD.search(what):
        return missing(f"{path}.{field['name']}".lstrip("."))
    if "base64" in what:
        return invalid(
            path, f"Invalid '{path}'. Expected base64-encoded audio bytes, but got an invalid value."
        )
    if what.startswith("Expected"):
        return Refused("invalid_type", f"Invalid type for '{path}': {_lower(what)}.", path)
    return invalid(path, f"Invalid value for '{path}': {_lower(what)}.")


def _lower(text: str) -> str:
    return (text[:1].lower() + text[1:]).replace("`", "'")


def _checked(event: ClientEvent) -> ClientEvent:
    if isinstance(event, InputAudioBufferAppend) and len(event.audio) > MAX_APPEND:
        raise invalid("audio", f"Invalid 'audio': {len(event.audio)} bytes are more than 15 MiB.")
    return event
