import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wyoming_azure_realtime.realtime.session_config import Hints
from wyoming_azure_realtime.speech.bias import LONGEST_NAME, MOST_CHARACTERS, echoes, expected_names

NAMES = ("Luna", "Sol", "Küchenlampe", "Ada's room")


# --- which names


def test_the_request_comes_before_the_settings_and_these_before_the_home():
    assert expected_names(["c"], ["b", "a"], ["d"], most=9) == ("c", "b", "a", "d")


def test_a_name_counts_once_whatever_its_case_and_as_it_was_first_written():
    assert expected_names(["Luna", "STRASSE"], ["luna", "straße", "Sol"], most=9) == (
        "Luna",
        "STRASSE",
        "Sol",
    )


def test_the_last_names_are_the_ones_left_out():
    assert expected_names(["a", "b"], ["c"], ["d"], most=3) == ("a", "b", "c")
    assert expected_names(["a"], most=0) == ()


def test_a_name_is_one_line_of_some_letters_that_somebody_may_say():
    odd = ["", " ", "...", "x" * (LONGEST_NAME + 1), "Two\nlines", "  wide   name ", "\u200bhidden\x00", "7"]
    assert expected_names(odd, most=9) == ("Two lines", "wide name", "hidden", "7")


@given(st.lists(st.lists(st.text(max_size=80), max_size=30), max_size=4), st.integers(0, 40))
@settings(max_examples=50)
def test_whatever_comes_in_what_comes_out_is_bounded_and_without_doubles(sources: list[list[str]], most: int):
    names = expected_names(*sources, most=most)
    assert len(names) <= most
    assert sum(map(len, names)) <= MOST_CHARACTERS
    assert len({name.casefold() for name in names}) == len(names)
    assert all(name.isprintable() and name == name.strip() for name in names)


@pytest.mark.parametrize(
    "text",
    [
        "Luna, Sol, Küchenlampe, Ada's room.",
        "luna sol",
        "Sol. Küchenlampe!",
        "Luna, Ada's Room",
        "LUNA, SOL, LUNA, SOL, LUNA, SOL",
        "Luna,Sol,KÜCHENLAMPE",
    ],
)
def test_a_list_of_the_names_in_their_order_is_an_echo(text: str):
    assert echoes(text, Hints("de", keywords=NAMES))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "...",
        "Luna",
        "Luna!",
        "Sol, Luna",
        "Luna and Sol",
        "Turn on Luna and Sol",
        "Luna Sol an",
        "Lunasolstice",
        "What is the time?",
    ],
)
def test_a_command_or_a_single_name_is_none(text: str):
    assert not echoes(text, Hints("de", keywords=NAMES))


@pytest.mark.parametrize(
    ("text", "echo"),
    [
        ("The lamps are called Luna and Sol.", True),
        ("the lamps are called luna and sol", True),
        ("the lamps are called", False),
        ("Luna and Sol", False),
        ("The lamps are called Luna and Sol. Büro, Bad.", True),
        ("Büro, Bad", True),
        ("Büro", False),
    ],
)
def test_the_whole_prompt_is_an_echo_and_so_is_what_was_added_to_it(text: str, echo: bool):
    hints = Hints(prompt="The lamps are called Luna and Sol.", keywords=("Büro", "Bad"))
    assert echoes(text, hints) is echo


def test_a_prompt_that_lists_names_is_a_list_of_names():
    hints = Hints(prompt="Küche, Bad, Büro")
    assert echoes("Bad, Büro.", hints)
    assert not echoes("Bad.", hints)


def test_without_hints_nothing_is_an_echo():
    assert not echoes("Luna, Sol", Hints("en"))


def test_names_in_a_script_without_spaces_are_found():
    assert echoes("居間、寝室。", Hints("ja", keywords=("居間", "寝室", "台所")))


@given(
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True),
    st.sampled_from([", ", ". ", " ", "! "]),
)
def test_names_in_their_order_are_echoes_from_two_on(names: list[str], between: str):
    names.sort(key=NAMES.index)
    assert echoes(between.join(names), Hints(keywords=NAMES)) == (len(names) > 1)


@given(st.text(max_size=300), st.text(max_size=100), st.lists(st.text(max_size=20), max_size=20))
@settings(max_examples=50)
def test_any_text_is_judged(text: str, prompt: str, names: list[str]):
    assert echoes(text, Hints(prompt=prompt, keywords=tuple(names))) in (True, False)
