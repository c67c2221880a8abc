"""The audio of one command: received from the client, kept whole to be sent again, and listened to.

`IncomingAudio` gets the client's chunks, in its format; `Recording` holds them as 24 kHz PCM16 mono, at most
`max_seconds` of it. Small chunks wait for each other, since converting 100 ms at once costs a fraction of
converting every 10 ms; but never beyond the moment at which something may have to be decided.
"""

import asyncio
import logging
from bisect import bisect_left, bisect_right
from collections.abc import Callable

import numpy as np

from wyoming_azure_realtime.audio.pcm import BYTES_PER_SECOND, REALTIME, AudioFormat
from wyoming_azure_realtime.audio.samples import StreamResampler
from wyoming_azure_realtime.errors import AudioTooLong, InternalError, OutOfOrder, SpeechServiceError
from wyoming_azure_realtime.speech.endpointing import Endpointing, EndpointingRules

_RECENT_SECONDS = 0.25  # of the input; more than any resampler holds back
_LATELY = BYTES_PER_SECOND // 5
_LOUD = (32768 * 10 ** (-50 / 20)) ** 2  # mean square of -50 dBFS
_VERY_LOUD = (32768 * 10 ** (-25 / 20)) ** 2  # noise like this drowns speech


class Recording:
    """24 kHz PCM16 mono, at most `max_seconds` of it, kept so that it can be sent again. Lengths in bytes."""

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
        """Its length, as far as the audio was converted."""
        return len(self) / BYTES_PER_SECOND

    def begin(self, source: AudioFormat) -> None:
        """Set the format of what `write` will get. Raises `UnsupportedAudio`, `OutOfOrder`."""
        if self._resampler is not None:
            raise OutOfOrder("The audio has already begun.")
        self._source = source
        self._resampler = StreamResampler(source)

    def write(self, data: bytes) -> None:
        """Add audio in the source format, cut anywhere. Raises `AudioTooLong`, `OutOfOrder`."""
        if self._resampler is None or self.finished:
            raise OutOfOrder("There is audio outside of audio-start and audio-stop.")
        self._append(self._resampler.process(data))
        self._remember(data)

    def finish(self) -> None:
        """End the audio; a second call does nothing. Raises `AudioTooLong`."""
        if self._resampler is not None and not self.finished:
            self._append(self._resampler.flush())
        self.finished = True

    def discard(self) -> None:
        """Free the memory now, although others may still refer to this object."""
        self.finished, self._resampler = True, None
        self._pieces.clear()
        self._ends.clear()
        self._recent.clear()

    def read(self, start: int, most: int) -> bytes:
        """Return at most `most` bytes from `start` on; empty if there is nothing yet."""
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
        """Whether the last 200 ms are too loud to be a pause, whatever the sound is."""
        return _power(self.read(max(0, len(self) - _LATELY), _LATELY)) > _VERY_LOUD

    def held(self) -> bytes:
        """Return the audio that the resampler still holds back, computed anew from the latest input.

        A draft sends it behind the recording so far; the recording itself goes on without a seam.
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
        """Keep the latest input; the oldest is dropped in whole frames."""
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
    """Mean square, a DC offset included."""
    samples = np.frombuffer(pcm, "<i2").astype(np.float32)
    return float(samples @ samples) / len(samples) if len(samples) else 0.0


BLOCK_SECONDS = 0.1
_LOGGER = logging.getLogger(__name__)


class IncomingAudio:
    """The audio of one command while it arrives.

    `on_recorded` is called when the recording has grown; `on_listened` when the endpointing has seen that
    audio, usually in the event loop's next round. Errors of the latter go to `on_error`.
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
        self.endpointing: Endpointing | None = None
        self._rules = rules
        self._on_recorded = on_recorded
        self._on_listened = on_listened
        self._on_error = on_error
        self._unrecorded = bytearray()
        self._enough = 0
        self._unseen = b""
        self._soon: asyncio.Handle | None = None

    def begin(self, source: AudioFormat) -> None:
        """Set the format of what `write` will get. Raises `UnsupportedAudio`, `OutOfOrder`."""
        self.recording.begin(source)
        self.endpointing = Endpointing(source, self._rules)
        self._enough = self.endpointing.bytes_until_decision(BLOCK_SECONDS)

    def write(self, data: bytes) -> None:
        """Add audio, cut anywhere. Raises `AudioTooLong`, `OutOfOrder`."""
        if self.endpointing is None:
            raise OutOfOrder("There is audio before audio-start.")
        self._unrecorded += data
        if len(self._unrecorded) >= self._enough:
            self._listen_and_report()
            if not self.recording.finished:  # or that was the end
                self._record()

    def finish(self) -> None:
        """End the audio: record the rest; the endpointing sees it a moment later. Raises `AudioTooLong`."""
        if self._unrecorded and not self.recording.finished:
            self._record()
        self.recording.finish()

    def listen(self) -> None:
        """Let the endpointing see everything recorded, now and without calling `on_listened`."""
        data, self._unseen = self._unseen, b""
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None
        if self.endpointing is not None:
            self.endpointing.feed(data)
            self._enough = self.endpointing.bytes_until_decision(BLOCK_SECONDS)

    def close(self) -> None:
        """Make no further calls and drop the references to the callbacks' owners."""
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None
        self._on_recorded = self._on_listened = self._on_error = _ignore

    def _record(self) -> None:
        data = bytes(self._unrecorded)
        self._unrecorded.clear()
        self.recording.write(data)
        self._unseen += data
        self._on_recorded()
        if self._soon is None:
            self._soon = asyncio.get_running_loop().call_soon(self._listen_and_report)

    def _listen_and_report(self) -> None:
        if self._soon is None or self.endpointing is None:
            return
        try:
            self.listen()
            self._on_listened(self.endpointing)
        except SpeechServiceError as error:
            self._on_error(error)
        except Exception as error:
            _LOGGER.exception("Listening failed unexpectedly")
            self._on_error(InternalError.of(error))


def _ignore(*_: object) -> None:
    """Do nothing."""
