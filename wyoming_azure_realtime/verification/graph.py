"""The graph of all readings of a text, and the positions that a transcript has reached in it.

Nodes are numbers, edges are labels: folded letters without spaces, so that a word of the transcript may end
anywhere in one. A figure or a sign is a label as well, in the form of `literal`.
"""

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, ParamSpec, TypeVar, cast

from wyoming_azure_realtime.verification.likeness import is_same_word
from wyoming_azure_realtime.verification.tokens import UNKNOWN_LETTER, forms, is_spelling_of, same_stem

Labels = dict[str, tuple[str, ...]]
"""Labels by their first character."""

Columns = tuple[Labels, ...]
"""The words that may stand first, second, … in phrases of one length."""

P = ParamSpec("P")
R = TypeVar("R")

EXACT, SPELLING, STEM = range(3)
"""How a label may be written: as it is, in another spelling, with another ending."""

MOST_POSITIONS = 128  # speech needs a handful, only text made for it needs more
MOST_UNSURE = 24
"""Positions that are unsure."""

_MOST_SKIPPED = 12  # edges without a label that follow each other
_MOST_UNKNOWN = 4  # letters that one U+FFFD stands for
_MOST_UNKNOWN_TOGETHER = 3


def literal(written: str) -> str:
    """Return a figure or sign in a form that equals only the same one, and never a part of another."""
    return f"\2{written}\3"


def labels(words: Iterable[str], *literals: str) -> Labels:
    """Return labels of words, folded in every way, and of figures and signs."""
    found: dict[str, dict[str, None]] = {}
    for word in words:
        for form in forms(word):
            if form:
                found.setdefault(form[0], {})[form] = None
    if literals:
        found["\2"] = {literal(written): None for written in literals}
    return {letter: tuple(of_letter) for letter, of_letter in found.items()}


def columns(phrases: Iterable[str]) -> tuple[Columns, ...]:
    """Return the words of phrases by their number and place: those of one length share their places."""
    by_length: dict[int, list[list[str]]] = {}
    for phrase in phrases:
        words = phrase.replace("-", " ").split()
        by_length.setdefault(len(words), []).append(words)
    return tuple(_columns_of(words) for length, words in by_length.items() if length)


def _columns_of(phrases: list[list[str]]) -> Columns:
    return tuple(labels(column) for column in zip(*phrases, strict=True))


_made_of_languages: list[Callable[[], None]] = []


def remembered(most: int) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Remember the `most` last results of a function of languages, until one of those is unloaded."""

    def wrap(function: Callable[P, R]) -> Callable[P, R]:
        known = functools.lru_cache(maxsize=most)(function)
        _made_of_languages.append(known.cache_clear)
        return cast("Callable[P, R]", known)

    return wrap


def forget_all() -> None:
    """Forget what is remembered of languages: one of them is unloaded."""
    for forget in _made_of_languages:
        forget()


class Position(NamedTuple):
    """A node of the graph; with `begun`, the place behind these first characters of labels of an edge.

    `sure`: every part of the text up to it is understood. `edge`: which of those that leave the node.
    """

    node: int
    sure: bool = True
    begun: str = ""
    edge: int = -1


Positions = frozenset[Position]


class Graph:
    """Nodes and edges. `expand` is called with a node the first time that anything asks what leaves it.

    `steps`: how much was added and looked at so far, by which its cost is bounded.
    """

    def __init__(self, expand: Callable[[int], None] | None = None, nodes: int = 0) -> None:
        self._edges: list[list[tuple[Labels, int, int]]] = [[] for _ in range(nodes)]
        self._skips: dict[int, list[tuple[int, bool]]] = {}
        self._any: dict[int, int] = {}
        self.steps = 0
        self._expand = expand
        self._unexpanded = set(range(nodes)) if expand else set()
        self._later: dict[int, Callable[[int], None] | None] = {}
        self._closures: dict[int, tuple[tuple[int, bool], ...]] = {}

    def node(self) -> int:
        """Add a node."""
        self.steps += 1
        self._edges.append([])
        return len(self._edges) - 1

    def add(self, start: int, end: int, of: Labels, how: int = EXACT) -> None:
        """Add an edge for each label."""
        if of:
            self.steps += 1
            self._edges[start].append((of, end, how))

    def chain(self, start: int, end: int, parts: Sequence[Labels], how: int = EXACT) -> None:
        """Add edges one after the other."""
        for place, part in enumerate(parts, 1):
            behind = end if place == len(parts) else self.node()
            self.add(start, behind, part, how)
            start = behind

    def skip(self, start: int, end: int, *, sure: bool = True) -> None:
        """Add an edge without a label: what stands for the part may be left out."""
        self._skips.setdefault(start, []).append((end, sure))

    def any_words(self, start: int, end: int, most: int) -> None:
        """Let one to `most` words that are not understood stand for the part: it is unsure then."""
        for _ in range(most):
            behind = self._any.get(start)
            if behind is None:
                behind = self._any[start] = self.node()
            self.skip(behind, end, sure=False)
            start = behind

    def later(self, start: int, fill: Callable[[int], None]) -> None:
        """Add what `fill` adds to a node of its own, once more than figures are asked for there."""
        node = self.node()
        self.skip(start, node)
        self._later[node] = fill

    def edges(self, node: int, *, known: bool = False) -> list[tuple[Labels, int, int]]:
        """What leaves a node. `known`: without what is added later."""
        if node in self._unexpanded:
            self._unexpanded.discard(node)
            if self._expand:
                self._expand(node)
        elif node in self._later:
            if known:
                return []
            self._fill(node)
        return self._edges[node]

    def _fill(self, node: int) -> None:
        fill = self._later[node]
        if fill is not None:
            self._later[node] = None
            fill(node)
            reached = [node]
            for place in reached:  # nothing leads on from here without a word, but to nodes of its own
                reached += [end for end, _ in self._skips.get(place, ()) if end not in reached]
            self._edges[node] = [edge for place in reached for edge in self._edges[place]]

    def behind_any(self, node: int) -> int | None:
        """Where any word leads, if it may stand here."""
        return self._any.get(node)

    def closure(self, node: int) -> tuple[tuple[int, bool], ...]:
        """A node and those behind it that no word needs to lead to; whether each is sure."""
        known = self._closures.get(node)
        if known is None:
            found, ways = {node: True}, [node]
            while ways and len(found) <= _MOST_SKIPPED:
                place = ways.pop(0)
                if place in self._later:
                    continue
                self.edges(place)
                for behind, sure in self._skips.get(place, ()):
                    reached = sure and found[place]
                    if behind not in found or (reached and not found[behind]):
                        found[behind] = reached
                        ways.append(behind)
            known = self._closures[node] = tuple(found.items())
        return known

    def order(self, start: int) -> list[int]:
        """All nodes that `start` leads to, each ahead of those behind it."""
        found: list[int] = []
        seen: set[int] = set()
        ways: list[tuple[int, bool]] = [(start, False)]
        while ways:
            node, done = ways.pop()
            if done:
                found.append(node)
            elif node not in seen:
                seen.add(node)
                ways.append((node, True))
                ways += [(end, False) for _, end, _ in self.edges(node) if end not in seen]
                ways += [(end, False) for end, _ in self._skips.get(node, ()) if end not in seen]
        self.steps += len(found)
        return found[::-1]

    def skips(self, node: int) -> list[tuple[int, bool]]:
        """The edges without a label."""
        return self._skips.get(node, [])


def begin(graph: Graph) -> Positions:
    """The positions ahead of a text whose first node is 0."""
    return frozenset(arrivals(graph, 0, sure=True))


def advance(graph: Graph, positions: Positions, letters: str, *, known: bool = False) -> Positions:
    """Where the positions are after these letters; none if they lead nowhere. `known`: as `Graph.edges`."""
    if UNKNOWN_LETTER in letters:
        return _advance_past_unknown(graph, positions, letters)
    found: set[Position] = set()
    ways = [(position, 0) for position in positions]
    seen = set(ways)
    while ways:
        position, read = ways.pop()
        rest = letters[read:] if read else letters
        if not rest:
            found.add(position)
            continue
        node, sure, begun, edge = position
        edges = graph.edges(node, known=known and not begun)
        numbers = (edge,) if begun else range(len(edges))
        whole = begun + rest
        for number in numbers:
            of, target, _ = edges[number]
            for label in of.get(whole[0], ()):
                if whole.startswith(label) and len(label) > len(begun):
                    for behind, still in graph.closure(target):
                        way = (Position(behind, sure and still), read + len(label) - len(begun))
                        if way not in seen:
                            seen.add(way)
                            ways.append(way)
                elif label.startswith(whole):
                    found.add(Position(node, sure, whole, number))
        graph.steps += len(numbers)
    graph.steps += len(seen)
    return bounded(found)


def _advance_past_unknown(graph: Graph, positions: Positions, letters: str) -> Positions:
    before, _, behind = letters.partition(UNKNOWN_LETTER)
    positions = advance(graph, positions, before) if before else positions
    rest = behind.lstrip(UNKNOWN_LETTER)
    reached = set(positions)
    newest = positions
    for _ in range(_MOST_UNKNOWN * min(_MOST_UNKNOWN_TOGETHER, 1 + len(behind) - len(rest))):
        newest = bounded(step for position in newest for step in _steps(graph, position))
        graph.steps += 4 * len(newest)
        reached |= newest
    return advance(graph, bounded(reached), rest) if rest else bounded(reached)


def _steps(graph: Graph, position: Position) -> Iterable[Position]:
    """One letter, whichever it is; no figure."""
    node, sure, begun, edge = position
    edges = graph.edges(node)
    for number in (edge,) if begun else range(len(edges)):
        of, target, _ = edges[number]
        for label in of.get(begun[0], ()) if begun else (one for ways in of.values() for one in ways):
            if label[0] in "\2\4":
                if not label[1:2].isdigit():
                    yield from arrivals(graph, target, sure=sure)
            elif label == begun or not label.startswith(begun):
                continue
            elif len(label) == len(begun) + 1:
                yield from arrivals(graph, target, sure=sure)
            else:
                yield Position(node, sure, label[: len(begun) + 1], number)


def other_spelling(
    graph: Graph, positions: Positions, word: str, share: float, *, stems: bool = True
) -> Positions:
    """Where the positions are if the word is another spelling or form of one that may follow.

    `share`: of its letters that may differ. `stems`: it may have another ending.
    """
    found: set[Position] = set()
    for position in positions:
        if position.begun:
            continue
        for of, end, how in graph.edges(position.node):
            if how == EXACT or (how == STEM and not stems):
                continue
            graph.steps += 2
            for label in (
                of.get(word[0], ()) if how == STEM else (one for ways in of.values() for one in ways)
            ):
                if same_stem(label, word) if how == STEM else _is_spelling(label, word, share):
                    found.update(arrivals(graph, end, sure=position.sure))
    return bounded(found)


def _is_spelling(label: str, word: str, share: float) -> bool:
    return is_spelling_of(label, word, share) or (share > 0 and is_same_word(label, word))


def any_word(graph: Graph, positions: Positions) -> Positions:
    """Where the positions are after a word that is not understood."""
    found: set[Position] = set()
    for position in positions:
        behind = None if position.begun else graph.behind_any(position.node)
        if behind is not None:
            found.update(arrivals(graph, behind, sure=False))
            found.add(Position(behind, sure=False))
    return bounded(found)


def arrivals(graph: Graph, node: int, *, sure: bool) -> Iterable[Position]:
    """The positions at a node and at those that no word needs to lead to."""
    return (Position(place, sure and still) for place, still in graph.closure(node))


def bounded(positions: Iterable[Position]) -> Positions:
    """Without those that are unsure and sure as well; the first ones, if there are too many."""
    found = set(positions)
    unsure = [position for position in found if not position.sure]
    if unsure:
        found.difference_update([one for one in unsure if one._replace(sure=True) in found])
    if len(unsure) > MOST_UNSURE or len(found) > MOST_POSITIONS:
        ordered = sorted(found, key=lambda one: (not one.sure, one.node, one.begun, one.edge))
        sure = sum(one.sure for one in ordered)
        found = set(ordered[: min(MOST_POSITIONS, sure + MOST_UNSURE)])
    return frozenset(found)
