"""How much of a sound lies in each band of those that speech fills."""

import functools

import numpy as np
import numpy.typing as npt

from wyoming_azure_realtime.audio.samples import Samples

Powers = npt.NDArray[np.float32]

_WINDOWS_PER_SECOND = 100
_REFERENCE_RATE = 16_000
# two to a band, each as wide as a window of 10 ms sees; none where only fans and mains hum
_CENTRES_HZ = np.array([200 * n for n in range(1, 21)] + [4400, 4800, 5200, 5600])
_PER_BAND = 2


@functools.cache
def _analysis(rate: int) -> Powers:
    """Windowed cosines and sines, one column each; scaled so that rates hear the same."""
    samples = rate // _WINDOWS_PER_SECOND
    window = np.hanning(samples)
    audible = _CENTRES_HZ[: np.count_nonzero(rate * 0.48 > _CENTRES_HZ) // _PER_BAND * _PER_BAND]
    angles = 2 * np.pi / rate * np.outer(np.arange(samples), audible)
    scale = np.sqrt(_REFERENCE_RATE / rate / np.sum(window**2) / _PER_BAND)
    waves = np.concatenate((np.cos(angles), np.sin(angles)), axis=1) * window[:, None] * scale
    return np.ascontiguousarray(waves, np.float32)


class Bands:
    """Splits windows of 10 ms at `rate` into bands from 100 Hz to 5.8 kHz, or as far as the rate allows."""

    def __init__(self, rate: int) -> None:
        self._waves = _analysis(rate)
        self._samples = len(self._waves)
        self.count = self._waves.shape[1] // (2 * _PER_BAND)

    def powers(self, samples: Samples) -> Powers:
        """Mean square in each band over all whole windows of `samples`, in 16-bit steps."""
        windows = len(samples) // self._samples
        heard = samples[: windows * self._samples].reshape(windows, self._samples) @ self._waves
        heard *= heard
        split: Powers = heard.sum(axis=0).reshape(2, self.count, _PER_BAND).sum(axis=(0, 2))
        split /= windows
        return split
