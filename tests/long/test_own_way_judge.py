"""What the measure relies on: whatever is wrong with the sound of an answer can be read from it."""

import random

import numpy as np
import pytest

from tests.support.coded_sounds import CODES, GAP, UNREADABLE, quiet, runs_in, word_sound
from tests.support.own_way_judge import Figures, Heard, Outcome, heard_in
from tests.support.own_way_model import Answer, Model, Rendering, Request
from tests.support.own_ways import ALWAYS, DEBATABLE, RIGHT, WRONG, Form, Shares, Temper
from tests.support.read_texts import Row, bare, corpus

GERMAN = corpus()["de"][:3]
HONEST = Shares(odd=0, debatable=0, later=0, never=0)
TEXT = " ".join(row.text for row in GERMAN)


class Spoken:
    """An answer, and the model that is asked for it."""

    def __init__(self, rows: tuple[Row, ...] = GERMAN) -> None:
        self.model = Model(3, HONEST)
        self.answer = Answer(1, rows, " ".join(row.text for row in rows))
        self.model.expect(self.answer)

    def render(self, text: str, way: str = "plain") -> Rendering:
        """The first attempt in that way."""
        if way != "plain":
            self.model.render(Request(messages=(text,)))
            piece = self.answer.pieces[-1]
            piece.temper = Temper(way, "never right", ALWAYS, seed=5)
        return self.model.render(Request(messages=(text,)))

    def heard(self, pcm: bytes) -> Heard:
        """What is heard of that."""
        outcome = Outcome(self.answer, streamed=False, asked=0.0)
        outcome.take(pcm)
        return heard_in(outcome, runs_in(pcm), self.model.sounded)

    def judged(self, pcm: bytes) -> Figures:
        """The figures of this answer alone."""
        outcome, figures = Outcome(self.answer, streamed=False, asked=0.0), Figures()
        outcome.take(pcm)
        figures.add(outcome, self.model.sounded)
        return figures


@pytest.mark.parametrize("gain", [0.5, 1.0, 1.9])
def test_every_word_is_read_back_however_loud(gain: float) -> None:
    chance = random.Random(1)
    said = [(chance.randrange(CODES), chance.uniform(0.08, 1.2)) for _ in range(100)]
    pcm = b"".join(word_sound("word", code, seconds) + quiet(GAP) for code, seconds in said)
    louder = np.rint(np.frombuffer(pcm, "<i2") * gain).astype("<i2").tobytes()
    read = [run for run in runs_in(louder) if run.code != UNREADABLE]
    assert [run.code for run in read] == [code for code, _ in said]
    assert all(abs(run.seconds - seconds) < 0.05 for run, (_, seconds) in zip(read, said, strict=True))


def test_a_seam_within_a_word_shows_both_sayings() -> None:
    one, other = word_sound("word", 17, 0.5), word_sound("word", 4711, 0.5)
    codes = [run.code for run in runs_in(one[:12_000] + other[12_000:]) if run.code != UNREADABLE]
    assert codes == [17, 4711]


def test_sound_without_a_code_is_somebody_elses() -> None:
    noise = np.random.default_rng(0).normal(0, 3000, 24_000).astype("<i2").tobytes()
    assert {run.code for run in runs_in(noise)} == {UNREADABLE}


@pytest.mark.parametrize("language", sorted(corpus()))
def test_an_honest_reading_covers_all_of_the_text(language: str) -> None:
    for row in corpus()[language][::4]:
        spoken = Spoken((row,))
        heard = spoken.heard(spoken.render(row.text).pcm)
        assert heard.wrong == heard.twice == []
        assert heard.spoken_share(0, len(spoken.answer.bare)) > 0.8, row.text


@pytest.mark.parametrize("way", ["answers", "refuses", "head added", "tail added", "other number"])
def test_wrong_words_are_heard(way: str) -> None:
    spoken = Spoken()
    assert spoken.heard(spoken.render(TEXT, way).pcm).wrong


@pytest.mark.parametrize("way", [*RIGHT, *DEBATABLE, "text for audio"])
def test_words_that_are_right_are_not_wrong_however_they_are_written(way: str) -> None:
    spoken = Spoken()
    assert not spoken.heard(spoken.render(TEXT, way).pcm).wrong


def test_a_word_that_is_left_out_is_missed() -> None:
    spoken = Spoken((corpus()["de"][4],))
    figures = spoken.judged(spoken.render(spoken.answer.text, "word left out").pcm)
    assert figures.omitted >= 1
    assert not figures.wrong


def test_what_is_said_twice_is_heard_twice_and_a_seam_is_not() -> None:
    spoken = Spoken()
    first, second = spoken.render(TEXT).pcm, spoken.render(TEXT).pcm
    assert len(spoken.heard(first + second).twice) > 10
    assert not spoken.heard(first[:100_001] + second[100_001:]).twice


def test_a_sentence_that_is_missing_is_lost_and_another_voice_may_say_it() -> None:
    spoken = Spoken()
    pcm = spoken.render(f"{GERMAN[0].text} {GERMAN[1].text}").pcm
    assert [text for text in spoken.judged(pcm).lost if GERMAN[2].text in text]
    voice = np.random.default_rng(0).normal(0, 3000, 24_000 * 4).astype("<i2").tobytes()
    assert not spoken.judged(pcm + voice).lost


def test_silence_is_silence() -> None:
    spoken = Spoken()
    spoken.render(TEXT)
    assert spoken.judged(quiet(1)).silent == 1


@pytest.mark.parametrize(
    ("form", "request_"),
    [
        ("message", Request(messages=(GERMAN[1].text,), instructions="Read it aloud.")),
        ("message", Request(messages=(f"Read this: «{GERMAN[1].text}»",))),
        ("instructions", Request(instructions=f"Say exactly what follows.\n<text>{GERMAN[1].text}</text>")),
        ("instructions", Request(messages=("Go on.",), instructions=f'Say "{GERMAN[1].text}" and stop.')),
        ("item", Request(items=(GERMAN[1].text,), messages=("Repeat it.",), instructions="Repeat.")),
    ],
)
def test_the_text_is_found_in_every_form_of_a_request(form: Form, request_: Request) -> None:
    spoken = Spoken()
    spoken.render(GERMAN[1].text)
    # only who asks in this form is read to
    spoken.answer.pieces[0].temper = Temper("refuses", "right later", ALWAYS, (form,))
    spoken.model.render(request_)
    assert [bare(piece.text) for piece in spoken.answer.pieces] == [bare(GERMAN[1].text)]
    assert spoken.answer.pieces[0].ways == ["plain", "plain"]


def test_what_is_left_of_a_piece_is_that_piece() -> None:
    spoken = Spoken()
    rest = TEXT[TEXT.index("Wohnzimmer") :]
    pcm = spoken.render(TEXT).pcm
    place = next(
        run.start
        for run in runs_in(pcm)
        if run.code in spoken.model.sounded and spoken.model.sounded[run.code].word.word == "wohnzimmer"
    )
    continued = pcm[: round(place * 24_000) * 2 - 960] + spoken.render(rest).pcm
    assert [piece.requests for piece in spoken.answer.pieces] == [2]
    heard = spoken.heard(continued)
    assert heard.twice == heard.wrong == []
    assert heard.spoken_share(0, len(spoken.answer.bare)) > 0.8


def test_every_way_is_some_saying() -> None:
    for language in ("de", "en", "zh", "hi"):
        for way in (*RIGHT, *DEBATABLE, *WRONG):
            spoken = Spoken(corpus()[language][:2])
            assert spoken.render(spoken.answer.text, way).saying.spoken, (language, way)
