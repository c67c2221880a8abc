import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_azure_realtime.admission.memory import FREED, LAZY_SECONDS, Claim, MemoryBudget
from wyoming_azure_realtime.errors import TooManyRequests


class Clock:
    """Seconds, as somebody says."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Request:
    """One that lets go when it has to."""

    def __init__(self, budget: MemoryBudget, address: str = "192.0.2.1") -> None:
        self.ended = False
        self.claim: Claim = budget.claim(address, self._end)

    def _end(self, error: TooManyRequests) -> None:
        assert "limits.memory" in str(error)
        self.ended = True

    def hold(self, more: int) -> None:
        try:
            self.claim.hold(more)
        except TooManyRequests:
            self.ended = True


def test_what_is_held_is_counted_until_the_request_is_over() -> None:
    budget = MemoryBudget(100)
    with budget.claim("", lambda _: None) as claim:
        claim.hold(60)
        claim.hold(-20)
        assert budget.held == 40
    assert budget.held == 0
    claim.hold(60)
    assert budget.held == 0


def test_of_one_address_the_newest_request_is_refused() -> None:
    budget = MemoryBudget(100)
    first, second, third = (Request(budget) for _ in range(3))
    first.hold(40)
    second.hold(40)
    third.hold(40)
    assert [one.ended for one in (first, second, third)] == [False, False, True]
    first.hold(30)
    assert [one.ended for one in (first, second)] == [False, True]
    assert budget.held == 70


def test_a_client_that_sends_nothing_more_makes_room_for_one_that_does() -> None:
    clock = Clock()
    budget = MemoryBudget(100, clock)
    lazy, waiting, busy = (Request(budget) for _ in range(3))
    lazy.hold(40)
    waiting.hold(30)
    waiting.claim.owed = False  # it has sent all, and waits for its answer
    clock.now = LAZY_SECONDS
    busy.hold(40)
    assert [one.ended for one in (lazy, waiting, busy)] == [True, False, False]


def test_whoever_holds_most_pays_for_it() -> None:
    budget = MemoryBudget(100)
    house = Request(budget, "192.0.2.9")
    strangers = [Request(budget, f"2001:db8::{at}") for at in range(4)]
    for stranger in strangers:
        stranger.hold(20)
    house.hold(30)
    assert not house.ended
    assert [one.ended for one in strangers] == [False, False, False, True]


@given(
    st.lists(st.tuples(st.integers(0, 7), st.integers(-30, 60), st.booleans()), max_size=80),
)
def test_no_history_holds_more_than_there_is(history: list[tuple[int, int, bool]]) -> None:
    clock = Clock()
    budget = MemoryBudget(100, clock)
    requests = [Request(budget, f"192.0.2.{at % 3}") for at in range(8)]
    for number, more, late in history:
        request = requests[number]
        clock.now += LAZY_SECONDS if late else 0.0
        if request.ended:
            request.claim.release()
            requests[number] = Request(budget, f"192.0.2.{number % 3}")
        else:
            request.hold(max(more, -request.claim.size))
        assert budget.held == sum(one.claim.size for one in requests) <= 100


def test_a_request_that_wants_more_than_there_is_is_refused_alone() -> None:
    budget = MemoryBudget(100)
    house, greedy = Request(budget, "192.0.2.9"), Request(budget)
    house.hold(50)
    with pytest.raises(TooManyRequests):
        greedy.claim.hold(101)
    assert not house.ended
    assert budget.held == 50


def test_it_is_told_when_much_was_released() -> None:
    told = list[int]()
    budget = MemoryBudget(1 << 40, on_released=lambda: told.append(budget.held))
    claims = [budget.claim("", lambda _: None) for _ in range(5)]
    for claim in claims:
        claim.hold(FREED // 2)
    for claim in claims:
        claim.release()
        claim.release()
    assert told == [3 * FREED // 2, FREED // 2]
