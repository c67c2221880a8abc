"""A request's way through failures, in given time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_azure_realtime.errors import (
    AuthenticationFailed,
    BackendError,
    ConnectFailed,
    PoolTimeout,
    RateLimited,
    SessionLost,
    SpeechServiceError,
)
from wyoming_azure_realtime.observe import Observer
from wyoming_azure_realtime.settings.model import Target
from wyoming_azure_realtime.turns.backends import LONGEST_WAIT, Backends, Retry, SessionSilent
from wyoming_azure_realtime.turns.health import FIRST_ASIDE

LOST = SessionLost("It was.")
REFUSED = AuthenticationFailed("It was.")


class Trying(Retry):
    """With a deadline of 30 seconds, unless another one is given."""

    def __init__(self, *names: str, deadline: float = 30.0, one_round: bool = False) -> None:
        self.backends = Backends([Target(name=name) for name in names], "recognition", Observer())
        super().__init__(self.backends, one_round=one_round)
        self._deadline = deadline

    def fails(self, error: SpeechServiceError, now: float) -> float:
        return self.failed(error, now, self._deadline)


def test_another_session_is_tried_first_then_another_target() -> None:
    trying = Trying("a", "b")
    order = []
    for _ in range(4):
        order.append(trying.choose().name)
        trying.fails(LOST, now=0.0)
    assert order == ["a", "a", "b", "b"]


def test_the_first_retry_does_not_wait() -> None:
    trying = Trying("a")
    trying.choose()
    assert trying.fails(LOST, now=0.0) == 0.0


def test_a_final_refusal_ends_it_where_there_is_no_other_target() -> None:
    trying = Trying("a")
    trying.choose()
    with pytest.raises(AuthenticationFailed):
        trying.fails(REFUSED, now=0.0)


def test_a_final_refusal_leads_to_the_next_target_at_once() -> None:
    trying = Trying("a", "b")
    trying.choose()
    assert trying.fails(REFUSED, now=0.0) == 0.0
    assert trying.choose().name == "b"


def test_a_rate_limit_leads_to_the_next_target_and_without_one_is_waited_for() -> None:
    limited = RateLimited("It is.", retry_after=7.0)
    trying = Trying("a", "b")
    trying.choose()
    assert trying.fails(limited, now=0.0) == 0.0
    assert trying.choose().name == "b"
    alone = Trying("a")
    alone.choose()
    assert alone.fails(limited, now=0.0) == 7.0
    assert alone.choose().name == "a"


@pytest.mark.parametrize("silence", [ConnectFailed("Nobody answered."), PoolTimeout("No session.")])
def test_a_door_that_nobody_opens_is_not_knocked_at_twice_where_there_is_another(
    silence: SpeechServiceError,
) -> None:
    trying = Trying("a", "b")
    trying.choose()
    assert trying.fails(silence, now=0.0) == 0.0
    assert trying.choose().name == "b"
    alone = Trying("a")
    alone.choose()
    assert alone.fails(silence, now=0.0) == 0.0
    assert alone.choose().name == "a"


def test_a_passing_refusal_is_no_reason_to_leave_a_target() -> None:
    trying = Trying("a", "b")
    trying.choose()
    assert trying.fails(ConnectFailed("Too busy.", status=503), now=0.0) == 0.0
    assert trying.choose().name == "a"


def test_a_wait_beyond_the_deadline_is_the_end() -> None:
    trying = Trying("a", deadline=5.0)
    trying.choose()
    with pytest.raises(RateLimited):
        trying.fails(RateLimited("It is.", retry_after=7.0), now=0.0)


def test_where_time_ends_before_there_is_another_session_the_failure_before_is_told() -> None:
    trying = Trying("a", deadline=5.0)
    trying.choose()
    assert trying.fails(LOST, now=4.9) == 0.0
    trying.choose()
    with pytest.raises(SessionLost):
        trying.fails(PoolTimeout("No session."), now=5.0)


@given(
    names=st.integers(1, 4),
    failures=st.lists(
        st.sampled_from(
            [LOST, REFUSED, ConnectFailed("x"), RateLimited("x"), RateLimited("x", retry_after=1.5)]
        ),
        max_size=200,
    ),
    step=st.floats(0.0, 2.0),
)
def test_it_ends_at_the_deadline_and_never_waits_beyond(
    names: int, failures: list[BackendError], step: float
) -> None:
    trying = Trying(*map(str, range(names)), deadline=30.0)
    now = 0.0
    for failure in failures:
        trying.choose()
        try:
            wait = trying.fails(failure, now)
        except type(failure):
            return
        assert 0.0 <= wait <= max(LONGEST_WAIT, getattr(failure, "retry_after", None) or 0.0)
        assert now + wait < 30.0 or wait == 0.0
        now += wait + step


SILENT = SessionSilent("It is.")
ANSWERED_503 = ConnectFailed("It was refused.", status=503)


@pytest.mark.parametrize(
    "error", [ANSWERED_503, SILENT, REFUSED, PoolTimeout("Late."), RateLimited("Later.")]
)
def test_where_somebody_else_answers_every_target_is_asked_once_and_set_aside(error: BackendError) -> None:
    trying = Trying("a", "b", one_round=True)
    assert trying.choose().name == "a"
    assert trying.fails(error, now=0.0) == 0.0
    assert trying.choose().name == "b"
    with pytest.raises(type(error)):
        trying.fails(error, now=0.0)
    assert not trying.backends.working()


def test_a_session_that_broke_is_replaced_at_once_even_then() -> None:
    trying = Trying("a", one_round=True)
    trying.choose()
    assert trying.fails(LOST, now=0.0) == 0.0
    assert trying.backends.working()
    assert trying.choose().name == "a"
    with pytest.raises(SessionLost):
        trying.fails(LOST, now=0.0)
    assert not trying.backends.working()


def test_those_that_are_set_aside_are_not_asked_then() -> None:
    trying = Trying("a", "b", one_round=True)
    trying.backends.failed("b", REFUSED, now=0.0)
    trying.choose()
    with pytest.raises(ConnectFailed):
        trying.fails(ANSWERED_503, now=0.0)


def test_requests_that_fail_at_the_same_time_do_not_make_the_outage_longer() -> None:
    backends = Trying("a").backends
    for _ in range(5):
        backends.failed("a", ANSWERED_503, now=0.0, at_once=True)
    assert backends.due(FIRST_ASIDE)
