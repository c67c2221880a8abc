"""One segment of a text, spoken: every word of it once, in the service's voice if it can be had.

It runs from its creation on, before it is time to play it. A service that does not say the text after several
attempts is given up; then, in this order, another target speaks, a fallback, a voice of this machine, or the
best of the attempts is heard. Else the segment fails. One that breaks down is waited for as long as nobody
else speaks; while all are known to be down, the fallback speaks at once.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing

from wyoming_azure_realtime.audio.continuation import Continuation
from wyoming_azure_realtime.audio.pcm import BYTES_PER_SECOND, silence
from wyoming_azure_realtime.errors import (
    ContentMismatch,
    DeploymentNotFound,
    InternalError,
    ResponseFailed,
    SpeechServiceError,
)
from wyoming_azure_realtime.logs import turn as current_turn
from wyoming_azure_realtime.speech.fallback import UNANSWERED, FallbackVoice, RealtimeFallback
from wyoming_azure_realtime.speech.last_resort import LastResort, LocalVoice, text_after
from wyoming_azure_realtime.speech.segment_audio import SegmentAudio, aside
from wyoming_azure_realtime.speech.segment_request import SegmentRequest, SynthesisContext
from wyoming_azure_realtime.speech.transcript_gate import plausible_seconds, usual_seconds
from wyoming_azure_realtime.text.pieces import Piece
from wyoming_azure_realtime.text.sentences import is_speakable

LOCAL_VOICE_SECONDS = 8.0
"""For which the service is waited for where somebody else speaks; if they cannot, the usual time."""

SEAM_MS = 80
"""Silence where another voice goes on in the middle of a text."""

_LOGGER = logging.getLogger(__name__)


class SegmentSynthesis:
    """Read `audio` once; `abandon` it, or wait until it `ended`. Created in a running event loop.

    `patience`: seconds for which the service may be waited for. `hold`: see `SegmentAudio`.
    """

    def __init__(
        self, context: SynthesisContext, piece: Piece, patience: float, hold: Callable[[int], None]
    ) -> None:
        self.piece = piece
        self._context = context
        self._audio = SegmentAudio(hold)
        self._fallbacks, self._fallback_language = _fallbacks_for(context, piece)
        helped = bool(self._fallbacks or context.local_voice)
        hurried = min(patience, LOCAL_VOICE_SECONDS) if helped else patience
        self._request = SegmentRequest(context, piece, self._audio, hurried)
        self._spare = patience - hurried
        self._letters_voiced = (
            0  # about how many others than the service have said, and what it had said before
        )
        self._late_failure: SpeechServiceError | None = None  # of a service that was asked only after others
        self._abandoned = False
        self._task = asyncio.create_task(self._run())

    def audio(self) -> AsyncIterator[bytes]:
        """24 kHz PCM16 mono, all that is there at a time. Raises the segment's `SpeechServiceError`."""
        return self._audio.stream()

    def abandon(self) -> None:
        """Leave off: nobody listens any more. A second call changes nothing."""
        if not self._abandoned:  # the service may be being told, which must not be cut short
            self._abandoned = True
            self._task.cancel()

    def fail(self, error: SpeechServiceError) -> None:
        """Leave off, and forget what was not played: others need the memory."""
        self.abandon()
        self._request.discard()
        self._audio.discard()
        self._audio.end(error)

    async def ended(self) -> None:
        """Wait until its session is given back, and free its memory."""
        await asyncio.gather(self._task, return_exceptions=True)
        self._audio.discard()

    async def _run(self) -> None:
        current_turn.set(self._context.recorder.id)
        failure: SpeechServiceError | None = None
        try:
            await self._speak()
        except SpeechServiceError as error:
            failure = error
        except Exception as error:
            _LOGGER.exception("Synthesis %s failed unexpectedly", self._context.recorder.id)
            failure = InternalError.of(error)
        self._audio.end(failure)

    async def _speak(self) -> None:
        context = self._context
        failure: SpeechServiceError | None = None
        if context.backends.working() or not self._others_speak_at_once:
            try:
                await context.engine.run(self._request, context.backends, one_round=bool(self._fallbacks))
            except UNANSWERED as error:
                failure = error
            else:
                context.fallback.not_needed()
                return
        resort = await self._resort_to(failure)
        failure = failure or self._late_failure
        if resort is not None:
            self._report(resort, failure)
        if resort is LastResort.LEFT_OUT:
            raise failure or ResponseFailed("No target answers, and no fallback speaks.")

    @property
    def _others_speak_at_once(self) -> bool:
        """Whether somebody else does while no target works; a local voice, where that is known for sure."""
        down = self._context.backends.known_down(asyncio.get_running_loop().time())
        return bool(self._fallbacks) or (self._context.local_voice is not None and down)

    async def _resort_to(self, error: SpeechServiceError | None) -> LastResort | None:
        """Have what was not heard yet spoken in another way; which one it was, None if it was the service.

        `error`: why the service did not; None if it was not asked, since it is known to be down.
        """
        refused = isinstance(error, ContentMismatch)
        # the engine has tried all targets already if it was not for the words
        if refused and await self._other_target():
            return LastResort.OTHER_TARGET
        if await self._fallback(refused=refused):
            return LastResort.FALLBACK
        if self._context.local_voice and await self._spoken_by(self._context.local_voice):
            return LastResort.LOCAL_VOICE
        if not refused and await self._service_after_all(asked=error is not None):
            return None
        if await self._best_attempt():
            return LastResort.BEST_ATTEMPT
        return LastResort.LEFT_OUT

    async def _other_target(self) -> bool:
        request, backends = self._request, self._context.backends
        asked = {request.target}
        request.ask_once_elsewhere()
        while backends.others(request.target, asked):
            try:
                await self._context.engine.run(request, backends, asked)
            except UNANSWERED:
                asked.add(request.target)
            else:
                return True
        return False

    async def _fallback(self, *, refused: bool) -> bool:
        """The first that speaks; `refused`: a target works, but did not say the text."""
        fallback, asked = self._context.fallback, set[tuple[str, str]]()
        while service := self._next_fallback(asked):
            try:
                if isinstance(service, RealtimeFallback):
                    if refused:
                        self._request.ask_once_elsewhere()
                    await self._context.engine.run(self._request, service.backends, one_round=True)
                else:
                    await self._voiced(service)
            except UNANSWERED as error:
                _LOGGER.debug("The fallback '%s' does not speak: %s", service.name, error)
                fallback.failed(service, error)
                if isinstance(error, DeploymentNotFound):  # only now it is known which languages it has
                    self._fallbacks, self._fallback_language = _fallbacks_for(self._context, self.piece)
            else:
                fallback.succeeded(service, in_use=not self._context.backends.working())
                self._context.recorder.fallback = service.name
                return True
        return False

    def _next_fallback(self, asked: set[tuple[str, str]]) -> FallbackVoice | RealtimeFallback | None:
        """The next that was not asked in this language; now it is."""
        for service in self._fallbacks:
            if (service.name, self._fallback_language) not in asked:
                asked.add((service.name, self._fallback_language))
                return service
        return None

    async def _voiced(self, voice: FallbackVoice) -> None:
        recorder = self._context.recorder
        recorder.target, recorder.attempts = voice.name, recorder.attempts + 1
        await self._say_rest(voice, self._fallback_language)

    async def _service_after_all(self, *, asked: bool) -> bool:
        """The service had less time than it may have, or none, for others who do not speak."""
        if self._spare <= 0 and asked:
            return False
        self._request.wait_longer(self._spare)
        try:
            await self._context.engine.run(self._request, self._context.backends)
        except UNANSWERED as error:
            self._late_failure = error
            return False
        return True

    async def _spoken_by(self, voice: LocalVoice) -> bool:
        try:
            await self._say_rest(voice, self._request.language)
        except SpeechServiceError as error:
            _LOGGER.warning("The local voice does not speak: %s", error)
            return False
        return True

    async def _say_rest(self, voice: LocalVoice, language: str) -> None:
        """The rest of the text; what was heard of it is not said again."""
        text, speed = self._rest(), self._context.speech.speed * self.piece.rate
        if not is_speakable(text):
            return
        before, letters = self._letters_voiced, sum(map(str.isalnum, text))
        skipped = sum(map(str.isalnum, self.piece.text)) - letters
        # not every voice can be made to speak fast
        most = round(plausible_seconds(text, min(1.0, speed))[1] * BYTES_PER_SECOND) & ~1
        usual = usual_seconds(text, 1.0) * BYTES_PER_SECOND
        released = 0
        if self._audio.released:  # up to the middle of a word, perhaps
            await self._audio.release(silence(SEAM_MS))
        async with aclosing(voice.speak(text, language, speed)) as stream:
            async for pcm in stream:
                await self._audio.release(pcm[: most - released])
                released += len(pcm)
                self._letters_voiced = max(before, skipped + round(letters * min(1.0, released / usual)))
                if released >= most:
                    break

    def _rest(self) -> str:
        """What was not heard of the text."""
        letters = max(self._letters_voiced, self._request.letters_heard if self._request.said else 0)
        return text_after(self.piece.text, letters) if letters else self.piece.text

    async def _best_attempt(self) -> bool:
        """What was said of it that is the text, behind what was heard already."""
        best = self._request.best
        if best is None:
            return False
        audio, said = await aside(best.without_additions), self._request.said
        if said:
            continuation = await aside(Continuation, said)
            await self._audio.release(await aside(continuation.feed, audio))
            audio = continuation.finish()
        await self._audio.release(audio)
        return True

    def _report(self, resort: LastResort, error: SpeechServiceError | None) -> None:
        """One line, without a word of the text: what differed, and what became of it."""
        request, context = self._request, self._context
        context.last_resorts[resort] += 1
        if resort is LastResort.FALLBACK and not isinstance(error, ContentMismatch):
            return  # which the line of the turn tells, and one at the beginning of the outage
        context.recorder.last_resorts += 1
        if error is None or not request.budget.requests:
            return  # the same, of the turn's line and of the outage's
        differed = f", what differed: {', '.join(sorted(request.kinds))}" if request.kinds else ""
        _LOGGER.warning(
            "Synthesis %s: the service did not speak a piece of text, asked %d times%s: %s Last resort: %s",
            context.recorder.id,
            request.budget.requests,
            differed,
            error.message,
            resort,
        )


def _fallbacks_for(
    context: SynthesisContext, piece: Piece
) -> tuple[list[FallbackVoice | RealtimeFallback], str]:
    """Who may speak a piece in place of the targets, and in which language.

    In its likeliest one. Without a local voice, which knows that, rather in any other than not at all.
    """
    likeliest, *others = piece.languages or ("",)
    for language in (likeliest, *(() if context.local_voice else (*others, ""))):
        if found := context.fallback.candidates(language):
            return found, language
    return ([], likeliest) if context.local_voice else (context.fallback.candidates("", at_any_rate=True), "")
