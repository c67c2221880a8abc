"""Formats of uncompressed audio, durations by counting bytes, and WAV files.

WAV files come from the network, so every damage is one of three errors. The standard library's reader raises
half a dozen kinds of exception on damaged input, and before Python 3.12 knows nothing of
WAVE_FORMAT_EXTENSIBLE; hence this one.
"""

import struct
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from wyoming_azure_realtime.audio.signatures import refuse_compressed, to_wav
from wyoming_azure_realtime.errors import AudioTooLong, InvalidRequest, UnsupportedAudio

Encoding: TypeAlias = Literal["integer", "float", "a-law", "mu-law"]
"""How a sample is written; the last two are those of ITU-T G.711."""

# What Wyoming can describe and a microphone may deliver.
_RATES = range(8_000, 192_000 + 1)
_WIDTHS = range(1, 4 + 1)
_CHANNELS = range(1, 8 + 1)
# Only in files; bytes per sample.
_OTHER_WIDTHS: dict[Encoding, tuple[int, ...]] = {"float": (4, 8), "a-law": (1,), "mu-law": (1,)}


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """Interleaved little-endian samples: `rate` in Hz, `width` in bytes per sample, `channels`, `encoding`.

    Integers of width 1 are unsigned, the others are signed; width 3 is packed. Floating point is full at 1.0.
    Raises: UnsupportedAudio outside of 8000 to 192000 Hz, 1 to 8 channels, and 1 to 4 bytes (4 or 8 of
    floating point, 1 of A-law and mu-law).
    """

    rate: int
    width: int
    channels: int
    encoding: Encoding = "integer"

    def __post_init__(self) -> None:
        _check("sample rate", self.rate, _RATES, "Hz")
        _check("number of channels", self.channels, _CHANNELS, "channels")
        if self.encoding == "integer":
            _check("sample width", self.width, _WIDTHS, "bytes")
        elif self.width not in _OTHER_WIDTHS[self.encoding]:
            raise UnsupportedAudio(
                f"Unsupported audio: {8 * self.width} bits of {self.encoding}.",
                advice="Send integers of 16 bits.",
            )

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample in every channel."""
        return self.width * self.channels

    @property
    def bytes_per_second(self) -> int:
        """Bytes of one second of audio."""
        return self.rate * self.frame_bytes

    def __str__(self) -> str:
        encoding = "" if self.encoding == "integer" else f" {self.encoding}"
        return f"{self.rate} Hz, {8 * self.width} bit{encoding}, {self.channels} ch"

    @property
    def mono(self) -> "AudioFormat":
        """PCM16 mono at the same rate."""
        return AudioFormat(self.rate, width=2, channels=1)


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


# What is not zero in silence.
_REST = {("integer", 1): b"\x80", ("a-law", 1): b"\xd5", ("mu-law", 1): b"\xff"}


def silence(ms: float, fmt: AudioFormat = REALTIME) -> bytes:
    """Return digital silence of `ms` milliseconds, to the nearest frame."""
    rest = _REST.get((fmt.encoding, fmt.width), b"\0")
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

_TAGS: dict[Encoding, int] = {"integer": 1, "float": 3, "a-law": 6, "mu-law": 7}
_EXTENSIBLE = 0xFFFE
_GUID_AT = 24
# A sub-format's GUID is the plain tag and these.
_GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")
_ENCODINGS: dict[int, Encoding] = {tag: encoding for encoding, tag in _TAGS.items()}
_OTHERS = {2: "ADPCM", 0x11: "ADPCM", 0x31: "GSM", 0x55: "MP3", 0xFF: "AAC"}


class _Chunk(NamedTuple):
    name: bytes
    start: int
    size: int


def read_wav(data: bytes, *, max_bytes: int = MAX_WAV_BYTES) -> tuple[AudioFormat, bytes]:
    """Return the format and the whole frames of a WAV file.

    A data length of 0, or of more than `max_bytes`, is what writers put that do not know it yet, and means:
    up to the end of the file. An incomplete last frame is left out.
    Raises: AudioTooLong for more than `max_bytes`; UnsupportedAudio for files of other kinds, and encodings
    and formats that AudioFormat does not have; InvalidRequest for anything damaged; nothing else.
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
            unknown = chunk.size > max_bytes or (chunk.size == 0 and riff_size != len(data) - _CHUNK.size)
            return fmt, _frames(data, chunk, fmt, unknown=unknown)
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
        + _FORMAT.pack(
            _TAGS[fmt.encoding], fmt.channels, fmt.rate, fmt.bytes_per_second, block, 8 * fmt.width
        )
        + _CHUNK.pack(b"data", data_size)
    )


def write_wav(fmt: AudioFormat, pcm: bytes) -> bytes:
    """Return whole frames of `fmt` as a WAV file. Raises: AudioTooLong for more than 4 GiB."""
    return wav_header(fmt, len(pcm)) + pcm + b"\0" * (len(pcm) % 2)


def _riff_size(data: bytes) -> int:
    refuse_compressed(data)
    if len(data) < _RIFF.size:
        raise InvalidRequest(
            "This is not a WAV file: it is too short for a RIFF header.", advice=f"Convert it: {to_wav()}"
        )
    riff, size, kind = _RIFF.unpack_from(data)
    if riff in {b"RF64", b"BW64", b"RIFX"}:
        raise UnsupportedAudio(
            f"WAV files of the variant {riff.decode()} are not supported.", advice="Send RIFF."
        )
    if riff != b"RIFF" or kind != b"WAVE":
        raise InvalidRequest(
            "This is not a WAV file: it does not begin with RIFF and WAVE.", advice=f"Convert it: {to_wav()}"
        )
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
    encoding = _ENCODINGS.get(tag)
    if encoding is None:
        name = _OTHERS.get(tag, f"of type {tag:#06x}")
        raise UnsupportedAudio(f"The WAV file's encoding is {name}.", advice=f"Convert it: {to_wav()}")
    fmt = AudioFormat(rate=rate, width=(bits + 7) // 8, channels=channels, encoding=encoding)
    if block != fmt.frame_bytes:
        raise InvalidRequest(
            f"The WAV file contradicts itself: {fmt} has {fmt.frame_bytes} bytes per frame, not {block}."
        )
    return fmt


def _frames(data: bytes, chunk: _Chunk, fmt: AudioFormat, *, unknown: bool) -> bytes:
    """Return the frames of the data chunk. `unknown`: it may end anywhere."""
    available = len(data) - chunk.start
    missing = 0 if unknown else chunk.size - available
    # less than a frame: some writers count a padding byte, and some forget one
    if missing >= max(2, fmt.frame_bytes):
        raise InvalidRequest(f"The WAV file is cut off: {chunk.size} bytes announced, {available} present.")
    there = available if unknown else min(chunk.size, available)
    return data[chunk.start : chunk.start + there - there % fmt.frame_bytes]
