# ruff: noqa: RUF001 (characters as they are spoken and written)

import itertools

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.verification.answers import answers
from wyoming_azure_realtime.verification.tokens import Lexer, Token, fold, is_spelling_of, tokens_of

TEXTS = [text for answer in answers(copies=2) for text in answer.renderings()]


def streamed(pieces: list[str]) -> list[Token]:
    lexer, found = Lexer(), []
    for number, piece in enumerate([*pieces, ""], 1):
        lexer.add(piece)
        while token := lexer.take(finished=number > len(pieces)):
            found.append(token)
    return found


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(TEXTS), st.sets(st.integers(0, 200), max_size=30))
@example("At 7:30, 1/2/2026, 3 - 5", {6})
@example("2 * 3 and 50 % - 5", {2, 3})
@example("1\u00a0234 W", {2})
def test_the_tokens_are_the_same_however_the_text_is_cut(text: str, cuts: set[int]) -> None:
    edges = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    pieces = [text[start:end] for start, end in itertools.pairwise(edges)]
    assert streamed(pieces) == tokens_of(text)
    assert streamed(list(text)) == tokens_of(text)


def test_a_word_is_a_token_as_soon_as_a_space_follows() -> None:
    for word in ("Turn", "Zoë's", "It’s", "5", "21"):
        lexer = Lexer()
        lexer.add(word)
        assert lexer.take(finished=False) is None, word
        lexer.add(" ")
        assert lexer.take(finished=False) == tokens_of(word)[0]
        assert lexer.tail == " "


def test_these_are_spellings_of_one_word() -> None:
    cases = [
        ("organise", "organize"),
        ("travelling", "traveling"),
        ("katherine", "catherine"),
        ("katherine", "katharine"),
        ("mohammed", "mohamed"),
        ("cloudy", "cloudi"),
    ]
    both = [pair for one, other in cases for pair in ((one, other), (other, one))]
    assert not [pair for pair in both if not is_spelling_of(*pair, 0.2)]


def test_these_are_two_words() -> None:
    cases = [
        ("better", "butter"),
        ("unable", "enable"),
        ("thirteen", "thirty"),
        ("lights", "light"),
        ("heating", "heading"),
        ("size", "sise"),
        ("organise", "organized"),
        ("inside", "outside"),
        ("aversion", "eversion"),
        ("organise", "organizze"),
    ]
    assert not [case for case in cases if (is_spelling_of(*case, 0.2) or is_spelling_of(*case[::-1], 0.2))]


def test_a_short_word_has_one_spelling_whatever_the_tolerance() -> None:
    assert not is_spelling_of("sexy", "sexi", 1.0)
    assert is_spelling_of("silly", "silli", 0.2)


@pytest.mark.parametrize(
    ("text", "folded"),
    [("Zoë’s Café!", "zoescafe"), ("ﬁne １２", "fine12"), ("हिंदी", "हिंदी"), ("STRASSE", "strasse")],
)
def test_what_is_not_pronounced_is_folded_away(text: str, folded: str) -> None:
    assert fold(text) == folded
