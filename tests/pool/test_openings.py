"""How many sessions a minute are opened, where a service takes no more."""

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from wyoming_azure_realtime.pool.slots import Slots
from wyoming_azure_realtime.settings.model import Pool as Limits

if TYPE_CHECKING:
    from collections.abc import Hashable

    from wyoming_azure_realtime.errors import SpeechServiceError

MOST = 6


class Minutes:
    """Requests for sessions, each in another voice, so that each needs a session of its own."""

    def __init__(self, *, min_size: int = 0, timeout: float = 300.0) -> None:
        limits = Limits(min_size=min_size, max_size=1000, max_waiting=1000, timeout=timeout)
        self.slots = Slots(
            limits,
            kind=lambda _: "synthesis",
            group=lambda key: key.partition("/")[0],
            per_minute=lambda key: MOST if key.startswith("limited") else None,
        )
        self.now = 0.0
        self.opened: list[float] = []
        self.served: dict[int, float] = {}
        self.refused: dict[int, SpeechServiceError] = {}
        self.delayed: list[tuple[Hashable, float]] = []

    def run(self, until: float) -> None:
        """Whatever is to be done until then; sessions are open at once, and each is used once."""
        while True:
            decision = self.slots.decide(self.now)
            self.delayed += decision.delayed
            self.refused.update(decision.refuse)
            for waiter, slot in decision.give:
                self.served[waiter] = self.now
                self.slots.lost(slot, self.now)
            for opening in decision.open:
                if str(opening.key).startswith("limited"):
                    self.opened.append(self.now)
                self.slots.opened(opening.id, self.now, None)
            if not (decision.open or decision.give):
                if decision.wake_at > until:
                    self.now = until
                    return
                self.now = max(self.now, decision.wake_at)


def most_in_a_minute(times: list[float]) -> int:
    return max((sum(start <= time < start + 60 for time in times) for start in times), default=0)


@given(st.lists(st.tuples(st.floats(0, 40), st.integers(1, 9)), max_size=12), st.integers(0, 2))
def test_no_minute_has_more_and_every_request_is_served_as_soon_as_it_may_be(
    requests: list[tuple[float, int]], min_size: int
) -> None:
    minutes = Minutes(min_size=min_size, timeout=4000.0)
    asked: dict[int, float] = {}
    for pause, number in requests:
        minutes.run(minutes.now + pause)
        for voice in range(number):
            asked[minutes.slots.wait(f"limited/{voice}", minutes.now)] = minutes.now
    minutes.run(minutes.now + 60 * (len(asked) + 1))
    assert most_in_a_minute(minutes.opened) <= MOST
    assert set(minutes.served) == set(asked)


def test_whoever_waits_is_told_of_once_and_gets_the_first_that_there_may_be() -> None:
    minutes = Minutes()
    first = [minutes.slots.wait(f"limited/{voice}", 0.0) for voice in range(MOST)]
    minutes.run(20)
    late = minutes.slots.wait("limited/late", minutes.now)
    minutes.slots.wait("limited/later", minutes.now)
    minutes.run(59)
    assert set(minutes.served) == set(first)
    assert minutes.delayed == [("limited/late", 40.0)]
    minutes.run(61)
    assert minutes.served[late] == 60.0


def test_a_request_that_cannot_wait_so_long_is_told_why() -> None:
    minutes = Minutes(timeout=10)
    for voice in range(MOST):
        minutes.slots.wait(f"limited/{voice}", 0.0)
    minutes.run(1)
    late = minutes.slots.wait("limited/late", minutes.now)
    minutes.run(30)
    assert minutes.refused[late].message == (
        f"No session became free in time; its target takes {MOST} new connections a minute."
    )


def test_half_of_a_minutes_connections_are_kept_for_requests() -> None:
    minutes = Minutes(min_size=MOST)
    minutes.slots.warm("limited/voice", 0.0, always=True)
    minutes.run(30)
    assert len(minutes.opened) == MOST // 2


def test_other_targets_are_not_delayed() -> None:
    minutes = Minutes()
    waiters = [minutes.slots.wait(f"free/{voice}", 0.0) for voice in range(5 * MOST)]
    minutes.run(1)
    assert set(minutes.served) == set(waiters)
    assert minutes.delayed == []
