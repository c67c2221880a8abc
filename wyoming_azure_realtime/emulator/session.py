"""One realtime session on one socket: reads client events, obeys or refuses them, and sends server events.

The record of a session and of the server, the tasks that end with a session, and its outlet stand before the
session itself, which joins the input, the conversation and the responses.
"""

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import msgspec
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from wyoming_azure_realtime.audio.pcm import duration_ms
from wyoming_azure_realtime.emulator.conversation import Conversation, ItemEvents
from wyoming_azure_realtime.emulator.engines import Engines
from wyoming_azure_realtime.emulator.faults import Disconnect, Failure, FaultPlan
from wyoming_azure_realtime.emulator.input_side import InputSide
from wyoming_azure_realtime.emulator.models import PromptCache, ServerOptions
from wyoming_azure_realtime.emulator.responses import AnswerRecord, ResponseContext, Responses
from wyoming_azure_realtime.emulator.session_state import SessionState
from wyoming_azure_realtime.emulator.wire import Refused, Undecodable, decode_client, encode_server, new_id
from wyoming_azure_realtime.realtime import client_events as client
from wyoming_azure_realtime.realtime import server_events as events
from wyoming_azure_realtime.realtime.dialects import Dialect
from wyoming_azure_realtime.realtime.dialects.base import SessionKind
from wyoming_azure_realtime.realtime.server_events import (
    ResponseDone,
    ServerEvent,
    TranscriptionCompleted,
    TranscriptionFailure,
)

_LOG = logging.getLogger(__name__)
_ENDS = (ResponseDone, TranscriptionCompleted, TranscriptionFailure)
_EXPIRED = Refused("session_expired", "Your session hit the maximum duration of 60 minutes.")
_BROKEN = Failure().detail()
_Handler = Callable[[Any], Awaitable[None]]


@dataclass(slots=True)
class SessionRecord:
    """What happened in one session. Times are `time.monotonic()`; `events`: types of the last client events.

    `finished`: when its latest response or transcription ended. `truncated`: items, and milliseconds of them
    that were left.
    """

    id: str
    kind: SessionKind
    dialect: str
    model: str
    opened: float = field(default_factory=time.monotonic)
    closed: float | None = None
    finished: float | None = None
    counts: Counter[str] = field(default_factory=Counter)
    events: deque[tuple[float, str]] = field(default_factory=lambda: deque(maxlen=1000))
    cancels: deque[tuple[float, str]] = field(default_factory=lambda: deque(maxlen=100))
    truncated: deque[tuple[str, int]] = field(default_factory=lambda: deque(maxlen=100))
    audio_bytes: int = 0

    def received(self, event_type: str) -> None:
        """Count a client event."""
        self.counts[event_type] += 1
        self.events.append((time.monotonic(), event_type))

    def cancelled(self, response_id: str) -> None:
        """Record that a running response was cancelled."""
        self.cancels.append((time.monotonic(), response_id))


@dataclass(slots=True)
class ServerRecord:
    """What happened in a server so far; bounded. `prompts`: those it has met."""

    upgrades: int = 0
    refused: Counter[int] = field(default_factory=Counter)
    open_sessions: int = 0
    sessions: deque[SessionRecord] = field(default_factory=lambda: deque(maxlen=256))
    answers: AnswerRecord = field(default_factory=AnswerRecord)
    prompts: PromptCache = field(default_factory=PromptCache)


class Tasks:
    """The tasks of one session, ended together. `crashed` gets the exception of a task that fails."""

    def __init__(self, crashed: Callable[[BaseException], None]) -> None:
        self._crashed = crashed
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False

    def start(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Run `work` until it ends, is cancelled, or `close` is called."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def close(self) -> None:
        """Cancel the tasks that still run, and wait for their end."""
        self._closing = True
        running = list(self._tasks)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not self._closing:
            self._crashed(error)


class Outlet:
    """Sends events to one client, in its dialect and in order; does nothing once the client is gone.

    A client that does not read for `send_seconds` loses its connection.
    """

    def __init__(
        self,
        connection: ServerConnection,
        dialect: Dialect,
        plan: FaultPlan,
        send_seconds: float,
        record: SessionRecord | None = None,
    ) -> None:
        self._connection = connection
        self._dialect = dialect
        self._plan = plan
        self._send_seconds = send_seconds
        self._record = record
        self._earlier: deque[bytes] = deque(maxlen=8)

    async def emit(self, event: ServerEvent) -> None:
        """Give the event an id and send it, if the dialect has such an event."""
        numbered = msgspec.structs.replace(event, event_id=new_id("event"))
        frame = encode_server(numbered, self._dialect)
        if frame is None:
            return
        frames = self._plan.frames(frame, self._earlier[0] if self._earlier else None)
        self._earlier.append(frame)
        for sent in frames:
            await self._send(sent)
        if self._record is not None and isinstance(event, _ENDS):
            self._record.finished = time.monotonic()

    async def close(self, code: int, reason: str = "") -> None:
        """Close the socket; 1005 and 1006 drop TCP without a close frame."""
        if code in (1005, 1006):
            self._connection.transport.abort()
            return
        await self._connection.close(code, reason)

    async def disconnect(self, fault: Disconnect) -> None:
        """Close the socket as a fault describes."""
        await self.close(fault.code, fault.reason)

    async def _send(self, frame: bytes) -> None:
        try:
            async with asyncio.timeout(self._send_seconds):
                await self._connection.send(frame, text=True)
        except ConnectionClosed:
            return
        except TimeoutError:
            _LOG.warning("A client did not read for %g s; its connection is closed", self._send_seconds)
            self._connection.transport.abort()


class EmulatorSession:
    """One session, from `session.created` until its frames end or its time is over."""

    def __init__(
        self,
        state: SessionState,
        dialect: Dialect,
        outlet: Outlet,
        engines: Engines,
        plan: FaultPlan,
        options: ServerOptions,
        record: SessionRecord,
        server: "ServerRecord",
    ) -> None:
        self._state = state
        self._dialect = dialect
        self._outlet = outlet
        self._plan = plan
        self._record = record
        self._tasks = Tasks(self._crashed)
        self._conversation = Conversation()
        self._items = ItemEvents(self._conversation, outlet.emit)
        self._input = InputSide(
            state, self._conversation, outlet.emit, engines.recognizer, plan, self._tasks.start, options
        )
        context = ResponseContext(
            outlet.emit,
            outlet.disconnect,
            engines,
            plan,
            self._conversation,
            self._audio_sent,
            self._input.heard,
            server.answers,
            server.prompts,
        )
        self._responses = Responses(state, context, self._tasks.start, options.max_responses)
        self._input.segment_started = self._segment_started
        self._input.segment_ended = self._segment_ended
        self._handlers = self._event_handlers()

    async def run(self, frames: AsyncIterator[str | bytes]) -> None:
        """Serve until the frames end, then end every task of the session."""
        try:
            await self._outlet.emit(events.SessionCreated(session=self._state.report))
            self._tasks.start(self._expire(), "expiry")
            async for frame in frames:
                await self._serve(frame)
        finally:
            await self._tasks.close()
            self._record.closed = time.monotonic()

    async def _serve(self, frame: str | bytes) -> None:
        try:
            event = decode_client(frame, self._dialect)
        except Undecodable as error:
            self._record.received("(refused)")
            await self._outlet.emit(error.refusal.event(error.event_id))
            return
        self._record.received(str(event.__struct_config__.tag))
        try:
            await self._handlers[type(event)](event)
        except Refused as refusal:
            translated = refusal.renamed(self._dialect.parameter)
            await self._outlet.emit(translated.event(event.event_id))

    def _event_handlers(self) -> dict[type[client.ClientEvent], _Handler]:
        common: dict[type[client.ClientEvent], _Handler] = {
            client.SessionUpdate: self._update,
            client.InputAudioBufferAppend: self._append,
            client.InputAudioBufferCommit: self._commit,
            client.InputAudioBufferClear: self._clear,
            client.ConversationItemCreate: self._items.create,
            client.ConversationItemRetrieve: self._items.retrieve,
            client.ConversationItemTruncate: self._truncate,
            client.ConversationItemDelete: self._items.delete,
            client.ResponseCreate: self._create_response,
            client.ResponseCancel: self._cancel_response,
        }
        if self._state.facts.kind == "realtime":
            return common
        absent = (client.ConversationItemCreate, client.ResponseCreate, client.ResponseCancel)
        return common | dict.fromkeys(absent, _not_in_transcription)

    async def _update(self, event: client.SessionUpdate) -> None:
        if self._plan.silent_configuration():
            return
        await asyncio.sleep(self._plan.faults.configuration_ms / 1000)
        if fault := self._plan.refused_configuration():
            raise Refused(fault.code, fault.message, kind=fault.type)
        self._state.update(event.session)
        self._input.reconfigure()
        await self._outlet.emit(events.SessionUpdated(session=self._state.report))

    async def _append(self, event: client.InputAudioBufferAppend) -> None:
        self._record.audio_bytes += len(event.audio)
        await self._input.append(event.audio)
        if fault := self._plan.closed_upload(duration_ms(self._record.audio_bytes)):
            await self._outlet.disconnect(fault)

    async def _commit(self, _event: client.InputAudioBufferCommit) -> None:
        if self._plan.silent_commit():
            return
        await self._input.commit()
        if fault := self._plan.closed_after_commit():
            await self._outlet.disconnect(fault)

    async def _clear(self, _event: client.InputAudioBufferClear) -> None:
        await self._input.clear()

    async def _create_response(self, event: client.ResponseCreate) -> None:
        self._responses.create(event.response)

    async def _cancel_response(self, event: client.ResponseCancel) -> None:
        self._record.cancelled(self._responses.cancel(event.response_id))

    async def _truncate(self, event: client.ConversationItemTruncate) -> None:
        await self._items.truncate(event)
        self._record.truncated.append((event.item_id, event.audio_end_ms))

    async def _segment_started(self) -> None:
        settings = self._state.turn_detection or {}
        if settings.get("interrupt_response"):
            self._responses.interrupt()

    async def _segment_ended(self) -> None:
        settings = self._state.turn_detection or {}
        if settings.get("create_response") and not self._responses.answering:
            self._responses.create(None)

    def _audio_sent(self) -> None:
        self._state.audio_produced = True

    async def _expire(self) -> None:
        seconds = self._plan.faults.session_seconds
        left = self._state.facts.expires_at - time.time() if seconds is None else seconds
        await asyncio.sleep(max(0.0, left))
        await self._outlet.emit(_EXPIRED.event(None))
        await self._outlet.close(1001, _EXPIRED.message)

    def _crashed(self, error: BaseException) -> None:
        """An error in the emulator: answered as vaguely as the service does."""
        _LOG.error("A session's task failed", exc_info=error)
        self._tasks.start(self._give_up(), "give up")

    async def _give_up(self) -> None:
        await self._outlet.emit(events.Error(error=_BROKEN))
        await self._outlet.close(1011)


async def _not_in_transcription(event: client.ClientEvent) -> None:
    name = event.__struct_config__.tag
    raise Refused("invalid_event", f"The event '{name}' is not available in a transcription session.", "type")
