"""Whether a piece of sound is speech, by WebRTC's voice activity detector where that is installed."""

from importlib.util import find_spec

import numpy as np

from wyoming_azure_realtime.audio.samples import Samples, encode

if find_spec("webrtcvad"):
    import webrtcvad

    _LIBRARY = webrtcvad.Vad
else:  # a platform without a wheel
    _LIBRARY = None

_NATIVE_RATES = frozenset({8_000, 16_000, 32_000, 48_000})
_OTHER_RATE = 16_000
_OTHER_FRAME = _OTHER_RATE // 100

# of 0 to 3: how sure it has to be; 3 misses soft speech
_SURE = 2


class SpeechDetector:
    """Takes frames of 10 ms, s16le mono. Without the library, whatever it is asked about is speech."""

    def __init__(self, rate: int) -> None:
        self._rate = rate if rate in _NATIVE_RATES else _OTHER_RATE
        self._native = rate in _NATIVE_RATES
        self._vad = None if _LIBRARY is None else _LIBRARY(_SURE)

    def is_speech(self, frame: bytes) -> bool:
        """Whether the next frame sounds like speech, or follows so closely that it may."""
        if self._vad is None:
            return True
        if not self._native:
            frame = _converted(np.frombuffer(frame, "<i2"))
        return bool(self._vad.is_speech(frame, self._rate))


def _converted(frame: Samples) -> bytes:
    """The frame with as many samples as 16 kHz has, each the mean of what it covers."""
    sums = np.concatenate(([0.0], np.cumsum(frame, dtype=np.float64)))
    edges = np.linspace(0, len(frame), _OTHER_FRAME + 1)
    means = np.diff(np.interp(edges, np.arange(len(sums)), sums)) * (_OTHER_FRAME / len(frame))
    return encode(means.astype(np.float32))
