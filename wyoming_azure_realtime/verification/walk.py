"""Where in the graph of a text its transcript can be: a set of places, moved on with every word."""

from collections.abc import Iterable
from typing import NamedTuple

from wyoming_azure_realtime.verification.folding import is_spelling_of
from wyoming_azure_realtime.verification.graph import Edge, Graph
from wyoming_azure_realtime.verification.other_language import ANY

_MOST = 128  # places at once; speech needs a handful, only text made for it needs more


class Place(NamedTuple):
    """At a node, or within a word that leaves it."""

    node: int
    edge: Edge | None = None
    offset: int = 0


Places = frozenset[Place]


def start(graph: Graph) -> Places:
    """Nothing was said yet."""
    return frozenset(_arrivals(graph, 0))


def advance(graph: Graph, places: Places, letters: str) -> Places:
    """Where the places are after these letters; the empty set if they lead nowhere."""
    found: set[Place] = set()
    ways = [(place, 0) for place in places]
    seen = set(ways)
    while ways:
        place, read = ways.pop()
        if read == len(letters):
            found.add(place)
            continue
        for edge in (place.edge,) if place.edge else graph.leaving(place.node, letters[read]):
            rest = edge.word[place.offset :]
            if letters.startswith(rest, read):
                reached = {(arrival, read + len(rest)) for arrival in _arrivals(graph, edge.target)} - seen
                seen |= reached
                ways.extend(reached)
            elif rest.startswith(letters[read:]):
                found.add(Place(place.node, edge, place.offset + len(letters) - read))
    return _bounded(frozenset(found))


def misspelt(graph: Graph, places: Places, word: str, tolerance: float) -> Places:
    """Where the places are if the word is another spelling of what should follow."""
    found: set[Place] = set()
    for place in places:
        if place.edge is None:
            for edge in graph.words(place.node):
                if not edge.exact and is_spelling_of(edge.word, word, tolerance):
                    found.update(_arrivals(graph, edge.target))
    return frozenset(found)


def any_word(graph: Graph, places: Places) -> Places:
    """Where the places are if a word is among those that may be anything."""
    found: set[Place] = set()
    for place in places:
        if place.edge is None:
            for edge in graph.leaving(place.node, ANY):
                found.update(_arrivals(graph, edge.target))
    return frozenset(found)


def joined(parts: Iterable[Places]) -> Places:
    """All of them, as far as the bound goes."""
    return _bounded(frozenset().union(*parts))


def _arrivals(graph: Graph, node: int) -> Iterable[Place]:
    yield Place(node)
    for skipped in graph.leaving(node, ""):
        yield Place(skipped.target)


def _bounded(places: Places) -> Places:
    if len(places) <= _MOST:
        return places
    ordered = sorted(
        places, key=lambda place: (place.node, place.offset, place.edge.word if place.edge else "")
    )
    return frozenset(ordered[:_MOST])
