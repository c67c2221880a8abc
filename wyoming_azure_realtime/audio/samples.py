"""PCM bytes as mono float32 samples, back to PCM16, and streams of any format as 24 kHz PCM16 mono.

One unit is one 16-bit step whatever the width was, so full scale is -32768 to 32767 and 16-bit mono audio
comes back from `decode` and `encode` bit for bit.
"""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import soxr

from wyoming_azure_realtime.audio.pcm import REALTIME, AudioFormat
from wyoming_azure_realtime.errors import OutOfOrder

Samples: TypeAlias = npt.NDArray[np.float32]
"""Mono, in 16-bit steps."""

# Frames converted at once: whatever size a chunk has, its temporaries stay small (and in the cache).
_BLOCK_FRAMES = 8192
# The size of one step as `_integers` delivers it, in 16-bit steps.
_STEP = {1: 2.0**8, 2: 1.0, 3: 2.0**-16, 4: 2.0**-16}


class StreamResampler:
    """Converts one stream of `source` audio into 24 kHz PCM16 mono.

    Any way of cutting the input, within a sample too, gives the same bytes; n frames become
    round(n * 24000 / rate) samples. Latency: audio in the target format passes unchanged and at once; another
    width or channel count at 24 kHz is converted without delay; at other rates up to 45 ms (85 ms below
    16 kHz) stay inside until `flush`. Creating one costs about 0.1 ms at the usual rates.
    """

    def __init__(self, source: AudioFormat) -> None:
        self._source = source
        self._unchanged = source == REALTIME
        # float32, since the integer path of soxr dithers: silence would hiss and chunking would show
        self._filter = (
            None
            if source.rate == REALTIME.rate
            else soxr.ResampleStream(source.rate, REALTIME.rate, 1, dtype="float32", quality="HQ")
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
        block = _BLOCK_FRAMES * self._source.frame_bytes
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
        whole = len(data) - len(data) % self._source.frame_bytes
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
    integers = _integers(frames, fmt.width)
    mono: Samples = integers[:: fmt.channels].astype(np.float32)
    # column by column: a third of the cost of summing rows
    for channel in range(1, fmt.channels):
        mono += integers[channel :: fmt.channels]
    scale = _STEP[fmt.width] / fmt.channels
    if scale != 1:
        mono *= scale
    return mono


def encode(samples: Samples) -> bytes:
    """Return samples as PCM16, rounded to nearest and limited to full scale. Overwrites `samples`."""
    samples.clip(-32768, 32767, out=samples)
    np.rint(samples, out=samples)
    return samples.astype("<i2").tobytes()


def _integers(frames: bytes, width: int) -> npt.NDArray[Any]:
    """Signed integers, all channels interleaved; 24-bit ones come in the upper bytes of 32."""
    if width == 1:
        return (np.frombuffer(frames, np.uint8) ^ 0x80).view(np.int8)
    if width == 2:
        return np.frombuffer(frames, "<i2")
    if width == 4:
        return np.frombuffer(frames, "<i4")
    wide = np.zeros((len(frames) // 3, 4), np.uint8)
    wide[:, 1:] = np.frombuffer(frames, np.uint8).reshape(-1, 3)
    return wide.view("<i4").reshape(-1)
