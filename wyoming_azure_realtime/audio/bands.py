"""How much of a sound lies in each band of those that speech fills."""

import functools

import numpy as np
import numpy.typing as npt

from wyoming_azure_realtime.audio.samples import Samples

Powers = npt.NDArray[np.float32]

_WINDOWS_PER_SECOND = 100
_WINDOWS = 2
_REFERENCE_RATE = 16_000
# two to a band, each as wide as a window of 10 ms sees; none where only fans and mains hum
_CENTRES_HZ = np.array([200 * n for n in range(1, 21)] + [4400, 4800, 5200, 5600])
_PER_BAND = 2


def _audible(rate: int) -> npt.NDArray[np.int_]:
    return _CENTRES_HZ[: np.count_nonzero(rate * 0.48 > _CENTRES_HZ) // _PER_BAND * _PER_BAND]


@functools.cache
def _waves(rate: int) -> Powers:
    """Windowed cosines and sines, one column each; scaled so that rates hear the same."""
    samples = rate // _WINDOWS_PER_SECOND
    window = np.hanning(samples)
    angles = 2 * np.pi / rate * np.outer(np.arange(samples), _audible(rate))
    scale = np.sqrt(_REFERENCE_RATE / rate / np.sum(window**2) / _PER_BAND / _WINDOWS)
    waves = np.concatenate((np.cos(angles), np.sin(angles)), axis=1) * window[:, None] * scale
    return np.ascontiguousarray(waves, np.float32)


@functools.cache
def _gathering(rate: int) -> Powers:
    """Adds up what belongs to a band: of each window, of cosines and sines, of neighbours."""
    bands = len(_audible(rate)) // _PER_BAND
    return np.tile(np.repeat(np.eye(bands, dtype=np.float32), _PER_BAND, axis=0), (2 * _WINDOWS, 1))


class Bands:
    """Splits steps of 20 ms at `rate` into bands from 100 Hz to 5.8 kHz, or as far as the rate allows."""

    def __init__(self, rate: int) -> None:
        self._waves = _waves(rate)
        self._gathering = _gathering(rate)
        self._samples = _WINDOWS * len(self._waves)
        self.count = self._gathering.shape[1]

    def powers(self, samples: Samples, starts: npt.NDArray[np.intp]) -> Powers:
        """Mean square in each band (columns) of the steps that start there (rows), in 16-bit steps.

        The last sample of an uneven step is left out.
        """
        if len(samples) > len(starts) * self._samples:  # some steps are uneven
            samples = samples[starts[:, None] + np.arange(self._samples)]
        heard: Powers = samples.reshape(-1, len(self._waves)) @ self._waves
        heard *= heard
        split: Powers = heard.reshape(len(starts), -1) @ self._gathering
        return split
