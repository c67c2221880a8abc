"""Divide text into tokens, and reduce writing to what can be compared: folded letters, ASCII figures.

In: a text, or a transcript that arrives in pieces. Out: `Token`s, the same ones however the text was cut.
A run of letters or digits is at most 60 or 40 characters of one token, so no token grows without limit.
"""

import enum
import functools
import re
import unicodedata
from dataclasses import dataclass


class TokenKind(enum.Enum):
    """What a token is: a word, figures, a sign that is spoken, or a mark between two words ("and/or")."""

    WORD = enum.auto()
    NUMBER = enum.auto()
    SYMBOL = enum.auto()
    JOINER = enum.auto()


@dataclass(frozen=True, slots=True)
class Token:
    """One token as it is written."""

    kind: TokenKind
    text: str


_LOOK_AHEAD = 3  # how many characters behind a token may still change it; a space never does
_LOOK_BEHIND = 2

_IDEOGRAPHS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
# Marks that belong to words and are no letters for `re`: accents, and the vowel signs of many scripts.
_MARKS = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed"
    "\u0900-\u0963\u0971-\u09e3\u09f0-\u0a65\u0a70-\u0ae5\u0af0-\u0b65\u0b70-\u0be5\u0bf0-\u0c65\u0c70-\u0ce5"
    "\u0cf0-\u0d65\u0d70-\u0de5\u0df0-\u0dff\u0e30-\u0e4e\u0eb0-\u0ece\u0f71-\u0f97\u102b-\u103e\u17b4-\u17d3\u3099\u309a"
)
_LETTER = rf"(?:(?![{_IDEOGRAPHS}])(?:[^\W\d_]|[{_MARKS}]))"
_DASHES = "\\-\u2010\u2011\u2012\u2013\u2212"
_TOKEN = re.compile(
    rf"""
    (?P<DOTTED> (?:[^\W\d_]\.){{2,8}} )
  | (?P<NUMBER>
        (?: (?<![\w)%°])[{_DASHES}+±] )? [$€£¥]? (?: (?<=[$€£¥])[{_DASHES}] )?
        (?: \d{{4}}-\d{{1,2}}-\d{{1,2}}(?!\d)
          | \d{{1,2}}:\d{{2}}(?::\d{{2}})?(?!\d)
          | \d{{1,2}}\.\d{{1,2}}\.(?:\d{{4}}|\d{{2}})?(?!\d)
          | \d{{1,4}}/\d{{1,4}}(?:/\d{{2,4}})?(?!\d)
          | \d{{1,15}}(?:[{_DASHES}]\d{{1,15}}){{1,5}}(?![.,]\d)
          | \d{{1,40}}(?:[.,'\u2019\u00a0\u202f]\d{{1,40}}){{0,8}}
          | (?<![\w.])\.\d{{1,40}}
        )
        (?: (?:st|nd|rd|th|s|ST|ND|RD|TH)(?![^\W_]) )?
    )
  | (?P<SYMBOL> [°º][CFKcf]?(?![^\W\d_]) | [%‰&+=@#€£$¥¢§\u00d7÷<>≤≥≈±½¼¾⅓⅔→]
      | ~ | (?<=\d)\*(?=\d) | (?<=\d[ ])\*(?=[ ]\d) | (?<=[\d%°][ ])[{_DASHES}/](?=[ ]\d)
      | (?<=[%°])[{_DASHES}](?=\d) )
  | (?P<IDEOGRAPH> [{_IDEOGRAPHS}] )
  | (?P<WORD> {_LETTER}{{1,60}}(?:['\u2019\u02bc]{_LETTER}{{1,60}}){{0,3}}[²³]? )
  | (?P<JOINER> (?<=\w)(?: :// | [./_:\\{_DASHES}]+ )(?=\w) )
    """,
    re.VERBOSE,
)
_KINDS = {
    "DOTTED": TokenKind.WORD,
    "NUMBER": TokenKind.NUMBER,
    "IDEOGRAPH": TokenKind.WORD,
    "WORD": TokenKind.WORD,
    "SYMBOL": TokenKind.SYMBOL,
    "JOINER": TokenKind.JOINER,
}


class Lexer:
    """Divides a text that arrives in pieces, cut anywhere, into tokens.

    A token is returned as soon as no text that may follow can change it. Keeps two characters of what was
    divided already, and all that was not.
    """

    def __init__(self) -> None:
        self._text = ""
        self._place = 0

    @property
    def tail(self) -> str:
        """The text that is not divided yet."""
        return self._text[self._place :]

    def add(self, text: str) -> None:
        """Append text."""
        start = max(0, self._place - _LOOK_BEHIND)
        self._text = self._text[start:] + text
        self._place -= start

    def take(self, *, finished: bool) -> Token | None:
        """Return the next token, or None if it is not certain yet. `finished`: no more text follows."""
        while self._place < len(self._text):
            found = _TOKEN.match(self._text, self._place)
            end = found.end() if found else self._place + 1
            if not (finished or self._is_settled(end)):
                return None
            self._place = end
            if found and found.lastgroup:
                return Token(_KINDS[found.lastgroup], found.group())
        return None

    def _is_settled(self, end: int) -> bool:
        """Whether no text that follows can change the token that ends there."""
        behind = self._text[end : end + _LOOK_AHEAD]
        if len(behind) == _LOOK_AHEAD:
            return True
        # some signs look beyond a space, words and numbers do not
        return behind[:1] == " " and self._text[end - 1].isalnum()


def tokens_of(text: str) -> list[Token]:
    """Return all tokens of a complete text."""
    lexer = Lexer()
    lexer.add(text)
    found = []
    while token := lexer.take(finished=True):
        found.append(token)
    return found


_ACCENTS = range(0x300, 0x370)  # combining marks of the Latin, Greek and Cyrillic scripts
_DASH = re.compile("[\u2010\u2011\u2012\u2013\u2212]")


@functools.lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """Return the letters and digits of a text, without case, accents, punctuation and spaces.

    The marks that some scripts write vowels with stay; compatibility forms are decomposed (NFKD).
    """
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    kept = (
        character
        for character in decomposed
        if ord(character) not in _ACCENTS and unicodedata.category(character)[0] in "LMN"
    )
    return "".join(kept).casefold()


def ascii_figures(text: str) -> str:
    """Return the text with the digits of every script as ASCII and every dash as a hyphen."""
    figures = (str(unicodedata.digit(c)) if c.isdigit() and not c.isascii() else c for c in text)
    return _DASH.sub("-", "".join(figures)).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")


def table_key(symbol: str) -> str:
    """Return a sign as the tables of signs have it: ASCII figures, small letters, one degree sign."""
    return ascii_figures(symbol).casefold().replace("º", "°")


_VOWELS = frozenset("aeiouy")
_ALIKE = frozenset({"sz", "zs", "cs", "sc", "ck", "kc", "iy", "yi"})
_SHORTEST = 5  # letters: in shorter words one letter makes another word
_SHORTEST_VOWELS = 8  # "better" and "butter" differ in a vowel, "Katharine" and "Katherine" too


def is_spelling_of(one: str, other: str, tolerance: float) -> bool:
    """Whether two folded words are spellings of one word. `tolerance`: the share of letters that may differ.

    Spellings differ in a doubled letter, in s and z, c and k or s, i and y, and in words of eight letters or
    more in a vowel. Another first sound or another consonant makes another word. Words of fewer than five
    letters have one spelling.
    """
    shortest = min(len(one), len(other))
    budget = int(tolerance * shortest)
    if not budget or shortest < _SHORTEST or abs(len(one) - len(other)) > budget:
        return False
    first = one[0] + other[0]
    if one[0] != other[0] and first not in _ALIKE:
        return False
    return _distance(one, other, budget, vowels=shortest >= _SHORTEST_VOWELS) <= budget


def _distance(one: str, other: str, limit: int, *, vowels: bool) -> int:
    """Number of edits of spelling from one word to the other; more than `limit` if those do not suffice."""
    never = limit + 1
    row = [0] + [never] * len(other)
    for column in range(1, len(other) + 1):
        row[column] = row[column - 1] + _cost_of_letter(other, column - 1, never, vowels=vowels)
    for line, letter in enumerate(one, 1):
        removed = _cost_of_letter(one, line - 1, never, vowels=vowels)
        next_row = [row[0] + removed]
        for column, other_letter in enumerate(other, 1):
            swap = row[column - 1] + _cost_of_swap(letter, other_letter, never, vowels=vowels)
            added = next_row[column - 1] + _cost_of_letter(other, column - 1, never, vowels=vowels)
            next_row.append(min(swap, row[column] + removed, added))
        if min(next_row) > limit:
            return never
        row = next_row
    return row[-1]


def _cost_of_letter(word: str, place: int, never: int, *, vowels: bool) -> int:
    doubled = place > 0 and word[place] == word[place - 1]
    return 1 if doubled or (vowels and place > 0 and word[place] in _VOWELS) else never


def _cost_of_swap(letter: str, other_letter: str, never: int, *, vowels: bool) -> int:
    if letter == other_letter:
        return 0
    if letter + other_letter in _ALIKE or (vowels and letter in _VOWELS and other_letter in _VOWELS):
        return 1
    return never
