import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.slots_model import SlotsModel
from wyoming_azure_realtime.errors import (
    AuthenticationFailed,
    ConnectFailed,
    PoolTimeout,
    TooManyRequests,
)
from wyoming_azure_realtime.settings.model import Pool as Limits

KEYS = ("hears", "alloy", "echo")


def model(**limits: float) -> SlotsModel:
    defaults = {"min_size": 0, "max_size": 2, "max_waiting": 5, "timeout": 10.0, "max_idle": 100.0}
    return SlotsModel(Limits(max_lifetime=1000.0, **{**defaults, **limits}))  # type: ignore[arg-type]


def opening(pool: SlotsModel) -> list[int]:
    return [slot for slot, place in pool.places.items() if place.state == "opening"]


def open_one(pool: SlotsModel, life: float | None = None) -> int:
    (slot,) = opening(pool)
    pool.opened(slot, life)
    return slot


# --- any history


def play(pool: SlotsModel, choice: int, detail: int) -> None:
    """One thing that may happen now; `choice` picks what, `detail` to whom."""
    by_state: dict[str, list[int]] = {"opening": [], "idle": [], "leased": []}
    for slot, place in pool.places.items():
        by_state[place.state].append(slot)
    key = KEYS[detail % len(KEYS)]
    things: list[tuple[object, Callable[[], object]]] = [
        (True, lambda: pool.wait(key)),
        (True, lambda: pool.wait(key)),
        (True, lambda: pool.warm(key, always=detail % 7 == 0)),
        (True, lambda: pool.advance((0.0, 0.5, 3.0, 30.0, 400.0)[detail % 5])),
        (pool.waiting, lambda: pool.leave(list(pool.waiting)[detail % len(pool.waiting)])),
        *(
            (by_state[state], lambda act=act, slots=by_state[state]: act(slots[detail % len(slots)]))
            for state, act in (
                ("opening", pool.opened),
                ("opening", lambda slot: pool.opened(slot, (5.0, 50.0, 5000.0, -20.0)[detail % 4])),
                ("opening", lambda slot: pool.failed(slot, final=detail % 4 == 0)),
                ("idle", pool.lost),
                ("leased", pool.released),
                ("leased", pool.lost),
            )
        ),
    ]
    possible = [act for condition, act in things if condition]
    possible[choice % len(possible)]()


def assert_everyone_is_answered_in_the_end(pool: SlotsModel) -> None:
    asked = {*pool.waiting, *pool.served, *pool.refused}
    pool.advance(pool.limits.timeout)
    assert not pool.waiting
    assert asked == {*pool.served, *pool.refused}
    assert not pool.served.keys() & pool.refused.keys()


@given(
    sizes=st.tuples(st.integers(0, 3), st.integers(1, 4), st.integers(0, 4)),
    history=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 59)), max_size=60),
)
@settings(max_examples=150, deadline=None)
def test_no_history_breaks_the_rules(sizes: tuple[int, int, int], history: list[tuple[int, int]]):
    min_size, max_size, max_waiting = sizes
    pool = model(min_size=min_size, max_size=max_size, max_waiting=max_waiting)
    for choice, detail in history:
        play(pool, choice, detail)
    assert_everyone_is_answered_in_the_end(pool)


@pytest.mark.parametrize("seed", range(4))
def test_thousands_of_random_histories_break_no_rule(seed: int):
    dice = random.Random(seed)
    for _ in range(500):
        pool = model(min_size=dice.randint(0, 2), max_size=dice.randint(1, 5), max_waiting=dice.randint(1, 6))
        for _ in range(dice.randint(5, 60)):
            play(pool, dice.randrange(10**6), dice.randrange(60))
        assert_everyone_is_answered_in_the_end(pool)


# --- serving


def test_a_first_request_opens_a_session_and_gets_it():
    pool = model()
    waiter = pool.wait("alloy")
    assert pool.served == {waiter: open_one(pool)}


def test_a_released_session_serves_the_next_request_at_once():
    pool = model()
    first = pool.wait("alloy")
    slot = open_one(pool)
    pool.released(slot)
    second = pool.wait("alloy")
    assert pool.served == {first: slot, second: slot}
    assert len(pool.places) == 1


def test_waiters_are_served_in_the_order_of_their_arrival():
    pool = model(max_size=1)
    waiters = [pool.wait("alloy") for _ in range(4)]
    slot = open_one(pool)
    for position in range(1, 5):
        assert list(pool.served) == waiters[:position]
        if position < 4:
            pool.released(slot)


def test_every_waiter_has_an_opening_of_its_own_as_long_as_there_is_room():
    pool = model(max_size=3)
    for _ in range(5):
        pool.wait("alloy")
    assert len(opening(pool)) == 3


def test_the_freshest_session_is_given_first():
    pool = model()
    pool.wait("alloy")
    pool.wait("alloy")
    old, young = opening(pool)
    pool.opened(old)
    pool.opened(young)
    pool.released(old)
    pool.advance(1)
    pool.released(young)
    third = pool.wait("alloy")
    assert pool.served[third] == young


def test_a_lost_lease_makes_room_for_a_waiter():
    pool = model(max_size=1)
    pool.wait("alloy")
    slot = open_one(pool)
    waiter = pool.wait("alloy")
    pool.lost(slot)
    assert pool.served[waiter] != slot if opening(pool) == [] else open_one(pool) == pool.served[waiter]


def test_a_session_handed_to_one_who_left_is_not_lost():
    pool = model(max_size=1)
    leaver = pool.wait("alloy")
    pool.leave(leaver)
    slot = open_one(pool)
    assert pool.places[slot].state == "idle"
    assert pool.served[pool.wait("alloy")] == slot


# --- refusing


def test_a_request_is_refused_at_its_deadline_and_not_before():
    pool = model(max_size=1)
    pool.wait("alloy")
    open_one(pool)
    waiter = pool.wait("alloy")
    pool.advance(9.99)
    assert waiter in pool.waiting
    pool.advance(0.01)
    assert isinstance(pool.refused[waiter], PoolTimeout)


def test_more_than_may_wait_are_refused_at_once():
    pool = model(max_size=1, max_waiting=2)
    waiters = [pool.wait("alloy") for _ in range(3)]
    assert list(pool.refused) == waiters[2:]
    assert isinstance(pool.refused[waiters[2]], TooManyRequests)


def test_a_full_queue_does_not_refuse_one_who_need_not_wait():
    pool = model(max_size=2, max_waiting=1)
    pool.wait("echo")
    slot = open_one(pool)
    pool.wait("alloy")
    pool.released(slot)
    waiter = pool.wait("echo")
    assert pool.served[waiter] == slot


def test_a_passing_failure_tells_one_waiter_and_tries_again_for_the_others():
    pool = model(max_size=1)
    first, second = pool.wait("alloy"), pool.wait("alloy")
    (slot,) = opening(pool)
    pool.failed(slot)
    assert isinstance(pool.refused[first], ConnectFailed)
    assert second in pool.waiting
    assert open_one(pool) == pool.served[second]


def test_a_final_failure_tells_every_waiter_of_the_key_and_nobody_else():
    pool = model(max_size=2)
    waiters = [pool.wait("alloy") for _ in range(3)]
    first, second = opening(pool)
    other = pool.wait("echo")
    pool.failed(first, final=True)
    assert list(pool.refused) == waiters
    assert all(isinstance(error, AuthenticationFailed) for error in pool.refused.values())
    assert other in pool.waiting
    assert second in pool.places


# --- room


def test_a_waiter_outranks_the_warm_sessions_of_others():
    pool = model(min_size=1, max_size=1)
    pool.warm("alloy")
    warm = open_one(pool)
    waiter = pool.wait("echo")
    assert warm not in pool.places
    assert open_one(pool) == pool.served[waiter]
    assert len(pool.places) == 1


def test_the_session_that_is_idle_longest_makes_room():
    pool = model(max_size=2)
    pool.wait("alloy")
    old = open_one(pool)
    pool.wait("echo")
    young = open_one(pool)
    pool.released(old)
    pool.advance(1)
    pool.released(young)
    pool.wait("hears")
    assert old not in pool.places
    assert young in pool.places


def test_leased_sessions_never_make_room():
    pool = model(max_size=1)
    pool.wait("alloy")
    slot = open_one(pool)
    pool.wait("echo")
    pool.advance(9)
    assert pool.places[slot].state == "leased"


# --- warmth


def test_a_key_in_use_is_kept_warm():
    pool = model(min_size=1)
    pool.warm("alloy")
    first = open_one(pool)
    pool.lost(first)
    pool.advance(1)
    assert len(opening(pool)) == 1


def test_warmth_ends_when_nobody_asks_any_more():
    pool = model(min_size=1, max_idle=100.0)
    pool.warm("alloy")
    open_one(pool)
    pool.advance(99)
    assert len(pool.places) == 1
    pool.advance(1)
    assert pool.places == {}
    pool.advance(1000)
    assert pool.places == {}


def test_what_is_always_wanted_is_found_after_a_quiet_night():
    pool = model(min_size=1, max_idle=100.0)
    pool.warm("alloy", always=True)
    slot = open_one(pool)
    pool.warm("alloy")
    pool.advance(800)
    assert list(pool.places) == [slot]
    assert pool.places[slot].state == "idle"


def test_more_than_the_minimum_cools_although_the_key_is_in_use():
    pool = model(min_size=1, max_size=4, max_idle=100.0)
    for _ in range(4):
        pool.wait("alloy")
    for slot in opening(pool):
        pool.opened(slot)
    for slot in list(pool.places):
        pool.released(slot)
    for _ in range(5):
        pool.advance(30)
        waiter = pool.wait("alloy")
        pool.released(pool.served[waiter])
    assert len(pool.places) == 1


def test_more_than_the_minimum_of_one_key_makes_room_for_the_minimum_of_another():
    pool = model(min_size=1, max_size=3)
    pool.warm("hears")
    open_one(pool)
    for _ in range(3):
        pool.wait("alloy")
    for slot in opening(pool):
        pool.opened(slot)
    for slot in [slot for slot, place in pool.places.items() if place.state == "leased"]:
        pool.released(slot)
    assert [pool.places[slot].key for slot in opening(pool)] == ["hears"]


def test_what_is_more_than_the_minimum_makes_room_first():
    pool = model(min_size=1, max_size=3)
    pool.warm("hears")
    warm = open_one(pool)
    pool.advance(1)
    for _ in range(2):
        pool.wait("alloy")
    for slot in opening(pool):
        pool.opened(slot)
        pool.released(slot)
    waiter = pool.wait("echo")
    assert warm in pool.places
    assert open_one(pool) == pool.served[waiter]


def test_asking_again_keeps_what_is_idle():
    pool = model(min_size=1, max_idle=100.0)
    pool.warm("alloy")
    slot = open_one(pool)
    pool.advance(60)
    pool.warm("alloy")
    pool.advance(60)
    assert slot in pool.places


def test_every_request_keeps_its_key_warm_for_another_while():
    pool = model(min_size=1, max_idle=100.0)
    for _ in range(2):
        pool.wait("alloy")
        slot = open_one(pool) if opening(pool) else next(iter(pool.places))
        pool.released(slot)
        pool.advance(60)
    pool.lost(slot)
    assert len(opening(pool)) == 1


def test_a_session_is_replaced_before_its_announced_end_and_closed_when_its_successor_is_there():
    pool = model(min_size=1, max_idle=10.0)
    pool.warm("alloy", always=True)
    first = open_one(pool, life=50.0)
    pool.advance(32)
    assert list(pool.places) == [first]
    pool.advance(4)
    assert first in pool.places
    second = open_one(pool, life=50.0)
    assert list(pool.places) == [second]


def test_a_successor_that_does_not_come_about_keeps_nothing_beyond_its_end():
    pool = model(min_size=1)
    pool.warm("alloy")
    first = open_one(pool, life=50.0)
    pool.advance(41)
    assert first not in pool.places
    assert len(opening(pool)) == 1


def test_sessions_opened_together_do_not_end_together():
    pool = model(max_size=10, max_waiting=10)
    for _ in range(10):
        pool.wait("alloy")
    for slot in opening(pool):
        pool.opened(slot, life=100.0)
    for slot in list(pool.places):
        pool.released(slot)
    ends = []
    for second in range(81):
        ends += [second] * (10 - len(ends) - len(pool.places))
        pool.advance(1)
    assert ends[0] >= 100 * 0.8 * 0.9
    assert max(ends.count(second) for second in ends) <= 2


def test_a_long_life_keeps_a_minute_in_hand_and_no_more_than_a_tenth_of_the_rest():
    pool = model(max_idle=5000.0)
    pool.limits = Limits(max_lifetime=5000.0)
    waiter = pool.wait("alloy")
    slot = open_one(pool, life=900.0)
    assert pool.served[waiter] == slot
    pool.released(slot)
    pool.advance(840 * 0.9 - 1)
    assert slot in pool.places
    pool.advance(840 * 0.1 + 1)
    assert slot not in pool.places


def test_a_session_that_grew_too_old_on_lease_is_closed_when_it_comes_back():
    pool = model()
    pool.wait("alloy")
    slot = open_one(pool, life=50.0)
    pool.advance(45)
    waiter = pool.wait("alloy")
    pool.released(slot)
    assert slot not in pool.places
    assert waiter in pool.waiting


@pytest.mark.parametrize("life", [0.0, -1.0, -86_400.0])
def test_a_life_that_ended_before_it_began_is_a_wrong_clock_and_no_reason_to_reconnect_for_ever(life: float):
    pool = model(min_size=1)
    pool.warm("alloy")
    slot = open_one(pool, life)
    pool.advance(50)
    assert slot in pool.places


# --- restraint


def opened_while(pool: SlotsModel, seconds: int, mishap: Callable[[int], None]) -> int:
    """How many sessions are opened for nobody while each meets the same mishap."""
    count = 0
    for _ in range(seconds * 10):
        while opening(pool):
            count += 1
            assert count < 1000, "a storm"
            mishap(opening(pool)[0])
        pool.advance(0.1)
    return count


def test_a_service_that_cannot_be_reached_is_not_knocked_at_all_the_time():
    pool = model(min_size=1)
    pool.warm("alloy")
    assert 3 <= opened_while(pool, 60, pool.failed) <= 8


def test_a_service_that_hangs_up_at_once_is_not_knocked_at_all_the_time():
    pool = model(min_size=1)
    pool.warm("alloy")

    def hang_up(slot: int) -> None:
        pool.opened(slot)
        pool.lost(slot)

    assert 3 <= opened_while(pool, 60, hang_up) <= 8


def test_a_final_failure_is_not_repeated_before_somebody_asks_again():
    pool = model(min_size=1)
    pool.warm("alloy")
    assert opened_while(pool, 90, lambda slot: pool.failed(slot, final=True)) == 1
    pool.wait("alloy")
    assert len(opening(pool)) == 1


def test_restraint_does_not_bind_those_who_wait():
    pool = model(min_size=1)
    pool.warm("alloy")
    opened_while(pool, 60, pool.failed)
    waiter = pool.wait("alloy")
    assert open_one(pool) == pool.served[waiter]


def test_a_clean_turn_ends_all_restraint():
    pool = model(min_size=1, max_size=1)
    pool.wait("alloy")
    for _ in range(6):
        pool.failed(opening(pool)[0])
        pool.wait("alloy")
    slot = open_one(pool)
    pool.released(slot)
    pool.lost(slot)
    pool.advance(1)
    assert len(opening(pool)) == 1
