"""Where a sentence or a clause ends, told from a few characters around the place."""

import re
from enum import Enum, auto

from wyoming_azure_realtime.text.abbreviations import Abbreviations, begins_sentence

_WIDE = "。！？｡।॥"  # noqa: RUF001 - they end a sentence without a space
_CLOSERS = "\"')\\]}’”“»›」』）》】〕〉"  # noqa: RUF001
_OPENERS = "\"'([{‘“„«‹¿¡「『（《【‚"  # noqa: RUF001

END = re.compile(rf"[.!?…؟۔{_WIDE}]+(?:[{_CLOSERS}]| »(?!\w))*|(?<!\n)(?=\n)")  # noqa: RUF001
CLAUSE = re.compile(rf"[,;:،؛][{_CLOSERS}]*(?=\s)|[、，；：][{_CLOSERS}]*|(?=\s[–—-]\s)|—(?=\w)")  # noqa: RUF001

_QUOTATIVE = frozenset("とっなのはがをにでもだ")  # a Japanese sentence goes on after its quotation
_DOTTED = re.compile(r"(?:[^\W\d_]{1,2}\.)+[^\W\d_]{1,2}")
_NEXT_WORD = re.compile(rf"\s*[{_OPENERS}]*([^\W_]*)")
_WIDE_LETTERS = "\u2e80"  # from here on a letter is a word
_LONGEST_WORD = 24
_SHORT_LINE = 60


class Verdict(Enum):
    """Whether a place ends a sentence; WAIT for more text to tell."""

    YES = auto()
    NO = auto()
    WAIT = auto()


def judge(text: str, start: int, end: re.Match[str], known: Abbreviations, *, final: bool) -> Verdict:
    """The verdict on a match of `END`, in a sentence that began at `start`.

    The text never ends with white space, nor has more of it in a row than a blank line.
    """
    run, after = end.group(), end.end()
    if not run:
        return _line(text, start, after)
    if after == len(text):
        return Verdict.YES if final else Verdict.WAIT
    marks = run.rstrip(f"{_CLOSERS} ".replace("\\", ""))
    if any(mark in _WIDE for mark in marks):
        return Verdict.NO if len(marks) < len(run) and text[after] in _QUOTATIVE else Verdict.YES
    if not text[after].isspace():
        return Verdict.NO
    if text.startswith("\n\n", after):
        return Verdict.YES
    quoted = len(marks) < len(run)
    following = text[after : after + 3].lstrip()[:1] if text[after + 1].isspace() else text[after + 1]
    if marks == ".":
        return _dot(text, start, end.start(), after, following, known, final=final)
    if set(marks) <= {".", "…"} or quoted:
        goes_on = following.islower() and not _short_line(text, start, after)
        return Verdict.NO if goes_on else Verdict.YES
    return Verdict.YES


def _line(text: str, start: int, at: int) -> Verdict:
    """The verdict on the end of a line without a mark: wrapped prose goes on, a short line stands alone."""
    if text.startswith("\n\n", at):
        return Verdict.YES
    goes_on = text[at + 1].islower() or text[at - 1] in ",،、-–"  # noqa: RUF001
    return Verdict.YES if _short_line(text, start, at) and not goes_on else Verdict.NO


def _short_line(text: str, start: int, at: int) -> bool:
    """Whether a line ends here that its writer had no need to wrap."""
    return text[at] == "\n" and at - max(start, text.rfind("\n", start, at)) < _SHORT_LINE


def _dot(
    text: str, start: int, dot: int, after: int, following: str, known: Abbreviations, *, final: bool
) -> Verdict:
    """The verdict on a single dot before white space."""
    if following in ",;:" or (following.islower() and not _short_line(text, start, after)):
        return Verdict.NO
    before = text[max(start, dot - _LONGEST_WORD) : dot].replace("\n", " ").split(" ")
    word = before[-1].lstrip(_OPENERS)
    previous = before[-2] if len(before) > 1 else ""
    if word.isdecimal():
        return _number(text, start, dot - len(word), previous, after, following, known, final=final)
    for closing in (word.casefold(), (previous + word).casefold()):
        if closing in known.closing:
            return _closing(text, closing, after, following, final=final)
    if following.isdecimal() and word.casefold() in known.numbered:
        return Verdict.NO
    if word.casefold() in known.never or _DOTTED.fullmatch(word):
        return Verdict.NO
    if len(word) == 1 and word.isalpha() and word != "I" and word < _WIDE_LETTERS:
        return Verdict.YES if previous[:1].isdecimal() else Verdict.NO
    return Verdict.YES


def _number(
    text: str,
    start: int,
    at: int,
    previous: str,
    after: int,
    following: str,
    known: Abbreviations,
    *,
    final: bool,
) -> Verdict:
    """A number with a dot: the count of a list, an ordinal, or the end."""
    if not text[start:at].strip() or text[at - 1] == "\n" or previous[-1:] in {":", ".", "!", "?"}:
        return Verdict.NO
    if not known.ordinals or after - at > len("31."):
        return Verdict.YES
    if following.isdecimal():
        return Verdict.NO
    word = _next_word(text, after, final=final)
    if word is None:
        return Verdict.WAIT
    return Verdict.NO if known.is_ordinal(previous, word) else Verdict.YES


def _closing(text: str, word: str, after: int, following: str, *, final: bool) -> Verdict:
    if following.isdecimal():
        return Verdict.NO
    next_word = _next_word(text, after, final=final)
    if next_word is None:
        return Verdict.WAIT
    return Verdict.YES if begins_sentence(word, next_word) else Verdict.NO


def _next_word(text: str, after: int, *, final: bool) -> str | None:
    """The word after a place; None while it may go on."""
    match = _NEXT_WORD.match(text, after, after + _LONGEST_WORD)
    if match is None:
        return ""
    return match[1] if final or match.end() < len(text) else None
