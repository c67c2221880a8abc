"""Verify, while it streams, that the transcript of a synthesis reads the requested text.

The text becomes a graph of words: every way to read its figures, signs and abbreviations is a path through
it. The transcript moves a set of positions along that graph, one token at a time; where no position is left,
it is another text. Both are compared as `tokens` divides and folds them.

Cost grows with the length only: at most 128 positions at a time, a few edges for each token, and so many
steps for each character. Behind those, words are compared as they are written (`_AsWritten`).
"""

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Literal

from wyoming_azure_realtime.verification.graph import (
    Graph,
    Position,
    Positions,
    advance,
    any_word,
    arrivals,
    begin,
    bounded,
    other_spelling,
)
from wyoming_azure_realtime.verification.likeness import is_like, may_become, script
from wyoming_azure_realtime.verification.readings import Readings, Substitution
from wyoming_azure_realtime.verification.signs import literals_of, of_transcript
from wyoming_azure_realtime.verification.text_tokens import TextTokens
from wyoming_azure_realtime.verification.tokens import (
    UNKNOWN_LETTER,
    Lexer,
    Token,
    TokenKind,
    fold,
    forms,
)

Verdict = Literal["agrees", "undecided", "unsure", "mismatch", "complete"]

_LONGEST_CODE = 5  # capitals, that are what they are
_MOST_TRANSCRIPT = (4, 200)  # times the text, and characters: a transcript that is longer is another text
_MOST_STEPS = (30, 40_000)  # for a character of text or transcript, and for all; speech needs a few
_NEAR = 8  # words of the text that may be left out where words are compared as they are written
_MOST_BEGUN = 24  # words that are followed at a time
_LONGEST = 40  # letters of words that are said for one


class TranscriptVerifier:
    """Compares the transcript of one response with the requested text.

    `languages`: codes of those that are plausible, best first, with or without a region ("de-AT"); without
    any the script of the text tells. `tolerance`: the share of a word's letters (0 to 1) in which another
    spelling of it may differ. `accepted`: ways to say words of the text that were agreed upon.

    `verdict`: "agrees" while the transcript so far is the beginning of the text; "unsure" while it is only if
    a word that nothing is known about stands for a figure, a sign or an abbreviation; "undecided" within a
    word that may still become right; "mismatch" once it is another text, which only `replace` can change;
    "complete" or "unsure" after `finish` if it is the whole text.
    """

    def __init__(
        self,
        text: str,
        *,
        languages: Sequence[str] = (),
        tolerance: float = 0.2,
        accepted: Collection[Substitution] = (),
    ) -> None:
        self._readings = Readings(text, languages)
        for substitution in accepted:
            self._readings.accept(substitution)
        self._graph, self._end = self._readings.graph, self._readings.end
        self._tolerance = tolerance
        self._most_steps = _MOST_STEPS[0] * len(text) + _MOST_STEPS[1]
        self._longest = _MOST_TRANSCRIPT[0] * len(text) + _MOST_TRANSCRIPT[1]
        self._begin()

    def _begin(self) -> None:
        self._lexer = Lexer()
        self._guesses = Guesses(self._graph, self._readings.text, spellings=self._tolerance > 0)
        self._positions = begin(self._graph)
        self._plain: _AsWritten | None = None
        self._alike = _AsWritten(self._readings.text, 0, sure=True)
        self._place = 0  # tokens of the text that are behind for sure
        self._begun_at = self._graph.steps
        self._before: Token | None = None
        self._counting = False
        self._ahead: tuple[str, Positions] = ("", frozenset())  # letters of the tail, and where they lead
        self._length = 0
        self._finished = False
        self.verdict: Verdict = "agrees"

    def add(self, transcript: str) -> None:
        """Append text of the transcript, cut anywhere, and update `verdict`."""
        if self._finished or not self._goes_on():
            return
        self._length += len(transcript)
        if self._length > self._longest:
            self._positions, self._plain = frozenset(), None
            self._guesses.clear()
        else:
            self._lexer.add(transcript)
            self._take()
        self.verdict = self._so_far() if self._goes_on() else "mismatch"

    @property
    def steps(self) -> int:
        """What was done so far, for whoever bounds the cost of several comparisons."""
        return self._graph.steps

    def _goes_on(self) -> bool:
        """Whether the transcript may still become the text."""
        return bool(self._positions or self._guesses or self._plain)

    def replace(self, transcript: str) -> None:
        """Take the whole transcript, in place of all that was added; a mismatch may end."""
        self._begin()
        self.add(transcript)

    def agreeing(self, transcript: str) -> str:
        """Return of a transcript, which replaces all that was added, the words before it is another text."""
        self._begin()
        for word in re.finditer(r"\S*\s*", transcript):
            self.add(word[0])
            if self.verdict == "mismatch":
                return transcript[: word.start()]
        return transcript

    def finish(self) -> None:
        """End the transcript: `verdict` becomes "complete", "unsure" or "mismatch". Idempotent."""
        self._finished = True
        self._take()
        if self._plain:
            self.verdict = "complete" if self._plain.sure and self._plain.ended else "unsure"
        elif Position(self._end) in self._positions:
            self.verdict = "complete"
        else:
            unsure = Position(self._end, sure=False) in self._positions
            self.verdict = "unsure" if unsure else "mismatch"

    def _take(self) -> None:
        """Move on by every token that is certain."""
        while self._goes_on() and (token := self._lexer.take(finished=self._finished)):
            if self._plain:
                self._plain.take(token)
                continue
            if self._alike.sure:
                self._alike.take(token)
            self._positions = self._after(token)
            self._place = max(
                self._place, *(one.node for one in self._positions if one.sure and one.node <= self._end), 0
            )
            most = self._most_steps + _MOST_STEPS[0] * self._length
            if self._graph.steps - self._begun_at > most and self._goes_on():
                sure = any(one.sure for one in self._positions)
                rest = _AsWritten(self._readings.text, self._place, sure=sure)
                self._plain = self._alike if self._alike.sure else rest
                self._positions = frozenset()
                self._guesses.clear()
            # "20 de min": a small word between a number and its unit
            self._counting = self._before is not None and self._before.kind is TokenKind.NUMBER
            self._counting = self._counting and self._readings.text.is_small(fold(token.text))
            if token.kind is TokenKind.JOINER and token.text == "-" and self._before is not None:
                token = replace(self._before, attached=True)  # the figures of "25-e"
            self._before, self._ahead = token, ("", frozenset())

    def _after(self, token: Token) -> Positions:
        """Where one more token leads: for sure, without small words that may be left out, or by a guess."""
        guesses, positions = self._guesses, self._positions
        found = self._step(token, positions)
        if any(one.sure and not one.begun for one in found):
            guesses.clear()
            return found
        if ahead := guesses.without_small_words(positions):
            found = bounded(found | self._step(token, ahead))
        if any(one.sure and not one.begun for one in found):
            return found
        return bounded(found | guesses.added(token, positions) | guesses.after(token, positions | ahead))

    def _step(self, token: Token, positions: Positions) -> Positions:
        """Where a token leads as it is written, in any reading, as a word not understood."""
        graph = self._graph
        if token.kind is TokenKind.WORD:
            return self._after_word(token, positions)
        found: set[Position] = set()
        for letters in literals_of(token):
            found |= advance(graph, positions, letters, known=True)
        if not any(position.sure for position in found):
            for words in (True, False):
                ahead = frozenset(one for one in positions if self._readings.is_word(one.node) == words)
                spoken = of_transcript(token, self._readings.languages, beside=True, words=words)
                found |= through(spoken, graph, ahead)
        if token.kind is TokenKind.JOINER:
            found |= positions
        return bounded(found)

    def _after_word(self, token: Token, positions: Positions) -> Positions:
        graph = self._graph
        found: set[Position] = set()
        spelt = forms(token.text)
        for letters in spelt:
            ahead, reached = self._ahead
            taken = letters and letters == ahead and positions is self._positions
            found |= reached if taken else advance(graph, positions, letters)
        known = self._readings.is_understood(spelt[0])
        beside = self._before is not None and (self._before.kind is not TokenKind.WORD or self._counting)
        if beside or not token.text.isalpha():
            spoken = of_transcript(token, self._readings.languages, beside=beside)
            known = known or bool(spoken.edges(0))
            read = through(spoken, graph, positions)
            found |= {one for one in read if not one.begun or len(one.begun) > 2}
        if self._before is not None and self._readings.belongs_to_figures(self._before, spelt[0]):
            found |= positions
        if UNKNOWN_LETTER in token.text:
            return bounded(found | (positions if not spelt[0].strip(UNKNOWN_LETTER) else set()))
        if all(position.begun or not position.sure for position in found):
            stems = not self._readings.is_unit(spelt[0])
            share = 0.0 if known or self._readings.text.has_opposite(spelt[0]) else self._tolerance
            found |= other_spelling(graph, positions, spelt[0], share, stems=stems)
        code = token.text.isascii() and token.text.isupper() and 2 <= len(token.text) <= _LONGEST_CODE
        return bounded(found if known or code else found | any_word(graph, positions))

    def _so_far(self) -> Verdict:
        """The verdict, counting the beginning of a token that is not certain yet."""
        if self._plain:
            return "agrees" if self._plain.sure else "unsure"
        tail = fold(self._lexer.tail)
        if tail[:1].isdigit():
            return "undecided"
        positions = advance(self._graph, self._positions, tail) if tail else self._positions
        self._ahead = (tail, positions)
        whole = bool(tail) or any(not position.begun for position in positions)
        if not positions or not whole:
            return "undecided"
        return "agrees" if any(position.sure for position in positions) else "unsure"


class _AsWritten:
    """The rest of a text that costs too much to read: what is written alike agrees, all else is unsure."""

    def __init__(self, text: TextTokens, place: int, *, sure: bool) -> None:
        """Begin at a token. `sure`: whether all before it was understood."""
        self._text, self._place = text, place
        self.sure = sure

    def take(self, token: Token) -> None:
        """Go on by a token of the transcript, behind up to eight of the text that were not said."""
        word = fold(token.text)
        if not word:
            return
        skipped = 0
        for place in range(self._place, len(self._text.tokens)):
            wanted = self._text.folded(place)
            if wanted == word:
                self.sure = self.sure and not skipped
                self._place = place + 1
                return
            skipped += bool(wanted)
            if skipped > _NEAR:
                break
        self.sure = False

    @property
    def ended(self) -> bool:
        """Whether no word of the text is left."""
        return not any(map(self._text.folded, range(self._place, len(self._text.tokens))))


def through(spoken: Graph, graph: Graph, positions: Positions) -> Positions:
    """Where the positions are after any reading of one token: from node 0 of its graph to node 1."""
    if not positions:
        return positions
    reached: dict[int, Positions] = {0: positions}
    for node in spoken.order(0):
        here = reached.pop(node, None)
        if not here:
            continue
        if node == 1:
            return here
        graph.steps += 4 * len(here)
        for of, end, _ in spoken.edges(node):
            for ways in of.values():
                for label in ways:
                    behind = advance(graph, here, label)
                    if behind:
                        reached[end] = bounded(reached[end] | behind) if end in reached else behind
        for end, _ in spoken.skips(node):
            reached[end] = bounded(reached[end] | here) if end in reached else here
    return frozenset()


class Guesses:
    """What may still become another writing of words of the text, from one token to the next.

    For words that lead nowhere for sure: other spellings, names in another script, articles. What it
    finds is unsure, nearly always. A number, a unit, a negation or an opposite is never guessed away.
    """

    def __init__(self, graph: Graph, text: TextTokens, *, spellings: bool) -> None:
        """Begin a transcript. `spellings`: words may be written otherwise at all."""
        self._graph, self._text, self._spellings = graph, text, spellings
        self._runs: dict[int, tuple[tuple[int, str], ...]] = {}
        self._begun: frozenset[tuple[int, str]] = frozenset()

    def __bool__(self) -> bool:
        """Whether anything has begun."""
        return bool(self._begun)

    def clear(self) -> None:
        """Forget what has begun."""
        self._begun = frozenset()

    def without_small_words(self, positions: Positions) -> Positions:
        """The positions behind the articles and the like that follow: those may be left out."""
        found: set[Position] = set()
        for position in positions:
            behind = None if position.begun else self._text.behind_small(position.node)
            if behind is not None:
                sure = position.sure and self._text.dropped(position.node)
                found.update(arrivals(self._graph, behind, sure=sure))
        return bounded(found - positions)

    def added(self, token: Token, positions: Positions) -> Positions:
        """The positions themselves, if the token is a small word that may be said without being written.

        Ahead of figures such words are part of reading them; one that is a number too makes another number.
        """
        word, text = fold(token.text), self._text
        if token.kind is not TokenKind.WORD or not text.is_small(word):
            return frozenset()
        number = text.is_counted(word)
        return bounded(
            one._replace(sure=one.sure and not number and text.reads_figure(word, one.node))
            for one in positions
            if not one.begun and not (number and text.is_near_number(one.node))
        )

    def after(self, token: Token, positions: Positions) -> Positions:
        """Where a word leads as another writing of those that follow, together with words before it."""
        if token.kind is TokenKind.JOINER:
            return frozenset()
        word = fold(token.text)
        if not self._spellings:
            return frozenset()
        if token.kind is not TokenKind.WORD or not word:
            self._begun = frozenset()
            return frozenset()
        found: set[Position] = set()
        begun: set[tuple[int, str]] = set()
        starts = {(one.node, "") for one in positions if not one.begun} | self._begun
        for node, before in starts:
            said = before + word
            known = self._text.is_understood(said)
            for end, letters in self._runs_at(node):
                self._graph.steps += 8
                if self._text.is_opposite(letters, said):
                    continue
                abbreviated = self._text.is_abbreviation(node) and said.startswith(letters)
                if not known and (
                    is_like(letters, said, several=end > node + 1) or (abbreviated and not before)
                ):
                    found.update(arrivals(self._graph, end, sure=False))
                if len(said) <= _LONGEST and may_become(said, letters):
                    begun.add((node, said))
            if script(token.text) != "KATAKANA":
                ends, more = self._text.kana_for_ideographs(node, unicodedata.normalize("NFC", said))
                for end in ends:
                    found.update(arrivals(self._graph, end, sure=False))
                if more:
                    begun.add((node, said))
        self._begun = frozenset(sorted(begun, key=lambda one: (-len(one[1]), one))[:_MOST_BEGUN])
        return bounded(found)

    def _runs_at(self, node: int) -> tuple[tuple[int, str], ...]:
        known = self._runs.get(node)
        if known is None:
            known = self._runs[node] = tuple(self._text.runs(node)) if node < len(self._text.tokens) else ()
        return known
