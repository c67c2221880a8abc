"""Sessions without a network, for a pool to keep: they can hang, fail, die and count their holders."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

Before = Callable[[], Awaitable[None]]


class MemorySession:
    """`end` is a sudden death; `say_goodbye` ends it while its socket still lingers.

    One that is `silent` seems open, but nothing answers. `tests`: how often it was asked to.
    """

    def __init__(self, key: str, expires_at: float | None = None) -> None:
        self.key = key
        self.expires_at = expires_at
        self.closed = False
        self.gone = asyncio.Event()
        self.holders = 0
        self.silent = False
        self.tests = 0

    def __repr__(self) -> str:
        return f"<memory session {self.key}{' closed' if self.closed else ''}>"

    async def wait_closed(self) -> None:
        await self.gone.wait()

    async def answers(self, within: float) -> bool:
        self.tests += 1
        if not self.silent:
            await asyncio.sleep(0)
            return not self.closed
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self.gone.wait()
        return False

    async def close(self) -> None:
        await asyncio.sleep(0)
        self.end()

    def end(self) -> None:
        self.closed = True
        self.gone.set()

    def say_goodbye(self) -> None:
        self.closed = True


class MemoryOpener:
    """Opens a session for every key, after `before` (which may hang or fail). `events`: what was reported."""

    def __init__(self) -> None:
        self.sessions: list[MemorySession] = []
        self.keys: list[str] = []
        self.asked = asyncio.Event()
        self.expires_at: float | None = None
        self.before: Before = _at_once
        self.events: list[object] = []

    async def __call__(self, key: str) -> MemorySession:
        self.keys.append(key)
        self.asked.set()
        await self.before()
        session = MemorySession(key, self.expires_at)
        self.sessions.append(session)
        return session

    def failing(self, error: BaseException) -> None:
        """From now on opening fails."""

        async def fail() -> None:
            await asyncio.sleep(0)
            raise error

        self.before = fail

    def slow(self, seconds: float) -> None:
        """From now on opening takes time."""
        self.before = lambda: asyncio.sleep(seconds)

    def hanging(self) -> None:
        """From now on opening never ends."""
        self.before = _never

    def working(self) -> None:
        """From now on opening succeeds."""
        self.before = _at_once

    @property
    def alive(self) -> list[MemorySession]:
        return [session for session in self.sessions if not session.gone.is_set()]


async def _at_once() -> None:
    await asyncio.sleep(0)


async def _never() -> None:
    await asyncio.get_running_loop().create_future()
