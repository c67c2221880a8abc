"""Input recordings, the buffer that makes them, and their transcription, one task for each recording.

A recording is read while it still grows. Its transcript runs independently of the conversation: deltas
while audio arrives or after the commit, as its model does, then completed or failed.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from wyoming_azure_realtime.audio.pcm import REALTIME, duration_ms
from wyoming_azure_realtime.emulator.engines import EngineHints, RecognitionEngine, RecognitionStream
from wyoming_azure_realtime.emulator.faults import Failure, FaultPlan
from wyoming_azure_realtime.emulator.models import Deltas, TranscriptionCapabilities, transcription_usage
from wyoming_azure_realtime.emulator.wire import Emit, Refused, invalid, new_id, words
from wyoming_azure_realtime.errors import SpeechServiceError
from wyoming_azure_realtime.realtime import server_events as events

_LOG = logging.getLogger(__name__)

StartTask = Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]]
"""Run a coroutine, under a name, as a task that ends with its session."""

FINISH_SECONDS = 60
"""An engine that has not finished so long after the commit counts as failed."""

MIN_COMMIT_MS = 100
"""Less is refused (vendor rule)."""


class InputRecording:
    """The audio of one item, read while it grows. It ends sealed, as an item, or dropped."""

    def __init__(self) -> None:
        self.item_id = new_id("item")
        self.audio = bytearray()
        self.sealed = False
        self.dropped = False
        self.announced = asyncio.Event()
        self.announced_at = 0.0
        self._changed = asyncio.Event()

    @property
    def ms(self) -> float:
        """Its length so far."""
        return duration_ms(len(self.audio))

    def append(self, pcm: bytes) -> None:
        """Add whole samples."""
        self.audio += pcm
        self._changed.set()

    def seal(self) -> None:
        """End it as an item."""
        self.sealed = True
        self._changed.set()

    def announce(self) -> None:
        """The client has been sent the item; from now on a transcript may follow."""
        self.announced_at = asyncio.get_running_loop().time()
        self.announced.set()

    def drop(self) -> None:
        """End it without an item."""
        self.dropped = True
        self.announced.set()
        self._changed.set()

    async def read(self, position: int) -> bytes:
        """Wait for audio after byte `position`; empty when the recording has ended."""
        while len(self.audio) <= position and not (self.sealed or self.dropped):
            self._changed.clear()
            await self._changed.wait()
        return b"" if self.dropped else bytes(self.audio[position:])


class InputBuffer:
    """The recording in progress, of at most `max_bytes`, and the length of all audio of the session."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._odd = b""
        self.recording: InputRecording | None = None
        self.received = 0

    @property
    def elapsed_ms(self) -> int:
        """Length of all audio of the session, cleared audio included."""
        return int(duration_ms(self.received))

    def whole_samples(self, pcm: bytes) -> bytes:
        """Count `pcm` and return its whole samples; half a sample waits for its other half."""
        self.received += len(pcm)
        pcm = self._odd + pcm
        cut = len(pcm) - len(pcm) % REALTIME.frame_bytes
        self._odd = pcm[cut:]
        return pcm[:cut]

    def append(self, pcm: bytes) -> InputRecording:
        """Record whole samples, in a new recording if there is none. Raises: Refused when it is full."""
        recording = self.recording or InputRecording()
        if len(recording.audio) + len(pcm) > self._max_bytes:
            limit = int(duration_ms(self._max_bytes) / 1000)
            raise invalid("audio", f"The input audio buffer is full: it takes {limit} seconds of audio.")
        recording.append(pcm)
        self.recording = recording
        return recording

    def commit(self) -> InputRecording:
        """Seal the recording for a commit. Raises: Refused when it is shorter than 100 ms."""
        ms = self.recording.ms if self.recording else 0.0
        if ms < MIN_COMMIT_MS:
            raise Refused(
                "input_audio_buffer_commit_empty",
                "Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, "
                f"but buffer only has {ms:.2f}ms of audio.",
            )
        return self.seal()

    def seal(self) -> InputRecording:
        """Seal the recording, however short."""
        recording, self.recording, self._odd = self.recording or InputRecording(), None, b""
        recording.seal()
        return recording

    def clear(self) -> None:
        """Drop the recording."""
        if self.recording:
            self.recording.drop()
        self.recording, self._odd = None, b""


@dataclass(frozen=True, slots=True)
class TranscriptionSettings:
    """How a recording is transcribed. `model` None: no such deployment."""

    model: TranscriptionCapabilities | None
    hints: EngineHints


class StableText:
    """Partial text as deltas: what was sent is never taken back, and the last word always waits."""

    def __init__(self) -> None:
        self.sent = ""

    def advance(self, partial: str) -> str:
        """The next delta; empty when the engine has changed earlier words."""
        complete = "".join(list(words(partial))[:-1])
        return self._beyond(complete)

    def finish(self, text: str) -> str:
        """The last delta; empty when the final text does not begin with what was sent."""
        return self._beyond(text)

    def _beyond(self, text: str) -> str:
        if not text.startswith(self.sent):
            return ""
        delta = text[len(self.sent) :]
        self.sent = text
        return delta


class RunningTranscription:
    """The transcription of one recording, until completed or failed; `text` is None until it is known."""

    def __init__(
        self,
        recording: InputRecording,
        settings: TranscriptionSettings,
        recognizer: RecognitionEngine | None,
        plan: FaultPlan,
        emit: Emit,
        ended: Callable[["RunningTranscription"], None],
    ) -> None:
        self._ended = ended
        self.recording = recording
        self.settings = settings
        self._recognizer = recognizer
        self._plan = plan
        self._emit = emit
        self.text: str | None = None
        self._recognized: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._stable = StableText()
        self._task: asyncio.Task[None] | None = None

    def start(self, start: StartTask) -> None:
        """Begin, as a task of the session."""
        self._task = start(self.run(), "transcription")

    def abandon(self) -> None:
        """Stop without an event; the recording is transcribed with other settings."""
        if self._task is not None:
            self._task.cancel()

    async def run(self) -> None:
        """Recognize the recording, then send the transcript; for a dropped recording nothing is sent."""
        try:
            await self._run()
        finally:
            self._know("")
            self._ended(self)

    async def recognized(self) -> str:
        """The engine's text, as soon as it is there; empty if there will be none."""
        return await asyncio.shield(self._recognized)

    def _know(self, text: str) -> None:
        if not self._recognized.done():
            self._recognized.set_result(text)

    async def _run(self) -> None:
        failure: Failure | None = None
        text = ""
        try:
            text = await self._recognize()
            self._know(text)
        except (SpeechServiceError, TimeoutError) as error:
            _LOG.warning("No transcript: %s", str(error) or "the recognizer takes too long")
            failure = Failure(message=self._failed_message)
            self._know("")
        await self.recording.announced.wait()
        if self.recording.dropped or self._plan.silent_transcript():
            return
        await self._wait_since_commit(self._plan.transcript_ms() / 1000)
        failure = self._plan.failed_transcript() or failure
        await (self._complete(text) if failure is None else self._fail(failure))

    async def _wait_since_commit(self, seconds: float) -> None:
        """Wait until `seconds` after the commit; the time that the engine needed counts."""
        due = self.recording.announced_at + seconds
        await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))

    @property
    def _failed_message(self) -> str:
        """The service says no more about the cause (field reports)."""
        return f"Input transcription failed for item '{self.recording.item_id}'."

    @property
    def _deltas(self) -> Deltas:
        return self.settings.model.deltas if self.settings.model else "none"

    async def _recognize(self) -> str:
        if self._recognizer is None or self.settings.model is None:
            raise SpeechServiceError("There is no recognizer or no such deployment.")
        async with self._recognizer.utterance(self.settings.hints) as stream, self._partials_of(stream):
            await self._feed(stream)
            if self.recording.dropped:
                return ""
            async with asyncio.timeout(FINISH_SECONDS):
                return await stream.finish()

    async def _feed(self, stream: RecognitionStream) -> None:
        position = 0
        while pcm := await self.recording.read(position):
            position += len(pcm)
            stream.feed(pcm)

    @asynccontextmanager
    async def _partials_of(self, stream: RecognitionStream) -> AsyncIterator[None]:
        """Send partial text meanwhile, if the model does so."""
        if self._deltas != "live":
            yield
            return
        sending = asyncio.ensure_future(self._send_partials(stream))
        try:
            yield
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    async def _send_partials(self, stream: RecognitionStream) -> None:
        async with aclosing(stream.partials()) as partials:
            async for text in partials:
                await self._send_delta(self._stable.advance(text))

    async def _complete(self, text: str) -> None:
        self.text = text
        rest = "" if self._deltas == "none" else self._stable.finish(text)
        for delta in words(rest) if self._deltas == "burst" else [rest]:
            await self._send_delta(delta)
        if text and self.settings.model is not None and self.settings.model.names_speakers:
            await self._send_segment(text)
        by_duration = self.settings.model is not None and self.settings.model.billed_by_duration
        usage = transcription_usage(len(self.recording.audio), text, by_duration=by_duration)
        await self._emit(
            events.TranscriptionCompleted(item_id=self.recording.item_id, transcript=text, usage=usage)
        )

    async def _send_segment(self, text: str) -> None:
        """Send the text as one segment of one speaker, as no engine here knows several."""
        await self._emit(
            events.TranscriptionSegment(
                item_id=self.recording.item_id,
                id=new_id("seg"),
                text=text,
                speaker="A",
                end=self.recording.ms / 1000,
            )
        )

    async def _send_delta(self, delta: str) -> None:
        if delta:
            await self._emit(events.TranscriptionDelta(item_id=self.recording.item_id, delta=delta))

    async def _fail(self, failure: Failure) -> None:
        await self._emit(events.TranscriptionFailure(item_id=self.recording.item_id, error=failure.detail()))
