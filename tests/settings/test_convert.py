import pytest

from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.settings.convert import MAX_ITEMS, impossible, quote, to_settings
from wyoming_azure_realtime.settings.model import Secret, Settings
from wyoming_azure_realtime.settings.tree import Branch, Leaf, parse, put


def tree(key: str, text: str) -> Branch:
    made = Branch("here")
    put(made, parse(key), Leaf(text, "here"))
    return made


def test_an_empty_tree_gives_the_defaults():
    assert to_settings(Branch("")) == Settings()


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
def test_a_text_becomes_what_its_type_says(key, text, value):
    section, field = key.split(".")
    assert getattr(getattr(to_settings(tree(key, text)), section), field) == value


def test_lists_have_an_end():
    many = Branch("here", sequence=True, children={n: Leaf("x", "here") for n in range(MAX_ITEMS + 1)})
    section = Branch("here", children={"names": many})
    with pytest.raises(SettingsError, match=r"embedded\.names is too long"):
        to_settings(Branch("here", children={"embedded": section}))


def test_a_quoted_value_is_one_short_printable_line():
    assert quote("a\nb") == r"'a\nb'"
    assert quote("ü\x1b") == r"'\xfc\x1b'"
    assert quote("x" * 1000) == f"'{'x' * 80}'… (1000 characters)"


def test_an_impossible_value_is_told_with_key_source_and_what_is_allowed():
    error = impossible("pool.max_size", "'x'", "environment Y", "a number")
    assert str(error) == "pool.max_size is 'x' (environment Y). Allowed: a number."
    assert error.code == "settings-error"
