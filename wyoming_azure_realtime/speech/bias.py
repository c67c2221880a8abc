"""Which names a recognizer is given to expect, and whether a transcript only repeats them. Pure.

A recognizer that expects too much finds what it expects. The vendor of these models states no limit; others
that stream take 50 names (ElevenLabs), 100 with 1200 characters (Cartesia) or 100 (Deepgram), and advise few
and uncommon words. So the defaults are moderate, and the likeliest names come first.
"""

import re
from collections.abc import Iterable, Iterator

from wyoming_azure_realtime.realtime.session_config import Hints

LONGEST_NAME = 60  # characters; more is a sentence and no name
MOST_CHARACTERS = 1200  # of all names together

_BETWEEN_CLAUSES = re.compile(r"[^\w\s'\u2019-]+")


def expected_names(*sources: Iterable[str], most: int) -> tuple[str, ...]:
    """The `most` first names of the sources, in their order, each once whatever its case."""
    names: dict[str, str] = {}
    left = MOST_CHARACTERS
    for name in _usable(sources):
        key = name.casefold()
        if len(names) == most:
            break
        if key not in names and len(name) <= left:
            names[key] = name
            left -= len(name)
    return tuple(names.values())


def echoes(text: str, hints: Hints) -> bool:
    """Whether `text` is nothing but what the model was told to expect, as it may say when it hears nothing.

    That is all of it, the user's own prompt, or at least two parts in their order (repeated or not). A part
    is a name, or what stands between the punctuation of the prompt.
    """
    letters = _letters(text)
    parts = [part for part in map(_letters, (*_BETWEEN_CLAUSES.split(hints.prompt), *hints.keywords)) if part]
    if not letters or not parts or len(letters) > 4 * sum(map(len, parts)):
        return False
    return letters in ("".join(parts), _letters(hints.prompt)) or _lists_two(letters, parts)


def _lists_two(letters: str, parts: list[str]) -> bool:
    """Walk `letters` part by part. `one`: where the first part ends, and which it was; `two`: later ends."""
    one: dict[int, int] = {}
    two: set[int] = set()
    for index, part in enumerate(parts):
        if letters.startswith(part):
            one.setdefault(len(part), index)
    for place in range(1, len(letters)):
        if place in one:
            after = parts[one[place] + 1 :]
            two.update(place + len(part) for part in after if letters.startswith(part, place))
        if place in two:  # an order has shown itself; from here on it may begin again
            two.update(place + len(part) for part in parts if letters.startswith(part, place))
    return len(letters) in two


def _usable(sources: Iterable[Iterable[str]]) -> Iterator[str]:
    for source in sources:
        for text in source:
            name = " ".join("".join(char if char.isprintable() else " " for char in text).split())
            if len(name) <= LONGEST_NAME and any(map(str.isalnum, name)):
                yield name


def _letters(text: str) -> str:
    """Letters and digits alone, so that neither punctuation, case nor spaces matter."""
    return "".join(filter(str.isalnum, text.casefold()))
