"""The sound of one utterance, whole and bounded: written by the client's side, walked by the sender."""

from wyoming_azure_realtime.audio.pcm import REALTIME, AudioFormat
from wyoming_azure_realtime.audio.resample import StreamResampler
from wyoming_azure_realtime.errors import AudioTooLong, OutOfOrder

BYTES_PER_SECOND = REALTIME.rate * REALTIME.frame_bytes


class Recording:
    """24 kHz PCM16 mono, at most `max_seconds` of it. It is kept so that it can be sent again."""

    def __init__(self, max_seconds: float) -> None:
        self._max_seconds = max_seconds
        self._resampler: StreamResampler | None = None
        self._pcm = bytearray()
        self.finished = False

    def __len__(self) -> int:
        return len(self._pcm)

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self._pcm) / BYTES_PER_SECOND

    def begin(self, source: AudioFormat) -> None:
        """Say what is coming. Raises `UnsupportedAudio`, `OutOfOrder`."""
        if self._resampler is not None:
            raise OutOfOrder("The audio has already begun.")
        self._resampler = StreamResampler(source)

    def write(self, data: bytes) -> None:
        """More sound in the source format, cut anywhere. Raises `AudioTooLong`, `OutOfOrder`."""
        if self._resampler is None or self.finished:
            raise OutOfOrder("There is audio outside of audio-start and audio-stop.")
        self._append(self._resampler.process(data))

    def finish(self) -> None:
        """No more sound. Idempotent."""
        if self._resampler is not None and not self.finished:
            self._append(self._resampler.flush())
        self.finished = True

    def read(self, start: int, most: int) -> bytes:
        """At most `most` bytes from `start` on; empty where nothing is yet."""
        return bytes(self._pcm[start : start + most])

    def _append(self, pcm: bytes) -> None:
        if len(self._pcm) + len(pcm) > self._max_seconds * BYTES_PER_SECOND:
            raise AudioTooLong(f"The audio is longer than {self._max_seconds:g} seconds.")
        self._pcm += pcm
