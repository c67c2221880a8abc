"""What a listener heard of answers: every word, by what the service knows of the sounds that it made."""

import itertools
import time
from collections import Counter
from dataclasses import dataclass, field

from tests.support.coded_sounds import RATE, UNREADABLE, Run, runs_in
from tests.support.own_way_model import Answer, Sounded
from tests.support.own_ways import Class
from tests.support.read_texts import CHARACTERS_PER_SECOND, Row, words_of

_HEARD_SHARE = 0.5  # of a word that must be heard for it to count
_LEAST_HEARD = 0.06
_LOST_SHARE = 0.2  # of a sentence's characters, below which it was not spoken
_OTHER_SHARE = 0.35  # of the time of what is missing, in which another voice may have said it
_OTHER_VOICE = 0.15  # seconds of sound without a code, from which on it is somebody's speech
_BYTES_PER_SECOND = 2 * RATE


@dataclass(slots=True)
class Outcome:
    """What a client got for an answer. Times are seconds; `chunks`: when each came, and where it begins."""

    answer: Answer
    streamed: bool
    asked: float
    pcm: bytearray = field(default_factory=bytearray)
    chunks: list[tuple[float, int]] = field(default_factory=list)
    error: str = ""

    def take(self, pcm: bytes) -> None:
        """More sound has come."""
        if pcm:
            self.chunks.append((time.monotonic(), len(self.pcm)))
            self.pcm += pcm

    @property
    def first(self) -> float:
        """Until the first sound came."""
        return self.chunks[0][0] - self.asked

    def longest_gap(self, runs: list[Run]) -> float:
        """The longest silence between two sounds, for somebody to whom it is played as it comes."""
        starts = self._played([run.start for run in runs])
        gaps = [
            start - (played + run.seconds)
            for run, played, start in zip(runs, starts, starts[1:], strict=False)
        ]
        return max(gaps, default=0.0)

    def _played(self, places: list[float]) -> list[float]:
        """When each of those places of the sound, in their order, is played."""
        when, chunk, late = list[float](), 0, 0.0
        for place in places:
            while chunk < len(self.chunks) and self.chunks[chunk][1] / _BYTES_PER_SECOND <= place:
                came, at = self.chunks[chunk]
                late = max(late, came - at / _BYTES_PER_SECOND)
                chunk += 1
            when.append(late + place)
        return when


@dataclass(slots=True)
class Heard:
    """What the sound of an answer held. `covered`: which of its bare characters; `other`: other voices, s."""

    words: list[tuple[Sounded, float]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    covered: bytearray = field(default_factory=bytearray)
    other: float = 0.0

    def spoken_share(self, start: int, stop: int) -> float:
        """Of those characters."""
        return sum(self.covered[start:stop]) / max(1, stop - start)


def heard_in(outcome: Outcome, runs: list[Run], sounded: dict[int, Sounded]) -> Heard:
    """Every word of the sound, by what the service knows of it."""
    answer = outcome.answer
    heard = Heard(covered=bytearray(len(answer.bare)))
    places: dict[tuple[int, int, str], float] = {}
    for run in runs:
        one = sounded.get(run.code) if run.code != UNREADABLE else None
        if one is None:
            heard.other += run.seconds if run.seconds >= _OTHER_VOICE else 0.0
            continue
        word, (start, stop) = one.word, one.word.span
        heard.words.append((one, run.seconds))
        share = run.seconds / word.seconds
        if one.answer is not answer or word.wrong:
            if share >= _HEARD_SHARE or run.seconds >= _LEAST_HEARD:
                heard.wrong.append(f"{word.word} ({one.way})")
            continue
        place = (start, stop, word.word)
        places[place] = places.get(place, 0.0) + share
        if stop > start and places[place] >= _HEARD_SHARE:
            heard.covered[start:stop] = b"\1" * (stop - start)
    # a seam may cost a word a part of its length, or give it one
    heard.twice += [word for (start, stop, word), share in places.items() if share > 1.5 and stop > start]
    return heard


@dataclass(slots=True)
class WayCount:
    """Pieces that were taken in one way."""

    kind: Class
    pieces: int = 0
    requests: int = 0
    most: int = 0
    left_out: int = 0

    @property
    def mean(self) -> float:
        return self.requests / max(1, self.pieces)


@dataclass(slots=True)
class Figures:
    """Of all answers so far."""

    answers: int = 0
    silent: int = 0
    silent_although: int = 0  # something of it could be right
    errors: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    first_lost: list[str] = field(default_factory=list)
    left_out: int = 0
    other_voice: int = 0
    other_needlessly: int = 0
    words: int = 0
    wrong: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    omitted: int = 0
    text_words: int = 0
    gaps: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    streamed: list[float] = field(default_factory=list)
    ways: dict[tuple[Class, str], WayCount] = field(default_factory=dict)

    def add(self, outcome: Outcome, sounded: dict[int, Sounded], *, may_be_set_aside: bool = False) -> None:
        """Judge one. `may_be_set_aside`: the service has refused everything, and need not be asked."""
        answer, runs = outcome.answer, runs_in(bytes(outcome.pcm))
        heard = heard_in(outcome, runs, sounded)
        sounds = [run for run in runs if run.code != UNREADABLE or run.seconds >= _OTHER_VOICE]
        self.answers += 1
        self.words += len(heard.words)
        self.wrong += heard.wrong
        self.twice += heard.twice
        never = any(piece.temper.kind == "never right" for piece in answer.pieces)
        self.other_voice += heard.other > 0
        self.other_needlessly += heard.other > 0 and not never and not may_be_set_aside
        self.gaps.append(outcome.longest_gap(sounds))
        if outcome.error:
            self.errors[outcome.error[:100]] += 1
        if not sounds:
            self.silent += 1
            self.silent_although += any(piece.temper.kind != "never right" for piece in answer.pieces)
        elif not heard.other and all(piece.temper.kind == "right" for piece in answer.pieces):
            (self.streamed if outcome.streamed else self.whole).append(outcome.first)
        self._add_sentences(answer, heard)
        self._add_ways(answer, heard)

    def _add_sentences(self, answer: Answer, heard: Heard) -> None:
        """Sentences that were not spoken, unless another voice said as much in this answer."""
        places = list(itertools.pairwise(answer.starts))
        missing = {place for place in places if heard.spoken_share(*place) < _LOST_SHARE}
        seconds = sum(stop - start for start, stop in missing) / CHARACTERS_PER_SECOND
        by_other = heard.other > seconds * _OTHER_SHARE
        for number, (start, stop) in enumerate(places):
            if (start, stop) not in missing:
                self._add_words(answer.rows[number], start, heard)
                continue
            pieces = [piece for piece in answer.pieces if piece.start < stop and start < piece.end]
            if by_other or (pieces and all(piece.temper.kind == "never right" for piece in pieces)):
                self.left_out += not by_other
            elif any(heard.covered) or heard.other:
                ways = ", ".join(f"{piece.temper.way} {piece.temper.kind}" for piece in pieces)
                lost = self.lost if number else self.first_lost
                lost.append(f"{answer.rows[number].language}: {answer.rows[number].text} ({ways})")

    def _add_words(self, row: Row, start: int, heard: Heard) -> None:
        for word in words_of(row.text):
            self.text_words += 1
            self.omitted += not heard.other and heard.spoken_share(start, start + len(word)) < _HEARD_SHARE
            start += len(word)

    def _add_ways(self, answer: Answer, heard: Heard) -> None:
        for piece in answer.pieces:
            key = piece.temper.kind, piece.temper.way
            way = self.ways.setdefault(key, WayCount(piece.temper.kind))
            way.pieces += 1
            way.requests += piece.requests
            way.most = max(way.most, piece.requests)
            way.left_out += not heard.other and heard.spoken_share(piece.start, piece.end) < _LOST_SHARE

    def of(self, kind: Class) -> WayCount:
        """All ways of a class together."""
        ways = [way for way in self.ways.values() if way.kind == kind]
        pieces, requests = sum(way.pieces for way in ways), sum(way.requests for way in ways)
        return WayCount(kind, pieces, requests, max((way.most for way in ways), default=0))
