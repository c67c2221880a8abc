"""Text as it may arrive: cut anywhere."""

import itertools

from hypothesis import strategies as st

from wyoming_azure_realtime.text.pieces import Piece, Pieces, Splitter

CUTS = st.lists(st.integers(0, 10_000), max_size=12)


def cut_up(text: str, cuts: list[int]) -> list[str]:
    """The text in chunks, cut at these places."""
    edges = [0, *sorted(cut % (len(text) + 1) for cut in cuts), len(text)]
    return [text[start:end] for start, end in itertools.pairwise(edges)]


def in_steps(text: str, step: int) -> list[str]:
    """The text in chunks of so many characters."""
    return [text[start : start + step] for start in range(0, len(text), step)]


def all_of(source: Pieces | Splitter) -> list[Piece]:
    """All pieces that are certain by now."""
    taken = source.take()
    while source.pending:
        taken += source.take()
    return taken


def streamed(chunks: list[str], *, language: str = "", text_format: str = "text") -> list[Piece]:
    """The pieces of a text, each taken as soon as it is there."""
    pieces = Pieces(languages=(language,), text_format=text_format)
    taken = []
    for chunk in chunks:
        pieces.add(chunk)
        taken += all_of(pieces)
    pieces.finish()
    return taken + all_of(pieces)


def complete(text: str, *, language: str = "", text_format: str = "text") -> list[Piece]:
    """The pieces of a text that is there before the first is taken."""
    pieces = Pieces(languages=(language,), text_format=text_format)
    pieces.add(text)
    pieces.finish()
    return all_of(pieces)
