"""Text for the ear: Markdown as it arrives, made into what somebody would read out.

Marks of emphasis, headings, quotes, lists and rules are dropped, links and images become their words, code
spans stay, code blocks and emoji are left out, tables are read row by row, web addresses are shortened.
Headings, items and rows get a full stop where they end without punctuation. Lines within a paragraph stay
lines, and plain text stays as it is, but for the white space around its lines.
"""

import re
from enum import Enum, auto

from wyoming_azure_realtime.text.inline import Inline
from wyoming_azure_realtime.text.lines import Kind, closes_fence, content, kind_of
from wyoming_azure_realtime.text.table import Table

_CLOSED = re.compile(r"[.!?…:;,،؛؟۔।॥。！？、，；：–—-][\W_]*\Z")  # noqa: RUF001


_GAP = re.compile(r"[ \t]+")


class _Block(Enum):
    PARAGRAPH = auto()
    ITEM = auto()
    HEADING = auto()
    ROW = auto()
    CODE = auto()


class MarkdownToSpeech:
    """Collects Markdown, gives words."""

    def __init__(self) -> None:
        self._block = _Block.PARAGRAPH
        self._line = ""  # what is held of a line whose kind is not known yet
        self._flows = False  # whether the line in progress is passed on as it comes
        self._parted = False  # whether a blank line or a block that is not spoken came since
        self._fence = ""
        self._table = Table()
        self._inline = Inline()
        self._gap = ""  # a space that counts only if something comes after it
        self._spoken: list[str] = []
        self._tail = ""  # the end of all that was given

    def add(self, text: str) -> str:
        """What is certain by now."""
        first, *more = text.replace("\r", "").split("\n")
        self._part(first)
        for part in more:
            self._end_line()
            self._part(part)
        return self._give()

    def finish(self) -> str:
        """The rest."""
        self._end_line()
        self._end_table()
        self._say(self._inline.end())
        return self._give()

    def _give(self) -> str:
        spoken, self._spoken = "".join(self._spoken), []
        return spoken

    def _say(self, text: str) -> None:
        text = _GAP.sub(" ", self._gap + text)
        words = text.removesuffix(" ")
        self._gap = text[len(words) :]
        if words:
            self._spoken.append(words)
            self._tail = (self._tail + words[-16:]).rstrip()[-16:]

    def _part(self, part: str) -> None:
        """More of the line in progress."""
        if self._flows:
            self._say(self._inline.add(part))
        elif self._block is _Block.CODE:
            self._line = (self._line + part)[:80]
        elif part:
            self._line += part
            kind = kind_of(self._line, ended=False)
            if kind is not Kind.OPEN:
                self._begin(kind)

    def _end_line(self) -> None:
        line, self._line = self._line, ""
        if self._flows:
            self._flows = False
        elif self._block is _Block.CODE:
            if closes_fence(line, self._fence):
                self._block, self._parted = _Block.PARAGRAPH, True
        else:
            self._read_line(line)

    def _read_line(self, line: str) -> None:
        """A whole line that was held to its end."""
        match kind := kind_of(line, ended=True):
            case Kind.BLANK | Kind.RULE:
                self._end_table()
                self._parted = True
            case Kind.FENCE:
                self._end_table()
                self._say(self._inline.end())
                self._block, self._fence = _Block.CODE, content(line, kind)
            case Kind.ROW:
                self._read_row(line)
            case _:
                self._line = line
                self._begin(kind)
                self._flows = False

    def _read_row(self, line: str) -> None:
        for words in self._table.add(line.strip()):
            self._open_block(_Block.ROW)
            self._say(self._inline.add(words))

    def _end_table(self) -> None:
        for words in self._table.end():
            self._open_block(_Block.ROW)
            self._say(self._inline.add(words))

    def _begin(self, kind: Kind) -> None:
        """The line in progress is of this kind; from here on it is passed on as it comes."""
        self._end_table()
        text, self._line = content(self._line, kind), ""
        if kind is Kind.ITEM:
            self._open_block(_Block.ITEM)
        elif kind is Kind.HEADING:
            self._open_block(_Block.HEADING)
        elif self._parted or self._block in {_Block.HEADING, _Block.ROW}:
            self._open_block(_Block.PARAGRAPH)
        elif self._tail:
            self._say(self._inline.add("\n"))
        self._flows = True
        self._say(self._inline.add(text))

    def _open_block(self, block: _Block) -> None:
        """End the block before, with a full stop where it needs one."""
        self._say(self._inline.end())
        self._gap = ""
        if self._tail:
            if self._block is not _Block.PARAGRAPH and not _CLOSED.search(self._tail):
                self._say(".")
            together = block is self._block and block is not _Block.PARAGRAPH and not self._parted
            self._spoken.append("\n" if together else "\n\n")
        self._block, self._parted = block, False
