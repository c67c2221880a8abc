"""Find speech in a stream of PCM, to know when it has ended.

In: PCM of any format, cut anywhere. Out: seconds of speech so far, and since it ended.
The level above the background noise of every step of 20 ms costs little. Only what stands out is given to the
neural detector, so that silence costs nothing more. Keeps two seconds of levels, a quarter of a second of
samples, and what the detector keeps.
"""

from collections import deque

import numpy as np

from wyoming_azure_realtime.audio import detector
from wyoming_azure_realtime.audio.background import SILENT, Background, Bands, Prominence
from wyoming_azure_realtime.audio.detector import SpeechDetector
from wyoming_azure_realtime.audio.pcm import AudioFormat
from wyoming_azure_realtime.audio.samples import Samples, decode

_STEPS_PER_SECOND = 50

# dB above the background: steady noise hardly reaches the first, every syllable of speech reaches the second
_AUDIBLE, _CLEAR = 3.0, 4.5
# dB: where the background ripples more than steady noise does, as with talk in the room, speech has to exceed
# it by so many times the ripple, but by no more than a share of the recent peak. A ripple beyond the last
# figure is that of speech without a gap for two seconds.
_STEADY_RIPPLE, _MOST_RIPPLE, _SPEECH_RIPPLE = 2.0, 8.0, 14.0
_TIMES_RIPPLE, _SHARE_OF_PEAK = 2.2, 0.65
# a sound begins with so many clear steps: clicks and the peaks of a noise are shorter
_ONSET_STEPS = 2
# within a sound: steps that may be less than clear in a row, and steps that may be less than audible
_SOFT_STEPS, _BURIED_STEPS = 10, 5
# dB: where nothing was further above the background since the beginning, there was only steady noise
_STEADY_PEAK, _STEADY_STEPS = 5.0, 2 * _STEPS_PER_SECOND
# steps that the detector hears before something stands out, and after it
_BEFORE, _AFTER = 12, 25

# seconds for which the network is sure after speech in a noise, and steps that are not silent in such a room
_NOISY_LAG, _NOISY_STEPS = 0.09, 100


class Endpointer:
    """Finds speech in one utterance of `source` audio.

    All figures are seconds of the input and the same however it is cut, except that less than a step of 20 ms
    counts for `total` only. Without the detector's library, and in streams for which it has no room, any
    sound above the background counts as speech.
    """

    def __init__(self, source: AudioFormat) -> None:
        self._source = source
        self._frame_bytes, self._bytes_per_second = source.frame_bytes, source.bytes_per_second
        self._loudness = Loudness()
        self._detector: SpeechDetector | None = None  # there is one as soon as something stands out
        self._by_level = not detector.AVAILABLE
        self._bands = Bands(source.rate)
        self._background = Background(self._bands.count)
        self._unheard = deque[Samples](maxlen=_BEFORE)
        self._pending = b""
        self._bytes = 0
        self._steps = 0

    @property
    def total(self) -> float:
        """Seconds of audio so far."""
        return self._bytes / self._bytes_per_second

    @property
    def speech(self) -> float:
        """Seconds of speech so far."""
        if self._by_level:
            return self._loudness.sound
        return 0.0 if self._detector is None else self._detector.speech

    @property
    def speech_end(self) -> float:
        """Where the last speech ended, in seconds from the beginning."""
        if self._by_level:
            return self._loudness.sound_end
        if self._detector is None:
            return 0.0
        # the network goes on for a moment; where it is quiet the level knows better
        if self._loudness.noisy:
            return max(0.0, self._detector.speech_end - _NOISY_LAG)
        return min(self._detector.speech_end, self._loudness.audible_end)

    @property
    def quiet(self) -> float:
        """Seconds since the last speech ended, or since the beginning."""
        return self.total - self.speech_end

    @property
    def sound(self) -> float:
        """Seconds of sound above the background so far, speech or not; clicks do not count."""
        return self._loudness.sound

    @property
    def opinion(self) -> float:
        """From 0 to 1, how likely somebody speaks now."""
        if not self._loudness.stands_out:
            return 0.0
        if self._by_level:
            return 1.0
        return 0.0 if self._detector is None else self._detector.opinion

    def feed(self, data: bytes) -> None:
        """Take the next piece of the stream. Large pieces cost less than small ones."""
        self._bytes += len(data)
        pending = self._pending + data if self._pending else data
        edges = self._edges(len(pending) // self._frame_bytes)
        whole = edges[-1] * self._frame_bytes
        self._pending = pending[whole:]
        if len(edges) > 1:
            self._take_steps(pending[:whole], edges)

    def close(self) -> None:
        """Hear no more; the figures stay."""
        if self._detector is not None:
            self._detector.close()

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
            self._loudness.take(self._background.measure(step))
            self._unheard.append(samples[start:end])
            if self._loudness.stands_out:
                self._listen()
            elif self._detector is not None and len(self._unheard) == _BEFORE:
                self._detector.skip()

    def _listen(self) -> None:
        """Let the detector hear this step and those before it that it has not heard."""
        if self._detector is None and not self._by_level:
            self._by_level = not detector.has_room()
        if not self._by_level:
            self._detector = self._detector or SpeechDetector(self._source.rate)
            for before, step in zip(range(len(self._unheard) - 1, -1, -1), self._unheard, strict=True):
                self._detector.take(step, self._steps - before)
        self._unheard.clear()


class Loudness:
    """What stands out of the background, by its level alone: cheap, and deaf to what the sound is.

    `stands_out`: whether there is such a sound, or was one a moment ago. `sound`: seconds of such sounds so
    far; `sound_end`: where the last one ended, in seconds from the beginning. `audible_end`: where it became
    as quiet as a quiet room. `noisy`: whether it was not as quiet as that for two seconds, or not at all.
    """

    def __init__(self) -> None:
        self._steps = 0
        self._sound_steps = self._sound_end = self._audible_end = 0
        self._run = self._soft_left = self._buried_left = 0
        self._after = 0
        self._silent_step = -_NOISY_STEPS

    @property
    def noisy(self) -> bool:
        """Whether a noise goes on."""
        return self._steps - self._silent_step >= _NOISY_STEPS

    @property
    def stands_out(self) -> bool:
        """Whether there is a sound that stands out, or was one half a second ago."""
        return self._after > 0

    @property
    def sound(self) -> float:
        """Seconds of sound so far."""
        return self._sound_steps / _STEPS_PER_SECOND

    @property
    def sound_end(self) -> float:
        """Where the last sound ended, in seconds from the beginning."""
        return self._sound_end / _STEPS_PER_SECOND

    @property
    def audible_end(self) -> float:
        """Where it became as quiet as a quiet room, in seconds from the beginning."""
        return self._audible_end / _STEPS_PER_SECOND

    def take(self, prominence: Prominence) -> None:
        """Take the next step."""
        self._steps += 1
        self._after = max(0, self._after - 1)
        if prominence.level <= SILENT:
            self._silent_step = self._steps
            self._run = self._soft_left = self._buried_left = 0
            return
        self._audible_end = self._steps
        if prominence.excess > _CLEAR:
            self._after = _AFTER
        new = self._new_sound(prominence)
        if new:
            self._sound_steps += new
            self._sound_end = self._steps
        if prominence.peak <= _STEADY_PEAK and self._steps <= _STEADY_STEPS:
            self._sound_steps = self._sound_end = 0

    def _new_sound(self, prominence: Prominence) -> int:
        """How many steps, up to and with this one, have now turned out to be a sound."""
        if prominence.excess > _clear(prominence):
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
