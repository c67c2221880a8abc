"""Whole characters, no thoughts, a limit."""

# ruff: noqa: RUF001 - many scripts

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.text_chunks import CUTS, all_of, complete, cut_up
from wyoming_azure_realtime.errors import InvalidRequest, TextTooLong
from wyoming_azure_realtime.text.pieces import Pieces
from wyoming_azure_realtime.text.received import (
    LONGEST_THOUGHTS,
    LONGEST_UNCLOSED,
    ReceivedText,
    joined_surrogates,
)

PARTS = st.sampled_from(
    [
        "<think>",
        "</think>",
        "<THINK>",
        "<thinking>",
        "</thinking>",
        "<thin",
        "</",
        "`",
        "<",
        ">",
        "word",
        " ",
        "\n",
        "é",
        "\ud83d",
        "\ude00",
        "🙂",
        "\u200b",
        "\u200c",
        "\u200d",
        "\u202e",
        "می",
        "x" * 70,
    ]
)
TEXTS = st.lists(PARTS, max_size=30).map("".join)


def read(chunks: list[str] | str, most: int = 10_000) -> str:
    received = ReceivedText(most)
    return "".join(map(received.add, [chunks] if isinstance(chunks, str) else chunks)) + received.finish()


@given(text=TEXTS, cuts=CUTS, most=st.integers(1, 400))
def test_the_chunks_make_no_difference(text: str, cuts: list[int], most: int) -> None:
    whole = read(text, most)
    assert read(cut_up(text, cuts), most) == whole
    assert read(list(text), most) == whole


@given(text=TEXTS, cuts=CUTS)
def test_what_is_read_are_whole_characters(text: str, cuts: list[int]) -> None:
    assert not re.search("[\ud800-\udfff]", read(cut_up(text, cuts)))


@given(text=st.text())
def test_pairs_of_surrogates_are_characters(text: str) -> None:
    halves = "".join(chr(unit) for unit in memoryview(text.encode("utf-16-le", "surrogatepass")).cast("H"))
    assert joined_surrogates(halves) == text
    assert "\ufffd" in text or "\ufffd" not in read(list(halves))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<think>Let me see.</think>It is on.", "It is on."),
        ("<think>\na\n\n```\nb\n</think>\n\n# It is on.", "\n\n# It is on."),
        ("It is<think>a < b </thin </thinking></think>on.", "It is on."),
        ("It is <Thinking>a</think></thinking>on.", "It is on."),
        ("The kitchen.</think>It is on.", "The kitchen. It is on."),
        ("Models write `<think>` first.", "Models write `<think>` first."),
        ("I <think it is> on.", "I <think it is> on."),
        ("It is on.<thi", "It is on.<thi"),
        ("A <think> tag begins it.", "A  tag begins it."),
        ("<think>a</think> <think>b</think>c", " c"),
        ("<reasoning>a</reasoning><speak>b</speak>", "<speak>b</speak>"),
    ],
)
def test_thoughts_are_left_out(text: str, expected: str) -> None:
    assert read(text) == expected
    assert read(list(text)) == expected


def test_text_after_a_thought_is_spoken_as_if_it_began_there() -> None:
    (piece,) = complete("<think>a</think>\n<speak>It is<break time='0s'/></speak>")
    assert piece.text == "It is"


@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_a_thought_that_is_never_closed_is_read_or_an_error(step: int) -> None:
    for length, error in ((LONGEST_UNCLOSED, False), (LONGEST_UNCLOSED + 1, True)):
        received = ReceivedText(10_000)
        text = "Yes. <think>" + "x" * length
        said = "".join(received.add(text[at : at + step]) for at in range(0, len(text), step))
        assert said == "Yes. "
        said = received.finish()
        assert said == ("" if error else "x" * length)
        assert isinstance(received.left_out, InvalidRequest) is error


def test_a_thought_without_end_is_bounded() -> None:
    received = ReceivedText(1000)
    assert received.add("Yes. <think>") == "Yes. "
    for _ in range(LONGEST_THOUGHTS // 50_000):
        assert received.add("x" * 50_000) == ""
    assert received.left_out is None
    assert sum(map(len, received._thoughts._thought)) <= LONGEST_UNCLOSED
    received.add("x" * 50_000)
    assert isinstance(received.left_out, TextTooLong)


def test_thoughts_do_not_count_towards_the_limit() -> None:
    received = ReceivedText(100)
    assert received.add("<think>" + "x" * 500 + "</think>It is on.") + received.finish() == "It is on."
    assert received.left_out is None


@pytest.mark.parametrize("step", [1, 9, 1000])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("word " * 30, "word " * 19 + "word"),
        ("a" * 98 + " word", "a" * 98),
        ("x" * 200, "x" * 100),
        ("你好" * 100, "你好" * 50),
        ("x" * 100, "x" * 100),
    ],
)
def test_a_text_is_read_up_to_its_limit_and_to_the_end_of_a_word(text: str, expected: str, step: int) -> None:
    received = ReceivedText(100)
    said = "".join(received.add(text[at : at + step]) for at in range(0, len(text), step))
    assert said + received.finish() == expected
    assert isinstance(received.left_out, TextTooLong) is (len(text) > 100)
    assert received.add("more") == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\u2067It\u2069 is\u200b on\ufeff", "It is on"),
        ("Don\u00adau\u00addampf", "Donaudampf"),
        ("\u200b# Title\u200e\nIt\u200d is", "# Title\nIt is"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("क्\u200dष", "क्\u200dष"),
        ("👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧"),
    ],
)
def test_what_cannot_be_seen_is_not_read(text: str, expected: str) -> None:
    assert read(text) == expected
    assert read(list(text)) == expected


def test_entities_bring_back_nothing_that_cannot_be_seen() -> None:
    for text in ("Don&shy;au&#8203;damm", "<speak>Don&#173;au&#8203;damm</speak>"):
        assert [piece.text for piece in complete(text)] == ["Donaudamm"]


@given(cut=st.integers(20, 280))
def test_ssml_beyond_the_limit_is_spoken_up_to_it(cut: int) -> None:
    body = "<p>Hello <break time='1s'/> world &amp; <sub alias='x y'>z</sub><![CDATA[a b]]></p><!-- c -->" * 3
    pieces = Pieces(most=cut)
    pieces.add(f"<speak>{body}</speak>")
    assert isinstance(pieces.left_out, TextTooLong)
    taken, whole = all_of(pieces), complete(f"<speak>{body}</speak>")
    assert taken[:-1] == whole[: len(taken) - 1]
    assert whole[len(taken) - 1].text.startswith(taken[-1].text)


def test_malformed_ssml_is_refused_although_it_is_beyond_the_limit() -> None:
    with pytest.raises(InvalidRequest, match="malformed"):
        Pieces(most=100).add("<speak><p>Hello</speak>" + " " * 100)


def test_after_the_limit_the_text_has_ended() -> None:
    pieces = Pieces(most=100)
    pieces.add("It is on. " * 20)
    assert pieces.finished
    taken = pieces.take()
    pieces.add("More.")
    pieces.finish()
    assert not pieces.take()
    assert " ".join(piece.text for piece in taken) == " ".join(["It is on."] * 10)
