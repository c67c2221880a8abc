from hypothesis import given, settings
from hypothesis import strategies as st

from wyoming_azure_realtime.speech.expectations import LONGEST_NAME, MOST_CHARACTERS, expected_names

# --- which names


def test_the_request_comes_before_the_settings_and_these_before_the_home() -> None:
    assert expected_names(["c"], ["b", "a"], ["d"], most=9) == ("c", "b", "a", "d")


def test_a_name_counts_once_whatever_its_case_and_as_it_was_first_written() -> None:
    assert expected_names(["Luna", "STRASSE"], ["luna", "straße", "Sol"], most=9) == (
        "Luna",
        "STRASSE",
        "Sol",
    )


def test_the_last_names_are_the_ones_left_out() -> None:
    assert expected_names(["a", "b"], ["c"], ["d"], most=3) == ("a", "b", "c")
    assert expected_names(["a"], most=0) == ()


def test_a_name_is_one_line_of_some_letters_that_somebody_may_say() -> None:
    odd = [
        "",
        " ",
        "...",
        "x" * (LONGEST_NAME + 1),
        "Two\nlines",
        "  wide   name ",
        "\u200bhidden\x00",
        "7",
        "<b>Lamp</b> <1>",
    ]
    assert expected_names(odd, most=9) == ("Two lines", "wide name", "hidden", "7", "b Lamp /b 1")


@given(st.lists(st.lists(st.text(max_size=80), max_size=30), max_size=4), st.integers(0, 40))
@settings(max_examples=50)
def test_whatever_comes_in_what_comes_out_is_bounded_and_without_doubles(
    sources: list[list[str]], most: int
) -> None:
    names = expected_names(*sources, most=most)
    assert len(names) <= most
    assert sum(map(len, names)) <= MOST_CHARACTERS
    assert len({name.casefold() for name in names}) == len(names)
    assert all(name.isprintable() and name == name.strip() for name in names)
    assert not any(refused in name for name in names for refused in "<>\r\n")
