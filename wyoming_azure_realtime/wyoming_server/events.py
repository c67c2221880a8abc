"""Wyoming events from bytes and to bytes: the wire format, and the data of the events that a client may send.

An event on the wire is a line of JSON, then `data_length` bytes of JSON, then `payload_length` raw bytes.
`WyomingReader` cuts received bytes into events, `read_data` checks an event's data, `encode` and
`AudioChunkEncoder` make the bytes of events to be sent. Nothing here waits or does I/O. No input costs more
memory than one event within the limits and what was fed at once.

Source: the `wyoming` package, whose own `from_event` does not check the type of any field.
"""

import json
import re
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct
from wyoming.error import Error
from wyoming.event import Event as WyomingEvent
from wyoming.event import Eventable

from wyoming_azure_realtime.audio.pcm import AudioFormat
from wyoming_azure_realtime.errors import InvalidRequest, SpeechServiceError
from wyoming_azure_realtime.settings.model import Limits

# Longer than any name, language or speaker in use, short enough for an error that quotes it.
LONGEST_NAME = 200
_Name = Annotated[str, Meta(max_length=LONGEST_NAME)]

MOST_NAMES = 200  # of one request, and as many terms; the rest is left out
SENSITIVITIES = ("default", "relaxed", "aggressive")

_T = TypeVar("_T")


class Bound(StrEnum):
    """A limit or rule that a client can break, named after the setting's key where a setting decides."""

    NETWORKS = "allowed_networks"
    HEADER = "limits.max_header"
    DATA = "limits.max_data"
    PAYLOAD = "limits.max_payload"
    UNFINISHED = "limits.max_unfinished"
    IDLE = "limits.idle"
    WRITE = "limits.write"
    UTTERANCE = "recognition.max_seconds"
    TEXT = "speech.max_characters"
    SESSIONS = "pool.max_size"
    WAITING = "pool.max_waiting"
    MALFORMED = "malformed"


class LimitExceeded(InvalidRequest):
    """The client broke the limit or rule `bound` of this server."""

    def __init__(self, message: str, *, advice: str = "", bound: Bound = Bound.MALFORMED) -> None:
        super().__init__(message, advice=advice)
        self.bound = bound


class MalformedEvent(LimitExceeded):
    """The bytes are no Wyoming event, or one beyond a limit; nothing after them can be understood."""


class Event(Struct, frozen=True, gc=False):
    """One event as it was received: `data` is the text of a JSON object of any content, `payload` raw bytes.

    `version`: of the `wyoming` package that wrote it, if it says so. The data stay text until a handler needs
    them, and then only the fields that it needs become objects: all of them would take up to 24 times the
    memory and ten times the time.
    """

    type: str
    data: bytes = b"{}"
    payload: bytes = b""
    version: str = ""


# Received bytes to events.
class _Header(Struct, gc=False):
    """The header line, unchecked: a field of any type, null where absent."""

    type: Any = None
    data: Raw = Raw(b"null")
    data_length: Any = None
    payload_length: Any = None
    version: Any = None


class _AnyObject(Struct):
    """A JSON object whose fields are not read: decoding only checks that it is one."""


_decode_header = msgspec.json.Decoder(_Header).decode
_check_object = msgspec.json.Decoder(_AnyObject).decode
_decode_fields = msgspec.json.Decoder(dict[str, Raw]).decode
_encode_json = msgspec.json.Encoder().encode

_EMPTY = b"{}"

_LONGEST_VERSION = 20  # characters
_LONGEST_PATTERN = 512
"""Bytes ahead of a payload that are remembered, to know what repeats them without reading it again."""


class WyomingReader:
    """Feed bytes, take events. The first MalformedEvent is final: discard the reader with its connection."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._buffer = bytearray()
        self._searched = 0  # bytes known to hold no newline
        self._line = b""  # of the header, if it is short enough for a pattern
        self._header: _Header | None = None  # its line is out of the buffer, its data and payload are not
        self._pattern = b""  # all of the last event that had a payload, but for that
        self._repeating = ("", b"", 0, "")  # what the pattern says: type, data, bytes of payload, version

    def feed(self, data: bytes | memoryview) -> None:
        """Add bytes that arrived. Take every event before feeding more, or the buffer grows."""
        self._buffer += data

    def next_event(self) -> Event | None:
        """The next complete event; None when some of its bytes are missing. Raises MalformedEvent."""
        if self._header is None and self._pattern and self._buffer.startswith(self._pattern):
            return self._repeated()
        header = self._header or self._read_header()
        if header is None:
            return None
        payload_at = header.data_length
        end = payload_at + header.payload_length
        if len(self._buffer) < end:
            self._header = header
            return None
        data = bytes(header.data)
        if payload_at:
            data = _merged(data, bytes(self._buffer[:payload_at]))
        if header.payload_length and self._line and len(self._line) + payload_at <= _LONGEST_PATTERN:
            self._pattern = self._line + self._buffer[:payload_at]
            self._repeating = header.type, data, header.payload_length, header.version
        payload = bytes(self._buffer[payload_at:end])
        del self._buffer[:end]
        self._header = None
        return Event(header.type, data, payload, header.version)

    def clear(self) -> None:
        """Forget everything that was fed."""
        self._buffer.clear()
        self._searched = 0
        self._header = None

    @property
    def buffered(self) -> int:
        """Bytes received so far of the event that is not complete."""
        inline = len(memoryview(self._header.data)) if self._header is not None else 0
        return len(self._buffer) + inline

    def end(self) -> None:
        """No more bytes will come. Raises MalformedEvent when that is in the middle of an event."""
        if self._buffer or self._header is not None:
            raise MalformedEvent("The connection ended in the middle of an event.")

    def _repeated(self) -> Event | None:
        """An event that differs from the one before in its payload only: a chunk of audio, mostly."""
        event_type, data, length, version = self._repeating
        payload_at = len(self._pattern)
        end = payload_at + length
        if len(self._buffer) < end:
            return None
        payload = bytes(self._buffer[payload_at:end])
        del self._buffer[:end]
        self._searched = 0
        return Event(event_type, data, payload, version)

    def _read_header(self) -> _Header | None:
        buffer = self._buffer
        length = buffer.find(b"\n", self._searched)
        seen = len(buffer) if length < 0 else length
        if seen > self._limits.max_header:
            message = f"The header line is longer than {self._limits.max_header} bytes."
            raise MalformedEvent(message, bound=Bound.HEADER)
        if length < 0:
            self._searched = seen
            return None
        line = bytes(buffer[: length + 1])
        self._line = line if len(line) <= _LONGEST_PATTERN else b""
        del buffer[: length + 1]
        self._searched = 0
        header = _decode(_decode_header, line, "header line")
        if b"\\ud" in line.lower() and (at := _without_halves(line).find(bytes(header.data))) >= 0:
            header.data = Raw(line[at : at + len(memoryview(header.data))])  # with its halves
        return self._check(header)

    def _check(self, header: _Header) -> _Header:
        """Make the fields what their names promise: null lengths 0, null data empty, the rest refused."""
        if type(header.type) is not str or not header.type or "\ufffd" in header.type:
            raise MalformedEvent("The header line has no type, or one that is no text.")
        inline = bytes(header.data)
        if inline == b"null":
            header.data = Raw(_EMPTY)
        elif not inline.startswith(b"{"):
            raise MalformedEvent("The header line's data is no JSON object.")
        if not (isinstance(header.version, str) and len(header.version) <= _LONGEST_VERSION):
            header.version = ""
        header.data_length = _length(header.data_length, "data", self._limits.max_data, Bound.DATA)
        header.payload_length = _length(
            header.payload_length, "payload", self._limits.max_payload, Bound.PAYLOAD
        )
        return header


def _length(value: object, field: str, most: int, bound: Bound) -> int:
    if value is None:
        return 0
    # bool is an int, and 5.0 equals one
    if type(value) is not int or value < 0:
        raise MalformedEvent(f"The length of the {field} is no whole number of bytes.")
    if value > most:
        # a number of thousands of digits neither prints nor helps
        shown = f"{value} bytes" if value < 10**18 else "far more"
        message = f"The {field} is announced with {shown}; at most {most} are accepted."
        raise MalformedEvent(message, bound=bound)
    return value


def _merged(inline: bytes, block: bytes) -> bytes:
    """The data of an event that has a block of them, and maybe some in its header line."""
    _decode(_check_object, block, "data block")
    if inline == _EMPTY:
        return block
    fields = (_decode(_decode_fields, part, "data block") for part in (inline, block))
    return _encode_json({name: value for part in fields for name, value in part.items()})


def _decode(decoder: Callable[[str], _T], text: bytes | bytearray, part: str) -> _T:
    try:
        decoded = text.decode()  # which finds what is no UTF-8 wherever it stands
        try:
            return decoder(decoded)
        except msgspec.DecodeError:
            return decoder(_without_halves(text).decode())
    except (ValueError, RecursionError) as error:
        # msgspec's errors and UnicodeDecodeError are ValueErrors; deep nesting is a RecursionError
        raise MalformedEvent(f"The {part} is no JSON object.") from error


_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


def _without_halves(text: bytes | bytearray) -> bytes:
    """JSON in which escapes for half a pair of surrogates stand for U+FFFD, each in its place."""
    return _ESCAPE.sub(lambda escape: b"\\ufffd" if escape[1] else escape[0], text)


# Data of the events that make up a request.
class Transcribe(Struct, frozen=True):
    """Data of `transcribe`: the model, the language, and names and terms that the speech may contain.

    A wrong value in one of the last three does not fail the request: it counts as absent.
    """

    name: _Name | None = None
    language: _Name | None = None
    vad_sensitivity: Raw = Raw()
    transcript_names: Raw = Raw()
    transcript_terms: Raw = Raw()

    @property
    def names(self) -> tuple[str, ...]:
        """Names that the speech may contain, at most `MOST_NAMES`."""
        return _texts(self.transcript_names)

    @property
    def terms(self) -> tuple[str, ...]:
        """Other words that the speech may contain, at most `MOST_NAMES`."""
        return _texts(self.transcript_terms)

    @property
    def sensitivity(self) -> str:
        """One of `SENSITIVITIES`; empty if the client sent none."""
        value = read_field(self.vad_sensitivity, str)
        return "" if value is None else value if value in SENSITIVITIES else "default"


class RequestedVoice(Struct, frozen=True):
    """The voice for a synthesis: chosen by name, else by language; `speaker` refines the name."""

    name: _Name | None = None
    language: _Name | None = None
    speaker: _Name | None = None


class SynthesizeStart(Struct, frozen=True):
    """Data of `synthesize-start`, and of `synthesize` except for its text."""

    voice: RequestedVoice | None = None
    text_format: _Name | None = None


class Text(Struct, frozen=True):
    """The text in the data of `synthesize` and `synthesize-chunk`."""

    text: str


class SelectProgram(Struct, frozen=True):
    """Data of `select-program`: the name of a program that `info` lists."""

    name: _Name


class Ping(Struct, frozen=True):
    """Data of `ping`: the text that its `pong` repeats."""

    text: str | None = None


class _AudioShape(Struct, frozen=True):
    rate: int
    width: int
    channels: int


def read_data(event: Event, shape: type[_T]) -> _T:
    """The event's data as `shape`. Raises InvalidRequest that names the event and the field."""
    try:
        try:
            return msgspec.json.decode(event.data, type=shape)
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError:
            return msgspec.json.decode(_without_halves(event.data), type=shape)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"The event '{event.type}' is incomplete or wrong: {error}.") from error
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"The event '{event.type}' holds text that is no Unicode.") from error


def read_text(event: Event) -> str:
    """The text in the event's data; half a pair of surrogates may be at its edges. Raises InvalidRequest.

    Clients that count UTF-16 cut a stream of text in the middle of a character now and then.
    """
    text = read_data(event, Text).text
    if "\ufffd" not in text or b"\\ud" not in event.data.lower():
        return text
    halves: str = json.loads(event.data)["text"]
    return halves


def read_format(event: Event) -> AudioFormat:
    """The audio format in `audio-start` or `audio-chunk`. Raises InvalidRequest or UnsupportedAudio."""
    shape = read_data(event, _AudioShape)
    return AudioFormat(shape.rate, shape.width, shape.channels)


def _texts(field: Raw) -> tuple[str, ...]:
    texts = read_field(field, list[str]) or []
    return tuple(text for text in texts[:MOST_NAMES] if 0 < len(text) <= LONGEST_NAME)


def read_field(field: Raw, shape: type[_T]) -> _T | None:
    """A field's value; None when it is missing or wrong."""
    try:
        return msgspec.json.decode(field, type=shape)
    except (ValueError, RecursionError):
        return None


# Events to bytes to be sent.


def encode(event: WyomingEvent | Eventable) -> bytes:
    """One event without payload, as the `wyoming` package writes it."""
    plain = event.event() if isinstance(event, Eventable) else event
    data = _encode_json(plain.data) if plain.data else b""
    header: dict[str, object] = {"type": plain.type}
    if data:
        header["data_length"] = len(data)
    return _encode_json(header) + b"\n" + data


class AudioChunkEncoder:
    """Everything of an `audio-chunk` but its payload, which need not be copied."""

    def __init__(self, fmt: AudioFormat) -> None:
        self._data = _encode_json({"rate": fmt.rate, "width": fmt.width, "channels": fmt.channels})

    def head(self, payload_length: int) -> bytes:
        """The bytes to be sent ahead of `payload_length` bytes of audio."""
        lengths = (len(self._data), payload_length)
        return b'{"type":"audio-chunk","data_length":%d,"payload_length":%d}\n' % lengths + self._data


def error_event(error: SpeechServiceError) -> Error:
    """The `error` event for what ended a request: the whole sentence and the stable code."""
    return Error(text=str(error), code=error.code)
