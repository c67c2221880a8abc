"""What a pool must hold to, checked after every decision, against a plain record of what happened."""

from collections import Counter
from dataclasses import dataclass

from wyoming_azure_realtime.errors import (
    AuthenticationFailed,
    ConnectFailed,
    PoolTimeout,
    SpeechServiceError,
    TooManyRequests,
)
from wyoming_azure_realtime.observe import TurnKind
from wyoming_azure_realtime.pool.slots import Decision, Slot, Slots
from wyoming_azure_realtime.settings.model import Pool as Limits

KEYS: dict[str, tuple[str, TurnKind]] = {
    "hears": ("first", "recognition"),
    "alloy": ("first", "synthesis"),
    "echo": ("first", "synthesis"),
    "other-hears": ("second", "recognition"),
    "other-alloy": ("second", "synthesis"),
}
"""Target and kind of every key; the sessions of one target share their fate."""

Rank = tuple[int, int, int]


@dataclass
class Place:
    key: str
    state: str
    opened: float = float("inf")
    doubtful: bool = False
    use_until: float = float("inf")
    client: str = ""


@dataclass
class Waiting:
    key: str
    client: str
    fresh: bool
    came: int
    deadline: float


def _key(slot: Slot) -> str:
    assert isinstance(slot.key, str)
    return slot.key


class SlotsModel:
    """Drives `Slots` through a history on a virtual clock and breaks with an assertion."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.slots = Slots(limits, kind=lambda key: KEYS[key][1], group=lambda key: KEYS[key][0])
        self.now = 1000.0
        self.places: dict[int, Place] = {}
        self.waiting: dict[int, Waiting] = {}
        self.served: dict[int, int] = {}
        self.refused: dict[int, SpeechServiceError] = {}
        self.closed: dict[int, str] = {}
        self.asked = 0
        self.wake_at = float("inf")
        self.opened_ever: Counter[str] = Counter()
        self._moment = 0
        self._to_test: set[int] = set()
        self._errors: dict[str, tuple[SpeechServiceError, float]] = {}
        self._short: set[int] = set()

    # --- what may happen

    def wait(self, key: str, *, client: str = "", fresh: bool = False) -> int:
        waiter = self.slots.wait(key, self.now, client=client, fresh=fresh)
        deadline = self.now + self.limits.timeout
        self.waiting[waiter] = Waiting(key, client, fresh, self._next_moment(), deadline)
        self.asked += 1
        self.decide()
        return waiter

    def leave(self, waiter: int) -> None:
        del self.waiting[waiter]
        self.slots.leave(waiter)
        self.decide()

    def warm(self, key: str, *, always: bool = False) -> None:
        self.slots.warm(key, self.now, always=always)
        self.decide()

    def opened(self, slot: int, life: float | None = None) -> None:
        place = self.places[slot]
        place.state, place.opened, place.doubtful = "idle", self._next_moment(), False
        ends = life if life is not None and life > 0 else self.limits.max_lifetime
        place.use_until = self.now + min(ends, self.limits.max_lifetime)
        if place.use_until < self.now + 60:
            self._short.add(slot)
        self._errors.pop(place.key, None)
        self.slots.opened(slot, self.now, life)
        self.decide()

    def failed(self, slot: int, *, final: bool = False) -> None:
        place = self.places.pop(slot)
        key, waiting = place.key, len(self.waiting)
        error = AuthenticationFailed("No.") if final else ConnectFailed("No.")
        self._errors[key] = error, self.now
        self.slots.failed(slot, error, self.now)
        self.decide()
        if place.doubtful and not final:
            assert len(self.waiting) == waiting, "an opening that nobody waits for fails nobody"
        if final:
            assert all(waiting.key != key for waiting in self.waiting.values()), "a final failure tells all"

    def released(self, slot: int) -> None:
        place = self.places[slot]
        place.state, place.client = "idle", ""
        if slot not in self._short:
            self._errors.pop(place.key, None)
        self.slots.released(slot, self.now)
        self.decide()

    def lost(self, slot: int) -> None:
        del self.places[slot]
        self.slots.lost(slot, self.now)
        self.decide()

    def silent(self, slot: int) -> None:
        group = KEYS[self.places.pop(slot).key][0]
        self._to_test = {
            other
            for other, place in self.places.items()
            if place.state == "idle" and KEYS[place.key][0] == group
        }
        for other in self._to_test:
            self.places[other].state = "testing"
        for place in self.places.values():
            if KEYS[place.key][0] == group and place.state == "opening":
                place.doubtful = True
        self.slots.silent(slot)
        self.decide()

    def tested(self, slot: int, *, answered: bool) -> None:
        if answered:
            self.places[slot].state = "idle"
        else:
            del self.places[slot]
        self.slots.tested(slot, answered=answered)
        self.decide()

    def advance(self, seconds: float) -> None:
        """Time passes, and the alarm that the last decision asked for rings whenever it is due."""
        until = self.now + seconds
        while self.wake_at <= until:
            self.now = self.wake_at
            self.decide()
        self.now = until

    # --- what must hold

    def decide(self) -> Decision:
        before = {waiter: self._rank(waiter) for waiter in self.waiting}
        asked = dict(self.waiting)
        decision = self.slots.decide(self.now)
        assert set(decision.test) <= self._to_test, "tested without a reason"
        for slot, reason in decision.close:
            self._closed(slot, reason)
        assert set(decision.test) == {slot for slot in self._to_test if slot in self.places}, "not tested"
        self._to_test = set()
        for waiter, error in decision.refuse:
            self._refused(waiter, error)
        for waiter, slot in decision.give:
            self._given(waiter, slot)
        for opening in decision.open:
            assert opening.id not in self.places
            key = _key(opening)
            self.places[opening.id] = Place(key, "opening")
            self.opened_ever[key] += 1
        self._check()
        self._check_room(decision)
        self._check_order(decision, asked, before)
        again = self.slots.decide(self.now)
        todo = [again.open, again.close, again.give, again.refuse, again.test]
        assert todo == [[], [], [], [], []], "decided twice"
        assert again.wake_at == decision.wake_at
        self.wake_at = decision.wake_at
        return decision

    def _closed(self, slot: int, reason: str) -> None:
        place = self.places.pop(slot)
        self.closed[slot] = reason
        assert place.state in ("idle", "testing"), "neither leased ones nor openings are closed"
        if reason == "expired":
            left = place.use_until - self.now
            assert left <= max(60 + 0.1 * self.limits.max_lifetime, 0.3 * self.limits.max_lifetime), (
                "too early"
            )
        assert reason in ("expired", "unused", "displaced")

    def _refused(self, waiter: int, error: SpeechServiceError) -> None:
        waiting = self.waiting.pop(waiter)
        self.refused[waiter] = error
        if isinstance(error, PoolTimeout):
            assert self.now >= waiting.deadline, "refused too early"
        if isinstance(error, PoolTimeout | TooManyRequests):
            last, at = self._errors.get(waiting.key, (None, self.now))
            if self.now < at + 300:
                assert error.__cause__ is last, "the last failed opening travels with it"
            elif self.now > at + 600:
                assert error.__cause__ is None, "too long ago"
            assert ("; the last attempt" in error.message) == (error.__cause__ is not None)

    def _given(self, waiter: int, slot: int) -> None:
        waiting = self.waiting.pop(waiter)
        place = self.places[slot]
        assert place.key == waiting.key, "a session of another kind"
        assert place.state == "idle", "one holder at a time, and none that is in test"
        assert self.now < place.use_until, "a session past its end"
        assert not waiting.fresh or place.opened > waiting.came, "a session from before"
        place.state, place.client = "leased", waiting.client
        self.served[waiter] = slot

    def _check(self) -> None:
        assert len(self.places) <= self.limits.max_size, "too many sessions"
        for kind in ("recognition", "synthesis"):
            assert self._count(kind) <= self._most, "one kind holds what is kept for the other"
        states = Counter(place.state for place in self.places.values())
        counted = ", ".join(f"{states[state]} {state}" for state in ("opening", "idle", "testing", "leased"))
        assert repr(self.slots) == f"<slots {counted}, {len(self.waiting)} waiting>", "something was lost"
        for waiting in self.waiting.values():
            assert self.now < waiting.deadline, "waited beyond its deadline"
            idle = [place for place in self.places.values() if place.state == "idle"]
            assert not any(accepts(waiting, place) for place in idle), "waits although a session is idle"

    def _check_room(self, decision: Decision) -> None:
        """Nobody waits for room while idle sessions, or new ones that nobody asked for, take it up."""
        queued = 0
        for key, (_, kind) in KEYS.items():
            without = self._without_opening(key)
            queued += without
            full, kind_full = len(self.places) == self.limits.max_size, self._count(kind) == self._most
            if without:
                assert full or kind_full, "there is room, but nothing opens"
                for place in self.places.values():
                    if place.state in ("idle", "testing"):
                        assert kind_full, "room kept warm"
                        assert KEYS[place.key][1] != kind, "room of its own kind kept warm"
                wanted = [waiting.key for waiting in self.waiting.values()]
                same_place = [slot for slot in decision.open if not kind_full or KEYS[_key(slot)][1] == kind]
                assert all(slot.key in wanted for slot in same_place), "warmth before a waiter"
        assert queued <= self.limits.max_waiting, "more wait than may wait"
        if any(isinstance(error, TooManyRequests) for _, error in decision.refuse):
            assert queued == self.limits.max_waiting, "refused although it may wait"
        displaced = [slot for slot, reason in decision.close if reason == "displaced"]
        assert len(displaced) <= len(decision.open), "made room for nobody"
        assert decision.wake_at > self.now, "an alarm in the past never stops ringing"
        for waiting in self.waiting.values():
            assert decision.wake_at <= waiting.deadline

    def _check_order(self, decision: Decision, asked: dict[int, Waiting], before: dict[int, Rank]) -> None:
        """Nobody got anything before one who ranks better, unless that one's is under way, or elsewhere.

        Ranks only grow by a decision. So whoever ranked worse before it than another does after it came
        behind the other.
        """
        refused = [waiter for waiter, error in decision.refuse if isinstance(error, TooManyRequests)]
        opening = {
            place.key for place in self.places.values() if place.state == "opening" and not place.doubtful
        }
        for left in [*self.waiting, *refused]:
            waiting = asked[left]
            kind = KEYS[waiting.key][1]
            if waiting.key in opening:
                continue
            after = self._rank(left, waiting)
            kind_full = self._count(kind) == self._most
            for waiter, slot in decision.give:
                elsewhere = kind_full and KEYS[self.places[slot].key][1] != kind
                assert elsewhere or before[waiter] <= after, "overtaken"
            for opened in decision.open:
                ranks = [rank for waiter, rank in before.items() if asked[waiter].key == opened.key]
                elsewhere = kind_full and KEYS[_key(opened)][1] != kind
                assert elsewhere or not ranks or min(ranks) <= after, "room made for one behind"
            for other in refused if left in self.waiting else []:
                assert before[left] <= self._rank(other, asked[other]), "refused before one behind"

    # --- the record

    @property
    def _most(self) -> int:
        return self.limits.max_size - self.limits.max_size // 4

    def _next_moment(self) -> int:
        self._moment += 1
        return self._moment

    def _rank(self, waiter: int, waiting: Waiting | None = None) -> Rank:
        waiting = waiting or self.waiting[waiter]
        leased = [place for place in self.places.values() if place.state == "leased"]
        of_client = sum(place.client == waiting.client for place in leased)
        of_kind = sum(KEYS[place.key][1] == KEYS[waiting.key][1] for place in leased)
        return of_client, of_kind, waiter

    def _count(self, kind: str) -> int:
        return sum(KEYS[place.key][1] == kind for place in self.places.values())

    def _without_opening(self, key: str) -> int:
        """How many waiters of the key are more than its openings can serve."""
        opening = sum(
            place.key == key and place.state == "opening" and not place.doubtful
            for place in self.places.values()
        )
        return max(0, sum(waiting.key == key for waiting in self.waiting.values()) - opening)


def accepts(waiting: Waiting, place: Place) -> bool:
    return place.key == waiting.key and (not waiting.fresh or place.opened > waiting.came)
