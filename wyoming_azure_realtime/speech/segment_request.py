"""What the engine needs to have one segment of a text spoken by a realtime service.

Audio is released only while the response's transcript matches the text, unless the target speaks exactly.
What was released of one that failed, or that began to say something else, is not released again. A model that
says other words is asked in `WORDINGS` ways; one that says the same again is understood from then on.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from wyoming_azure_realtime.audio.continuation import Continuation
from wyoming_azure_realtime.audio.pcm import BYTES_PER_SECOND
from wyoming_azure_realtime.errors import (
    BackendError,
    BackendTimeout,
    ContentMismatch,
    ContentRefused,
    NoSpeech,
    SessionLost,
)
from wyoming_azure_realtime.realtime.client_events import ClientEvent
from wyoming_azure_realtime.realtime.session_config import Manner, SpeechConfig
from wyoming_azure_realtime.realtime.speech_turn import (
    WORDINGS,
    Finished,
    SpeechTurn,
    Spoken,
    SpokenText,
    TextEnded,
)
from wyoming_azure_realtime.settings.model import Budget, Deadlines, Speech, Target
from wyoming_azure_realtime.speech.fallback import FallbackServices, FallbackVoice
from wyoming_azure_realtime.speech.last_resort import LastResort, LocalVoice, SpokenAttempt
from wyoming_azure_realtime.speech.segment_audio import SegmentAudio, aside
from wyoming_azure_realtime.speech.transcript_gate import LengthGate, ModelHabits, TranscriptGate
from wyoming_azure_realtime.text.pieces import Piece
from wyoming_azure_realtime.turns.backends import Backends
from wyoming_azure_realtime.turns.budget import TurnBudget
from wyoming_azure_realtime.turns.engine import Attempt, TurnEngine
from wyoming_azure_realtime.turns.idle_timeout import IdleTimeout, ServiceTime
from wyoming_azure_realtime.turns.record import TurnRecorder
from wyoming_azure_realtime.verification.differences import Comparison, compare
from wyoming_azure_realtime.verification.verifier import TranscriptVerifier

if TYPE_CHECKING:
    from wyoming_azure_realtime.verification.readings import Substitution

MOST_WITHOUT_SPEECH = 2
"""Responses without any audio after which a target is not asked again."""

LISTENING_SECONDS = 3.0
"""For which responses that said other words are listened to, over all attempts: their whole transcript tells
how the words differ, and their audio may be the best that there is."""

LAST_RESORT_SECONDS = 8.0
"""For which another target may be waited for, after the first one has failed."""

LEAST_SECONDS = 4.0
"""For which every target may be waited for, if others have used up the time."""

LONG_TEXT = 300
"""Characters of a piece from which on getting ready takes more than a millisecond or two."""

AT_ONCE = 40
"""Characters of a transcript that are compared at once; more are while others have their turn."""


@dataclass(frozen=True, slots=True)
class SynthesisContext:
    """What every segment of a text needs: where it may go, how to ask, and how much it may cost.

    `mismatches` counts responses that were not the text, by `deployment/voice`; `last_resorts` counts
    segments by what became of them when the service did not say the text. `instructions`: how the request
    wants it spoken, behind what the settings say.
    """

    engine: TurnEngine
    backends: Backends
    configure: Callable[[Target, Piece], SpeechConfig]
    speech: Speech
    deadlines: Deadlines
    limits: Budget
    recorder: TurnRecorder
    habits: ModelHabits
    mismatches: Counter[str]
    last_resorts: Counter[LastResort]
    fallback: FallbackServices[FallbackVoice]
    local_voice: LocalVoice | None = None
    instructions: str = ""


class SegmentRequest:
    """Implements `turns.engine.Feeder` for one segment. `best`: the best response that was not the text.

    `kinds`: how responses differed from it. `patience`: seconds for which the service is waited for.
    """

    concurrent = False
    done = False

    def __init__(self, context: SynthesisContext, piece: Piece, audio: SegmentAudio, patience: float) -> None:
        self.recorder = context.recorder
        self.budget = TurnBudget(context.limits)
        self.best: SpokenAttempt | None = None
        self.kinds: set[str] = set()
        self.target = self._model = ""
        self.language = piece.languages[0] if piece.languages else ""
        self._context = context
        self._piece = piece
        self._audio = audio
        self._speed = context.speech.speed * piece.rate
        self._most_received = self.budget.spoken_seconds(piece.text, self._speed) * BYTES_PER_SECOND
        self._over_budget = False
        self._received = 0
        self._time = ServiceTime(patience)
        self._targets: set[str] = set()  # that were asked
        self._listening = LISTENING_SECONDS
        self._negotiated: frozenset[Substitution] = frozenset()
        self._mismatches = self._without_speech = 0  # at this target
        self._only_once = False
        self._letters_heard = 0
        self._wrongly_heard = 0  # bytes that were released up to the end of other words
        self._exact = False
        # of the latest attempt
        self._gate = LengthGate(piece.text, self._speed)
        self._rest: Continuation | None = None  # behind what was heard `_before`
        self._before = b""
        self._is_heard = False  # that it has gone on behind what was heard of others
        self._mismatch_at: float | None = None

    @property
    def letters_heard(self) -> int:
        """About how many letters and digits of the text were released; rather too few than too many."""
        return max(self._letters_heard, self._gate.letters_released if self._is_heard else 0)

    @property
    def said(self) -> bytes:
        """What was released of the text. Other words that were, and what came before them, do not count."""
        return bytes(self._audio.released[self._wrongly_heard :])

    def ask_once_elsewhere(self) -> None:
        """From now on another target is asked, in the usual words, and only once."""
        self._only_once = True
        self._mismatches = self._without_speech = 0
        self._negotiated = frozenset()
        self._time.left = min(self._time.left, LAST_RESORT_SECONDS)

    def wait_longer(self, seconds: float) -> None:
        """Nobody else speaks: the service may take more time."""
        self._time.left += seconds

    def discard(self) -> None:
        """Free the memory now: nobody listens any more."""
        self.best = None
        self._gate.audio_bytes = bytearray()

    # what the engine asks for

    def deadline(self) -> float:
        """The service's time for this segment, which every second of released audio prolongs by a second."""
        return self._time.end

    def configure(self, target: Target) -> SpeechConfig:
        """In the segment's voice, at its rate."""
        config = self._context.configure(target, self._piece)
        self.target = target.name
        if self._targets and target.name not in self._targets:
            self._time.left += max(0.0, asyncio.get_running_loop().time() + LEAST_SECONDS - self._time.end)
        self._targets.add(target.name)
        self._model = f"{config.deployment}/{config.voice}"
        self._exact = config.exact
        return config

    def timeout(self) -> IdleTimeout:
        """Until the first audio; then `deadlines.between_audio`."""
        return IdleTimeout(self._context.deadlines.first_audio, self._time)

    def begin(self, attempt: Attempt) -> SpeechTurn:
        """The whole text again; what was released already is left out of what comes."""
        self._letters_heard = self.letters_heard
        self._gate = self._new_gate()
        self._rest, self._before = None, self.said
        self._is_heard = False
        self._mismatch_at = None
        config = attempt.config
        assert isinstance(config, SpeechConfig)  # noqa: S101 - `configure` gives no other
        usual, wanted = config.wire_voice(), config.wire_voice(_manner_of(self._piece), self._piece.rate)
        return SpeechTurn(
            attempt.id,
            self._piece.text,
            style=f"{self._context.speech.instructions} {self._context.instructions}".strip(),
            language=self.language,
            wording=self._mismatches,
            pre_generated=config.pre_generated,
            voice="" if wanted == usual else wanted,
        )

    async def send(self, attempt: Attempt, turn: SpeechTurn) -> None:
        """The request was the first event; while it is answered there is time to get ready for that."""
        self.budget.requests += 1
        attempt.request_sent()
        if len(self._piece.text) > LONG_TEXT:
            await aside(self._gate.prepare)
        else:
            self._gate.prepare()

    async def take(self, attempt: Attempt, turn: SpeechTurn, outcome: Any) -> bool:
        """Release audio as far as its transcript is the text. Raises `BackendError`."""
        released = b""
        try:
            match outcome:
                case Spoken(pcm):
                    attempt.timeout.become(self._context.deadlines.between_audio)
                    self._count(attempt, pcm)
                    released = self._gate.audio(pcm)
                case SpokenText(text) | TextEnded(text):
                    take = self._gate.text if isinstance(outcome, SpokenText) else self._gate.text_ended
                    released = await aside(take, text) if len(text) > AT_ONCE else take(text)
                case _:
                    released = self._gate.finish()
        except ContentMismatch:
            if self._mismatch_at is None:
                self._mismatch_at = asyncio.get_running_loop().time()
            if isinstance(outcome, Finished) or not self._worth_listening():
                raise
        else:
            if self._gate.mismatch and not self._worth_listening():
                raise ContentMismatch("The service did not say the text that it was given.")
        if not self._gate.mismatch:
            self._mismatch_at = None  # the whole transcript may have corrected its parts
        await self._release(released)
        if isinstance(outcome, Finished):
            await self._learn()
            if not (self._exact or self._gate.transcript.strip()):
                self.recorder.observer.warn_once(
                    f"no transcript {self._model}",
                    f"'{self._model}' sends no transcript of what it speaks: only its length can be checked",
                )
        return isinstance(outcome, Finished)

    async def again(self, error: ContentMismatch) -> bool:
        """As long as there is another way to ask, and a chance that it helps."""
        await self._note(error)
        self._mismatches += 1
        self._without_speech += isinstance(error, NoSpeech)
        hopeless = isinstance(error, ContentRefused) or self._without_speech >= MOST_WITHOUT_SPEECH
        if hopeless or self._over_budget:
            return False
        return not self._only_once and self._mismatches < WORDINGS and self.budget.requests_left > 0

    async def finish(self, attempt: Attempt, turn: SpeechTurn, error: BackendError | None) -> bool:
        """All audio may be there although the response's end never came.

        Raises `ContentMismatch` if it was the wrong words that broke off.
        """
        if error is not None:
            if self._gate.mismatch:
                raise ContentMismatch("The service did not say the text that it was given.") from error
            if not (isinstance(error, SessionLost | BackendTimeout) and turn.audio_ended):
                return False
            try:
                released = self._gate.finish()
            except ContentMismatch:
                return False
            await self._release(released)
        if self._rest is not None:
            await self._audio.release(self._rest.finish())
        return True

    def cancel(self, turn: SpeechTurn) -> list[ClientEvent]:
        """The response's own cancel."""
        return turn.cancel()

    def late(self) -> BackendTimeout:
        """What did not come."""
        missing = "rest of the speech" if self._audio.released else "speech"
        return BackendTimeout(f"The {missing} did not come in time.")

    def keep(self, attempt: Attempt, turn: SpeechTurn) -> bool:
        """Responses are out of band and leave nothing behind."""
        return True

    def _new_gate(self) -> LengthGate:
        piece, speech = self._piece, self._context.speech
        if self._exact:
            return LengthGate(piece.text, self._speed)
        accepted = self._context.habits.accepted(self._model, self.language) | self._negotiated

        def verifier() -> TranscriptVerifier:
            return TranscriptVerifier(
                piece.text, languages=piece.languages, tolerance=speech.tolerance, accepted=accepted
            )

        whole = self._wrongly_heard > 0  # what it announced was not what it said
        return TranscriptGate(piece.text, verifier, speech.margin, self._speed, whole=whole)

    async def _release(self, pcm: bytes) -> None:
        if not pcm:
            return
        if self._before:
            self._rest, self._before = await aside(Continuation, self._before), b""
        played = await aside(self._rest.feed, pcm) if self._rest else pcm
        self._is_heard = self._is_heard or bool(played)
        self._time.left += len(played) / BYTES_PER_SECOND
        await self._audio.release(played)

    def _count(self, attempt: Attempt, pcm: bytes) -> None:
        """A segment's audio is bounded by its text, over all responses together."""
        self._received += len(pcm)
        self._audio.keep(len(pcm))
        attempt.received_bytes += len(pcm)
        if self._received > self._most_received:
            self._over_budget = True
            raise ContentMismatch("The service does not stop speaking.")

    def _worth_listening(self) -> bool:
        """Whether a response that is not the text may go on, so that it is known how its words differ."""
        if self._mismatch_at is None:
            return True
        since = asyncio.get_running_loop().time() - self._mismatch_at
        if since >= self._listening or len(self._gate.transcript) >= 2 * len(self._piece.text) + 60:
            return False
        # each way to ask has its share of the audio that may be received
        return self._received < self._most_received * min(self._mismatches + 1, WORDINGS) / WORDINGS

    async def _note(self, error: ContentMismatch) -> None:
        """Count a response that was not the text, and keep what may be of use of it."""
        self._context.mismatches[self._model] += 1
        if self._is_heard and await aside(self._gate.is_misleading):  # the text is spoken from its beginning
            self._wrongly_heard, self._letters_heard, self._is_heard = len(self._audio.released), 0, False
        if self._mismatch_at is not None:
            self._listening -= asyncio.get_running_loop().time() - self._mismatch_at
        gate = self._gate
        if isinstance(error, ContentRefused | NoSpeech) or not gate.transcript.strip():
            self.kinds.add(error.code)
            return
        comparison = await self._comparison()
        self.kinds |= {difference.kind for difference in comparison.differences} or {"length"}
        if comparison.negotiable:
            self._negotiated |= comparison.substitutions()
        attempt = SpokenAttempt(gate.transcript, bytes(gate.audio_bytes), comparison)
        if gate.plausible and attempt.acceptable and attempt.better_than(self.best):
            self.best = attempt

    async def _learn(self) -> None:
        """Two attempts said the same other words: so does this voice."""
        if self._negotiated:
            agreed = (await self._comparison()).substitutions() & self._negotiated
            self._context.habits.learn(self._model, self.language, agreed)

    async def _comparison(self) -> Comparison:
        """How the whole transcript differs from the text; that may take seconds for a text made for it."""
        texts, tolerance = (self._piece.text, self._gate.transcript), self._context.speech.tolerance
        return await aside(partial(compare, *texts, self._piece.languages, tolerance=tolerance))


def _manner_of(piece: Piece) -> Manner:
    return Manner(piece.style, piece.pitch, piece.volume)
