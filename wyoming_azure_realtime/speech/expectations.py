"""What a recognition and an answer are expected to be about: names in the home, the client's language. Pure.

A recognizer that expects too much finds what it expects. The vendor of these models states no limit; others
that stream take 50 names (ElevenLabs), 100 with 1200 characters (Cartesia) or 100 (Deepgram), and advise few
and uncommon words. So the defaults are moderate, and the likeliest names come first. Texts that do not tell
their language are in the one in which their client's address last asked a recognition.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator

LONGEST_NAME = 60  # characters; more is a sentence and no name
MOST_CHARACTERS = 1200  # of all names together

_REFUSED = "<>"
"""With these or a line break in one name the service refuses all hints (OpenAI's guide, November 2026)."""


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


def _usable(sources: Iterable[Iterable[str]]) -> Iterator[str]:
    for source in sources:
        for text in source:
            name = " ".join("".join(map(_writable, text)).split())
            if len(name) <= LONGEST_NAME and any(map(str.isalnum, name)):
                yield name


def _writable(char: str) -> str:
    return char if char.isprintable() and char not in _REFUSED else " "


MOST_ADDRESSES = 256
"""Addresses that are remembered; the one that asked longest ago is forgotten first."""


class ClientLanguages:
    """Language codes by the address of whoever asked, without its port. `most`: addresses at a time.

    Clients without an address (on a Unix socket, in Python) count as one.
    """

    def __init__(self, most: int = MOST_ADDRESSES) -> None:
        self._most = most
        self._languages: OrderedDict[str, str] = OrderedDict()

    def note(self, client: str, language: str) -> None:
        """Remember that a client asked in this language; nothing if it is empty."""
        if not language:
            return
        host = host_of(client)
        self._languages[host] = language
        self._languages.move_to_end(host)
        if len(self._languages) > self._most:
            self._languages.popitem(last=False)

    def last(self, client: str) -> str:
        """The language that a client asked in last; empty if that is not known."""
        return self._languages.get(host_of(client), "")


def host_of(client: str) -> str:
    """Return an address without its port: "10.0.0.5" for "10.0.0.5:4711", "::1" for "[::1]:80" and "::1"."""
    if client.startswith("["):
        return client[1:].partition("]")[0]
    host, _, port = client.partition(":")
    return host if port.isdecimal() else client
