"""The responses of a session: each speaks or writes its text, until it ends or is stopped.

One at a time runs in the conversation, any number up to a limit out of band. Audio leaves in deltas of odd
sizes, as with the service, and the transcript slightly before its audio.
"""

import asyncio
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from itertools import chain, cycle, islice
from typing import Any

from wyoming_azure_realtime.audio.pcm import duration_ms
from wyoming_azure_realtime.emulator.conversation import Conversation
from wyoming_azure_realtime.emulator.engines import SynthesisEngine
from wyoming_azure_realtime.emulator.faults import Disconnect, Failure, FaultPlan, ResponseFaults
from wyoming_azure_realtime.emulator.models import response_usage, spoken_tokens, text_tokens
from wyoming_azure_realtime.emulator.response_plan import (
    COMPLETED,
    ResponseItem,
    ResponseOutcome,
    ResponsePlan,
    cancelled,
    failed,
    incomplete,
    settle,
)
from wyoming_azure_realtime.emulator.session_state import SessionState
from wyoming_azure_realtime.emulator.wire import Emit, Refused, encoder, words
from wyoming_azure_realtime.errors import SpeechServiceError
from wyoming_azure_realtime.realtime import server_events as events
from wyoming_azure_realtime.realtime.shapes import JsonObject, ResponseParameters

# odd on purpose: a delta need not end on a whole sample; the first is short, so that audio begins early
_FIRST = (2401,)
_LATER = (4801, 7203, 2399, 9605, 5997, 12001, 3599)
WORDS_AT_FIRST = 4
WORDS_PER_DELTA = 2


async def irregular(audio: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """Yield the same bytes in deltas of 50 to 250 ms; closes `audio` at the end."""
    sizes, waiting = chain(_FIRST, cycle(_LATER)), bytearray()
    size = next(sizes)
    async with aclosing(audio):
        async for piece in audio:
            waiting += piece
            while len(waiting) >= size:
                yield bytes(waiting[:size])
                del waiting[:size]
                size = next(sizes)
    if waiting:
        yield bytes(waiting)


class TextAhead:
    """The words of a transcript, taken slightly before their audio."""

    def __init__(self, text: str) -> None:
        self._words = words(text)

    def take(self, count: int) -> Iterator[str]:
        """The next words."""
        return islice(self._words, count)


class FaultInjection:
    """Makes the faults of one response happen, and keeps the pace of its audio.

    Where a fault says that nothing follows, it waits until the response is stopped.
    """

    def __init__(
        self, faults: ResponseFaults, emit: Emit, disconnect: Callable[[Disconnect], Awaitable[None]]
    ) -> None:
        self._faults = faults
        self._emit, self._disconnect = emit, disconnect
        self._started_at = 0.0

    async def before_created(self) -> None:
        """Wait for ever when the response shall send nothing."""
        if self._faults.silent:
            await _forever()

    def instead(self) -> ResponseOutcome | None:
        """The outcome of a response that ends before its item; None when it goes on."""
        if self._faults.failed:
            return failed(self._faults.failed)
        return COMPLETED if self._faults.empty else None

    async def before_audio(self) -> None:
        """Delay the first audio."""
        await asyncio.sleep(self._faults.first_audio_ms / 1000)
        self._started_at = time.monotonic()

    async def amid(self, sent_ms: float) -> ResponseOutcome | None:
        """Keep the pace, and let the faults after `sent_ms` of audio happen; return an early outcome."""
        faults = self._faults
        ahead = self._started_at + sent_ms / 1000 * faults.generation_pace - time.monotonic()
        await asyncio.sleep(max(0.0, ahead))
        if faults.disconnect and sent_ms >= faults.disconnect.after_ms:
            await self._disconnect(faults.disconnect)
            await _forever()
        if faults.error:
            await self._emit(events.Error(error=faults.error.detail()))
            await _forever()
        if faults.stall and sent_ms >= faults.stall.after_ms:
            await _forever()
        if faults.shortened and sent_ms >= faults.shortened.after_ms:
            return incomplete(faults.shortened.reason)
        return None


async def _forever() -> None:
    """Until the response is stopped, or its session ends."""
    await asyncio.Event().wait()


@dataclass(frozen=True, slots=True)
class ResponseContext:
    """What a response needs of its session. `audio_sent` is called with every delta of audio."""

    emit: Emit
    disconnect: Callable[[Disconnect], Awaitable[None]]
    synthesizer: SynthesisEngine | None
    no_voice_reason: str
    faults: FaultPlan
    conversation: Conversation
    audio_sent: Callable[[], None]


class RunningResponse:
    """One response; `run` once. `stop` may be called at any time, and the first call counts."""

    def __init__(self, plan: ResponsePlan, context: ResponseContext) -> None:
        self.plan = plan
        self._context = context
        self._emit = context.emit
        self._faults = context.faults.response()
        self._injection = FaultInjection(self._faults, context.emit, context.disconnect)
        in_band = plan.conversation_id is not None
        self._item = ResponseItem(plan, self._emit, context.conversation if in_band else None)
        self._text = self._faults.spoken(plan.text)
        self._words = TextAhead(self._text)
        self._stopped: asyncio.Future[ResponseOutcome] = asyncio.get_running_loop().create_future()

    def stop(self, outcome: ResponseOutcome) -> None:
        """End as soon as possible, with this outcome."""
        if not self._stopped.done():
            self._stopped.set_result(outcome)

    async def run(self) -> None:
        """Send everything from `response.created` to `response.done`."""
        outcome = await self._first_of(self._generate())
        output = [await self._item.close(outcome.item_status)] if self._item.opened else []
        if self._faults.never_done:
            return
        done = self.plan.report(outcome.status, details=outcome.details, output=output, usage=self._usage())
        await self._emit(events.ResponseDone(response=done))
        await self._emit(events.RateLimitsUpdated(rate_limits=RATE_LIMITS))

    async def _first_of(self, work: Coroutine[Any, Any, ResponseOutcome]) -> ResponseOutcome:
        """The outcome of `work` or of `stop`, whichever comes first."""
        task = asyncio.ensure_future(work)
        try:
            await asyncio.wait({task, self._stopped}, return_when=asyncio.FIRST_COMPLETED)
            return task.result() if task.done() else self._stopped.result()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _generate(self) -> ResponseOutcome:
        await self._injection.before_created()
        await self._emit(events.ResponseCreated(response=self.plan.report()))
        if (early := self._injection.instead()) is not None:
            return early
        await self._item.open()
        return await (self._speak() if self.plan.speaks else self._write())

    async def _write(self) -> ResponseOutcome:
        for word in self._words.take(sys.maxsize):
            if text_tokens(self._item.text + word) > self.plan.max_tokens:
                return incomplete("max_output_tokens")
            await self._item.add_words(word)
        return COMPLETED

    async def _speak(self) -> ResponseOutcome:
        synthesizer = self._context.synthesizer
        if synthesizer is None:
            return failed(Failure(message=self._context.no_voice_reason))
        await self._send_words(WORDS_AT_FIRST)
        await self._injection.before_audio()
        try:
            outcome = await self._synthesize(
                irregular(synthesizer.speak(self._text, voice=self.plan.voice, speed=self.plan.speed))
            )
        except SpeechServiceError as error:
            return failed(Failure(message=str(error)))
        if outcome is COMPLETED:
            await self._send_words(sys.maxsize)
        return outcome

    async def _synthesize(self, audio: AsyncGenerator[bytes, None]) -> ResponseOutcome:
        convert, held = encoder(self.plan.format), b""
        async with aclosing(audio):
            async for pcm in audio:
                if (end := await self._injection.amid(duration_ms(len(self._item.audio)))) is not None:
                    return end
                if self._output_tokens(len(pcm)) > self.plan.max_tokens:
                    return incomplete("max_output_tokens")
                now, held = (held, pcm) if self._faults.late_audio else (pcm, b"")
                await self._send_audio(now, convert.convert(now))
        if self._faults.late_audio:
            await self._item.end_audio()
        await self._send_audio(held, convert.convert(held) + convert.flush())
        return COMPLETED

    async def _send_audio(self, pcm: bytes, encoded: bytes) -> None:
        await self._send_words(WORDS_PER_DELTA)
        if encoded:
            self._context.audio_sent()
            await self._item.add_audio(pcm, encoded)

    async def _send_words(self, count: int) -> None:
        for word in self._words.take(count):
            await self._item.add_words(word)

    def _output_tokens(self, more_audio: int = 0) -> int:
        return spoken_tokens(len(self._item.audio) + more_audio) + text_tokens(self._item.text)

    def _usage(self) -> JsonObject:
        return response_usage(
            self.plan.input_tokens, text_tokens(self._item.text), spoken_tokens(len(self._item.audio))
        )


RATE_LIMITS: list[JsonObject] = [
    {"name": "requests", "limit": 200, "remaining": 199, "reset_seconds": 0.3},
    {"name": "tokens", "limit": 100_000, "remaining": 99_000, "reset_seconds": 0.6},
]


class Responses:
    """Creates, finds and cancels the responses of a session; `limit`: how many may run at once."""

    def __init__(
        self,
        state: SessionState,
        context: ResponseContext,
        start: Callable[[Coroutine[Any, Any, None], str], object],
        limit: int,
    ) -> None:
        self._state = state
        self._context = context
        self._start = start
        self._limit = limit
        self._running: dict[str, RunningResponse] = {}

    def create(self, parameters: ResponseParameters | None) -> RunningResponse:
        """Start a response. Raises: Refused."""
        plan = settle(parameters, self._state, self._context.conversation)
        if plan.conversation_id is not None and (active := self._default()) is not None:
            raise Refused(
                "conversation_already_has_active_response",
                "Conversation already has an active response in progress: "
                f"{active.plan.id}. Wait until the response is finished before creating a new one.",
            )
        if len(self._running) >= self._limit:
            message = f"At most {self._limit} responses may run at a time. Please try again in 1s."
            raise Refused("rate_limit_exceeded", message, kind="rate_limit_error")
        response = RunningResponse(plan, self._context)
        self._running[plan.id] = response
        self._start(self._run(response), "response")
        return response

    def cancel(self, response_id: str | None) -> str:
        """Stop the response with that id (None: the conversation's); return its id. Raises: Refused."""
        response = self._default() if response_id is None else self._running.get(response_id)
        if response is None:
            raise Refused("response_cancel_not_active", "Cancellation failed: no active response found")
        response.stop(cancelled("client_cancelled"))
        return response.plan.id

    def interrupt(self) -> None:
        """Stop the conversation's response, as the user speaks."""
        if (response := self._default()) is not None:
            response.stop(cancelled("turn_detected"))

    @property
    def answering(self) -> bool:
        """Whether the conversation has a response in progress."""
        return self._default() is not None

    def _default(self) -> RunningResponse | None:
        in_band = (
            response for response in self._running.values() if response.plan.conversation_id is not None
        )
        return next(in_band, None)

    async def _run(self, response: RunningResponse) -> None:
        try:
            await response.run()
        finally:
            del self._running[response.plan.id]
