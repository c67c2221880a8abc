import re

import pytest

from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.settings.model import Secret, Settings
from wyoming_azure_realtime.settings.tree import (
    Branch,
    Leaf,
    Node,
    convert,
    impossible,
    parse,
    put,
    quote,
)


def tree(key: str, text: str) -> Branch:
    made = Branch("here")
    put(made, parse(key), Leaf(text, "here"))
    return made


def test_an_empty_tree_gives_the_defaults() -> None:
    assert convert(Branch(""), Settings) == Settings()


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("log.debug", "Yes", True),
        ("pool.max_size", " 8 ", 8),
        ("speech.speed", "1", 1.0),
        ("speech.instructions", " as it is ", " as it is "),
        ("recognition.noise_reduction", "off", "off"),
        ("http.token", "007", Secret("007")),
        ("embedded.names", "Luna,Sol", ("Luna", "Sol")),
        ("embedded.names", "", ()),
    ],
)
def test_a_text_becomes_what_its_type_says(key: str, text: str, value: object) -> None:
    section, field = key.split(".")
    assert getattr(getattr(convert(tree(key, text), Settings), section), field) == value


@pytest.mark.parametrize(
    ("key", "items", "message"),
    [
        ("embedded.names", 1001, "a list of 1001 (here). Allowed: at most 1000 items."),
        ("listeners", 0, "a list of 0 (here). Allowed: 1 to 64 items."),
        ("speech.substitutes", 10_001, "a mapping of 10001 (here). Allowed: at most 10000 items."),
    ],
)
def test_lists_and_mappings_have_the_lengths_that_are_declared(key: str, items: int, message: str) -> None:
    sequence = not key.endswith("substitutes")
    children: dict[str | int, Node] = {
        number if sequence else f"v{number}": Leaf("x", "here") for number in range(items)
    }
    made = Branch("here")
    put(made, parse(key), Branch("here", sequence, children))
    with pytest.raises(SettingsError, match=re.escape(f"{key} is {message}")):
        convert(made, Settings)


def test_a_quoted_value_is_one_short_printable_line() -> None:
    assert quote("a\nb") == r"'a\nb'"
    assert quote("ü\x1b") == r"'\xfc\x1b'"
    assert quote("x" * 1000) == f"'{'x' * 80}'… (1000 characters)"


def test_an_impossible_value_is_reported_with_key_source_and_what_is_allowed() -> None:
    error = impossible("pool.max_size", "'x'", "environment Y", "a number")
    assert str(error) == "pool.max_size is 'x' (environment Y). Allowed: a number."
    assert error.code == "settings-error"
