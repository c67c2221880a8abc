"""The README's code blocks, by the heading above them."""

import re
from pathlib import Path
from typing import NamedTuple

README = Path(__file__).parents[2] / "README.md"


class Block(NamedTuple):
    """One fenced block."""

    heading: str
    language: str
    text: str


def blocks() -> list[Block]:
    """All of them, in order."""
    found = []
    heading = ""
    parts = re.finditer(
        r"^#+ (?P<heading>[^\n]+)$|^```(?P<language>\w+)\n(?P<text>.*?)^```$",
        README.read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    )
    for part in parts:
        if part["heading"]:
            heading = part["heading"]
        else:
            found.append(Block(heading, part["language"], part["text"].strip()))
    return found


def under(heading: str, language: str) -> list[str]:
    """The blocks of one section. Raises KeyError if there are none."""
    found = [block.text for block in blocks() if (block.heading, block.language) == (heading, language)]
    if not found:
        raise KeyError(f"README.md has no {language} under {heading!r}")
    return found
