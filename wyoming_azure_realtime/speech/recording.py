"""The sound of one utterance, whole and bounded: written by the client's side, walked by the senders."""

import asyncio
import logging
from bisect import bisect_left, bisect_right
from collections.abc import Callable

import numpy as np

from wyoming_azure_realtime.audio.pcm import REALTIME, AudioFormat
from wyoming_azure_realtime.audio.resample import StreamResampler
from wyoming_azure_realtime.errors import AudioTooLong, InternalError, OutOfOrder, SpeechServiceError
from wyoming_azure_realtime.speech.endpointing import Endpointing, EndpointingRules

BYTES_PER_SECOND = REALTIME.rate * REALTIME.frame_bytes
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


BLOCK_SECONDS = 0.1
_LOGGER = logging.getLogger(__name__)


class IncomingAudio:
    """The sound of one utterance.

    `on_recorded` is called when there is more in the recording; `on_listened` when that was listened to,
    mostly a moment later. What the latter raises goes to `on_error`.
    """

    def __init__(
        self,
        max_seconds: float,
        rules: EndpointingRules,
        on_recorded: Callable[[], None],
        on_listened: Callable[[Endpointing], None],
        on_error: Callable[[SpeechServiceError], None],
    ) -> None:
        self.recording = Recording(max_seconds)
        self.turn: Endpointing | None = None
        self._rules = rules
        self._on_recorded = on_recorded
        self._on_listened = on_listened
        self._on_error = on_error
        self._unrecorded = bytearray()
        self._enough = 0
        self._unheard = b""
        self._soon: asyncio.Handle | None = None

    def begin(self, source: AudioFormat) -> None:
        """Say what audio is coming. Raises `UnsupportedAudio`, `OutOfOrder`."""
        self.recording.begin(source)
        self.turn = Endpointing(source, self._rules)
        self._enough = self.turn.bytes_until_decision(BLOCK_SECONDS)

    def write(self, data: bytes) -> None:
        """More audio, cut anywhere. Raises `AudioTooLong`, `OutOfOrder`."""
        if self.turn is None:
            raise OutOfOrder("There is audio before audio-start.")
        self._unrecorded += data
        if len(self._unrecorded) >= self._enough:
            self._listen_and_tell()
            if not self.recording.finished:  # or that was the end
                self._record()

    def finish(self) -> None:
        """No more audio. What is left is recorded, and listened to a moment later. Raises `AudioTooLong`."""
        if self._unrecorded and not self.recording.finished:
            self._record()
        self.recording.finish()

    def listen(self) -> None:
        """Now, to all that is recorded; nobody is told."""
        data, self._unheard = self._unheard, b""
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None
        if self.turn is not None:
            self.turn.feed(data)
            self._enough = self.turn.bytes_until_decision(BLOCK_SECONDS)

    def close(self) -> None:
        """Nobody is told anything any more, nor kept in memory for that."""
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None
        self._on_recorded = self._on_listened = self._on_error = _nobody

    def _record(self) -> None:
        data = bytes(self._unrecorded)
        self._unrecorded.clear()
        self.recording.write(data)
        self._unheard += data
        self._on_recorded()
        if self._soon is None:
            self._soon = asyncio.get_running_loop().call_soon(self._listen_and_tell)

    def _listen_and_tell(self) -> None:
        if self._soon is None or self.turn is None:
            return
        try:
            self.listen()
            self._on_listened(self.turn)
        except SpeechServiceError as error:
            self._on_error(error)
        except Exception as error:
            _LOGGER.exception("Listening failed unexpectedly")
            self._on_error(InternalError.of(error))


def _nobody(*_: object) -> None:
    """Is told."""
