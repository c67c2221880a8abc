"""Find where sentences and clauses end, by language, from a few characters before and after the place.

In: text that may still be arriving. Out: a `SentenceEnd`, and the pause that punctuation asks for. No
decision needs more than the line so far and `LOOK_AHEAD` characters after the place.
"""

import functools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

from wyoming_azure_realtime.text.abbreviations import (
    BEFORE_NUMBER,
    CLOSING,
    HOUSES,
    MONTHS,
    MONTHS_WITH_DOT,
    NAME_LIKE,
    NUMBERED,
    ORDINAL_AFTER,
    ORDINAL_BEFORE,
    ORDINAL_LANGUAGES,
    STARTERS,
    STREETS,
    TITLES,
    UNITS,
    WITHIN,
    WORDS_ELSEWHERE,
)
from wyoming_azure_realtime.text.language import plain_language
from wyoming_azure_realtime.text.language_words import COMMON

# ruff: noqa: RUF001 - many scripts

CLAUSE_PAUSE, SENTENCE_PAUSE, PARAGRAPH_PAUSE = 0.15, 0.35, 0.6
"""Seconds of silence after a clause, a sentence and a paragraph."""

LOOK_AHEAD = 64
"""Characters after a place, of which no decision on it needs more."""

_WIDE = "。！？｡।॥"  # they end a sentence without a space
_GREEK = "\u0370-\u03ff\u1f00-\u1fff"  # their question mark is a semicolon
_CLOSERS = "\"')\\]}’”“»›」』）》】〕〉"
_OPENERS = "\"'([{‘“„«‹¿¡「『（《【‚"

END = re.compile(rf"(?:[.!?…؟۔{_WIDE}\u037e]|(?<=[{_GREEK}]);)+(?:[{_CLOSERS}]| »(?!\w))*|(?<!\n)(?=\n)")
"""Every place where a sentence may end: its punctuation, or nothing before the end of a line."""
CLAUSE = re.compile(
    rf"[,;:،؛][{_CLOSERS}]*(?=\s)|(?<!\d)[、，；：][{_CLOSERS}]*|[、，；：](?!\d)[{_CLOSERS}]*|(?=\s[–—-]\s)|—(?=\w)"
)
"""Every place where a clause ends."""

_SOUND = re.compile(r"[^\W_]")
_ENDS_SENTENCE = re.compile(rf"(?:[.!?…؟۔。！？｡।॥:\u037e]|(?<=[{_GREEK}]);)\W*\Z")
_ENDS_CLAUSE = re.compile(r"[,;،؛、，；：–—-]\W*\Z")
_QUOTATIVE = frozenset("とっなのはがをにでもだ")  # a Japanese sentence goes on after its quotation
_LAST_PART = re.compile(r"[-–/(]")
_ROMAN = re.compile(r"[IVX]{2,5}")
_ONE_LETTER_WORDS = frozenset("IяЯőåøöÅØÖŐ")
_DOTTED = re.compile(r"(?:[^\W\d_]{1,2}\.)+[^\W\d_]{1,2}")
_NEXT_WORD = re.compile(rf"\s*[{_OPENERS}]*([^\W_]*)")
_FIRST_WIDE_LETTER, _LAST_WIDE_LETTER = "\u2e80", "\ud7ff"  # letters that are words or syllables
_LONGEST_WORD = 40
_SHORT_LINE = 60


class SentenceEnd(Enum):
    """Whether a place ends a sentence; WAIT if only more text can tell."""

    YES = auto()
    NO = auto()
    WAIT = auto()


def sentence_end(
    text: str, start: int, end: re.Match[str], known: "Abbreviations", *, final: bool
) -> SentenceEnd:
    """Decide whether a match of `END` ends the sentence that begins at `start`.

    `final`: no more text follows. The text must not end with white space, nor have more of it in a row than a
    blank line.
    """
    run, after = end.group(), end.end()
    if not run:
        return _line(text, start, after)
    if after == len(text):
        return SentenceEnd.YES if final else SentenceEnd.WAIT
    marks = run.rstrip(f"{_CLOSERS} ".replace("\\", ""))
    if any(mark in _WIDE for mark in marks):
        goes_on = len(marks) < len(run) and text[after] in _QUOTATIVE
        return SentenceEnd.NO if goes_on else SentenceEnd.YES
    if not text[after].isspace():
        return SentenceEnd.NO
    if text.startswith("\n\n", after):
        return SentenceEnd.YES
    quoted = len(marks) < len(run)
    following = text[after : after + 3].lstrip()[:1] if text[after + 1].isspace() else text[after + 1]
    if marks == ".":
        return _dot(_Dot(text, start, end.start(), after, following, final), known)
    if set(marks) <= {".", "…"} or quoted:
        goes_on = following.islower() and not _short_line(text, start, after)
        return SentenceEnd.NO if goes_on else SentenceEnd.YES
    return SentenceEnd.YES


def is_speakable(text: str) -> bool:
    """Whether there is a letter or a digit in a text."""
    return _SOUND.search(text) is not None


def pause_after(text: str) -> float:
    """Return the seconds of silence that the closing punctuation of a text asks for."""
    if ends_with_sentence(text):
        return SENTENCE_PAUSE
    return CLAUSE_PAUSE if _ENDS_CLAUSE.search(text[-8:]) else 0.0


def ends_with_sentence(text: str) -> bool:
    """Whether the last characters of a text look like the end of a sentence."""
    return _ENDS_SENTENCE.search(text[-8:]) is not None


def weight(text: str) -> int:
    """Return the length of a text in Latin letters: a Chinese, Japanese or Korean one says as much as two."""
    return len(text) + sum(_FIRST_WIDE_LETTER <= character < _LAST_WIDE_LETTER for character in text)


def _line(text: str, start: int, at: int) -> SentenceEnd:
    """Decide on the end of a line without punctuation: wrapped text goes on, a short line is a sentence."""
    if text.startswith("\n\n", at):
        return SentenceEnd.YES
    goes_on = text[at + 1].islower() or text[at - 1] in ",،、-–"
    return SentenceEnd.YES if _short_line(text, start, at) and not goes_on else SentenceEnd.NO


def _short_line(text: str, start: int, at: int) -> bool:
    """Whether a line ends here that is too short to have been wrapped."""
    return text[at] == "\n" and at - max(start, text.rfind("\n", start, at)) < _SHORT_LINE


class _Dot(NamedTuple):
    """A single dot before white space, in a sentence that begins at `start`.

    `after`: the place behind it and its closing quotes. `following`: the next character but white space.
    """

    text: str
    start: int
    at: int
    after: int
    following: str
    final: bool

    def next_word(self) -> str | None:
        """The word after it, None if more of it may come."""
        match = _NEXT_WORD.match(self.text, self.after, self.after + _LONGEST_WORD)
        if match is None:
            return ""
        return match[1] if self.final or match.end() < len(self.text) else None


def _dot(dot: _Dot, known: "Abbreviations") -> SentenceEnd:
    text, start, following = dot.text, dot.start, dot.following
    if following in ",;:" or (following.islower() and not _short_line(text, start, dot.after)):
        return SentenceEnd.NO
    before = text[max(start, dot.at - _LONGEST_WORD) : dot.at].replace("\n", " ").split(" ")
    word = before[-1].lstrip(_OPENERS)
    previous = before[-2] if len(before) > 1 else ""
    if word.isdecimal():
        return _number(dot, word, previous, known)
    return _word(dot, word, previous, known)


def _word(dot: _Dot, word: str, previous: str, known: "Abbreviations") -> SentenceEnd:
    """Decide on a word with a dot: an abbreviation, an initial, or the end."""
    plain, after_number = word.casefold(), previous[:1].isdecimal()
    last = _LAST_PART.split(plain)[-1]
    for closing in (plain, (previous + word).casefold()):
        if closing in known.closing:
            return _closing(dot, known, unless_starter=closing in _NAME_LIKE)
    if dot.following.isdecimal() and (last in known.numbered or _ends_in(word, known.before_number)):
        return SentenceEnd.NO
    if (after_number and last in known.units) or last in known.streets or _ends_in(word, known.streets):
        return _closing(dot, known, unless_starter=True)
    if after_number and (last in _HOUSES or (last in known.months and last in known.numbered)):
        return SentenceEnd.NO
    if plain in known.never or last in known.never or _DOTTED.fullmatch(word):
        return SentenceEnd.NO
    if known.ordinals and _ROMAN.fullmatch(word):
        return _closing(dot, known, unless_starter=True)
    if len(word) == 1 and word.isalpha() and word not in _ONE_LETTER_WORDS and word < _FIRST_WIDE_LETTER:
        return SentenceEnd.YES if after_number else SentenceEnd.NO
    return SentenceEnd.YES


def _ends_in(word: str, endings: tuple[str, ...]) -> bool:
    return word[:1].isupper() and word.casefold().endswith(endings)


def _number(dot: _Dot, number: str, previous: str, known: "Abbreviations") -> SentenceEnd:
    """Decide on a number with a dot: the number of a list's item, an ordinal, or the end."""
    text, at = dot.text, dot.at - len(number)
    shortened = _LAST_PART.split(previous.casefold().rstrip("."))[-1] in known.numbered | known.never
    if not text[dot.start : at].strip() or text[at - 1] == "\n":
        return SentenceEnd.NO
    if previous[-1:] in {":", ".", "!", "?"} and not shortened:
        return SentenceEnd.NO
    if not known.ordinals or dot.after - at > len("31."):
        return SentenceEnd.YES
    if dot.following.isdecimal():
        return SentenceEnd.NO
    word = dot.next_word()
    if word is None:
        return SentenceEnd.WAIT
    return SentenceEnd.NO if known.is_ordinal(previous, word) else SentenceEnd.YES


def _closing(dot: _Dot, known: "Abbreviations", *, unless_starter: bool) -> SentenceEnd:
    """Decide on an abbreviation that may end a sentence; `unless_starter`: it does before a starter only."""
    if dot.following.isdecimal():
        return SentenceEnd.NO
    if not unless_starter:
        return SentenceEnd.YES
    word = dot.next_word()
    if word is None:
        return SentenceEnd.WAIT
    return SentenceEnd.YES if word.casefold() in known.starters else SentenceEnd.NO


@dataclass(frozen=True, slots=True)
class Abbreviations:
    """Words that end with a dot without ending a sentence, of one language or of several together.

    `never`: before a name or within a sentence. `numbered`: before a number only. `closing`: they may end a
    sentence. `units`: after a number, they seldom end one; nor do words that end in one of `streets`.
    `before_number`: what words end in that go on before a number. `starters`: words that often begin
    sentences. `months`: names that follow an ordinal, or that are shortened with a dot.
    `ordinals`: whether a number with a dot may be an ordinal ("5. Mai"), between these words.
    """

    never: frozenset[str]
    numbered: frozenset[str]
    closing: frozenset[str]
    units: frozenset[str]
    streets: tuple[str, ...]
    before_number: tuple[str, ...]
    months: frozenset[str]
    starters: frozenset[str]
    ordinals: bool
    ordinal_before: frozenset[str]
    ordinal_after: frozenset[str]

    def is_ordinal(self, before: str, after: str) -> bool:
        """Whether a number with a dot between these words is an ordinal."""
        after = after.casefold()
        return (
            after in self.ordinal_after
            or after in self.months
            or (before.casefold() in self.ordinal_before and after not in self.starters)
        )


def abbreviations(languages: Sequence[str], *, certain: bool) -> Abbreviations:
    """Return the abbreviations of languages by their codes ("de-AT"), with the titles of all others.

    Where it is not `certain` that the text is in one of them, also what is no word in any of them.
    """
    plain = frozenset(map(plain_language, languages)) & _KNOWN
    return _abbreviations(plain, bool(plain) and certain)


@functools.lru_cache(maxsize=16)  # 80 kB each
def _abbreviations(plain: frozenset[str], certain: bool) -> Abbreviations:
    elsewhere = frozenset() if certain else _KNOWN - plain
    known = plain | elsewhere

    def words(table: dict[str, str]) -> frozenset[str]:
        return _words(table, plain) | (_words(table, elsewhere) - common)

    common = _WORDS_ELSEWHERE | frozenset(
        word for language in plain for word in _split(COMMON.get(language, ""))
    )
    ordinal = known & _ORDINAL_LANGUAGES
    starters = plain or _KNOWN
    return Abbreviations(
        never=words(WITHIN) | _words(TITLES, plain) | (_words(TITLES, _KNOWN) - common),
        numbered=words(NUMBERED) | words(MONTHS_WITH_DOT),
        closing=words(CLOSING),
        units=words(UNITS),
        streets=tuple(_words(STREETS, known)),
        before_number=tuple(_words(BEFORE_NUMBER, known)),
        months=_words(MONTHS, ordinal) | _words(MONTHS_WITH_DOT, known),
        starters=_STARTERS | frozenset(word for language in starters for word in _first(language)),
        ordinals=bool(ordinal),
        ordinal_before=_words(ORDINAL_BEFORE, ordinal),
        ordinal_after=_words(ORDINAL_AFTER, ordinal),
    )


def _words(table: dict[str, str], languages: Iterable[str]) -> frozenset[str]:
    return frozenset(word for language in languages for word in _split(table.get(language, "")))


def _first(language: str) -> list[str]:
    """The words that sentences are made of, from the language's list of common words."""
    return _split(COMMON.get(language, ""))[:_MOST_STARTERS]


@functools.cache  # of the tables' texts, so that a word is kept once
def _split(words: str) -> list[str]:
    return words.split()


_MOST_STARTERS = 100
_STARTERS = frozenset(STARTERS.split())
_ORDINAL_LANGUAGES = frozenset(ORDINAL_LANGUAGES.split())
_KNOWN = frozenset(TITLES) | frozenset(NUMBERED) | frozenset(COMMON) | _ORDINAL_LANGUAGES
_NAME_LIKE = frozenset(NAME_LIKE.split())
_HOUSES = frozenset(HOUSES.split())
_WORDS_ELSEWHERE = frozenset(WORDS_ELSEWHERE.split())
