"""One transcription of a stretch of a recording: what is sent to the service, and what is made of its answer.

The stretch may still grow while it is sent. Small chunks that wait together travel together. When a session
fails, the next attempt begins at the stretch's beginning again.
"""

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any

from wyoming_azure_realtime.audio.pcm import REALTIME
from wyoming_azure_realtime.errors import (
    BackendError,
    BackendTimeout,
    ContentMismatch,
    InternalError,
    SpeechServiceError,
)
from wyoming_azure_realtime.logs import turn as current_turn
from wyoming_azure_realtime.realtime.client_events import ClientEvent, InputAudioBufferAppend
from wyoming_azure_realtime.realtime.hint_limits import HintLimits
from wyoming_azure_realtime.realtime.session_config import Hints, TranscriptionConfig
from wyoming_azure_realtime.realtime.transcription_turn import (
    MINIMUM_AUDIO,
    FinalText,
    HintsRefused,
    PartialText,
    SpeechNoticed,
    TranscriptionTurn,
)
from wyoming_azure_realtime.settings.model import Budget, Deadlines, Target
from wyoming_azure_realtime.speech.fallback import (
    UNANSWERED,
    FallbackRecognizer,
    FallbackServices,
    RealtimeFallback,
)
from wyoming_azure_realtime.speech.recording import RecordedAudio, Recording
from wyoming_azure_realtime.turns.backends import Backends
from wyoming_azure_realtime.turns.budget import TurnBudget
from wyoming_azure_realtime.turns.engine import Attempt, TurnEngine
from wyoming_azure_realtime.turns.idle_timeout import IdleTimeout, ServiceTime
from wyoming_azure_realtime.turns.record import TurnRecorder

SECONDS_PER_SECOND = 0.1  # that the transcript of each second of audio may take, on top of its deadline

_LONGEST_APPEND = 96_000
"""Bytes of audio in one event: two seconds, far below the service's 15 MiB."""

USUAL_RATE = 16000  # Hz, of the audio of Wyoming's clients

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RecognitionContext:
    """What every pass of an utterance needs: where it may go, how to ask, and how much it may cost.

    `configure`: the session at a target for audio of that rate, in Hz. `hints_for`: the hints in the words of
    a target's service. `refused` is told what a model does not take, `unnoticed` which one overlooked speech.
    `kept_rates`: those in which a recording is kept as it came, because a service takes it so.
    """

    engine: TurnEngine
    backends: Backends
    configure: Callable[[Target, int], TranscriptionConfig]
    hints: Hints  # as asked for, whatever the target
    hints_for: Callable[[Target, TranscriptionConfig], Hints]
    refused: Callable[[TranscriptionConfig, HintLimits], None]
    unnoticed: Callable[[TranscriptionConfig], None]
    deadlines: Deadlines
    limits: Budget
    recorder: TurnRecorder
    fallback: FallbackServices[FallbackRecognizer]
    kept_rates: tuple[int, ...] = ()

    @property
    def fallbacks(self) -> list[FallbackRecognizer | RealtimeFallback]:
        """Who hears if no target answers."""
        return self.fallback.candidates(self.hints.language, at_any_rate=True)

    @property
    def drafts(self) -> bool:
        """Whether drafts are made: not by a machine in the home, which would do all of it twice."""
        if self.backends.working() or not (fallbacks := self.fallbacks):
            return True
        return isinstance(fallbacks[0], RealtimeFallback)

    def warm(self) -> None:
        """A recognition is about to begin: have a session ready, if it is known that one can be had."""
        if self.backends.available and (self.backends.working() or not self.fallbacks):
            self.engine.sessions.warm(self.configure(self.backends.choose(), USUAL_RATE))


class TranscriptionPass:
    """Runs from its creation until there is a `text` or an `error`; then calls `on_end` with itself.

    `start` and `end`: the stretch in bytes of the recording; `end` is None while it grows. `on_partial` gets
    all text so far. `is_turn` says whether a text that the service ended by itself is a command; with
    `detects`, the service is asked to find ends. `noticed`: it said that somebody speaks.
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
        *,
        detects: bool = True,
    ) -> None:
        self._context = context
        self.budget = budget
        self.recorder = context.recorder
        self._recording = recording
        self.start = start
        self.end: int | None = None
        self._held = b""
        self._original_end = 0
        self._abandoned_at: int | None = None
        self._superseded = False
        self._on_end = on_end
        self._on_partial = on_partial
        self._is_turn = is_turn
        self._detects = detects
        self.noticed = False
        self._deadline = math.inf
        self._grown = asyncio.Event()
        self._partial = ""
        self._config: TranscriptionConfig  # of the attempt in progress, as its hints
        self._hints: Hints
        self.text: str | None = None
        self.error: SpeechServiceError | None = None
        self.last_error: SpeechServiceError | None = None
        self._task = asyncio.create_task(self._run())

    @property
    def done(self) -> bool:
        """There is a text or an error."""
        return self.text is not None or self.error is not None

    @property
    def in_use(self) -> bool:
        """Whether it may still have a session."""
        return not self._task.done()

    @property
    def sent(self) -> int:
        """Bytes of the recording that it sends, as if no attempt had failed."""
        ends = (self.end, self._abandoned_at, len(self._recording))
        return next(end for end in ends if end is not None) - self.start

    def grown(self) -> None:
        """The recording is longer."""
        self._grown.set()

    def close(self, held: bytes = b"") -> None:
        """The stretch ends here, with `held` after it."""
        self.end, self._held = len(self._recording), held
        self._original_end = len(self._recording.original)
        self._grown.set()

    def limit(self, deadline: float) -> None:
        """No further attempt may begin at `deadline` or later, in the event loop's time."""
        self._deadline = deadline

    def abandon(self, *, superseded: bool = False) -> None:
        """Leave off: nobody needs the text any more. A second call does nothing.

        `superseded`: another pass covers more; else it is the client that is gone.
        """
        if not (self.done or self._abandoned_at is not None):  # or the session is just being given back
            self._abandoned_at, self._superseded = len(self._recording), superseded
            self._task.cancel()

    async def ended(self) -> None:
        """Wait until its session is given back."""
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        current_turn.set(self.recorder.id)
        try:
            await self._transcribe()
        except SpeechServiceError as error:
            self._failed(error)
        except Exception as error:
            _LOGGER.exception("Recognition %s failed unexpectedly", self.recorder.id)
            self._failed(InternalError.of(error))

    def _failed(self, error: SpeechServiceError) -> None:
        if not self.done:
            self.error = error
            self._on_end(self)

    # where no target answers

    async def _transcribe(self) -> None:
        """By a target, at once by a fallback while all are down, or by a target after all."""
        context, failure = self._context, None
        fallbacks = context.fallbacks
        if context.backends.working() or not fallbacks:
            try:
                await context.engine.run(self, context.backends, one_round=bool(fallbacks))
            except UNANSWERED as error:
                failure = error
            else:
                context.fallback.not_needed()
                return
        for number, service in enumerate(fallbacks, 1):
            try:
                await self._ask(service, others=number < len(fallbacks))
            except UNANSWERED as error:
                _LOGGER.debug("The fallback '%s' does not hear: %s", service.name, error)
                context.fallback.failed(service, error)
                self.last_error = failure = failure or error
            else:
                context.fallback.succeeded(service, in_use=not context.backends.working())
                self.recorder.fallback = service.name
                return
        if failure is not None and (not fallbacks or _now() >= self.deadline()):
            raise failure
        await context.engine.run(self, context.backends)

    async def _ask(self, service: FallbackRecognizer | RealtimeFallback, *, others: bool) -> None:
        """`others`: there are more of them, which need time too. Raises `BackendError`."""
        if isinstance(service, RealtimeFallback):
            await self._context.engine.run(self, service.backends, one_round=True)
            return
        recorder, hints = self.recorder, self._context.hints
        recorder.target, recorder.attempts = service.name, recorder.attempts + 1
        text = ""
        while not text.strip():
            ended = self.end is not None
            try:
                async with asyncio.timeout(None) as limit:
                    audio = self._stretch(limit, 0.5 if others else 1.0)
                    text = await service.transcribe(audio, hints.language, hints.keywords, self._on_partial)
            except TimeoutError as error:
                raise no_response() from error
            if ended:
                break
            while self.end is None:  # it has answered ahead of it, that nobody spoke
                await self._grown.wait()
                self._grown.clear()
        self.text = text
        self._on_end(self)

    async def _stretch(self, limit: asyncio.Timeout, share: float) -> AsyncIterator[bytes]:
        """The stretch as it grows. From its end on, so much of the time left is the answer's `limit`."""
        sent = self.start
        while self.end is None or sent < self.end:
            available = len(self._recording) if self.end is None else self.end
            if pcm := self._recording.read(sent, min(_LONGEST_APPEND, available - sent)):
                yield pcm
                sent += len(pcm)
                self.recorder.sent_bytes += len(pcm)
            else:
                await self._grown.wait()
                self._grown.clear()
        if self._held:
            yield self._held
        limit.reschedule(_now() + share * (self.deadline() - _now()))

    # what the engine asks for

    def deadline(self) -> float:
        """While audio still comes, as if it ended now: what is later then is too late in any case."""
        return min(self._deadline, asyncio.get_running_loop().time() + self._context.deadlines.request)

    def configure(self, target: Target) -> TranscriptionConfig:
        """As the utterance needs it."""
        self._config = self._context.configure(target, self._recording.original_rate)
        self._hints = self._context.hints_for(target, self._config)
        return self._config

    def timeout(self) -> IdleTimeout:
        """Unlimited until the commit is sent: the client may speak as long as it likes."""
        return IdleTimeout(math.inf, ServiceTime(math.inf))

    def begin(self, attempt: Attempt) -> TranscriptionTurn:
        """Where the end is known, the service must not look for it: in a hurried upload it finds others."""
        session, hints = attempt.session, self._hints
        if self.end is not None or not self._detects:
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
        session, rate = attempt.session, self._config.rate
        audio = self._recording.at(rate)
        converted = audio is not self._recording.original
        start = sent = self.start if converted else self.start * rate // REALTIME.rate & ~1
        while (end := self._end_of(audio)) is None or sent < end:
            available = len(audio) & ~1 if end is None else end
            pcm = audio.read(sent, min(_LONGEST_APPEND, available - sent))
            if pcm:
                await session.send(InputAudioBufferAppend(audio=pcm))
                sent += len(pcm)
                attempt.sent_bytes += len(pcm) * REALTIME.rate // rate
            else:
                await self._grown.wait()
                self._grown.clear()
        if self._held and converted:
            await session.send(InputAudioBufferAppend(audio=self._held))
        if not turn.committed:
            attempt.request_sent()
            await session.send(turn.commit())
        seconds = (sent - start) / (2 * rate)  # PCM16
        attempt.timeout.progressed()
        attempt.timeout.become(self._context.deadlines.transcript + seconds * SECONDS_PER_SECOND)

    def _end_of(self, audio: RecordedAudio) -> int | None:
        """What the converter still holds back of the end is there in the original."""
        original = audio is self._recording.original
        return self._original_end & ~1 if original and self.end is not None else self.end

    async def take(self, attempt: Attempt, turn: TranscriptionTurn, outcome: Any) -> bool:
        """Pass partial text on; the final text is the end, unless the service took a cough for a command."""
        match outcome:
            case PartialText(text):
                self._partial += text
                self._on_partial(self._partial)
            case SpeechNoticed():
                self.noticed = True
            case HintsRefused(limits):
                self._context.refused(self._config, limits)
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

    def unnoticed(self) -> None:
        """Somebody spoke, and the service did not notice."""
        self._context.unnoticed(self._config)

    async def again(self, error: ContentMismatch) -> bool:
        """Whatever was transcribed is the answer."""
        return False

    def keep(self, attempt: Attempt, turn: TranscriptionTurn) -> bool:
        """With detection, audio may have followed the command, and is in the session's buffer now."""
        attempt.session.hints = turn.known_hints
        attempt.session.items |= turn.items
        return not turn.detects


def _now() -> float:
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
