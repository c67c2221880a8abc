"""Plain text as it arrives, cut where speech can pause."""

import re
from dataclasses import dataclass

from wyoming_azure_realtime.text.abbreviations import abbreviations
from wyoming_azure_realtime.text.boundaries import CLAUSE, END, Verdict, judge

LONGEST_PIECE = 1000
"""Characters: about a minute of speech, well below the service's output cap."""

SHORT_SENTENCE = 16
"""A shorter one is spoken together with the next."""

FIRST_CLAUSE = 30
"""Characters that a clause must have to be spoken alone: enough to carry the start of what follows."""

UNSPLIT = 40
"""No text shorter than this, taken whole, is cut at a clause."""

WHOLE_PIECE = 80
"""Sentences of text that is complete are spoken together until they have as many characters."""

CLAUSE_PAUSE, SENTENCE_PAUSE, PARAGRAPH_PAUSE = 0.15, 0.35, 0.6

_LOOKAHEAD = 64  # no verdict needs more
_SOUND = re.compile(r"[^\W_]")
_SPACE = re.compile(r"\s+")
_ENDS_SENTENCE = re.compile(r"[.!?…؟۔。！？｡।॥:]\W*\Z")  # noqa: RUF001
_ENDS_CLAUSE = re.compile(r"[,;،؛、，；：–—-]\W*\Z")  # noqa: RUF001


@dataclass(frozen=True, slots=True)
class Cut:
    """A stretch of the text, without the white space around it, and the seconds of pause after it."""

    text: str
    pause: float


class Splitter:
    """Collects text, gives cuts. Joined again they are the text, but for white space and what has no sound.

    Where sentences end depends on the text alone, never on how it was chunked. Only the first cut may
    also be a clause, where the rest of its sentence was not there when it was taken.
    """

    def __init__(self, language: str = "") -> None:
        self._known = abbreviations(language)
        self._text = ""
        self._at = 0  # where the piece in progress begins
        self._seen = 0  # up to where every end is known
        self._short = 0  # the last end that was too early to cut at
        self._silent = 0  # up to where nothing in the piece has a sound
        self._space = ""
        self._begun = False
        self._finished = False
        self._whole = False
        self._first = True

    def add(self, text: str) -> None:
        """More text, cut anywhere."""
        joined = self._space + text
        kept = joined.rstrip()
        self._space = joined[len(kept) :]
        if len(self._space) > 2:
            self._space = _narrow(self._space)
        if kept:
            self._text += _SPACE.sub(lambda run: _narrow(run.group()), kept)

    def finish(self) -> None:
        """No more text."""
        self._finished = True

    def take(self, *, hurry: bool = False) -> list[Cut]:
        """Everything that is certain; in a `hurry` also what only seems to be a sentence, however short."""
        if self._text and not self._begun:
            self._begun, self._whole = True, self._finished
        cuts = []
        while (end := self._next_end(hurry=hurry)) is not None:
            cuts.append(self._cut(end))
        self._forget()
        return [cut for cut in cuts if is_speakable(cut.text)]

    def _next_end(self, *, hurry: bool) -> int | None:
        """Where the piece in progress ends, if that is known by now."""
        text, limit = self._text, self._at + LONGEST_PIECE
        for match in END.finditer(text, max(self._seen, self._at), limit + _LOOKAHEAD):
            verdict = judge(text, self._at, match, self._known, final=self._finished)
            if verdict is Verdict.WAIT or match.end() > limit:
                break
            self._seen = match.end() + (not match.group())
            if verdict is Verdict.YES and match.end() > self._at:
                if self._long_enough(match.end()):
                    return match.end()
                self._short = match.end()
        if len(text) > limit + _LOOKAHEAD or (self._finished and len(text) > limit):
            return self._forced(limit)
        if self._finished:
            return len(text) if text[self._at :].strip() else None
        if hurry:
            return self._likely_end()
        return self._first_clause()

    def _long_enough(self, end: int) -> bool:
        least = WHOLE_PIECE if self._whole and not self._first else SHORT_SENTENCE
        sound = _SOUND.search(self._text, max(self._silent, self._at), end)
        self._silent = sound.start() if sound else end
        if sound is None:
            return False
        text = self._text[self._at : end].lstrip()
        return len(text) >= least or weight(text) >= least

    def _first_clause(self) -> int | None:
        """The first clause that is long enough, of a first sentence whose end is not in sight."""
        text = self._text
        if not self._first or len(text) < UNSPLIT or _ENDS_SENTENCE.search(text[-8:]):
            return None
        for match in CLAUSE.finditer(text, self._at):
            if match.end() < len(text) and weight(text[self._at : match.end()]) >= FIRST_CLAUSE:
                return match.end()
        return None

    def _likely_end(self) -> int | None:
        text = self._text
        match = next(
            (match for match in END.finditer(text, max(self._seen, self._at)) if match.end() == len(text)),
            None,
        )
        certain = match and judge(f"{text} X", self._at, match, self._known, final=True) is Verdict.YES
        if certain and not text[: match.start() if match else 0][-1:].isdecimal():
            return len(text)
        return self._short if self._short > self._at else None

    def _forced(self, limit: int) -> int:
        """The last end, clause, word or character below the cap."""
        if self._short > self._at:
            return self._short
        for pattern in (CLAUSE, _SPACE):
            ends = [match.end() for match in pattern.finditer(self._text, self._at + 1, limit)]
            if ends and ends[-1] > self._at:
                return ends[-1]
        return limit

    def _cut(self, end: int) -> Cut:
        text, rest = self._text[self._at : end].strip(), self._text[end : end + 2]
        self._at = end
        self._seen = max(self._seen, end)
        self._first = self._first and not is_speakable(text)
        if self._finished and end == len(self._text):
            return Cut(text, 0.0)
        least = PARAGRAPH_PAUSE if rest == "\n\n" else CLAUSE_PAUSE if rest[:1] == "\n" else 0.0
        return Cut(text, max(pause_after(text), least))

    def _forget(self) -> None:
        """Drop what was given."""
        self._text = self._text[self._at :]
        self._seen = max(0, self._seen - self._at)
        self._short = max(0, self._short - self._at)
        self._silent = max(0, self._silent - self._at)
        self._at = 0


def is_speakable(text: str) -> bool:
    """Whether there is a letter or a digit in it."""
    return _SOUND.search(text) is not None


def pause_after(text: str) -> float:
    """Seconds of pause that the closing punctuation of a text asks for."""
    if _ENDS_SENTENCE.search(text[-8:]):
        return SENTENCE_PAUSE
    return CLAUSE_PAUSE if _ENDS_CLAUSE.search(text[-8:]) else 0.0


def weight(text: str) -> int:
    """Characters as Latin script would need them: a Chinese or Japanese one says as much as two."""
    return len(text) + sum("\u2e80" <= character < "\ud7ff" for character in text)


def _narrow(space: str) -> str:
    """White space by its meaning: a paragraph, a line, or a gap between words."""
    lines = space.count("\n")
    return "\n\n" if lines > 1 else "\n" if lines else " "
