"""One response: reads its text aloud, or writes it, until it ends or is stopped."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from wyoming_azure_realtime.audio.pcm import duration_ms
from wyoming_azure_realtime.embedded.audio_formats import encoder
from wyoming_azure_realtime.embedded.conversation import Conversation
from wyoming_azure_realtime.embedded.engines import SynthesisEngine
from wyoming_azure_realtime.embedded.faults import Failure, FaultPlan
from wyoming_azure_realtime.embedded.outcome import COMPLETED, ResponseOutcome, failed, incomplete
from wyoming_azure_realtime.embedded.outlet import Outlet
from wyoming_azure_realtime.embedded.response_item import ResponseItem
from wyoming_azure_realtime.embedded.response_plan import ResponsePlan
from wyoming_azure_realtime.embedded.response_trouble import Trouble
from wyoming_azure_realtime.embedded.speech_pieces import (
    WORDS_AT_FIRST,
    WORDS_PER_DELTA,
    TextAhead,
    irregular,
)
from wyoming_azure_realtime.embedded.usage import response_usage, spoken_tokens, text_tokens
from wyoming_azure_realtime.errors import SpeechServiceError
from wyoming_azure_realtime.realtime import server_events as events
from wyoming_azure_realtime.realtime.shapes import JsonObject


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a response needs of its session. `spoke` hears of the first audio."""

    outlet: Outlet
    speaking: SynthesisEngine | None
    no_voice_reason: str
    plan: FaultPlan
    conversation: Conversation
    spoke: Callable[[], None]


class RunningResponse:
    """Runs once. `stop` may be called at any time; the first call counts."""

    def __init__(self, plan: ResponsePlan, around: Surroundings) -> None:
        self.plan = plan
        self._around = around
        self._emit = around.outlet.emit
        self._trouble = Trouble(around.plan, around.outlet)
        in_band = plan.conversation_id is not None
        self._item = ResponseItem(plan, self._emit, around.conversation if in_band else None)
        self._text = self._trouble.spoken(plan.text)
        self._words = TextAhead(self._text)
        self._stopped: asyncio.Future[ResponseOutcome] = asyncio.get_running_loop().create_future()

    def stop(self, outcome: ResponseOutcome) -> None:
        """End as soon as possible, with this outcome."""
        if not self._stopped.done():
            self._stopped.set_result(outcome)

    async def run(self) -> None:
        """From `response.created` to `response.done`, whatever happens in between."""
        outcome = await self._first_of(self._generate())
        output = [await self._item.close(outcome.item_status)] if self._item.opened else []
        if self._trouble.never_done:
            return
        done = self.plan.report(outcome.status, details=outcome.details, output=output, usage=self._usage())
        await self._emit(events.ResponseDone(response=done))
        await self._emit(events.RateLimitsUpdated(rate_limits=RATE_LIMITS))

    async def _first_of(self, work: Coroutine[Any, Any, ResponseOutcome]) -> ResponseOutcome:
        """The work's outcome or that of being stopped, whichever comes first."""
        task = asyncio.ensure_future(work)
        try:
            await asyncio.wait({task, self._stopped}, return_when=asyncio.FIRST_COMPLETED)
            return task.result() if task.done() else self._stopped.result()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _generate(self) -> ResponseOutcome:
        await self._trouble.before_created()
        await self._emit(events.ResponseCreated(response=self.plan.report()))
        if (early := self._trouble.instead()) is not None:
            return early
        await self._item.open()
        return await (self._speak() if self.plan.speaks else self._write())

    async def _write(self) -> ResponseOutcome:
        for word in self._words.take(sys.maxsize):
            if text_tokens(self._item.said + word) > self.plan.most_tokens:
                return incomplete("max_output_tokens")
            await self._item.say(word)
        return COMPLETED

    async def _speak(self) -> ResponseOutcome:
        speaking = self._around.speaking
        if speaking is None:
            return failed(Failure(message=self._around.no_voice_reason))
        await self._tell(WORDS_AT_FIRST)
        await self._trouble.before_audio()
        try:
            outcome = await self._sound(
                irregular(speaking.speak(self._text, voice=self.plan.voice, speed=self.plan.speed))
            )
        except SpeechServiceError as error:
            return failed(Failure(message=str(error)))
        if outcome is COMPLETED:
            await self._tell(sys.maxsize)
        return outcome

    async def _sound(self, audio: AsyncGenerator[bytes, None]) -> ResponseOutcome:
        convert, held = encoder(self.plan.format), b""
        async with aclosing(audio):
            async for pcm in audio:
                if (end := await self._trouble.amid(duration_ms(len(self._item.audio)))) is not None:
                    return end
                if self._output_tokens(len(pcm)) > self.plan.most_tokens:
                    return incomplete("max_output_tokens")
                now, held = (held, pcm) if self._trouble.late_audio else (pcm, b"")
                await self._send(now, convert.convert(now))
        if self._trouble.late_audio:
            await self._item.end_audio()
        await self._send(held, convert.convert(held) + convert.flush())
        return COMPLETED

    async def _send(self, pcm: bytes, encoded: bytes) -> None:
        await self._tell(WORDS_PER_DELTA)
        if encoded:
            self._around.spoke()
            await self._item.sound(pcm, encoded)

    async def _tell(self, count: int) -> None:
        for word in self._words.take(count):
            await self._item.say(word)

    def _output_tokens(self, more_audio: int = 0) -> int:
        return spoken_tokens(len(self._item.audio) + more_audio) + text_tokens(self._item.said)

    def _usage(self) -> JsonObject:
        return response_usage(
            self.plan.input_tokens, text_tokens(self._item.said), spoken_tokens(len(self._item.audio))
        )


RATE_LIMITS: list[JsonObject] = [
    {"name": "requests", "limit": 200, "remaining": 199, "reset_seconds": 0.3},
    {"name": "tokens", "limit": 100_000, "remaining": 99_000, "reset_seconds": 0.6},
]
