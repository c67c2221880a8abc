"""What a pool must hold to, checked after every decision, against a plain record of what happened."""

from collections.abc import Hashable
from dataclasses import dataclass

from wyoming_azure_realtime.errors import AuthenticationFailed, ConnectFailed, PoolTimeout, SpeechServiceError
from wyoming_azure_realtime.pool.slots import Decision, Slots
from wyoming_azure_realtime.settings.model import Pool as Limits


@dataclass
class Place:
    key: Hashable
    state: str
    use_until: float = float("inf")


class SlotsModel:
    """Drives `Slots` through a history on a virtual clock and breaks with an assertion."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.slots = Slots(limits)
        self.now = 1000.0
        self.places: dict[int, Place] = {}
        self.waiting: dict[int, tuple[Hashable, float]] = {}
        self.served: dict[int, int] = {}
        self.refused: dict[int, SpeechServiceError] = {}

    # --- what may happen

    def wait(self, key: Hashable) -> int:
        waiter = self.slots.wait(key, self.now)
        self.waiting[waiter] = (key, self.now + self.limits.timeout)
        self.decide()
        return waiter

    def leave(self, waiter: int) -> None:
        del self.waiting[waiter]
        self.slots.leave(waiter)
        self.decide()

    def warm(self, key: Hashable, *, always: bool = False) -> None:
        self.slots.warm(key, self.now, always=always)
        self.decide()

    def opened(self, slot: int, life: float | None = None) -> None:
        self.places[slot].state = "idle"
        ends = life if life is not None and life > 0 else self.limits.max_lifetime
        self.places[slot].use_until = self.now + min(ends, self.limits.max_lifetime)
        self.slots.opened(slot, self.now, life)
        self.decide()

    def failed(self, slot: int, *, final: bool = False) -> None:
        key = self.places.pop(slot).key
        error = AuthenticationFailed("No.") if final else ConnectFailed("No.")
        self.slots.failed(slot, error, self.now)
        self.decide()
        if final:
            assert all(wanted != key for wanted, _ in self.waiting.values()), "a final failure tells all"

    def released(self, slot: int) -> None:
        self.places[slot].state = "idle"
        self.slots.released(slot, self.now)
        self.decide()

    def lost(self, slot: int) -> None:
        del self.places[slot]
        self.slots.lost(slot, self.now)
        self.decide()

    def advance(self, seconds: float) -> None:
        """Time passes, and the alarm that the last decision asked for rings whenever it is due."""
        until = self.now + seconds
        while self.wake_at <= until:
            self.now = self.wake_at
            self.decide()
        self.now = until

    # --- what must hold

    @property
    def wake_at(self) -> float:
        return self.slots.decide(self.now).wake_at

    def decide(self) -> Decision:
        decision = self.slots.decide(self.now)
        for slot in decision.close:
            assert self.places.pop(slot).state == "idle", "only idle sessions are closed"
        for waiter, error in decision.refuse:
            _, deadline = self.waiting.pop(waiter)
            self.refused[waiter] = error
            assert not isinstance(error, PoolTimeout) or self.now >= deadline, "refused too early"
        for waiter, slot in decision.give:
            self._given(waiter, slot)
        for opening in decision.open:
            assert opening.id not in self.places
            self.places[opening.id] = Place(opening.key, "opening")
        self._check()
        self._check_fairness(decision)
        again = self.slots.decide(self.now)
        assert (again.open, again.close, again.give, again.refuse) == ([], [], [], []), "decided twice"
        assert again.wake_at == decision.wake_at
        return decision

    def _given(self, waiter: int, slot: int) -> None:
        key, _ = self.waiting.pop(waiter)
        place = self.places[slot]
        assert place.key == key, "a session of another kind"
        assert place.state == "idle", "one holder at a time"
        assert self.now < place.use_until, "a session past its end"
        place.state = "leased"
        self.served[waiter] = slot

    def _check(self) -> None:
        assert len(self.places) <= self.limits.max_size, "too many sessions"
        states = [place.state for place in self.places.values()]
        counted = ", ".join(f"{states.count(state)} {state}" for state in ("opening", "idle", "leased"))
        assert repr(self.slots) == f"<slots {counted}, {len(self.waiting)} waiting>", "something was lost"
        for key, deadline in self.waiting.values():
            assert self.now < deadline, "waited beyond its deadline"
            assert self._idle(key) == 0, "waits although a session is idle"

    def _check_fairness(self, decision: Decision) -> None:
        """Nobody waits for room while idle sessions, or new ones that nobody asked for, take it up."""
        wanted = [key for key, _ in self.waiting.values()]
        for key in set(wanted):
            opening = sum(p.key == key and p.state == "opening" for p in self.places.values())
            if opening < wanted.count(key):
                assert len(self.places) == self.limits.max_size, "there is room, but nothing opens"
                assert all(place.state != "idle" for place in self.places.values()), "room kept warm"
                assert all(slot.key in wanted for slot in decision.open), "warmth before a waiter"
        assert decision.wake_at > self.now, "an alarm in the past never stops ringing"
        for _, deadline in self.waiting.values():
            assert decision.wake_at <= deadline

    def _idle(self, key: Hashable) -> int:
        return sum(place.key == key and place.state == "idle" for place in self.places.values())
