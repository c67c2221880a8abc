import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.cpu import cpu_seconds
from tests.support.text_chunks import complete, in_steps, streamed
from wyoming_azure_realtime.errors import InvalidRequest
from wyoming_azure_realtime.text.pieces import Piece, Pieces
from wyoming_azure_realtime.text.splitting import (
    CLAUSE_PAUSE,
    LONGEST_PIECE,
    PARAGRAPH_PAUSE,
    SENTENCE_PAUSE,
    is_speakable,
)

ANSWER = """## Lights

**Three** lights are on in the living room, and one is on in the hall:

- the [ceiling lamp](https://example.com)
- the floor lamp 💡

It is 21.5 °C inside. Shall I turn them off?
"""


def test_a_streamed_answer_is_spoken_without_its_marks():
    assert streamed(in_steps(ANSWER, 4), language="en") == [
        Piece("Lights.\n\nThree lights are on in the living room,", CLAUSE_PAUSE),
        Piece("and one is on in the hall:", PARAGRAPH_PAUSE),
        Piece("the ceiling lamp.", SENTENCE_PAUSE),
        Piece("the floor lamp.\n\nIt is 21.5 °C inside.", SENTENCE_PAUSE),
        Piece("Shall I turn them off?", 0.0),
    ]


@given(text=st.text(max_size=300), step=st.integers(1, 50))
def test_whatever_comes_becomes_pieces_that_can_be_spoken(text: str, step: int):
    for pieces in (streamed(in_steps(text, step)), complete(text)):
        assert all(is_speakable(piece.text) and len(piece.text) <= LONGEST_PIECE for piece in pieces)
        assert not pieces or pieces[-1].pause in {0.0, CLAUSE_PAUSE, SENTENCE_PAUSE, PARAGRAPH_PAUSE}


@pytest.mark.parametrize("step", [1, 3, 100])
def test_a_speak_element_makes_it_ssml_without_being_asked(step: int):
    ssml = "\ufeff \n<speak version='1.0'>Hello <break time='1s'/> world</speak>\n"
    assert streamed(in_steps(ssml, step)) == [Piece("Hello", 1.0), Piece("world", 0.0)]
    declared = "<?xml version='1.0' encoding='utf-16'?><speak>Hello</speak>"
    assert streamed(in_steps(declared, step)) == [Piece("Hello", 0.0)]


@pytest.mark.parametrize("text", ["<spe", "<", "<speed> is it", "<b>Hello</b>", "", " ", "<?"])
@pytest.mark.parametrize("step", [1, 100])
def test_what_only_begins_like_ssml_is_text(text: str, step: int):
    for piece in streamed(in_steps(text, step)):
        assert piece.text in {"<spe", "<speed> is it", "Hello"}


def test_ssml_is_not_spoken_before_it_is_known_to_be_well_formed():
    pieces = Pieces()
    pieces.add("<speak>Hello. <break/> This is a long sentence of it. And another one.")
    assert pieces.take() == []
    pieces.add("</speak> ")
    pieces.finish()
    assert len(pieces.take()) == 3
    assert pieces.take() == []


def test_another_format_is_refused():
    with pytest.raises(InvalidRequest, match="'midi'"):
        Pieces(text_format="midi")


def test_it_tells_when_no_more_text_comes():
    pieces = Pieces()
    pieces.add("Hello")
    assert not pieces.finished
    pieces.finish()
    assert pieces.finished
    assert pieces.take() == [Piece("Hello", 0.0)]


def test_a_pause_of_the_sender_lets_a_short_sentence_go():
    pieces = Pieces(language="en")
    pieces.add("Let me check.")
    assert pieces.take() == []
    assert pieces.take(hurry=True) == [Piece("Let me check.", SENTENCE_PAUSE)]


def test_empty_text_has_no_pieces():
    for text in ("", " \n", "...", "🎉", "**", "```\ncode\n```", "<speak/>"):
        assert complete(text) == []
        assert streamed(list(text)) == []


MOST_TIMES = 100
"""Times the processor time of an ordinary text of the same length; 12 is what the worst takes."""


@pytest.mark.parametrize(
    "nasty", ["।", "*", ".", '."', "Mr. ", "word ", "。", "?”", "1. ", "z. ", "a, ", "! ", "?!\n", "x"]
)
@pytest.mark.parametrize(("length", "step"), [(3_000, 1), (50_000, 50_000)])
def test_no_text_holds_the_program_up(nasty: str, length: int, step: int):
    def take(unit: str) -> None:
        text = "A" + unit * (length // len(unit))
        streamed(in_steps(text, step))
        complete(text)

    assert cpu_seconds(lambda: take(nasty)) < MOST_TIMES * cpu_seconds(lambda: take("word "), times=2)


def test_what_is_kept_of_an_endless_text_is_bounded():
    pieces = Pieces()
    longest = 0
    for _ in range(2000):
        pieces.add("word . [ * " * 5)
        pieces.take()
        longest = max(longest, len(pieces._splitter._text) + len(pieces._markdown._inline._held))
    assert longest < 5 * LONGEST_PIECE
