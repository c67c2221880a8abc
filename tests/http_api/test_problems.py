from collections.abc import Iterator

import pytest

from wyoming_azure_realtime import errors
from wyoming_azure_realtime.errors import RateLimited, SpeechServiceError
from wyoming_azure_realtime.http_api.problems import STATUSES, status_of


def family(kind: type[SpeechServiceError] = SpeechServiceError) -> Iterator[type[SpeechServiceError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from family(child)


OURS = [kind for kind in family() if kind.__module__ == errors.__name__]


def test_every_error_of_the_family_has_a_status() -> None:
    assert set(STATUSES) == set(OURS)


@pytest.mark.parametrize("kind", OURS)
def test_clients_are_blamed_for_their_own_mistakes_only(kind: type[SpeechServiceError]) -> None:
    status = STATUSES[kind].status
    if issubclass(kind, errors.RequestError):
        assert status in {400, 413}
    else:
        assert status in {429, 500, 502, 503, 504}


@pytest.mark.parametrize("kind", OURS)
def test_a_pause_is_told_only_where_another_attempt_may_help(kind: type[SpeechServiceError]) -> None:
    if STATUSES[kind].retry_after is not None:
        assert kind.retryable or kind is errors.PoolClosed


def test_a_class_out_of_the_table_is_answered_as_its_ancestor() -> None:
    class Stranger(errors.UnknownVoice):
        pass

    assert status_of(Stranger("?")) == STATUSES[errors.UnknownVoice]


@pytest.mark.parametrize(("said", "told"), [(0.2, 1), (2.0, 2), (2.1, 3), (None, 10)])
def test_a_rate_limit_tells_the_pause_that_the_service_asked_for(said: float | None, told: int) -> None:
    assert status_of(RateLimited("Slow down.", retry_after=said)) == (429, told)
