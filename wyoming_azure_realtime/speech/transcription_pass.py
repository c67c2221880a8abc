"""One transcription of a stretch of a recording: what is sent to the service, and what is made of its answer.

The stretch may still grow while it is sent. Small chunks that wait together travel together. When a session
fails, the next attempt begins at the stretch's beginning again.
"""

import asyncio
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from wyoming_azure_realtime.audio.pcm import BYTES_PER_SECOND
from wyoming_azure_realtime.errors import BackendError, BackendTimeout, InternalError, SpeechServiceError
from wyoming_azure_realtime.logs import turn as current_turn
from wyoming_azure_realtime.realtime.client_events import ClientEvent
from wyoming_azure_realtime.realtime.session_config import Hints, TranscriptionConfig
from wyoming_azure_realtime.realtime.transcription_turn import (
    LONGEST_APPEND,
    MINIMUM_AUDIO,
    FinalText,
    PartialText,
    TranscriptionTurn,
)
from wyoming_azure_realtime.settings.model import Budget, Deadlines, Target
from wyoming_azure_realtime.speech.recording import Recording
from wyoming_azure_realtime.turns.backends import Backends
from wyoming_azure_realtime.turns.budget import TurnBudget
from wyoming_azure_realtime.turns.engine import Attempt, TurnEngine
from wyoming_azure_realtime.turns.idle_timeout import IdleTimeout, ServiceTime
from wyoming_azure_realtime.turns.record import TurnRecorder

SECONDS_PER_SECOND = 0.1
"""Seconds that the transcript of each second of audio may take, on top of its deadline."""

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RecognitionContext:
    """What every pass of an utterance needs: where it may go, how to ask, and how much it may cost."""

    engine: TurnEngine
    backends: Backends
    configure: Callable[[Target], TranscriptionConfig]
    hints: Hints
    deadlines: Deadlines
    limits: Budget
    recorder: TurnRecorder

    def warm(self) -> None:
        """A recognition is about to begin: have a session ready."""
        self.engine.sessions.warm(self.configure(self.backends.choose()))


class TranscriptionPass:
    """Runs from its creation until there is a `text` or an `error`; then calls `on_end` with itself.

    `start` and `end`: the stretch in bytes of the recording; `end` is None while it grows. `on_partial` gets
    all text so far. `is_turn` says whether a text that the service ended by itself is a command.
    """

    concurrent = True

    def __init__(
        self,
        context: RecognitionContext,
        budget: TurnBudget,
        recording: Recording,
        start: int,
        on_end: Callable[["TranscriptionPass"], None],
        on_partial: Callable[[str], None],
        is_turn: Callable[[str], bool] = bool,
    ) -> None:
        self._context = context
        self.budget = budget
        self.recorder = context.recorder
        self._recording = recording
        self.start = start
        self.end: int | None = None
        self._held = b""
        self._abandoned = self._superseded = False
        self._on_end = on_end
        self._on_partial = on_partial
        self._is_turn = is_turn
        self._deadline = math.inf
        self._grown = asyncio.Event()
        self._partial = ""
        self._config: TranscriptionConfig  # of the attempt in progress
        self.text: str | None = None
        self.error: SpeechServiceError | None = None
        self.last_error: SpeechServiceError | None = None
        self._task = asyncio.create_task(self._run())

    @property
    def done(self) -> bool:
        """There is a text or an error."""
        return self.text is not None or self.error is not None

    def grown(self) -> None:
        """The recording is longer."""
        self._grown.set()

    def close(self, held: bytes = b"") -> None:
        """The stretch ends here, with `held` after it."""
        self.end, self._held = len(self._recording), held
        self._grown.set()

    def limit(self, deadline: float) -> None:
        """No further attempt may begin at `deadline` or later, in the event loop's time."""
        self._deadline = deadline

    def abandon(self, *, superseded: bool = False) -> None:
        """Leave off: nobody needs the text any more. A second call does nothing.

        `superseded`: another pass covers more; else it is the client that is gone.
        """
        if not (self.done or self._abandoned):  # or the session is just being given back
            self._abandoned, self._superseded = True, superseded
            self._task.cancel()

    async def ended(self) -> None:
        """Wait until its session is given back."""
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        current_turn.set(self.recorder.id)
        try:
            await self._context.engine.run(self, self._context.backends)
        except SpeechServiceError as error:
            self._failed(error)
        except Exception as error:
            _LOGGER.exception("Recognition %s failed unexpectedly", self.recorder.id)
            self._failed(InternalError.of(error))

    def _failed(self, error: SpeechServiceError) -> None:
        if not self.done:
            self.error = error
            self._on_end(self)

    # what the engine asks for

    def deadline(self) -> float:
        """While audio still comes, as if it ended now: what is later then is too late in any case."""
        return min(self._deadline, asyncio.get_running_loop().time() + self._context.deadlines.request)

    def configure(self, target: Target) -> TranscriptionConfig:
        """As the utterance needs it."""
        self._config = self._context.configure(target)
        return self._config

    def timeout(self) -> IdleTimeout:
        """Unlimited until the commit is sent: the client may speak as long as it likes."""
        return IdleTimeout(math.inf, ServiceTime(math.inf))

    def begin(self, attempt: Attempt) -> TranscriptionTurn:
        """Where the end is known, the service must not look for it: in a hurried upload it finds others."""
        session, hints = attempt.session, self._context.hints
        if self.end is not None:
            hints = replace(hints, detection=None)
        self._partial = ""
        return TranscriptionTurn(
            attempt.id,
            self._config,
            hints,
            kind=session.kind,
            sent_hints=session.hints,
            foreign_items=session.items,
        )

    async def send(self, attempt: Attempt, turn: TranscriptionTurn) -> None:
        """Send the stretch as it grows; commit at its end, unless the service has."""
        session, sent = attempt.session, self.start
        while self.end is None or sent < self.end:
            available = len(self._recording) if self.end is None else self.end
            pcm = self._recording.read(sent, min(LONGEST_APPEND, available - sent))
            if pcm:
                await session.send(turn.append(pcm))
                sent += len(pcm)
                self.recorder.sent_bytes += len(pcm)
            else:
                await self._grown.wait()
                self._grown.clear()
        if self._held:
            await session.send(turn.append(self._held))
        if not turn.committed:
            attempt.request_sent()
            await session.send(turn.commit())
        seconds = (sent - self.start) / BYTES_PER_SECOND
        attempt.timeout.progressed()
        attempt.timeout.become(self._context.deadlines.transcript + seconds * SECONDS_PER_SECOND)

    async def take(self, attempt: Attempt, turn: TranscriptionTurn, outcome: Any) -> bool:
        """Pass partial text on; the final text is the end, unless the service took a cough for a command."""
        match outcome:
            case PartialText(text):
                self._partial += text
                self._on_partial(self._partial)
            case FinalText(text):
                if not turn.commit_sent:  # the service has ended the turn
                    attempt.request_sent()
                if self.end is None and not self._is_turn(text):
                    turn.again()
                    return False
                self.text = text
                self._on_end(self)
                await asyncio.sleep(0)  # whoever waits for the text goes on before the session is given back
                return True
        return False

    async def finish(self, attempt: Attempt, turn: TranscriptionTurn, error: BackendError | None) -> bool:
        """A text that came before an error is as good as any."""
        self.last_error = error or self.last_error
        return self.done

    def cancel(self, turn: TranscriptionTurn) -> list[ClientEvent] | None:
        """A draft's session is worth waiting for; when the client is gone, the service is told at once."""
        return turn.cancel() if self._superseded else None

    def late(self) -> BackendTimeout:
        """As everybody knows it."""
        return no_response()

    def keep(self, attempt: Attempt, turn: TranscriptionTurn) -> bool:
        """With detection, audio may have followed the command, and is in the session's buffer now."""
        attempt.session.hints = turn.sent_hints
        attempt.session.items |= turn.items
        return not turn.detects


def is_too_short(recording: Recording, start: int = 0) -> bool:
    """The service refuses commits under 100 ms, so nothing is sent before there is as much."""
    return len(recording) - start < MINIMUM_AUDIO


def no_response() -> BackendTimeout:
    """Nothing came, and nothing told why."""
    return BackendTimeout(
        "Transcription timeout - no response received.",
        advice="Check the transcription deployment and the service's health.",
    )
