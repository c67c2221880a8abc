"""Those who have much to be heard are heard in turn, a little at a time, beside everybody else."""

import asyncio
from collections import deque
from collections.abc import Callable

SLICE = 0.001
"""Seconds that hearing one client may take at once; and the rest for others before the next turn."""


class Turns:
    """A queue of what goes on later; only one of it runs between two looks at everybody's sockets."""

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], None]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def queue(self, turn: Callable[[], None]) -> None:
        """Call it when it is its turn."""
        self._waiting.append(turn)
        if self._timer is None:
            self._wait()

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(SLICE, self._next)

    def _next(self) -> None:
        self._timer = None
        turn = self._waiting.popleft()
        if self._waiting:
            self._wait()
        turn()
