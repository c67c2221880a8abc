"""Between the wire and the session: text frames and events, refusals, and audio formats. Pure.

Frames are read strictly: an unknown field or a wrong type is refused with the code, message and path that the
service uses. Inside, audio is 24 kHz PCM16; the telephone formats are converted here.
"""

import functools
import re
import secrets
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Literal, Protocol, TypeAlias, get_args

import msgspec
import numpy as np
import numpy.typing as npt
import soxr
from msgspec import inspect

from wyoming_azure_realtime.audio.pcm import REALTIME, AudioFormat
from wyoming_azure_realtime.audio.samples import G711_LEVELS, StreamResampler, decode, encode
from wyoming_azure_realtime.realtime.client_events import AnyClientEvent, ClientEvent, InputAudioBufferAppend
from wyoming_azure_realtime.realtime.dialects import Dialect
from wyoming_azure_realtime.realtime.dialects.base import InvalidParameter, UnknownParameter
from wyoming_azure_realtime.realtime.server_events import Error, ServerEvent
from wyoming_azure_realtime.realtime.shapes import ErrorDetail, JsonObject


class Refused(Exception):
    """A client event that is refused with an `error` event; the session stays open.

    `param`: dotted path of the field in GA names, None without one. Never leaves this package.
    """

    def __init__(
        self, code: str | None, message: str, param: str | None = None, *, kind: str = "invalid_request_error"
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.param = param
        self.kind = kind

    def renamed(self, translate: Callable[[str], str]) -> "Refused":
        """The same with the parameter named as in the client's dialect."""
        if self.param is None:
            return self
        param = translate(self.param)
        message = self.message.replace(f"'{self.param}'", f"'{param}'")
        return Refused(self.code, message, param, kind=self.kind)

    def detail(self, event_id: str | None = None) -> ErrorDetail:
        """The `error` object; `event_id` is that of the offending client event."""
        return ErrorDetail(
            type=self.kind, code=self.code, message=self.message, param=self.param, event_id=event_id
        )

    def event(self, caused_by: str | None) -> Error:
        """The `error` event; `caused_by`: id of the refused client event."""
        return Error(error=self.detail(caused_by))


def unknown(path: str) -> Refused:
    """The refusal of a field that does not exist here."""
    return Refused("unknown_parameter", f"Unknown parameter: '{path}'.", path)


def missing(path: str) -> Refused:
    """The refusal of an event without this field."""
    return Refused("missing_required_parameter", f"Missing required parameter: '{path}'.", path)


def invalid(path: str, message: str) -> Refused:
    """The refusal of a value that the service does not accept."""
    return Refused("invalid_value", message, path)


def not_one_of(path: str, value: object, allowed: tuple[str, ...]) -> Refused:
    """The refusal of a value that is not in a list, in the service's words."""
    names = [f"'{name}'" for name in allowed]
    if len(names) == 1:
        return invalid(path, f"Invalid value: {_quoted(value)}. Value must be {names[0]}.")
    listed = f"{', '.join(names[:-1])}, and {names[-1]}" if len(names) > 2 else " and ".join(names)
    return invalid(path, f"Invalid value: {_quoted(value)}. Supported values are: {listed}.")


def _quoted(value: object) -> str:
    return f"'{value[:100]}'" if isinstance(value, str) else f"of type {type(value).__name__}"


Emit = Callable[[ServerEvent], Awaitable[None]]
"""Send one event to the client; does nothing once the client is gone."""

MAX_APPEND = 15 * 1024 * 1024
"""Bytes of audio in one `input_audio_buffer.append` (vendor limit)."""

MAX_FRAME = MAX_APPEND * 4 // 3 + 1024 * 1024
"""Bytes of one text frame: somewhat more than the audio needs, so that too much audio gets an error event."""

_EVENTS: dict[str, type[ClientEvent]] = {
    str(event.__struct_config__.tag): event for event in get_args(AnyClientEvent)
}
_AT = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<path>.*)`)?$", re.DOTALL)
_FIELD = re.compile(r"missing required field `(?P<name>[^`]*)`")


class Undecodable(Exception):
    """A frame that is no event of this dialect; `event_id`: the id that the client gave it, if any."""

    def __init__(self, refusal: Refused, event_id: str | None) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal
        self.event_id = event_id


def decode_client(frame: str | bytes, dialect: Dialect) -> ClientEvent:
    """Read one event, in GA shape. Raises: Undecodable, with the refusal to send."""
    wire = _json_object(frame)
    event_id = wire.get("event_id") if isinstance(wire.get("event_id"), str) else None
    try:
        return _decoded(wire, dialect)
    except Refused as refusal:
        raise Undecodable(refusal, event_id) from refusal


def encode_server(event: ServerEvent, dialect: Dialect) -> bytes | None:
    """Write one text frame; None where the dialect has no such event."""
    if event.__struct_config__.tag not in dialect.translated:
        return msgspec.json.encode(event)
    translated = dialect.server_to_wire(msgspec.to_builtins(event))
    return None if translated is None else msgspec.json.encode(translated)


def words(text: str) -> Iterator[str]:
    """Split `text` for deltas: words with the white space that precedes them; joined they are `text`."""
    return (match[0] for match in re.finditer(r"\s*\S+|\s+", text))


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
    if path := _unknown_field(ga, _schema(event)):
        raise unknown(path)
    return _checked(_converted(ga, event))


def _converted(ga: JsonObject, event: type[ClientEvent]) -> ClientEvent:
    try:
        return msgspec.convert(ga, event)
    except msgspec.ValidationError as error:
        raise _refusal(str(error)) from error


def _refusal(complaint: str) -> Refused:
    """The refusal in the service's words for an error of msgspec."""
    match = _AT.match(complaint)
    path = ((match and match["path"]) or "").lstrip(".")
    what = match["what"] if match else complaint
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


# field name to the schema below it; `[]` is that of a list's items, None accepts anything
_Schema = dict[str, Any] | None


@functools.cache
def _schema(event: type[msgspec.Struct]) -> _Schema:
    """The fields that `event` may have, its tag included."""
    names = _below(inspect.type_info(event))
    return {"type": None, **(names or {})}


def _unknown_field(value: Any, known: _Schema, path: str = "") -> str | None:
    """The dotted path of the first field that `known` does not name, or None."""
    if known is None:
        return None
    if isinstance(value, list) and "[]" in known:
        found = (_unknown_field(item, known["[]"], f"{path}[{i}]") for i, item in enumerate(value))
        return next((field for field in found if field), None)
    if not isinstance(value, dict) or "[]" in known:
        return None  # a wrong type, which decoding will find
    for name, inner in value.items():
        here = f"{path}.{name}" if path else name
        if name not in known:
            return here
        if deeper := _unknown_field(inner, known[name], here):
            return deeper
    return None


def _below(kind: inspect.Type) -> _Schema:
    if isinstance(kind, inspect.StructType):
        return {field.encode_name: _below(field.type) for field in kind.fields}
    if isinstance(kind, inspect.ListType):
        items = _below(kind.item_type)
        return None if items is None else {"[]": items}
    if isinstance(kind, inspect.UnionType):
        return next((names for member in kind.types if (names := _below(member)) is not None), None)
    return None


def new_id(prefix: str) -> str:
    """A random id with a prefix of the realtime API: event, sess, item, resp, conv or seg."""
    return f"{prefix}_{secrets.token_hex(10)}"


# ITU-T G.711: 8 kHz, one byte per sample
Law: TypeAlias = Literal["audio/pcmu", "audio/pcma"]
_LEVELS: dict[Law, npt.NDArray[np.int16]] = {
    "audio/pcmu": G711_LEVELS["mu-law"],
    "audio/pcma": G711_LEVELS["a-law"],
}
_ORDER = {law: np.argsort(levels, kind="stable") for law, levels in _LEVELS.items()}
_SORTED = {law: levels[_ORDER[law]].astype(np.float64) for law, levels in _LEVELS.items()}
_BORDERS = {law: (levels[1:] + levels[:-1]) / 2 for law, levels in _SORTED.items()}


def expand(coded: bytes, law: Law) -> bytes:
    """Decode G.711 to PCM16 at the same rate."""
    return _LEVELS[law].astype("<i2")[np.frombuffer(coded, np.uint8)].tobytes()


def compress(pcm: bytes, law: Law) -> bytes:
    """Encode PCM16 as G.711: the nearest level of every sample."""
    samples = np.frombuffer(pcm, "<i2")
    return _ORDER[law][np.searchsorted(_BORDERS[law], samples)].astype(np.uint8).tobytes()


TELEPHONE = AudioFormat(8000, 2, 1)


class Converter(Protocol):
    """Converts a stream from one audio format to another."""

    def convert(self, audio: bytes) -> bytes:
        """Convert some audio; a part of the result may come later."""

    def flush(self) -> bytes:
        """The rest of the result. A new stream may follow."""


class _Unchanged:
    def convert(self, audio: bytes) -> bytes:
        return audio

    def flush(self) -> bytes:
        return b""


class _FromTelephone:
    def __init__(self, law: Law) -> None:
        self._law = law
        self._resampler = StreamResampler(TELEPHONE)

    def convert(self, audio: bytes) -> bytes:
        return self._resampler.process(expand(audio, self._law))

    def flush(self) -> bytes:
        rest, self._resampler = self._resampler.flush(), StreamResampler(TELEPHONE)
        return rest


class _FromRate:
    """PCM16 mono at another rate."""

    def __init__(self, rate: int) -> None:
        self._source = AudioFormat(rate, 2, 1)
        self._resampler = StreamResampler(self._source)

    def convert(self, audio: bytes) -> bytes:
        return self._resampler.process(audio)

    def flush(self) -> bytes:
        rest, self._resampler = self._resampler.flush(), StreamResampler(self._source)
        return rest


class _ToTelephone:
    def __init__(self, law: Law) -> None:
        self._law = law
        self._stream = soxr.ResampleStream(REALTIME.rate, TELEPHONE.rate, 1, dtype="float32")
        self._odd = b""

    def convert(self, audio: bytes) -> bytes:
        whole = self._odd + audio
        cut = len(whole) - len(whole) % REALTIME.frame_bytes
        self._odd = whole[cut:]
        return self._resampled(whole[:cut], last=False)

    def flush(self) -> bytes:
        return self._resampled(b"", last=True)

    def _resampled(self, pcm: bytes, *, last: bool) -> bytes:
        samples = self._stream.resample_chunk(decode(pcm, REALTIME), last=last)
        return compress(encode(samples), self._law)


def decoder(audio: JsonObject) -> Converter:
    """The converter from a session's input format to 24 kHz PCM16."""
    law = audio["type"]
    if law != "audio/pcm":
        return _FromTelephone(law)
    return _Unchanged() if audio["rate"] == REALTIME.rate else _FromRate(audio["rate"])


def encoder(audio: JsonObject) -> Converter:
    """The converter from 24 kHz PCM16 to the output format of a session or response."""
    law = audio["type"]
    return _Unchanged() if law == "audio/pcm" else _ToTelephone(law)
