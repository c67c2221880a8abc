"""Which session to open, close, hand over or refuse: decided here, from plain data and the given time.

The words are psycopg_pool's. A slot is a place for one session: it is opening, idle or leased. A waiter is a
request without a session. Every method records what happened; `decide` says what to do about it, and counts
it as done. Nothing here waits, connects or reads a clock.
"""

import itertools
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from wyoming_azure_realtime.errors import PoolError, PoolTimeout, SpeechServiceError, TooManyRequests
from wyoming_azure_realtime.pool.backoff import Backoff
from wyoming_azure_realtime.settings.model import Pool as Limits

MARGIN_SHARE = 0.2  # of an announced life that is left unused, at most MARGIN_SECONDS
MARGIN_SECONDS = 60.0
SETTLED_SECONDS = 30.0  # an idle session that ends sooner counts as one that could not be opened


@dataclass(slots=True)
class Slot:
    """A place for one session. `since`: when it entered its state; `retire_at`: when it is too old to use."""

    id: int
    key: Hashable
    state: Literal["opening", "idle", "leased"]
    since: float
    retire_at: float = float("inf")


@dataclass(frozen=True, slots=True)
class Waiter:
    """A request without a session, refused at `deadline`."""

    id: int
    key: Hashable
    deadline: float


@dataclass(slots=True)
class Decision:
    """What to carry out. `wake_at`: when to decide again although nothing happens."""

    open: list[Slot] = field(default_factory=list)
    close: list[int] = field(default_factory=list)
    give: list[tuple[int, int]] = field(default_factory=list)
    refuse: list[tuple[int, SpeechServiceError]] = field(default_factory=list)
    wake_at: float = float("inf")


class Slots:
    """The state of a pool. Keys are opaque; sessions are known by the ids of their slots."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._ids = itertools.count(1)
        self._slots: dict[int, Slot] = {}
        self._waiters: dict[int, Waiter] = {}
        self._backoff: dict[Hashable, Backoff] = {}
        self._wanted: dict[Hashable, float] = {}  # key -> when it was last asked for
        self._refused: list[tuple[int, SpeechServiceError]] = []

    def __repr__(self) -> str:
        states = [slot.state for slot in self._slots.values()]
        counts = ", ".join(f"{states.count(name)} {name}" for name in ("opening", "idle", "leased"))
        return f"<slots {counts}, {len(self._waiters)} waiting>"

    def warm(self, key: Hashable, now: float) -> None:
        """Sessions of this key are about to be asked for."""
        self._wanted[key] = now

    def wait(self, key: Hashable, now: float) -> int:
        """A request wants a session; the waiter's id."""
        self._wanted[key] = now
        waiter = Waiter(next(self._ids), key, now + self._limits.timeout)
        if not self._idle(key) and len(self._waiters) >= self._limits.max_waiting:
            self._refused.append((waiter.id, TooManyRequests("Too many requests wait for a session.")))
        else:
            self._waiters[waiter.id] = waiter
        return waiter.id

    def leave(self, waiter_id: int) -> None:
        """A waiter gave up."""
        self._waiters.pop(waiter_id, None)

    def opened(self, slot_id: int, now: float, life: float | None) -> None:
        """A session is open; `life` is how many seconds the service announced for it."""
        slot = self._slots[slot_id]
        announced = self._limits.max_lifetime
        if life is not None and life > 0:  # else the service's clock or ours is wrong
            announced = min(announced, life - min(MARGIN_SECONDS, life * MARGIN_SHARE))
        slot.state, slot.since, slot.retire_at = "idle", now, now + announced

    def failed(self, slot_id: int, error: SpeechServiceError, now: float) -> None:
        """A session could not be opened: its first waiter is told.

        Where trying again is futile all of them are, and nothing is warmed before somebody asks again.
        """
        key = self._slots.pop(slot_id).key
        self._backoff.setdefault(key, Backoff()).failed(now)
        waiting = [waiter for waiter in self._waiters.values() if waiter.key == key]
        if not error.retryable:
            self._wanted.pop(key, None)
        for waiter in waiting if not error.retryable else waiting[:1]:
            del self._waiters[waiter.id]
            self._refused.append((waiter.id, error))

    def released(self, slot_id: int, now: float) -> None:
        """A leased session came back clean."""
        slot = self._slots[slot_id]
        slot.state, slot.since = "idle", now
        self._backoff.pop(slot.key, None)

    def lost(self, slot_id: int, now: float) -> None:
        """A session is gone, or not to be used again."""
        slot = self._slots.pop(slot_id)
        if slot.state == "idle" and now - slot.since < SETTLED_SECONDS:
            self._backoff.setdefault(slot.key, Backoff()).failed(now)

    def decide(self, now: float) -> Decision:
        """What to do now."""
        decision = Decision()
        decision.refuse, self._refused = self._refused, []
        self._retire(now, decision)
        self._serve(now, decision)
        self._open_for_waiters(now, decision)
        self._keep_warm(now, decision)
        decision.wake_at = min(self._wake_times(now), default=float("inf"))
        return decision

    def _retire(self, now: float, decision: Decision) -> None:
        """Close idle sessions that are too old, or that nobody asked for in `max_idle`."""
        for slot in [slot for slot in self._slots.values() if slot.state == "idle"]:
            if now >= slot.retire_at or now >= self._idle_until(slot):
                self._close(slot, decision)

    def _serve(self, now: float, decision: Decision) -> None:
        """Waiters in order of arrival; the freshest session first, so that the others can grow old."""
        for waiter in list(self._waiters.values()):
            idle = self._idle(waiter.key)
            if idle:
                slot = max(idle, key=lambda slot: slot.since)
                slot.state, slot.since = "leased", now
                del self._waiters[waiter.id]
                decision.give.append((waiter.id, slot.id))
            elif now >= waiter.deadline:
                del self._waiters[waiter.id]
                refusal: PoolError = PoolTimeout("No session became free in time.")
                decision.refuse.append((waiter.id, refusal))

    def _open_for_waiters(self, now: float, decision: Decision) -> None:
        """One opening session per waiter; a stranger's idle session makes room when the pool is full."""
        for waiter in self._waiters.values():
            waiting = sum(other.key == waiter.key for other in self._waiters.values())
            if self._count(waiter.key, "opening") >= waiting:
                continue
            if len(self._slots) >= self._limits.max_size and not self._make_room(decision):
                continue
            self._open(waiter.key, now, decision)

    def _keep_warm(self, now: float, decision: Decision) -> None:
        """At least `min_size` sessions of every key in use, leased ones included."""
        for key, asked in list(self._wanted.items()):
            if now - asked >= self._limits.max_idle:
                del self._wanted[key]
                continue
            held = sum(slot.key == key for slot in self._slots.values())
            backoff = self._backoff.get(key)
            if backoff is not None and now < backoff.until:
                continue
            while held < self._limits.min_size and len(self._slots) < self._limits.max_size:
                self._open(key, now, decision)
                held += 1

    def _wake_times(self, now: float) -> Iterator[float]:
        for waiter in self._waiters.values():
            yield waiter.deadline
        for slot in self._slots.values():
            if slot.state == "idle":
                yield min(slot.retire_at, self._idle_until(slot))
        for backoff in self._backoff.values():
            if backoff.until > now:
                yield backoff.until

    def _idle_until(self, slot: Slot) -> float:
        return max(slot.since, self._wanted.get(slot.key, 0.0)) + self._limits.max_idle

    def _make_room(self, decision: Decision) -> bool:
        idle = [slot for slot in self._slots.values() if slot.state == "idle"]
        if not idle:
            return False
        self._close(min(idle, key=lambda slot: slot.since), decision)
        return True

    def _open(self, key: Hashable, now: float, decision: Decision) -> None:
        slot = Slot(next(self._ids), key, "opening", now)
        self._slots[slot.id] = slot
        decision.open.append(slot)

    def _close(self, slot: Slot, decision: Decision) -> None:
        del self._slots[slot.id]
        decision.close.append(slot.id)

    def _idle(self, key: Hashable) -> list[Slot]:
        return [slot for slot in self._slots.values() if slot.key == key and slot.state == "idle"]

    def _count(self, key: Hashable, state: str) -> int:
        return sum(slot.key == key and slot.state == state for slot in self._slots.values())
