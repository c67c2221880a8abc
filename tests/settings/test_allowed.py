from typing import Annotated, Literal

import pytest
from msgspec import Meta

from wyoming_azure_realtime.settings.allowed import allowed
from wyoming_azure_realtime.settings.model import Seconds, Secret


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Literal["auto", "azure", "embedded"], "auto, azure or embedded"),
        (bool, "true or false"),
        (Annotated[int, Meta(ge=1, le=16)], "a whole number from 1 to 16"),
        (Annotated[int, Meta(ge=1024, le=16 << 20)], "a whole number from 1024 to 16777216"),
        (Annotated[float, Meta(ge=0.25, le=1.5)], "a number from 0.25 to 1.5"),
        (Seconds, "a number above 0, up to 86400"),
        (float, "a number"),
        (str, "a text"),
        (Secret, "a text"),
        (tuple[str, ...], "a list of texts"),
        (dict[str, str], "pairs of texts"),
    ],
)
def test_a_type_is_said_in_words(kind, words):
    assert allowed(kind) == words
