"""Divide text, as it arrives, into the pieces that are synthesized one by one.

In: plain text, Markdown or SSML, cut anywhere. Out: `Piece`s of at most `LONGEST_PIECE` characters, each
ending where speech can pause. Little more than `LONGEST_PIECE` characters of plain text are kept, and all of
SSML. One call of `add` or `take` is a few milliseconds' work for each thousand characters that it gets.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from wyoming_azure_realtime.errors import InvalidRequest, RequestError
from wyoming_azure_realtime.text.language import LanguageEvidence, plain_language
from wyoming_azure_realtime.text.markdown import MarkdownToSpeech
from wyoming_azure_realtime.text.received import ReceivedText
from wyoming_azure_realtime.text.sentences import (
    CLAUSE,
    CLAUSE_PAUSE,
    END,
    LOOK_AHEAD,
    PARAGRAPH_PAUSE,
    Abbreviations,
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

AT_ONCE = 1000
"""Characters that one `take` divides, about; then others have their turn."""

_MOST_PASSAGES = 16  # of SSML, by one `take`

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
    empty for that of the request. `lead`: seconds of silence before it. `languages`: codes of those that it
    may be in, the likeliest first; empty if nothing tells. `style`, `pitch`, `volume`: as SSML has them.
    """

    text: str
    pause: float
    rate: float = 1.0
    voice: str = ""
    lead: float = 0.0
    languages: tuple[str, ...] = field(default=(), compare=False)
    style: str = ""
    pitch: str = ""
    volume: str = ""


class Pieces:
    """Divides one text into pieces.

    `languages`: codes ("de-AT") of those that the text is in, as far as somebody said so. `usual`: codes of
    those that decide where nobody did and the text does not tell. `text_format`: "ssml", or "text" for plain
    text and Markdown, and for SSML if the text begins with `<speak` or `<?xml`. `most`: characters of the
    text that are read, without the thoughts of a model. `manners`: whether style, pitch and volume of SSML
    begin another piece, for voices that have them. `rate`: of all of the text, times those of SSML.
    `style`: where SSML names none.
    Raises: InvalidRequest for an unknown format, and from every method for malformed SSML.
    """

    def __init__(
        self,
        *,
        languages: Sequence[str] = (),
        usual: Sequence[str] = (),
        text_format: str = "text",
        most: int = 1_000_000,
        manners: bool = False,
        rate: float = 1.0,
        style: str = "",
    ) -> None:
        if text_format not in FORMATS:
            raise InvalidRequest(
                f"Text of the format '{text_format}' is not supported.", advice="Send text or SSML."
            )
        self._languages = tuple(languages)
        self._usual = tuple(usual)
        self._received = ReceivedText(most)
        self._splitter = Splitter(languages, usual)
        self._markdown = MarkdownToSpeech()
        self._manners = manners
        self._rate = rate
        self._style = style
        self._ssml: SsmlReader | None = SsmlReader(manners=manners) if text_format == "ssml" else None
        self._passages = self._of_passages()
        self._undecided: str | None = None if self._ssml else ""
        self._pending = False
        self.finished = False

    @property
    def left_out(self) -> RequestError | None:
        """Why a part of the text is in no piece: it is longer than it may be. The text has ended then."""
        return self._received.left_out

    @property
    def pending(self) -> bool:
        """Whether more pieces are certain than `take` returned at once."""
        return self._pending or self._splitter.pending

    def add(self, text: str) -> None:
        """Append text, cut anywhere; without effect after the end."""
        if not self.finished:
            self._begin(self._received.add(text))
            if self.left_out:
                self.finish()

    def finish(self) -> None:
        """End the text: `take` returns the rest."""
        if self.finished:
            return
        self.finished = True
        self._begin(self._received.finish())
        if self._undecided:
            text, self._undecided = self._undecided, None
            self._read(text)
        if self._ssml:
            self._ssml.finish(cut_off=self.left_out is not None)
        else:
            self._splitter.add(self._markdown.finish())
            self._splitter.finish()

    def take(self, *, hurry: bool = False) -> list[Piece]:
        """Return pieces that are certain by now, in order, each once: all of them if none is `pending` then.

        `hurry`: because no more text came for a while, also return a short sentence that would have been
        synthesized together with the next, and one whose end is likely but not certain.
        """
        pieces = self._splitter.take(hurry=hurry)
        if self._ssml:
            taken = list(islice(self._passages, _MOST_PASSAGES)) if self._ssml.complete else []
            self._pending = len(taken) == _MOST_PASSAGES
            pieces = [piece for piece in taken if piece]
        rate, style = self._rate, self._style
        return [replace(piece, rate=piece.rate * rate, style=piece.style or style) for piece in pieces]

    def _begin(self, text: str) -> None:
        """Read text, as SSML or not as soon as that is known."""
        if self._undecided is not None:
            text, self._undecided = self._undecided + text, None
            start = text.lstrip("\ufeff \t\r\n")
            if any(root.startswith(start[: len(root)]) for root in _ROOTS):
                if len(start) < len(_ROOTS[0]):
                    self._undecided = start
                    return
                self._ssml = SsmlReader(manners=self._manners)
                text = start
            text = text.removeprefix("\ufeff")
        self._read(text)

    def _read(self, text: str) -> None:
        if self._ssml:
            self._ssml.add(text)
        else:
            self._splitter.add(self._markdown.add(text))

    def _of_passages(self) -> Iterator[Piece | None]:
        """The pieces of SSML; None now and then, where only silence is left of the text."""
        for passage in self._ssml.take() if self._ssml else ():
            yield from self._of_passage(passage)

    def _of_passage(self, passage: Passage) -> Iterator[Piece | None]:
        """The pieces of a passage; its own pauses come before the first and after the last."""
        splitter = Splitter((*passage.languages, *self._languages), self._usual)
        splitter.add(passage.text)
        splitter.finish()
        last: Piece | None = None
        lead = passage.lead
        while last is None or splitter.pending:
            for piece in splitter.take():
                if last:
                    yield last
                last = replace(
                    piece,
                    rate=passage.rate,
                    voice=passage.voice,
                    lead=lead,
                    style=passage.style,
                    pitch=passage.pitch,
                    volume=passage.volume,
                )
                lead = 0.0
            yield None
        yield replace(last, pause=passage.pause)


class Splitter:
    """Divides plain text into pieces. Joined again they are the text, but for white space and bare marks.

    Where sentences end depends on the text only, never on how it was cut. The first piece may also be a
    clause, if the rest of its sentence had not arrived when it was taken. `languages` and `usual` as for
    `Pieces`: what is said of the language counts, then what the text up to a place tells. `pending`: more
    pieces are certain than `take` returned.
    """

    def __init__(self, languages: Sequence[str] = (), usual: Sequence[str] = ()) -> None:
        self._languages = tuple(dict.fromkeys(filter(None, languages)))
        self._usual = tuple(usual)
        self._evidence = LanguageEvidence()
        self._judged = 0  # up to where the text is in the evidence
        self._known = self._abbreviations()
        self._text = ""
        self._at = 0  # where the piece in progress begins
        self._seen = 0  # up to where every sentence's end is known
        self._short = 0  # the last end of a sentence that made too short a piece
        self._space = ""
        self._begun = False
        self._finished = False
        self._whole = False
        self._first = True
        self.pending = False

    def add(self, text: str) -> None:
        """Append text, cut anywhere."""
        joined = self._space + text
        if self._text.endswith("\n\n"):
            joined = joined.lstrip()
        kept = joined.rstrip()
        self._space = joined[len(kept) :]
        if len(self._space) > 2:
            self._space = _narrow(self._space)
        if kept:
            self._text += _SPACE.sub(lambda run: _narrow(run.group()), kept)
        if self._text and self._space == "\n\n":  # whatever comes next, a paragraph has ended
            self._text, self._space = self._text.rstrip("\n") + "\n\n", ""

    def finish(self) -> None:
        """End the text."""
        self._text = self._text.rstrip()
        self._finished = True

    def take(self, *, hurry: bool = False) -> list[Piece]:
        """Return pieces that are certain by now; in a `hurry` also what is likely to be a sentence."""
        if self._text and not self._begun:
            self._begun, self._whole = True, self._finished
        pieces = []
        self.pending = False
        while not self.pending and (end := self._next_end(hurry=hurry)) is not None:
            pieces.append(self._cut(end))
            self.pending = end >= AT_ONCE
        self._forget()
        return [piece for piece in pieces if is_speakable(piece.text)]

    def _next_end(self, *, hurry: bool) -> int | None:
        """Where the piece in progress ends, None if that is not certain."""
        text, limit = self._text, self._at + LONGEST_PIECE
        for match in END.finditer(text, max(self._seen, self._at), limit + LOOK_AHEAD):
            known = self._known_at(match.end())
            found = sentence_end(text, self._at, match, known, final=self._finished)
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
        return (len(text) >= least or weight(text) >= least) and is_speakable(text)

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
                known = self._known_at(match.end())
                found = sentence_end(f"{text} X", self._at, match, known, final=True)
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

    def _known_at(self, place: int) -> Abbreviations:
        """The abbreviations of the languages that the text up to there, the end of a word, may be in."""
        if place > self._judged:
            evidence, text = self._evidence, self._text[self._judged : place]
            self._judged = place
            if not evidence.complete:
                evidence.add(text)
                self._known = self._abbreviations()
        return self._known

    def _abbreviations(self) -> Abbreviations:
        evidence = self._evidence
        languages = _ranked(self._languages, evidence, evidence, self._usual)
        return abbreviations(languages, certain=bool(self._languages) or evidence.certain)

    def _languages_of(self, text: str) -> tuple[str, ...]:
        """Those that a piece may be in, which ends the text that was judged."""
        own = LanguageEvidence()
        own.add(text)
        return _ranked(self._languages, own, self._evidence, self._usual)

    def _cut(self, end: int) -> Piece:
        text, rest = self._text[self._at : end].strip(), self._text[end : end + 2]
        self._at = end
        self._seen = max(self._seen, end)
        self._first = self._first and not is_speakable(text)
        self._known_at(end)
        languages = self._languages_of(text)
        if self._finished and end == len(self._text):
            return Piece(text, 0.0, languages=languages)
        least = PARAGRAPH_PAUSE if rest == "\n\n" else CLAUSE_PAUSE if rest[:1] == "\n" else 0.0
        return Piece(text, max(pause_after(text), least), languages=languages)

    def _forget(self) -> None:
        """Drop the text of the pieces that were returned."""
        self._text = self._text[self._at :]
        self._seen = max(0, self._seen - self._at)
        self._short = max(0, self._short - self._at)
        self._judged -= self._at
        self._at = 0


def _ranked(
    stated: Sequence[str], own: LanguageEvidence, whole: LanguageEvidence, usual: Sequence[str]
) -> tuple[str, ...]:
    """Languages of a piece, the likeliest first: those stated, then what its text plainly is instead."""
    if stated:
        ranked = (*stated, own.contradicts(stated[0]))
    else:
        likely = whole.plausible(usual)
        ranked = (own.contradicts(likely[0]) if likely else "", *likely)
    different: dict[str, str] = {}
    for code in filter(None, ranked):
        different.setdefault(plain_language(code), code)
    return tuple(different.values())


def _narrow(space: str) -> str:
    """White space reduced to what it means: a paragraph, a line, or a gap between words."""
    lines = space.count("\n")
    return "\n\n" if lines > 1 else "\n" if lines else " "
