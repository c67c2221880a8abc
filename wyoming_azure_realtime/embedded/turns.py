"""Turn detection: cuts a stream of audio into turns. Pure; times count from the session's first byte."""

from collections.abc import Iterator
from dataclasses import dataclass

from wyoming_azure_realtime.audio.pcm import REALTIME
from wyoming_azure_realtime.embedded.vad import FRAME_BYTES, FRAME_MS, EnergyVad
from wyoming_azure_realtime.realtime.shapes import JsonObject

ONSET_FRAMES = 3
"""So many frames of speech in a row begin a turn."""

# The vendor's caps are 8, 4 and 2 s; who has nothing but energy to go by need not wait that long.
_SEMANTIC_SILENCE_MS = {"low": 2000, "medium": 1000, "auto": 1000, "high": 500}
_BYTES_PER_MS = REALTIME.bytes_per_second // 1000


@dataclass(frozen=True, slots=True)
class SegmentStarted:
    """`audio` is what the turn has so far, prefix padding included."""

    at_ms: int
    audio: bytes


@dataclass(frozen=True, slots=True)
class SegmentContinued:
    """More audio of the turn."""

    audio: bytes


@dataclass(frozen=True, slots=True)
class SegmentStopped:
    """The trailing silence is part of the turn."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class SilenceTimeout:
    """The idle timeout passed; `audio` is what was heard of it, prefix padding at most."""

    from_ms: int
    to_ms: int
    audio: bytes


SegmentEvent = SegmentStarted | SegmentContinued | SegmentStopped | SilenceTimeout


class SegmentDetector:
    """Set up from the session's `turn_detection`; `start_ms` is the time of the first byte fed."""

    def __init__(self, settings: JsonObject, start_ms: int = 0, *, in_segment: bool = False) -> None:
        semantic = settings["type"] == "semantic_vad"
        self._vad = EnergyVad(0.5 if semantic else settings["threshold"])
        self._padding_ms: int = 300 if semantic else settings["prefix_padding_ms"]
        self._silence_ms: int = (
            _SEMANTIC_SILENCE_MS[settings["eagerness"]] if semantic else settings["silence_duration_ms"]
        )
        self._idle_ms: int | None = settings.get("idle_timeout_ms")
        self._start_ms = self._idle_since = start_ms
        self._passed = 0
        self._rest = b""
        self._before = bytearray()
        self._onset = 0
        self._quiet_ms = 0
        self.in_segment = in_segment

    def feed(self, pcm: bytes) -> Iterator[SegmentEvent]:
        """What the audio brings, in order. Consume it before feeding more."""
        audio = self._rest + pcm
        whole = len(audio) - len(audio) % FRAME_BYTES
        self._rest = audio[whole:]
        for place, speech in enumerate(self._vad.decide(audio[:whole]) if whole else ()):
            frame = audio[place * FRAME_BYTES : (place + 1) * FRAME_BYTES]
            self._passed += FRAME_BYTES
            yield from self._in_segment(frame, speech) if self.in_segment else self._between(frame, speech)

    @property
    def _now_ms(self) -> int:
        return self._start_ms + self._passed // _BYTES_PER_MS

    def rest(self) -> bytes:
        """Take what is no whole frame yet; the next frame begins after it."""
        rest, self._rest = self._rest, b""
        self._passed += len(rest)
        return rest

    def skip(self, pcm: bytes) -> None:
        """Time goes by, and what was heard is forgotten: it was cleared."""
        self._rest += pcm
        self.end_segment()

    def end_segment(self) -> None:
        """The turn was closed by hand."""
        self.rest()
        self._begin_anew()

    def _begin_anew(self) -> None:
        self.in_segment, self._onset, self._quiet_ms = False, 0, 0
        self._before.clear()
        self._idle_since = self._now_ms

    def _between(self, frame: bytes, speech: bool) -> Iterator[SegmentEvent]:
        self._before += frame
        self._onset = self._onset + 1 if speech else 0
        keep = (self._padding_ms + max(1, self._onset) * FRAME_MS) * _BYTES_PER_MS
        del self._before[: max(0, len(self._before) - keep)]
        if self._onset >= ONSET_FRAMES:
            self.in_segment, self._quiet_ms = True, 0
            yield SegmentStarted(self._now_ms - len(self._before) // _BYTES_PER_MS, bytes(self._before))
            self._before.clear()
        elif self._idle_ms is not None and self._now_ms - self._idle_since >= self._idle_ms:
            yield SilenceTimeout(self._idle_since, self._now_ms, bytes(self._before))
            self._begin_anew()

    def _in_segment(self, frame: bytes, speech: bool) -> Iterator[SegmentEvent]:
        self._quiet_ms = 0 if speech else self._quiet_ms + FRAME_MS
        yield SegmentContinued(frame)
        if not speech and self._quiet_ms >= self._silence_ms:
            self._begin_anew()
            yield SegmentStopped(self._now_ms)
