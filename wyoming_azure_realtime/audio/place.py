"""Finding the place in one rendition of a text that the end of another, unfinished one corresponds to."""

import numpy as np

from wyoming_azure_realtime.audio.alignment import OpenEndAlignment
from wyoming_azure_realtime.audio.samples import Samples
from wyoming_azure_realtime.audio.spectra import (
    AUDIBLE,
    BANDS,
    HOP,
    PRIMING,
    RANGE,
    WINDOW,
    Levels,
    Spectra,
    SpectrumStream,
    above,
    levels,
)

LEAST_CONFIDENCE = 0.5
"""Below it the renditions have too little in common, and the place is a guess."""

_BLOCK = 10
# decibels by which a second rendition may be louder
_LEVEL_TOLERANCE = 3.0
# frames of silence before the first sound that are aligned; more or less of it tells nothing
_LEAD = 10
_PAUSE_SEARCH, _PAUSE_SMOOTHING, _PAUSE_PULL = 50, 5, 0.01


class PlaceFinder:
    """Takes a rendition in blocks of `wanted` samples until `place` is known, in samples."""

    def __init__(self, heard: Samples) -> None:
        self._elapsed = len(heard)
        stream = SpectrumStream()
        # the last frame ends where `heard` ends
        self._heard: Spectra | None = stream.feed(heard[len(heard) % HOP :])
        self._floor = stream.floor
        self._peak = stream.peak
        self._alignment: OpenEndAlignment | None = None
        self._spoken_frames = 0
        self._stream = SpectrumStream()
        self._begun = False
        self._skipped = 0
        self._lead: Spectra = np.empty((0, BANDS), np.float32)
        self._levels: list[float] = []
        self.wanted = WINDOW + (PRIMING - 1) * HOP
        self.place: int | None = None

    @property
    def confidence(self) -> float:
        """0 to 1: how much of `heard` was found again."""
        return self._alignment.confidence if self._alignment else float(not self._spoken_frames)

    @property
    def earliest(self) -> int:
        """`place` will not be before this sample."""
        return (self._skipped + (self._alignment.earliest if self._alignment else 0)) * HOP

    def take(self, block: Samples) -> None:
        """Look at the next `wanted` samples."""
        self.wanted = _BLOCK * HOP
        self._look_at(block)
        alignment = self._alignment
        if alignment is None:
            if self._begun or self._silence >= self._elapsed:
                self._decide()
        elif alignment.exhausted or (alignment.confidence >= LEAST_CONFIDENCE and alignment.settled):
            self._decide()

    def finish(self, rest: Samples) -> None:
        """Decide now: after these samples there are no more."""
        self._look_at(np.concatenate((rest, np.zeros(WINDOW, np.float32))))
        self._decide()

    def _look_at(self, samples: Samples) -> None:
        spectra = self._stream.feed(samples)
        if self._heard is not None:
            self._begin(self._heard)
            self._heard = None
        floor = np.maximum(self._floor, self._stream.floor)
        if not self._begun:
            spectra = self._after_silence(spectra, floor)
        if self._begun and self._alignment and len(spectra):
            self._alignment.feed(spectra, floor)
            self._levels += _levels(spectra, floor).tolist()

    def _begin(self, heard: Spectra) -> None:
        """Bring `heard` to its level, which one without a vowel does not show, and to its first sound."""
        if len(heard) < PRIMING:
            fall = np.float32(max(0.0, self._stream.peak - _LEVEL_TOLERANCE - self._peak))
            heard = heard - fall
            self._floor = np.maximum(self._floor - fall, -RANGE)
        audible = _levels(heard, self._floor) > AUDIBLE
        self._spoken_frames = int(audible.sum())
        if self._spoken_frames:
            silent = max(0, int(audible.argmax()) - _LEAD)
            self._alignment = OpenEndAlignment(heard[silent:], self._floor)

    def _after_silence(self, spectra: Spectra, floor: Levels) -> Spectra:
        waiting = np.concatenate((self._lead, spectra))
        audible = _levels(waiting, floor) > AUDIBLE
        self._begun = bool(audible.any())
        silent = max(0, (int(audible.argmax()) if self._begun else len(waiting)) - _LEAD)
        self._skipped += silent
        self._lead = waiting[silent:]
        return self._lead

    def _decide(self) -> None:
        if self._alignment is None:
            # nothing but silence so far: little of it again
            self.place = min(self._elapsed, self._skipped * HOP if self._begun else self._silence)
        elif self.confidence >= LEAST_CONFIDENCE:
            self.place = (self._skipped + self._alignment.best_frame) * HOP + WINDOW
        else:
            self.place = max(self.earliest, (self._skipped + self._pause()) * HOP + WINDOW // 2)

    @property
    def _silence(self) -> int:
        return (self._skipped + len(self._lead)) * HOP

    def _pause(self) -> int:
        """Quietest frame near to where as much has been spoken as in `heard`."""
        level = np.array(self._levels)
        spoken = np.cumsum(level > AUDIBLE)
        target = int(np.searchsorted(spoken, self._spoken_frames))
        if target >= len(level):
            return len(level)
        reach = min(_PAUSE_SEARCH, self._spoken_frames)
        near = np.arange(max(0, target - reach), min(len(level), target + reach + 1))
        smooth = np.convolve(level, np.full(_PAUSE_SMOOTHING, 1 / _PAUSE_SMOOTHING), "same")
        return int(near[np.argmin(smooth[near] + _PAUSE_PULL * np.abs(near - target))])


def _levels(spectra: Spectra, floor: Levels) -> Levels:
    return levels(above(spectra, floor))
