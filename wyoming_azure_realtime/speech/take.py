"""One recognition of a stretch of a recording, on one session after the other until there is a text.

The stretch may still grow while it is sent. One sender walks it, so that small chunks waiting together travel
together; one receiver feeds the turn. When a session fails, another one walks from the beginning.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

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
from wyoming_azure_realtime.speech.recording import BYTES_PER_SECOND, Recording
from wyoming_azure_realtime.speech.sessions import PooledChannel, Sessions
from wyoming_azure_realtime.speech.targets import Targets
from wyoming_azure_realtime.speech.turn_log import TurnLog

SECONDS_PER_SECOND = 0.1  # of patience for the transcript, on top, per second of audio
_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recogniser:
    """What every recognition of an utterance needs: sessions, targets, and how to ask."""

    sessions: Sessions
    targets: Targets
    configure: Callable[[Target], TranscriptionConfig]
    hints: Hints
    deadlines: Deadlines
    log: TurnLog

    def warm(self) -> None:
        """A recognition is about to begin."""
        self.sessions.warm(self.configure(self.targets.choose()))


class Take:
    """Runs from its creation until there is a `text` or an `error`; then `on_end` is called with it."""

    def __init__(
        self,
        by: Recogniser,
        recording: Recording,
        start: int,
        on_end: Callable[["Take"], None],
        on_partial: Callable[[str], None],
        is_turn: Callable[[str], bool] = bool,
    ) -> None:
        self._by = by
        self._recording = recording
        self.start = start
        self.end: int | None = None
        self._held = b""
        self._on_end = on_end
        self._on_partial = on_partial
        self._is_turn = is_turn
        self._attempts = Attempts(by.targets)
        self._grown = asyncio.Event()
        self.text: str | None = None
        self.error: SpeechServiceError | None = None
        self._task = asyncio.create_task(self._run())

    @property
    def done(self) -> bool:
        """There is a text or an error."""
        return self.text is not None or self.error is not None

    @property
    def last_error(self) -> SpeechServiceError | None:
        """Why it is being tried again."""
        return self._attempts.last_error

    def grown(self) -> None:
        """The recording is longer."""
        self._grown.set()

    def close(self, held: bytes = b"") -> None:
        """The stretch ends here, with `held` after it."""
        self.end, self._held = len(self._recording), held
        self._grown.set()

    def limit(self, deadline: float) -> None:
        """No further attempt shall begin so late, in the loop's time."""
        self._attempts.deadline = deadline

    def abandon(self) -> None:
        """Leave off; whatever is in progress at the service ends with its session."""
        if not self.done:  # or the session is just being given back
            self._task.cancel()

    async def ended(self) -> None:
        """Until its session is given back."""
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        current_turn.set(self._by.log.id)
        try:
            await self._recognise()
        except SpeechServiceError as error:
            self._failed(error)
        except Exception as error:
            _LOGGER.exception("Recognition %s failed unexpectedly", self._by.log.id)
            self._failed(InternalError.of(error))

    def _failed(self, error: SpeechServiceError) -> None:
        if not self.done:
            self.error = error
            self._on_end(self)

    def _heard(self, final: FinalText) -> None:
        """There is a text."""
        self._by.log.add_usage(final.usage)
        self.text = final.text
        self._on_end(self)

    async def _recognise(self) -> None:
        log = self._by.log
        while True:
            target = self._attempts.choose()
            log.target = target.name
            try:
                await self._attempt(self._by.configure(target))
            except (BackendError, PoolTimeout) as error:
                if self.done:
                    return
                wait = self._attempts.failed(error, self._now())
                _LOGGER.info("Recognition %s tries again after: %s", log.id, error.message)
                await asyncio.sleep(wait)
            else:
                self._attempts.succeeded()
                return

    async def _attempt(self, config: TranscriptionConfig) -> None:
        """One walk through the stretch, on one session."""
        self._by.log.attempts += 1
        hints = self._by.hints
        if self.end is not None:  # the end is known, and detection would find others in a hurried upload
            hints = replace(hints, detection=None)
        lease = await self._by.sessions.lease(config)
        try:
            await self._converse(lease.session, config, hints)
            if hints.detection is None:  # or audio may have followed the turn
                lease.release()
        finally:
            lease.retire()

    async def _converse(self, session: PooledChannel, config: TranscriptionConfig, hints: Hints) -> None:
        """One turn on one session: hints, audio while it arrives, commit, text."""
        turn = TranscriptionTurn(
            f"{self._by.log.id}-{self._by.log.attempts}",
            config,
            hints,
            kind=session.kind,
            told=session.hints,
            foreign_items=session.items,
        )
        try:
            async with asyncio.timeout(None) as deadline, asyncio.TaskGroup() as tasks:
                sender = tasks.create_task(self._send(session, turn, deadline))
                self._heard(await self._receive(session, turn))
                await asyncio.sleep(0)  # whoever waits for the text goes on before the session is given back
                sender.cancel()  # the service may have ended the turn
        except TimeoutError:
            raise no_response() from None
        except BaseExceptionGroup as group:
            raise first_of(group) from None
        session.hints = turn.told
        session.items.add(turn.item_id)

    async def _send(self, session: PooledChannel, turn: TranscriptionTurn, deadline: asyncio.Timeout) -> None:
        """Walk the stretch; commit at its end, unless the service has; then the transcript is awaited."""
        for event in turn.begin():
            await session.send(event)
        sent = self.start
        while self.end is None or sent < self.end:
            there = len(self._recording) if self.end is None else self.end
            pcm = self._recording.read(sent, min(LONGEST_APPEND, there - sent))
            if pcm:
                await session.send(turn.append(pcm))
                sent += len(pcm)
            else:
                await self._grown.wait()
                self._grown.clear()
        if self._held:
            await session.send(turn.append(self._held))
        if not turn.committed:
            await session.send(turn.commit())
        seconds = (sent - self.start) / BYTES_PER_SECOND
        deadline.reschedule(self._now() + self._by.deadlines.transcript + seconds * SECONDS_PER_SECOND)

    async def _receive(self, session: PooledChannel, turn: TranscriptionTurn) -> FinalText:
        final: FinalText | None = None
        told = ""
        while final is None:
            for outcome in turn.receive(await session.receive()):
                match outcome:
                    case PartialText(text):
                        told += text
                        self._on_partial(told)
                    case ToSend(event):
                        await session.send(event)
                    case FinalText(text) if self.end is None and not self._is_turn(text):
                        turn.again()
                    case FinalText():
                        final = outcome
        return final

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def is_too_short(recording: Recording, start: int = 0) -> bool:
    """The service refuses commits under 100 ms, so nothing is sent before there is as much."""
    return len(recording) - start < MINIMUM_AUDIO


def no_response() -> BackendTimeout:
    """Nothing came, and nothing told why."""
    return BackendTimeout(
        "Transcription timeout - no response received.",
        advice="Check the transcription deployment and the service's health.",
    )
