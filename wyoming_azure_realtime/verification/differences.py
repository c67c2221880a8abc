"""What a complete transcript has in place of the text: the differences, each with its kind.

For an attempt that is over. The verifier says while it streams whether the transcript is the text; this says
what it is instead, so that the caller can tell a way of speaking from a wrong answer. Words that are alike in
both hold the two together; what lies between them is compared as the verifier compares.
"""

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from wyoming_azure_realtime.verification.figures import figure_of, values_of
from wyoming_azure_realtime.verification.language_data import Language, plausible
from wyoming_azure_realtime.verification.readings import Substitution
from wyoming_azure_realtime.verification.tokens import Token, TokenKind, fold, is_spelling_of, tokens_of
from wyoming_azure_realtime.verification.verifier import TranscriptVerifier, Verdict

__all__ = ["Comparison", "Difference", "DifferenceKind", "Substitution", "compare"]

DifferenceKind = Literal["number", "sign", "negation", "name", "word", "unsure", "added", "missing"]
Place = Literal["head", "inside", "tail"]

_LONGEST_TEXT = 1000  # characters that are compared, and four times as many of the transcript
_MOST_PAIRS = 40_000  # of words that are compared with each other
_MOST_ALIKE = 8_000  # of those that are the same word
_MOST_STEPS = (60, 60_000)  # of all comparisons of parts, for each character and for all
_STEPS_OF_PART = 200
_MOST_TRIES = 6  # words left out at each side of a part to find what was said of it
_LONGEST_PART = 24  # tokens of a part that is tried so
_ALIKE = 0.6  # share of letters that spellings of one word have in common
_SAME_SOUND = ("ckq", "fvw", "sz", "ijy", "bp", "dt")


@dataclass(frozen=True, slots=True)
class Difference:
    """Words as the text has them, words as the transcript has them, and where in the text it is.

    `kind`: "number" if values or units differ, "sign" if a minus was lost or added, "negation" if a "no" was,
    "name" if a word was swapped for another, "word" if it is written otherwise, "unsure" if nothing is known
    of what was said for a figure or a sign, "added" and "missing" if there is no other side.
    """

    kind: DifferenceKind
    text: str
    spoken: str
    place: Place


@dataclass(frozen=True, slots=True)
class Comparison:
    """All differences between a text and a transcript; without any it is the text.

    `matched`: the share (0 to 1, by letters) of the text's words that were said, in their order. `start` and
    `end`: the share of the transcript's letters (0 to 1) ahead of the text's first word that was said, and up
    to the end of the last one: what is outside is an added head or tail.
    """

    differences: tuple[Difference, ...]
    matched: float
    start: float
    end: float

    @property
    def negotiable(self) -> bool:
        """Whether a second attempt that says the same may be taken for this model's way to say the text."""
        kinds = {difference.kind for difference in self.differences}
        return bool(kinds) and kinds <= {"word", "unsure"} and 3 * (1 - self.matched) <= 1

    def substitutions(self) -> frozenset[Substitution]:
        """What would be accepted then."""
        return frozenset(Substitution(fold(one.text), fold(one.spoken)) for one in self.differences)


def compare(
    text: str, transcript: str, languages: Sequence[str] = (), *, tolerance: float = 0.2
) -> Comparison:
    """Return how a complete transcript differs from the text. `languages`, `tolerance`: as the verifier's."""
    said = transcript[: 4 * _LONGEST_TEXT]
    return _Comparing(text[:_LONGEST_TEXT], said, languages, tolerance).compared()


@dataclass(frozen=True, slots=True)
class _Part:
    """Tokens `start` to `end` of the text, and `first` to `last` of the transcript."""

    start: int
    end: int
    first: int
    last: int


class _Comparing:
    """One comparison. `wanted` and `said` are the tokens of text and transcript."""

    def __init__(self, text: str, transcript: str, languages: Sequence[str], tolerance: float) -> None:
        self._text, self._transcript = text, transcript
        self._codes, self._tolerance = languages, tolerance
        self._languages = plausible(languages, text)
        self.wanted, self.said = tokens_of(text), tokens_of(transcript)
        self._found: list[Difference] = []
        self._matched = 0
        self._steps = _MOST_STEPS[0] * (len(text) + len(transcript)) + _MOST_STEPS[1]
        self._first, self._last = len(self.said), 0  # tokens of the transcript that belong to the text

    def compared(self) -> Comparison:
        if self._verdict(self._text, self._transcript) == "complete":
            return Comparison((), 1.0, 0.0, 1.0)
        for part, same in self._parts():
            if same:
                self._match(part)
            else:
                self._compare(part)
        letters = [len(_letters(token)) for token in self.said]
        whole = sum(letters) or 1
        wanted = sum(len(_letters(token)) for token in self.wanted) or 1
        start, end = sum(letters[: self._first]) / whole, sum(letters[: self._last]) / whole
        matched = min(1.0, self._matched / wanted)
        return Comparison(tuple(self._found), matched, start if matched else 0.0, end)

    def _verdict(self, text: str, transcript: str) -> Verdict:
        """Of a part; once they cost too much, what is written alike is the same and all else unsure."""
        if self._steps <= 0:
            return "complete" if fold(text) == fold(transcript) else "unsure"
        verifier = TranscriptVerifier(text, languages=self._codes, tolerance=self._tolerance)
        verifier.add(transcript)
        verifier.finish()
        self._steps -= verifier.steps + _STEPS_OF_PART
        return verifier.verdict

    def _parts(self) -> list[tuple[_Part, bool]]:
        """The whole in parts: those that are the same words in both, and those between."""
        one, other = [_letters(token) for token in self.wanted], [_letters(token) for token in self.said]
        start, end = 0, 0
        while start < min(len(one), len(other)) and one[start] == other[start]:
            start += 1
        while end < min(len(one), len(other)) - start and one[-1 - end] == other[-1 - end]:
            end += 1
        middle = one[start : len(one) - end], other[start : len(other) - end]
        parts = [(_Part(0, start, 0, start), True)]
        counted = [Counter(words) for words in middle]
        alike = sum(number * counted[1][word] for word, number in counted[0].items())
        if len(middle[0]) * len(middle[1]) > _MOST_PAIRS or alike > _MOST_ALIKE:
            parts.append((_Part(start, len(one) - end, start, len(other) - end), False))
        else:
            for name, a, b, c, d in SequenceMatcher(None, *middle, autojunk=False).get_opcodes():
                parts.append((_Part(start + a, start + b, start + c, start + d), name == "equal"))
        parts.append((_Part(len(one) - end, len(one), len(other) - end, len(other)), True))
        return [(part, same) for part, same in parts if part.start < part.end or part.first < part.last]

    def _match(self, part: _Part) -> None:
        self._matched += sum(len(_letters(token)) for token in self.wanted[part.start : part.end])
        self._first, self._last = min(self._first, part.first), max(self._last, part.last)

    def _compare(self, part: _Part) -> None:
        """A part in which the words differ: the same in other words, or a difference."""
        verdict = self._verdict_of(part)
        if verdict == "complete":
            self._match(part)
            return
        if verdict == "unsure":
            self._note("word" if self._is_in_words(part) else "unsure", part)
            self._first, self._last = min(self._first, part.first), max(self._last, part.last)
            return
        inner = self._said_within(part)
        if inner is None:
            self._note(self._kind(part), part)
            return
        for piece in (
            _Part(part.start, part.start, part.first, inner.first),
            _Part(part.end, part.end, inner.last, part.last),
        ):
            if piece.first < piece.last:
                self._note(self._kind(piece), piece)
        self._match(inner)

    def _verdict_of(self, part: _Part) -> Verdict:
        """Of the part alone; with a word more at both sides, where those words tell what a figure is."""
        alone = self._verdict(self._words(part), self._spoken(part))
        if alone == "complete":
            return alone
        wider = _Part(max(0, part.start - 1), part.end + 1, max(0, part.first - 1), part.last + 1)
        around = self._verdict(self._words(wider), self._spoken(wider))
        return around if around == "complete" else alone

    def _said_within(self, part: _Part) -> _Part | None:
        """The part of what was said that is the text's, if words were added ahead of it or behind it."""
        if part.start == part.end or max(part.end - part.start, part.last - part.first) > _LONGEST_PART:
            return None
        for ahead, behind in itertools.product(range(_MOST_TRIES), repeat=2):
            inner = _Part(part.start, part.end, part.first + ahead, part.last - behind)
            tried = 0 < ahead + behind < _MOST_TRIES and inner.first < inner.last
            if tried and self._verdict(self._words(inner), self._spoken(inner)) == "complete":
                return inner
        return None

    def _note(self, kind: DifferenceKind, part: _Part) -> None:
        place: Place = "head" if not part.start else "tail" if part.end == len(self.wanted) else "inside"
        self._found.append(Difference(kind, self._words(part), self._spoken(part), place))

    def _words(self, part: _Part) -> str:
        return _written(self.wanted[part.start : part.end])

    def _spoken(self, part: _Part) -> str:
        return _written(self.said[part.first : part.last])

    def _kind(self, part: _Part) -> DifferenceKind:
        wanted, said = self.wanted[part.start : part.end], self.said[part.first : part.last]
        if self._negations(wanted) != self._negations(said):
            return "negation"
        if not wanted or not said:
            return "missing" if wanted else "added"
        if self._has_minus(wanted) != self._has_minus(said):
            return "sign"
        if _differ(self._values(wanted), self._values(said)) or self._units(wanted) != self._units(said):
            return "number"
        one, other = fold(self._words(part)), fold(self._spoken(part))
        return "word" if _is_alike(one, other, self._tolerance) else "name"

    def _negations(self, tokens: Sequence[Token]) -> int:
        negations = frozenset().union(*(one.negations for one in self._languages))
        return sum(fold(token.text) in negations for token in tokens)

    def _has_minus(self, tokens: Sequence[Token]) -> bool:
        if any(token.kind is TokenKind.NUMBER and figure_of(token.text).sign == "-" for token in tokens):
            return True
        words = {fold(token.text) for token in tokens}
        return any(not words.isdisjoint(_words_of(one, "minus")) for one in self._languages)

    def _values(self, tokens: Sequence[Token]) -> list[frozenset[str]]:
        """What the figures and number words may mean."""
        found = []
        for token in tokens:
            if token.kind is TokenKind.NUMBER:
                found.append(frozenset(values_of(figure_of(token.text))))
            elif self._is_number(fold(token.text)):
                values = {str(one.values.get(fold(token.text), fold(token.text))) for one in self._languages}
                found.append(frozenset(values))
        return found

    def _is_number(self, word: str) -> bool:
        """Whether a word is a number; one that is an article as well ("ein") is not."""
        article = any(word in one.small for one in self._languages)
        return not article and any(one.is_number_word(word) for one in self._languages)

    def _is_in_words(self, part: _Part) -> bool:
        """Whether a part is plain words of one script on both sides."""
        tokens = self.wanted[part.start : part.end] + self.said[part.first : part.last]
        plain = all(token.kind is TokenKind.WORD for token in tokens)
        return plain and _is_alike(fold(self._words(part)), fold(self._spoken(part)), self._tolerance)

    def _units(self, tokens: Sequence[Token]) -> set[str]:
        """The units that are said in words or signs which the other side has to have as well."""
        words = {fold(token.text) for token in tokens if token.kind is TokenKind.WORD}
        return {word for word in words if any(word in one.unit_words for one in self._languages)}


def _letters(token: Token) -> str:
    return fold(token.text) or token.text


def _written(tokens: Sequence[Token]) -> str:
    """The tokens with spaces between, but where they are written together."""
    return "".join(("" if token.attached else " ") + token.text for token in tokens).strip()


def _words_of(language: Language, name: str) -> frozenset[str]:
    return frozenset(one for ways in language.of(name).values() for one in ways)


def _differ(one: list[frozenset[str]], other: list[frozenset[str]]) -> bool:
    """Whether values are different, more or fewer."""
    return len(one) != len(other) or any(not first & second for first, second in zip(one, other, strict=True))


def _is_alike(one: str, other: str, tolerance: float) -> bool:
    """Whether two folded words may be spellings of the same: most letters alike, from the first sound on."""
    if not one or not other:
        return not one and not other
    first = one[0] == other[0] or any(one[0] in group and other[0] in group for group in _SAME_SOUND)
    if is_spelling_of(one, other, max(tolerance, 0.3)):
        return True
    short, long = sorted((one, other), key=len)
    letters = iter(long)
    if first and all(letter in letters for letter in short):
        return True  # "DJ" and "Deejay"
    return first and SequenceMatcher(None, one[:60], other[:60], autojunk=False).ratio() >= _ALIKE
