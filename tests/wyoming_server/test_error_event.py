from collections.abc import Iterator

import pytest

from wyoming_azure_realtime.errors import SpeechServiceError, UnknownVoice
from wyoming_azure_realtime.wyoming_server.error_event import error_event
from wyoming_azure_realtime.wyoming_server.reader import MalformedEvent


def family(root: type[SpeechServiceError]) -> Iterator[type[SpeechServiceError]]:
    yield root
    for kind in root.__subclasses__():
        yield from family(kind)


@pytest.mark.parametrize("kind", sorted(set(family(SpeechServiceError)), key=lambda kind: kind.__name__))
def test_every_error_of_the_family_becomes_an_event_with_its_code(kind: type[SpeechServiceError]):
    event = error_event(kind("Something happened.", advice="Do something."))
    assert (event.text, event.code) == ("Something happened. Do something.", kind.code)


def test_a_malformed_event_is_an_invalid_request():
    assert error_event(MalformedEvent("No.")).code == "invalid-request"


def test_a_code_is_no_class_name():
    assert error_event(UnknownVoice("No.")).code == "unknown-voice"
