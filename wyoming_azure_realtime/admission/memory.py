"""The memory that the requests of all clients may hold together: recordings, bodies, speech that waits.

Each request has a `Claim` that changes with what is kept for it. Where there is too much, a request of the
address that holds most has to end: the one whose client has sent nothing for longest, if that is a while,
else the newest.
"""

import asyncio
import ctypes
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

from wyoming_azure_realtime.admission.connections import host_of
from wyoming_azure_realtime.errors import TooManyRequests

FREED = 64 << 20
"""Bytes that were released, after which it is worth while to give unused memory back to the system."""

GIVE_BACK_SECONDS = 1.0
"""After which what was released has been freed."""

LAZY_SECONDS = 5.0
"""How long a client that still owes something may send nothing before its request is the first to end."""


class Claim:
    """What one request holds. Leave it as a context manager, or `release` it, when the request is over.

    `on_evicted` is called, once, with the error that ends the request, where another one needs its room;
    what it held must then be freed. `owed`: whether the client is to send more.
    """

    __slots__ = ("_budget", "changed_at", "closed", "host", "on_evicted", "owed", "size")

    def __init__(
        self, budget: "MemoryBudget", host: str, on_evicted: Callable[[TooManyRequests], None]
    ) -> None:
        self._budget = budget
        self.host = host
        self.on_evicted = on_evicted
        self.size = 0
        self.owed = True
        self.closed = False
        self.changed_at = 0.0

    def hold(self, more: int) -> None:
        """So many bytes more, or fewer if negative. Raises `TooManyRequests` where it has to end itself."""
        self._budget.hold(self, more)

    def release(self) -> None:
        """It holds nothing any more. May be called again."""
        self._budget.release(self)

    def __enter__(self) -> "Claim":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class MemoryBudget:
    """At most `most` bytes in all claims. `clock`: seconds that never go back.

    `on_released` is called each time that `FREED` bytes were released, just before they are freed.
    """

    def __init__(
        self,
        most: int,
        clock: Callable[[], float] = time.monotonic,
        on_released: Callable[[], None] = lambda: None,
    ) -> None:
        self._most = most
        self._clock = clock
        self._claims: dict[Claim, None] = {}  # in the order in which they began to hold something
        self._held = self._released = 0
        self._on_released = on_released

    @property
    def held(self) -> int:
        """Bytes in all claims."""
        return self._held

    def claim(self, address: str, on_evicted: Callable[[TooManyRequests], None]) -> Claim:
        """A claim of a client's request, empty as yet. `address`: the client's, empty if it has none."""
        return Claim(self, host_of(address), on_evicted)

    def hold(self, claim: Claim, more: int) -> None:
        """See `Claim.hold`. One that was released or evicted holds nothing any more, whatever it is given."""
        if claim.closed:
            return
        self._claims[claim] = None
        claim.changed_at = self._clock()
        claim.size += more
        self._held += more
        while self._held > self._most:
            loser = self._loser()
            on_evicted = loser.on_evicted
            self.release(loser)
            error = TooManyRequests(
                f"All requests together hold more than {self._most >> 20} MiB.",
                advice="Try again, or raise limits.memory.",
            )
            if loser is claim:
                raise error
            on_evicted(error)

    def release(self, claim: Claim) -> None:
        """See `Claim.release`."""
        claim.closed, claim.on_evicted = True, _nobody
        if claim in self._claims:
            del self._claims[claim]
            self._held -= claim.size
            self._released += claim.size
            claim.size = 0
            if self._released >= FREED:
                self._released = 0
                self._on_released()

    def _loser(self) -> Claim:
        """Whose request ends: of the address that holds most, the laziest, else the newest."""
        sizes: dict[str, int] = {}
        for claim in self._claims:
            sizes[claim.host] = sizes.get(claim.host, 0) + claim.size
        heaviest = max(sizes, key=sizes.__getitem__)
        those = [claim for claim in self._claims if claim.host == heaviest and claim.size > 0]
        latest = self._clock() - LAZY_SECONDS
        lazy = [claim for claim in those if claim.owed and claim.changed_at <= latest]
        return min(lazy, key=lambda claim: claim.changed_at) if lazy else those[-1]


def give_back_soon() -> None:
    """Have the C library give unused memory back to the system, in a thread: it would keep most of it."""
    loop = asyncio.get_running_loop()
    loop.call_later(GIVE_BACK_SECONDS, _start, loop)


def _start(loop: asyncio.AbstractEventLoop) -> None:
    with suppress(RuntimeError):  # at the very end there are no threads any more
        loop.run_in_executor(None, _give_back)


def _give_back() -> None:
    """Only the GNU library can."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


def _nobody(_: TooManyRequests) -> None:
    """In place of a callback that is not needed any more."""
