"""Which session to open, test, close, hand over or refuse: decided here, from plain data and the given time.

The words are psycopg_pool's. A slot is a place for one session, which is opening, idle, testing or leased. A
waiter is a request without a session. Every method records what happened; `decide` says what to do about it,
and counts it as done. Nothing here waits, connects or reads a clock.

Order: waiters are served by the number of leased sessions that their client holds, fewest first; then by the
number that their kind holds; then by arrival. All waiters without a client are one client, "".

Places: from four places on (`max_size`), a quarter of them, rounded down, is kept for each other kind. So
sessions of one kind, whatever their state, never take more places than `most_of_one_kind` says, and the last
places for a kind are empty or hold its own sessions.

Groups: where a group (a target) has a limit of its own, it takes no more places than that, whatever is free.

Queue: `max_waiting` bounds those waiters for whom no session is opening, since all places are taken. There
are never more than `max_size` others.

Silence: when a leased session did not answer, the idle ones of its group are testing until they answered or
failed to, and those that are opening are doubtful until they are open. Nobody waits for either: a waiter gets
an opening of its own meanwhile.

Backoff: after a failure no session of the key is opened for warmth for a second, and for twice as long after
each further failure, up to five minutes. It is a failure when a session cannot be opened, when an idle one
ends within `SETTLED_SECONDS`, and when one that could be used for less than `SHORT_LIFE` expires and nobody
had it. So with `min_size` 1 at most ten sessions of a key are opened in vain in the first ten minutes, and
one in five minutes after that, however short they live and whatever is requested; each other one serves a
request. A waiter's session is opened at once, whatever failed.

Rate: a group may have so many new sessions a minute (`per_minute`). Beyond that waiters are queued until
there may be another; half of the number is kept for them.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from wyoming_azure_realtime.errors import PoolError, PoolTimeout, SpeechServiceError, TooManyRequests
from wyoming_azure_realtime.observe import SESSION_KINDS, TurnKind
from wyoming_azure_realtime.pool.openings import Backoff, ConnectionRates, unlimited
from wyoming_azure_realtime.settings.model import Pool as Limits

MARGIN_SHARE = 0.2  # of an announced life that is left unused, at most MARGIN_SECONDS
MARGIN_SECONDS = 60.0
JITTER_SHARE = 0.1  # of the rest by which lives differ, so that sessions opened together do not end together
RENEWAL_SHARE = 0.1  # of the rest in which a successor is opened already, at most RENEWAL_SECONDS
RENEWAL_SECONDS = 10.0
SHORT_LIFE = 60.0  # usable seconds; below, a session has no successor before its end
SETTLED_SECONDS = 30.0  # an idle session that ends sooner counts as one that could not be opened
_GOLDEN = 0.618033988749895  # its multiples spread evenly between whole numbers

_OTHER_KINDS = len(SESSION_KINDS) - 1


def most_of_one_kind(max_size: int) -> int:
    """How many of `max_size` sessions may be of one kind."""
    return max_size - max_size // 4 * _OTHER_KINDS


@dataclass(slots=True, eq=False)
class Slot:
    """A place for one session, `since` then idle or leased; at `retire_at` it is too old to use.

    From `renew_at` on it no longer counts as one that is kept warm. `short`: it can be used for less than
    `SHORT_LIFE`; `used`: somebody had it; `client`: who holds it while it is leased. `opened`: when it was
    opened, in the order of ids; `doubtful`: its group fell silent after the opening had begun.
    """

    id: int
    key: Hashable
    kind: TurnKind
    state: Literal["opening", "idle", "testing", "leased"]
    since: float
    retire_at: float = float("inf")
    renew_at: float = float("inf")
    short: bool = False
    used: bool = False
    client: str = ""
    opened: float = float("inf")
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Waiter:
    """A request without a session, refused at `deadline`. `fresh`: none that was open before will do."""

    id: int
    key: Hashable
    kind: TurnKind
    client: str
    fresh: bool
    deadline: float

    def accepts(self, slot: Slot) -> bool:
        """Whether the session there is, or will be, one that it asked for."""
        return slot.key == self.key and not (self.fresh and slot.opened < self.id)


@dataclass(slots=True)
class Decision:
    """What to carry out. `wake_at`: when to decide again although nothing happens.

    `close`: slots with the reason (`expired`, `unused` or `displaced`); `test`: slots whose sessions have to
    show that they answer; `give`: waiters with their slots; `refuse`: waiters with their errors. `delayed`:
    keys for which no more sessions may be opened for so many seconds.
    """

    open: list[Slot] = field(default_factory=list)
    close: list[tuple[int, str]] = field(default_factory=list)
    test: list[int] = field(default_factory=list)
    give: list[tuple[int, int]] = field(default_factory=list)
    refuse: list[tuple[int, SpeechServiceError]] = field(default_factory=list)
    delayed: list[tuple[Hashable, float]] = field(default_factory=list)
    wake_at: float = float("inf")


class Slots:
    """The state of a pool. Keys are opaque; sessions are known by the ids of their slots.

    `kind` tells what sessions of a key are for, `group` whose sessions fall silent together, `most` how many
    of a group there may be, `per_minute` how many of it may be opened in a minute (None: any number).
    """

    def __init__(
        self,
        limits: Limits,
        *,
        kind: Callable[[Any], TurnKind],
        group: Callable[[Any], Hashable],
        most: Callable[[Any], int | None] = unlimited,
        per_minute: Callable[[Any], int | None] = unlimited,
    ) -> None:
        self._limits = limits
        self._most = most
        self._rates = ConnectionRates(per_minute, group)
        self._kind = kind
        self._group = group
        self._ids = itertools.count(1)
        self._slots: dict[int, Slot] = {}
        self._waiters: dict[int, Waiter] = {}
        self._backoff: dict[Hashable, Backoff] = {}
        self._wanted: dict[Hashable, float] = {}  # key -> until when it is kept warm
        self._refused: list[tuple[int, SpeechServiceError]] = []
        self._to_test: list[Slot] = []

    def __repr__(self) -> str:
        states = Counter(slot.state for slot in self._slots.values())
        counts = ", ".join(f"{states[name]} {name}" for name in ("opening", "idle", "testing", "leased"))
        return f"<slots {counts}, {len(self._waiters)} waiting>"

    def states(self) -> Iterator[tuple[Any, str]]:
        """The key and the state of every slot."""
        return ((slot.key, slot.state) for slot in self._slots.values())

    def warm(self, key: Hashable, now: float, *, always: bool = False) -> None:
        """Sessions of this key are about to be asked for, or may be `always`."""
        until = float("inf") if always else now + self._limits.max_idle
        self._wanted[key] = max(until, self._wanted.get(key, 0.0))

    def wait(self, key: Hashable, now: float, *, client: str = "", fresh: bool = False) -> int:
        """A request of `client` wants a session, maybe only a `fresh` one; the waiter's id."""
        self.warm(key, now)
        deadline = now + self._limits.timeout
        waiter = Waiter(next(self._ids), key, self._kind(key), client, fresh, deadline)
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
        slot.short = usable < SHORT_LIFE
        usable *= 1 - JITTER_SHARE * (slot_id * _GOLDEN % 1)
        slot.state, slot.since, slot.retire_at = "idle", now, now + usable
        slot.opened = next(self._ids)
        slot.renew_at = slot.retire_at - (0 if slot.short else min(RENEWAL_SECONDS, usable * RENEWAL_SHARE))
        if slot.key in self._backoff:
            self._backoff[slot.key].error = None

    def failed(self, slot_id: int, error: SpeechServiceError, now: float) -> None:
        """A session could not be opened: the first waiter for it is refused with `error`.

        Where trying again is futile all waiters of its key are, and none is warmed until somebody asks again.
        """
        slot = self._slots.pop(slot_id)
        self._back_off(slot.key, now).error = error
        waiting = [waiter for waiter in self._waiters.values() if waiter.key == slot.key]
        if not error.retryable:
            self._wanted.pop(slot.key, None)
        elif slot.doubtful:
            waiting = []
        else:
            waiting = waiting[:1]
        for waiter in waiting:
            del self._waiters[waiter.id]
            self._refused.append((waiter.id, error))

    def released(self, slot_id: int, now: float) -> None:
        """A leased session came back clean."""
        slot = self._slots[slot_id]
        slot.state, slot.since = "idle", now
        if not slot.short:
            self._backoff.pop(slot.key, None)

    def lost(self, slot_id: int, now: float) -> None:
        """A session is gone, or not to be used again."""
        slot = self._slots.pop(slot_id)
        if slot.state == "idle" and now - slot.since < SETTLED_SECONDS:
            self._back_off(slot.key, now)

    def silent(self, slot_id: int) -> None:
        """A leased session did not answer and is gone: the idle ones of its group have to be tested."""
        group = self._group(self._slots.pop(slot_id).key)
        for slot in self._slots.values():
            if self._group(slot.key) == group:
                slot.doubtful = True
                if slot.state == "idle":
                    slot.state = "testing"
                    self._to_test.append(slot)

    def tested(self, slot_id: int, *, answered: bool) -> None:
        """A session in test answered, or it is not to be used again."""
        if answered:
            self._slots[slot_id].state = "idle"
        else:
            del self._slots[slot_id]

    def decide(self, now: float, *, draining: bool = False) -> Decision:
        """What to do now, in this order.

        1. Idle sessions that are too old, or that nobody needs, are closed.
        2. Every waiter, in order, gets the first of these that there is: an idle session; one that is
           opening; a new one, where there is room; a new one in the place of one that is idle or in test. A
           waiter for whom there is nothing is queued.
        3. More than `max_waiting` in the queue are refused: the last in order.
        4. Of keys that are wanted, `min_size` sessions are opened for nobody, where there is room; if
           `draining`, all that are idle are closed instead.
        """
        decision = Decision(refuse=self._refused)
        self._refused = []
        self._close_old(now, decision)
        queued = self._serve(now, decision)
        for waiter in queued[self._limits.max_waiting :]:
            self._refuse(waiter, TooManyRequests, "Too many requests wait for a session", now, decision)
        for slot in self._in_state("idle") if draining else ():
            self._close(slot, "unused", decision)
        if not draining:
            self._keep_warm(now, decision)
        decision.test = [slot.id for slot in self._to_test if slot.id in self._slots]
        self._to_test = []
        decision.wake_at = min(self._wake_times(now), default=float("inf"))
        return decision

    def _close_old(self, now: float, decision: Decision) -> None:
        for slot in sorted(self._in_state("idle"), key=lambda slot: slot.since):
            if now >= slot.retire_at:
                self._close(slot, "expired", decision)
                if slot.short and not slot.used:
                    self._back_off(slot.key, now)
            elif now >= slot.since + self._limits.max_idle and self._spare(slot, now):
                self._close(slot, "unused", decision)

    def _serve(self, now: float, decision: Decision) -> list[Waiter]:
        """Of several idle sessions the freshest is given, so that the others can grow old."""
        leased = self._in_state("leased")
        clients, kinds = Counter(slot.client for slot in leased), Counter(slot.kind for slot in leased)

        def rank(waiter: Waiter) -> tuple[int, int, int]:
            return clients[waiter.client], kinds[waiter.kind], waiter.id

        unclaimed = [slot for slot in self._in_state("opening") if not slot.doubtful]
        queued: list[Waiter] = []
        without_room: set[Hashable] = set()  # kinds and groups
        for waiter in sorted(self._waiters.values(), key=rank):
            idle = [slot for slot in self._in_state("idle") if waiter.accepts(slot)]
            opening = [slot for slot in unclaimed if waiter.accepts(slot)]
            if idle:
                slot = max(idle, key=lambda slot: slot.since)
                slot.state, slot.since, slot.client, slot.used = "leased", now, waiter.client, True
                del self._waiters[waiter.id]
                decision.give.append((waiter.id, slot.id))
            elif now >= waiter.deadline:
                self._refuse(waiter, PoolTimeout, "No session became free in time", now, decision)
            elif opening:
                unclaimed.remove(opening[0])
            elif not self._rates.allow(waiter.key, now):
                if (delay := self._rates.delays(waiter.key, now)) is not None:
                    decision.delayed.append((waiter.key, delay))
                queued.append(waiter)
            elif without_room.isdisjoint((waiter.kind, group := self._group(waiter.key))) and self._make_room(
                waiter.key, now, decision
            ):
                self._open(waiter.key, now, decision)
            else:  # whoever comes behind takes places, and gives none
                without_room.add(group if self._group_is_full(group) else waiter.kind)
                queued.append(waiter)
        return queued

    def _keep_warm(self, now: float, decision: Decision) -> None:
        for key, until in list(self._wanted.items()):
            if now >= until:
                del self._wanted[key]
            elif key not in self._backoff or now >= self._backoff[key].until:
                for _ in range(len(self._lasting(key, now)), self._limits.min_size):
                    if self._rates.allow(key, now, spare=True) and self._make_room(
                        key, now, decision, only_spare=True
                    ):
                        self._open(key, now, decision)

    def _group_is_full(self, group: Hashable) -> bool:
        most = self._most(group)
        return most is not None and sum(self._group(it.key) == group for it in self._slots.values()) >= most

    def _make_room(self, key: Hashable, now: float, decision: Decision, *, only_spare: bool = False) -> bool:
        """Whether there is a place for a session of `key`, after another was closed if that was necessary.

        Spare ones are closed first, or are the only ones; then those in test; then the longest idle.
        """
        kind, group = self._kind(key), self._group(key)
        group_is_full = self._group_is_full(group)
        kind_is_full = sum(slot.kind == kind for slot in self._slots.values()) >= self._most_of_one_kind
        if len(self._slots) < self._limits.max_size and not kind_is_full and not group_is_full:
            return True
        closable = [
            slot
            for slot in self._in_state("idle") + self._in_state("testing")
            if (slot.kind == kind or not kind_is_full)
            and (self._group(slot.key) == group or not group_is_full)
            and (not only_spare or self._spare(slot, now))
        ]
        if not closable:
            return False

        def worth(slot: Slot) -> tuple[bool, bool, float]:
            return not self._spare(slot, now), slot.state == "idle", slot.since

        self._close(min(closable, key=worth), "displaced", decision)
        return True

    def _spare(self, slot: Slot, now: float) -> bool:
        """Whether its key is warm enough without it, by sessions that are open already."""
        others = [other for other in self._lasting(slot.key, now) if other is not slot]
        open_already = sum(other.state != "opening" for other in others)
        return now >= self._wanted.get(slot.key, 0.0) or open_already >= self._limits.min_size

    def _lasting(self, key: Hashable, now: float) -> list[Slot]:
        return [slot for slot in self._slots.values() if slot.key == key and now < slot.renew_at]

    def _in_state(self, state: str) -> list[Slot]:
        return [slot for slot in self._slots.values() if slot.state == state]

    @property
    def _most_of_one_kind(self) -> int:
        return most_of_one_kind(self._limits.max_size)

    def _open(self, key: Hashable, now: float, decision: Decision) -> None:
        slot = Slot(next(self._ids), key, self._kind(key), "opening", now)
        self._slots[slot.id] = slot
        self._rates.opens(key, now)
        decision.open.append(slot)

    def _close(self, slot: Slot, reason: str, decision: Decision) -> None:
        del self._slots[slot.id]
        decision.close.append((slot.id, reason))

    def _refuse(
        self, waiter: Waiter, error: type[PoolError], message: str, now: float, decision: Decision
    ) -> None:
        """With the error of the key's last opening, or caused by it, unless that is settled or long ago."""
        backoff = self._backoff.get(waiter.key)
        refusal = cause = backoff.error if backoff and backoff.lasts(now) else None
        if refusal is None or error is TooManyRequests:
            because = f"; the last attempt to open one failed: {cause.message}" if cause else ""
            refusal = error(message + (because or self._rates.reason(waiter.key) or "."))
            refusal.__cause__ = cause
        del self._waiters[waiter.id]
        decision.refuse.append((waiter.id, refusal))

    def _back_off(self, key: Hashable, now: float) -> Backoff:
        backoff = self._backoff.setdefault(key, Backoff())
        backoff.failed(now)
        return backoff

    def _wake_times(self, now: float) -> Iterator[float]:
        yield from (waiter.deadline for waiter in self._waiters.values())
        yield from self._wanted.values()
        yield from self._rates.wake_times(now)
        yield from (backoff.until for backoff in self._backoff.values() if backoff.until > now)
        for slot in self._slots.values():
            idle = slot.state == "idle"
            ends = [slot.renew_at] + ([slot.retire_at, slot.since + self._limits.max_idle] if idle else [])
            yield from (end for end in ends if end > now)
