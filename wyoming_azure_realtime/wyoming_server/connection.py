"""One client's connection: received bytes to events to the dispatcher, timeouts, and an orderly end.

Bytes come in at `data_received`, `EventSource` cuts them into events, and each event goes to the dispatcher,
which hands it to the handler of its request. An event that must wait stops the reading of the socket.

A connection is never closed with input unread: the kernel would then discard what was written last. Our side
ends first, and whatever the client still sends is read until it ends too, or `limits.drain` seconds are over.
"""

import asyncio
import logging
import weakref
from typing import cast

from wyoming_azure_realtime.admission.connections import Stage
from wyoming_azure_realtime.errors import PoolClosed
from wyoming_azure_realtime.wyoming_server.dispatcher import Dispatcher, ListenerService
from wyoming_azure_realtime.wyoming_server.event_writer import EventWriter, HalfCloseProbe
from wyoming_azure_realtime.wyoming_server.events import Bound, Event, LimitExceeded, WyomingReader
from wyoming_azure_realtime.wyoming_server.limits import SLICE, AccessList, ClientAddress, ServerState

_LOGGER = logging.getLogger(__name__)

_MALFORMED_DRAIN = 2.0
"""Longest time in seconds for which malformed input is still read, so that the `error` before it arrives."""

_LARGE_READ, _PAUSE = 16 << 10, 0.01
"""Bytes at a time, after which others may go first, and if they are discarded nothing is read for a while."""

_STALLED = "Others wait for the session of a request that does not go on"


class EventSource:
    """The events in one client's bytes, and whether more bytes are read from the socket.

    Reading pauses while an event waits for its handler (`put_back`), while the client waits for its next time
    slice (`slice_over`), and for a moment after much input that is discarded. `last_event_at`: when the last
    event came, by the loop's clock. `discarding`: what still comes is thrown away.
    """

    def __init__(self, state: ServerState, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._time = self._loop.time
        self._reader = WyomingReader(state.limits)
        self._read_event = self._reader.next_event
        self._waiting: Event | None = None
        self._slice_ends: float | None = None
        self._pause: asyncio.TimerHandle | None = None
        self.slice_over = False
        self.reading = True
        self.discarding = False
        self.last_event_at = self._loop.time()

    def feed(self, data: bytes | memoryview) -> None:
        """Add received bytes. A client that sends much that is discarded is read slowly."""
        if not self.discarding:
            self._reader.feed(data)
        elif len(data) >= _LARGE_READ:
            self._pause = self._loop.call_later(_PAUSE, self._end_pause)

    def next_event(self) -> Event | None:
        """The next complete event; None if there is none or the slice is over. Raises LimitExceeded.

        A slice begins with the first event after `update_reading`, which is given in any case.
        """
        if self.discarding:
            return None
        event = self._waiting or self._read_event()
        if event is None:
            return None
        now = self._time()
        if self._slice_ends is None:
            self._slice_ends = now + SLICE
        elif now > self._slice_ends:
            self._waiting, self.slice_over = event, True
            return None
        self._waiting, self.last_event_at = None, now
        return event

    def put_back(self, event: Event) -> None:
        """The event must wait; `next_event` will give it again."""
        self._waiting = event

    def discard(self) -> None:
        """Give no event any more, but read on."""
        self.discarding = True
        self.drop_buffered()

    def drop_buffered(self) -> None:
        """Forget the bytes of events that are incomplete or wait."""
        self._reader.clear()
        self._waiting = None

    @property
    def buffered(self) -> int:
        """Bytes of events that are incomplete or wait."""
        waiting = self._waiting
        return self._reader.buffered + (len(waiting.data) + len(waiting.payload) if waiting else 0)

    def end(self) -> None:
        """No more bytes will come. Raises LimitExceeded when that is in the middle of an event."""
        self._reader.end()

    def close(self) -> None:
        """The connection is over."""
        self.discard()
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None

    def update_reading(self) -> bool:
        """After the last event: pause or resume the reading of the socket. Whether it was paused just now."""
        self._slice_ends = None
        reading = self._waiting is None and not self.slice_over and self._pause is None
        if reading is self.reading:
            return False
        self.reading = reading
        if reading:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()
        return not reading

    def _end_pause(self) -> None:
        self._pause = None
        self.update_reading()


class ClientConnection(asyncio.BufferedProtocol):
    """Protocol of one client's transport. `access_list`: who may connect; None: everybody.

    `peer` and `address`: the client's name in the log and its IP address, empty unless it came by TCP.
    """

    def __init__(
        self, service: ListenerService, state: ServerState, access_list: AccessList | None = None
    ) -> None:
        self.door = "wyoming"
        self.peer = self.address = ""
        self._service = service
        self._state = state
        self._access_list = access_list
        self._limits = state.limits
        self._registry = state.registry
        self._loop = asyncio.get_running_loop()
        self._stage = Stage.SILENT
        self._newcomer = True  # not a complete event came yet
        self._input_ended = False
        self._buffered = 0
        self._drain = self._limits.drain  # seconds for the client's end, after ours
        self._timers: dict[str, asyncio.TimerHandle] = {}

    # Called by the transport.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask the access list, then the registry; both may refuse."""
        self._transport = cast("asyncio.Transport", transport)
        self._client = client = ClientAddress.of(transport)
        self.peer, self.address = client.peer, str(client.ip or "")
        myself = weakref.proxy(self)  # or every connection would wait for the garbage collector
        self._source = EventSource(self._state, self._transport)
        self._writer = EventWriter(
            self._transport, self._limits.write, self._cut_off, small_buffer=client.remote
        )
        self._dispatcher = Dispatcher(
            self._service, self._writer, self._state, myself, self.peer, self.address
        )
        self._probe = HalfCloseProbe(self._transport, self._writer, self._may_be_gone)
        refusal = self._access_list.refusal(client) if self._access_list else ""
        if refusal:
            self._state.refusals.report(Bound.NETWORKS, refusal)
        if refusal or not self._registry.admit(self):
            self.abort()
            return
        self._state.clients.add(self)
        _LOGGER.debug("%s connected", self.peer)
        self._watch_idle()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the next bytes go."""
        return self._state.read_buffer

    def buffer_updated(self, nbytes: int) -> None:
        """So many bytes are in the buffer."""
        self.data_received(self._state.read_buffer[:nbytes])

    def data_received(self, data: bytes | memoryview) -> None:
        """Handle every event that is complete now."""
        if self._stage is Stage.SILENT:
            self._enter(Stage.INCOMPLETE)
        source = self._source
        source.feed(data)
        if not source.slice_over:
            self._handle_events(len(data))

    def eof_received(self) -> bool:
        """The client has ended its side. True while it may still be waiting for an answer."""
        self._input_ended = True
        if self._dispatcher.answering:
            self._probe.start()
            return True
        if self._dispatcher.accepting:
            self._report_incomplete_event()
        self._dispatcher.cancel()
        self._abort_after(self._limits.drain)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel what is in progress: no client is left for the answer."""
        _LOGGER.debug("%s is gone%s", self.peer, f": {exc}" if exc else "")
        self._dispatcher.cancel()
        self._writer.close()
        self._probe.stop()
        self._source.close()
        self._state.buffer_budget.hold(self, 0)
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._registry.remove(self)
        self._state.clients.remove(self)

    def pause_writing(self) -> None:
        """The client reads slower than we write."""
        self._writer.pause()

    def resume_writing(self) -> None:
        """The client reads again."""
        self._writer.resume()
        self.resume_events()

    # Called by the server, the registry and the limits.

    @property
    def unsent(self) -> bool:
        """Whether something written waits for the client to read it."""
        return self._transport.get_write_buffer_size() > 0

    def close_after_request(self) -> None:
        """Answer the request in progress, then close."""
        self._dispatcher.close_after_request()

    def fail_request(self) -> None:
        """Answer the request in progress with an error, because the server stops."""
        if self._dispatcher.busy:
            self._dispatcher.fail(PoolClosed("The server is stopping."))

    def abort(self) -> None:
        """Close at once, whatever was not yet sent."""
        self._dispatcher.cancel()
        self._transport.abort()

    @property
    def stalled_since(self) -> float | None:
        """Since when a session has been waiting for the client to read, or to go on with its audio."""
        if self._dispatcher.busy and self._writer.full:
            return self._writer.full_since
        return self._source.last_event_at if self._dispatcher.holds_session else None

    @property
    def awaited_since(self) -> float | None:
        """Since when the client is to go on with its request; None if that is not awaited."""
        return self._source.last_event_at if self._dispatcher.awaits_client else None

    def end_stalled_request(self) -> None:
        """End the request: others wait for its session."""
        if self._writer.full:
            self._state.refusals.report(Bound.SESSIONS, f"{self.peer} cut off: {_STALLED}")
            self.abort()
        else:
            self._dispatcher.fail(LimitExceeded(f"{_STALLED}.", bound=Bound.SESSIONS))

    def drop_buffered(self) -> None:
        """Forget incomplete and waiting events: all clients have too much of them, this one the most."""
        self._source.drop_buffered()
        most = self._limits.max_unfinished
        message = f"Events that are incomplete or have to wait take up more than {most} bytes."
        self._reject(LimitExceeded(message, bound=Bound.UNFINISHED))
        self._update_input()

    # Called by the dispatcher.

    def resume_events(self) -> None:
        """An event that had to wait may be handled now, or what is sent has room again."""
        self._source.last_event_at = self._loop.time()
        if not self._source.slice_over:
            self._handle_events(self._source.buffered)
        if self._input_ended and not self._dispatcher.busy:
            self._dispatcher.close()

    def discarding_started(self) -> None:
        """Events are discarded from now on: not longer than `limits.drain` seconds."""
        self._abort_after(self._limits.drain)

    def discarding_ended(self) -> None:
        """Events are handled again."""
        self._timers.pop("end").cancel()

    def end_output(self) -> None:
        """End our side; the client's is awaited, for a while."""
        self._source.discard()
        self._update_input()
        self._enter(Stage.CLOSING)
        self._abort_after(self._drain)
        if self._input_ended or not self._transport.can_write_eof():
            self._transport.close()
            return
        try:
            self._transport.write_eof()
        except OSError:  # the client has reset the connection, and the transport does not know yet
            self._transport.abort()

    # Input.

    def _handle_events(self, size: int = 0) -> None:
        """Hand complete events to the dispatcher, for as long as one time slice takes.

        The way of every chunk of audio: no call here that it can do without. `size`: bytes that have come;
        many may have to wait for others.
        """
        source = self._source
        source.slice_over = size >= _LARGE_READ and self._state.scheduler.crowded()
        handle = self._dispatcher.handle
        try:
            while not source.slice_over and (event := source.next_event()) is not None:
                taken = handle(event)
                self._newcomer = False
                if not taken:
                    source.put_back(event)
                    break
        except LimitExceeded as error:
            self._reject(error)
        if source.slice_over:
            self._state.scheduler.queue(self._handle_events)
        self._update_input()

    def _enter(self, stage: Stage) -> None:
        if self._stage is not stage and self._stage is not Stage.CLOSING:
            self._stage = stage
            self._registry.enter(self, stage)

    def _update_input(self) -> None:
        """Account for the bytes that wait, and read on or not."""
        source = self._source
        stage = Stage.BUSY if self._dispatcher.busy else Stage.IDLE
        if stage is not self._stage and not self._newcomer:
            self._enter(stage)
        buffered = source.buffered
        if buffered != self._buffered:
            self._buffered = buffered
            self._state.buffer_budget.hold(self, buffered)
        if source.update_reading():
            self._probe.start()  # with reading paused, nothing else would notice that the client is gone

    def _reject(self, error: LimitExceeded) -> None:
        """End with an error: nothing that still comes can be understood."""
        self._drain = min(self._limits.drain, _MALFORMED_DRAIN)
        if self._dispatcher.accepting:
            self._dispatcher.fail(error)
        self._dispatcher.close()

    def _report_incomplete_event(self) -> None:
        try:
            self._source.end()
        except LimitExceeded as error:
            self._state.refusals.report(error.bound, f"{self.peer}: {error}", logging.INFO)

    # Who may connect, and who must go.

    def _may_be_gone(self) -> bool:
        """Whether a client waits for an answer that could leave without our noticing it."""
        unnoticed = self._input_ended or not self._source.reading
        return unnoticed and self._dispatcher.answering and self._client.remote

    def _watch_idle(self) -> None:
        now = self._loop.time()
        if self._dispatcher.answering or not self._source.reading:  # it is not the client who is slow
            self._source.last_event_at = now
        left = self._source.last_event_at + self._limits.idle - now
        if left > 0:
            self._timers["idle"] = self._loop.call_later(left, self._watch_idle)
        elif self._dispatcher.busy:
            message = f"No event came for {self._limits.idle:g} seconds."
            self._dispatcher.fail(LimitExceeded(message, bound=Bound.IDLE))
        else:
            self._state.refusals.count(Bound.IDLE)
            _LOGGER.debug("%s was idle for too long", self.peer)
            self._dispatcher.close()

    def _abort_after(self, seconds: float) -> None:
        if "end" in self._timers:
            self._timers["end"].cancel()
        self._timers["end"] = self._loop.call_later(seconds, self._transport.abort)

    def _cut_off(self) -> None:
        message = f"{self.peer} read nothing for {self._limits.write:g} seconds and was cut off"
        self._state.refusals.report(Bound.WRITE, message)
        self.abort()
