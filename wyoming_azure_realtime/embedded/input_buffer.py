"""Audio on its way in: what is being recorded, and the buffer that turns it into items."""

import asyncio

from wyoming_azure_realtime.audio.pcm import REALTIME, duration_ms
from wyoming_azure_realtime.embedded.ids import fresh
from wyoming_azure_realtime.embedded.refusals import Refused, invalid

MIN_COMMIT_MS = 100
"""Less is refused (vendor rule)."""


class InputRecording:
    """The audio of one turn, read while it still grows. Ends sealed (an item) or dropped (nothing)."""

    def __init__(self) -> None:
        self.item_id = fresh("item")
        self.audio = bytearray()
        self.sealed = False
        self.dropped = False
        self.announced = asyncio.Event()
        self.announced_at = 0.0
        self._changed = asyncio.Event()

    @property
    def ms(self) -> float:
        """How long it is by now."""
        return duration_ms(len(self.audio))

    def append(self, pcm: bytes) -> None:
        """Let it grow."""
        self.audio += pcm
        self._changed.set()

    def seal(self) -> None:
        """No more will come, and what is there counts."""
        self.sealed = True
        self._changed.set()

    def announce(self) -> None:
        """The client knows of it, from now on by the loop's clock."""
        self.announced_at = asyncio.get_running_loop().time()
        self.announced.set()

    def drop(self) -> None:
        """No more will come, and nobody wants it."""
        self.dropped = True
        self.announced.set()
        self._changed.set()

    async def read(self, position: int) -> bytes:
        """What lies beyond `position`, as soon as there is any; empty when it has ended."""
        while len(self.audio) <= position and not (self.sealed or self.dropped):
            self._changed.clear()
            await self._changed.wait()
        return b"" if self.dropped else bytes(self.audio[position:])


class InputBuffer:
    """At most one recording at a time, at most `max_bytes` long, and the time since the session began."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._odd = b""
        self.recording: InputRecording | None = None
        self.received = 0

    @property
    def elapsed_ms(self) -> int:
        """Length of all audio ever appended, across clears."""
        return int(duration_ms(self.received))

    def whole_samples(self, pcm: bytes) -> bytes:
        """Count `pcm`; half a sample waits for its other half."""
        self.received += len(pcm)
        pcm = self._odd + pcm
        cut = len(pcm) - len(pcm) % REALTIME.frame_bytes
        self._odd = pcm[cut:]
        return pcm[:cut]

    def append(self, pcm: bytes) -> InputRecording:
        """Record whole samples, starting a recording if there is none."""
        recording = self.recording or InputRecording()
        if len(recording.audio) + len(pcm) > self._max_bytes:
            limit = int(duration_ms(self._max_bytes) / 1000)
            raise invalid("audio", f"The input audio buffer is full: it takes {limit} seconds of audio.")
        recording.append(pcm)
        self.recording = recording
        return recording

    def commit(self) -> InputRecording:
        """As the client asks: seal the recording, if it is long enough."""
        ms = self.recording.ms if self.recording else 0.0
        if ms < MIN_COMMIT_MS:
            raise Refused(
                "input_audio_buffer_commit_empty",
                "Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, "
                f"but buffer only has {ms:.2f}ms of audio.",
            )
        return self.seal()

    def seal(self) -> InputRecording:
        """Seal what was recorded, however short, and begin anew."""
        recording, self.recording, self._odd = self.recording or InputRecording(), None, b""
        recording.seal()
        return recording

    def clear(self) -> None:
        """Drop what was not committed."""
        if self.recording:
            self.recording.drop()
        self.recording, self._odd = None, b""
