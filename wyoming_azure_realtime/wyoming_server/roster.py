"""The connections there are, and who has to go when there are too many."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Protocol

_LOGGER = logging.getLogger(__name__)


class Member(Protocol):
    """What the roster needs of a connection."""

    peer: str

    def finish(self) -> None:
        """Answer the request in progress, then close."""

    def give_up(self) -> None:
        """Answer the request in progress with an error."""

    def abort(self) -> None:
        """Close at once."""


class Roster:
    """The connections of all listeners, at most `most`, and the tasks that answer them.

    At the limit the oldest connection that has not sent a whole event makes room for a newcomer.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._members: dict[Member, None] = {}
        self._silent: dict[Member, None] = {}  # in the order they came
        self._tasks: set[asyncio.Task[None]] = set()
        self._empty = asyncio.Event()
        self._empty.set()

    def admit(self, newcomer: Member) -> bool:
        """Add a connection; False when there is no room for it."""
        if len(self._members) >= self._most and not self._make_room():
            _LOGGER.warning("%s refused: %d connections are open", newcomer.peer, self._most)
            return False
        self._members[newcomer] = self._silent[newcomer] = None
        self._empty.clear()
        return True

    def heard(self, member: Member) -> None:
        """A whole event came."""
        self._silent.pop(member, None)

    def remove(self, member: Member) -> None:
        """Forget a connection that has ended."""
        self._silent.pop(member, None)
        self._members.pop(member, None)
        if not self._members:
            self._empty.set()

    def members(self) -> list[Member]:
        """Every connection that is open."""
        return list(self._members)

    def spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Run a task that outlives its connection by what its cancellation takes."""
        task = asyncio.get_running_loop().create_task(work, name="wyoming request")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def emptied(self) -> None:
        """Wait until no connection is open."""
        await self._empty.wait()

    async def settled(self, seconds: float) -> None:
        """Wait until no task is left, at most so long."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)

    def _make_room(self) -> bool:
        oldest = next(iter(self._silent), None)
        if oldest is None:
            return False
        _LOGGER.info("%s closed: it sent nothing and others wait to connect", oldest.peer)
        self.remove(oldest)
        oldest.abort()
        return True
