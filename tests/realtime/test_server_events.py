import msgspec
import pytest

from tests.support.realtime_samples import SERVER_EVENTS, JsonObject, name_of
from wyoming_azure_realtime.realtime.server_events import by_type


def test_every_event_of_the_reference_is_known() -> None:
    assert set(by_type()) == {event["type"] for event in SERVER_EVENTS}


@pytest.mark.parametrize("event", SERVER_EVENTS, ids=name_of)
def test_every_field_of_the_reference_is_kept(event: JsonObject) -> None:
    decoded = msgspec.convert(event, by_type()[event["type"]])
    kept = msgspec.to_builtins(decoded)
    if event["type"].endswith("transcription.failed") or event["type"] == "error":
        event = {**event, "error": {"param": None, "event_id": None, **event["error"]}}
    assert kept == event


@pytest.mark.parametrize("event", SERVER_EVENTS, ids=name_of)
def test_fields_that_nobody_documented_are_ignored(event: JsonObject) -> None:
    kind = by_type()[event["type"]]
    assert msgspec.convert({**event, "obfuscation": "x"}, kind) == msgspec.convert(event, kind)
