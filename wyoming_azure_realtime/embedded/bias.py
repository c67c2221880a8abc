"""Which names a session's hints tell. Pure."""

import re
from collections.abc import Iterator

from wyoming_azure_realtime.embedded.engines import EngineHints

MAX_NAMES = 100
_MOST_WORDS, _LONGEST = 5, 60
# a prompt is free text: names stand between these, and what is longer than a name is a sentence
_BETWEEN = re.compile(r"[,;:.!?|\n\r\t\u2022\"]+|\s+(?:and|or)\s+")


def names_of(hints: EngineHints) -> tuple[str, ...]:
    """The keywords, then the names in the prompt: each once, in their order, no more than `MAX_NAMES`."""
    found: dict[str, str] = {}
    for name in _told(hints):
        plain = " ".join(name.split())
        if plain and len(plain) <= _LONGEST and plain.count(" ") < _MOST_WORDS:
            found.setdefault(plain.casefold(), plain)
    return tuple(found.values())[:MAX_NAMES]


def _told(hints: EngineHints) -> Iterator[str]:
    yield from hints.keywords
    yield from _BETWEEN.split(hints.prompt)
