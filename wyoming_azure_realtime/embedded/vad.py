"""Where speech is, by its energy. Pure: audio in, a decision per 20 ms out."""

import numpy as np

from wyoming_azure_realtime.audio.pcm import REALTIME

FRAME_MS = 20
FRAME_BYTES = REALTIME.bytes_per_second * FRAME_MS // 1000
_QUIETEST_DB, _LOUDEST_DB = -60.0, -20.0
_ABOVE_NOISE_DB = 9.0
_NOISE_FOLLOWS = 0.05


class EnergyVad:
    """`threshold` 0 to 1 is -60 to -20 dBFS; steady noise raises it."""

    def __init__(self, threshold: float = 0.5) -> None:
        self._least_db = _QUIETEST_DB + threshold * (_LOUDEST_DB - _QUIETEST_DB)
        self._noise_db = _QUIETEST_DB - _ABOVE_NOISE_DB

    def decide(self, frames: bytes) -> list[bool]:
        """Whether each whole frame of `frames` holds speech."""
        samples = np.frombuffer(frames, "<i2").reshape(-1, FRAME_BYTES // REALTIME.frame_bytes)
        power = np.square(samples.astype(np.float64)).mean(axis=1)
        levels = 10 * np.log10(power / 32768.0**2 + 1e-12)
        return [self._is_speech(float(level)) for level in levels]

    def _is_speech(self, level: float) -> bool:
        speech = level > max(self._least_db, self._noise_db + _ABOVE_NOISE_DB)
        if not speech:
            self._noise_db += (level - self._noise_db) * _NOISE_FOLLOWS
        return speech
