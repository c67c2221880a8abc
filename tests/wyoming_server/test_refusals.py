import logging

import pytest

from wyoming_azure_realtime.errors import (
    AudioTooLong,
    BackendTimeout,
    SpeechServiceError,
    TextTooLong,
    TooManyRequests,
    UnknownVoice,
)
from wyoming_azure_realtime.observe import ClientRefused, ObservedEvent, Observer
from wyoming_azure_realtime.wyoming_server.reader import MalformedEvent
from wyoming_azure_realtime.wyoming_server.refusals import Bound, Refusals, bound_of


def test_every_refusal_is_counted_under_its_bound_and_reported():
    events: list[ObservedEvent] = []
    refusals = Refusals(Observer(events.append))
    refusals.note(Bound.HEADER, "long")
    refusals.note(Bound.HEADER, "longer", logging.INFO)
    refusals.count(Bound.IDLE)
    assert refusals.counts == {"limits.max_header": 2, "limits.idle": 1}
    assert str(refusals) == "limits.idle: 1, limits.max_header: 2"
    assert events == [
        ClientRefused("wyoming", "limits.max_header", "long"),
        ClientRefused("wyoming", "limits.max_header", "longer", logging.INFO),
        ClientRefused("wyoming", "limits.idle"),
    ]


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
