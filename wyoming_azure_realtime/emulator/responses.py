"""The responses of a session: each reads a text or answers, speaking or writing, until it ends or is stopped.

One at a time runs in the conversation, any number up to a limit out of band.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from wyoming_azure_realtime.emulator.conversation import Conversation, Entry
from wyoming_azure_realtime.emulator.engines import Answer, Engines, FunctionCall
from wyoming_azure_realtime.emulator.faults import Disconnect, Failure, FaultPlan
from wyoming_azure_realtime.emulator.models import PromptCache, response_usage, spoken_tokens, text_tokens
from wyoming_azure_realtime.emulator.response_output import (
    CallItem,
    FaultInjection,
    MessageItem,
    ResponseItem,
    SpeechGeneration,
)
from wyoming_azure_realtime.emulator.response_plan import (
    COMPLETED,
    ResponseOutcome,
    ResponsePlan,
    cancelled,
    failed,
    has_sound,
    incomplete,
    settle,
)
from wyoming_azure_realtime.emulator.session_state import SessionState
from wyoming_azure_realtime.emulator.wire import Emit, Refused, words
from wyoming_azure_realtime.errors import SpeechServiceError
from wyoming_azure_realtime.realtime import server_events as events
from wyoming_azure_realtime.realtime.shapes import JsonObject, ResponseParameters

ANSWER_SECONDS = 60
"""An engine that has not answered after so long has failed."""

_ARGUMENTS_PER_DELTA = 8  # characters


@dataclass(slots=True)
class AnswerRecord:
    """What became of the responses of a server. `last_cancel`: `time.monotonic()`.

    `open` are being made now; `lost` ended with their session; `undeclared_calls`: calls that the model would
    have made and no tool allows; `read_aloud`: no answers, but texts that were read.
    """

    open: int = 0
    done: int = 0
    cancelled: int = 0
    lost: int = 0
    undeclared_calls: int = 0
    read_aloud: int = 0
    last_cancel: float = 0.0

    @contextmanager
    def answering(self) -> Iterator[Callable[[ResponseOutcome], None]]:
        """While an answer is made. Call what it yields with the outcome."""
        outcomes: list[ResponseOutcome] = []
        self.open += 1
        try:
            yield outcomes.append
        finally:
            self.open -= 1
            if not outcomes:
                self.lost += 1
            elif outcomes[0].status == "cancelled":
                self.cancelled += 1
            else:
                self.done += 1


@dataclass(frozen=True, slots=True)
class ResponseContext:
    """What a response needs of its session. `audio_sent` is called with every delta of audio.

    `hear`: the words of an item's sound. `record`, `cache`: those of the server.
    """

    emit: Emit
    disconnect: Callable[[Disconnect], Awaitable[None]]
    engines: Engines
    faults: FaultPlan
    conversation: Conversation
    audio_sent: Callable[[], None]
    hear: Callable[[Entry], Awaitable[str]]
    record: AnswerRecord
    cache: PromptCache


class RunningResponse:
    """One response; `run` once. `stop` may be called at any time, and the first call counts."""

    def __init__(self, plan: ResponsePlan, context: ResponseContext) -> None:
        self.plan = plan
        self._context = context
        self._emit = context.emit
        self._faults = context.faults.response()
        self._injection = FaultInjection(self._faults, context.emit, context.disconnect)
        self._conversation = context.conversation if plan.conversation_id is not None else None
        self._answers = _is_answered(plan, context.engines)
        self._cached = context.cache.cached(plan.prompt, time.monotonic())
        self._open: ResponseItem | None = None
        self._closed: list[asyncio.Task[JsonObject]] = []
        self._message: MessageItem | None = None
        self._written = ""
        self._stopped: asyncio.Future[ResponseOutcome] = asyncio.get_running_loop().create_future()

    def stop(self, outcome: ResponseOutcome) -> None:
        """End as soon as possible, with this outcome."""
        if not self._stopped.done():
            self._stopped.set_result(outcome)
            if self._answers:
                self._context.record.last_cancel = time.monotonic()

    async def run(self) -> None:
        """Send everything from `response.created` to `response.done`."""
        if self._answers:
            with self._context.record.answering() as ended:
                ended(await self._run())
        else:
            await self._run()
            self._context.record.read_aloud += 1

    async def _run(self) -> ResponseOutcome:
        outcome = await self._first_of(self._generate())
        if self._open is not None:
            self._close(self._open, outcome)
        output = [await item for item in self._closed]
        if self._faults.never_done:
            return outcome
        done = self.plan.report(outcome.status, details=outcome.details, output=output, usage=self._usage())
        await self._emit(events.ResponseDone(response=done))
        await self._emit(events.RateLimitsUpdated(rate_limits=RATE_LIMITS))
        return outcome

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
        if self.plan.impossible:
            return failed(Failure())
        try:
            if self._answers:
                return await self._answer()
            if not self.plan.speaks:
                await self._injection.before_tokens()
            return await self._say(self._faults.spoken(self.plan.text))
        except (SpeechServiceError, TimeoutError) as error:
            return failed(Failure(message=str(error) or "The model takes too long."))

    async def _answer(self) -> ResponseOutcome:
        """Send the text and the calls of the answer. Raises: SpeechServiceError, TimeoutError."""
        async with asyncio.timeout(ANSWER_SECONDS):
            answer = await self._asked()
        self._context.record.undeclared_calls += answer.undeclared
        await self._injection.before_tokens()
        calls = answer.calls if self.plan.several_calls else answer.calls[:1]
        outcome = await self._say(answer.text) if answer.text or not calls else COMPLETED
        for call in calls:
            if outcome is COMPLETED:
                outcome = await self._call(call)
        return outcome

    async def _asked(self) -> Answer:
        engine = self._context.engines.answers
        assert engine is not None  # noqa: S101
        sounds = [await self._context.hear(one) if has_sound(one) else "" for one in self.plan.context]
        return await engine.answer(self.plan.request(sounds))

    async def _say(self, text: str) -> ResponseOutcome:
        self._message = message = MessageItem(self.plan, self._emit, self._conversation, len(self._closed))
        await self._begin(message)
        if not self.plan.speaks:
            return await self._end(message, await self._stream(message, words(text), message.add_words))
        synthesizer = self._context.engines.synthesizer
        if synthesizer is None:
            return failed(Failure(message=self._context.engines.reason))
        speech = SpeechGeneration(message, text, self.plan, self._context.audio_sent)
        return await self._end(message, await speech.run(synthesizer, self._injection))

    async def _call(self, call: FunctionCall) -> ResponseOutcome:
        item = CallItem(self.plan, self._emit, self._conversation, len(self._closed), call)
        await self._begin(item)
        size = _ARGUMENTS_PER_DELTA
        pieces = (item.arguments[at : at + size] for at in range(0, len(item.arguments), size))
        return await self._end(item, await self._stream(item, pieces, item.add_arguments))

    async def _stream(
        self, item: ResponseItem, pieces: Iterable[str], add: Callable[[str], Awaitable[None]]
    ) -> ResponseOutcome:
        """Send pieces of text at the model's pace."""
        for piece in pieces:
            written = self._written + item.text
            if (early := await self._injection.amid_text(written)) is not None:
                return early
            if text_tokens(written + piece) > self.plan.max_tokens:
                return incomplete("max_output_tokens")
            await add(piece)
        return COMPLETED

    async def _begin(self, item: ResponseItem) -> None:
        self._open = item
        await item.open()

    async def _end(self, item: ResponseItem, outcome: ResponseOutcome) -> ResponseOutcome:
        """Close an item that is complete; one that is not stays open until the response ends."""
        if outcome is COMPLETED:
            await asyncio.shield(self._close(item, outcome))
        return outcome

    def _close(self, item: ResponseItem, outcome: ResponseOutcome) -> asyncio.Task[JsonObject]:
        """As a task of its own: what is closing when the response is stopped still sends all of it."""
        self._open = None
        self._written += item.text
        closing = asyncio.ensure_future(item.close(outcome.item_status))
        self._closed.append(closing)
        return closing

    def _usage(self) -> JsonObject:
        audio = spoken_tokens(len(self._message.audio)) if self._message else 0
        return response_usage(self.plan.prompt, self._cached, text_tokens(self._written), audio)


def _is_answered(plan: ResponsePlan, engines: Engines) -> bool:
    """Whether a model answers, rather than to say or write what is there."""
    if engines.answers is None or plan.as_it_stands:
        return False
    reads = engines.answers.reads_aloud(plan.instructions) if plan.speaks else None
    return not (plan.reads if reads is None else reads)


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
