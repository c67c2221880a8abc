"""Audio of any format as the realtime API's, while it arrives."""

import numpy as np
import soxr

from wyoming_azure_realtime.audio.pcm import REALTIME, AudioFormat
from wyoming_azure_realtime.audio.samples import Samples, decode, encode
from wyoming_azure_realtime.errors import OutOfOrder

# Frames converted at once: whatever size a chunk has, its temporaries stay small (and in the cache).
_BLOCK_FRAMES = 8192


class StreamResampler:
    """Turns one stream of `source` audio into 24 kHz PCM16 mono.

    Any way of cutting the input, in mid-sample too, gives the same bytes; n frames become
    round(n * 24000 / rate) samples, in time with the input. Audio already in the target format passes
    untouched and at once; another width or channel count at 24 kHz is converted without delay; any other
    rate is filtered, and up to 45 ms (85 ms below 16 kHz) stay inside until `flush`. A new one costs about
    0.1 ms at the usual rates.
    """

    def __init__(self, source: AudioFormat) -> None:
        self._source = source
        self._untouched = source == REALTIME
        # float32, since the integer path of soxr dithers: silence would hiss and chunking would show
        self._filter = (
            None
            if source.rate == REALTIME.rate
            else soxr.ResampleStream(source.rate, REALTIME.rate, 1, dtype="float32", quality="HQ")
        )
        self._partial = b""
        self._ended = False

    def process(self, data: bytes) -> bytes:
        """Take the next piece of the stream; return what is ready, possibly nothing."""
        if self._ended:
            raise OutOfOrder("The audio stream has already ended.")
        frames = self._whole_frames(data)
        if self._untouched:
            return frames
        block = _BLOCK_FRAMES * self._source.frame_bytes
        if len(frames) <= block:
            return self._convert(frames)
        return b"".join(self._convert(frames[at : at + block]) for at in range(0, len(frames), block))

    def flush(self) -> bytes:
        """End the stream; return what was held back. An unfinished last frame is dropped: it has no value."""
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
