"""The noise of a room, and how far a sound stands out of it."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from wyoming_azure_realtime.audio.sliding import SlidingMinimum

SILENT = -57.0
"""dBFS of a quiet room, dither or digital silence: nothing at or below it is a sound."""

_FULL_SCALE = 32768.0**2
_LEAST = _FULL_SCALE * 10**-10.0
_QUIETEST = _FULL_SCALE * 10**-7.5
# of a band, until the stream is long enough to tell a noise from a word
_UNKNOWN_QUIETEST = _FULL_SCALE * 10**-5.5
_STRETCH_STEPS = 3
_UNKNOWN_STRETCHES = 12
# sooner where nothing has varied by as many dB as every syllable does
_STEADY_STRETCHES, _STEADY = 5, 5.0
_STRETCHES = 33
# the fifth calmest stretch: in steady noise 2 dB, where people talk in the background 7
_CALMEST = 4


class Prominence(NamedTuple):
    """Of one step: its level in dBFS, and by how many dB it exceeds the background, averaged over bands.

    Of the last two seconds: `peak`, the greatest excess, and `ripple`, that of the background itself.
    """

    level: float
    excess: float
    peak: float
    ripple: float


class Background:
    """Follows the quietest 60 ms of the last two seconds, band by band, in steps of 20 ms.

    A noise that starts in the midst of a stream is therefore background after two seconds. Plain floats: of
    a dozen numbers at a time an array would cost more.
    """

    def __init__(self, bands: int) -> None:
        self._decibels = 10 / bands
        self._bands = bands
        self._calmest = SlidingMinimum(_STRETCHES, bands)
        self._peaks = [math.inf] * _STRETCHES
        self._stretch: list[Sequence[float]] = []
        self._before: Sequence[float] = [0.0] * bands
        self._stretches = 0
        self._peak = self._stretch_peak = -math.inf
        self._settle([_QUIETEST] * bands)

    def hear(self, powers: Sequence[float]) -> Prominence:
        """Take the powers of the next step."""
        # a band below its floor says nothing about the others
        heard = [
            max((one + other) * 0.5, floor)
            for one, other, floor in zip(powers, self._before, self._floor, strict=True)
        ]
        self._before = powers
        loudness = self._mean_of(heard)
        self._stretch_peak = max(self._stretch_peak, loudness)
        peak = max(self._peak, self._stretch_peak)
        level = 10 * math.log10(max(sum(powers) / self._bands, _LEAST) / _FULL_SCALE)
        floor = self._floor_loudness
        prominence = Prominence(level, loudness - floor, peak - floor, self._ripple)
        self._stretch.append(powers)
        if len(self._stretch) == _STRETCH_STEPS:
            self._end_stretch()
        return prominence

    def _mean_of(self, powers: Sequence[float]) -> float:
        """The mean of their decibels: one logarithm of two dozen numbers below 10^10 at most."""
        return self._decibels * math.log10(math.prod(powers))

    def _end_stretch(self) -> None:
        at = self._stretches % _STRETCHES
        self._stretches += 1
        least = self._calmest.add([sum(band) / _STRETCH_STEPS for band in zip(*self._stretch, strict=True)])
        self._peaks[at] = self._stretch_peak
        self._stretch.clear()
        self._stretch_peak = -math.inf
        known = self._peaks[: self._stretches]
        self._peak = max(known)
        floor = [max(power, _QUIETEST) for power in least]
        self._settle(floor)
        if self._stretches < _STEADY_STRETCHES or (
            self._stretches < _UNKNOWN_STRETCHES and self._peak - self._floor_loudness > _STEADY
        ):
            self._settle([min(power, _UNKNOWN_QUIETEST) for power in floor])

    def _settle(self, floor: Sequence[float]) -> None:
        self._floor = floor
        self._floor_loudness = self._mean_of(floor)
        calmest = sorted(self._peaks)[_CALMEST]
        self._ripple = calmest - self._floor_loudness if calmest < math.inf else 0.0
