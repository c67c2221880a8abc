"""The audio of one command: received from the client, kept whole to be sent again, and listened to.

`IncomingAudio` gets the client's chunks, in its format; `Recording` holds them as 24 kHz PCM16 mono, at most
`max_seconds` of it. Small chunks wait for each other, since converting 100 ms at once costs a fraction of
converting every 10 ms; but never beyond the moment at which something may have to be decided.
"""

import asyncio
import logging
from bisect import bisect_left, bisect_right
from collections.abc import Callable

from wyoming_azure_realtime.admission.memory import Claim
from wyoming_azure_realtime.audio.downmix import Downmix
from wyoming_azure_realtime.audio.pcm import BYTES_PER_SECOND, REALTIME, AudioFormat
from wyoming_azure_realtime.audio.samples import StreamResampler
from wyoming_azure_realtime.errors import AudioTooLong, InternalError, OutOfOrder, SpeechServiceError
from wyoming_azure_realtime.speech.endpointing import Endpointing, EndpointingRules

_CLAIM_STEP = 64 << 10
"""Bytes that are claimed at a time: more than a second of sound."""

_RECENT_SECONDS = 0.25  # of the input; more than any resampler holds back


class RecordedAudio:
    """Audio that grows at its end. Lengths and places in bytes."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []  # never moved: one large array would be copied as it grows
        self._ends: list[int] = []

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def append(self, pcm: bytes) -> None:
        """Add audio."""
        if pcm:
            self._pieces.append(pcm)
            self._ends.append(len(self) + len(pcm))

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

    def clear(self) -> None:
        """Free the memory."""
        self._pieces.clear()
        self._ends.clear()


class Recording:
    """24 kHz PCM16 mono, at most `max_seconds` of it, kept so that it can be sent again. Lengths in bytes.

    `claim`: what it may hold of the memory of all requests. `kept_rates`, to be set before the beginning: of
    such a rate, in Hz, the `original` is kept as well.
    """

    def __init__(self, max_seconds: float, claim: Claim) -> None:
        self._claim = claim
        self._kept = self._claimed = 0
        self._max_seconds = max_seconds
        self.kept_rates: tuple[int, ...] = ()
        self.original = RecordedAudio()
        self.original_rate = REALTIME.rate
        self._source = REALTIME
        self._frame_bytes = REALTIME.frame_bytes
        self._most_recent = 0  # bytes
        self._resampler: StreamResampler | None = None
        self._converted = RecordedAudio()
        self._received = 0
        self._recent = bytearray()
        self.finished = False

    def __len__(self) -> int:
        return len(self._converted)

    @property
    def seconds(self) -> float:
        """Its length, as far as the audio was converted."""
        return len(self) / BYTES_PER_SECOND

    def begin(self, source: AudioFormat) -> None:
        """Set the format of what `write` will get. Raises `UnsupportedAudio`, `OutOfOrder`."""
        if self._resampler is not None:
            raise OutOfOrder("The audio has already begun.")
        self._source = source
        self._frame_bytes = source.frame_bytes
        self._most_recent = round(_RECENT_SECONDS * source.rate) * source.frame_bytes
        self._resampler = StreamResampler(source)
        if source.rate in self.kept_rates:
            self.original_rate = source.rate

    def at(self, rate: int) -> RecordedAudio:
        """The audio at 24 kHz, or at the original's rate."""
        return self._converted if rate == REALTIME.rate else self.original

    def write(self, data: bytes) -> None:
        """Add audio in the source format, cut anywhere.

        Raises `AudioTooLong`, `OutOfOrder`, `TooManyRequests`.
        """
        if self._resampler is None or self.finished:
            raise OutOfOrder("There is audio outside of audio-start and audio-stop.")
        self._append(self._resampler.process(data))
        self._remember(data)
        if self.original_rate != REALTIME.rate:
            self.keep(len(data))
            self.original.append(data)

    def finish(self) -> None:
        """End the audio; a second call does nothing. Raises `AudioTooLong`."""
        if self._resampler is not None and not self.finished:
            self._append(self._resampler.flush())
        self.finished, self._claim.owed = True, False

    def discard(self) -> None:
        """Free the memory now, although others may still refer to this object."""
        self._claim.release()
        self.finished, self._resampler = True, None
        self._converted.clear()
        self.original.clear()
        self._recent.clear()

    def read(self, start: int, most: int) -> bytes:
        """Return at most `most` bytes from `start` on; empty if there is nothing yet."""
        return self._converted.read(start, most)

    def held(self) -> bytes:
        """Return the audio that the resampler still holds back, computed anew from the latest input.

        A draft sends it behind the recording so far; the recording itself goes on without a seam.
        """
        frames = self._received // self._frame_bytes
        samples = round(frames * REALTIME.rate / self._source.rate)
        missing = samples * REALTIME.frame_bytes - len(self)
        if missing <= 0:
            return b""
        resampler = StreamResampler(self._source)
        latest = resampler.process(bytes(self._recent[: self._whole_frames()])) + resampler.flush()
        return latest[-missing:]

    def keep(self, more: int) -> None:
        """Account for so many bytes more that are in memory, or fewer. Raises `TooManyRequests`."""
        self._kept += more
        if self._kept > self._claimed:
            step = max(_CLAIM_STEP, self._kept - self._claimed)
            self._claim.hold(step)
            self._claimed += step

    def _append(self, pcm: bytes) -> None:
        if not pcm:
            return
        length = len(self) + len(pcm)
        if length > self._max_seconds * BYTES_PER_SECOND:
            raise AudioTooLong(f"The audio is longer than {self._max_seconds:g} seconds.")
        self.keep(len(pcm))
        self._converted.append(pcm)

    def _remember(self, data: bytes) -> None:
        """Keep the latest input; the oldest is dropped in whole frames."""
        self._received += len(data)
        self._recent += data
        excess = len(self._recent) - self._most_recent
        if excess > self._most_recent:
            del self._recent[: excess - excess % self._frame_bytes]

    def _whole_frames(self) -> int:
        return len(self._recent) - len(self._recent) % self._frame_bytes


BLOCK_SECONDS = 0.1
AT_ONCE_SECONDS = 0.5
"""Of sound that are listened to at once: 15 ms of a processor, for which nobody else is served."""

_LOGGER = logging.getLogger(__name__)


class IncomingAudio:
    """The audio of one command while it arrives; mono from here on.

    `on_recorded` is called when the recording has grown; `on_listened` when the endpointing has seen that
    audio, usually in the event loop's next round. Errors of the latter go to `on_error`. `claim`: what all of
    this may hold of the memory of all requests.
    """

    def __init__(
        self,
        max_seconds: float,
        rules: EndpointingRules,
        on_recorded: Callable[[], None],
        on_listened: Callable[[Endpointing], None],
        on_error: Callable[[SpeechServiceError], None],
        claim: Claim,
    ) -> None:
        self.recording = Recording(max_seconds, claim)
        self.endpointing: Endpointing | None = None
        self._rules = rules
        self._on_recorded = on_recorded
        self._on_listened = on_listened
        self._on_error = on_error
        self._unrecorded = bytearray()
        self._frame_bytes = 0
        self._downmix: Downmix | None = None  # None: it is PCM16 mono already
        self._enough = self._at_once = 0
        self._unseen = b""
        self._soon: asyncio.Handle | None = None

    def begin(self, source: AudioFormat) -> None:
        """Set the format of what `write` will get. Raises `UnsupportedAudio`, `OutOfOrder`."""
        self.recording.begin(source.mono)
        self.endpointing = Endpointing(source.mono, self._rules)
        self._downmix = None if source == source.mono else Downmix(source)
        self._frame_bytes = source.frame_bytes
        self._at_once = round(AT_ONCE_SECONDS * source.rate) * source.mono.frame_bytes
        self._enough = self._bytes_until_decision(self.endpointing)

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

    @property
    def quiet(self) -> float | None:
        """For how many seconds nobody has spoken, as far as that was heard; None if nobody spoke at all."""
        return self.endpointing.quiet if self.endpointing and self.endpointing.speech else None

    @property
    def opinion(self) -> float:
        """From 0 to 1, how likely somebody speaks now."""
        return self.endpointing.opinion if self.endpointing else 0.0

    @property
    def behind(self) -> bool:
        """Whether there is more to be listened to than may be at once; `on_listened` will be called."""
        return len(self._unseen) > self._at_once

    def listen(self) -> None:
        """Let the endpointing see what was recorded, without calling `on_listened`.

        No more than `AT_ONCE_SECONDS`: the rest of a large chunk waits for the event loop's next rounds.
        """
        data, self._unseen = self._unseen[: self._at_once], self._unseen[self._at_once :]
        self.recording.keep(-len(data))
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None
        if self.endpointing is not None:
            self.endpointing.feed(data)
            self._enough = self._bytes_until_decision(self.endpointing)
        if self._unseen:
            self._listen_soon()

    def close(self) -> None:
        """Make no further calls and drop the references to the callbacks' owners."""
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None
        self._on_recorded = self._on_listened = self._on_error = _ignore
        if self.endpointing is not None:
            self.endpointing.close()

    def _record(self) -> None:
        data = bytes(self._unrecorded)
        self._unrecorded.clear()
        if self._downmix is not None:
            data = self._downmix.process(data)
        self.recording.write(data)
        self.recording.keep(len(data))
        self._unseen += data
        self._on_recorded()
        self._listen_soon()

    def _listen_soon(self) -> None:
        if self._soon is None:
            self._soon = asyncio.get_running_loop().call_soon(self._listen_and_report)

    def _bytes_until_decision(self, endpointing: Endpointing) -> int:
        """In the client's format."""
        frames = endpointing.bytes_until_decision(BLOCK_SECONDS) // 2
        return frames * self._frame_bytes

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
