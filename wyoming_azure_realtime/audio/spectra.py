"""Speech as a stream of spectra that two renditions of one text have in common.

A frame is 25 ms of sound, one begins every 10 ms, and its spectrum is the power in bands a fifth of an
octave to a third apart, in decibels below the loudest so far: so neither level nor pitch show much.
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

HOP = REALTIME.rate // 100
WINDOW = REALTIME.rate // 40
BANDS = 20
PRIMING = 75
RANGE = 40.0
AUDIBLE = 0.25
"""Of `levels`: what is less is a pause."""

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


class SpectrumStream:
    """Spectra of one stream of samples. The first PRIMING frames of the first feed share their peak.

    `peak`: the loudest band so far, in decibels, fading by 2 dB a second.
    """

    def __init__(self) -> None:
        self._primed = False
        self._samples = np.empty(0, np.float32)
        self.peak = _QUIETEST_PEAK
        self._recent: Spectra = np.empty((0, BANDS), np.float32)
        self._quietest = np.zeros(BANDS, np.float32)
        self._measured = 0

    def feed(self, samples: Samples) -> Spectra:
        """Decibels relative to the peak, for every frame that is now complete."""
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
        """Per band, the level below which there is only noise or nothing of interest."""
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
    """What stands out of the noise, in bels: zero in every band where nothing does."""
    bels: Spectra = np.maximum(spectra - floor, 0) * np.float32(0.1)
    return bels


def levels(bels: Spectra) -> Levels:
    """How loud each frame is that `above` has been applied to."""
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
