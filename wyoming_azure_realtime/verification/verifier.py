"""Verify, while it streams, that the transcript of a synthesis reads the requested text.

The text becomes a graph of words: every way to read its figures, signs and abbreviations is a path through
it. The transcript moves a set of positions along that graph, one token at a time; where no position is left,
it is another text. Both are compared as `tokens` divides and folds them.

Cost grows with the length of the text only: at most 128 positions at a time, 400 readings of one token.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from wyoming_azure_realtime.verification.english import English
from wyoming_azure_realtime.verification.other_languages import ANY, OtherLanguage
from wyoming_azure_realtime.verification.tokens import (
    Lexer,
    Token,
    TokenKind,
    ascii_figures,
    fold,
    is_spelling_of,
    tokens_of,
)

Verdict = Literal["agrees", "undecided", "mismatch", "complete"]

_MOST_POSITIONS = 128  # speech needs a handful, only text made for it needs more


@dataclass(frozen=True, slots=True, eq=False)
class Edge:
    """A word of a reading, which leads to the node `target`. `exact`: no other spelling of it is accepted."""

    word: str
    target: int
    exact: bool


class Position(NamedTuple):
    """A node of the graph; with an edge, the place after `offset` letters of the word that leaves it."""

    node: int
    edge: Edge | None = None
    offset: int = 0


Positions = frozenset[Position]


class TranscriptVerifier:
    """Compares the transcript of one response with the requested text.

    `language`: a language code with or without a region ("de-AT"); English if empty. `tolerance`: the share
    of a word's letters (0 to 1) in which another spelling of it may differ.

    `verdict`: "agrees" while the transcript so far is the beginning of the text; "undecided" within a word
    that may still become right; "mismatch" once it is another text, which is final; "complete" after
    `finish` if it is the whole text.
    """

    def __init__(self, text: str, *, language: str = "", tolerance: float = 0.2) -> None:
        self._language = language_of(language)
        self._graph = Graph(text, self._language)
        self._tolerance = tolerance
        self._lexer = Lexer()
        self._positions = frozenset(_arrivals(self._graph, 0))
        self._before: Token | None = None
        self._finished = False
        self.verdict: Verdict = "agrees"

    def add(self, transcript: str) -> None:
        """Append text of the transcript, cut anywhere, and update `verdict`."""
        if self._finished or not self._positions:
            return
        self._lexer.add(transcript)
        self._take()
        self.verdict = self._so_far() if self._positions else "mismatch"

    def finish(self) -> None:
        """End the transcript: `verdict` becomes "complete" or "mismatch" and stays so. Idempotent."""
        self._finished = True
        self._take()
        complete = Position(self._graph.end) in self._positions
        self.verdict = "complete" if complete else "mismatch"

    def _take(self) -> None:
        """Move on by every token that is certain."""
        while self._positions and (token := self._lexer.take(finished=self._finished)):
            self._positions = self._after(token)
            self._before = token

    def _after(self, token: Token) -> Positions:
        """Where one more token leads in any of its readings, written as it is, or as any word."""
        readings = self._language.readings(token, self._before, None, lone=True)
        spelt = dict.fromkeys("".join(map(fold, reading.split())) for reading in readings)
        ways = [advance(self._graph, self._positions, letters) for letters in spelt]
        if token.kind is not TokenKind.WORD:
            ways.append(advance(self._graph, self._positions, literal(token)))
        ways.append(any_word(self._graph, self._positions))
        positions = _joined(ways)
        if all(position.edge for position in positions):  # no word ends here, unless it is another spelling
            slips = other_spelling(self._graph, self._positions, fold(token.text), self._tolerance)
            positions = _joined([positions, slips])
        return positions

    def _so_far(self) -> Verdict:
        """The verdict, counting the beginning of a token that is not certain yet."""
        tail = fold(self._lexer.tail)
        positions = advance(self._graph, self._positions, tail)
        whole = bool(tail) or any(position.edge is None for position in positions)
        return "agrees" if positions and whole else "undecided"


class Language(Protocol):
    """How tokens are read aloud in a language. A reading is words separated by spaces."""

    number_words: frozenset[str]
    """Words that have no other spelling: a slip would be another number."""

    def readings(self, token: Token, before: Token | None, behind: Token | None, *, lone: bool) -> list[str]:
        """Every reading of one token between its neighbours; "" if it may be left out.

        `lone`: the token is of a transcript, and what follows it is not known.
        """

    def spans(self, tokens: list[Token], place: int) -> list[tuple[int, list[str]]]:
        """Readings of several tokens together that begin at `place`, each with the place behind them."""


def language_of(code: str) -> Language:
    """Return the readings of a language by its code, with or without a region; English if it is empty."""
    name = code.replace("_", "-").partition("-")[0].lower()
    return English() if name in {"", "en"} else OtherLanguage(name)


def literal(token: Token) -> str:
    """Return figures and signs in a form that equals only the same ones, and never a part of others."""
    return f"\2{ascii_figures(token.text).lower().strip('.')}\3"


class Graph:
    """All readings of a text. Nodes are numbers: 0 to `end` lie before each token and behind the last."""

    def __init__(self, text: str, language: Language) -> None:
        self._language = language
        self._tokens = tokens_of(text)
        self.end = len(self._tokens)
        # words of a node by their first letter; "" for the words left out, ANY for any word
        self._leaving: list[dict[str, list[Edge]]] = [defaultdict(list) for _ in range(self.end + 1)]
        optional = False
        for place, token in enumerate(self._tokens):
            optional = self._add_token(place, token, after_optional=optional)
            for behind, readings in language.spans(self._tokens, place):
                self._add(place, behind, readings, exact=True)

    def leaving(self, node: int, letter: str) -> list[Edge]:
        """The words that may follow at a node and begin with that letter."""
        return self._leaving[node].get(letter, [])

    def words(self, node: int) -> list[Edge]:
        """All words that may follow at a node."""
        return [edge for edges in self._leaving[node].values() for edge in edges]

    def _add_token(self, place: int, token: Token, *, after_optional: bool) -> bool:
        """Add a token's readings. Returns whether it may be left out."""
        before = self._tokens[place - 1] if place else None
        behind = self._tokens[place + 1] if place + 1 < self.end else None
        readings = self._language.readings(token, before, behind, lone=False)
        optional = "" in readings
        if token.kind is not TokenKind.WORD:
            readings.append(literal(token))
            # of two that may be left out in a row, one stays: positions never skip far
            readings = [reading for reading in readings if reading or not after_optional]
        self._add(place, place + 1, readings, exact=token.kind is not TokenKind.WORD)
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
                    target = known[node, word, last] = end if last else self._new_node()
                    strict = exact or word in self._language.number_words
                    self._leaving[node][word[0]].append(Edge(word, target, strict))
                node = target
            if not words:
                self._leaving[start][""].append(Edge("", end, exact=True))

    def _new_node(self) -> int:
        self._leaving.append(defaultdict(list))
        return len(self._leaving) - 1


def _word(written: str) -> str:
    return ANY if written == ANY else fold(written)


def advance(graph: Graph, positions: Positions, letters: str) -> Positions:
    """Where the positions are after these letters; none if they lead nowhere."""
    found: set[Position] = set()
    ways = [(position, 0) for position in positions]
    seen = set(ways)
    while ways:
        position, read = ways.pop()
        if read == len(letters):
            found.add(position)
            continue
        for edge in (position.edge,) if position.edge else graph.leaving(position.node, letters[read]):
            rest = edge.word[position.offset :]
            if letters.startswith(rest, read):
                reached = {(arrival, read + len(rest)) for arrival in _arrivals(graph, edge.target)} - seen
                seen |= reached
                ways.extend(reached)
            elif rest.startswith(letters[read:]):
                found.add(Position(position.node, edge, position.offset + len(letters) - read))
    return _bounded(frozenset(found))


def other_spelling(graph: Graph, positions: Positions, word: str, tolerance: float) -> Positions:
    """Where the positions are if the word is another spelling of one that may follow."""
    found: set[Position] = set()
    for position in positions:
        if position.edge is None:
            for edge in graph.words(position.node):
                if not edge.exact and is_spelling_of(edge.word, word, tolerance):
                    found.update(_arrivals(graph, edge.target))
    return frozenset(found)


def any_word(graph: Graph, positions: Positions) -> Positions:
    """Where the positions are if a word may follow that can be any word (`ANY`)."""
    found: set[Position] = set()
    for position in positions:
        if position.edge is None:
            for edge in graph.leaving(position.node, ANY):
                found.update(_arrivals(graph, edge.target))
    return frozenset(found)


def _arrivals(graph: Graph, node: int) -> Iterable[Position]:
    """At a node, and at the next one if the token between them may be left out."""
    yield Position(node)
    for skipped in graph.leaving(node, ""):
        yield Position(skipped.target)


def _joined(parts: Iterable[Positions]) -> Positions:
    return _bounded(frozenset().union(*parts))


def _bounded(positions: Positions) -> Positions:
    """The first ones in the text, if there are more than `_MOST_POSITIONS`."""
    if len(positions) <= _MOST_POSITIONS:
        return positions
    ordered = sorted(
        positions,
        key=lambda position: (position.node, position.offset, position.edge.word if position.edge else ""),
    )
    return frozenset(ordered[:_MOST_POSITIONS])
