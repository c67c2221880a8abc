"""The code blocks of the README and of the documents for users, by file and by the heading above them."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = (
    "README.md",
    "docs/azure.md",
    "docs/embedded.md",
    "docs/openai.md",
    "docs/operators.md",
    "docs/protocol.md",
    "docs/python.md",
    "docs/using.md",
)
"""Those whose every claim that can be typed is run. Other documents have tests of their own."""


class Block(NamedTuple):
    """One fenced block."""

    page: str
    heading: str
    language: str
    text: str


def blocks() -> list[Block]:
    """All of them, in order."""
    return [block for page in PAGES for block in _blocks_of(page)]


def _blocks_of(page: str) -> list[Block]:
    found = []
    heading = ""
    parts = re.finditer(
        r"^#+ (?P<heading>[^\n]+)$|^```(?P<language>\w+)\n(?P<text>.*?)^```$",
        (ROOT / page).read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    )
    for part in parts:
        if part["heading"]:
            heading = part["heading"]
        else:
            found.append(Block(page, heading, part["language"], part["text"].strip()))
    return found


def under(heading: str, language: str, page: str = "README.md") -> list[str]:
    """The blocks of one section. Raises KeyError if there are none."""
    wanted = (page, heading, language)
    found = [block.text for block in blocks() if (block.page, block.heading, block.language) == wanted]
    if not found:
        raise KeyError(f"{page} has no {language} under {heading!r}")
    return found
