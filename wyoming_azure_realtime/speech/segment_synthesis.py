"""One segment of a text, spoken: by as many responses as it takes until every word of it was said, once.

It runs from its creation on, before it is time to play it, and keeps at most `MOST_UNREAD` bytes of audio;
then the service has to wait. Audio is released only while the response's transcript matches the text. What
was released of a response that failed, or that began to say something else, is not released again.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from wyoming_azure_realtime.audio.continuation import Continuation
from wyoming_azure_realtime.audio.pcm import BYTES_PER_SECOND
from wyoming_azure_realtime.errors import (
    BackendError,
    BackendTimeout,
    ContentMismatch,
    InternalError,
    ProtocolViolation,
    SessionLost,
    SpeechServiceError,
)
from wyoming_azure_realtime.logs import turn as current_turn
from wyoming_azure_realtime.realtime.client_events import ClientEvent
from wyoming_azure_realtime.realtime.session_config import SpeechConfig
from wyoming_azure_realtime.realtime.speech_turn import Finished, SpeechTurn, Spoken, SpokenText, TextEnded
from wyoming_azure_realtime.settings.model import Budget, Deadlines, Speech, Target
from wyoming_azure_realtime.text.pieces import Piece
from wyoming_azure_realtime.turns.backends import Backends
from wyoming_azure_realtime.turns.budget import TurnBudget
from wyoming_azure_realtime.turns.engine import Attempt, TurnEngine
from wyoming_azure_realtime.turns.idle_timeout import IdleTimeout, ServiceTime
from wyoming_azure_realtime.turns.record import TurnRecorder
from wyoming_azure_realtime.verification.verifier import TranscriptVerifier

WITHOUT_TRANSCRIPT = round(1.5 * BYTES_PER_SECOND)
"""Bytes of audio that are held while there is no transcript at all; more is released as it comes."""

MOST_HELD = 30 * BYTES_PER_SECOND
"""Bytes of audio that are held at most; a response with more is a mismatch."""


class TranscriptGate:
    """Releases a response's audio only while its transcript matches the requested text. No I/O, no clock.

    The transcript runs ahead of the audio, but the service does not say by how much. So the newest `margin`
    seconds are held as long as more may come; everything is released once all of the text was said. Every
    method returns the audio (24 kHz PCM16 mono) that may be played now. Raises `ContentMismatch`.
    """

    def __init__(self, verifier: TranscriptVerifier, margin: float) -> None:
        self._verifier = verifier
        self._margin = round(margin * BYTES_PER_SECOND) & ~1
        self._held = bytearray()
        self._has_transcript = False

    def text(self, spoken: str) -> bytes:
        """Take more of the transcript."""
        self._has_transcript = self._has_transcript or not spoken.isspace()
        self._verifier.add(spoken)
        return self._released()

    def audio(self, pcm: bytes) -> bytes:
        """Take more audio."""
        self._held += pcm
        released = self._released()
        if len(self._held) > MOST_HELD:
            raise ContentMismatch("The service speaks on without a word of the text.")
        return released

    def text_ended(self) -> bytes:
        """The transcript is complete: it must hold all of the text."""
        if self._has_transcript:
            self._verifier.finish()
        return self._released()

    def finish(self) -> bytes:
        """The response is complete."""
        released = self.text_ended() + bytes(self._held)
        self._held.clear()
        return released

    def _released(self) -> bytes:
        verdict = self._verifier.verdict
        if verdict == "mismatch":
            raise ContentMismatch("The service did not say the text that it was given.")
        if verdict == "undecided":
            return b""
        if not self._has_transcript:
            count = len(self._held) - WITHOUT_TRANSCRIPT
        elif verdict == "complete":
            count = len(self._held)
        else:
            count = len(self._held) - self._margin
        if count <= 0:
            return b""
        released = bytes(self._held[:count])
        del self._held[:count]
        return released


MOST_UNREAD = 10 * BYTES_PER_SECOND
"""Audio that waits for its turn, or for a client who takes it slowly; then the service has to wait."""

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SynthesisContext:
    """What every segment of a text needs: where it may go, how to ask, and how much it may cost.

    `mismatches` counts responses that were not the text, by `deployment/voice`.
    """

    engine: TurnEngine
    backends: Backends
    configure: Callable[[Target, Piece], SpeechConfig]
    speech: Speech
    language: str
    deadlines: Deadlines
    limits: Budget
    mismatches: Counter[str]
    recorder: TurnRecorder


class SegmentSynthesis:
    """Read `audio` once; `abandon` it, or wait until it `ended`. Created in a running event loop."""

    concurrent = False
    done = False

    def __init__(self, context: SynthesisContext, piece: Piece) -> None:
        self.piece = piece
        self._context = context
        self.recorder = context.recorder
        self.budget = TurnBudget(context.limits)
        self._most_received = self.budget.spoken_seconds(piece.text, context.speech.speed * piece.rate)
        self._received = 0
        self._unread = bytearray()
        self._released = bytearray()  # everything that was released, to go on from
        self._time = ServiceTime(context.deadlines.request)
        self._mismatches = 0
        self._gate: TranscriptGate  # of the attempt in progress
        self._rest: Continuation | None = None
        self._config: SpeechConfig  # of the attempt in progress
        self._over = False
        self._abandoned = False
        self._error: SpeechServiceError | None = None
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._task = asyncio.create_task(self._run())

    async def audio(self) -> AsyncIterator[bytes]:
        """24 kHz PCM16 mono, all that is there at a time. Raises the segment's `SpeechServiceError`."""
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
        """Leave off: nobody listens any more. A second call changes nothing."""
        if not self._abandoned:  # the service may be being told, which must not be cut short
            self._abandoned = True
            self._task.cancel()

    async def ended(self) -> None:
        """Wait until its session is given back."""
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        current_turn.set(self.recorder.id)
        try:
            await self._context.engine.run(self, self._context.backends)
        except SpeechServiceError as error:
            self._error = error
        except Exception as error:
            _LOGGER.exception("Synthesis %s failed unexpectedly", self.recorder.id)
            self._error = InternalError.of(error)
        self._over = True
        self._news.set()

    # what the engine asks for

    def deadline(self) -> float:
        """The service's time for this segment, which every second of released audio prolongs by a second."""
        return asyncio.get_running_loop().time() + self._time.left

    def configure(self, target: Target) -> SpeechConfig:
        """In the segment's voice, at its rate."""
        self._config = self._context.configure(target, self.piece)
        return self._config

    def timeout(self) -> IdleTimeout:
        """Until the first audio; then `deadlines.between_audio`."""
        return IdleTimeout(self._context.deadlines.first_audio, self._time)

    def begin(self, attempt: Attempt) -> SpeechTurn:
        """The whole text again; what was released already is left out of what comes."""
        speech = self._context.speech
        verifier = TranscriptVerifier(
            self.piece.text, language=self._context.language, tolerance=speech.tolerance
        )
        self._gate = TranscriptGate(verifier, speech.margin)
        self._rest = Continuation(bytes(self._released)) if self._released else None
        return SpeechTurn(attempt.id, self.piece.text, style=speech.instructions, failures=self._mismatches)

    async def send(self, attempt: Attempt, turn: SpeechTurn) -> None:
        """The request was the first event."""
        self.budget.requests += 1
        attempt.request_sent()

    async def take(self, attempt: Attempt, turn: SpeechTurn, outcome: Any) -> bool:
        """Release audio as far as its transcript is the text. Raises `BackendError`."""
        try:
            match outcome:
                case Spoken(pcm):
                    attempt.timeout.become(self._context.deadlines.between_audio)
                    self._count(pcm)
                    released = self._gate.audio(pcm)
                case SpokenText(text):
                    released = self._gate.text(text)
                case TextEnded():
                    released = self._gate.text_ended()
                case _:
                    released = self._gate.finish()
        except ContentMismatch:
            self._note_mismatch()
            raise
        await self._release(self._rest.feed(released) if self._rest and released else released)
        return isinstance(outcome, Finished)

    async def finish(self, attempt: Attempt, turn: SpeechTurn, error: BackendError | None) -> bool:
        """All audio may be there although the response's end never came."""
        if error is not None and not (isinstance(error, SessionLost | BackendTimeout) and turn.audio_ended):
            return False
        if self._rest is not None:
            await self._release(self._rest.finish())
        return True

    def cancel(self, turn: SpeechTurn) -> list[ClientEvent]:
        """The response's own cancel."""
        return turn.cancel()

    def late(self) -> BackendTimeout:
        """What did not come."""
        missing = "rest of the speech" if self._released else "speech"
        return BackendTimeout(f"The {missing} did not come in time.")

    def keep(self, attempt: Attempt, turn: SpeechTurn) -> bool:
        """Responses are out of band and leave nothing behind."""
        return True

    def _count(self, pcm: bytes) -> None:
        """A segment's audio is bounded by its text, over all responses together."""
        self._received += len(pcm)
        self.recorder.received_bytes += len(pcm)
        if self._received > self._most_received * BYTES_PER_SECOND:
            raise ProtocolViolation("The service does not stop speaking.")

    def _note_mismatch(self) -> None:
        self._mismatches += 1
        self._context.mismatches[f"{self._config.deployment}/{self._config.voice}"] += 1
        _LOGGER.info("Synthesis %s: what was said was not the text", self.recorder.id)

    async def _release(self, pcm: bytes) -> None:
        if not pcm:
            return
        first = not self._released
        self._released += pcm
        self._unread += pcm
        self._time.left += len(pcm) / BYTES_PER_SECOND
        self._news.set()
        if first:
            await asyncio.sleep(0)  # or a burst of audio would be read before its first is handed on
        while len(self._unread) > MOST_UNREAD:
            self._room.clear()
            await self._room.wait()
