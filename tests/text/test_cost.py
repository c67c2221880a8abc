"""No text, however it is made and cut, takes much more processor time than an ordinary one of its length."""

import functools
from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.cpu import cpu_seconds, takes_less
from tests.support.text_chunks import all_of, in_steps
from wyoming_azure_realtime.errors import RequestError
from wyoming_azure_realtime.text.pieces import AT_ONCE, LONGEST_PIECE, Pieces, Splitter

# fmt: off
MARKS = (
    "[", "]", "(", ")", "](", "[[a]", "[a](", "![", "[^", "[^1]", "[a]: ", "*", "_",
    "*_", "**a", "~~", "`", "```", "<", "</", "<a ", "<!--", "<think>", "</think>",
    "<phoneme ph='", "<mstts:", "/>", ">", "&", "&#", "&amp", "\\", "|", "| ", "|-",
    "--|--\n", "#", "# ", "- ", "-", "=", ">" * 40, "1. ", "1/", "\n", "\n\n", "\r",
    "\t", " " * 40, ".", ". ", "?\" ", "…", "。", "।", "؟", ",", "、", ":", "—", " - ",
    "http://", "www.", "a@b", "Mr. ", "z.B. ", "5. M", "a", "word ", "é", "你", "あ", "한",
    "אב", "عر", "हि", "ไท", "5", "٣", "५", "½", "€", "🙂", "🇩🇪", "©️", "\u200b",
    "\u200c", "\u202e", "\u0301", "\ud83d", "\ude00", "<speak>", "<p>", "<break/>",
    "</p>", "&#x41;", "]]>", "<![CDATA[",
)
LANGUAGES = st.sampled_from(
    [
        "", "en", "de", "fr", "es", "it", "nl", "pl", "pt", "ru", "cs", "sv", "da", "nb", "hi", "ar", "zh",
        "ja", "ko",
    ]
)
# fmt: on
UNITS = st.lists(st.sampled_from(MARKS) | st.characters(), min_size=1, max_size=4).map("".join)
BEGINNINGS = st.lists(st.sampled_from(MARKS), max_size=3).map("".join)
STEPS = st.sampled_from([3, 40, 1000])

LENGTH = 3000
MOST_TIMES = 100
"""Times the processor time of an ordinary text of the same length; 25 is what the worst takes."""


def spoken(text: str, step: int, language: str = "") -> None:
    pieces = Pieces(languages=(language,) if language else ())
    for chunk in in_steps(text, step):
        pieces.add(chunk)
        all_of(pieces)
    pieces.finish()
    all_of(pieces)


def read(text: str, step: int, language: str) -> None:
    with suppress(RequestError):
        spoken(text, step, language)


@functools.cache
def ordinary(step: int) -> float:
    return cpu_seconds(lambda: spoken("word " * (LENGTH // 5), step), times=5)


@settings(deadline=None)
@given(beginning=BEGINNINGS, unit=UNITS, step=STEPS, language=LANGUAGES)
@example(beginning="", unit=">" * 60 + "x\n", step=1000, language="")
@example(beginning="", unit="\n[", step=3, language="")
@example(beginning="", unit="[a](|\n", step=3, language="zh")
@example(beginning="# a", unit=" " * 999 + "b", step=1000, language="")
@example(beginning="<phoneme ph='", unit="ph='(", step=3, language="")
@example(beginning="A", unit=". ", step=1000, language="de")
@example(beginning="<speak>", unit="<p>.</p>", step=1000, language="")
def test_no_text_costs_much_more_than_another(beginning: str, unit: str, step: int, language: str) -> None:
    text = (beginning + unit * LENGTH)[:LENGTH]
    assert takes_less(lambda: read(text, step, language), MOST_TIMES * ordinary(step), times=2)


@pytest.mark.parametrize(
    "unit",
    [
        "[[a]",
        "[",
        "](",
        "*_",
        "`",
        "|",
        "<",
        "&",
        "&#",
        "\n",
        ".",
        "1/",
        "。",
        ">",
        "> ",
        "<p>.</p>",
        "<think>",
    ],
)
@pytest.mark.parametrize("beginning", ["", "<speak>", "x"])
def test_ten_times_as_much_costs_ten_times_as_much(beginning: str, unit: str) -> None:
    short, long = (beginning + unit * (length // len(unit)) for length in (4_000, 40_000))
    once = max(cpu_seconds(lambda: read(short, 1000, ""), times=2), ordinary(1000))
    assert takes_less(lambda: read(long, 1000, ""), 10 * 5 * once, times=2)


def test_one_call_returns_about_a_thousand_characters() -> None:
    splitter = Splitter("en")
    splitter.add("This is a sentence of it. " * 2000)
    splitter.finish()
    calls = [splitter.take()]
    while splitter.pending:
        calls.append(splitter.take())
    assert max(sum(len(piece.text) for piece in call) for call in calls) <= AT_ONCE + LONGEST_PIECE
    assert sum(len(piece.text) for call in calls for piece in call) > 45_000


@pytest.mark.parametrize("text", ["<speak>" + "<s>a</s>" * 5000 + "</speak>", "Yes" + ". " * 20_000])
def test_nothing_is_divided_at_once(text: str) -> None:
    pieces = Pieces()
    pieces.add(text)
    pieces.finish()
    calls = 1
    pieces.take()
    while pieces.pending:
        pieces.take()
        calls += 1
    assert calls > 20
