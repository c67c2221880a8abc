"""How speech is cut on its way out: audio in odd sizes, text ahead of it."""

import re
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from itertools import chain, cycle, islice

# Odd on purpose: a delta need not end on a whole sample. The first is short, so that sound begins early.
_FIRST = (2401,)
_LATER = (4801, 7203, 2399, 9605, 5997, 12001, 3599)
WORDS_AT_FIRST = 4
WORDS_PER_DELTA = 2


async def irregular(audio: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """The same bytes in deltas of 50 to 250 ms; closes `audio` when it is left."""
    sizes, waiting = chain(_FIRST, cycle(_LATER)), bytearray()
    size = next(sizes)
    async with aclosing(audio):
        async for piece in audio:
            waiting += piece
            while len(waiting) >= size:
                yield bytes(waiting[:size])
                del waiting[:size]
                size = next(sizes)
    if waiting:
        yield bytes(waiting)


class TextAhead:
    """A transcript told word by word, a little before its sound."""

    def __init__(self, text: str) -> None:
        self._words = words(text)

    def take(self, count: int) -> Iterator[str]:
        """The next words."""
        return islice(self._words, count)


def words(text: str) -> Iterator[str]:
    """Words with the white space that precedes them; joined they are `text`."""
    return (match[0] for match in re.finditer(r"\s*\S+|\s+", text))
