"""What models write when nobody speaks is no text; what somebody says is."""

from importlib.resources import files
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.timed_speech import rendition
from wyoming_azure_realtime.audio.endpointer import Endpointer
from wyoming_azure_realtime.audio.pcm import REALTIME, silence
from wyoming_azure_realtime.realtime.session_config import Hints
from wyoming_azure_realtime.speech.inventions import SHARE, echoes, seconds_to_say, spoken_text

DATA: dict[str, Any] = msgspec.toml.decode(
    files("wyoming_azure_realtime.speech").joinpath("inventions.toml").read_bytes()
)
KNOWN = [
    (known["language"], text)
    for known in DATA["known"]
    for text in (*known.get("whole", ()), *(f"{text} Jane Doe 2021" for text in known.get("begins", ())))
]
EN = Hints("en")
NAMES = ("Luna", "Sol", "Küchenlampe", "Ada's room", "Lampe (links)")
HOME = Hints("de", "The lamps are called Luna and Sol.", NAMES)
NOISE = 0.24
"""Seconds that a detector may take for speech in noise."""


# --- notes, blanks and dashes


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        ".",
        "...",
        "-",
        "—\n",
        "。",
        "[BLANK_AUDIO]",
        " [ Silence ]\n",
        "(music)",
        "(keyboard clicking)",
        "*sighs*",
        "♪♪♪",
        "♪ La la la ♪",
        "[BLANK_AUDIO] (wind blowing) -",
        "<|audio_text|>",
        "\uff08音楽\uff09",
        "【拍手】",
    ],
)
def test_of_notes_nothing_is_kept_however_long_somebody_spoke(text: str) -> None:
    assert spoken_text(text, EN, 30) == ""


@pytest.mark.parametrize(
    "text",
    [
        "  Turn it on.\n",
        "- Turn it on. -",
        "Turn it on. —",
        "[BLANK_AUDIO] Turn it on.",
        "Turn it on. (laughs)",
        "♪ Turn it on.",
        "Turn [inaudible] it on.",
        "<|audio_text|>Turn it on.",
        "Turn\nit  on.",
    ],
)
def test_what_stands_beside_notes_is_kept_as_it_is(text: str) -> None:
    assert spoken_text(text, EN, 30) == spoken_text(text, EN, 0) == "Turn it on."


@pytest.mark.parametrize(
    "text", ["Set it to -5 degrees.", "-5", "Call (555) 123", "Termin (Zahnarzt) eintragen", "C#", "$5"]
)
def test_signs_that_mean_something_stay(text: str) -> None:
    assert spoken_text(text, EN, 30) == text


@pytest.mark.parametrize("text", ["Lampe (links)", "Lampe (links) an", "Schalte Lampe (Links) aus."])
def test_a_name_keeps_its_brackets(text: str) -> None:
    assert spoken_text(text, HOME, 30) == text


# --- inventions


@pytest.mark.parametrize(("language", "text"), KNOWN)
def test_a_known_invention_is_no_text_in_noise_and_one_where_somebody_said_it(
    language: str, text: str
) -> None:
    for asked in (language, "en", "ja"):
        assert spoken_text(text, Hints(asked), NOISE) == ""
        assert spoken_text(f" {text.upper()}!", Hints(asked), 0) == ""
    assert spoken_text(text, Hints(language), 1.1 * seconds_to_say(text) + 0.2) != ""


def test_every_invention_says_where_it_was_seen() -> None:
    assert all(known["seen"] for known in DATA["known"])
    assert len({known["language"] for known in DATA["known"]}) == len(DATA["known"]) >= 30


@pytest.mark.parametrize(
    ("text", "voice"),
    [
        ("Thank you.", "en-us"),
        ("Bye.", "en-us"),
        ("Vielen Dank.", "de"),
        ("Merci.", "fr"),
        ("Спасибо.", "ru"),
        ("谢谢", "cmn"),
        ("ありがとうございました", "ja"),
        ("감사합니다.", "ko"),
        ("Thanks for watching!", "en-us"),
        ("Продолжение следует", "ru"),
    ],
)
@pytest.mark.parametrize("speed", [0.8, 1.0, 1.2])
def test_who_says_it_is_heard(text: str, voice: str, speed: float) -> None:
    endpointer = Endpointer(REALTIME)
    endpointer.feed(silence(500) + rendition(text, voice=voice, speed=speed).pcm + silence(500))
    assert spoken_text(text, EN, endpointer.speech) == text


def test_a_second_of_sure_speech_is_enough_to_thank() -> None:
    assert spoken_text("Thank you.", EN, 1.0) == "Thank you."
    assert spoken_text("Untertitel der Amara.org-Community", Hints("de"), 0.6) == ""


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Turn on the lights. Thanks for watching!", "Turn on the lights."),
        ("Turn on the lights. Thank you. Thank you.", "Turn on the lights."),
        ("Licht an. Untertitel im Auftrag des ZDF, 2021", "Licht an."),
        ("電気をつけて。ご視聴ありがとうございました。", "電気をつけて。"),
        ("Turn on the lights, thank you", "Turn on the lights"),
    ],
)
def test_behind_a_command_it_is_cut_off_where_there_was_no_time_to_say_it(text: str, kept: str) -> None:
    seconds = SHARE * seconds_to_say(kept)
    assert spoken_text(text, Hints("ja"), seconds) == kept
    assert spoken_text(text, Hints("ja"), 0) == kept
    assert spoken_text(text, Hints("ja"), seconds_to_say(text)) == text


@pytest.mark.parametrize("seconds", [0, NOISE, 5])
@pytest.mark.parametrize(
    "text",
    [
        "Turn on the lights.",
        "Stop.",
        "Yes.",
        "No.",
        "Okay.",
        "Subtitle on.",
        "What is the time?",
        "Schalte das Licht aus.",
        "20",
    ],
)
def test_anything_else_is_kept_even_where_nobody_seems_to_have_spoken(text: str, seconds: float) -> None:
    assert spoken_text(text, EN, seconds) == text


@pytest.mark.parametrize(
    "text",
    [
        "I'm going to do this. " * 3,
        "I'm going to use the other side of the screen. " * 100 + "I'm going to",
        "Hello, hello, hello",
    ],
)
def test_a_loop_is_no_text_where_there_was_no_time_for_it(text: str) -> None:
    assert spoken_text(text, EN, NOISE) == ""
    assert spoken_text(text, EN, 600) == text.strip()


@pytest.mark.parametrize(
    ("language", "text", "is_text"),
    [
        ("en", "아버지가 방에 들어가신다.", False),
        ("de", "Ладно, поехали.", False),
        ("en", "今日は。", False),
        ("ja", "今日は。", True),
        ("ru", "Ладно, поехали.", True),
        ("ru", "Turn on the lights.", True),
        ("he", "שלום לך", True),
        ("zh-TW", "開燈。", True),
        ("am", "መብራቱን አብራ", True),
        ("en", "12:30", True),
    ],
)
def test_a_foreign_script_is_text_only_where_somebody_spoke(language: str, text: str, is_text: bool) -> None:
    assert bool(spoken_text(text, Hints(language), 0)) is is_text
    assert spoken_text(text, Hints(language), 5) == text


def test_a_name_in_another_script_is_at_home() -> None:
    assert spoken_text("Люстра an", Hints("de", keywords=("Люстра",)), 0) == "Люстра an"


# --- echoes


@pytest.mark.parametrize(
    "text",
    [
        "Luna, Sol, Küchenlampe, Ada's room.",
        "luna sol",
        "Sol, Luna",
        "Sol. Küchenlampe!",
        "LUNA, SOL, LUNA, SOL, LUNA, SOL",
        "Luna,Sol,KÜCHENLAMPE",
        "Luna",
        "Küchenlampe!",
        "Lampe (links)",
        "The lamps are called Luna and Sol.",
        "the lamps are called",
        "Luna and Sol",
        "The lamps are called Luna and Sol. Ada's Room",
    ],
)
def test_names_and_prompt_are_an_echo_whole_or_single_and_in_any_order(text: str) -> None:
    assert echoes(text, HOME)
    assert spoken_text(text, HOME, NOISE) == ""
    assert spoken_text(text, HOME, 0.1 + seconds_to_say(text)) == text


@pytest.mark.parametrize(
    "text", ["", "...", "Turn on Luna and Sol", "Luna Sol an", "Lunasolstice", "lamps", "and", "Licht"]
)
def test_a_command_with_names_is_none(text: str) -> None:
    assert not echoes(text, HOME)


def test_without_hints_nothing_is_an_echo() -> None:
    assert not echoes("Luna, Sol", Hints("en"))


def test_names_in_a_script_without_spaces_are_found() -> None:
    assert echoes("居間、寝室。", Hints("ja", keywords=("居間", "寝室", "台所")))


@given(
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=20),
    st.sampled_from([", ", ". ", " ", "! "]),
)
def test_any_list_of_names_is_an_echo(names: list[str], between: str) -> None:
    assert echoes(between.join(names), HOME)


# --- anything at all


@given(
    st.text(max_size=300) | st.lists(st.sampled_from([text for _, text in KNOWN]), max_size=9).map(" ".join),
    st.builds(Hints, st.sampled_from(["", "en", "ja"]), st.text(max_size=100), st.just(NAMES)),
    st.floats(0, 60),
)
@settings(max_examples=200)
def test_any_text_is_judged_and_only_shortened(text: str, hints: Hints, seconds: float) -> None:
    kept = spoken_text(text, hints, seconds)
    assert len(kept) <= len(text)
    assert kept == kept.strip()
    assert spoken_text(kept, hints, seconds) in (kept, "")
    if seconds > 1 + seconds_to_say(text) and kept:
        assert spoken_text(text, hints, 600) == kept
