"""One client's bytes: read within bounds, heard as a dialogue, and ended so that nothing said is lost.

A connection is never closed with input unread: the kernel would then discard what was written last. Our side
ends first, and whatever the client still sends is read until it ends too, or the time is up.
"""

import asyncio
import logging
from typing import TYPE_CHECKING, cast

from wyoming.ping import Pong

from wyoming_azure_realtime.errors import InvalidRequest, PoolClosed
from wyoming_azure_realtime.settings.model import Limits
from wyoming_azure_realtime.wyoming_server.dialogue import Dialogue
from wyoming_azure_realtime.wyoming_server.encoding import encode
from wyoming_azure_realtime.wyoming_server.offer import Offer
from wyoming_azure_realtime.wyoming_server.outbox import Outbox
from wyoming_azure_realtime.wyoming_server.reader import MalformedEvent, WyomingReader
from wyoming_azure_realtime.wyoming_server.roster import Roster

if TYPE_CHECKING:
    from wyoming_azure_realtime.wyoming_server.events import Event

_LOGGER = logging.getLogger(__name__)

_MALFORMED_PATIENCE = 2.0
"""Seconds that bytes without meaning are still read for, so that the `error` ahead of them arrives."""

_PROBE = encode(Pong())
_FIRST_PROBE = 0.01
_SLOWEST_PROBE = 1.0


class Connection(asyncio.BufferedProtocol):
    """Shell of a Dialogue: transport in, timers, transport out.

    `buffer` is where bytes arrive, the same for all connections of an event loop: they are consumed at once,
    and allocating one for every read would cost more than all the rest.
    """

    def __init__(self, offer: Offer, limits: Limits, roster: Roster, buffer: memoryview) -> None:
        self.peer = ""
        self._buffer = buffer
        self._offer = offer
        self._limits = limits
        self._roster = roster
        self._loop = asyncio.get_running_loop()
        self._reader = WyomingReader(limits)
        self._parked: Event | None = None  # heard already, but it had to wait
        self._reading = True
        self._deaf = False  # what still comes is discarded unparsed
        self._input_ended = False
        self._heard_at = self._loop.time()
        self._patience = limits.drain  # for the client's end, once ours is said
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Join the roster, which may refuse."""
        self._transport = cast("asyncio.Transport", transport)
        self.peer = _peer_name(self._transport)
        self._outbox = Outbox(self._transport, self._limits.write, self._stuck)
        self._dialogue = Dialogue(self._offer, self._outbox, self._roster, self, self.peer)
        if not self._roster.admit(self):
            self._dialogue.leave()
            self._transport.abort()
            return
        _LOGGER.debug("%s connected", self.peer)
        self._watch_idle()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the next bytes go."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """So many bytes came."""
        self.data_received(self._buffer[:nbytes])

    def data_received(self, data: bytes | memoryview) -> None:
        """Hear every event that is complete now."""
        if not self._deaf:
            self._reader.feed(data)
            self._hear()

    def eof_received(self) -> bool:
        """The client says no more. True while it may still be waiting for an answer."""
        self._input_ended = True
        if self._dialogue.answering:
            self._probe(_FIRST_PROBE)
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
        for timer in self._timers.values():
            timer.cancel()
        self._roster.remove(self)

    def pause_writing(self) -> None:
        """The client reads slower than we write."""
        self._outbox.pause()

    def resume_writing(self) -> None:
        """The client reads again."""
        self._outbox.resume()
        self.hear_again()

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

    # What the dialogue calls.

    def hear_again(self) -> None:
        """Something has ended or has room again: go on hearing."""
        self._heard_at = self._loop.time()
        self._hear()
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
        self._deaf = True
        self._parked = None
        self._outlive(self._patience)
        if self._input_ended or not self._transport.can_write_eof():
            self._transport.close()
            return
        try:
            self._transport.write_eof()
        except OSError:  # the client has reset the connection, which its transport has yet to hear
            self._transport.abort()
        else:
            self._read_on(True)

    def _hear(self) -> None:
        """Hear what is there, up to an event that must wait; bytes behind it wait in the client's socket."""
        hear = self._dialogue.hear
        try:
            while not self._deaf and (event := self._parked or self._reader.next_event()) is not None:
                self._heard_at = self._loop.time()
                self._parked = None if hear(event) else event
                if self._parked is not None:
                    break
                self._roster.heard(self)
        except MalformedEvent as error:
            self._patience = min(self._limits.drain, _MALFORMED_PATIENCE)
            if self._dialogue.open:
                self._dialogue.fail(error)
            self._dialogue.end()
        self._read_on(self._parked is None)

    def _read_on(self, wanted: bool) -> None:
        if wanted is not self._reading:
            self._reading = wanted
            if wanted:
                self._transport.resume_reading()
            else:
                self._transport.pause_reading()

    # Time.

    def _watch_idle(self) -> None:
        now = self._loop.time()
        if self._dialogue.answering or self._parked is not None:  # it is not the client who is slow
            self._heard_at = now
        left = self._heard_at + self._limits.idle - now
        if left > 0:
            self._timers["idle"] = self._loop.call_later(left, self._watch_idle)
        elif self._dialogue.busy:
            self._dialogue.fail(InvalidRequest(f"No event came for {self._limits.idle:g} seconds."))
        else:
            _LOGGER.debug("%s was idle for too long", self.peer)
            self._dialogue.end()

    def _probe(self, delay: float) -> None:
        """Tell a client that only stopped sending from one that is gone: bytes to the latter come back."""
        if self._dialogue.answering and self._transport.get_extra_info("socket") is not None:
            if not self._outbox.full:
                self._outbox.send(_PROBE)
            slower = min(2 * delay, _SLOWEST_PROBE)
            self._timers["probe"] = self._loop.call_later(delay, self._probe, slower)

    def _outlive(self, seconds: float) -> None:
        if "end" in self._timers:
            self._timers["end"].cancel()
        self._timers["end"] = self._loop.call_later(seconds, self._transport.abort)

    def _stuck(self) -> None:
        _LOGGER.warning("%s read nothing for %g seconds and was cut off", self.peer, self._limits.write)
        self.abort()

    def _note_cut(self) -> None:
        try:
            self._reader.end()
        except MalformedEvent as error:
            _LOGGER.info("%s: %s", self.peer, error)


def _peer_name(transport: asyncio.Transport) -> str:
    """What the log calls the client."""
    name = transport.get_extra_info("peername")
    if isinstance(name, tuple):
        host, port = name[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return "a client on the unix socket" if transport.get_extra_info("socket") else "the client on stdio"
