"""What is on its way to a client: never more than the transport's high-water mark and one event."""

import asyncio
from collections.abc import Callable


class EventWriter:
    """Writes events. A client that accepts nothing for `patience` seconds is reported to `on_stuck`."""

    def __init__(self, transport: asyncio.Transport, patience: float, on_stuck: Callable[[], None]) -> None:
        self._transport = transport
        self._patience = patience
        self._on_stuck = on_stuck
        self._loop = asyncio.get_running_loop()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._deadline: asyncio.TimerHandle | None = None
        self.full_since: float | None = None

    @property
    def full(self) -> bool:
        """The client does not read as fast as we write: write nothing that can wait."""
        return not self._flowing.is_set()

    def send(self, *parts: bytes | memoryview) -> None:
        """Queue whole events. Callers that repeat themselves await `drained` in between."""
        if not self._transport.is_closing():
            # not `writelines`: up to Python 3.13 that never calls `pause_writing`
            self._transport.write(b"".join(parts))

    async def drained(self) -> None:
        """Wait until more may be written; whoever never reads is cut off by `on_stuck`."""
        await self._flowing.wait()

    def pause(self) -> None:
        """The transport's buffer is full."""
        self._flowing.clear()
        self.full_since = self._loop.time()
        self._deadline = self._loop.call_later(self._patience, self._on_stuck)

    def resume(self) -> None:
        """The transport's buffer has room again."""
        self._flowing.set()
        self.full_since = None
        self._cancel()

    def close(self) -> None:
        """Wait for nothing any more."""
        self._cancel()
        self._on_stuck = _nobody_cares

    def _cancel(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def _nobody_cares() -> None:
    """In place of whoever was to be told: what is over must not keep its connection in memory."""
