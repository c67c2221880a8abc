"""Which target is asked: preference, trust, and the way back."""

import pytest

from wyoming_azure_realtime.errors import AuthenticationFailed, ConnectFailed, SessionLost, SettingsError
from wyoming_azure_realtime.observe import ObservedEvent, Observer, TargetChanged
from wyoming_azure_realtime.settings.model import Target
from wyoming_azure_realtime.turns.backends import Backends
from wyoming_azure_realtime.turns.health import FINAL_ASIDE, FIRST_ASIDE, LONGEST_ASIDE

LOST = SessionLost("It was.")
REFUSED = AuthenticationFailed("It was.")


def targets(*names: str, observer: Observer | None = None) -> Backends:
    return Backends([Target(name=name) for name in names], "synthesis", observer or Observer())


def test_without_any_target_there_is_nothing_to_choose() -> None:
    with pytest.raises(SettingsError):
        targets()


def test_the_first_is_preferred() -> None:
    assert targets("a", "b").choose().name == "a"


def test_one_failure_is_tolerated_and_two_are_not() -> None:
    both = targets("a", "b")
    both.failed("a", LOST, now=100.0)
    assert both.choose().name == "a"
    both.failed("a", LOST, now=100.0)
    assert both.choose().name == "b"


def test_one_that_cannot_be_reached_is_set_aside_at_once() -> None:
    both = targets("a", "b")
    both.failed("a", ConnectFailed("Nobody answered."), now=100.0)
    assert both.choose().name == "b"
    assert both.due(100.0 + FIRST_ASIDE)


def test_what_cannot_heal_by_itself_is_set_aside_at_once() -> None:
    both = targets("a", "b")
    both.failed("a", REFUSED, now=100.0)
    assert both.choose().name == "b"
    assert [state.state for state in both.states(100.0, 100.0).values()] == ["failing", "untried"]
    assert not both.due(99.0 + FINAL_ASIDE)
    assert both.due(100.0 + FINAL_ASIDE)


def test_a_target_set_aside_is_still_asked_when_there_is_no_other() -> None:
    both = targets("a", "b")
    for name in ("a", "b"):
        both.failed(name, REFUSED, now=100.0)
    assert both.choose().name == "a"
    assert both.choose(avoid={"a"}).name == "b"
    assert both.choose(avoid={"a", "b"}).name == "a"


def test_a_probe_is_due_later_with_every_failure_up_to_a_minute() -> None:
    one = targets("a")
    one.failed("a", LOST, now=0.0)
    assert not one.due(1e9)
    waits = []
    for _ in range(20):
        one.failed("a", LOST, now=0.0)
        waits.append(next(second for second in range(1000) if one.due(float(second))))
    assert waits[0] == FIRST_ASIDE
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_ASIDE


def test_any_success_restores_trust() -> None:
    both = targets("a", "b")
    both.failed("a", REFUSED, now=100.0)
    both.succeeded("a", now=200.0)
    assert both.choose().name == "a"
    assert not both.due(1e9)


def test_the_observer_is_told_once_that_a_target_is_set_aside_and_once_that_it_is_back() -> None:
    events: list[ObservedEvent] = []
    one = targets("a", observer=Observer(events.append))
    one.succeeded("a", now=200.0)
    for _ in range(5):
        one.failed("a", LOST, now=0.0)
    one.succeeded("a", now=200.0)
    one.succeeded("a", now=200.0)
    assert events == [
        TargetChanged("a", "synthesis", working=True),
        TargetChanged("a", "synthesis", working=False, error=LOST),
        TargetChanged("a", "synthesis", working=True),
    ]
