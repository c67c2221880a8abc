"""Whether the transcript of speech, while it streams in, is the text that was to be spoken."""

from typing import Literal

from wyoming_azure_realtime.verification import walk
from wyoming_azure_realtime.verification.folding import fold
from wyoming_azure_realtime.verification.graph import Graph, language_of, literal
from wyoming_azure_realtime.verification.lexer import Kind, Lexer, Token

Verdict = Literal["agrees", "undecided", "mismatch", "complete"]
TOLERANCE = 0.2  # of a word's letters


class TranscriptVerifier:
    """Compares the transcript of speech, while it streams, with the text. One per response.

    `verdict`: "agrees" while everything so far is the beginning of the text; "undecided" within a word that
    may still become right; "mismatch", for good, once it is not the text; "complete" when all of it was said,
    once. `said` characters of the text and `heard` characters of the transcript belong together: both end
    at the same space between words, the last one where a cut is safe.
    """

    def __init__(self, text: str, *, language: str = "", tolerance: float = TOLERANCE) -> None:
        self._language = language_of(language)
        self._graph = Graph(text, self._language)
        self._tolerance = tolerance
        self._length = len(text)
        self._cuts = _cuts(text, self._graph.tokens)
        self._lexer = Lexer()
        self._places = walk.start(self._graph)
        self._before: Token | None = None
        self._received = 0
        self._finished = False
        self.verdict: Verdict = "agrees"
        self.said = 0
        self.heard = 0

    def add(self, spoken: str) -> None:
        """More of the transcript, cut anywhere."""
        if self._finished or not self._places:
            return
        self._received += len(spoken)
        self._lexer.add(spoken)
        self._take()
        self.verdict = self._so_far() if self._places else "mismatch"

    def finish(self) -> None:
        """The transcript is complete."""
        if self._finished or not self._places:
            return
        self._finished = True
        self._take()
        if walk.Place(self._graph.end) in self._places:
            self.verdict, self.said, self.heard = "complete", self._length, self._received
        else:
            self.verdict = "mismatch"

    def _take(self) -> None:
        while token := self._lexer.take(finished=self._finished):
            self._places = self._after(token)
            self._before = token
            if not self._places:
                return
            self._mark(token.end)

    def _after(self, token: Token) -> walk.Places:
        readings = self._language.readings(token, self._before, None, lone=True)
        spelt = dict.fromkeys("".join(map(fold, reading.split())) for reading in readings)
        ways = [walk.advance(self._graph, self._places, letters) for letters in spelt]
        if token.kind is not Kind.WORD:
            ways.append(walk.advance(self._graph, self._places, literal(token)))
        ways.append(walk.any_word(self._graph, self._places))
        places = walk.joined(ways)
        if token.kind is Kind.WORD and all(place.edge for place in places):
            slips = walk.misspelt(self._graph, self._places, fold(token.text), self._tolerance)
            places = walk.joined([places, slips])
        return places

    def _mark(self, heard: int) -> None:
        """Both texts can be cut here if they are at the same word whichever way the transcript is read."""
        mains = {self._graph.main(place.node) for place in self._places}
        if len(mains) == 1 and all(place.edge is None for place in self._places):
            cut = self._cuts[mains.pop()]
            if cut > self.said:
                self.said, self.heard = cut, heard

    def _so_far(self) -> Verdict:
        tail = self._lexer.tail
        if any(character.isdigit() for character in tail):
            return "undecided"
        places = walk.advance(self._graph, self._places, fold(tail))
        whole = bool(fold(tail)) or any(place.edge is None for place in places)
        return "agrees" if places and whole else "undecided"


def rest(text: str, said: int) -> str:
    """What is left to say behind `TranscriptVerifier.said`."""
    return text[said:].lstrip()


def _cuts(text: str, tokens: list[Token]) -> list[int]:
    """For every main node, the place in the text to cut at; 0 where it must not be cut."""
    cuts = [0] * (len(tokens) + 1)
    for number in range(1, len(tokens)):
        before, behind = tokens[number - 1], tokens[number]
        between = text[before.end : behind.start]
        figures = Kind.NUMBER in {before.kind, behind.kind} or Kind.SYMBOL in {before.kind, behind.kind}
        if any(character.isspace() for character in between) and not figures:
            cuts[number] = before.end + _closing(between)
    return cuts


def _closing(between: str) -> int:
    """Up to the space: what closes a word belongs to it, what opens the next one to that."""
    return next(place for place, character in enumerate(between) if character.isspace())
