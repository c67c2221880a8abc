from wyoming_azure_realtime.pool.openings import LONGEST_PAUSE, Backoff


def waits(backoff: Backoff, moments: list[float]) -> list[float]:
    seen = []
    for now in moments:
        backoff.failed(now)
        seen.append(backoff.until - now)
    return seen


def test_it_doubles_from_one_second_to_five_minutes() -> None:
    backoff = Backoff()
    seen = []
    for _ in range(11):
        now = backoff.until
        backoff.failed(now)
        seen.append(backoff.until - now)
    assert seen == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


def test_failures_at_the_same_moment_count_one_by_one() -> None:
    assert waits(Backoff(), [5.0, 5.0, 5.0]) == [1, 2, 4]


def test_a_quiet_while_ends_the_row() -> None:
    assert waits(Backoff(), [0.0, 1.0, 3.0 + LONGEST_PAUSE]) == [1, 2, 1]


def test_before_any_failure_there_is_nothing_to_wait_for() -> None:
    assert Backoff().until == 0.0
