"""One piece of a text, spoken: by as many responses as it takes until every word of it was said, once.

It runs from its creation on, whether its turn to be heard has come or not, and keeps a bounded amount of
audio. What was let go of a response that failed, or that began to say something else, is not heard again.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from wyoming_azure_realtime.audio.continuation import Continuation
from wyoming_azure_realtime.errors import (
    BackendError,
    BackendTimeout,
    Drifted,
    InternalError,
    PoolTimeout,
    ProtocolViolation,
    SessionLost,
    SpeechServiceError,
)
from wyoming_azure_realtime.logs import turn as current_turn
from wyoming_azure_realtime.realtime.session_config import SpeechConfig
from wyoming_azure_realtime.realtime.speech_turn import Finished, SpeechTurn, Spoken, SpokenText, TextEnded
from wyoming_azure_realtime.settings.model import Deadlines, Speech, Target
from wyoming_azure_realtime.speech.attempts import Attempts
from wyoming_azure_realtime.speech.hold import Hold
from wyoming_azure_realtime.speech.patience import Patience
from wyoming_azure_realtime.speech.recording import BYTES_PER_SECOND
from wyoming_azure_realtime.speech.sessions import PooledChannel, Sessions
from wyoming_azure_realtime.speech.targets import Targets
from wyoming_azure_realtime.speech.turn_log import TurnLog
from wyoming_azure_realtime.text.pieces import Piece
from wyoming_azure_realtime.wording import Wording

MOST_UNHEARD = 10 * BYTES_PER_SECOND
"""Audio that waits for its turn, or for a client who takes it slowly; then the service has to wait."""

MOST_HEARD = 600 * BYTES_PER_SECOND
"""Of one piece, which takes five minutes at the slowest."""

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Speaker:
    """What every piece of a text needs: sessions, targets, and how to ask. `drifts` counts by voice."""

    sessions: Sessions
    targets: Targets
    configure: Callable[[Target, Piece], SpeechConfig]
    speech: Speech
    language: str
    deadlines: Deadlines
    drifts: Counter[str]
    log: TurnLog


class Rendition:
    """Read `audio` once; `abandon` it, or wait for its end."""

    def __init__(self, by: Speaker, piece: Piece) -> None:
        self.piece = piece
        self._by = by
        self._unread = bytearray()
        self._heard = bytearray()  # everything that was let go, to go on from
        self._over = False
        self._error: SpeechServiceError | None = None
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._progress = self._now()
        self._drifts = 0
        self._task = asyncio.create_task(self._run())

    async def audio(self) -> AsyncIterator[bytes]:
        """24 kHz PCM16 mono, all that is there at a time. Raises the piece's `SpeechServiceError`."""
        while not (self._over and not self._unread):
            await self._news.wait()
            self._news.clear()
            self._room.set()
            pcm = bytes(self._unread)
            self._unread.clear()
            if pcm:
                yield pcm
        if self._error is not None:
            raise self._error

    def abandon(self) -> None:
        """Leave off; the response in progress ends with its session."""
        self._task.cancel()

    async def ended(self) -> None:
        """Until its session is given back."""
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        current_turn.set(self._by.log.id)
        try:
            await self._speak()
        except SpeechServiceError as error:
            self._error = error
        except Exception as error:
            _LOGGER.exception("Synthesis %s failed unexpectedly", self._by.log.id)
            self._error = InternalError.of(error)
        self._over = True
        self._news.set()

    async def _speak(self) -> None:
        """By as many responses as it takes. The deadline counts from the last progress."""
        attempts = Attempts(self._by.targets)
        while True:
            attempts.deadline = self._progress + self._by.deadlines.request
            target = attempts.choose()
            self._by.log.target = target.name
            config = self._by.configure(target, self.piece)
            try:
                await self._attempt(config)
            except Drifted as error:
                self._drifted(config)
                if self._now() >= attempts.deadline:
                    raise error from None
            except (BackendError, PoolTimeout) as error:
                wait = attempts.failed(error, self._now())
                _LOGGER.info("Synthesis %s tries again after: %s", self._by.log.id, error.message)
                await asyncio.sleep(wait)
            else:
                attempts.succeeded()
                return

    def _drifted(self, config: SpeechConfig) -> None:
        self._drifts += 1
        self._by.log.drifts += 1
        self._by.drifts[f"{config.deployment}/{config.voice}"] += 1
        _LOGGER.info("Synthesis %s asks again, since it was not the text that was said", self._by.log.id)

    async def _attempt(self, config: SpeechConfig) -> None:
        """One response on one session; what was heard before is left out of it."""
        log, speech = self._by.log, self._by.speech
        log.attempts += 1
        turn = SpeechTurn(
            f"{log.id}-{log.attempts}", self.piece.text, style=speech.instructions, failures=self._drifts
        )
        rest = Continuation(bytes(self._heard)) if self._heard else None
        lease = await self._by.sessions.lease(config)
        try:
            await self._converse(lease.session, turn, rest)
            lease.release()
        except (SessionLost, BackendTimeout):
            if not turn.audio_ended:
                raise
        finally:
            lease.retire()
        if rest is not None:
            await self._let_go(rest.finish())

    async def _converse(self, session: PooledChannel, turn: SpeechTurn, rest: Continuation | None) -> None:
        """The clock runs while the service is awaited, not while the client takes its time."""
        deadlines = self._by.deadlines
        patience = Patience(deadlines.first_audio)
        try:
            async with patience:
                await session.send(turn.create())
                await self._listen(session, turn, rest, patience)
        except TimeoutError:
            missing = "rest of the speech" if patience.seconds == deadlines.between_audio else "speech"
            raise BackendTimeout(f"The {missing} did not come in time.") from None

    async def _listen(
        self, session: PooledChannel, turn: SpeechTurn, rest: Continuation | None, patience: Patience
    ) -> None:
        hold = Hold(self._wording(), self._by.speech.margin)
        while True:
            event = await session.receive()
            patience.paused()
            for outcome in turn.receive(event):
                match outcome:
                    case Spoken(pcm):
                        patience.become(self._by.deadlines.between_audio)
                        released = hold.audio(pcm)
                    case SpokenText(text):
                        released = hold.text(text)
                    case TextEnded():
                        released = hold.text_ended()
                    case Finished(usage):
                        self._by.log.add_usage(usage)
                        released = hold.finish()
                await self._let_go(rest.feed(released) if rest and released else released)
                if isinstance(outcome, Finished):
                    return
            patience.heard()

    def _wording(self) -> Wording:
        speech = self._by.speech
        return Wording(self.piece.text, language=self._by.language, tolerance=speech.tolerance)

    async def _let_go(self, pcm: bytes) -> None:
        if not pcm:
            return
        if len(self._heard) > MOST_HEARD:
            raise ProtocolViolation("The service does not stop speaking.")
        first = not self._heard
        self._heard += pcm
        self._unread += pcm
        self._news.set()
        if first:
            await asyncio.sleep(0)  # or a burst of audio would be read before its first is handed on
        while len(self._unread) > MOST_UNHEARD:
            self._room.clear()
            await self._room.wait()
        self._progress = self._now()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
