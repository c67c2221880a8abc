"""Recognition in progress: one object per utterance.

The client's side writes into a recording and never waits for the service. One sender walks the recording, so
that small chunks waiting together travel together. One receiver feeds the turn. What was recorded is what is
committed, to the sample. When a session fails, another one walks the recording from its beginning.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from types import TracebackType

from wyoming_azure_realtime.audio.pcm import AudioFormat
from wyoming_azure_realtime.errors import (
    BackendError,
    BackendTimeout,
    InternalError,
    PoolTimeout,
    SpeechServiceError,
    first_of,
)
from wyoming_azure_realtime.logs import turn as current_turn
from wyoming_azure_realtime.realtime.session_config import Hints, TranscriptionConfig
from wyoming_azure_realtime.realtime.transcription_turn import (
    LONGEST_APPEND,
    MINIMUM_AUDIO,
    FinalText,
    PartialText,
    ToSend,
    TranscriptionTurn,
)
from wyoming_azure_realtime.settings.model import Deadlines, Target
from wyoming_azure_realtime.speech.attempts import Attempts
from wyoming_azure_realtime.speech.recording import Recording
from wyoming_azure_realtime.speech.requests import Partial, Recognition
from wyoming_azure_realtime.speech.sessions import PooledChannel, Sessions
from wyoming_azure_realtime.speech.turn_log import OnTurn, TurnLog

SECONDS_PER_SECOND = 0.1  # of patience for the transcript, on top, per second of audio
_LOGGER = logging.getLogger(__name__)


class Utterance:
    """Enter it, `begin`, `write`…, `finish`, and read `results`. Leaving it early cancels the turn."""

    def __init__(
        self,
        sessions: Sessions,
        attempts: Attempts,
        configure: Callable[[Target], TranscriptionConfig],
        hints: Hints,
        deadlines: Deadlines,
        *,
        max_seconds: float,
        log: TurnLog,
        on_turn: OnTurn,
    ) -> None:
        self._sessions = sessions
        self._attempts = attempts
        self._configure = configure
        self._hints = hints
        self._deadlines = deadlines
        self._recording = Recording(max_seconds)
        self._log = log
        self._on_turn = on_turn
        self._grown = asyncio.Event()
        self._partial = ""
        self._result: Recognition | SpeechServiceError | None = None
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._limit: asyncio.Timeout | None = None

    async def __aenter__(self) -> "Utterance":
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._task is not None:
                self._task.cancel()
                await asyncio.gather(self._task, return_exceptions=True)
        finally:
            self._log.audio_seconds = self._recording.seconds
            self._on_turn(self._log.record())

    def begin(self, source: AudioFormat) -> None:
        """Say what audio is coming. Raises `UnsupportedAudio`, `OutOfOrder`."""
        self._recording.begin(source)

    def write(self, data: bytes) -> None:
        """More audio, cut anywhere; never waits. Raises what already ended the turn, or `AudioTooLong`."""
        if isinstance(self._result, SpeechServiceError):
            raise self._result
        self._recording.write(data)
        self._grown.set()

    def finish(self) -> None:
        """No more audio. Raises `AudioTooLong`."""
        self._recording.finish()
        self._grown.set()
        if self._result is None:
            self._attempts.deadline = self._now() + self._deadlines.request
            if self._limit is not None:
                self._limit.reschedule(self._attempts.deadline)

    async def results(self) -> AsyncIterator[Partial | Recognition]:
        """Partial texts as they come, then the recognition. Raises the turn's `SpeechServiceError`."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self._partial:
                text, self._partial = self._partial, ""
                yield Partial(text)
            if isinstance(self._result, SpeechServiceError):
                raise self._result
            if self._result is not None:
                yield self._result
                return

    async def _run(self) -> None:
        current_turn.set(self._log.id)
        try:
            async with asyncio.timeout_at(self._attempts.deadline) as self._limit:
                text = await self._recognise()
            self._log.outcome = "completed" if text else "empty"
            self._end(Recognition(text, self._hints.language))
        except SpeechServiceError as error:
            self._fail(error)
        except TimeoutError:
            self._fail(self._attempts.last_error or _no_response())
        except Exception as error:
            _LOGGER.exception("Recognition %s failed unexpectedly", self._log.id)
            self._fail(InternalError.of(error))

    def _fail(self, error: SpeechServiceError) -> None:
        self._log.outcome = error.code
        self._end(error)

    def _end(self, result: Recognition | SpeechServiceError) -> None:
        self._result = result
        self._log.first_result()
        self._changed.set()

    async def _recognise(self) -> str:
        """The text. The service refuses commits under 100 ms, so nothing is sent before there is as much."""
        self._sessions.warm(self._configure(self._attempts.choose()))
        while len(self._recording) < MINIMUM_AUDIO:
            if self._recording.finished:
                return ""
            await self._more()
        while True:
            target = self._attempts.choose()
            self._log.target = target.name
            try:
                text = await self._attempt(self._configure(target))
            except (BackendError, PoolTimeout) as error:
                wait = self._attempts.failed(error, self._now())
                _LOGGER.info("Recognition %s tries again after: %s", self._log.id, error.message)
                await asyncio.sleep(wait)
            else:
                self._attempts.succeeded()
                return text

    async def _attempt(self, config: TranscriptionConfig) -> str:
        """One walk through the recording, on one session."""
        self._log.attempts += 1
        lease = await self._sessions.lease(config)
        try:
            text = await self._converse(lease.session, config)
            lease.release()
            return text
        finally:
            lease.retire()

    async def _converse(self, session: PooledChannel, config: TranscriptionConfig) -> str:
        """One turn on one session: hints, audio while it arrives, commit, text."""
        turn = TranscriptionTurn(
            f"{self._log.id}-{self._log.attempts}",
            config,
            self._hints,
            kind=session.kind,
            told=session.hints,
            foreign_items=session.items,
        )
        try:
            async with asyncio.timeout(None) as deadline, asyncio.TaskGroup() as tasks:
                tasks.create_task(self._send(session, turn, deadline))
                final = await self._receive(session, turn)
        except TimeoutError:
            raise _no_response() from None
        except BaseExceptionGroup as group:
            raise first_of(group) from None
        session.hints = turn.told
        session.items.add(turn.item_id)
        self._log.usage = final.usage
        return final.text

    async def _send(self, session: PooledChannel, turn: TranscriptionTurn, deadline: asyncio.Timeout) -> None:
        """Walk the recording; commit at its end; from then on the transcript is awaited."""
        for event in turn.begin():
            await session.send(event)
        sent = 0
        while True:
            pcm = self._recording.read(sent, LONGEST_APPEND)
            if pcm:
                await session.send(turn.append(pcm))
                sent += len(pcm)
            elif self._recording.finished:
                break
            else:
                await self._more()
        await session.send(turn.commit())
        patience = self._deadlines.transcript + self._recording.seconds * SECONDS_PER_SECOND
        deadline.reschedule(self._now() + patience)

    async def _receive(self, session: PooledChannel, turn: TranscriptionTurn) -> FinalText:
        final: FinalText | None = None
        while final is None:
            for outcome in turn.receive(await session.receive()):
                match outcome:
                    case PartialText(text) if self._log.attempts == 1:
                        self._log.first_result()
                        self._partial += text
                        self._changed.set()
                    case ToSend(event):
                        await session.send(event)
                    case FinalText():
                        final = outcome
        return final

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    async def _more(self) -> None:
        """Until the recording has grown or ended."""
        await self._grown.wait()
        self._grown.clear()


def _no_response() -> BackendTimeout:
    return BackendTimeout(
        "Transcription timeout - no response received.",
        advice="Check the transcription deployment and the service's health.",
    )
