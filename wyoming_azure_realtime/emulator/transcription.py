"""Audio on its way in: what is being recorded, and the buffer that turns it into items."""

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

MIN_COMMIT_MS = 100
"""Less is refused (vendor rule)."""


class InputRecording:
    """The audio of one turn, read while it still grows. Ends sealed (an item) or dropped (nothing)."""

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


_LOG = logging.getLogger(__name__)
StartTask = Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]]
"""Run a coroutine, under a name, as a task that ends with its session."""

FINISH_SECONDS = 60
"""An engine that has not finished so long after the commit has failed."""


@dataclass(frozen=True, slots=True)
class TranscriptionSettings:
    """What a recording is transcribed with. `model` None: no such deployment."""

    model: TranscriptionCapabilities | None
    hints: EngineHints


class StableText:
    """Partial text as deltas: only what no later partial takes back is told, and never the last word."""

    def __init__(self) -> None:
        self.told = ""

    def advance(self, partial: str) -> str:
        """What can be added to what was told; empty while the engine has changed its mind."""
        complete = "".join(list(words(partial))[:-1])
        return self._beyond(complete)

    def finish(self, text: str) -> str:
        """The rest of the final text, if it still begins with what was told."""
        return self._beyond(text)

    def _beyond(self, text: str) -> str:
        if not text.startswith(self.told):
            return ""
        delta = text[len(self.told) :]
        self.told = text
        return delta


class RunningTranscription:
    """Follows one recording to its `completed` or `failed`; `text` is None until it is known."""

    def __init__(
        self,
        recording: InputRecording,
        settings: TranscriptionSettings,
        hearing: RecognitionEngine | None,
        plan: FaultPlan,
        emit: Emit,
        ended: Callable[["RunningTranscription"], None],
    ) -> None:
        self._ended = ended
        self.recording = recording
        self.settings = settings
        self._hearing = hearing
        self._plan = plan
        self._emit = emit
        self.text: str | None = None
        self._stable = StableText()
        self._task: asyncio.Task[None] | None = None

    def start(self, start: StartTask) -> None:
        """Begin, as a task of the session."""
        self._task = start(self.run(), "transcription")

    def abandon(self) -> None:
        """Stop; the recording will be heard some other way."""
        if self._task is not None:
            self._task.cancel()

    async def run(self) -> None:
        """Hear it all, then tell it; a recording that is dropped ends without a word."""
        try:
            await self._run()
        finally:
            self._ended(self)

    async def _run(self) -> None:
        failure: Failure | None = None
        text = ""
        try:
            text = await self._heard()
        except (SpeechServiceError, TimeoutError) as error:
            _LOG.warning("No transcript: %s", str(error) or "the recogniser takes too long")
            failure = Failure(message=self._failed_message)
        await self.recording.announced.wait()
        if self.recording.dropped or self._plan.silent_transcript():
            return
        await self._wait_since_commit(self._plan.transcript_ms() / 1000)
        failure = self._plan.failed_transcript() or failure
        await (self._tell(text) if failure is None else self._fail(failure))

    async def _wait_since_commit(self, seconds: float) -> None:
        """The engine's own time counts: it is hidden in the wait unless it is longer."""
        due = self.recording.announced_at + seconds
        await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))

    @property
    def _failed_message(self) -> str:
        """All that the service says about the cause (field reports)."""
        return f"Input transcription failed for item '{self.recording.item_id}'."

    @property
    def _deltas(self) -> Deltas:
        return self.settings.model.deltas if self.settings.model else "none"

    async def _heard(self) -> str:
        if self._hearing is None or self.settings.model is None:
            raise SpeechServiceError("There is no recogniser or no such deployment.")
        async with self._hearing.utterance(self.settings.hints) as listening, self._partials_of(listening):
            await self._feed(listening)
            if self.recording.dropped:
                return ""
            async with asyncio.timeout(FINISH_SECONDS):
                return await listening.finish()

    async def _feed(self, listening: RecognitionStream) -> None:
        position = 0
        while pcm := await self.recording.read(position):
            position += len(pcm)
            listening.feed(pcm)

    @asynccontextmanager
    async def _partials_of(self, listening: RecognitionStream) -> AsyncIterator[None]:
        """Tell partial text meanwhile, if the model is one that does."""
        if self._deltas != "live":
            yield
            return
        telling = asyncio.ensure_future(self._tell_partials(listening))
        try:
            yield
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)

    async def _tell_partials(self, listening: RecognitionStream) -> None:
        async with aclosing(listening.partials()) as partials:
            async for text in partials:
                await self._tell_delta(self._stable.advance(text))

    async def _tell(self, text: str) -> None:
        self.text = text
        rest = self._stable.finish(text)
        for delta in words(rest) if self._deltas == "burst" else [rest]:
            await self._tell_delta(delta)
        if text and self.settings.model is not None and self.settings.model.names_speakers:
            await self._tell_segment(text)
        by_duration = self.settings.model is not None and self.settings.model.billed_by_duration
        usage = transcription_usage(len(self.recording.audio), text, by_duration=by_duration)
        await self._emit(
            events.TranscriptionCompleted(item_id=self.recording.item_id, transcript=text, usage=usage)
        )

    async def _tell_segment(self, text: str) -> None:
        """Nobody here tells speakers apart: there is one."""
        await self._emit(
            events.TranscriptionSegment(
                item_id=self.recording.item_id,
                id=new_id("seg"),
                text=text,
                speaker="A",
                end=self.recording.ms / 1000,
            )
        )

    async def _tell_delta(self, delta: str) -> None:
        if delta:
            await self._emit(events.TranscriptionDelta(item_id=self.recording.item_id, delta=delta))

    async def _fail(self, failure: Failure) -> None:
        await self._emit(events.TranscriptionFailure(item_id=self.recording.item_id, error=failure.detail()))
