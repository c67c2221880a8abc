"""Text cut into tokens that have readings; the same cuts for a text and for a transcript that streams."""

import enum
import re
from dataclasses import dataclass


class Kind(enum.Enum):
    """What a token is."""

    WORD = enum.auto()
    NUMBER = enum.auto()
    SYMBOL = enum.auto()
    JOINER = enum.auto()


@dataclass(frozen=True, slots=True)
class Token:
    """`text[start:end]` of what was cut; positions count from the very beginning."""

    kind: Kind
    text: str
    start: int
    end: int


LOOK_AHEAD = 3  # how many characters behind a token may still change it; a space never does
LOOK_BEHIND = 2

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
    "DOTTED": Kind.WORD,
    "NUMBER": Kind.NUMBER,
    "IDEOGRAPH": Kind.WORD,
    "WORD": Kind.WORD,
    "SYMBOL": Kind.SYMBOL,
    "JOINER": Kind.JOINER,
}


class Lexer:
    """Takes text cut anywhere and gives its tokens as soon as nothing that follows can change them."""

    def __init__(self) -> None:
        self._text = ""
        self._place = 0
        self._dropped = 0

    @property
    def place(self) -> int:
        """How far the text is cut into tokens."""
        return self._dropped + self._place

    @property
    def tail(self) -> str:
        """What is not a token yet."""
        return self._text[self._place :]

    def add(self, text: str) -> None:
        """More text. What was cut already is forgotten."""
        start = max(0, self._place - LOOK_BEHIND)
        self._dropped += start
        self._text = self._text[start:] + text
        self._place -= start

    def take(self, *, finished: bool) -> Token | None:
        """The next token, None if there is none yet."""
        while self._place < len(self._text):
            found = _TOKEN.match(self._text, self._place)
            end = found.end() if found else self._place + 1
            if not (finished or self._is_settled(end)):
                return None
            start, self._place = self._place, end
            if found and found.lastgroup:
                kind = _KINDS[found.lastgroup]
                return Token(kind, found.group(), self._dropped + start, self._dropped + end)
        return None

    def _is_settled(self, end: int) -> bool:
        # a space ends every token, also those that it precedes: signs look at what follows directly
        behind = self._text[end : end + LOOK_AHEAD]
        return (
            len(behind) == LOOK_AHEAD
            or behind[:1] in {"\n", "\t"}
            or (behind[:1] == " " and self._is_word(end))
        )

    def _is_word(self, end: int) -> bool:
        """Some symbols look beyond a space; words and numbers do not."""
        return self._text[end - 1].isalnum()


def tokens_of(text: str) -> list[Token]:
    """All tokens of a complete text."""
    lexer = Lexer()
    lexer.add(text)
    found = []
    while token := lexer.take(finished=True):
        found.append(token)
    return found
