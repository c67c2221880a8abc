"""One client's bytes: read within bounds, heard as a dialogue, and ended so that nothing said is lost.

A connection is never closed with input unread: the kernel would then discard what was written last. Our side
ends first, and whatever the client still sends is read until it ends too, or the time is up.
"""

import asyncio
import logging
import weakref
from typing import cast

from wyoming_azure_realtime.errors import PoolClosed
from wyoming_azure_realtime.wyoming_server.access_list import AccessList
from wyoming_azure_realtime.wyoming_server.commons import ServerState
from wyoming_azure_realtime.wyoming_server.dispatcher import Dispatcher
from wyoming_azure_realtime.wyoming_server.event_source import EventSource
from wyoming_azure_realtime.wyoming_server.event_writer import EventWriter
from wyoming_azure_realtime.wyoming_server.events import Event
from wyoming_azure_realtime.wyoming_server.half_close_probe import HalfCloseProbe
from wyoming_azure_realtime.wyoming_server.offer import Offer
from wyoming_azure_realtime.wyoming_server.origin import Origin
from wyoming_azure_realtime.wyoming_server.refusals import Bound, Overstepped

_LOGGER = logging.getLogger(__name__)

_WRITE_BUFFER = 16 << 10
"""Bytes that may wait here for a client who reads slowly; the system keeps more."""

_MALFORMED_PATIENCE = 2.0
"""Seconds that bytes without meaning are still read for, so that the `error` ahead of them arrives."""


class Connection(asyncio.BufferedProtocol):
    """Shell of a Dispatcher: transport in, timers, transport out. `gate`: who may connect; None: anybody."""

    def __init__(self, offer: Offer, commons: ServerState, gate: AccessList | None = None) -> None:
        self.peer = self.address = ""
        self._offer = offer
        self._commons = commons
        self._gate = gate
        self._limits = commons.limits
        self._roster = commons.roster
        self._loop = asyncio.get_running_loop()
        self._silent = True  # not a byte came yet
        self._input_ended = False
        self._patience = self._limits.drain  # for the client's end, once ours is said
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask the gate, then join the roster; both may refuse."""
        self._transport = cast("asyncio.Transport", transport)
        self._origin = origin = Origin.of(transport)
        self.peer, self.address = origin.peer, str(origin.address or "")
        line = weakref.proxy(self)  # or every connection would wait for the garbage collector
        self._intake = EventSource(self._commons, self._transport, line)
        self._outbox = EventWriter(self._transport, self._limits.write, self._stuck)
        self._dialogue = Dispatcher(self._offer, self._outbox, self._roster, line, self.peer, self.address)
        self._pulse = HalfCloseProbe(self._transport, self._outbox, self._may_be_gone)
        if origin.remote:
            self._transport.set_write_buffer_limits(_WRITE_BUFFER)
        if not (self._passes_gate() and self._roster.admit(self)):
            self.abort()
            return
        _LOGGER.debug("%s connected", self.peer)
        self._watch_idle()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the next bytes go."""
        return self._commons.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """So many bytes came."""
        self.data_received(self._commons.buffer[:nbytes])

    def data_received(self, data: bytes | memoryview) -> None:
        """Hear every event that is complete now."""
        if self._silent:
            self._silent = False
            self._roster.stirred(self)
        self._intake.feed(data)

    def eof_received(self) -> bool:
        """The client says no more. True while it may still be waiting for an answer."""
        self._input_ended = True
        if self._dialogue.answering:
            self._pulse.start()
            return True
        if self._dialogue.open:
            self._note_cut()
        self._dialogue.leave()
        self._outlive(self._limits.drain)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel what is in progress: nobody is left to hear it."""
        _LOGGER.debug("%s is gone%s", self.peer, f": {exc}" if exc else "")
        self._dialogue.leave()
        self._outbox.close()
        self._pulse.stop()
        self._intake.close()
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._roster.remove(self)

    def pause_writing(self) -> None:
        """The client reads slower than we write."""
        self._outbox.pause()

    def resume_writing(self) -> None:
        """The client reads again."""
        self._outbox.resume()
        self.hear_again()

    @property
    def unsent(self) -> bool:
        """Something written waits for the client to read."""
        return self._transport.get_write_buffer_size() > 0

    def finish(self) -> None:
        """Answer the request in progress, then close."""
        self._dialogue.finish()

    def give_up(self) -> None:
        """Answer the request in progress with an error."""
        if self._dialogue.busy:
            self._dialogue.fail(PoolClosed("The server is stopping."))

    def abort(self) -> None:
        """Close at once, whatever was not yet sent."""
        self._dialogue.leave()
        self._transport.abort()

    @property
    def holds_up_since(self) -> float | None:
        """Since when a session has been waiting for the client to read, or to go on with its audio."""
        if self._dialogue.busy and self._outbox.full:
            return self._outbox.full_since
        return self._intake.heard_at if self._dialogue.awaits_client else None

    def give_way(self) -> None:
        """Others wait for the session of a client who does nothing with it."""
        told = "Others wait for the session of a request that does not go on"
        if self._outbox.full:
            self._commons.refusals.note(Bound.SESSIONS, f"{self.peer} cut off: {told}")
            self.abort()
        else:
            self._dialogue.fail(Overstepped(f"{told}.", bound=Bound.SESSIONS))

    # What the intake calls.

    def hear(self, event: Event) -> bool:
        """Handle one event; False when it must wait."""
        taken = self._dialogue.hear(event)
        self._roster.heard(self)
        return taken

    def refuse(self, error: Overstepped) -> None:
        """Nothing that still comes can be heard."""
        self._patience = min(self._limits.drain, _MALFORMED_PATIENCE)
        if self._dialogue.open:
            self._dialogue.fail(error)
        self._dialogue.end()

    def not_reading(self) -> None:
        """From now on we would not notice that the client is gone."""
        self._pulse.start()

    # What the dialogue calls.

    def hear_again(self) -> None:
        """Something has ended or has room again: go on hearing."""
        self._intake.heard_at = self._loop.time()
        self._intake.hear()
        if self._input_ended and not self._dialogue.busy:
            self._dialogue.end()

    def skipping(self) -> None:
        """Input is discarded from now on: not for ever."""
        self._outlive(self._limits.drain)

    def listening(self) -> None:
        """Input is heard again."""
        self._timers.pop("end").cancel()

    def hang_up(self) -> None:
        """End our side; the client's is awaited, for a while."""
        self._intake.discard()
        self._roster.leaving(self)
        self._outlive(self._patience)
        if self._input_ended or not self._transport.can_write_eof():
            self._transport.close()
            return
        try:
            self._transport.write_eof()
        except OSError:  # the client has reset the connection, which its transport has yet to hear
            self._transport.abort()

    def _passes_gate(self) -> bool:
        if self._gate is None:
            return True
        address = self._origin.address
        if address is not None and self._gate.admits(address):
            return True
        advice = self._gate.advice(address) if address is not None else ""
        told = f"{self.peer} refused: it is in none of the allowed networks. {advice}".rstrip()
        self._commons.refusals.note(Bound.NETWORKS, told)
        return False

    def _may_be_gone(self) -> bool:
        """An answer is awaited by a client of whom we would not hear that it is gone."""
        unheard = self._input_ended or not self._intake.reading
        return unheard and self._dialogue.answering and self._origin.remote

    # Time.

    def _watch_idle(self) -> None:
        now = self._loop.time()
        if self._dialogue.answering or not self._intake.reading:  # it is not the client who is slow
            self._intake.heard_at = now
        left = self._intake.heard_at + self._limits.idle - now
        if left > 0:
            self._timers["idle"] = self._loop.call_later(left, self._watch_idle)
        elif self._dialogue.busy:
            told = f"No event came for {self._limits.idle:g} seconds."
            self._dialogue.fail(Overstepped(told, bound=Bound.IDLE))
        else:
            self._commons.refusals.count(Bound.IDLE)
            _LOGGER.debug("%s was idle for too long", self.peer)
            self._dialogue.end()

    def _outlive(self, seconds: float) -> None:
        if "end" in self._timers:
            self._timers["end"].cancel()
        self._timers["end"] = self._loop.call_later(seconds, self._transport.abort)

    def _stuck(self) -> None:
        told = f"{self.peer} read nothing for {self._limits.write:g} seconds and was cut off"
        self._commons.refusals.note(Bound.WRITE, told)
        self.abort()

    def _note_cut(self) -> None:
        try:
            self._intake.end()
        except Overstepped as error:
            self._commons.refusals.note(error.bound, f"{self.peer}: {error}", logging.INFO)
