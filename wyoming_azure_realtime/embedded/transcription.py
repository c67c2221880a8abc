"""Input transcription: beside the conversation, in its own time, one task per recording."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

from wyoming_azure_realtime.embedded.engines import EngineHints, RecognitionEngine, RecognitionStream
from wyoming_azure_realtime.embedded.faults import Delay, Failure, Fault, FaultPlan
from wyoming_azure_realtime.embedded.ids import fresh
from wyoming_azure_realtime.embedded.input_buffer import InputRecording
from wyoming_azure_realtime.embedded.models import Deltas, TranscriptionCapabilities
from wyoming_azure_realtime.embedded.speech_pieces import words
from wyoming_azure_realtime.embedded.tasks import Tasks
from wyoming_azure_realtime.embedded.usage import transcription_usage
from wyoming_azure_realtime.errors import SpeechServiceError
from wyoming_azure_realtime.realtime import server_events as events

_LOG = logging.getLogger(__name__)
Emit = Callable[[events.ServerEvent], Awaitable[None]]
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

    def start(self, tasks: Tasks) -> None:
        """Run among `tasks`."""
        self._task = tasks.start(self.run(), "transcription")

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
        if self.recording.dropped or self._plan.strikes(Fault, "silent_transcript"):
            return
        delay = self._plan.strikes(Delay, "delayed_transcript")
        ms = self._plan.faults.transcript_ms + (delay.ms if delay else 0)
        await self._wait_since_commit(ms / 1000)
        failure = self._plan.strikes(Failure, "failed_transcript") or failure
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
                id=fresh("seg"),
                text=text,
                speaker="A",
                end=self.recording.ms / 1000,
            )
        )

    async def _tell_delta(self, delta: str) -> None:
        if delta:
            await self._emit(events.TranscriptionDelta(item_id=self.recording.item_id, delta=delta))

    async def _fail(self, failure: Failure) -> None:
        await self._emit(events.TranscriptionFailed(item_id=self.recording.item_id, error=failure.detail()))
