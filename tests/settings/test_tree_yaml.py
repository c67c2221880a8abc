from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.settings_sources import complaint
from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.settings.tree import MAX_DEPTH, Branch, Leaf, Node, read_yaml


def plain(node: Node) -> Any:
    """The tree without its sources."""
    if isinstance(node, Leaf):
        return node.text
    children = {step: plain(child) for step, child in node.children.items()}
    return list(children.values()) if node.sequence else children


def read(text: str) -> Any:
    return plain(read_yaml(text, "x.yaml"))


def test_mappings_and_lists_become_a_tree_of_texts() -> None:
    assert read("a: b\nc: {d: [e, 'f']}\n") == {"a": "b", "c": {"d": ["e", "f"]}}


@pytest.mark.parametrize("text", ["off", "no", "2025-04-01", "1:30", "0x10", "1e3", "007", "true"])
def test_a_plain_word_stays_what_it_looks_like(text: str) -> None:
    assert read(f"a: {text}") == {"a": text}


@pytest.mark.parametrize("nothing", ["", "~", "null"])
def test_a_key_without_a_value_is_as_good_as_absent(nothing: str) -> None:
    assert read(f"a: {nothing}\nb: c") == {"b": "c"}


def test_a_quoted_nothing_is_a_value() -> None:
    assert read("a: ''\nb: 'null'") == {"a": "", "b": "null"}


@pytest.mark.parametrize("text", ["", "# only a comment", "---\n", "~"])
def test_an_empty_file_gives_nothing(text: str) -> None:
    assert read(text) == {}


def test_every_value_knows_its_line() -> None:
    tree = read_yaml("a: 1\nb:\n  c: 2\n", "x.yaml")
    assert tree.children["a"] == Leaf("1", "file x.yaml:1")
    below = tree.children["b"]
    assert isinstance(below, Branch)
    assert below.children["c"] == Leaf("2", "file x.yaml:3")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2", r"x\.yaml:2 has the key 'a' twice"),
        ("b: {a: 1, 'a': 2}", "twice"),
        ("- a\n- b", "no mapping"),
        ("just a text", "no mapping"),
        ("a: &x [1]\nb: *x", r"x\.yaml:2 uses an alias"),
        ("a: &x [*x]", "alias"),
        ("a: 1\n---\nb: 2", "second document"),
        ("~\n---\nb: 2", "second document"),
        ("? [a]\n: b", "no plain text"),
        ("a: !!int 3", "tag"),
        ("a: !secret http_token", "has a tag.*!secret"),
        ("a: !!python/object:os.system {}", "tag"),
        ("a: [", r"x\.yaml:\d+ is no YAML"),
        ("a: b: c", r"x\.yaml:1 is no YAML"),
        ("a: \x07", "is no YAML"),
        ("\tb: c", "is no YAML"),
    ],
)
def test_what_is_no_plain_settings_file_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        read_yaml(text, "x.yaml")


STAIRS = "\n".join(" " * level + "a:" for level in range(MAX_DEPTH + 2)) + " b"


@pytest.mark.parametrize("text", ["[" * 250_000, "{" * 250_000, "- " * 100_000, "? " * 100_000, STAIRS])
def test_deep_nesting_is_refused_at_once(text: str) -> None:
    with pytest.raises(SettingsError):
        read_yaml(text, "x.yaml")


def test_a_bomb_of_aliases_is_refused() -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40)]
    with pytest.raises(SettingsError, match="alias"):
        read_yaml("\n".join(lines), "x.yaml")


yaml_like = st.lists(
    st.one_of(
        st.sampled_from(
            ["a", "b: ", "- ", "\n", "  ", ": ", "[", "]", "{", "}", ",", "&x ", "*x", "!!int ", "!t "]
        ),
        st.sampled_from(
            ["'", '"', "|", ">", "#", "%YAML 1.1\n", "---\n", "...\n", "? ", "<<: ", "\\", "\t", "~"]
        ),
        st.text(max_size=3),
    ),
    max_size=30,
).map("".join)


@given(st.one_of(yaml_like, st.text(st.characters(exclude_categories=["Cs"]))))
@settings(max_examples=400)
def test_any_text_is_a_tree_or_a_settings_error(text: str) -> None:
    assert "\n" not in complaint(lambda: read_yaml(text, "x.yaml"))
