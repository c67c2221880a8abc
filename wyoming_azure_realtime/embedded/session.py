"""One realtime session on one socket: reads client events, obeys or refuses them."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from wyoming_azure_realtime.audio.pcm import duration_ms
from wyoming_azure_realtime.embedded.conversation import Conversation
from wyoming_azure_realtime.embedded.engines import Engines
from wyoming_azure_realtime.embedded.faults import Disconnect, Failure, Fault, FaultPlan
from wyoming_azure_realtime.embedded.input_side import InputSide
from wyoming_azure_realtime.embedded.item_events import ItemEvents
from wyoming_azure_realtime.embedded.options import ServerOptions
from wyoming_azure_realtime.embedded.outlet import Outlet
from wyoming_azure_realtime.embedded.record import SessionRecord
from wyoming_azure_realtime.embedded.refusals import Refused
from wyoming_azure_realtime.embedded.response import Surroundings
from wyoming_azure_realtime.embedded.responses import Responses
from wyoming_azure_realtime.embedded.session_state import SessionState
from wyoming_azure_realtime.embedded.tasks import Tasks
from wyoming_azure_realtime.embedded.wire import Undecodable, decode_client
from wyoming_azure_realtime.realtime import client_events as client
from wyoming_azure_realtime.realtime import server_events as events
from wyoming_azure_realtime.realtime.dialects import Dialect

_LOG = logging.getLogger(__name__)
_EXPIRED = Refused("session_expired", "Your session hit the maximum duration of 60 minutes.")
_BROKEN = Failure().detail()
_Handler = Callable[[Any], Awaitable[None]]


class EmulatorSession:
    """Lives from `session.created` until its frames end or its time is over."""

    def __init__(
        self,
        state: SessionState,
        dialect: Dialect,
        outlet: Outlet,
        engines: Engines,
        plan: FaultPlan,
        options: ServerOptions,
        record: SessionRecord,
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
            state, self._conversation, outlet, engines.recognizer, plan, self._tasks, options
        )
        around = Surroundings(
            outlet, engines.synthesizer, engines.reason, plan, self._conversation, self._spoke
        )
        self._responses = Responses(state, around, self._tasks, options.max_responses)
        self._input.turn_started = self._turn_started
        self._input.turn_ended = self._turn_ended
        self._handlers = self._table()

    async def run(self, frames: AsyncIterator[str | bytes]) -> None:
        """Serve until the frames end; every task ends with it."""
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
            own = refusal.renamed(self._dialect.parameter)
            await self._outlet.emit(own.event(event.event_id))

    def _table(self) -> dict[type[client.ClientEvent], _Handler]:
        common: dict[type[client.ClientEvent], _Handler] = {
            client.SessionUpdate: self._update,
            client.InputAudioBufferAppend: self._append,
            client.InputAudioBufferCommit: self._commit,
            client.InputAudioBufferClear: self._clear,
            client.ConversationItemCreate: self._items.create,
            client.ConversationItemRetrieve: self._items.retrieve,
            client.ConversationItemTruncate: self._items.truncate,
            client.ConversationItemDelete: self._items.delete,
            client.ResponseCreate: self._create_response,
            client.ResponseCancel: self._cancel_response,
        }
        if self._state.facts.kind == "realtime":
            return common
        absent = (client.ConversationItemCreate, client.ResponseCreate, client.ResponseCancel)
        return common | dict.fromkeys(absent, _not_in_transcription)

    async def _update(self, event: client.SessionUpdate) -> None:
        if self._plan.strikes(Fault, "silent_configuration"):
            return
        await asyncio.sleep(self._plan.faults.configuration_ms / 1000)
        if fault := self._plan.strikes(Failure, "refused_configuration"):
            raise Refused(fault.code, fault.message, kind=fault.type)
        self._state.update(event.session)
        self._input.reconfigure()
        await self._outlet.emit(events.SessionUpdated(session=self._state.report))

    async def _append(self, event: client.InputAudioBufferAppend) -> None:
        self._record.audio_bytes += len(event.audio)
        await self._input.append(event.audio)
        cut = self._plan.faults.closed_upload
        due = cut is not None and duration_ms(self._record.audio_bytes) >= cut.after_ms
        if due and (fault := self._plan.strikes(Disconnect, "closed_upload")):
            await self._outlet.cut(fault)

    async def _commit(self, _event: client.InputAudioBufferCommit) -> None:
        if self._plan.strikes(Fault, "silent_commit"):
            return
        await self._input.commit()
        if fault := self._plan.strikes(Disconnect, "closed_after_commit"):
            await self._outlet.cut(fault)

    async def _clear(self, _event: client.InputAudioBufferClear) -> None:
        await self._input.clear()

    async def _create_response(self, event: client.ResponseCreate) -> None:
        self._responses.create(event.response)

    async def _cancel_response(self, event: client.ResponseCancel) -> None:
        self._record.cancelled(self._responses.cancel(event.response_id))

    async def _turn_started(self) -> None:
        turns = self._state.turn_detection or {}
        if turns.get("interrupt_response"):
            self._responses.interrupt()

    async def _turn_ended(self) -> None:
        turns = self._state.turn_detection or {}
        if turns.get("create_response") and not self._responses.answering:
            self._responses.create(None)

    def _spoke(self) -> None:
        self._state.audio_produced = True

    async def _expire(self) -> None:
        seconds = self._plan.faults.session_seconds
        left = self._state.facts.expires_at - time.time() if seconds is None else seconds
        await asyncio.sleep(max(0.0, left))
        await self._outlet.emit(_EXPIRED.event(None))
        await self._outlet.close(1001, _EXPIRED.message)

    def _crashed(self, error: BaseException) -> None:
        """A fault of our own: the service would say as little."""
        _LOG.error("A session's task failed", exc_info=error)
        self._tasks.start(self._give_up(), "give up")

    async def _give_up(self) -> None:
        await self._outlet.emit(events.Error(error=_BROKEN))
        await self._outlet.close(1011)


async def _not_in_transcription(event: client.ClientEvent) -> None:
    name = event.__struct_config__.tag
    raise Refused("invalid_event", f"The event '{name}' is not available in a transcription session.", "type")
