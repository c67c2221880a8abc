"""How long the service may take: at a stretch and in all. One timer per attempt instead of one per event."""

import asyncio
import math
from types import TracebackType


class ServiceTime:
    """Seconds for which the service may still be waited for, over all attempts at one piece of work.

    The time in which the client is waited for does not count.
    """

    def __init__(self, seconds: float) -> None:
        self.left = seconds


class IdleTimeout:
    """Raises `TimeoutError` inside its block when the service is late; use it once, as a context manager.

    It is late when nothing brought the turn forward (`progressed`) for `seconds`, or when `total` is used up,
    whatever comes. Neither counts while `paused`. Until `become` is called with a number of seconds, an
    infinite `seconds` is not limited at a stretch.
    """

    def __init__(self, seconds: float, total: ServiceTime) -> None:
        self.seconds = seconds
        self._total = total
        self._loop = asyncio.get_running_loop()
        self._progress = self._loop.time()
        self._waiting_since: float | None = None
        self._timeout = asyncio.timeout(None)
        self._alarm: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> "IdleTimeout":
        await self._timeout.__aenter__()
        self.progressed()
        self._check()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.paused()
        self._cancel_alarm()
        await self._timeout.__aexit__(kind, error, trace)

    def become(self, seconds: float) -> None:
        """From the last progress on the service may take so long."""
        if seconds != self.seconds:
            self.seconds = seconds
            self._cancel_alarm()
            self._check()

    def progressed(self) -> None:
        """The turn has come forward: the stretch begins anew. Ends a pause."""
        self._progress = now = self._loop.time()
        if self._waiting_since is None:
            self._waiting_since = now

    def paused(self) -> None:
        """From now on it is not the service that is waited for."""
        if self._waiting_since is not None:
            self._total.left -= self._loop.time() - self._waiting_since
            self._waiting_since = None

    def expire(self) -> None:
        """Raise the `TimeoutError` now."""
        self._cancel_alarm()
        if not self._timeout.expired():
            self._timeout.reschedule(self._loop.time())

    def _check(self) -> None:
        now = self._loop.time()
        if self._waiting_since is None:  # then it is looked at again when it could be over at the earliest
            due = now + min(self.seconds, max(self._total.left, 0.1))
        else:
            due = min(self._progress + self.seconds, self._waiting_since + self._total.left)
            if now >= due:
                self._timeout.reschedule(now)
                return
        if math.isfinite(due):
            self._alarm = self._loop.call_at(due, self._check)

    def _cancel_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
