"""The connections there are, and who has to go when there are too many."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from typing import Protocol

from wyoming_azure_realtime.settings.model import Limits
from wyoming_azure_realtime.wyoming_server.refusals import Bound, Refusals
from wyoming_azure_realtime.wyoming_server.relief import Holder, StallReaper


class Member(Holder, Protocol):
    """What the roster needs of a connection. `address`: where it comes from, empty unless it came by tcp."""

    peer: str
    address: str

    @property
    def unsent(self) -> bool:
        """Something written waits for the client to read."""

    def finish(self) -> None:
        """Answer the request in progress, then close."""

    def give_up(self) -> None:
        """Answer the request in progress with an error."""

    def abort(self) -> None:
        """Close at once."""


class ConnectionRegistry:
    """The connections of all listeners, so many in all and from one address, and the tasks that answer them.

    At a limit the oldest connection that has sent nothing makes room for a newcomer. If all have sent
    something, it is the oldest that has sent no whole event, or else one that is to be closed anyway.
    `sessions`: how many requests can be served at a time.
    """

    def __init__(self, limits: Limits, refusals: Refusals, sessions: int) -> None:
        self._most = limits.max_connections
        self._most_per_address = limits.max_per_address
        self.refusals = refusals
        self._members: dict[Member, None] = {}
        self._addresses: Counter[str] = Counter()
        # in the order they came
        self._silent: dict[Member, None] = {}
        self._unclear: dict[Member, None] = {}
        self._leaving: dict[Member, None] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._relief = StallReaper(sessions, lambda: len(self._tasks), lambda: self._members)
        self._empty = asyncio.Event()
        self._empty.set()

    def admit(self, newcomer: Member) -> bool:
        """Add a connection; False when there is no room for it."""
        address = newcomer.address
        crowded = bool(address) and self._addresses[address] >= self._most_per_address
        if crowded and not self._make_room(newcomer, Bound.PER_ADDRESS, address):
            return False
        if len(self._members) >= self._most and not self._make_room(newcomer, Bound.CONNECTIONS):
            return False
        self._members[newcomer] = self._silent[newcomer] = None
        self._addresses[address] += 1
        self._empty.clear()
        return True

    def stirred(self, member: Member) -> None:
        """The first bytes came."""
        if member in self._silent:
            del self._silent[member]
            self._unclear[member] = None

    def heard(self, member: Member) -> None:
        """A whole event came."""
        if member in self._unclear:
            del self._unclear[member]

    def leaving(self, member: Member) -> None:
        """The last word is said to it."""
        if member in self._members:
            self._silent.pop(member, None)
            self._unclear.pop(member, None)
            self._leaving[member] = None

    def remove(self, member: Member) -> None:
        """Forget a connection that has ended."""
        if member not in self._members:
            return
        del self._members[member]
        self._silent.pop(member, None)
        self._unclear.pop(member, None)
        self._leaving.pop(member, None)
        self._addresses[member.address] -= 1
        if not self._addresses[member.address]:
            del self._addresses[member.address]
        if not self._members:
            self._empty.set()

    def members(self) -> list[Member]:
        """Every connection that is open."""
        return list(self._members)

    def newcomers(self) -> list[Member]:
        """Who has connected and not said a whole event yet."""
        return [*self._silent, *self._unclear]

    def spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Run a task that outlives its connection by what its cancellation takes."""
        task = asyncio.get_running_loop().create_task(work, name="wyoming request")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._relief.look()
        return task

    async def emptied(self) -> None:
        """Wait until no connection is open."""
        await self._empty.wait()

    async def settled(self, seconds: float) -> None:
        """Wait until no task is left, at most so long."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)

    def _make_room(self, newcomer: Member, bound: Bound, address: str = "") -> bool:
        """Close one connection, from `address` if one is given."""
        for group in (self._silent, self._unclear, self._leaving):
            oldest = next((member for member in group if not address or member.address == address), None)
            if oldest is not None:
                self.refusals.note(bound, f"{oldest.peer} closed: it said nothing, and {bound} is reached")
                self.remove(oldest)
                oldest.abort()
                return True
        self.refusals.note(bound, f"{newcomer.peer} refused: {bound} is reached")
        return False
