"""Align one synthesis of a text with an earlier, unfinished one, while it arrives.

In: samples at 24 kHz. Out: where in the second synthesis the end of the first is (`OpenEndAlignment`).

Both are compared as spectra (`SpectrumStream`). A frame is 25 ms of audio, one begins every 10 ms, and its
spectrum is the power in bands a fifth of an octave to a third wide, in decibels below the loudest so far: so
neither level nor pitch make much difference.
"""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from wyoming_azure_realtime.audio.pcm import REALTIME
from wyoming_azure_realtime.audio.samples import Samples

Spectra: TypeAlias = npt.NDArray[np.float32]
"""One row per frame, one column per band."""
Levels: TypeAlias = npt.NDArray[np.float32]
"""One value per band, or per frame."""
Costs: TypeAlias = npt.NDArray[np.float64]
"""What alignments cost, one value per frame of the first synthesis."""

HOP = REALTIME.rate // 100
"""Samples from the beginning of a frame to that of the next."""
WINDOW = REALTIME.rate // 40
"""Samples of a frame."""
BANDS = 20
PRIMING = 75
"""Frames from which the first peak is taken: 0.75 s."""
RANGE = 40.0
"""Decibels below the peak, from which on nothing counts."""
AUDIBLE = 0.25
"""The level of a frame, in bels, below which it is a pause."""

_FFT = 1024
# frames transformed together: more would leave the cache
_AT_ONCE = 64
_LOWEST_HZ, _HIGHEST_HZ = 100.0, 8000.0
# decibels, where a sine at full scale reaches about 130
_QUIETEST_PEAK, _DIGITAL_SILENCE = 80.0, 10.0
_PEAK_DECAY = 0.02
# the least of the averages of five frames lies so far below the loudest frames of a steady noise
_NOISE_SMOOTHING, _NOISE_SPREAD, _LOUDEST_NOISE = 5, 8.0, -20.0
_NOISE_FRAMES = 30

# The cost of leaving out a frame: a constant, and so much per bel of its level.
_SKIP, _SKIP_LOUD = 0.05, 0.9
# The cost of taking two frames of one synthesis for one of the other.
_STRETCH = 0.12
# How many times as many audible frames one synthesis may have used up as the other, and how many more.
_TEMPO, _SLACK = 1.35, 100
# How many more frames than twice those of the first synthesis are looked at.
_PAUSES = 1000
# Alignments that are not complete are assumed to cost no less than this per frame that is left.
_HOPE, _HOPE_SHARE = 0.08, 0.6
_LOOK_AHEAD = 8
_FAR = 1e9


class SpectrumStream:
    """The spectra of one stream of samples. The first PRIMING frames of the first feed share their peak.

    `peak`: the loudest band so far, in decibels; it decays by 2 dB a second.
    """

    def __init__(self) -> None:
        self._primed = False
        self._samples = np.empty(0, np.float32)
        self.peak = _QUIETEST_PEAK
        self._recent: Spectra = np.empty((0, BANDS), np.float32)
        self._quietest = np.zeros(BANDS, np.float32)
        self._measured = 0

    def feed(self, samples: Samples) -> Spectra:
        """Take samples; return decibels relative to the peak, for every frame that is now complete."""
        joined = np.concatenate((self._samples, samples))
        count = max(0, (len(joined) - WINDOW) // HOP + 1)
        self._samples = joined[count * HOP :].copy()
        if not count:
            return np.empty((0, BANDS), np.float32)
        frames = np.lib.stride_tricks.sliding_window_view(joined, WINDOW)[: count * HOP : HOP]
        decibels = np.concatenate([_decibels(frames[at : at + _AT_ONCE]) for at in range(0, count, _AT_ONCE)])
        loudest = decibels.max(axis=1)
        relative: Spectra = decibels - self._peaks(loudest)[:, None]
        self._measure_noise(relative[loudest > _DIGITAL_SILENCE])
        return relative

    @property
    def floor(self) -> Levels:
        """The level of each band, in decibels relative to the peak, up to which there is only noise."""
        if self._measured < _NOISE_FRAMES:
            return np.full(BANDS, -RANGE, np.float32)
        floor: Levels = np.clip(self._quietest + np.float32(_NOISE_SPREAD), -RANGE, _LOUDEST_NOISE)
        return floor

    def _peaks(self, loudest: Levels) -> Levels:
        decay = _PEAK_DECAY * np.arange(1, len(loudest) + 1)
        if not self._primed:
            self.peak = max(self.peak, float(loudest[:PRIMING].max()))
            self._primed = True
        peaks = np.maximum.accumulate(np.maximum(loudest + decay, self.peak)) - decay
        self.peak = max(float(peaks[-1]), _QUIETEST_PEAK)
        shared: Levels = np.maximum(peaks, _QUIETEST_PEAK).astype(np.float32)
        return shared

    def _measure_noise(self, spectra: Spectra) -> None:
        self._measured += len(spectra)
        joined = np.concatenate((self._recent, spectra))
        self._recent = joined[-(_NOISE_SMOOTHING - 1) :]
        if len(joined) >= _NOISE_SMOOTHING:
            count = len(joined) - _NOISE_SMOOTHING + 1
            total = sum(joined[at : at + count] for at in range(_NOISE_SMOOTHING))
            self._quietest = np.minimum(self._quietest, np.min(total, axis=0) / _NOISE_SMOOTHING)


def above(spectra: Spectra, floor: Levels) -> Spectra:
    """Return how far spectra exceed the noise, in bels: zero where they do not."""
    bels: Spectra = np.maximum(spectra - floor, 0) * np.float32(0.1)
    return bels


def levels(bels: Spectra) -> Levels:
    """Return the level of each frame of what `above` returned."""
    means: Levels = bels.mean(axis=1)
    return means


def _decibels(frames: Samples) -> Spectra:
    power = np.square(np.abs(np.fft.rfft(frames * _HANN, _FFT)))
    bands: Spectra = 10 * np.log10(power @ _MEL + np.float32(1e-3))
    return bands


def _mel_weights() -> Spectra:
    def mel(hz: float) -> float:
        return float(2595 * np.log10(1 + hz / 700))

    edges = 700 * (10 ** (np.linspace(mel(_LOWEST_HZ), mel(_HIGHEST_HZ), BANDS + 2) / 2595) - 1)
    hz = np.fft.rfftfreq(_FFT, 1 / REALTIME.rate)[:, None]
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    triangles = np.maximum(0, np.minimum((hz - low) / (centre - low), (high - hz) / (high - centre)))
    weights: Spectra = (triangles / triangles.sum(axis=0)).astype(np.float32)
    return weights


_HANN = np.hanning(WINDOW).astype(np.float32)
_MEL = _mel_weights()


class OpenEndAlignment:
    """Dynamic time warping of the whole of the `first` synthesis onto a beginning of the second.

    `floor`: the level of noise in each band. Only the place is asked for where all of `first` fits best, so
    per frame of the second the cost of the best alignment of every beginning of `first` is kept, and no path.
    Steps take one frame of each, one and two, two and one, or leave frames out, which costs little in pauses.
    Memory and the time per frame grow with the length of `first`, of which up to 0.6 is compared with each
    frame (a tempo between 1/1.35 and 1.35 leaves no more).

    `best_frame`: the frame of the second synthesis that is the last of `first`, or -1. `earliest`: a lower
    bound of it. `frames`: how many were fed.
    """

    def __init__(self, first: Spectra, floor: Levels) -> None:
        self._first = first
        self._count = len(first)
        self._set_floor(floor)
        # entry i + 2: i frames of `first` are used up; two entries in front spare every step its edge case
        self._now = np.full(self._count + 3, _FAR)
        self._now[2:] = self._skip_sums[2:]
        self._before = np.full(self._count + 3, _FAR)
        self._distance_before = np.full(self._count + 2, _FAR)
        self._spoken = 0
        self.frames = 0
        self.earliest = 0
        self.best_frame = -1
        self.best_cost = float(self._now[-1])

    @property
    def confidence(self) -> float:
        """1 for a perfect fit, 0 if it costs as much as leaving out all of `first`."""
        return max(0.0, 1.0 - self.best_cost / max(float(self._skip_sums[-1]), 1e-9))

    @property
    def exhausted(self) -> bool:
        """Whether every later frame would be too late to fit."""
        late = self._spoken > self._first_spoken[-1] * _TEMPO + _SLACK
        return bool(late) or self.frames > 2 * self._count + _PAUSES

    @property
    def settled(self) -> bool:
        """Whether no later frame is likely to fit better than `best_frame`."""
        if self.best_frame < 0 or self.frames - 1 - self.best_frame < _LOOK_AHEAD:
            return False
        per_frame = min(_HOPE, _HOPE_SHARE * self.best_cost / self._count)
        rest = np.arange(self._count, 0, -1) * per_frame
        return bool((self._now[2:-1] + rest).min() > self.best_cost)

    def feed(self, frames: Spectra, floor: Levels) -> None:
        """Take the next frames of the second synthesis. `floor`: the level of noise in either, per band."""
        if np.abs(floor - self._floor).max() > 1:
            self._set_floor(floor)
        fresh = above(frames, self._floor)
        low, high = self._band(fresh)
        if high < self._count and self.best_frame < 0:
            self.earliest = self.frames + len(fresh)
        distances = self._distances(fresh, low, high)
        skips = _SKIP + _SKIP_LOUD * np.sqrt((fresh**2).mean(axis=1))
        for distance, skip in zip(distances, skips, strict=True):
            self._step(distance, float(skip), low, high)

    def _set_floor(self, floor: Levels) -> None:
        self._floor = floor
        self._levels = above(self._first, floor)
        self._first_spoken = np.concatenate((np.zeros(1), np.cumsum(levels(self._levels) > AUDIBLE)))
        self._squares = (self._levels**2).mean(axis=1)
        sums = np.cumsum(_SKIP + _SKIP_LOUD * np.sqrt(self._squares), dtype=np.float64)
        self._skip_sums = np.concatenate((np.zeros(3), sums))

    def _band(self, fresh: Spectra) -> tuple[int, int]:
        """Fewest and most frames of `first` that may be used up."""
        fewest = (self._spoken - _SLACK) / _TEMPO
        self._spoken += int((levels(fresh) > AUDIBLE).sum())
        most = self._spoken * _TEMPO + _SLACK
        low = int(np.searchsorted(self._first_spoken, fewest))
        high = int(np.searchsorted(self._first_spoken, most, side="right")) - 1
        return min(low, self._count), high

    def _distances(self, fresh: Spectra, low: int, high: int) -> Costs:
        """Root mean square differences in bels, one row per frame fed, in the shape that `_step` needs."""
        start = max(0, low - 2)
        products = fresh @ self._levels[start:high].T * (2 / fresh.shape[1])
        squares = (fresh**2).mean(axis=1)[:, None] + self._squares[start:high] - products
        padded = np.full((len(fresh), high - low + 2), _FAR)
        padded[:, start - low + 2 :] = np.sqrt(np.maximum(squares, 0))
        return padded

    def _step(self, distance: Costs, skip: float, low: int, high: int) -> None:
        now, before = self._now, self._before
        here, back, last = slice(low + 2, high + 3), slice(low + 1, high + 2), slice(low, high + 1)
        one, two = distance[1:], distance[:-1]
        costs = now[back] + one
        np.minimum(costs, before[back] + 0.5 * (one + self._distance_before[back]) + _STRETCH, out=costs)
        np.minimum(costs, now[last] + one + two + _STRETCH, out=costs)
        np.minimum(costs, now[here] + skip, out=costs)
        # leaving out frames of `first`: the least over all places where that may have begun
        sums = self._skip_sums[here]
        costs -= sums
        np.minimum.accumulate(costs, out=costs)
        costs += sums
        before.fill(_FAR)
        before[here] = costs
        self._now, self._before = before, now
        self._distance_before.fill(_FAR)
        self._distance_before[low : high + 2] = distance
        if costs[-1] < self.best_cost and high == self._count:
            self.best_cost, self.best_frame = float(costs[-1]), self.frames
        self.frames += 1
