"""One client's input: bytes to events, offered one by one, and whatever may keep more from being read."""

import asyncio
from typing import Protocol

from wyoming_azure_realtime.wyoming_server.commons import ServerState
from wyoming_azure_realtime.wyoming_server.events import Event
from wyoming_azure_realtime.wyoming_server.reader import WyomingReader
from wyoming_azure_realtime.wyoming_server.refusals import Bound, Overstepped
from wyoming_azure_realtime.wyoming_server.turns import SLICE

_MUCH, _REST = 16 << 10, 0.01
"""Bytes at a time of input that is discarded, after which nothing is read for so many seconds."""


class Listener(Protocol):
    """Who hears the events."""

    def hear(self, event: Event) -> bool:
        """Handle one event; False when it must wait."""

    def refuse(self, error: Overstepped) -> None:
        """Nothing that still comes can be heard."""

    def not_reading(self) -> None:
        """From now on we would not notice that the client is gone."""


class EventSource:
    """Cuts what comes into events. An event that must wait is parked, and what is behind it stays unread.

    `deaf`: what still comes is discarded. `heard_at`: when an event came, by the loop's clock.
    """

    def __init__(self, commons: ServerState, transport: asyncio.Transport, listener: Listener) -> None:
        self._commons = commons
        self._transport = transport
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._reader = WyomingReader(commons.limits)
        self._parked: Event | None = None
        self._held = 0  # bytes that are unfinished or parked
        self._queued = False  # more is to be heard when it is our turn
        self._rest: asyncio.TimerHandle | None = None
        self.reading = True
        self.deaf = False
        self.heard_at = self._loop.time()

    def feed(self, data: bytes | memoryview) -> None:
        """Hear every event that is complete now. Who sends much that is discarded is read slowly."""
        if not self.deaf:
            self._reader.feed(data)
            self.hear()
        elif len(data) >= _MUCH:
            self._rest = self._loop.call_later(_REST, self._rested)
            self._read_on()

    def hear(self) -> None:
        """Offer the event that had to wait, and those after it, for as long as one turn takes."""
        if self._queued:
            return
        if self.deaf:
            self._read_on()
            return
        hear, now = self._listener.hear, self._loop.time
        began = moment = now()
        try:
            while not self.deaf and (event := self._parked or self._reader.next_event()) is not None:
                if moment - began > SLICE:
                    self._parked, self._queued = event, True
                    self._commons.turns.queue(self._go_on)
                    break
                self.heard_at = moment
                self._parked = None if hear(event) else event
                if self._parked is not None:
                    break
                moment = now()
        except Overstepped as error:
            self._listener.refuse(error)
        self._account()
        self._read_on()

    def discard(self) -> None:
        """Hear nothing any more, but read on."""
        self.deaf = True
        self._forget()
        self._read_on()

    def end(self) -> None:
        """Nothing more comes. Raises Overstepped when that is in the middle of an event."""
        self._reader.end()

    def close(self) -> None:
        """The connection is over."""
        self.deaf = True
        self._forget()
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None

    def overdrawn(self) -> None:
        """Let go of what is unfinished: all clients together have too much of it, and this one the most."""
        self._forget()
        most = self._commons.limits.max_unfinished
        told = f"Events that are incomplete or have to wait take up more than {most} bytes."
        self._listener.refuse(Overstepped(told, bound=Bound.UNFINISHED))

    def _go_on(self) -> None:
        self._queued = False
        self.hear()

    def _rested(self) -> None:
        self._rest = None
        self._read_on()

    def _read_on(self) -> None:
        wanted = self._parked is None and not self._queued and self._rest is None
        if wanted is not self.reading:
            self.reading = wanted
            if wanted:
                self._transport.resume_reading()
            else:
                self._transport.pause_reading()
                self._listener.not_reading()

    def _account(self) -> None:
        parked = self._parked
        held = self._reader.held + (len(parked.data) + len(parked.payload) if parked is not None else 0)
        if held != self._held:
            self._held = held
            self._commons.unfinished.hold(self, held)

    def _forget(self) -> None:
        self._reader.clear()
        self._parked = None
        self._account()
