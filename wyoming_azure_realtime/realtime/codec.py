"""Between bytes on the socket and events: the client's half. Translation happens here, once, by dialect."""

import msgspec

from wyoming_azure_realtime.errors import ProtocolViolation
from wyoming_azure_realtime.realtime.client_events import ClientEvent
from wyoming_azure_realtime.realtime.dialects import Dialect
from wyoming_azure_realtime.realtime.server_events import ServerEvent, UnknownEvent, by_type


class _Typed(msgspec.Struct):
    type: str


_TYPE_FIRST = b'{"type":"'
_TYPE = msgspec.json.Decoder(_Typed)
_DECODERS = {name: msgspec.json.Decoder(event) for name, event in by_type().items()}
_EVENTS = by_type()


def encode_client(event: ClientEvent, dialect: Dialect) -> bytes | None:
    """One text frame; None where the dialect has no such event."""
    if dialect.same_on_the_wire(str(event.__struct_config__.tag)):
        return msgspec.json.encode(event)
    translated = dialect.client_to_wire(msgspec.to_builtins(event))
    return None if translated is None else msgspec.json.encode(translated)


def decode_server(frame: str | bytes, dialect: Dialect) -> ServerEvent | UnknownEvent:
    """One event; `UnknownEvent` for types this program does not know. Raises `ProtocolViolation`."""
    try:
        kind = _leading_type(frame) or _TYPE.decode(frame).type
        if not dialect.same_on_the_wire(kind):
            return _decode_translated(kind, frame, dialect)
        decoder = _DECODERS.get(kind)
        return UnknownEvent(type=kind) if decoder is None else decoder.decode(frame)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise ProtocolViolation(f"The service sent a frame that is no event: {error}") from error


def _leading_type(frame: str | bytes) -> str:
    """A known type that the frame begins with, without a look at the audio behind it; else empty."""
    if not isinstance(frame, bytes) or not frame.startswith(_TYPE_FIRST):
        return ""
    name = frame[len(_TYPE_FIRST) : frame.find(b'"', len(_TYPE_FIRST))].decode("ascii", "replace")
    return name if name in _DECODERS else ""


def _decode_translated(kind: str, frame: str | bytes, dialect: Dialect) -> ServerEvent | UnknownEvent:
    translated = dialect.server_from_wire(msgspec.json.decode(frame, type=dict))
    event = _EVENTS.get(translated["type"]) if translated is not None else None
    return UnknownEvent(type=kind) if event is None else msgspec.convert(translated, event)
