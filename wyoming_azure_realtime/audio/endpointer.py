"""Where speech is in a stream of PCM."""

from collections.abc import Callable
from functools import partial

import numpy as np

from wyoming_azure_realtime.audio.background import SILENT, Background, Prominence
from wyoming_azure_realtime.audio.bands import Bands
from wyoming_azure_realtime.audio.pcm import AudioFormat
from wyoming_azure_realtime.audio.samples import Samples, decode, encode
from wyoming_azure_realtime.audio.speech_detector import SpeechDetector

_STEPS_PER_SECOND = 50

# dB above the background: what a steady noise hardly reaches, and what speech does in every syllable
_AUDIBLE, _CLEAR = 3.0, 4.5
# dBFS below which the detector overlooks short words: whatever stands out is speech then
_FAINT = -42.0
# the detector overlooks an s in the midst of words too: so soon after speech, what stands out belongs to it
_BELONGING_STEPS = 20
# what needs no second step to be noticed
_BANG = 10.0
# a background that ripples more than steady noise, as talk in the room does, takes so many times that,
# up to a share of the loudest lately; a greater ripple is that of speech which has left no gap for long
_STEADY_RIPPLE, _MOST_RIPPLE, _SPEECH_RIPPLE = 2.0, 8.0, 14.0
_TIMES_RIPPLE, _SHARE_OF_PEAK = 2.2, 0.65
# shorter than a syllable: clicks, and the peaks of a noise
_ONSET_STEPS = 2
# how long what is audible but not clear may last, and what lies under the noise
_SOFT_STEPS, _BURIED_STEPS = 10, 5


class Endpointer:
    """Where speech is in a stream of PCM, by a detector and a level. One per utterance; pure.

    All figures are seconds of the input, the same however it is cut. Without the detector's library the level
    decides alone: any sound that stands out is then taken for speech.
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
        self._stir_end = 0
        self._run = self._soft_left = self._buried_left = 0
        self._excess_before = 0.0

    @property
    def total(self) -> float:
        """Seconds fed."""
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
        """Seconds since anything stood out of the background, speech or not, or since the beginning."""
        return self.total - self._stir_end / _STEPS_PER_SECOND

    @property
    def stirred(self) -> float:
        """Where the last that stood out of the background ended, speech or not; the same until more does."""
        return max(self._speech_end, self._stir_end) / _STEPS_PER_SECOND

    def feed(self, data: bytes) -> None:
        """Take the next piece of the stream, cut anywhere. Large pieces cost less than small ones."""
        self._bytes += len(data)
        pending = self._pending + data if self._pending else data
        edges = self._edges(len(pending) // self._source.frame_bytes)
        whole = edges[-1] * self._source.frame_bytes
        self._pending = pending[whole:]
        if len(edges) > 1:
            self._hear(pending[:whole], edges)

    def _edges(self, frames: int) -> list[int]:
        """Frames at which the next steps begin and end; not all are as long where a rate is no multiple."""
        rate, here = self._source.rate, self._steps
        begun = here * rate // _STEPS_PER_SECOND
        end = (_STEPS_PER_SECOND * (begun + frames + 1) - 1) // rate
        return [step * rate // _STEPS_PER_SECOND - begun for step in range(here, end + 1)]

    def _hear(self, pcm: bytes, edges: list[int]) -> None:
        samples = decode(pcm, self._source)
        powers = self._bands.powers(samples, np.array(edges[:-1]))
        for step, start, end in zip(powers.tolist(), edges, edges[1:], strict=False):
            self._steps += 1
            heard = self._background.hear(step)
            if heard.level <= SILENT:
                self._run = self._soft_left = self._buried_left = 0
                self._excess_before = 0.0
            else:
                self._take(heard, partial(self._is_speech, pcm, samples, start, end))

    def _take(self, heard: Prominence, is_speech: Callable[[], bool]) -> None:
        talk = heard.level < _FAINT or self._steps <= self._belongs_until or is_speech()
        new = self._new_speech(heard, talk=talk)
        if new or heard.excess > _BANG or min(heard.excess, self._excess_before) > _CLEAR:
            self._stir_end = self._steps
        self._excess_before = heard.excess
        if new:
            self._speech_steps += new
            self._speech_end = self._steps
            self._belongs_until = self._steps + _BELONGING_STEPS

    def _is_speech(self, pcm: bytes, samples: Samples, start: int, end: int) -> bool:
        size = self._source.frame_bytes
        step = pcm[start * size : end * size] if self._plain else encode(samples[start:end].copy())
        return self._detector.is_speech(step)

    def _new_speech(self, heard: Prominence, *, talk: bool) -> int:
        """How many steps, up to this one, have now turned out to be speech."""
        if talk and heard.excess > _clear(heard):
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
        if heard.excess > _AUDIBLE:
            self._buried_left = _BURIED_STEPS
            return 1
        self._buried_left -= 1
        if self._buried_left <= 0:
            self._soft_left = 0
            return 0
        return 1


def _clear(heard: Prominence) -> float:
    """The excess in dB with which something begins to be speech here."""
    if heard.ripple > _SPEECH_RIPPLE:
        return _CLEAR
    unsteady = _TIMES_RIPPLE * (min(heard.ripple, _MOST_RIPPLE) - _STEADY_RIPPLE)
    return max(_CLEAR, min(_SHARE_OF_PEAK * heard.peak, unsteady))
