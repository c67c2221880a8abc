"""Wyoming events out of a stream of bytes, whatever those bytes are.

An event is a line of JSON, then `data_length` bytes of JSON, then `payload_length` raw bytes. Nothing here
waits or does I/O; no input costs more memory than one event within the limits and what was fed at once.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from msgspec import Raw, Struct

from wyoming_azure_realtime.settings.model import Limits
from wyoming_azure_realtime.wyoming_server.events import Event
from wyoming_azure_realtime.wyoming_server.refusals import Bound, Overstepped


class MalformedEvent(Overstepped):
    """The bytes are no Wyoming event, or one beyond a `bound`; nothing after them can be understood."""


class _Header(Struct, gc=False):
    """The header line, unchecked: a field of any type, null where absent."""

    type: Any = None
    data: Raw = Raw(b"null")
    data_length: Any = None
    payload_length: Any = None


class _AnyObject(Struct):
    """Whose fields are passed over: only that it is one is of interest."""


_T = TypeVar("_T")
_decode_header = msgspec.json.Decoder(_Header).decode
_check_object = msgspec.json.Decoder(_AnyObject).decode
_decode_fields = msgspec.json.Decoder(dict[str, Raw]).decode
_encode = msgspec.json.Encoder().encode

_EMPTY = b"{}"

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
        self._repeating = ("", b"", 0)  # what the pattern says: type, data, bytes of payload

    def feed(self, data: bytes | memoryview) -> None:
        """Add bytes that arrived. Take every event before feeding more, or the buffer grows."""
        self._buffer += data

    def next_event(self) -> Event | None:
        """The next whole event, None when its bytes are not all there. Raises MalformedEvent."""
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
            self._repeating = header.type, data, header.payload_length
        payload = bytes(self._buffer[payload_at:end])
        del self._buffer[:end]
        self._header = None
        return Event(header.type, data, payload)

    def _repeated(self) -> Event | None:
        """Another chunk of audio, mostly: only the payload is new."""
        kind, data, length = self._repeating
        payload_at = len(self._pattern)
        end = payload_at + length
        if len(self._buffer) < end:
            return None
        payload = bytes(self._buffer[payload_at:end])
        del self._buffer[:end]
        self._searched = 0
        return Event(kind, data, payload)

    def clear(self) -> None:
        """Forget everything that was fed."""
        self._buffer.clear()
        self._searched = 0
        self._header = None

    @property
    def held(self) -> int:
        """Bytes of the event whose end is awaited, so far."""
        inline = len(memoryview(self._header.data)) if self._header is not None else 0
        return len(self._buffer) + inline

    def end(self) -> None:
        """Nothing more will come. Raises MalformedEvent when that is in the middle of an event."""
        if self._buffer or self._header is not None:
            raise MalformedEvent("The connection ended in the middle of an event.")

    def _read_header(self) -> _Header | None:
        buffer = self._buffer
        length = buffer.find(b"\n", self._searched)
        seen = len(buffer) if length < 0 else length
        if seen > self._limits.max_header:
            told = f"The header line is longer than {self._limits.max_header} bytes."
            raise MalformedEvent(told, bound=Bound.HEADER)
        if length < 0:
            self._searched = seen
            return None
        line = bytes(buffer[: length + 1])
        self._line = line if len(line) <= _LONGEST_PATTERN else b""
        del buffer[: length + 1]
        self._searched = 0
        return self._check(_decode(_decode_header, line, "header line"))

    def _check(self, header: _Header) -> _Header:
        """Make the fields what their names promise: null lengths 0, null data empty, the rest refused."""
        if type(header.type) is not str or not header.type:
            raise MalformedEvent("The header line has no type, or one that is no text.")
        inline = bytes(header.data)
        if inline == b"null":
            header.data = Raw(_EMPTY)
        elif not inline.startswith(b"{"):
            raise MalformedEvent("The header line's data is no JSON object.")
        header.data_length = _length(header.data_length, "data", self._limits.max_data, Bound.DATA)
        header.payload_length = _length(
            header.payload_length, "payload", self._limits.max_payload, Bound.PAYLOAD
        )
        return header


def _length(value: object, what: str, most: int, bound: Bound) -> int:
    if value is None:
        return 0
    # bool is an int, and 5.0 equals one
    if type(value) is not int or value < 0:
        raise MalformedEvent(f"The length of the {what} is no whole number of bytes.")
    if value > most:
        told = f"The {what} is announced with {value} bytes; at most {most} are accepted."
        raise MalformedEvent(told, bound=bound)
    return value


def _merged(inline: bytes, block: bytes) -> bytes:
    """The data of an event that has a block of them, and maybe some in its header line."""
    _decode(_check_object, block, "data block")
    if inline == _EMPTY:
        return block
    return _encode({**_decode_fields(inline), **_decode_fields(block)})


def _decode(decoder: Callable[[str], _T], text: bytes | bytearray, what: str) -> _T:
    try:
        return decoder(text.decode())  # which finds what is no UTF-8 wherever it stands
    except (ValueError, RecursionError) as error:
        # msgspec's errors and UnicodeDecodeError are ValueErrors; deep nesting is a RecursionError
        raise MalformedEvent(f"The {what} is no JSON object.") from error
