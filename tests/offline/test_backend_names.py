"""Names out of hints."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_azure_realtime.emulator.engines import EngineHints
from wyoming_azure_realtime.offline.backend import MAX_NAMES, names_of


@pytest.mark.parametrize(
    ("prompt", "names"),
    [
        ("Zorbin lamp, Quixel fan", ("Zorbin lamp", "Quixel fan")),
        ("Names: Zorbin lamp; Quixel fan and Brimlow.", ("Names", "Zorbin lamp", "Quixel fan", "Brimlow")),
        ("The speaker wants something of a home with lamps. Brimlow", ("Brimlow",)),
        (" ,;\n. ", ()),
    ],
)
def test_a_prompt_is_searched_for_names(prompt: str, names: tuple[str, ...]) -> None:
    assert names_of(EngineHints(prompt=prompt)) == names


def test_each_name_counts_once_and_keywords_come_first() -> None:
    hints = EngineHints(keywords=("Brimlow", "zorbin  lamp"), prompt="Zorbin Lamp, brimlow, fan")
    assert names_of(hints) == ("Brimlow", "zorbin lamp", "fan")


@given(st.lists(st.text(max_size=80), max_size=300), st.text(max_size=2000))
def test_names_are_bounded(keywords: list[str], prompt: str) -> None:
    names = names_of(EngineHints((), tuple(keywords), prompt))
    assert len(names) <= MAX_NAMES
    assert all(0 < len(name) <= 60 for name in names)
    assert len({name.casefold() for name in names}) == len(names)
