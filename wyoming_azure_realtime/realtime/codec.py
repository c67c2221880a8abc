"""Between bytes on the socket and events: the client's half. Translation happens here, once, by dialect.

An event is read as a whole where it is as the reference says, else each field by itself: services send null,
numbers for texts and values that came later, and what cannot be read shall cost that field only.
"""

import re
import typing
from collections.abc import Callable, Hashable, Mapping
from contextlib import suppress
from functools import cache
from typing import Any

import msgspec
from msgspec import NODEFAULT, UNSET

from wyoming_azure_realtime.errors import ProtocolViolation
from wyoming_azure_realtime.realtime.client_events import ClientEvent
from wyoming_azure_realtime.realtime.dialects import Dialect
from wyoming_azure_realtime.realtime.server_events import Error, ServerEvent, UnknownEvent, by_type
from wyoming_azure_realtime.realtime.shapes import ErrorDetail, JsonObject


class _Typed(msgspec.Struct):
    type: str


_TYPE_FIRST = b'{"type":"'
_TYPE = msgspec.json.Decoder(_Typed)
_DECODERS = {name: msgspec.json.Decoder(event) for name, event in by_type().items()}
_EVENTS = by_type()
_NOTHING: dict[Any, Any] = {str: "", int: 0, float: 0.0, bytes: b"", bool: False}

# Half of a surrogate pair, which JSON can write and no text can hold, behind any number of whole escapes; and
# a number beyond all that floating point holds.
_HALF = re.compile(
    rb"(?<!\\)((?:\\\\)*)(\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    rb"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2})"
)
_HUGE = re.compile(rb"(?<=[:\[,\s])-?[0-9]+(?:\.[0-9]+)?[eE]\+?[0-9]{3,}(?=[,\]}\s])")


def encode_client(event: ClientEvent, dialect: Dialect) -> list[bytes]:
    """The text frames of an event: one, none where the dialect has no such event, or several."""
    if event.__struct_config__.tag not in dialect.translated:
        return [msgspec.json.encode(event)]
    translated = dialect.client_to_wire(msgspec.to_builtins(event))
    wire = translated if isinstance(translated, list) else [translated] if translated is not None else []
    return [msgspec.json.encode(one) for one in wire]


def decode_server(
    frame: str | bytes, dialect: Dialect, lost: list[str] | None = None
) -> ServerEvent | UnknownEvent:
    """One event; `UnknownEvent` for types this program does not know.

    `lost` gets the paths of fields that could not be read, null ones excepted. Raises `ProtocolViolation` for
    what is no object with a `type`.
    """
    try:
        kind = _leading_type(frame)
        if kind and kind not in dialect.translated:
            with suppress(msgspec.MsgspecError, UnicodeError):
                return typing.cast("ServerEvent", _DECODERS[kind].decode(frame))
        return _decode_object(frame, dialect, lost)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise ProtocolViolation(f"The service sent a frame that is no event: {error}") from error


def _leading_type(frame: str | bytes) -> str:
    """A known type that the frame begins with, without a look at the audio behind it; else empty."""
    if not isinstance(frame, bytes) or not frame.startswith(_TYPE_FIRST):
        return ""
    name = frame[len(_TYPE_FIRST) : frame.find(b'"', len(_TYPE_FIRST))].decode("ascii", "replace")
    return name if name in _DECODERS else ""


def _decode_object(
    frame: str | bytes, dialect: Dialect, lost: list[str] | None
) -> ServerEvent | UnknownEvent:
    try:
        kind = _TYPE.decode(frame).type
        if kind not in _DECODERS and kind not in dialect.translated:
            return UnknownEvent(type=kind)
        wire = msgspec.json.decode(frame, type=dict)
    except (msgspec.MsgspecError, UnicodeError):
        wire = msgspec.json.decode(_readable(frame), type=dict)
        kind = msgspec.convert(wire, _Typed).type
    if kind in dialect.translated:
        translated = dialect.server_from_wire(wire)
        if translated is None:
            return UnknownEvent(type=kind)
        wire = translated
    event = _EVENTS.get(wire["type"])
    if event is None:
        return UnknownEvent(type=kind)
    try:
        return typing.cast("ServerEvent", msgspec.convert(wire, event))
    except msgspec.ValidationError:
        if event is Error and not isinstance(wire.get("error"), dict | str):
            wire = {**wire, "error": {**wire, "type": None, "event_id": None}}  # some write it flat
        return typing.cast("ServerEvent", _by_field(event, wire, wire["type"], [] if lost is None else lost))


def _readable(frame: str | bytes) -> bytes:
    """The frame without what JSON allows and no text or number can hold."""
    raw = frame if isinstance(frame, bytes) else frame.encode("utf-8", "replace")
    return _HUGE.sub(b"null", _HALF.sub(rb"\1\\ufffd", raw))


def _by_field(kind: Any, wire: Mapping[str, Any], path: str, lost: list[str]) -> Any:
    """A struct of that kind. What cannot be read is as if it were absent."""
    values: JsonObject = {}
    for name, (wanted, default) in _fields(kind).items():
        found = wire.get(name, UNSET)
        value = UNSET if found is UNSET else _value(found, wanted, f"{path}.{name}", lost)
        values[name] = value if value is not UNSET else default()
    return kind(**values)


@cache
def _fields(kind: Hashable) -> dict[str, tuple[Any, Callable[[], Any]]]:
    """Each field's type, and what makes its value where it is absent."""
    fields = msgspec.structs.fields(typing.cast("type[msgspec.Struct]", kind))
    return {field.name: (field.type, _default(field)) for field in fields}


def _default(field: msgspec.structs.FieldInfo) -> Callable[[], Any]:
    if field.default_factory is not NODEFAULT:
        return typing.cast("Callable[[], Any]", field.default_factory)
    if field.default is not NODEFAULT:
        return lambda: field.default
    wanted = _kinds(field.type)[0]
    if _is_struct(wanted):
        return lambda: _by_field(wanted, {}, "", [])
    return lambda: _NOTHING.get(wanted, {})


def _value(found: Any, wanted: Any, path: str, lost: list[str]) -> Any:
    """What was found as the type that is wanted, as far as it can be; else `UNSET`."""
    with suppress(msgspec.ValidationError):
        return msgspec.convert(found, wanted)
    kinds = _kinds(wanted)
    struct = next((kind for kind in kinds if _is_struct(kind)), None)
    if struct is not None and isinstance(found, dict):
        return _by_field(struct, found, path, lost)
    if struct is ErrorDetail and isinstance(found, str):
        return ErrorDetail(message=found)
    if isinstance(found, int | float) and not isinstance(found, bool) and str in kinds:
        return str(found)
    if isinstance(found, list) and any(typing.get_origin(kind) is list for kind in kinds):
        return [one if isinstance(one, dict) else {} for one in found]
    if found is not None:
        lost.append(path)
    return UNSET


def _kinds(wanted: Any) -> tuple[Any, ...]:
    """The members of a union, or the type itself."""
    union = typing.get_origin(wanted) not in (None, list, dict)
    return typing.get_args(wanted) if union else (wanted,)


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)
