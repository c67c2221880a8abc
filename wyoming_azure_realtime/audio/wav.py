"""WAV files to and from PCM, for bodies that come from the network.

The standard library's reader raises half a dozen kinds of exception on damaged input, and before
Python 3.12 knows nothing of WAVE_FORMAT_EXTENSIBLE; hence this one.
"""

import struct
from typing import NamedTuple

from wyoming_azure_realtime.audio.pcm import AudioFormat
from wyoming_azure_realtime.errors import AudioTooLong, InvalidRequest, UnsupportedAudio

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

    Raises AudioTooLong for a file over `max_bytes`, UnsupportedAudio for an encoding that is no PCM or a
    format outside AudioFormat's limits, InvalidRequest for anything damaged; never anything else. A data
    length of 0 or of 2 to 4 GiB, as streaming writers put it, means: up to the end.
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
    """Everything before the frames of a WAV file. `data_bytes` None: a stream whose length is unknown."""
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
    """Whole frames of `fmt` as a WAV file."""
    return wav_header(fmt, len(pcm)) + pcm + b"\0" * (len(pcm) % 2)


def _riff_size(data: bytes) -> int:
    if len(data) < _RIFF.size:
        raise InvalidRequest("This is no WAV file: it is too short for a RIFF header.")
    riff, size, kind = _RIFF.unpack_from(data)
    if riff in {b"RF64", b"BW64", b"RIFX"}:
        raise UnsupportedAudio(f"WAV files of the variant {riff.decode()} are not read.", advice="Send RIFF.")
    if riff != b"RIFF" or kind != b"WAVE":
        raise InvalidRequest("This is no WAV file: it does not begin with RIFF and WAVE.")
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
            f"The WAV file contradicts itself: {fmt} make {fmt.frame_bytes} bytes per frame, it says {block}."
        )
    return fmt


def _frames(data: bytes, chunk: _Chunk, fmt: AudioFormat, *, complete: bool) -> bytes:
    """Cut out the frames. `complete`: the RIFF length is the file's, so length 0 is honest."""
    available = len(data) - chunk.start
    if chunk.size >= _LEAST_UNKNOWN or (chunk.size == 0 and not complete):
        # what follows the last whole frame is a padding byte or the cut of an open stream
        return data[chunk.start : len(data) - available % fmt.frame_bytes]
    if chunk.size > available:
        raise InvalidRequest(f"The WAV file is cut off: {chunk.size} bytes announced, {available} there.")
    if chunk.size % fmt.frame_bytes:
        raise InvalidRequest(f"The WAV file's audio ends in the middle of a frame ({fmt}).")
    return data[chunk.start : chunk.start + chunk.size]
