"""Who gives way when more requests are in progress than there may be sessions."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Protocol

_PATIENCE = 2.0
"""Seconds for which a client may neither send nor take anything while others wait for its session."""

_LOOK_AGAIN = 0.25


class Holder(Protocol):
    """Somebody whose request is in progress."""

    @property
    def holds_up_since(self) -> float | None:
        """Since when its session has been waiting for the client; None while the client waits for it."""

    def give_way(self) -> None:
        """End the request."""


class StallReaper:
    """Looks, as long as there are too many requests, for those that have been waiting for their clients."""

    def __init__(self, sessions: int, running: Callable[[], int], holders: Callable[[], Iterable[Holder]]):
        self._sessions = sessions
        self._running = running
        self._holders = holders
        self._timer: asyncio.TimerHandle | None = None

    def look(self) -> None:
        """One more request is in progress."""
        if self._timer is None and self._running() > self._sessions:
            self._timer = asyncio.get_running_loop().call_later(_LOOK_AGAIN, self._relieve)

    def stop(self) -> None:
        """Nobody waits any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _relieve(self) -> None:
        self._timer = None
        latest = asyncio.get_running_loop().time() - _PATIENCE
        waiting = [(since, holder) for holder in self._holders() if (since := holder.holds_up_since)]
        waiting.sort(key=lambda one: one[0])
        too_many = self._running() - self._sessions
        for since, holder in waiting[: max(0, too_many)]:
            if since <= latest:
                holder.give_way()
        self.look()
