"""The noise of a room, and how far a sound stands out of it."""

import math
from typing import NamedTuple

import numpy as np

from wyoming_azure_realtime.audio.bands import Powers

SILENT = -57.0
"""dBFS of a quiet room, dither or digital silence: nothing at or below it is a sound."""

_FULL_SCALE = 32768.0**2
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

    A noise that starts in the midst of a stream is therefore background after two seconds.
    """

    def __init__(self, bands: int) -> None:
        self._decibels = np.full(bands, 10 / bands, np.float32)
        self._share = np.full(bands, 1 / bands, np.float32)
        self._means = np.full((_STRETCHES, bands), np.inf, np.float32)
        self._peaks = np.full(_STRETCHES, math.inf)
        self._sum = np.zeros(bands, np.float32)
        self._before = np.zeros(bands, np.float32)
        self._steps = 0
        self._peak = self._stretch_peak = -math.inf
        self._settle(np.full(bands, _QUIETEST, np.float32))

    def hear(self, powers: Powers) -> Prominence:
        """Take the powers of the next step."""
        smooth = (powers + self._before) * 0.5
        self._before = powers
        # a band below its floor says nothing about the others
        loudness = float(np.log10(np.maximum(smooth, self._floor)) @ self._decibels)
        self._stretch_peak = max(self._stretch_peak, loudness)
        peak = max(self._peak, self._stretch_peak)
        level = 10 * math.log10(max(float(powers @ self._share) / _FULL_SCALE, 1e-10))
        floor = self._floor_loudness
        prominence = Prominence(level, loudness - floor, peak - floor, self._ripple)
        self._sum += powers
        self._steps += 1
        if self._steps % _STRETCH_STEPS == 0:
            self._end_stretch()
        return prominence

    def _end_stretch(self) -> None:
        stretches = self._steps // _STRETCH_STEPS
        at = (stretches - 1) % _STRETCHES
        self._means[at] = self._sum / _STRETCH_STEPS
        self._peaks[at] = self._stretch_peak
        self._sum[:] = 0
        self._stretch_peak = -math.inf
        self._peak = float(self._peaks[: min(stretches, _STRETCHES)].max())
        floor = np.maximum(self._means.min(axis=0), _QUIETEST)
        self._settle(floor)
        if stretches < _STEADY_STRETCHES or (
            stretches < _UNKNOWN_STRETCHES and self._peak - self._floor_loudness > _STEADY
        ):
            self._settle(np.minimum(floor, _UNKNOWN_QUIETEST))

    def _settle(self, floor: Powers) -> None:
        self._floor = floor
        self._floor_loudness = float(np.log10(floor) @ self._decibels)
        calmest = float(np.partition(self._peaks, _CALMEST)[_CALMEST])
        self._ripple = calmest - self._floor_loudness if calmest < math.inf else 0.0
