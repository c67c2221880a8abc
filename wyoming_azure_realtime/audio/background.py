"""Measure how far each step of 20 ms of audio stands out of the background noise.

In: samples, and from them the powers in bands that speech fills (`Bands`). Out: a `Prominence` per step.
`Background` remembers two seconds; its memory does not grow.
"""

import functools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from wyoming_azure_realtime.audio.samples import Samples

SILENT = -57.0
"""dBFS of a quiet room, dither or digital silence: a step at or below it counts as silence."""

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
    """How far one step of audio stands out of the background; levels are averages over the bands.

    `level`: in dBFS. `excess`: dB above the background. Of the last two seconds: `peak`, the greatest
    excess, and `ripple`, the excess of the background itself, in dB.
    """

    level: float
    excess: float
    peak: float
    ripple: float


class Background:
    """The quietest 60 ms of the last two seconds, in each of `bands` bands; updated in steps of 20 ms.

    So a noise that begins within a stream is background after two seconds. Computed with plain floats: for a
    dozen numbers at a time arrays cost more.
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

    def measure(self, powers: Sequence[float]) -> Prominence:
        """Take the powers of the next step, one per band (mean square, in 16-bit steps)."""
        # a band below its floor says nothing about the others
        limited = [
            max((one + other) * 0.5, floor)
            for one, other, floor in zip(powers, self._before, self._floor, strict=True)
        ]
        self._before = powers
        loudness = self._mean_of(limited)
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
        """The mean of their decibels: one logarithm of at most two dozen numbers below 10^10."""
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


Powers = npt.NDArray[np.float32]

_WINDOWS_PER_SECOND = 100
_WINDOWS = 2
_REFERENCE_RATE = 16_000
# two to a band, each as wide as the resolution of 10 ms; none where only fans and mains hum
_CENTRES_HZ = np.array([200 * n for n in range(1, 21)] + [4400, 4800, 5200, 5600])
_PER_BAND = 2


def _audible(rate: int) -> npt.NDArray[np.int_]:
    return _CENTRES_HZ[: np.count_nonzero(rate * 0.48 > _CENTRES_HZ) // _PER_BAND * _PER_BAND]


@functools.cache
def _waves(rate: int) -> Powers:
    """Windowed cosines and sines, one column each; scaled so that powers are the same at every rate."""
    samples = rate // _WINDOWS_PER_SECOND
    window = np.hanning(samples)
    angles = 2 * np.pi / rate * np.outer(np.arange(samples), _audible(rate))
    scale = np.sqrt(_REFERENCE_RATE / rate / np.sum(window**2) / _PER_BAND / _WINDOWS)
    waves = np.concatenate((np.cos(angles), np.sin(angles)), axis=1) * window[:, None] * scale
    return np.ascontiguousarray(waves, np.float32)


@functools.cache
def _sums(rate: int) -> Powers:
    """A matrix that adds up what belongs to a band: both windows, cosines and sines, neighbours."""
    bands = len(_audible(rate)) // _PER_BAND
    return np.tile(np.repeat(np.eye(bands, dtype=np.float32), _PER_BAND, axis=0), (2 * _WINDOWS, 1))


class Bands:
    """Bands of sound from 100 Hz to 5.8 kHz, or as far as `rate` (Hz) allows. `count`: how many."""

    def __init__(self, rate: int) -> None:
        self._waves = _waves(rate)
        self._sums = _sums(rate)
        self._samples = _WINDOWS * len(self._waves)
        self.count = self._sums.shape[1]

    def powers(self, samples: Samples, starts: npt.NDArray[np.intp]) -> Powers:
        """Return the mean square in each band (columns) of the 20 ms at each of `starts` (rows).

        Samples are in 16-bit steps. At rates that are no multiple of 50 some steps have one sample more; it
        is left out.
        """
        if len(samples) > len(starts) * self._samples:
            samples = samples[starts[:, None] + np.arange(self._samples)]
        parts: Powers = samples.reshape(-1, len(self._waves)) @ self._waves
        parts *= parts
        powers: Powers = parts.reshape(len(starts), -1) @ self._sums
        return powers


class SlidingMinimum:
    """The least number in each column of the last `count` rows, which have `width` numbers each.

    Each row costs the same on average, however large `count` is.
    """

    def __init__(self, count: int, width: int) -> None:
        self._left = count  # rows until the oldest has to go
        self._none: Sequence[float] = [math.inf] * width
        # the least of each row and all after it up to `newer`, the oldest row last
        self._older = [self._none]
        self._newer: list[Sequence[float]] = []
        self._newest_least: Sequence[float] = self._none

    def add(self, row: Sequence[float]) -> list[float]:
        """Add a row and return the least of each column."""
        self._newer.append(row)
        self._newest_least = list(map(min, self._newest_least, row))
        if self._left:
            self._left -= 1
        else:
            self._drop_oldest()
        return list(map(min, self._older[-1], self._newest_least))

    def _drop_oldest(self) -> None:
        if len(self._older) == 1:
            for row in reversed(self._newer):
                self._older.append(list(map(min, self._older[-1], row)))
            self._newer.clear()
            self._newest_least = self._none
        self._older.pop()
