"""How long the service may take: at a stretch and in all; and whether a session that is silent is there.

One timer per attempt instead of one per event.
"""

import asyncio
import math
from collections.abc import Callable
from types import TracebackType

from wyoming_azure_realtime.pool.pool import Poolable

FIRST_LOOK, NEXT_LOOK = 0.25, 1.0
"""Seconds without an event after which a session is asked whether it is there, and between two such looks."""

ANSWER_SECONDS = 1.0
"""For which it may take to answer that."""


class ServiceTime:
    """Seconds for which the service may still be waited for, over all attempts at one piece of work.

    The time in which the client is waited for does not count; that before and between attempts does.
    """

    def __init__(self, seconds: float) -> None:
        self.left = seconds
        self._idle_since: float | None = asyncio.get_running_loop().time()

    def begun(self) -> None:
        """An attempt has begun: the time before it is over."""
        if self._idle_since is not None:
            self.left -= asyncio.get_running_loop().time() - self._idle_since
            self._idle_since = None

    def ended(self) -> None:
        """An attempt has ended; whatever comes until the next one begins is waited for as well."""
        self._idle_since = asyncio.get_running_loop().time()

    @property
    def end(self) -> float:
        """The event loop's time at which it is used up, if nothing but that passes."""
        now = asyncio.get_running_loop().time()
        return self.left + (now if self._idle_since is None else self._idle_since)


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
        self._total.begun()
        self.progressed()
        self._check()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.paused()
        self._total.ended()
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


class SilenceWatch:
    """Asks a session that sends nothing whether it is there at all; calls `on_silence` if it does not answer.

    `quiet` is set to false by whoever receives an event. While `busy`, events wait to be received, so that
    their absence means nothing.
    """

    def __init__(self, session: Poolable, on_silence: Callable[[], None]) -> None:
        self._session = session
        self._on_silence = on_silence
        self._loop = asyncio.get_running_loop()
        self._alarm: asyncio.TimerHandle | None = None
        self._asking: asyncio.Task[None] | None = None
        self.quiet = True
        self.busy = False
        self.silent = False

    def start(self) -> None:
        """Look from now on."""
        self._alarm = self._loop.call_later(FIRST_LOOK, self._look)

    def stop(self) -> None:
        """Look no longer."""
        if self._alarm is not None:
            self._alarm.cancel()
        if self._asking is not None:
            self._asking.cancel()

    def _look(self) -> None:
        if self.quiet and not self.busy:
            self._asking = asyncio.create_task(self._ask())
        else:
            self.quiet = True
            self._alarm = self._loop.call_later(NEXT_LOOK, self._look)

    async def _ask(self) -> None:
        answered = await self._session.answers(ANSWER_SECONDS)
        if answered or self.busy or not self.quiet:
            self._alarm = self._loop.call_later(NEXT_LOOK, self._look)
        else:
            self.silent = True
            self._on_silence()
