"""Divide text, as it arrives, into the pieces that are synthesized one by one.

In: plain text, Markdown or SSML, cut anywhere. Out: `Piece`s of at most `LONGEST_PIECE` characters, each
ending where speech can pause. Little more than `LONGEST_PIECE` characters of plain text are kept, and SSML up
to its own limit.
"""

import re
from dataclasses import dataclass, replace

from wyoming_azure_realtime.errors import InvalidRequest
from wyoming_azure_realtime.text.markdown import MarkdownToSpeech
from wyoming_azure_realtime.text.sentences import (
    CLAUSE,
    CLAUSE_PAUSE,
    END,
    LOOK_AHEAD,
    PARAGRAPH_PAUSE,
    SentenceEnd,
    abbreviations,
    ends_with_sentence,
    is_speakable,
    pause_after,
    sentence_end,
    weight,
)
from wyoming_azure_realtime.text.ssml import Passage, SsmlReader

FORMATS = ("text", "ssml")

LONGEST_PIECE = 1000
"""Characters: about a minute of speech, well below the longest output of the services."""

SHORT_SENTENCE = 16
"""Characters below which a sentence is synthesized together with the next."""

FIRST_CLAUSE = 30
"""Characters that a clause must have to be a piece: its speech lasts until the next piece has begun."""

UNSPLIT = 40
"""Characters below which a text that is there as a whole is not divided at clauses."""

WHOLE_PIECE = 80
"""Characters up to which sentences of a text that is there as a whole are put into one piece."""

_ROOTS = ("<speak", "<?xml")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Piece:
    """Text that is synthesized by one request: 1 to `LONGEST_PIECE` characters with a letter or a digit.

    `pause`: seconds of silence after it. `rate`: relative to the configured one. `voice`: as SSML names it;
    empty for that of the request.
    """

    text: str
    pause: float
    rate: float = 1.0
    voice: str = ""


class Pieces:
    """Divides one text into pieces.

    `language`: a language code ("de-AT"), for the abbreviations; empty if unknown. `text_format`: "ssml", or
    "text" for plain text and Markdown, and for SSML if the text begins with `<speak` or `<?xml`.
    Raises: InvalidRequest for an unknown format, and from every method for malformed SSML; TextTooLong.
    """

    def __init__(self, *, language: str = "", text_format: str = "text") -> None:
        if text_format not in FORMATS:
            raise InvalidRequest(
                f"Text of the format '{text_format}' is not supported.", advice="Send text or SSML."
            )
        self._language = language
        self._splitter = Splitter(language)
        self._markdown = MarkdownToSpeech()
        self._ssml: SsmlReader | None = SsmlReader() if text_format == "ssml" else None
        self._undecided: str | None = None if self._ssml else ""
        self.finished = False

    def add(self, text: str) -> None:
        """Append text, cut anywhere."""
        if self._undecided is not None:
            text, self._undecided = self._undecided + text, None
            start = text.lstrip("\ufeff \t\r\n")
            if any(root.startswith(start[: len(root)]) for root in _ROOTS):
                if len(start) < len(_ROOTS[0]):
                    self._undecided = start
                    return
                self._ssml = SsmlReader()
                text = start
        self._read(text)

    def finish(self) -> None:
        """End the text: `take` returns the rest."""
        if self._undecided:
            text, self._undecided = self._undecided, None
            self._read(text)
        self.finished = True
        if self._ssml:
            self._ssml.finish()
        else:
            self._splitter.add(self._markdown.finish())
            self._splitter.finish()

    def take(self, *, hurry: bool = False) -> list[Piece]:
        """Return every piece that is certain by now, in order, each once.

        `hurry`: because no more text came for a while, also return a short sentence that would have been
        synthesized together with the next, and one whose end is likely but not certain.
        """
        if self._ssml:
            return [piece for passage in self._ssml.take() for piece in self._of_passage(passage)]
        return self._splitter.take(hurry=hurry)

    def _read(self, text: str) -> None:
        if self._ssml:
            self._ssml.add(text)
        else:
            self._splitter.add(self._markdown.add(text))

    def _of_passage(self, passage: Passage) -> list[Piece]:
        """The pieces of a passage; its own pause comes after the last."""
        splitter = Splitter(self._language)
        splitter.add(passage.text)
        splitter.finish()
        pieces = [replace(piece, rate=passage.rate, voice=passage.voice) for piece in splitter.take()]
        pieces[-1:] = [replace(piece, pause=passage.pause) for piece in pieces[-1:]]
        return pieces


class Splitter:
    """Divides plain text into pieces. Joined again they are the text, but for white space and bare marks.

    Where sentences end depends on the text only, never on how it was cut. The first piece may also be a
    clause, if the rest of its sentence had not arrived when it was taken.
    """

    def __init__(self, language: str = "") -> None:
        self._known = abbreviations(language)
        self._text = ""
        self._at = 0  # where the piece in progress begins
        self._seen = 0  # up to where every sentence's end is known
        self._short = 0  # the last end of a sentence that made too short a piece
        self._space = ""
        self._begun = False
        self._finished = False
        self._whole = False
        self._first = True

    def add(self, text: str) -> None:
        """Append text, cut anywhere."""
        joined = self._space + text
        kept = joined.rstrip()
        self._space = joined[len(kept) :]
        if len(self._space) > 2:
            self._space = _narrow(self._space)
        if kept:
            self._text += _SPACE.sub(lambda run: _narrow(run.group()), kept)

    def finish(self) -> None:
        """End the text."""
        self._finished = True

    def take(self, *, hurry: bool = False) -> list[Piece]:
        """Return every piece that is certain by now; in a `hurry` also what is likely to be a sentence."""
        if self._text and not self._begun:
            self._begun, self._whole = True, self._finished
        pieces = []
        while (end := self._next_end(hurry=hurry)) is not None:
            pieces.append(self._cut(end))
        self._forget()
        return [piece for piece in pieces if is_speakable(piece.text)]

    def _next_end(self, *, hurry: bool) -> int | None:
        """Where the piece in progress ends, None if that is not certain."""
        text, limit = self._text, self._at + LONGEST_PIECE
        for match in END.finditer(text, max(self._seen, self._at), limit + LOOK_AHEAD):
            found = sentence_end(text, self._at, match, self._known, final=self._finished)
            if found is SentenceEnd.WAIT or match.end() > limit:
                break
            self._seen = match.end()
            if found is SentenceEnd.YES and match.end() > self._at:
                if self._long_enough(match.end()):
                    return match.end()
                self._short = match.end()
        if len(text) > limit + LOOK_AHEAD or (self._finished and len(text) > limit):
            return self._forced(limit)
        if self._finished:
            return len(text) if text[self._at :].strip() else None
        if hurry:
            return self._likely_end()
        return self._first_clause()

    def _long_enough(self, end: int) -> bool:
        least = WHOLE_PIECE if self._whole and not self._first else SHORT_SENTENCE
        text = self._text[self._at : end].lstrip()
        return is_speakable(text) and weight(text) >= least

    def _first_clause(self) -> int | None:
        """The end of the first clause that is long enough, of a first sentence whose end has not arrived."""
        text = self._text
        if not self._first or len(text) < UNSPLIT or ends_with_sentence(text):
            return None
        for match in CLAUSE.finditer(text, self._at):
            if match.end() < len(text) and weight(text[self._at : match.end()]) >= FIRST_CLAUSE:
                return match.end()
        return None

    def _likely_end(self) -> int | None:
        """The end of the text if it could end a sentence, or else the end of a short sentence before."""
        text = self._text
        for match in END.finditer(text, max(self._seen, self._at)):
            if match.end() == len(text):
                found = sentence_end(f"{text} X", self._at, match, self._known, final=True)
                if found is SentenceEnd.YES and not text[: match.start()][-1:].isdecimal():
                    return len(text)
        return self._short if self._short > self._at else None

    def _forced(self, limit: int) -> int:
        """The last end of a sentence, a clause, a word or a character before the limit."""
        if self._short > self._at:
            return self._short
        for pattern in (CLAUSE, _SPACE):
            ends = [match.end() for match in pattern.finditer(self._text, self._at + 1, limit)]
            if ends and ends[-1] > self._at:
                return ends[-1]
        return limit

    def _cut(self, end: int) -> Piece:
        text, rest = self._text[self._at : end].strip(), self._text[end : end + 2]
        self._at = end
        self._seen = max(self._seen, end)
        self._first = self._first and not is_speakable(text)
        if self._finished and end == len(self._text):
            return Piece(text, 0.0)
        least = PARAGRAPH_PAUSE if rest == "\n\n" else CLAUSE_PAUSE if rest[:1] == "\n" else 0.0
        return Piece(text, max(pause_after(text), least))

    def _forget(self) -> None:
        """Drop the text of the pieces that were returned."""
        self._text = self._text[self._at :]
        self._seen = max(0, self._seen - self._at)
        self._short = max(0, self._short - self._at)
        self._at = 0


def _narrow(space: str) -> str:
    """White space reduced to what it means: a paragraph, a line, or a gap between words."""
    lines = space.count("\n")
    return "\n\n" if lines > 1 else "\n" if lines else " "
