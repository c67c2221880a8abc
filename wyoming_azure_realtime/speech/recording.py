"""The sound of one utterance, whole and bounded: written by the client's side, walked by the senders."""

from bisect import bisect_left, bisect_right

import numpy as np

from wyoming_azure_realtime.audio.pcm import BYTES_PER_SECOND, REALTIME, AudioFormat
from wyoming_azure_realtime.audio.samples import StreamResampler
from wyoming_azure_realtime.errors import AudioTooLong, OutOfOrder

_RECENT_SECONDS = 0.25  # of the input; more than any resampler holds back
_LATELY = BYTES_PER_SECOND // 5
_LOUD = (32768 * 10 ** (-50 / 20)) ** 2  # mean square of -50 dBFS
_VERY_LOUD = (32768 * 10 ** (-25 / 20)) ** 2  # noise like this drowns speech


class Recording:
    """24 kHz PCM16 mono, at most `max_seconds` of it. It is kept so that it can be sent again."""

    def __init__(self, max_seconds: float) -> None:
        self._max_seconds = max_seconds
        self._source = REALTIME
        self._resampler: StreamResampler | None = None
        self._pieces: list[bytes] = []  # never moved: one large array would be copied as it grows
        self._ends: list[int] = []
        self._received = 0
        self._recent = bytearray()
        self.finished = False
        self.loud = False  # at any time, whatever it is

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @property
    def seconds(self) -> float:
        """How long it is, as far as it was converted."""
        return len(self) / BYTES_PER_SECOND

    def begin(self, source: AudioFormat) -> None:
        """Say what is coming. Raises `UnsupportedAudio`, `OutOfOrder`."""
        if self._resampler is not None:
            raise OutOfOrder("The audio has already begun.")
        self._source = source
        self._resampler = StreamResampler(source)

    def write(self, data: bytes) -> None:
        """More sound in the source format, cut anywhere. Raises `AudioTooLong`, `OutOfOrder`."""
        if self._resampler is None or self.finished:
            raise OutOfOrder("There is audio outside of audio-start and audio-stop.")
        self._append(self._resampler.process(data))
        self._remember(data)

    def finish(self) -> None:
        """No more sound. Idempotent."""
        if self._resampler is not None and not self.finished:
            self._append(self._resampler.flush())
        self.finished = True

    def discard(self) -> None:
        """Nobody needs the sound any more: let go of it now, whoever still knows this object."""
        self.finished, self._resampler = True, None
        self._pieces.clear()
        self._ends.clear()
        self._recent.clear()

    def read(self, start: int, most: int) -> bytes:
        """At most `most` bytes from `start` on; empty where nothing is yet."""
        first = bisect_right(self._ends, start)
        last = bisect_left(self._ends, start + most, first) + 1
        pieces = self._pieces[first:last]
        if not pieces:
            return b""
        there = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        skipped = start - (self._ends[first] - len(pieces[0]))
        return there[skipped : skipped + most]

    @property
    def loud_lately(self) -> bool:
        """Whether the last 200 ms are so loud that nobody would call it a pause, whatever it is."""
        return _power(self.read(max(0, len(self) - _LATELY), _LATELY)) > _VERY_LOUD

    def held(self) -> bytes:
        """What the resampler holds back just now, made anew from the latest input; before it comes all else.

        For a recognition that shall not wait for it; the recording goes on without a seam.
        """
        frames = self._received // self._source.frame_bytes
        samples = round(frames * REALTIME.rate / self._source.rate)
        missing = samples * REALTIME.frame_bytes - len(self)
        if missing <= 0:
            return b""
        resampler = StreamResampler(self._source)
        latest = resampler.process(bytes(self._recent[: self._whole_frames()])) + resampler.flush()
        return latest[-missing:]

    def _append(self, pcm: bytes) -> None:
        if not pcm:
            return
        length = len(self) + len(pcm)
        if length > self._max_seconds * BYTES_PER_SECOND:
            raise AudioTooLong(f"The audio is longer than {self._max_seconds:g} seconds.")
        self._pieces.append(pcm)
        self._ends.append(length)
        self.loud = self.loud or _power(pcm) > _LOUD

    def _remember(self, data: bytes) -> None:
        """Whole frames stay whole: the oldest go in multiples of them."""
        self._received += len(data)
        self._recent += data
        frame = self._source.frame_bytes
        most = round(_RECENT_SECONDS * self._source.rate) * frame
        if len(self._recent) > 2 * most:
            excess = len(self._recent) - most
            del self._recent[: excess - excess % frame]

    def _whole_frames(self) -> int:
        return len(self._recent) - len(self._recent) % self._source.frame_bytes


def _power(pcm: bytes) -> float:
    """Mean square, an offset included."""
    samples = np.frombuffer(pcm, "<i2").astype(np.float32)
    return float(samples @ samples) / len(samples) if len(samples) else 0.0
