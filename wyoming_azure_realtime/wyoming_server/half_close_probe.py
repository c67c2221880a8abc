"""Tells a client that only stopped sending from one that is gone: what is sent to the latter comes back.

A client who has ended its side may leave at any time without a further packet. So does one whose bytes are
left in its socket, as far as we can see.
"""

import asyncio
import socket
from collections.abc import Callable

from wyoming_azure_realtime.wyoming_server.event_writer import EventWriter

_BEAT = b" "
"""White space before the next event's line, which JSON ignores: the client never sees it."""

_ECHO, _REST = 0.004, 0.016
"""Seconds until an answer of the client's system is looked for, and from then to the next beat."""


class HalfCloseProbe:
    """Beats while `wanted`, between events; ends the transport of a client that is gone."""

    def __init__(self, transport: asyncio.Transport, outbox: EventWriter, wanted: Callable[[], bool]) -> None:
        self._transport = transport
        self._outbox = outbox
        self._wanted = wanted
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin at once, unless it beats already."""
        if self._timer is None:
            self._beat()

    def stop(self) -> None:
        """The connection is over."""
        self._wanted = _never
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _beat(self) -> None:
        if not self._wanted():
            self._timer = None
            return
        if not self._outbox.full:  # else the transport is trying to write already
            self._outbox.send(_BEAT)
        self._timer = self._loop.call_later(_ECHO, self._listen)

    def _listen(self) -> None:
        if self._transport.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._timer = None
            self._transport.abort()
        else:
            self._timer = self._loop.call_later(_REST, self._beat)


def _never() -> bool:
    """In place of whoever knew: what is over must not keep its connection in memory."""
    return False
