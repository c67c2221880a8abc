"""Texts that are read aloud, and words that are said of them.

Texts are rows of the corpus of transcripts, each with how models write it when they said it, and when they
said something else. Places in a text are counted in its bare characters: letters, marks and digits, folded.
"""

import functools
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from pathlib import Path

CORPUS = Path(__file__).parents[1] / "verification" / "corpus" / "work"
UNSPACED = ("zh", "ja")
CHARACTERS_PER_SECOND = 14.0
_DIGIT_CHARACTERS, _IDEOGRAPH_CHARACTERS = 4, 3  # how long they take to say, in letters
_SHORTEST_WORD = 0.12
_CLAUSE_PAUSE, _SENTENCE_PAUSE = 0.15, 0.3
_IDEOGRAPHS = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the corpus: a text, and transcripts of it: right ones, debatable ones, wrong ones."""

    language: str
    kind: str
    text: str
    fair: tuple[str, ...]
    debatable: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """How it sounds: the transcript that leaves the fewest figures unsaid."""
        return min(self.fair, key=lambda text: sum(character.isdigit() for character in text))


@functools.cache
def corpus() -> dict[str, tuple[Row, ...]]:
    """The rows of every language."""
    return {path.stem: tuple(_rows(path)) for path in sorted(CORPUS.glob("*.tsv"))}


def _rows(path: Path) -> Iterable[Row]:
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            kind, text, *transcripts = line.split("\t")
            groups: dict[str, list[str]] = {"": [], "~": [], "!": []}
            for transcript in filter(None, transcripts):
                mark = transcript[0] if transcript[0] in "~!" else ""
                groups[mark].append(transcript.removeprefix(mark))
            fair = tuple(groups[""]) or (text,)
            yield Row(path.stem, kind, text, fair, tuple(groups["~"]), tuple(groups["!"]))


@functools.lru_cache(maxsize=65536)
def _folded(character: str) -> str:
    return "".join(
        one
        for one in unicodedata.normalize("NFKC", character).casefold()
        if unicodedata.category(one)[0] in "LMN"
    )


def bare(text: str) -> str:
    """Only its letters, marks and digits, folded one by one."""
    return "".join(map(_folded, text))


@functools.lru_cache(maxsize=4096)
def words_of(text: str) -> tuple[str, ...]:
    """Its bare words; of writing without spaces every two characters."""
    found: list[str] = []
    for word in map(bare, text.split()):
        if _IDEOGRAPHS.search(word):
            found += [word[at : at + 2] for at in range(0, len(word), 2)]
        elif word:
            found.append(word)
    return tuple(found)


Span = tuple[int, int]


def spans_in(text: Sequence[str], said: Sequence[str]) -> list[Span]:
    """Which bare characters of a text each of the words that were said stands for; none for those between."""
    starts = [0]
    for word in text:
        starts.append(starts[-1] + len(word))
    spans: list[Span] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, text, said, autojunk=False).get_opcodes():
        if tag == "equal":
            spans += [(starts[i], starts[i + 1]) for i in range(i1, i2)]
        elif tag != "delete":
            total, at = sum(len(word) for word in said[j1:j2]), 0
            for word in said[j1:j2]:
                edges = [
                    starts[i1] + (starts[i2] - starts[i1]) * end // total for end in (at, at + len(word))
                ]
                spans.append((edges[0], edges[1]))
                at += len(word)
    return spans


def strange_in(fair: Iterable[str], said: Sequence[str]) -> list[bool]:
    """Which of the words that were said are in none of the transcripts, compared with the most alike."""
    matches = [SequenceMatcher(None, words_of(text), said, autojunk=False) for text in fair]
    best = max(matches, key=lambda match: match.ratio())
    strange = [True] * len(said)
    for block in best.get_matching_blocks():
        strange[block.b : block.b + block.size] = [False] * block.size
    return strange


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word in the sound of a response. `wrong`: not of the text.

    `span`: of the answer's bare characters.
    """

    word: str
    span: Span
    wrong: bool
    seconds: float
    pause: float = 0.0


@dataclass(frozen=True, slots=True)
class Part:
    """What a piece consists of: a row, or some other text. `at`: its place in the answer."""

    text: str
    at: int
    row: Row | None = None

    def read(self, transcript: str, *, right: bool) -> list[SpokenWord]:
        """As sound, of what the transcript holds. `right`: none of it is wrong, whatever it holds."""
        said = words_of(transcript)
        fair = (self.text, *self.row.fair, *self.row.debatable) if self.row else (self.text,)
        strange = [False] * len(said) if right else strange_in(fair, said)
        spans = spans_in(words_of(self.text), said)
        spoken = [
            SpokenWord(word, (self.at + span[0], self.at + span[1]), wrong, seconds_of(word))
            for word, span, wrong in zip(said, spans, strange, strict=True)
        ]
        return with_pauses(spoken, transcript)


def seconds_of(word: str) -> float:
    """How long it takes to say."""
    letters = sum(
        _DIGIT_CHARACTERS if one.isdigit() else _IDEOGRAPH_CHARACTERS if _IDEOGRAPHS.match(one) else 1
        for one in word
    )
    return max(_SHORTEST_WORD, (letters + 1) / CHARACTERS_PER_SECOND)


def with_pauses(spoken: list[SpokenWord], transcript: str) -> list[SpokenWord]:
    """The same with the pauses of its punctuation; the end of it is a sentence's."""
    paused, at = list(spoken), -1
    for word in transcript.split():
        at += len(words_of(word))
        if 0 <= at < len(paused) and word[-1] in ",;:.!?":
            pause = _CLAUSE_PAUSE if word[-1] in ",;:" else _SENTENCE_PAUSE
            paused[at] = replace(paused[at], pause=pause)
    paused[-1:] = [replace(word, pause=_SENTENCE_PAUSE) for word in paused[-1:]]
    return paused


def added(transcript: str, at: int) -> list[SpokenWord]:
    """Words that are no part of the text."""
    words = [SpokenWord(word, (at, at), True, seconds_of(word)) for word in words_of(transcript)]
    return with_pauses(words, transcript)
