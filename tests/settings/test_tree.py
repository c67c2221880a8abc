import pytest

from wyoming_azure_realtime.settings.declaration import Path, render
from wyoming_azure_realtime.settings.tree import Branch, Leaf, origins, overlay, parse, put


def tree(**texts: str) -> Branch:
    """Keys with underscores for dots, all from one source that is named after the first text."""
    made = Branch("")
    for key, text in texts.items():
        put(made, parse(key.replace("__", ".")), Leaf(text, f"source of {text}"))
    return made


@pytest.mark.parametrize(
    ("path", "key"),
    [
        (("backend",), "backend"),
        (("recognition", "language"), "recognition.language"),
        (("targets", 0, "key"), "targets[0].key"),
        (("embedded", "names", 2), "embedded.names[2]"),
    ],
)
def test_a_path_is_written_as_users_write_it(path: Path, key: str) -> None:
    assert render(path) == key
    assert parse(key) == path


def test_the_upper_of_two_trees_wins_value_by_value() -> None:
    both = overlay(tree(a__x="1", a__y="2"), tree(a__y="3", b="4"))
    assert dict(origins(both)) == {"a.x": "source of 1", "a.y": "source of 3", "b": "source of 4"}


def test_the_trees_themselves_stay_as_they_were() -> None:
    under, over = tree(a__x="1"), tree(a__y="2")
    overlay(under, over)
    assert dict(origins(under)) == {"a.x": "source of 1"}
    assert dict(origins(over)) == {"a.y": "source of 2"}


def test_listeners_are_replaced_as_a_whole() -> None:
    under, over = Branch(""), Branch("")
    for index in (0, 1):
        put(under, ("listeners", index, "uri"), Leaf("x", "under"))
    put(over, ("listeners", 0, "uri"), Leaf("y", "over"))
    assert dict(origins(overlay(under, over))) == {"listeners[0].uri": "over"}


def test_an_empty_list_has_a_source_as_well() -> None:
    assert dict(origins(Branch("", children={"targets": Branch("here", sequence=True)}))) == {
        "targets": "here"
    }
