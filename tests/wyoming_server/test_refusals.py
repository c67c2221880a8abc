import pytest

from wyoming_azure_realtime.errors import (
    AudioTooLong,
    BackendTimeout,
    SpeechServiceError,
    TextTooLong,
    TooManyRequests,
    UnknownVoice,
)
from wyoming_azure_realtime.wyoming_server.reader import MalformedEvent
from wyoming_azure_realtime.wyoming_server.refusals import Bound, Refusals, bound_of


def test_every_refusal_is_counted_under_its_bound():
    refusals = Refusals()
    refusals.note(Bound.HEADER, "long")
    refusals.note(Bound.HEADER, "long")
    refusals.count(Bound.IDLE)
    assert refusals.counts == {"limits.max_header": 2, "limits.idle": 1}
    assert str(refusals) == "limits.idle: 1, limits.max_header: 2"


def test_a_flood_is_a_few_lines_in_the_log_and_then_a_number(caplog):
    now = 0.0
    refusals = Refusals(lambda: now)
    for at in range(1000):
        refusals.note(Bound.HEADER, f"number {at}")
    refusals.note(Bound.DATA, "another kind")
    assert [record.getMessage() for record in caplog.records] == [
        *(f"number {at}" for at in range(5)),
        "another kind",
    ]
    now = 61.0
    refusals.note(Bound.HEADER, "again")
    assert caplog.records[-1].getMessage() == "again (after 995 more that were not logged)"
    assert refusals.counts[Bound.HEADER] == 1001


@pytest.mark.parametrize(
    ("error", "bound"),
    [
        (MalformedEvent("No."), "malformed"),
        (MalformedEvent("No.", bound=Bound.PAYLOAD), "limits.max_payload"),
        (AudioTooLong("No."), "recognition.max_seconds"),
        (TextTooLong("No."), "speech.max_characters"),
        (TooManyRequests("No."), "pool.max_waiting"),
        (UnknownVoice("No."), "unknown-voice"),
        (BackendTimeout("No."), ""),
    ],
)
def test_what_the_client_overstepped_is_told_by_the_error(error: SpeechServiceError, bound: str):
    assert bound_of(error) == bound
