"""How long the service may be silent, for one timer per response instead of one per event."""

import asyncio
from types import TracebackType


class Patience:
    """Raises `TimeoutError` inside its block when nothing was `heard` for `seconds`, unless `paused`."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._since: float | None = None
        self._timeout = asyncio.timeout(None)
        self._alarm: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> "Patience":
        await self._timeout.__aenter__()
        self.heard()
        self._look()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        await self._timeout.__aexit__(kind, error, trace)

    def become(self, seconds: float) -> None:
        """From now on the service may be silent for so long."""
        if seconds == self.seconds:
            return
        self.seconds = seconds
        if self._alarm is not None:
            self._alarm.cancel()
        self._look()

    def heard(self) -> None:
        """The clock begins anew."""
        self._since = self._loop.time()

    def paused(self) -> None:
        """It is not the service who is waited for."""
        self._since = None

    def _look(self) -> None:
        now = self._loop.time()
        due = (now if self._since is None else self._since) + self.seconds
        if now >= due:
            self._timeout.reschedule(now)
        else:
            self._alarm = self._loop.call_at(due, self._look)
