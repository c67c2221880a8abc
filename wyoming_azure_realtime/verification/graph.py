"""All the ways to say a text, as a graph of words; every token of the text lies between two main nodes."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Protocol

from wyoming_azure_realtime.verification.english import English
from wyoming_azure_realtime.verification.english_figures import plain
from wyoming_azure_realtime.verification.folding import fold
from wyoming_azure_realtime.verification.lexer import Kind, Token, tokens_of
from wyoming_azure_realtime.verification.other_language import ANY, OtherLanguage


class Language(Protocol):
    """How a language says tokens. Readings are words separated by spaces."""

    number_words: frozenset[str]

    def readings(self, token: Token, before: Token | None, behind: Token | None, *, lone: bool) -> list[str]:
        """Of one token, "" if it may be left out. `lone`: what stands behind it is not known."""

    def spans(self, tokens: list[Token], place: int) -> list[tuple[int, list[str]]]:
        """Further readings of several tokens from `place` on, with the place behind them."""


@dataclass(frozen=True, slots=True, eq=False)
class Edge:
    """A word to be said on the way to `target`; `exact` if no other spelling of it is the same word."""

    word: str
    target: int
    exact: bool


def language_of(code: str) -> Language:
    """By a language's code with or without a region; English if there is none."""
    name = code.replace("_", "-").partition("-")[0].lower()
    return English() if name in {"", "en"} else OtherLanguage(name)


def literal(token: Token) -> str:
    """Figures and signs as they are written, so that they equal themselves and never run together."""
    return f"\2{plain(token.text).lower().strip('.')}\3"


class Graph:
    """Nodes are numbers; 0 to `end` are the main nodes, before each token and behind the last."""

    def __init__(self, text: str, language: Language) -> None:
        self._language = language
        self.tokens = tokens_of(text)
        self.end = len(self.tokens)
        self._mains = list(range(self.end + 1))
        # words of a node by their first letter; "" for the words left out, ANY for any word
        self._leaving: list[dict[str, list[Edge]]] = [defaultdict(list) for _ in self._mains]
        optional = False
        for place, token in enumerate(self.tokens):
            optional = self._add_token(place, token, after_optional=optional)
            for behind, readings in language.spans(self.tokens, place):
                self._add(place, behind, readings, exact=True)

    def leaving(self, node: int, letter: str) -> list[Edge]:
        """The words that may follow at a node, by their first letter."""
        return self._leaving[node].get(letter, [])

    def words(self, node: int) -> list[Edge]:
        """All words that may follow at a node."""
        return [edge for edges in self._leaving[node].values() for edge in edges]

    def main(self, node: int) -> int:
        """The main node that a node lies behind."""
        return self._mains[node]

    def _add_token(self, place: int, token: Token, *, after_optional: bool) -> bool:
        before = self.tokens[place - 1] if place else None
        behind = self.tokens[place + 1] if place + 1 < self.end else None
        readings = self._language.readings(token, before, behind, lone=False)
        optional = "" in readings
        if token.kind is not Kind.WORD:
            readings.append(literal(token))
            # of two that may be left out in a row, one stays: the walk never skips far
            readings = [reading for reading in readings if reading or not after_optional]
        self._add(place, place + 1, readings, exact=token.kind is not Kind.WORD)
        return optional and not after_optional

    def _add(self, start: int, end: int, readings: list[str], *, exact: bool) -> None:
        known: dict[tuple[int, str, bool], int] = {}  # readings that begin alike share their nodes
        for reading in dict.fromkeys(readings):
            words = [reading] if reading[:1] == "\2" else list(filter(None, map(_word, reading.split())))
            node = start
            for number, word in enumerate(words, 1):
                last = number == len(words)
                target = known.get((node, word, last))
                if target is None:
                    target = known[node, word, last] = end if last else self._new_node(start)
                    strict = exact or word in self._language.number_words
                    self._leaving[node][word[0]].append(Edge(word, target, strict))
                node = target
            if not words:
                self._leaving[start][""].append(Edge("", end, exact=True))

    def _new_node(self, main: int) -> int:
        self._mains.append(main)
        self._leaving.append(defaultdict(list))
        return len(self._mains) - 1


def _word(written: str) -> str:
    return ANY if written == ANY else fold(written)
