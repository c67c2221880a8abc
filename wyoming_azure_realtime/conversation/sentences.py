"""What is said and understood without a model, in the person's language. Pure but for the table."""

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from wyoming_azure_realtime.text.language import plain_language

USUAL = "en"
"""The language of whoever speaks one that is not in the table."""

_LONGEST_SHOWN = 60  # characters of a name that is repeated
_ENDS_WORDS = 4  # letters of the shortest stem that is also looked for at the ends of compound words
_QUESTION_MARKS = ("?", "\uff1f", "\u061f", "\u037e")  # the usual, of Chinese, of Arabic, of Greek
_UNSPACED = frozenset({"ja", "ko", "zh"})


class Sentences(msgspec.Struct, frozen=True):
    """Those of one language; the file of the table says what each is for."""

    language: str
    unavailable: str
    room: str
    unknown: str
    confirm: str
    impossible: str
    single: str
    left: str
    yes: tuple[str, ...]
    no: tuple[str, ...]
    never_mind: tuple[str, ...]
    locks: tuple[str, ...]
    gates: tuple[str, ...]
    alarms: tuple[str, ...]
    lights: tuple[str, ...]
    states: dict[str, str]

    def no_such(self, name: str) -> str:
        """The home has nothing by that name."""
        return self.unknown.format(name=name[:_LONGEST_SHOWN])

    def ask(self, name: str) -> str:
        """Whether it is to be done with what is called so."""
        return self.confirm.format(name=name[:_LONGEST_SHOWN])

    def is_yes(self, text: str) -> bool:
        """Whether an answer agrees: no no is in it, as in "claro que no", and it asks for nothing itself.

        A yes ends with its word in every script: with as many signs begins the name of a lamp.
        """
        agrees = any(f"{plain(text)} ".startswith(f"{word} ") for word in self.yes)
        return agrees and not (self._has_one(text, self.no) or is_question(text))

    def is_no(self, text: str) -> bool:
        """Whether an answer declines."""
        return self._begins(text, self.no) or self.is_never_mind(text)

    def is_never_mind(self, text: str) -> bool:
        """Whether the text is nothing but the wish to end the conversation."""
        return plain(text) in self.never_mind

    def speaks_of(self, text: str, stems: Iterable[str]) -> bool:
        """Whether a word of the text is made of one of these."""
        words = plain(text)
        if self.language in _UNSPACED:
            return any(stem in words for stem in stems)
        return any(_has(words, stem) for stem in stems)

    def _begins(self, text: str, starts: Iterable[str]) -> bool:
        words = plain(text)
        if self.language in _UNSPACED:
            return any(words.startswith(start) for start in starts)
        return any(f"{words} ".startswith(f"{start} ") for start in starts)

    def _has_one(self, text: str, phrases: Iterable[str]) -> bool:
        words = plain(text)
        if self.language in _UNSPACED:
            return any(phrase in words for phrase in phrases)
        return any(f" {phrase} " in f" {words} " for phrase in phrases)


def plain(text: str) -> str:
    """The words in small letters, with one blank between them."""
    return " ".join(re.sub(r"[^\w]|_", " ", text.casefold()).split())


def is_question(text: str) -> bool:
    """Whether a text ends as questions are written in its language."""
    return text.rstrip().endswith(_QUESTION_MARKS)


def _has(words: str, stem: str) -> bool:
    if f" {words}".find(f" {stem}") >= 0:
        return True
    return (len(stem) >= _ENDS_WORDS or not stem.isascii()) and f"{words} ".find(f"{stem} ") >= 0


def sentences_in(language: str) -> Sentences:
    """Those of a BCP 47 tag's language, else the English ones."""
    table = _table()
    return table.get(plain_language(language), table[USUAL])


def perhaps_in(language: str) -> tuple[Sentences, ...]:
    """Those of a BCP 47 tag's language; of all languages where it is none of the table, or not known."""
    table = _table()
    known = table.get(plain_language(language)) if language else None
    return (known,) if known else tuple(table.values())


def known_languages() -> tuple[str, ...]:
    """The languages of the table."""
    return tuple(_table())


@cache
def _table() -> dict[str, Sentences]:
    text = files(__package__).joinpath("sentences.toml").read_text(encoding="utf-8")
    return {
        language: msgspec.convert({"language": language, **_in_plain_words(entry)}, Sentences)
        for language, entry in tomllib.loads(text).items()
    }


def _in_plain_words(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        name: [plain(one) for one in value] if isinstance(value, list) else value
        for name, value in entry.items()
    }
