"""Tells a client that only stopped sending from one that is gone: what is sent to the latter comes back."""

import asyncio
from collections.abc import Callable

from wyoming_azure_realtime.wyoming_server.outbox import Outbox

_BEAT = b" "
"""White space before the next event's line, which JSON ignores: the client never sees it."""

_SECOND = 0.005
_EVERY = 0.02
"""Seconds between beats: a client may go at any time after it stopped sending, without a further packet."""


class Pulse:
    """Beats while `wanted`, between events."""

    def __init__(self, outbox: Outbox, wanted: Callable[[], bool]) -> None:
        self._outbox = outbox
        self._wanted = wanted
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin at once, unless it beats already."""
        if self._timer is None and self._wanted():
            self._beat(_SECOND)

    def stop(self) -> None:
        """The connection is over."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _beat(self, pause: float) -> None:
        if not self._wanted():
            self._timer = None
            return
        if not self._outbox.full:  # else the transport is trying to write already
            self._outbox.send(_BEAT)
        self._timer = self._loop.call_later(pause, self._beat, _EVERY)
