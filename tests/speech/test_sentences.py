import itertools
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_azure_realtime.speech.sentences import LONGEST_PIECE, Pieces, is_speakable

ENGLISH = [
    "Hello",
    "Mr.",
    "the",
    "light.",
    "Is it?",
    "3.14",
    "2 * 3",
    "**bold**",
    "* item",
    "e.g.",
    "1.",
    "a)",
]
OTHER = ["你好。", "「好」", "नमस्ते।", "॥", "مرحبا؟", "\N{FULLWIDTH EXCLAMATION MARK}", "🙂", "x" * 300]
MARKS = ["…", "'Quoted.'", " ", "\n\n", "\r\n", ". "]
WORDS = st.sampled_from([*ENGLISH, *OTHER, *MARKS])
TEXTS = st.lists(WORDS, max_size=30).map(" ".join) | st.lists(WORDS, max_size=30).map("".join)
TEXT = TEXTS | st.text(st.characters(exclude_characters="\ufdd0"), max_size=200)


def squeezed(text: str) -> str:
    """Without white space, and with runs of dandas (which have no sound) as one."""
    return re.sub("[।॥]+", "।", "".join(text.split()))


def streamed(chunks: list[str], *, every: int = 1) -> list[str]:
    pieces = Pieces()
    taken = []
    for number, chunk in enumerate(chunks):
        pieces.add(chunk)
        if number % every == 0:
            taken += pieces.take()
    pieces.finish()
    return taken + pieces.take()


def cut_up(text: str, cuts: list[int]) -> list[str]:
    edges = [0, *sorted(cut % (len(text) + 1) for cut in cuts), len(text)]
    return [text[start:end] for start, end in itertools.pairwise(edges)]


@given(text=TEXT, cuts=st.lists(st.integers(0, 10_000), max_size=20), every=st.integers(1, 4))
def test_nothing_but_white_space_is_lost_under_any_chunking(text: str, cuts: list[int], every: int):
    pieces = streamed(cut_up(text, cuts), every=every)
    assert squeezed("".join(pieces)) == squeezed(text)
    assert all(0 < len(piece) <= LONGEST_PIECE and piece == piece.strip() for piece in pieces)


@given(text=TEXT)
def test_nothing_but_white_space_is_lost_one_character_at_a_time(text: str):
    assert squeezed("".join(streamed(list(text)))) == squeezed(text)


@given(text=TEXT, cuts=st.lists(st.integers(0, 10_000), max_size=5))
def test_text_that_is_complete_when_taken_is_not_split(text: str, cuts: list[int]):
    pieces = Pieces()
    assert pieces.take() == []
    for chunk in cut_up(text, cuts):
        pieces.add(chunk)
    pieces.finish()
    taken = pieces.take()
    if len(text.strip()) <= LONGEST_PIECE:
        assert taken == ([text.strip()] if text.strip() else [])
    assert squeezed("".join(taken)) == squeezed(text)
    assert pieces.take() == []


def test_whole_sentences_are_given_as_soon_as_the_next_one_begins():
    pieces = Pieces()
    pieces.add("The kitchen light is on. The")
    assert pieces.take() == ["The kitchen light is on."]
    pieces.add(" door is")
    assert pieces.take() == []
    pieces.add(" closed.")
    pieces.finish()
    assert pieces.take() == ["The door is closed."]


def test_what_is_ready_together_is_spoken_together():
    pieces = Pieces()
    pieces.add("One. Two. Three. Fo")
    assert pieces.take() == ["One. Two. Three."]


@pytest.mark.parametrize(
    "text", ["It is 3.14 exactly", "Ask Mr. Miller now", "Use e.g. this one", "2 * 3 * 4 is 24"]
)
def test_what_only_looks_like_an_end_is_none(text: str):
    assert streamed([text, " and so on."]) == [f"{text} and so on."]


def test_long_text_is_cut_between_sentences():
    text = "This sentence has exactly forty letters. " * 100
    for pieces in (_complete(text), streamed([text]), streamed([text[:1500], text[1500:]])):
        assert all(piece.endswith("letters.") for piece in pieces)
    assert all(len(piece) > LONGEST_PIECE / 2 for piece in _complete(text)[:-1])


def test_long_text_is_never_cut_inside_a_number():
    text = "It costs 3.14 or so and " * 100
    assert all("3.14" in piece or "3." not in piece for piece in _complete(text))
    assert all(not piece.endswith("3.") for piece in _complete(text))


@pytest.mark.parametrize("complete", [True, False])
def test_a_long_sentence_is_cut_between_words(complete: bool):
    words = " ".join(f"word{number}" for number in range(1000))
    pieces = _complete(words) if complete else streamed([words[:700], words[700:]])
    assert len(pieces) > 5
    assert " ".join(pieces).split() == words.split()


def test_a_word_without_an_end_is_cut_anywhere():
    assert [len(piece) for piece in _complete("x" * 2500)] == [1000, 1000, 500]


def test_an_endless_sentence_is_given_before_it_ends():
    pieces = Pieces()
    pieces.add("word " * 300)
    assert pieces.take()


@pytest.mark.parametrize(
    "nasty",
    ["\N{DEVANAGARI DANDA}", "*", ".", '."', "Mr. ", "word ", " ", "。", "?\N{RIGHT DOUBLE QUOTATION MARK}"],
)
@pytest.mark.parametrize(("length", "step"), [(2_000, 1), (20_000, 20_000)])
def test_no_text_holds_the_program_up(nasty: str, length: int, step: int):
    text = "A" + nasty * (length // len(nasty))
    began = time.process_time()
    streamed([text[start : start + step] for start in range(0, len(text), step)])
    assert time.process_time() - began < 5


@pytest.mark.parametrize("text", ["Hello", "5", "你", "…a…"])
def test_letters_and_digits_can_be_spoken(text: str):
    assert is_speakable(text)


@pytest.mark.parametrize("text", ["", " ", "…", "?!", "🙂", "---", "\n"])
def test_nothing_else_can(text: str):
    assert not is_speakable(text)


def _complete(text: str) -> list[str]:
    pieces = Pieces()
    pieces.add(text)
    pieces.finish()
    return pieces.take()
