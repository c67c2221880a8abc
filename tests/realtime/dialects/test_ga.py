import pytest

from tests.support.realtime_samples import CLIENT_EVENTS, SERVER_EVENTS, JsonObject, name_of
from wyoming_azure_realtime.realtime.dialects.base import GaDialect

GA = GaDialect()


@pytest.mark.parametrize("event", CLIENT_EVENTS, ids=name_of)
def test_client_events_pass_untouched(event: JsonObject) -> None:
    assert event["type"] not in GA.translated
    assert GA.client_to_wire(event) == event
    assert GA.client_from_wire(event) == event


@pytest.mark.parametrize("event", SERVER_EVENTS, ids=name_of)
def test_server_events_pass_untouched(event: JsonObject) -> None:
    assert event["type"] not in GA.translated
    assert GA.server_to_wire(event) == event
    assert GA.server_from_wire(event) == event


def test_parameters_are_called_what_they_are() -> None:
    assert GA.parameter("session.audio.output.voice") == "session.audio.output.voice"
