"""Wyoming events to bytes: a line of JSON, its data as a block of JSON, then the payload."""

import msgspec
from wyoming.event import Event as WyomingEvent
from wyoming.event import Eventable

from wyoming_azure_realtime.audio.pcm import AudioFormat

_encode_json = msgspec.json.Encoder().encode


def encode(what: WyomingEvent | Eventable) -> bytes:
    """One event without payload, as the `wyoming` package writes it."""
    event = what.event() if isinstance(what, Eventable) else what
    data = _encode_json(event.data) if event.data else b""
    header: dict[str, object] = {"type": event.type}
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
