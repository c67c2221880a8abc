"""What kind of Markdown line one is, told from its beginning where that suffices."""

import re
from enum import Enum, auto

LONGEST_HELD = 2000
"""Characters of a heading or of a table's row that may wait for the end of the line."""

_LONGEST_OPENING = 200

_QUOTE = re.compile(r"[ \t]*(?:>+(?:[ \t]+|$))*")
_OPEN_QUOTE = re.compile(r"[ \t]*(?:>+[ \t]*)*")
_HEADING = re.compile(r"#{1,6}[ \t]+")
_HEADING_END = re.compile(r"(?:[ \t]+#+)?[ \t]*\Z")
_BULLET = re.compile(r"[-*+•‣◦▪●][ \t]+(?:\[[ xX]\](?:[ \t]+|$))?")
_NUMBER = re.compile(r"\d{1,3}[.)][ \t]")
_FENCE = re.compile(r"(`{3,})[^`]*|(~{3,}).*")
_RULE = re.compile(r"(?:[-*_=][ \t]*){2,}")
# what could still become one of the above
_OPENING = re.compile(
    r"#{1,6}|[-*+•‣◦▪●](?:[ \t]+(?:\[[ xX]?\]?)?)?|\d{1,3}[.)]?"
    r"|(?:-[ \t]*)+|(?:\*[ \t]*)+|(?:_[ \t]*)+|=+|`{1,2}|~{1,2}"
)


class Kind(Enum):
    """OPEN: not known before more of the line is."""

    OPEN = auto()
    BLANK = auto()
    TEXT = auto()
    HEADING = auto()
    ITEM = auto()
    ROW = auto()
    FENCE = auto()
    RULE = auto()


def kind_of(line: str, *, ended: bool) -> Kind:
    """The kind of a line, of which the rest may still be missing unless it `ended`."""
    if len(line) > LONGEST_HELD:
        return Kind.TEXT
    if not ended and len(line) <= _LONGEST_OPENING and _OPEN_QUOTE.fullmatch(line):
        return Kind.OPEN
    text = _unquoted(line)
    if not text.strip():
        return Kind.BLANK if ended else Kind.OPEN
    whole = _whole_line(text.rstrip()) if ended else _prefix(text)
    if whole is not None:
        return whole
    return Kind.ITEM if _BULLET.match(text) or _NUMBER.match(text) else Kind.TEXT


def _whole_line(text: str) -> Kind | None:
    if text.startswith("|") and len(text) > 1:
        return Kind.ROW
    if _FENCE.fullmatch(text):
        return Kind.FENCE
    if _RULE.fullmatch(text):
        return Kind.RULE
    return Kind.HEADING if _HEADING.match(text) else None


def _prefix(text: str) -> Kind | None:
    """Headings, rows and fences are read when they have ended."""
    if text[0] == "|" or _HEADING.match(text) or text.startswith(("```", "~~~")):
        return Kind.OPEN
    if len(text) <= _LONGEST_OPENING and _OPENING.fullmatch(text):
        return Kind.OPEN
    return None


def content(line: str, kind: Kind) -> str:
    """What is said of a line: without its mark, but with a number, which says which step it is.

    Of a fence, the fence itself.
    """
    text = _unquoted(line)
    if kind is Kind.FENCE and (fence := _FENCE.match(text)):
        return fence[1] or fence[2]
    if kind is Kind.HEADING:
        title = _after(_HEADING, text)
        return title[: match.start()] if (match := _HEADING_END.search(title)) else title
    return _after(_BULLET, text) if kind is Kind.ITEM else text


def closes_fence(line: str, fence: str) -> bool:
    """Whether a line ends the block of code that the fence opened."""
    text = line.strip()
    return text.startswith(fence) and not text.strip(fence[0])


def _unquoted(line: str) -> str:
    return _after(_QUOTE, line)


def _after(mark: re.Pattern[str], text: str) -> str:
    match = mark.match(text)
    return text[match.end() :] if match else text
