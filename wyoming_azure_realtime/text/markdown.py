"""Turn Markdown into plain text to be spoken, while it arrives.

Marks of emphasis, headings, quotes, lists and rules are dropped, links and images become their words, code
spans stay, code blocks and emoji are left out, tables are read row by row, web addresses are shortened.
Headings, items and rows get a full stop where they end without punctuation. A footnote is a paragraph of its
own; definitions of links are left out. Lines within a paragraph stay lines, and plain text stays as it is,
but for the white space around its lines. Text is kept back only until its mark or the kind of its line is
known: at most `LONGEST_LINE` characters of a line, and no clause of a paragraph.
"""

# ruff: noqa: RUF001 - many scripts

import re
from enum import Enum, auto

from wyoming_azure_realtime.text.inline import Inline

_CLOSED = re.compile(r"[.!?…:;,،؛؟۔।॥。！？、，；：–—-][\W_]*\Z")
_GAP = re.compile(r"[ \t]+")

LONGEST_LINE = 2000
"""Characters of a heading or a table's row that are kept back until the line ends; beyond, it is text."""

_LONGEST_OPENING = 200

_QUOTE = re.compile(r"[ \t]*(?:>+(?:[ \t]+|$))*")
_OPEN_QUOTE = re.compile(r"[> \t]*")
_HEADING = re.compile(r"#{1,6}[ \t]+")
_BULLET = re.compile(r"[-*+•‣◦▪●][ \t]+(?:\[[ xX]\](?:[ \t]+|$))?")
_NUMBER = re.compile(r"\d{1,3}[.)][ \t]")
_FENCE = re.compile(r"(`{3,})[^`]*|(~{3,}).*")
_RULE = re.compile(r"(?:[-*_=][ \t]*){2,}")
# what could still become one of the above
_OPENING = re.compile(
    r"#{1,6}|[-*+•‣◦▪●](?:[ \t]+(?:\[[ xX]?\]?)?)?|\d{1,3}[.)]?"
    r"|(?:-[ \t]*)+|(?:\*[ \t]*)+|(?:_[ \t]*)+|=+|`{1,2}|~{1,2}"
)

_NOTE = re.compile(r"\[\^[^\]]{1,60}\]:[ \t]*")
_DEFINITION = re.compile(r"\[[^\]^][^\]]{0,99}\]:[ \t]*(?:https?://|<)\S*(?:[ \t]+[\"'(].*)?[ \t]*")
_OPEN_DEFINITION = re.compile(
    r"\[[^\]]{0,100}(?:\](?::[ \t]*(?:h|ht|htt|https?|https?:/?|(?:https?://|<)\S*(?:[ \t].*)?)?)?)?"
)

# a line that may be the head of a table without outer bars: it has no clause yet that could be spoken
_CELL = r"[^|\\.!?…؟۔。！？｡।॥,;:،؛、，；：–—<`\[]{1,40}"
_HEAD = re.compile(rf"{_CELL}\|[^.!?…؟۔。！？｡।॥]*")
_OPEN_HEAD = re.compile(rf"{_CELL}(?:\|[^.!?…؟۔。！？｡।॥]*)?")
_WORDS = re.compile(r"(?!\s*#)[^|]*[^\W\d].*")  # no mark begins like this
_BARRED = re.compile(r"[^|]{0,200}\|")
_OPEN_BARRED = re.compile(r"[^|]{0,200}(?:\|.*)?", re.DOTALL)
_OPEN_DELIMITER = re.compile(r"[ \t|:-]*")

_DELIMITER = re.compile(r"\|?(?:[ \t]*:?-+:?[ \t]*\|)+[ \t]*(?::?-+:?)?")
_CELL_EDGE = re.compile(r"(?<!\\)\|")


class LineKind(Enum):
    """What a line of Markdown is; OPEN if only more of the line can tell."""

    OPEN = auto()
    BLANK = auto()
    TEXT = auto()
    HEADING = auto()
    ITEM = auto()
    ROW = auto()
    FENCE = auto()
    RULE = auto()
    NOTE = auto()
    DEFINITION = auto()


class TablePart(Enum):
    """What came before a line: nothing of a table, what may be its head, or a head with its delimiter.

    NONE: a head without outer bars cannot begin here, in mid-paragraph. START: it can.
    """

    NONE = auto()
    START = auto()
    HEAD = auto()
    ROWS = auto()


class _Block(Enum):
    PARAGRAPH = auto()
    ITEM = auto()
    HEADING = auto()
    ROW = auto()
    CODE = auto()


_BLOCKS = {LineKind.ITEM: _Block.ITEM, LineKind.HEADING: _Block.HEADING, LineKind.ROW: _Block.ROW}


class MarkdownToSpeech:
    """Converts one text. Its words are returned as soon as they are certain."""

    def __init__(self) -> None:
        self._block = _Block.PARAGRAPH
        self._line = ""  # what is kept back of a line whose kind is not known yet
        self._flows = False  # whether the line in progress is passed on as it arrives
        self._closed = False  # whether the block in progress has ended, and another has not begun
        self._parted = False  # whether a blank line or a block without speech came since
        self._fence = ""
        self._table = Table()
        self._inline = Inline()
        self._gap = ""  # a space that counts only if something comes after it
        self._spoken: list[str] = []
        self._tail = ""  # the last characters that were returned

    def add(self, text: str) -> str:
        """Append Markdown, cut anywhere; return the words that are certain by now."""
        first, *more = text.replace("\r", "").split("\n")
        self._part(first)
        for part in more:
            self._end_line()
            self._part(part)
        return self._take_spoken()

    def finish(self) -> str:
        """End the text; return the last words."""
        self._end_line()
        self._end_table()
        self._say(self._inline.end())
        return self._take_spoken()

    def _take_spoken(self) -> str:
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
        """Take more of the line in progress."""
        if self._flows:
            self._say(self._inline.add(part))
        elif self._block is _Block.CODE:
            self._line = (self._line + part)[:80]
        elif part:
            self._line += part
            kind = kind_of(self._line, ended=False, table=self._place())
            if kind is not LineKind.OPEN:
                self._begin(kind)
            elif self._tail and self._place() is TablePart.START and _WORDS.fullmatch(self._line):
                self._close_block()

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
        """Read a whole line that was kept back to its end."""
        match kind := kind_of(line, ended=True, table=self._place()):
            case LineKind.BLANK | LineKind.RULE | LineKind.DEFINITION:
                self._end_table()
                self._parted = True
            case LineKind.FENCE:
                self._end_table()
                self._say(self._inline.end())
                self._block, self._fence = _Block.CODE, content(line, kind)
            case LineKind.ROW:
                self._speak(self._table.add(content(line, kind).strip()))
            case _:
                self._line = line
                self._begin(kind)
                self._flows = False

    def _place(self) -> TablePart:
        """What came before the line, as far as it counts for tables."""
        if self._table.part is not TablePart.NONE:
            return self._table.part
        free = not self._tail or self._parted or self._block in {_Block.HEADING, _Block.ROW}
        return TablePart.START if free else TablePart.NONE

    def _end_table(self) -> None:
        self._speak(self._table.end())

    def _speak(self, lines: list[tuple[LineKind, str]]) -> None:
        """Speak rows of a table, and lines that turned out to be none."""
        for kind, words in lines:
            self._open_line(kind)
            self._say(self._inline.add(words))

    def _begin(self, kind: LineKind) -> None:
        """Begin the line in progress, whose kind is known; the rest of it is passed on as it arrives."""
        self._end_table()
        text, self._line = content(self._line, kind), ""
        self._open_line(kind)
        self._flows = True
        self._say(self._inline.add(text))

    def _open_line(self, kind: LineKind) -> None:
        """Begin a line in a block of its kind."""
        self._parted = self._parted or kind is LineKind.NOTE
        if kind in _BLOCKS:
            self._open_block(_BLOCKS[kind])
        elif self._parted or self._block in {_Block.HEADING, _Block.ROW}:
            self._open_block(_Block.PARAGRAPH)
        elif self._tail:
            self._say(self._inline.add("\n"))

    def _open_block(self, block: _Block) -> None:
        """End the block before, with a full stop if it has no punctuation, and begin this one."""
        together = block is self._block and block is not _Block.PARAGRAPH and not self._parted
        self._close_block("\n" if together else "\n\n")
        self._block, self._parted, self._closed = block, False, False

    def _close_block(self, end: str = "\n\n") -> None:
        """End the block, because another one certainly follows; nobody need wait for what it is."""
        if self._closed:
            return
        self._say(self._inline.end())
        self._gap = ""
        if self._tail:
            if self._block is not _Block.PARAGRAPH and not _CLOSED.search(self._tail):
                self._say(".")
            self._spoken.append(end)
        self._closed = True


def kind_of(line: str, *, ended: bool, table: TablePart = TablePart.NONE) -> LineKind:
    """Return the kind of a line. `ended`: it is complete. `table`: what came before it."""
    if len(line) > LONGEST_LINE:
        return LineKind.TEXT
    if not ended and len(line) <= _LONGEST_OPENING and _OPEN_QUOTE.fullmatch(line):
        return LineKind.OPEN
    text = _unquoted(line)
    if not text.strip():
        return LineKind.BLANK if ended else LineKind.OPEN
    return _whole_line(text.rstrip(), table) if ended else _prefix(text, table)


def _whole_line(text: str, table: TablePart) -> LineKind:
    if text.startswith("|") and len(text) > 1:
        return LineKind.ROW
    if table is TablePart.HEAD and _DELIMITER.fullmatch(text):
        return LineKind.ROW
    for mark, kind in ((_FENCE, LineKind.FENCE), (_RULE, LineKind.RULE), (_DEFINITION, LineKind.DEFINITION)):
        if mark.fullmatch(text):
            return kind
    if marked := _marked(text):
        return marked
    row = _BARRED.match(text) if table is TablePart.ROWS else _HEAD.fullmatch(text)
    return LineKind.ROW if row and table is not TablePart.NONE else LineKind.TEXT


def _marked(text: str) -> LineKind | None:
    """The kind of a line that its first characters tell."""
    if _HEADING.match(text):
        return LineKind.HEADING
    if _BULLET.match(text) or _NUMBER.match(text):
        return LineKind.ITEM
    return LineKind.NOTE if _NOTE.match(text) else None


def _prefix(text: str, table: TablePart) -> LineKind:
    """The kind of an incomplete line: headings, rows, fences and definitions stay open until they end."""
    if text[0] == "|" or _HEADING.match(text) or text.startswith(("```", "~~~")):
        return LineKind.OPEN
    if len(text) <= _LONGEST_OPENING and _OPENING.fullmatch(text):
        return LineKind.OPEN
    if table is TablePart.HEAD and _OPEN_DELIMITER.fullmatch(text):
        return LineKind.OPEN
    if marked := _marked(text):
        return marked
    row = (_OPEN_BARRED if table is TablePart.ROWS else _OPEN_HEAD).fullmatch(text)
    if (row and table is not TablePart.NONE) or _OPEN_DEFINITION.fullmatch(text):
        return LineKind.OPEN
    return LineKind.TEXT


def content(line: str, kind: LineKind) -> str:
    """Return the text of a line without its mark. A number of an item stays; of a fence, the fence."""
    text = _unquoted(line)
    if kind is LineKind.FENCE and (fence := _FENCE.match(text)):
        return fence[1] or fence[2]
    if kind is LineKind.HEADING:
        title = _after(_HEADING, text).rstrip(" \t")
        words = title.rstrip("#")
        return title if words and words[-1] not in " \t" else words.rstrip(" \t")
    mark = {LineKind.ITEM: _BULLET, LineKind.NOTE: _NOTE}.get(kind)
    return _after(mark, text) if mark else text


def closes_fence(line: str, fence: str) -> bool:
    """Whether a line ends the block of code that `fence` opened."""
    text = line.strip()
    return text.startswith(fence) and not text.strip(fence[0])


def _unquoted(line: str) -> str:
    return _after(_QUOTE, line)


def _after(mark: re.Pattern[str], text: str) -> str:
    match = mark.match(text)
    return text[match.end() :] if match else text


class Table:
    """Converts the rows of a table, line by line.

    The first cell names the row; with more than two columns, each other cell follows its column's head.
    """

    def __init__(self) -> None:
        self._first = ""  # a line that is a head if a delimiter follows
        self._head: list[str] | None = None
        self._empty = False

    @property
    def part(self) -> TablePart:
        """What there is of the table."""
        if self._head is not None:
            return TablePart.ROWS
        return TablePart.HEAD if self._first else TablePart.NONE

    def add(self, line: str) -> list[tuple[LineKind, str]]:
        """Add a line with bars; return the lines that are certain by now, rows as they are spoken."""
        if self._head is not None:
            self._empty = False
            return [(LineKind.ROW, words)] if (words := _row(self._head, _cells(line))) else []
        if self._first and _DELIMITER.fullmatch(line):
            self._head, self._empty = _cells(self._first), True
            self._first = ""
            return []
        no_table, self._first = self._no_table(), line
        return no_table

    def end(self) -> list[tuple[LineKind, str]]:
        """End the table; return the rest: a head without rows, or a line that was no table."""
        rest = self._no_table()
        if self._head and self._empty:
            rest = [(LineKind.ROW, ", ".join(filter(None, self._head)))]
        self._first, self._head, self._empty = "", None, False
        return rest

    def _no_table(self) -> list[tuple[LineKind, str]]:
        """The line that is no head."""
        kind = LineKind.ROW if self._first.startswith("|") else LineKind.TEXT
        return [(kind, self._first)] if self._first else []


def _cells(line: str) -> list[str]:
    inner = line.removeprefix("|")
    inner = inner.removesuffix("|") if not inner.endswith("\\|") else inner
    return [cell.strip() for cell in _CELL_EDGE.split(inner)]


def _row(head: list[str], row: list[str]) -> str:
    names = head[1:] if len(head) > 2 else []
    named = [
        f"{names[at]} {cell}" if at < len(names) and names[at] else cell
        for at, cell in enumerate(row[1:])
        if cell
    ]
    return ": ".join(filter(None, (row[0], ", ".join(named))))
