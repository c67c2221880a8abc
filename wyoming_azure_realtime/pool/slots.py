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
JITTER_SHARE = 0.1  # of the rest by which lives differ, so that sessions opened together do not end together
RENEWAL_SHARE = 0.1  # of the rest in which a successor is opened already, at most RENEWAL_SECONDS
RENEWAL_SECONDS = 10.0
SETTLED_SECONDS = 30.0  # an idle session that ends sooner counts as one that could not be opened
_GOLDEN = 0.618033988749895  # its multiples spread evenly between whole numbers


@dataclass(slots=True)
class Slot:
    """A place for one session. `since`: when it entered its state; `retire_at`: when it is too old to use.

    From `renew_at` on it no longer counts as one that is kept warm.
    """

    id: int
    key: Hashable
    state: Literal["opening", "idle", "leased"]
    since: float
    retire_at: float = float("inf")
    renew_at: float = float("inf")


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
        self._wanted: dict[Hashable, float] = {}  # key -> until when it is kept warm
        self._refused: list[tuple[int, SpeechServiceError]] = []

    def __repr__(self) -> str:
        states = [slot.state for slot in self._slots.values()]
        counts = ", ".join(f"{states.count(name)} {name}" for name in ("opening", "idle", "leased"))
        return f"<slots {counts}, {len(self._waiters)} waiting>"

    def warm(self, key: Hashable, now: float, *, always: bool = False) -> None:
        """Sessions of this key are about to be asked for, or may be `always`."""
        until = float("inf") if always else now + self._limits.max_idle
        self._wanted[key] = max(until, self._wanted.get(key, 0.0))

    def wait(self, key: Hashable, now: float) -> int:
        """A request wants a session; the waiter's id."""
        self.warm(key, now)
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
        usable = self._limits.max_lifetime
        if life is not None and life > 0:  # else the service's clock or ours is wrong
            usable = min(usable, life - min(MARGIN_SECONDS, life * MARGIN_SHARE))
        usable *= 1 - JITTER_SHARE * (slot_id * _GOLDEN % 1)
        slot.state, slot.since, slot.retire_at = "idle", now, now + usable
        slot.renew_at = slot.retire_at - min(RENEWAL_SECONDS, usable * RENEWAL_SHARE)

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
        """Close idle sessions that are too old, or that nobody needed in `max_idle`."""
        for slot in sorted(self._in_state("idle"), key=lambda slot: slot.since):
            unused = now >= slot.since + self._limits.max_idle
            if now >= slot.retire_at or (unused and self._spare(slot, now)):
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
            if len(self._slots) >= self._limits.max_size and not self._make_room(decision, now):
                continue
            self._open(waiter.key, now, decision)

    def _keep_warm(self, now: float, decision: Decision) -> None:
        """At least `min_size` sessions of every key in use, leased ones included."""
        for key, until in list(self._wanted.items()):
            if now >= until:
                del self._wanted[key]
                continue
            backoff = self._backoff.get(key)
            if backoff is not None and now < backoff.until:
                continue
            for _ in range(len(self._fresh(key, now)), self._limits.min_size):
                if len(self._slots) < self._limits.max_size or self._make_room(decision, now, spare=True):
                    self._open(key, now, decision)

    def _wake_times(self, now: float) -> Iterator[float]:
        for waiter in self._waiters.values():
            yield waiter.deadline
        for slot in self._slots.values():
            yield from (at for at in self._turning_points(slot) if at > now)
        for backoff in self._backoff.values():
            yield backoff.until if backoff.until > now else float("inf")
        yield from self._wanted.values()

    def _turning_points(self, slot: Slot) -> Iterator[float]:
        yield slot.renew_at
        if slot.state == "idle":
            yield slot.retire_at
            yield slot.since + self._limits.max_idle

    def _make_room(self, decision: Decision, now: float, *, spare: bool = False) -> bool:
        """Close the session that is idle longest, preferably (or only) a `spare` one."""
        idle = sorted(self._in_state("idle"), key=lambda slot: slot.since)
        spares = [slot for slot in idle if self._spare(slot, now)]
        for slot in (spares or ([] if spare else idle))[:1]:
            self._close(slot, decision)
            return True
        return False

    def _spare(self, slot: Slot, now: float) -> bool:
        """Whether its key is warm enough without it, by sessions that are open already."""
        if now >= self._wanted.get(slot.key, 0.0):
            return True
        others = [other for other in self._fresh(slot.key, now) if other is not slot]
        return sum(other.state != "opening" for other in others) >= self._limits.min_size

    def _fresh(self, key: Hashable, now: float) -> list[Slot]:
        return [slot for slot in self._slots.values() if slot.key == key and now < slot.renew_at]

    def _in_state(self, state: str) -> list[Slot]:
        return [slot for slot in self._slots.values() if slot.state == state]

    def _open(self, key: Hashable, now: float, decision: Decision) -> None:
        slot = Slot(next(self._ids), key, "opening", now)
        self._slots[slot.id] = slot
        decision.open.append(slot)

    def _close(self, slot: Slot, decision: Decision) -> None:
        del self._slots[slot.id]
        decision.close.append(slot.id)

    def _idle(self, key: Hashable) -> list[Slot]:
        return [slot for slot in self._in_state("idle") if slot.key == key]

    def _count(self, key: Hashable, state: str) -> int:
        return sum(slot.key == key and slot.state == state for slot in self._slots.values())
