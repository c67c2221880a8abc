import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.slots_model import KEYS, SlotsModel
from wyoming_azure_realtime.errors import (
    AuthenticationFailed,
    ConnectFailed,
    PoolTimeout,
    TooManyRequests,
)
from wyoming_azure_realtime.pool.slots import Slots, most_of_one_kind
from wyoming_azure_realtime.settings.model import Pool as Limits


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
    by_state: dict[str, list[int]] = {"opening": [], "idle": [], "testing": [], "leased": []}
    for slot, place in pool.places.items():
        by_state[place.state].append(slot)
    key = list(KEYS)[detail % len(KEYS)]
    client = ("", "kitchen", "hall")[detail % 3]
    things: list[tuple[object, Callable[[], object]]] = [
        (True, lambda: pool.wait(key, client=client)),
        (True, lambda: pool.wait(key, client=client)),
        (True, lambda: pool.wait(key, client=client, fresh=True)),
        (True, lambda: pool.warm(key, always=detail % 7 == 0)),
        (True, lambda: pool.advance((0.0, 0.5, 3.0, 30.0, 400.0)[detail % 5])),
        (pool.waiting, lambda: pool.leave(list(pool.waiting)[detail % len(pool.waiting)])),
        *(
            (by_state[state], lambda act=act, slots=by_state[state]: act(slots[detail % len(slots)]))
            for state, act in (
                ("opening", pool.opened),
                ("opening", lambda slot: pool.opened(slot, (2.0, 50.0, 5000.0, -20.0)[detail % 4])),
                ("opening", lambda slot: pool.failed(slot, final=detail % 4 == 0)),
                ("idle", pool.lost),
                ("leased", pool.released),
                ("leased", pool.lost),
                ("leased", pool.silent),
                ("testing", pool.lost),
                ("testing", lambda slot: pool.tested(slot, answered=detail % 2 == 0)),
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
    sizes=st.tuples(st.integers(0, 3), st.integers(1, 9), st.integers(1, 4)),
    history=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 59)), max_size=60),
)
@settings(max_examples=150, deadline=None)
def test_no_history_breaks_the_rules(sizes: tuple[int, int, int], history: list[tuple[int, int]]) -> None:
    min_size, max_size, max_waiting = sizes
    pool = model(min_size=min_size, max_size=max_size, max_waiting=max_waiting)
    for choice, detail in history:
        play(pool, choice, detail)
    assert_everyone_is_answered_in_the_end(pool)


@pytest.mark.parametrize("seed", range(4))
def test_thousands_of_random_histories_break_no_rule(seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(400):
        pool = model(min_size=dice.randint(0, 2), max_size=dice.randint(1, 9), max_waiting=dice.randint(1, 6))
        for _ in range(dice.randint(5, 60)):
            play(pool, dice.randrange(10**6), dice.randrange(60))
        assert_everyone_is_answered_in_the_end(pool)


def test_a_first_request_opens_a_session_and_gets_it() -> None:
    pool = model()
    waiter = pool.wait("alloy")
    assert pool.served == {waiter: open_one(pool)}


def test_a_released_session_serves_the_next_request_at_once() -> None:
    pool = model()
    first = pool.wait("alloy")
    slot = open_one(pool)
    pool.released(slot)
    second = pool.wait("alloy")
    assert pool.served == {first: slot, second: slot}
    assert len(pool.places) == 1


def test_waiters_are_served_in_the_order_of_their_arrival() -> None:
    pool = model(max_size=1)
    waiters = [pool.wait("alloy") for _ in range(4)]
    slot = open_one(pool)
    for position in range(1, 5):
        assert list(pool.served) == waiters[:position]
        if position < 4:
            pool.released(slot)


def test_every_waiter_has_an_opening_of_its_own_as_long_as_there_is_room() -> None:
    pool = model(max_size=3)
    for _ in range(5):
        pool.wait("alloy")
    assert len(opening(pool)) == 3


def test_the_freshest_session_is_given_first() -> None:
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


def test_a_lost_lease_makes_room_for_a_waiter() -> None:
    pool = model(max_size=1)
    pool.wait("alloy")
    slot = open_one(pool)
    waiter = pool.wait("alloy")
    pool.lost(slot)
    assert pool.served[waiter] != slot if opening(pool) == [] else open_one(pool) == pool.served[waiter]


def test_a_session_handed_to_one_who_left_is_not_lost() -> None:
    pool = model(max_size=1)
    leaver = pool.wait("alloy")
    pool.leave(leaver)
    slot = open_one(pool)
    assert pool.places[slot].state == "idle"
    assert pool.served[pool.wait("alloy")] == slot


def test_a_request_is_refused_at_its_deadline_and_not_before() -> None:
    pool = model(max_size=1)
    pool.wait("alloy")
    open_one(pool)
    waiter = pool.wait("alloy")
    pool.advance(9.99)
    assert waiter in pool.waiting
    pool.advance(0.01)
    assert isinstance(pool.refused[waiter], PoolTimeout)


def test_more_than_may_wait_are_refused_at_once() -> None:
    pool = model(max_size=1, max_waiting=2)
    waiters = [pool.wait("alloy") for _ in range(4)]
    assert list(pool.refused) == waiters[3:]
    assert isinstance(pool.refused[waiters[3]], TooManyRequests)


def test_who_waits_for_nothing_but_an_opening_of_its_own_does_not_count_as_waiting() -> None:
    pool = model(max_size=3, max_waiting=1)
    waiters = [pool.wait("alloy") for _ in range(4)]
    assert pool.refused == {}
    assert len(opening(pool)) == 3
    fifth = pool.wait("alloy")
    assert list(pool.refused) == [fifth]
    for slot in opening(pool):
        pool.opened(slot)
    assert list(pool.served) == waiters[:3]


def test_a_newcomer_that_comes_before_others_is_not_refused_for_their_sake() -> None:
    pool = model(max_size=1, max_waiting=1)
    pool.wait("alloy", client="greedy")
    slot = open_one(pool)
    greedy = pool.wait("alloy", client="greedy")
    modest = pool.wait("alloy", client="modest")
    assert isinstance(pool.refused[greedy], TooManyRequests)
    pool.released(slot)
    assert pool.served[modest] == slot


def test_a_full_queue_does_not_refuse_one_who_need_not_wait() -> None:
    pool = model(max_size=2, max_waiting=1)
    pool.wait("echo")
    slot = open_one(pool)
    pool.wait("alloy")
    pool.released(slot)
    waiter = pool.wait("echo")
    assert pool.served[waiter] == slot


def test_a_passing_failure_tells_one_waiter_and_tries_again_for_the_others() -> None:
    pool = model(max_size=1)
    first, second = pool.wait("alloy"), pool.wait("alloy")
    (slot,) = opening(pool)
    pool.failed(slot)
    assert isinstance(pool.refused[first], ConnectFailed)
    assert second in pool.waiting
    assert open_one(pool) == pool.served[second]


def test_a_final_failure_tells_every_waiter_of_the_key_and_nobody_else() -> None:
    pool = model(max_size=2)
    waiters = [pool.wait("alloy") for _ in range(3)]
    first, second = opening(pool)
    other = pool.wait("echo")
    pool.failed(first, final=True)
    assert list(pool.refused) == waiters
    assert all(isinstance(error, AuthenticationFailed) for error in pool.refused.values())
    assert other in pool.waiting
    assert second in pool.places


@pytest.mark.parametrize("late", [0.0, 8.9])
def test_a_refusal_carries_why_the_last_session_could_not_be_opened(late: float) -> None:
    pool = model(max_size=1, max_waiting=1)
    pool.wait("alloy")
    holder = open_one(pool)
    waiting = [pool.wait("alloy", client="other"), pool.wait("echo", client="other")]
    assert [type(pool.refused.get(waiter)) for waiter in waiting] == [type(None), TooManyRequests]
    assert str(pool.refused[waiting[1]]) == "Too many requests wait for a session."
    pool.lost(holder)
    pool.wait("alloy")
    pool.failed(opening(pool)[0])
    error = pool.refused[waiting[0]]
    assert isinstance(error, ConnectFailed)
    pool.advance(late)
    first, second = pool.wait("alloy"), pool.wait("alloy")
    assert str(pool.refused[second]) == (
        "Too many requests wait for a session; the last attempt to open one failed: No."
    )
    assert pool.refused[second].__cause__ is error
    pool.advance(10)
    assert pool.refused[first] is error


def test_a_success_settles_the_last_failure() -> None:
    pool = model(max_size=1)
    pool.wait("alloy")
    pool.failed(opening(pool)[0])
    pool.wait("alloy")
    open_one(pool)
    waiter = pool.wait("alloy")
    pool.advance(10)
    assert str(pool.refused[waiter]) == "No session became free in time."
    assert pool.refused[waiter].__cause__ is None


def test_a_waiter_outranks_the_warm_sessions_of_others() -> None:
    pool = model(min_size=1, max_size=1)
    pool.warm("alloy")
    warm = open_one(pool)
    waiter = pool.wait("echo")
    assert warm not in pool.places
    assert open_one(pool) == pool.served[waiter]
    assert len(pool.places) == 1


# --- one for all: kinds and clients


def fill(pool: SlotsModel, key: str, count: int, client: str = "") -> list[int]:
    """Lease `count` sessions; their slots."""
    waiters = [pool.wait(key, client=client) for _ in range(count)]
    for slot in opening(pool):
        pool.opened(slot)
    return [pool.served[waiter] for waiter in waiters]


@pytest.mark.parametrize(
    ("max_size", "most"), [(1, 1), (2, 2), (3, 3), (4, 3), (5, 4), (7, 6), (8, 6), (32, 24), (1000, 750)]
)
def test_a_quarter_of_the_places_is_kept_for_the_other_kind_from_four_places_on(
    max_size: int, most: int
) -> None:
    assert most_of_one_kind(max_size) == most


def test_the_last_places_are_given_to_the_other_kind_only() -> None:
    pool = model(max_size=8)
    fill(pool, "alloy", 6)
    speaker = pool.wait("echo")
    assert opening(pool) == []
    hearers = [pool.wait("hears") for _ in range(3)]
    for slot in opening(pool):
        pool.opened(slot)
    assert list(pool.served)[-2:] == hearers[:2]
    assert {speaker, hearers[2]} == set(pool.waiting)


def test_sessions_that_are_kept_warm_leave_the_last_places_alone_as_well() -> None:
    pool = model(min_size=4, max_size=4)
    pool.warm("alloy")
    assert len(opening(pool)) == 3


def test_an_idle_session_of_its_own_kind_makes_room_for_a_kind_that_has_all_it_may_have() -> None:
    pool = model(max_size=4)
    slots = fill(pool, "alloy", 3)
    heard = fill(pool, "hears", 1)
    pool.released(heard[0])
    waiter = pool.wait("echo")
    assert opening(pool) == []
    pool.released(slots[1])
    assert pool.closed == {slots[1]: "displaced"}
    assert open_one(pool) == pool.served[waiter]
    assert heard[0] in pool.places


def few(most: int, **limits: float) -> Slots:
    """Slots in which the target `first` has so many sessions, and the others any number."""
    defaults = {"min_size": 1, "max_size": 8, "timeout": 10.0, "max_lifetime": 1000.0}
    return Slots(
        Limits(**{**defaults, **limits}),  # type: ignore[arg-type]
        kind=lambda key: KEYS[key][1],
        group=lambda key: KEYS[key][0],
        most={"first": most}.get,
    )


def test_a_target_with_one_session_hears_and_speaks_in_turns() -> None:
    slots = few(1)
    slots.warm("hears", 0.0, always=True)
    slots.warm("alloy", 0.0, always=True)
    (heard,) = slots.decide(0.0).open
    assert heard.key == "hears"
    slots.opened(heard.id, 0.0, None)
    assert slots.decide(1.0).open == []  # nobody takes turns for warmth
    speaker = slots.wait("alloy", 2.0)
    decision = slots.decide(2.0)
    assert decision.close == [(heard.id, "displaced")]
    (spoken,) = decision.open
    slots.opened(spoken.id, 3.0, None)
    assert slots.decide(3.0).give == [(speaker, spoken.id)]
    hearer, other = slots.wait("hears", 4.0), slots.wait("other-hears", 4.0)
    (elsewhere,) = slots.decide(4.0).open  # other targets are not kept waiting
    assert elsewhere.key == "other-hears"
    slots.released(spoken.id, 5.0)
    decision = slots.decide(5.0)
    assert decision.close == [(spoken.id, "displaced")]
    assert [slot.key for slot in decision.open] == ["hears"]
    slots.leave(other)
    assert hearer


def test_a_target_never_has_more_sessions_than_it_may() -> None:
    chance = random.Random(3)
    for most in (1, 2, 3):
        slots, leased, opening = few(most), list[int](), list[int]()
        keys: dict[int, object] = {}
        for moment in range(2000):
            match chance.randrange(4):
                case 0:
                    slots.wait(chance.choice(["hears", "alloy", "echo"]), float(moment))
                case 1 if opening:
                    slots.opened(opening.pop(), float(moment), None)
                case 2 if leased:
                    slots.released(leased.pop(chance.randrange(len(leased))), float(moment))
                case 3 if leased:
                    ended = leased.pop()
                    slots.lost(ended, float(moment))
                    del keys[ended]
            decision = slots.decide(float(moment))
            for slot, _ in decision.close:
                del keys[slot]
            for slot_opening in decision.open:
                opening.append(slot_opening.id)
                keys[slot_opening.id] = slot_opening.key
            leased += [slot for _, slot in decision.give]
            assert len(keys) <= most


def test_a_session_that_comes_back_makes_room_for_the_oldest_waiter_of_any_kind() -> None:
    pool = model(max_size=3)
    spoken = fill(pool, "alloy", 2) + fill(pool, "hears", 1)
    hearer = pool.wait("hears")
    speaker = pool.wait("alloy")
    pool.released(spoken[0])
    assert pool.closed == {spoken[0]: "displaced"}
    assert open_one(pool) == pool.served[hearer]
    assert speaker in pool.waiting


def test_a_kind_that_holds_less_is_served_before_one_that_came_earlier() -> None:
    pool = model(max_size=3)
    spoken = fill(pool, "alloy", 3)
    speaker = pool.wait("alloy", client="one")
    hearer = pool.wait("hears", client="two")
    pool.released(spoken[0])
    assert open_one(pool) == pool.served[hearer]
    assert speaker in pool.waiting


def test_a_client_that_holds_less_is_served_before_a_kind_that_holds_less() -> None:
    pool = model(max_size=3)
    spoken = fill(pool, "alloy", 3, client="greedy")
    hearer = pool.wait("hears", client="greedy")
    speaker = pool.wait("alloy", client="modest")
    pool.released(spoken[0])
    assert pool.served[speaker] == spoken[0]
    assert hearer in pool.waiting


def test_what_a_client_gets_counts_at_once() -> None:
    pool = model(max_size=3)
    slots = fill(pool, "alloy", 3)
    pool.lost(slots[0])
    pool.wait("alloy", client="one")
    (slot,) = opening(pool)
    waiters = [pool.wait("alloy", client=client) for client in ("one", "two")]
    pool.silent(slots[1])
    pool.opened(slot)
    pool.opened(opening(pool)[0])
    assert list(pool.served)[-1] == waiters[1]


def test_a_client_that_gave_everything_back_holds_nothing() -> None:
    pool = model(max_size=2)
    slots = fill(pool, "alloy", 2, client="one")
    waiters = [pool.wait("alloy", client="one"), pool.wait("alloy", client="two")]
    pool.released(slots[0])
    assert pool.served[waiters[1]] == slots[0]
    waiters.append(pool.wait("alloy", client="two"))
    pool.released(slots[1])
    assert pool.served[waiters[0]] == slots[1]


# --- those that died silently


def idle(pool: SlotsModel, *keys: str) -> list[int]:
    """One idle session for each key."""
    waiters = [pool.wait(key) for key in keys]
    for slot in opening(pool):
        pool.opened(slot)
    slots = [pool.served[waiter] for waiter in waiters]
    for slot in slots:
        pool.released(slot)
    return slots


def test_idle_siblings_of_one_that_did_not_answer_are_tested_and_nobody_else() -> None:
    pool = model(max_size=10)
    siblings = idle(pool, "alloy", "hears", "other-hears")
    first = pool.wait("alloy")
    assert pool.served[first] == siblings[0]
    pool.silent(siblings[0])
    states = {place.key: place.state for place in pool.places.values()}
    assert states == {"hears": "testing", "other-hears": "idle"}
    pool.tested(siblings[1], answered=True)
    assert pool.served[pool.wait("hears")] == siblings[1]


def test_while_its_siblings_are_tested_a_waiter_gets_a_new_session() -> None:
    pool = model(max_size=10)
    siblings = idle(pool, "hears", "alloy")
    assert pool.served[pool.wait("hears")] == siblings[0]
    pool.silent(siblings[0])
    waiter = pool.wait("alloy")
    new = open_one(pool)
    assert pool.served[waiter] == new != siblings[1]


def test_a_sibling_that_answers_first_serves_who_waits_for_a_new_session() -> None:
    pool = model(max_size=10)
    siblings = idle(pool, "hears", "alloy")
    pool.wait("hears")
    pool.silent(siblings[0])
    waiter = pool.wait("alloy")
    pool.tested(siblings[1], answered=True)
    assert pool.served[waiter] == siblings[1]


def test_a_sibling_that_does_not_answer_is_replaced_at_once() -> None:
    pool = model(min_size=1, max_size=10)
    dead = idle(pool, "hears", "alloy")
    pool.wait("hears")
    pool.silent(dead[0])
    assert {pool.places[slot].key for slot in opening(pool)} == {"hears"}
    pool.tested(dead[1], answered=False)
    assert {pool.places[slot].key for slot in opening(pool)} == {"hears", "alloy"}


def test_one_in_test_makes_room_before_one_that_is_idle() -> None:
    pool = model(max_size=3)
    slots = idle(pool, "other-hears", "alloy", "hears")
    pool.wait("hears")
    pool.silent(slots[2])
    fill(pool, "other-alloy", 1)
    pool.wait("echo")
    assert pool.closed == {slots[1]: "displaced"}


def test_one_that_makes_room_at_once_is_not_tested() -> None:
    pool = model(min_size=2, max_size=3, max_idle=10.0)
    hearing = idle(pool, "hears", "hears")
    pool.advance(5)
    (slot,) = fill(pool, "alloy", 1)
    pool.now += 6  # the alarm is late: nobody wants to be heard any more
    pool.silent(slot)
    assert pool.closed == {hearing[0]: "displaced"}
    assert [pool.places[slot].key for slot in opening(pool)] == ["alloy", "alloy"]
    assert pool.places[hearing[1]].state == "testing"


def test_a_session_in_test_that_ends_is_no_reason_for_a_pause() -> None:
    pool = model(min_size=1, max_size=10)
    dead = idle(pool, "hears", "alloy")
    pool.wait("hears")
    pool.silent(dead[0])
    pool.lost(dead[1])
    assert {pool.places[slot].key for slot in opening(pool)} == {"hears", "alloy"}


def test_a_fresh_waiter_gets_nothing_from_before_it_came() -> None:
    pool = model(max_size=3)
    slots = idle(pool, "alloy", "alloy")
    waiter = pool.wait("alloy", fresh=True)
    new = open_one(pool)
    assert pool.served[waiter] == new
    assert all(pool.places[slot].state == "idle" for slot in slots)


def test_a_fresh_waiter_takes_what_is_opened_while_it_waits() -> None:
    pool = model(min_size=1, max_size=3)
    (dead,) = idle(pool, "alloy")
    pool.wait("alloy")
    pool.silent(dead)
    (new,) = opening(pool)
    waiter = pool.wait("alloy", fresh=True)
    assert opening(pool) == [new]
    pool.opened(new)
    assert pool.served[waiter] == new


def test_nobody_waits_for_what_was_opening_when_its_group_fell_silent() -> None:
    pool = model(max_size=5)
    (dead,) = idle(pool, "alloy")
    pool.wait("alloy")
    early = pool.wait("alloy")
    other = pool.wait("other-alloy")
    doubtful, unconcerned = opening(pool)
    pool.silent(dead)
    new = opening(pool)[-1]
    assert len(opening(pool)) == 3
    assert pool.places[new].key == "alloy"
    pool.failed(doubtful)
    assert early in pool.waiting
    pool.opened(new)
    pool.opened(unconcerned)
    assert (pool.served[early], pool.served[other]) == (new, unconcerned)


def test_what_was_opening_when_its_group_fell_silent_serves_once_it_is_open() -> None:
    pool = model(max_size=5)
    (dead,) = idle(pool, "alloy")
    pool.wait("alloy")
    waiter = pool.wait("alloy")
    (doubtful,) = opening(pool)
    pool.silent(dead)
    pool.opened(doubtful)
    assert pool.served[waiter] == doubtful


def test_a_fresh_waiter_closes_an_old_session_when_there_is_no_room() -> None:
    pool = model(max_size=1)
    (old,) = idle(pool, "alloy")
    waiter = pool.wait("alloy", fresh=True)
    assert pool.closed == {old: "displaced"}
    assert open_one(pool) == pool.served[waiter]


def test_the_session_that_is_idle_longest_makes_room() -> None:
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


def test_leased_sessions_never_make_room() -> None:
    pool = model(max_size=1)
    pool.wait("alloy")
    slot = open_one(pool)
    pool.wait("echo")
    pool.advance(9)
    assert pool.places[slot].state == "leased"


def test_a_key_in_use_is_kept_warm() -> None:
    pool = model(min_size=1)
    pool.warm("alloy")
    first = open_one(pool)
    pool.lost(first)
    pool.advance(1)
    assert len(opening(pool)) == 1


def test_warmth_ends_when_nobody_asks_any_more() -> None:
    pool = model(min_size=1, max_idle=100.0)
    pool.warm("alloy")
    open_one(pool)
    pool.advance(99)
    assert len(pool.places) == 1
    pool.advance(1)
    assert pool.places == {}
    pool.advance(1000)
    assert pool.places == {}


def test_what_is_always_wanted_is_found_after_a_quiet_night() -> None:
    pool = model(min_size=1, max_idle=100.0)
    pool.warm("alloy", always=True)
    slot = open_one(pool)
    pool.warm("alloy")
    pool.advance(800)
    assert list(pool.places) == [slot]
    assert pool.places[slot].state == "idle"


def test_more_than_the_minimum_cools_although_the_key_is_in_use() -> None:
    pool = model(min_size=1, max_size=3, max_idle=100.0)
    for _ in range(3):
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


def test_more_than_the_minimum_of_one_key_makes_room_for_the_minimum_of_another() -> None:
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


def test_what_is_more_than_the_minimum_makes_room_first() -> None:
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


def test_asking_again_keeps_what_is_idle() -> None:
    pool = model(min_size=1, max_idle=100.0)
    pool.warm("alloy")
    slot = open_one(pool)
    pool.advance(60)
    pool.warm("alloy")
    pool.advance(60)
    assert slot in pool.places


def test_every_request_keeps_its_key_warm_for_another_while() -> None:
    pool = model(min_size=1, max_idle=100.0)
    for _ in range(2):
        pool.wait("alloy")
        slot = open_one(pool) if opening(pool) else next(iter(pool.places))
        pool.released(slot)
        pool.advance(60)
    pool.lost(slot)
    assert len(opening(pool)) == 1


def test_a_session_is_replaced_before_its_announced_end_and_closed_when_its_successor_is_there() -> None:
    pool = model(min_size=1, max_idle=10.0)
    pool.warm("alloy", always=True)
    first = open_one(pool, life=150.0)
    pool.advance(97)
    assert list(pool.places) == [first]
    pool.advance(10)
    assert first in pool.places
    second = open_one(pool, life=150.0)
    assert list(pool.places) == [second]


def test_a_successor_that_does_not_come_about_keeps_nothing_beyond_its_end() -> None:
    pool = model(min_size=1)
    pool.warm("alloy", always=True)
    first = open_one(pool, life=150.0)
    pool.advance(121)
    assert first not in pool.places
    assert pool.closed == {first: "expired"}
    assert len(opening(pool)) == 1


def test_sessions_opened_together_do_not_end_together() -> None:
    pool = model(max_size=13, max_waiting=10)
    for _ in range(10):
        pool.wait("alloy")
    for slot in opening(pool):
        pool.opened(slot, life=100.0)
    for slot in list(pool.places):
        pool.released(slot)
    ends: list[int] = []
    for second in range(81):
        ends += [second] * (10 - len(ends) - len(pool.places))
        pool.advance(1)
    assert ends[0] >= 100 * 0.8 * 0.9
    assert max(ends.count(second) for second in ends) <= 2


def test_a_long_life_keeps_a_minute_in_hand_and_no_more_than_a_tenth_of_the_rest() -> None:
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


def test_a_session_that_grew_too_old_on_lease_is_closed_when_it_comes_back() -> None:
    pool = model()
    pool.wait("alloy")
    slot = open_one(pool, life=50.0)
    pool.advance(45)
    waiter = pool.wait("alloy")
    pool.released(slot)
    assert slot not in pool.places
    assert waiter in pool.waiting


@pytest.mark.parametrize("life", [0.0, -1.0, -86_400.0])
def test_a_life_that_ended_before_it_began_is_a_wrong_clock_and_no_reason_to_reconnect_for_ever(
    life: float,
) -> None:
    pool = model(min_size=1)
    pool.warm("alloy")
    slot = open_one(pool, life)
    pool.advance(50)
    assert slot in pool.places


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


def test_a_service_that_cannot_be_reached_is_not_knocked_at_all_the_time() -> None:
    pool = model(min_size=1)
    pool.warm("alloy")
    assert 3 <= opened_while(pool, 60, pool.failed) <= 8


def test_a_service_that_hangs_up_at_once_is_not_knocked_at_all_the_time() -> None:
    pool = model(min_size=1)
    pool.warm("alloy")

    def hang_up(slot: int) -> None:
        pool.opened(slot)
        pool.lost(slot)

    assert 3 <= opened_while(pool, 60, hang_up) <= 8


def test_a_final_failure_is_not_repeated_before_somebody_asks_again() -> None:
    pool = model(min_size=1)
    pool.warm("alloy")
    assert opened_while(pool, 90, lambda slot: pool.failed(slot, final=True)) == 1
    pool.wait("alloy")
    assert len(opening(pool)) == 1


def test_restraint_does_not_bind_those_who_wait() -> None:
    pool = model(min_size=1)
    pool.warm("alloy")
    opened_while(pool, 60, pool.failed)
    waiter = pool.wait("alloy")
    assert open_one(pool) == pool.served[waiter]


@pytest.mark.parametrize("life", [0.1, 2.0, 20.0, 70.0])
def test_short_lives_are_not_renewed_all_the_time_for_nobody(life: float) -> None:
    pool = model(min_size=1)
    pool.warm("alloy", always=True)
    live_for(pool, 600.0, life)
    assert 3 <= pool.opened_ever["alloy"] <= 10
    pool.opened_ever.clear()
    live_for(pool, 3000.0, life)
    assert 3 <= pool.opened_ever["alloy"] <= 11


def live_for(pool: SlotsModel, seconds: float, life: float, dice: random.Random | None = None) -> None:
    """Every session lives for `life`; `dice` decides when there are requests, which take a second."""
    until = pool.now + seconds
    while pool.now < until:
        for slot in opening(pool):
            pool.opened(slot, life)
        if dice and dice.random() < 0.03:
            waiter = pool.wait("alloy")
            for slot in opening(pool):
                pool.opened(slot, life)
            pool.advance(1.0)
            pool.released(pool.served[waiter])
        pool.advance(0.1 if dice else 1.0)


@pytest.mark.parametrize("seed", range(6))
def test_short_lives_cost_a_request_one_opening_and_all_of_them_no_more_than_silence(seed: int) -> None:
    pool = model(min_size=1)
    pool.warm("alloy", always=True)
    live_for(pool, 600.0, 2.0, random.Random(seed))
    assert pool.asked > 20
    assert pool.opened_ever["alloy"] <= pool.asked + 10


def test_a_request_gets_a_session_at_once_though_lives_are_short() -> None:
    pool = model(min_size=1)
    pool.warm("alloy", always=True)
    live_for(pool, 500.0, 2.0)
    assert opening(pool) == []
    waiter = pool.wait("alloy")
    assert open_one(pool, life=2.0) == pool.served[waiter]


def test_a_short_life_that_was_used_is_followed_by_another() -> None:
    pool = model(min_size=1)
    waiter = pool.wait("alloy")
    slot = open_one(pool, life=50.0)
    assert pool.served[waiter] == slot
    pool.released(slot)
    pool.advance(40)
    assert pool.closed == {slot: "expired"}
    assert len(opening(pool)) == 1


def test_a_long_life_that_nobody_used_is_followed_by_another() -> None:
    pool = model(min_size=1, max_idle=1000.0)
    pool.warm("alloy", always=True)
    slot = open_one(pool, life=100.0)
    pool.advance(80)
    open_one(pool, life=100.0)
    assert pool.closed == {slot: "expired"}
    pool.advance(80)
    assert len(opening(pool)) == 1
    live_for(pool, 3000.0, 100.0)
    assert pool.opened_ever["alloy"] >= 3000 // 80


def test_a_clean_turn_ends_all_restraint() -> None:
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
