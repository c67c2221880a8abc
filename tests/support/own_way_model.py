"""The simulated model behind a service: finds the text in a request, and what becomes of it this time.

It is told which answers will be asked for, so it knows of every sound it makes which word of which it is.
"""

import itertools
import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from tests.support.coded_sounds import CODES, GAP, quiet, word_sound
from tests.support.own_ways import ALWAYS, NO_QUOTA, Form, Piece, Saying, Shares, Temper, temper
from tests.support.read_texts import Part, Row, Span, SpokenWord, bare, words_of

LEAD_SECONDS = 0.02
_STUMP_SECONDS = 0.06  # of sound that stops at once
_LOUDEST, _QUIETEST = 1.3, 0.75
_QUOTED = re.compile(
    r'<(?P<tag>\w+)[^>]*>(.*?)</(?P=tag)>|"""(.*?)"""|```(.*?)```|["“„«»](.*)["“”«»]', re.DOTALL
)
_ALIKE, _ALIKE_WORDS = 0.6, 3
_SHORT = 4
NOTHING_LEFT = Temper(NO_QUOTA, "never right", ALWAYS)


@dataclass(slots=True, eq=False)
class Answer:
    """A text that will be asked for, whole or in pieces: `rows`, joined. `starts`: in bare characters."""

    number: int
    rows: tuple[Row, ...]
    text: str
    bare: str = ""
    starts: tuple[int, ...] = ()
    pieces: list[Piece] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bare = bare(self.text)
        lengths = (len(bare(row.text)) for row in self.rows)
        self.starts = tuple(itertools.accumulate(lengths, initial=0))

    def places(self, text: str) -> list[Span]:
        """Where in the answer a text is, letter by letter."""
        wanted, at, found = bare(text), -1, list[Span]()
        while wanted and (at := self.bare.find(wanted, at + 1)) >= 0:
            found.append((at, at + len(wanted)))
        return found

    def due(self, span: Span) -> bool:
        """Whether that would be asked for next, or again."""
        reached = max((piece.end for piece in self.pieces), default=0)
        return span[0] == reached or any(span == (piece.start, piece.end) for piece in self.pieces)

    def likeness(self, text: str) -> float:
        """Which share of a text's words are in the answer."""
        words = words_of(text)
        return sum(word in self.bare for word in words) / len(words) if words else 0.0

    def near(self, text: str) -> Span:
        """Where most words of a text are that is written otherwise."""
        words = words_of(self.text)
        blocks = SequenceMatcher(None, words, words_of(text), autojunk=False).get_matching_blocks()[:-1]
        ends = list(itertools.accumulate((len(word) for word in words), initial=0))
        return (ends[blocks[0].a], ends[blocks[-1].a + blocks[-1].size]) if blocks else (0, len(self.bare))

    def parts(self, text: str, span: Span) -> list[Part]:
        """The rows that a piece of the answer consists of, and what else there is."""
        found, at = list[Part](), span[0]
        for start, stop, row in zip(self.starts, self.starts[1:], self.rows, strict=False):
            if span[0] <= start and stop <= span[1]:
                if at < start:
                    found.append(Part(_bare_slice(text, at - span[0], start - span[0]), at))
                found.append(Part(row.text, start, row))
                at = stop
        if at < span[1]:
            found.append(Part(_bare_slice(text, at - span[0], span[1] - span[0]), at))
        return found

    def language(self, at: int) -> str:
        """That of the row there."""
        rows = zip(self.starts[1:], self.rows, strict=True)
        return next((row.language for stop, row in rows if at < stop), self.rows[-1].language)


def _bare_slice(text: str, start: int, stop: int) -> str:
    """The text from one bare character to another, with the marks between them."""
    places = [0, *itertools.accumulate(len(bare(one)) for one in text)]
    return "".join(one for one, at in zip(text, places, strict=False) if start <= at < stop).strip()


@dataclass(frozen=True, slots=True)
class Sounded:
    """A word that was sent as sound, by which response for which answer, said in which way."""

    answer: Answer
    piece: Piece
    response: int
    way: str
    word: SpokenWord


@dataclass(frozen=True, slots=True)
class Request:
    """What a request for a response holds: texts of messages, of items that came before, instructions."""

    messages: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    instructions: str = ""

    def forms(self) -> Iterator[tuple[Form, str]]:
        """Every text in which what is to be said may be."""
        yield from (("instructions", text) for text in (self.instructions,) if text)
        yield from (("item", text) for text in reversed(self.items))
        yield from (("message", text) for text in reversed(self.messages))


@dataclass(slots=True)
class Rendering:
    """A response as it will be sent: PCM, and the saying that it is of. `seconds`: how long it would be."""

    pcm: bytes
    saying: Saying
    seconds: float


class Model:
    """`expect` an answer, `render` requests, `forget` it. `seed`: of everything that is left to chance.

    `sounded`: the words of all sounds, by their codes. `unknown`: requests whose text was in no answer.
    `quota_spent`: from now on every new piece is refused.
    """

    def __init__(self, seed: int = 0, shares: Shares | None = None) -> None:
        self.sounded: dict[int, Sounded] = {}
        self.unknown = 0
        self.quota_spent = False
        self._seed = seed
        self._shares = shares or Shares()
        self._answers: dict[int, Answer] = {}
        self._codes = itertools.cycle(range(1, CODES))
        self._responses = itertools.count(1)

    def expect(self, answer: Answer) -> None:
        """It will be asked for."""
        self._answers[answer.number] = answer

    def forget(self, answer: Answer) -> None:
        """It is over."""
        del self._answers[answer.number]

    def render(self, request: Request) -> Rendering:
        """What it says this time; what it does not know, it reads as it is."""
        response = next(self._responses)
        found = self._found(request)
        if found is None:
            self.unknown += 1
            text = next((text for _, text in reversed(list(request.forms()))), "")
            return self._sound(Saying(Part(text, 0).read(text, right=True), text, text), response, None)
        answer, form, text, span = found
        exact = span in answer.places(text)
        parts = answer.parts(text, span) if exact else [Part(text, span[0])]
        piece = self._piece(answer, text, parts, span)
        return self._sound(piece.say(parts, form), response, (answer, piece))

    def _found(self, request: Request) -> tuple[Answer, Form, str, Span] | None:
        for look in (_exactly, _within, _nearly):
            for form, text in request.forms():
                if (place := look(self._answers.values(), text)) is not None:
                    answer, found, span = place
                    return answer, form, found, span
        return None

    def _piece(self, answer: Answer, text: str, parts: list[Part], span: Span) -> Piece:
        """The piece that was asked for before, or a new one. What is left of one is that one still."""
        for piece in answer.pieces:
            if piece.start <= span[0] and span[1] <= piece.end:
                return piece
        chance = random.Random(f"{self._seed} {answer.number} {bare(text)}")
        language = answer.language(span[0])
        taken = NOTHING_LEFT if self.quota_spent else temper(chance, self._shares)
        piece = Piece(text, parts, taken, language, *span)
        answer.pieces.append(piece)
        return piece

    def _sound(self, saying: Saying, response: int, source: tuple[Answer, Piece] | None) -> Rendering:
        gain = random.Random(response).uniform(_QUIETEST, _LOUDEST)
        pcm = bytearray(quiet(LEAD_SECONDS))
        for word in saying.spoken:
            code = next(self._codes)
            if source is not None:
                self.sounded[code] = Sounded(*source, response, source[1].ways[-1], word)
            pcm += word_sound(word.word, code, word.seconds - GAP, gain) + quiet(GAP + word.pause)
        seconds = len(pcm) / 48000
        share = round(len(pcm) / 2 * saying.share) * 2
        if saying.ending == "completed" and not share:
            share = len(quiet(_STUMP_SECONDS))
        return Rendering(bytes(pcm[:share]), saying, seconds)


def _exactly(answers: Iterable[Answer], text: str) -> tuple[Answer, str, Span] | None:
    """The text is all of it, or what is set apart within it."""
    within = [group for match in _QUOTED.finditer(text) for group in match.groups()[1:] if group]
    lines = text.splitlines() if "\n" in text else []
    after = [text.partition(": ")[2]] if ": " in text else []
    for candidate in sorted({text, *within, *lines, *after}, key=len, reverse=True):
        if len(bare(candidate)) < _SHORT and candidate is not text:
            continue  # a word or two of instructions may be in many answers
        places = [(answer, candidate, span) for answer in answers for span in answer.places(candidate)]
        if places:
            return max(places, key=lambda place: place[0].due(place[2]))
    return None


def _within(answers: Iterable[Answer], text: str) -> tuple[Answer, str, Span] | None:
    """Rows of an answer are somewhere in the text."""
    whole = bare(text)
    for answer in answers:
        rows = [at for at, row in enumerate(answer.rows) if bare(row.text) in whole]
        if (
            rows
            and answer.bare[(start := answer.starts[rows[0]]) : (stop := answer.starts[rows[-1] + 1])]
            in whole
        ):
            return answer, _bare_slice(answer.text, start, stop), (start, stop)
    return None


def _nearly(answers: Iterable[Answer], text: str) -> tuple[Answer, str, Span] | None:
    """The text is written otherwise."""
    best = max(answers, key=lambda answer: answer.likeness(text), default=None)
    if best is None or len(words_of(text)) < _ALIKE_WORDS or best.likeness(text) < _ALIKE:
        return None
    return best, text, best.near(text)
