"""Where speech is in a stream of PCM."""

from wyoming_azure_realtime.audio.level import SILENT, Floor, level
from wyoming_azure_realtime.audio.pcm import AudioFormat
from wyoming_azure_realtime.audio.samples import decode, encode
from wyoming_azure_realtime.audio.speech_detector import SpeechDetector

_FRAMES_PER_SECOND = 100
# shorter than a syllable: clicks, and the peaks of a noise
_ONSET_FRAMES = 3


class Endpointer:
    """Where speech is in a stream of PCM, by a detector and a level. One per utterance; pure.

    All figures are seconds of the input up to the last whole 10 ms, the same however it is cut. Without the
    detector's library the level decides alone: any sound that stands out is then taken for speech.
    """

    def __init__(self, source: AudioFormat) -> None:
        self._source = source
        self._plain = source.width == 2 and source.channels == 1
        self._detector = SpeechDetector(source.rate)
        self._floor = Floor()
        self._pending = b""
        self._frames = 0
        self._bytes = 0
        self._speech_frames = 0
        self._speech_end = 0
        self._stir_end = 0
        self._run = 0

    @property
    def total(self) -> float:
        """Seconds fed."""
        return self._bytes / self._source.bytes_per_second

    @property
    def speech(self) -> float:
        """Seconds of speech so far."""
        return self._speech_frames / _FRAMES_PER_SECOND

    @property
    def quiet(self) -> float:
        """Seconds since the last speech ended, or since the beginning."""
        return self.total - self._speech_end / _FRAMES_PER_SECOND

    @property
    def calm(self) -> float:
        """Seconds since anything stood out, speech or not, or since the beginning."""
        return self.total - self._stir_end / _FRAMES_PER_SECOND

    def feed(self, data: bytes) -> None:
        """Take the next piece of the stream, cut anywhere."""
        self._bytes += len(data)
        pending = self._pending + data if self._pending else data
        at, end = 0, self._frame_bytes()
        while end <= len(pending):
            self._take(pending[at:end])
            at, end = end, end + self._frame_bytes()
        self._pending = pending[at:]

    def _frame_bytes(self) -> int:
        """The bytes of the next 10 ms: at 22050 Hz, 220 and 221 samples by turns."""
        rate, here = self._source.rate, self._frames
        samples = (here + 1) * rate // _FRAMES_PER_SECOND - here * rate // _FRAMES_PER_SECOND
        return samples * self._source.frame_bytes

    def _take(self, frame: bytes) -> None:
        self._frames += 1
        samples = decode(frame, self._source)
        decibels = level(samples)
        loud = self._floor.loud(decibels)
        if decibels <= SILENT:
            self._run = 0
            return
        talk = self._detector.is_speech(frame if self._plain else encode(samples))
        if loud or talk:
            self._stir_end = self._frames
        self._run = self._run + 1 if loud and talk else 0
        if self._run >= _ONSET_FRAMES:
            # what came before it was sure counts from then on
            self._speech_frames += self._run if self._run == _ONSET_FRAMES else 1
            self._speech_end = self._frames
