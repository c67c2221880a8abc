"""Speech in progress: one object per request.

Text is written by the client's side, cut into pieces, and spoken piece by piece, each on a warm session of
the voice. Reading text never waits for audio to be taken, nor the other way round; both sides are bounded.
When a response fails, another one takes its place; what was already heard of it is not heard again.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from types import TracebackType

from wyoming_azure_realtime.audio.continuation import Continuation
from wyoming_azure_realtime.audio.pcm import silence
from wyoming_azure_realtime.errors import (
    BackendError,
    BackendTimeout,
    InternalError,
    PoolTimeout,
    SessionLost,
    SpeechServiceError,
    TextTooLong,
)
from wyoming_azure_realtime.logs import turn as current_turn
from wyoming_azure_realtime.realtime.session_config import SpeechConfig
from wyoming_azure_realtime.realtime.speech_turn import Finished, SpeechTurn, Spoken
from wyoming_azure_realtime.settings.model import Deadlines, Target
from wyoming_azure_realtime.speech.attempts import Attempts
from wyoming_azure_realtime.speech.catalog import Voice
from wyoming_azure_realtime.speech.recording import BYTES_PER_SECOND
from wyoming_azure_realtime.speech.sentences import Pieces, is_speakable
from wyoming_azure_realtime.speech.sessions import PooledChannel, Sessions
from wyoming_azure_realtime.speech.targets import Targets
from wyoming_azure_realtime.speech.turn_log import OnTurn, TurnLog

_LOGGER = logging.getLogger(__name__)
NOTHING_TO_SAY_MS = 20
AHEAD = 64  # audio deltas kept for a client that takes them slowly


class Synthesis:
    """Enter it, `write`…, `finish`, and read `audio`. Leaving it early cancels the response."""

    def __init__(
        self,
        sessions: Sessions,
        targets: Targets,
        configure: Callable[[Target], SpeechConfig],
        voice: Voice,
        deadlines: Deadlines,
        *,
        style: str,
        max_characters: int,
        log: TurnLog,
        on_turn: OnTurn,
    ) -> None:
        self.voice = voice
        self._sessions = sessions
        self._targets = targets
        self._configure = configure
        self._deadlines = deadlines
        self._style = style
        self._max_characters = max_characters
        self._log = log
        self._on_turn = on_turn
        self._pieces = Pieces()
        self._heard = bytearray()  # of the piece in progress
        self._progress = 0.0
        self._more_text = asyncio.Event()
        self._audio: asyncio.Queue[bytes | SpeechServiceError | None] = asyncio.Queue(AHEAD)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Synthesis":
        self._sessions.warm(self._configure(self._targets.choose()))
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
            self._on_turn(self._log.record())

    async def write(self, text: str) -> None:
        """More text, cut anywhere. Raises `TextTooLong`."""
        self._log.characters += len(text)
        if self._log.characters > self._max_characters:
            raise TextTooLong(f"The text is longer than {self._max_characters} characters.")
        self._pieces.add(text)
        self._more_text.set()

    def finish(self) -> None:
        """No more text."""
        self._pieces.finish()
        self._more_text.set()

    async def audio(self) -> AsyncIterator[bytes]:
        """24 kHz PCM16 mono, as it is generated. Raises the turn's `SpeechServiceError`."""
        while (chunk := await self._audio.get()) is not None:
            if isinstance(chunk, SpeechServiceError):
                raise chunk
            yield chunk

    async def _run(self) -> None:
        current_turn.set(self._log.id)
        end: SpeechServiceError | None = None
        try:
            await self._speak_all()
            self._log.outcome = "completed" if self._log.audio_seconds else "empty"
            if not self._log.audio_seconds:
                await self._audio.put(silence(NOTHING_TO_SAY_MS))
        except SpeechServiceError as error:
            self._log.outcome = error.code
            end = error
        except Exception as error:
            _LOGGER.exception("Synthesis %s failed unexpectedly", self._log.id)
            end = InternalError.of(error)
            self._log.outcome = end.code
        await self._audio.put(end)

    async def _speak_all(self) -> None:
        """Every piece in order, as text allows."""
        while True:
            await self._more_text.wait()
            self._more_text.clear()
            finished = self._pieces.finished
            for piece in filter(is_speakable, self._pieces.take()):
                await self._speak(piece)
            if finished:
                return

    async def _speak(self, piece: str) -> None:
        """One piece, by as many responses as it takes. The deadline counts from the last progress."""
        attempts = Attempts(self._targets)
        self._heard.clear()
        self._progress = self._now()
        while True:
            attempts.deadline = self._progress + self._deadlines.request
            target = attempts.choose()
            self._log.target = target.name
            try:
                await self._attempt(piece, self._configure(target))
            except (BackendError, PoolTimeout) as error:
                wait = attempts.failed(error, self._now())
                _LOGGER.info("Synthesis %s tries again after: %s", self._log.id, error.message)
                await asyncio.sleep(wait)
            else:
                attempts.succeeded()
                return

    async def _attempt(self, piece: str, config: SpeechConfig) -> None:
        """One response on one session; what was heard before is left out of it."""
        self._log.attempts += 1
        turn = SpeechTurn(f"{self._log.id}-{self._log.attempts}", piece, style=self._style)
        rest = Continuation(bytes(self._heard)) if self._heard else None
        lease = await self._sessions.lease(config)
        try:
            await self._converse(lease.session, turn, rest)
            lease.release()
        except (SessionLost, BackendTimeout):
            if not turn.audio_ended:
                raise
        finally:
            lease.retire()
        if rest is not None:
            await self._hand_over(rest.finish())

    async def _converse(self, session: PooledChannel, turn: SpeechTurn, rest: Continuation | None) -> None:
        """The clock runs while the service is awaited, not while the client takes its time."""
        await session.send(turn.create())
        patience, missing = self._deadlines.first_audio, "speech"
        while True:
            try:
                async with asyncio.timeout(patience):
                    event = await session.receive()
            except TimeoutError:
                raise BackendTimeout(f"The {missing} did not come in time.") from None
            for outcome in turn.receive(event):
                match outcome:
                    case Spoken(pcm):
                        patience, missing = self._deadlines.between_audio, "rest of the speech"
                        await self._hand_over(rest.feed(pcm) if rest else pcm)
                    case Finished(usage):
                        self._log.add_usage(usage)
                        return

    async def _hand_over(self, pcm: bytes) -> None:
        if not pcm:
            return
        self._log.first_result()
        self._log.audio_seconds += len(pcm) / BYTES_PER_SECOND
        self._heard += pcm
        await self._audio.put(pcm)
        self._progress = self._now()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
