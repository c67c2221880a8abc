"""Bytes of audio as float32 samples, back to PCM16, and streams of any format as 24 kHz PCM16 mono.

One unit is one 16-bit step whatever the width was, so full scale is -32768 to 32767 and 16-bit mono audio
comes back from `decode` and `encode` bit for bit.
"""

import math
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import soxr

from wyoming_azure_realtime.audio.pcm import REALTIME, AudioFormat
from wyoming_azure_realtime.errors import OutOfOrder

Samples: TypeAlias = npt.NDArray[np.float32]
"""Mono, in 16-bit steps; or one row per channel where that is said."""

# Frames converted at once: whatever size a chunk has, its temporaries stay small (and in the cache).
_BLOCK_FRAMES = 8192
# Beyond full scale by 60 dB; so sums of eight channels stay finite.
_LOUDEST = 1000.0
# By encoding and width: one of what `_values` delivers, in 16-bit steps.
_STEP = {
    ("integer", 1): 2.0**8,
    ("integer", 2): 1.0,
    ("integer", 3): 2.0**-16,
    ("integer", 4): 2.0**-16,
    ("float", 4): 2.0**15,
    ("float", 8): 2.0**15,
    ("a-law", 1): 1.0,
    ("mu-law", 1): 1.0,
}


class StreamResampler:
    """Converts one stream of `source` audio into PCM16 mono, of 24 kHz unless `rate` says otherwise.

    Any way of cutting the input, within a sample too, gives the same bytes; n frames become
    round(n * rate / source.rate) samples. Latency: audio in the target format passes unchanged and at once;
    another width or channel count at that rate is converted without delay; at other rates up to 45 ms (85 ms
    below 16 kHz) stay inside until `flush`. Creating one costs about 0.1 ms at the usual rates.
    """

    def __init__(self, source: AudioFormat, rate: int = REALTIME.rate) -> None:
        self._source = source
        self._frame_bytes = source.frame_bytes
        self._unchanged = source == AudioFormat(rate, width=2, channels=1)
        # float32, since the integer path of soxr dithers: silence would hiss and chunking would show
        self._filter = (
            None
            if source.rate == rate
            else soxr.ResampleStream(source.rate, rate, 1, dtype="float32", quality="HQ")
        )
        self._partial = b""
        self._ended = False

    def process(self, data: bytes) -> bytes:
        """Take the next piece of the stream; return what is ready, possibly nothing.

        Raises: OutOfOrder after `flush`.
        """
        if self._ended:
            raise OutOfOrder("The audio stream has already ended.")
        frames = self._whole_frames(data)
        if self._unchanged:
            return frames
        block = _BLOCK_FRAMES * self._frame_bytes
        if len(frames) <= block:
            return self._convert(frames)
        return b"".join(self._convert(frames[at : at + block]) for at in range(0, len(frames), block))

    def flush(self) -> bytes:
        """End the stream; return the rest. An incomplete last frame is dropped. Raises: OutOfOrder."""
        if self._ended:
            raise OutOfOrder("The audio stream has already ended.")
        self._ended = True
        if self._filter is None:
            return b""
        rest: Samples = self._filter.resample_chunk(np.empty(0, np.float32), last=True)
        return encode(rest)

    def _whole_frames(self, data: bytes) -> bytes:
        if self._partial:
            data = self._partial + data
        whole = len(data) - len(data) % self._frame_bytes
        self._partial = data[whole:]
        return data[:whole]

    def _convert(self, frames: bytes) -> bytes:
        if not frames:
            return b""
        samples = decode(frames, self._source)
        if self._filter is not None:
            samples = self._filter.resample_chunk(samples)
        return encode(samples)


def decode(frames: bytes, fmt: AudioFormat) -> Samples:
    """Return whole frames of `fmt` as samples; channels are averaged, which cannot clip."""
    values = _values(frames, fmt)
    mono: Samples = values[:: fmt.channels].astype(np.float32)
    # column by column: a third of the cost of summing rows
    for channel in range(1, fmt.channels):
        mono += values[channel :: fmt.channels]
    scale = _STEP[fmt.encoding, fmt.width] / fmt.channels
    if scale != 1:
        mono *= scale
    return mono


QUIETEST = -100.0
"""Decibels of what is silent."""


def level(pcm: bytes) -> float:
    """The loudness of PCM16 in decibels, 0 at full scale; a byte more than whole samples is left out."""
    samples = np.frombuffer(pcm, "<i2", len(pcm) // 2).astype(np.float32)
    power = float(samples @ samples) / max(1, len(samples)) / 32768.0**2
    return max(QUIETEST, 10 * math.log10(power)) if power else QUIETEST


def decode_channels(frames: bytes, fmt: AudioFormat) -> Samples:
    """Return whole frames of `fmt` as samples, one row per channel."""
    rows: Samples = np.ascontiguousarray(_values(frames, fmt).reshape(-1, fmt.channels).T, np.float32)
    rows *= _STEP[fmt.encoding, fmt.width]
    return rows


def integers(fmt: AudioFormat, frames: bytes) -> tuple[AudioFormat, bytes]:
    """Return whole frames of any encoding as integers, as Wyoming has them; of 16 bits if converted."""
    if fmt.encoding == "integer":
        return fmt, frames
    interleaved = np.ascontiguousarray(decode_channels(frames, fmt).T)
    return AudioFormat(fmt.rate, 2, fmt.channels), encode(interleaved)


def encode(samples: Samples) -> bytes:
    """Return samples as PCM16, rounded to nearest and limited to full scale. Overwrites `samples`."""
    samples.clip(-32768, 32767, out=samples)
    np.rint(samples, out=samples)
    return samples.astype("<i2").tobytes()


def _values(frames: bytes, fmt: AudioFormat) -> npt.NDArray[Any]:
    """All channels interleaved: integers, those of 24 bits in the upper bytes of 32, or floating point."""
    if fmt.encoding == "float":
        return _finite(np.frombuffer(frames, f"<f{fmt.width}"))
    if fmt.encoding != "integer":
        return G711_LEVELS[fmt.encoding][np.frombuffer(frames, np.uint8)]
    if fmt.width == 1:
        return (np.frombuffer(frames, np.uint8) ^ 0x80).view(np.int8)
    if fmt.width == 2:
        return np.frombuffer(frames, "<i2")
    if fmt.width == 4:
        return np.frombuffer(frames, "<i4")
    wide = np.zeros((len(frames) // 3, 4), np.uint8)
    wide[:, 1:] = np.frombuffer(frames, np.uint8).reshape(-1, 3)
    return wide.view("<i4").reshape(-1)


def _finite(values: npt.NDArray[Any]) -> Samples:
    """What is no number is silence; what is beyond the loudest that files hold is cut to it."""
    numbers = np.nan_to_num(values, nan=0.0, posinf=_LOUDEST, neginf=-_LOUDEST)
    limited: Samples = numbers.clip(-_LOUDEST, _LOUDEST).astype(np.float32)
    return limited


def _mu_law() -> npt.NDArray[np.int16]:
    code = ~np.arange(256) & 0xFF
    magnitude = (((code & 0x0F) << 3) + 0x84) << ((code & 0x70) >> 4)
    return np.where(code & 0x80, 0x84 - magnitude, magnitude - 0x84).astype(np.int16)


def _a_law() -> npt.NDArray[np.int16]:
    code = np.arange(256) ^ 0x55
    segment = (code & 0x70) >> 4
    mantissa = (code & 0x0F) << 4
    magnitude = np.where(segment == 0, mantissa + 8, (mantissa + 0x108) << np.maximum(segment - 1, 0))
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


G711_LEVELS: dict[str, npt.NDArray[np.int16]] = {"mu-law": _mu_law(), "a-law": _a_law()}
"""The sample that each byte of ITU-T G.711 stands for, in 16-bit steps."""
