from hypothesis import given
from hypothesis import strategies as st

from wyoming_azure_realtime.wyoming_server.unfinished import BufferBudget


class Holder:
    """Lets go when told."""

    def __init__(self, unfinished: BufferBudget) -> None:
        self._unfinished = unfinished
        self.size = 0
        self.told = 0

    def hold(self, size: int) -> None:
        self.size = size
        self._unfinished.hold(self, size)

    def overdrawn(self) -> None:
        self.told += 1
        self.hold(0)


def test_whoever_has_the_most_lets_go():
    unfinished = BufferBudget(100)
    small, large, new = (Holder(unfinished) for _ in range(3))
    small.hold(20)
    large.hold(80)
    assert (small.told, large.told) == (0, 0)
    new.hold(30)
    assert (small.size, large.size, new.size) == (20, 0, 30)


def test_one_that_has_more_than_there_may_be_in_all_lets_go_itself():
    unfinished = BufferBudget(100)
    small, large = Holder(unfinished), Holder(unfinished)
    small.hold(20)
    large.hold(101)
    assert (small.told, large.told) == (0, 1)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 60)), max_size=60))
def test_there_is_never_more_than_there_may_be_and_nothing_is_taken_without_need(history):
    unfinished = BufferBudget(100)
    holders = [Holder(unfinished) for _ in range(10)]
    for number, size in history:
        before = sum(holder.told for holder in holders)
        others = sum(holder.size for holder in holders) - holders[number].size
        holders[number].hold(size)
        assert sum(holder.size for holder in holders) <= 100
        assert (sum(holder.told for holder in holders) > before) is (others + size > 100)
