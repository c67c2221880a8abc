"""Formats of PCM audio, durations by counting bytes, and WAV files.

WAV files come from the network, so every damage is one of three errors. The standard library's reader raises
half a dozen kinds of exception on damaged input, and before Python 3.12 knows nothing of
WAVE_FORMAT_EXTENSIBLE; hence this one.
"""

import struct
from dataclasses import dataclass
from typing import NamedTuple

from wyoming_azure_realtime.errors import AudioTooLong, InvalidRequest, UnsupportedAudio

# What Wyoming can describe and a microphone may deliver.
_RATES = range(8_000, 192_000 + 1)
_WIDTHS = range(1, 4 + 1)
_CHANNELS = range(1, 8 + 1)


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """Interleaved little-endian PCM: `rate` in Hz, `width` in bytes per sample, `channels`.

    Width 1 is unsigned, the others are signed; width 3 is packed.
    Raises: UnsupportedAudio outside of 8000 to 192000 Hz, 1 to 4 bytes, 1 to 8 channels.
    """

    rate: int
    width: int
    channels: int

    def __post_init__(self) -> None:
        _check("sample rate", self.rate, _RATES, "Hz")
        _check("sample width", self.width, _WIDTHS, "bytes")
        _check("number of channels", self.channels, _CHANNELS, "channels")

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample in every channel."""
        return self.width * self.channels

    @property
    def bytes_per_second(self) -> int:
        """Bytes of one second of audio."""
        return self.rate * self.frame_bytes

    def __str__(self) -> str:
        return f"{self.rate} Hz, {8 * self.width} bit, {self.channels} ch"


def _check(name: str, value: object, allowed: range, unit: str) -> None:
    # bool is an int, and 16000.0 is in range(8000, 192001)
    if type(value) is int and value in allowed:
        return
    # a number of a thousand digits neither prints nor helps
    shown = value if type(value) is int and abs(value) < 10**9 else f"of type {type(value).__name__}"
    raise UnsupportedAudio(
        f"Unsupported audio: the {name} is {shown}.",
        advice=f"Send a whole number from {allowed.start} to {allowed.stop - 1} {unit}.",
    )


REALTIME = AudioFormat(rate=24_000, width=2, channels=1)
"""The PCM16 that realtime services receive and send."""

BYTES_PER_SECOND = REALTIME.bytes_per_second
"""Bytes of one second of `REALTIME` audio."""


def silence(ms: float, fmt: AudioFormat = REALTIME) -> bytes:
    """Return digital silence of `ms` milliseconds, to the nearest frame."""
    rest = b"\x80" if fmt.width == 1 else b"\0"
    return rest * (round(ms * fmt.rate / 1000) * fmt.frame_bytes)


def duration_ms(byte_count: int, fmt: AudioFormat = REALTIME) -> float:
    """Return how long `byte_count` bytes of audio last, in milliseconds."""
    return byte_count * 1000 / fmt.bytes_per_second


MAX_WAV_BYTES = 16 * 2**20
"""Largest file `read_wav` takes by default: almost six minutes of 24 kHz PCM16 mono."""

_RIFF = struct.Struct("<4sI4s")
_CHUNK = struct.Struct("<4sI")
_FORMAT = struct.Struct("<HHIIHH")
_MAX_CHUNKS = 256
_UNKNOWN_LENGTH = 0xFFFFFFFF
# Streaming writers announce 2 or 4 GiB, some less a header or a page; no real length comes near.
_LEAST_UNKNOWN = 0x7FFF_0000

_PCM = 1
_EXTENSIBLE = 0xFFFE
_GUID_AT = 24
# A sub-format's GUID is the plain tag and these.
_GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")
_ENCODINGS = {2: "ADPCM", 3: "floating point", 6: "A-law", 7: "mu-law", 0x11: "ADPCM", 0x55: "MP3"}


class _Chunk(NamedTuple):
    name: bytes
    start: int
    size: int


def read_wav(data: bytes, *, max_bytes: int = MAX_WAV_BYTES) -> tuple[AudioFormat, bytes]:
    """Return the format and the PCM frames of a WAV file.

    A data length of 0 or of 2 to 4 GiB, as streaming writers put it, means: up to the end of the file.
    Raises: AudioTooLong for more than `max_bytes`; UnsupportedAudio for an encoding that is not PCM or a
    format outside AudioFormat's limits; InvalidRequest for anything damaged; nothing else.
    """
    if len(data) > max_bytes:
        raise AudioTooLong(f"The WAV file has {len(data)} bytes; at most {max_bytes} are accepted.")
    riff_size = _riff_size(data)
    fmt = None
    for chunk in _chunks(data):
        if chunk.name == b"fmt ":
            fmt = _audio_format(data[chunk.start : chunk.start + chunk.size])
        elif chunk.name == b"data":
            if fmt is None:
                raise InvalidRequest("The WAV file has its data before its format.")
            return fmt, _frames(data, chunk, fmt, complete=riff_size == len(data) - 8)
    raise InvalidRequest("The WAV file has no data chunk.")


def wav_header(fmt: AudioFormat, data_bytes: int | None) -> bytes:
    """Return everything before the frames of a WAV file. `data_bytes`: None for a stream of unknown length.

    Raises: AudioTooLong for more than 4 GiB.
    """
    if data_bytes is None:
        riff_size = data_size = _UNKNOWN_LENGTH
    else:
        riff_size, data_size = 36 + data_bytes + data_bytes % 2, data_bytes
    if riff_size > _UNKNOWN_LENGTH:
        raise AudioTooLong("A WAV file cannot hold more than 4 GiB.")
    block = fmt.frame_bytes
    return (
        _RIFF.pack(b"RIFF", riff_size, b"WAVE")
        + _CHUNK.pack(b"fmt ", _FORMAT.size)
        + _FORMAT.pack(_PCM, fmt.channels, fmt.rate, fmt.bytes_per_second, block, 8 * fmt.width)
        + _CHUNK.pack(b"data", data_size)
    )


def write_wav(fmt: AudioFormat, pcm: bytes) -> bytes:
    """Return whole frames of `fmt` as a WAV file. Raises: AudioTooLong for more than 4 GiB."""
    return wav_header(fmt, len(pcm)) + pcm + b"\0" * (len(pcm) % 2)


def _riff_size(data: bytes) -> int:
    if len(data) < _RIFF.size:
        raise InvalidRequest("This is not a WAV file: it is too short for a RIFF header.")
    riff, size, kind = _RIFF.unpack_from(data)
    if riff in {b"RF64", b"BW64", b"RIFX"}:
        raise UnsupportedAudio(
            f"WAV files of the variant {riff.decode()} are not supported.", advice="Send RIFF."
        )
    if riff != b"RIFF" or kind != b"WAVE":
        raise InvalidRequest("This is not a WAV file: it does not begin with RIFF and WAVE.")
    return int(size)


def _chunks(data: bytes) -> list[_Chunk]:
    """Every chunk up to and with the data chunk, which alone may reach beyond the end of the file."""
    chunks: list[_Chunk] = []
    at = _RIFF.size
    while at + _CHUNK.size <= len(data):
        name, size = _CHUNK.unpack_from(data, at)
        chunks.append(_Chunk(name, at + _CHUNK.size, size))
        if name == b"data":
            break
        at += _CHUNK.size + size + size % 2
        if at > len(data) + 1:
            raise InvalidRequest("The WAV file ends in the middle of a chunk.")
        if len(chunks) == _MAX_CHUNKS:
            raise InvalidRequest(f"The WAV file has no data within its first {_MAX_CHUNKS} chunks.")
    return chunks


def _audio_format(body: bytes) -> AudioFormat:
    if len(body) < _FORMAT.size:
        raise InvalidRequest("The WAV file has a format chunk of less than 16 bytes.")
    tag, channels, rate, _, block, bits = _FORMAT.unpack_from(body)
    if tag == _EXTENSIBLE:
        guid = body[_GUID_AT : _GUID_AT + 16]
        if guid[2:] == _GUID_TAIL:
            tag = int.from_bytes(guid[:2], "little")
    if tag != _PCM:
        encoding = _ENCODINGS.get(tag, f"of type {tag:#06x}")
        raise UnsupportedAudio(f"The WAV file's encoding is {encoding}.", advice="Send uncompressed PCM.")
    fmt = AudioFormat(rate=rate, width=(bits + 7) // 8, channels=channels)
    if block != fmt.frame_bytes:
        raise InvalidRequest(
            f"The WAV file contradicts itself: {fmt} has {fmt.frame_bytes} bytes per frame, not {block}."
        )
    return fmt


def _frames(data: bytes, chunk: _Chunk, fmt: AudioFormat, *, complete: bool) -> bytes:
    """Return the frames of the data chunk. `complete`: the RIFF length is the file's, so length 0 is true."""
    available = len(data) - chunk.start
    if chunk.size >= _LEAST_UNKNOWN or (chunk.size == 0 and not complete):
        # what follows the last whole frame is a padding byte or the cut of an open stream
        return data[chunk.start : len(data) - available % fmt.frame_bytes]
    if chunk.size > available:
        raise InvalidRequest(f"The WAV file is cut off: {chunk.size} bytes announced, {available} present.")
    if chunk.size % fmt.frame_bytes:
        raise InvalidRequest(f"The WAV file's audio ends in the middle of a frame ({fmt}).")
    return data[chunk.start : chunk.start + chunk.size]
