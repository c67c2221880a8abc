"""Find speech in a stream of PCM, to know when it has ended.

In: PCM of any format, cut anywhere. Out: seconds of speech so far, and since speech or any sound ended.
Every step of 20 ms is judged by its level above the background noise and by WebRTC's voice activity detector,
where that is installed. Keeps two seconds of levels and less than one step of audio.
"""

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec

import numpy as np

from wyoming_azure_realtime.audio.background import SILENT, Background, Bands, Prominence
from wyoming_azure_realtime.audio.pcm import AudioFormat
from wyoming_azure_realtime.audio.samples import Samples, decode, encode

if find_spec("webrtcvad"):
    import webrtcvad

    _LIBRARY = webrtcvad.Vad
else:  # a platform without a wheel
    _LIBRARY = None

_STEPS_PER_SECOND = 50

# dB above the background: steady noise hardly reaches the first, every syllable of speech reaches the second
_AUDIBLE, _CLEAR = 3.0, 4.5
# dBFS below which the detector overlooks short words: there, whatever is clear counts as speech
_FAINT = -42.0
# the detector overlooks an s within words too: so many steps after speech, whatever is clear counts as speech
_BELONGING_STEPS = 20
# dB above the background: a sound from a single step on
_BANG = 10.0
# dB: where the background ripples more than steady noise does, as with talk in the room, speech has to exceed
# it by so many times the ripple, but by no more than a share of the recent peak. A ripple beyond the last
# figure is that of speech without a gap for two seconds.
_STEADY_RIPPLE, _MOST_RIPPLE, _SPEECH_RIPPLE = 2.0, 8.0, 14.0
_TIMES_RIPPLE, _SHARE_OF_PEAK = 2.2, 0.65
# speech begins with so many clear steps: clicks and the peaks of a noise are shorter
_ONSET_STEPS = 2
# within speech: steps that may be less than clear in a row, and steps that may be less than audible
_SOFT_STEPS, _BURIED_STEPS = 10, 5

_NATIVE_RATES = frozenset({8_000, 16_000, 32_000, 48_000})
_OTHER_RATE = 16_000
_OTHER_STEP = _OTHER_RATE // _STEPS_PER_SECOND

# of 0 to 3: how sure the detector has to be; 3 misses soft speech
_SURE = 2


class Endpointer:
    """Finds speech in one utterance of `source` audio.

    All figures are seconds of the input and the same however it is cut, except that less than a step of 20 ms
    counts for `total` only. Without the detector's library any sound above the background counts as speech.
    """

    def __init__(self, source: AudioFormat) -> None:
        self._source = source
        self._plain = source.width == 2 and source.channels == 1
        self._detector = SpeechDetector(source.rate)
        self._bands = Bands(source.rate)
        self._background = Background(self._bands.count)
        self._pending = b""
        self._bytes = 0
        self._steps = 0
        self._speech_steps = 0
        self._speech_end = self._belongs_until = 0
        self._sound_end = 0
        self._run = self._soft_left = self._buried_left = 0
        self._excess_before = 0.0

    @property
    def total(self) -> float:
        """Seconds of audio so far."""
        return self._bytes / self._source.bytes_per_second

    @property
    def speech(self) -> float:
        """Seconds of speech so far."""
        return self._speech_steps / _STEPS_PER_SECOND

    @property
    def quiet(self) -> float:
        """Seconds since the last speech ended, or since the beginning."""
        return self.total - self._speech_end / _STEPS_PER_SECOND

    @property
    def calm(self) -> float:
        """Seconds since the last sound above the background ended, speech or not, or since the beginning."""
        return self.total - self._sound_end / _STEPS_PER_SECOND

    @property
    def sound_end(self) -> float:
        """Where the last speech or sound above the background ended, in seconds from the beginning."""
        return self._sound_end / _STEPS_PER_SECOND

    def feed(self, data: bytes) -> None:
        """Take the next piece of the stream. Large pieces cost less than small ones."""
        self._bytes += len(data)
        pending = self._pending + data if self._pending else data
        edges = self._edges(len(pending) // self._source.frame_bytes)
        whole = edges[-1] * self._source.frame_bytes
        self._pending = pending[whole:]
        if len(edges) > 1:
            self._take_steps(pending[:whole], edges)

    def _edges(self, frames: int) -> list[int]:
        """Frames at which the next steps begin and end; at a rate that is no multiple of 50 lengths vary."""
        rate, here = self._source.rate, self._steps
        begun = here * rate // _STEPS_PER_SECOND
        end = (_STEPS_PER_SECOND * (begun + frames + 1) - 1) // rate
        return [step * rate // _STEPS_PER_SECOND - begun for step in range(here, end + 1)]

    def _take_steps(self, pcm: bytes, edges: list[int]) -> None:
        samples = decode(pcm, self._source)
        powers = self._bands.powers(samples, np.array(edges[:-1]))
        for step, start, end in zip(powers.tolist(), edges, edges[1:], strict=False):
            self._steps += 1
            prominence = self._background.measure(step)
            if prominence.level <= SILENT:
                self._run = self._soft_left = self._buried_left = 0
                self._excess_before = 0.0
            else:
                self._take(prominence, partial(self._is_speech, pcm, samples, start, end))

    def _take(self, prominence: Prominence, is_speech: Callable[[], bool]) -> None:
        """Count one step that is not silent. `is_speech` is called only where it decides: it costs most."""
        talk = prominence.level < _FAINT or self._steps <= self._belongs_until or is_speech()
        new = self._new_speech(prominence, talk=talk)
        if new or prominence.excess > _BANG or min(prominence.excess, self._excess_before) > _CLEAR:
            self._sound_end = self._steps
        self._excess_before = prominence.excess
        if new:
            self._speech_steps += new
            self._speech_end = self._steps
            self._belongs_until = self._steps + _BELONGING_STEPS

    def _is_speech(self, pcm: bytes, samples: Samples, start: int, end: int) -> bool:
        size = self._source.frame_bytes
        step = pcm[start * size : end * size] if self._plain else encode(samples[start:end].copy())
        return self._detector.is_speech(step)

    def _new_speech(self, prominence: Prominence, *, talk: bool) -> int:
        """How many steps, up to and with this one, have now turned out to be speech."""
        if talk and prominence.excess > _clear(prominence):
            self._run += 1
            if self._run < _ONSET_STEPS and not self._soft_left:
                return 0
            begun, self._soft_left = not self._soft_left, _SOFT_STEPS
            self._buried_left = _BURIED_STEPS
            return self._run if begun else 1
        self._run = 0
        if not self._soft_left:
            return 0
        self._soft_left -= 1
        if prominence.excess > _AUDIBLE:
            self._buried_left = _BURIED_STEPS
            return 1
        self._buried_left -= 1
        if self._buried_left <= 0:
            self._soft_left = 0
            return 0
        return 1


def _clear(prominence: Prominence) -> float:
    """The excess in dB from which a step is clear, with this background."""
    if prominence.ripple > _SPEECH_RIPPLE:
        return _CLEAR
    unsteady = _TIMES_RIPPLE * (min(prominence.ripple, _MOST_RIPPLE) - _STEADY_RIPPLE)
    return max(_CLEAR, min(_SHARE_OF_PEAK * prominence.peak, unsteady))


class SpeechDetector:
    """WebRTC's voice activity detector, for steps of 20 ms of PCM16 mono at `rate` Hz, in order.

    Without its library every step is speech.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate if rate in _NATIVE_RATES else _OTHER_RATE
        self._native = rate in _NATIVE_RATES
        self._vad = None if _LIBRARY is None else _LIBRARY(_SURE)

    def is_speech(self, frame: bytes) -> bool:
        """Whether the next step sounds like speech, or follows speech closely."""
        if self._vad is None:
            return True
        if not self._native:
            frame = _converted(np.frombuffer(frame, "<i2"))
        return bool(self._vad.is_speech(frame, self._rate))


def _converted(frame: Samples) -> bytes:
    """The step at 16 kHz: each sample is the mean of those that it covers."""
    sums = np.concatenate(([0.0], np.cumsum(frame, dtype=np.float64)))
    edges = np.linspace(0, len(frame), _OTHER_STEP + 1)
    means = np.diff(np.interp(edges, np.arange(len(sums)), sums)) * (_OTHER_STEP / len(frame))
    return encode(means.astype(np.float32))
