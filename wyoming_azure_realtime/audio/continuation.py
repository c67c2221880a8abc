"""Continue audio that was cut off from a second synthesis of the same text.

In: the beginning of the first synthesis that was played, then the second synthesis as it arrives. Out: what
of the second is to be played (`Continuation`). `PlaceFinder` looks for the place, `alignment` compares.
"""

import numpy as np
import numpy.typing as npt

from wyoming_azure_realtime.audio.alignment import (
    AUDIBLE,
    BANDS,
    HOP,
    PRIMING,
    RANGE,
    WINDOW,
    Levels,
    OpenEndAlignment,
    Spectra,
    SpectrumStream,
    above,
    levels,
)
from wyoming_azure_realtime.audio.pcm import REALTIME
from wyoming_azure_realtime.audio.samples import Samples, decode, encode
from wyoming_azure_realtime.errors import OutOfOrder

LEAST_CONFIDENCE = 0.5
"""Confidence below which the two have too little in common, and the place is a guess."""

_WIDTH = REALTIME.frame_bytes
# a period of the lowest voices, and as far as the place found may be out by the frames it is counted in
_TEMPLATE = REALTIME.rate // 50
_SEARCH = REALTIME.rate // 80
_FADE = REALTIME.rate // 250
_MARGIN = _SEARCH + _TEMPLATE
# root mean square up to which there is no sound
_SILENT = 10.0
_FADING = ((1 + np.cos(np.pi * np.arange(_FADE) / _FADE)) / 2).astype(np.float32)

# frames looked at together
_BLOCK = 10
# decibels by which a second synthesis may be louder
_LEVEL_TOLERANCE = 3.0
# frames of silence before the first sound that are aligned; more or less of it makes no difference
_LEAD = 10
_PAUSE_SEARCH, _PAUSE_SMOOTHING, _PAUSE_PULL = 50, 5, 0.01


class Continuation:
    """Returns of a second synthesis of a text what comes after the end of `played`.

    `played` is a beginning of the first synthesis; both are 24 kHz PCM16 mono and begin where the text does.
    The second may differ in tempo (by a third), in pauses, level, pitch and noise. Any way of cutting it
    gives the same bytes. The place is decided about 0.2 s of audio after it has arrived, and not before
    0.75 s. If the two have nothing in common, it is a pause near to where as much has been spoken, and is
    decided after 1.35 times as much. A step of the signal at the seam is faded out over 4 ms; everything else
    is passed on unchanged.

    CPU on one core of a small server: 0.6 ms per second of `played` at the beginning, then 4 ms per second of
    the second synthesis (8 ms if 60 s were played): a caller that has more than 2 s of it at once and must
    not block should pass it in parts. Memory: about 50 kB per second of `played`, including the kept audio.
    """

    def __init__(self, played: bytes) -> None:
        samples = decode(played[: len(played) - len(played) % _WIDTH], REALTIME)
        self._tail = samples[-_TEMPLATE:].copy()
        self._finder: PlaceFinder | None = PlaceFinder(samples)
        self._kept = bytearray()
        self._dropped = 0
        self._looked_at = 0
        self._partial = b""
        self._ended = False

    def feed(self, pcm: bytes) -> bytes:
        """Take the next piece of the second synthesis; return what is to be played now.

        Raises: OutOfOrder after `finish`.
        """
        if self._ended:
            raise OutOfOrder("The synthesis has already ended.")
        data = self._partial + pcm
        whole = len(data) - len(data) % _WIDTH
        self._partial = data[whole:]
        if self._finder is None:
            return data[:whole]
        self._kept += data[:whole]
        return self._look(self._finder)

    def finish(self) -> bytes:
        """End the second synthesis; return what remains to be played. An incomplete last sample is dropped.

        Raises: OutOfOrder if it has ended.
        """
        if self._ended:
            raise OutOfOrder("The synthesis has already ended.")
        self._ended = True
        if self._finder is None:
            return b""
        self._finder.finish(self._samples(self._looked_at, self._end))
        self._looked_at = self._end
        return self._join(self._finder)

    def _look(self, finder: "PlaceFinder") -> bytes:
        while self._end - self._looked_at >= finder.block_size:
            block_end = self._looked_at + finder.block_size
            finder.take(self._samples(self._looked_at, block_end))
            self._looked_at = block_end
            if finder.place is not None:
                return self._join(finder)
        self._forget(min(finder.earliest - _MARGIN, self._looked_at))
        return b""

    def _join(self, finder: "PlaceFinder") -> bytes:
        place = min(finder.place or 0, self._looked_at - (0 if self._ended else _MARGIN))
        place = max(self._dropped, self._in_phase(place))
        self._finder = None
        rest = (
            self._without_step(place)
            + bytes(self._kept[(place - self._dropped) * _WIDTH :])[_FADE * _WIDTH :]
        )
        self._kept.clear()
        return rest

    def _in_phase(self, place: int) -> int:
        """The place near `place` before which the waveform is most like the end of `played`."""
        template = self._tail
        length = len(template)
        low = max(place - _SEARCH, self._dropped + length)
        high = min(place + _SEARCH, self._looked_at)
        loudness = float(np.sqrt(np.square(template).sum()))
        if high < low or loudness <= _SILENT * length**0.5:
            return place
        nearby = self._samples(low - length, high)
        squares = np.concatenate((np.zeros(1), np.cumsum(np.square(nearby, dtype=np.float64))))
        energies = np.maximum(squares[length:] - squares[:-length], 1.0)
        likeness = np.correlate(nearby, template, "valid") / (loudness * np.sqrt(energies))
        return low + int(np.argmax(likeness))

    def _without_step(self, place: int) -> bytes:
        """The first samples from `place` on, changed so that they begin at the level where `played` ended."""
        start = max(self._dropped, place - 1)
        samples = self._samples(start, min(place + _FADE, self._looked_at))
        if not len(self._tail) or len(samples) < 2 or start == place:
            return encode(samples[place - start :])
        step = self._tail[-1] - samples[0]
        samples = samples[1:]
        return encode(samples + step * _FADING[: len(samples)])

    @property
    def _end(self) -> int:
        return self._dropped + len(self._kept) // _WIDTH

    def _samples(self, start: int, stop: int) -> Samples:
        first, last = (start - self._dropped) * _WIDTH, (stop - self._dropped) * _WIDTH
        return decode(bytes(self._kept[first:last]), REALTIME)

    def _forget(self, before: int) -> None:
        if before > self._dropped:
            del self._kept[: (before - self._dropped) * _WIDTH]
            self._dropped = before


class PlaceFinder:
    """Finds the place in the second synthesis that corresponds to the end of `played`.

    Takes the second synthesis in blocks of `block_size` samples until `place`, in samples, is not None.
    """

    def __init__(self, played: Samples) -> None:
        self._elapsed = len(played)
        stream = SpectrumStream()
        # the last frame ends where `played` ends
        self._played: Spectra | None = stream.feed(played[len(played) % HOP :])
        self._floor = stream.floor
        self._peak = stream.peak
        self._alignment: OpenEndAlignment | None = None
        self._spoken_frames = 0
        self._stream = SpectrumStream()
        self._begun = False
        self._skipped = 0
        self._lead: Spectra = np.empty((0, BANDS), np.float32)
        self._levels: list[float] = []
        self.block_size = WINDOW + (PRIMING - 1) * HOP
        self.place: int | None = None

    @property
    def confidence(self) -> float:
        """How much of `played` was found again, 0 to 1."""
        return self._alignment.confidence if self._alignment else float(not self._spoken_frames)

    @property
    def earliest(self) -> int:
        """A lower bound of `place`, in samples."""
        return (self._skipped + (self._alignment.earliest if self._alignment else 0)) * HOP

    def take(self, block: Samples) -> None:
        """Look at the next `block_size` samples."""
        self.block_size = _BLOCK * HOP
        self._look_at(block)
        alignment = self._alignment
        if alignment is None:
            if self._begun or self._silence >= self._elapsed:
                self._decide()
        elif alignment.exhausted or (alignment.confidence >= LEAST_CONFIDENCE and alignment.settled):
            self._decide()

    def finish(self, rest: Samples) -> None:
        """Decide on the place: after these samples there are no more."""
        self._look_at(np.concatenate((rest, np.zeros(WINDOW, np.float32))))
        self._decide()

    def _look_at(self, samples: Samples) -> None:
        spectra = self._stream.feed(samples)
        if self._played is not None:
            self._begin(self._played)
            self._played = None
        floor = np.maximum(self._floor, self._stream.floor)
        if not self._begun:
            spectra = self._after_silence(spectra, floor)
        if self._begun and self._alignment and len(spectra):
            self._alignment.feed(spectra, floor)
            self._levels += levels(above(spectra, floor)).tolist()

    def _begin(self, played: Spectra) -> None:
        """Begin the alignment with the first sound of `played`.

        A short `played` may have no vowel, so its peak is too low; then that of the second synthesis counts.
        """
        if len(played) < PRIMING:
            fall = np.float32(max(0.0, self._stream.peak - _LEVEL_TOLERANCE - self._peak))
            played = played - fall
            self._floor = np.maximum(self._floor - fall, -RANGE)
        audible = _audible(played, self._floor)
        self._spoken_frames = int(audible.sum())
        if self._spoken_frames:
            silent = max(0, int(audible.argmax()) - _LEAD)
            self._alignment = OpenEndAlignment(played[silent:], self._floor)

    def _after_silence(self, spectra: Spectra, floor: Levels) -> Spectra:
        waiting = np.concatenate((self._lead, spectra))
        audible = _audible(waiting, floor)
        self._begun = bool(audible.any())
        silent = max(0, (int(audible.argmax()) if self._begun else len(waiting)) - _LEAD)
        self._skipped += silent
        self._lead = waiting[silent:]
        return self._lead

    def _decide(self) -> None:
        if self._alignment is None:
            # only silence was played: as much of it is skipped
            self.place = min(self._elapsed, self._skipped * HOP if self._begun else self._silence)
        elif self.confidence >= LEAST_CONFIDENCE:
            self.place = (self._skipped + self._alignment.best_frame) * HOP + WINDOW
        else:
            self.place = max(self.earliest, (self._skipped + self._pause()) * HOP + WINDOW // 2)

    @property
    def _silence(self) -> int:
        return (self._skipped + len(self._lead)) * HOP

    def _pause(self) -> int:
        """The quietest frame near to where as many frames are audible as in `played`."""
        level = np.array(self._levels)
        spoken = np.cumsum(level > AUDIBLE)
        target = int(np.searchsorted(spoken, self._spoken_frames))
        if target >= len(level):
            return len(level)
        reach = min(_PAUSE_SEARCH, self._spoken_frames)
        near = np.arange(max(0, target - reach), min(len(level), target + reach + 1))
        smooth = np.convolve(level, np.full(_PAUSE_SMOOTHING, 1 / _PAUSE_SMOOTHING), "same")
        return int(near[np.argmin(smooth[near] + _PAUSE_PULL * np.abs(near - target))])


def _audible(spectra: Spectra, floor: Levels) -> npt.NDArray[np.bool_]:
    """Which frames are no pause."""
    audible: npt.NDArray[np.bool_] = levels(above(spectra, floor)) > AUDIBLE
    return audible
