"""Markdown tables, read out row by row."""

import re

_DELIMITER = re.compile(r"\|?(?:[ \t]*:?-+:?[ \t]*\|)+[ \t]*(?::?-+:?)?")
_CELL_EDGE = re.compile(r"(?<!\\)\|")


class Table:
    """Collects the lines that begin with a bar, gives what is said of them.

    The first cell names the row; with more than two columns, each other cell is named by its head.
    """

    def __init__(self) -> None:
        self._first = ""  # a line that is a head if a delimiter follows
        self._head: list[str] | None = None
        self._empty = False

    def add(self, line: str) -> list[str]:
        """What is certain after one more line."""
        if self._head is not None:
            self._empty = False
            return [words] if (words := _row(self._head, _cells(line))) else []
        if not self._first:
            self._first = line
            return []
        if _DELIMITER.fullmatch(line):
            self._head, self._empty = _cells(self._first), True
            self._first = ""
            return []
        no_table, self._first = self._first, line
        return [no_table]

    def end(self) -> list[str]:
        """The rest: a head without rows, or a line that was none."""
        rest = [self._first] if self._first else []
        if self._head and self._empty:
            rest = [", ".join(filter(None, self._head))]
        self._first, self._head, self._empty = "", None, False
        return rest


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
