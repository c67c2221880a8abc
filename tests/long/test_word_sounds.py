"""What the long runs rely on: whatever is wrong with a sound can be read from it."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.callers import MICROPHONE
from tests.support.word_engines import WordUtterance, recording_of
from tests.support.word_sounds import (
    DAMAGED,
    PAUSE_MS,
    VOCABULARY,
    WORD_MS,
    sentences,
    sound_of,
    words_in,
    words_of,
)
from wyoming_azure_realtime.audio.pcm import silence
from wyoming_azure_realtime.audio.samples import StreamResampler

TEXT = sentences(random.Random(0), 6)
WORDS, SOUND = words_of(TEXT), sound_of(TEXT)
EACH = (WORD_MS + PAUSE_MS) * 48


def test_every_word_is_read_back() -> None:
    assert words_in(sound_of(" ".join(VOCABULARY))) == list(VOCABULARY)


def test_words_are_read_back_at_other_tempos() -> None:
    for tempo in (0.92, 1.08):
        assert words_in(sound_of(TEXT, tempo=tempo)) == WORDS


def test_missing_repeated_and_exchanged_words_are_seen() -> None:
    first, second = SOUND[:EACH], SOUND[EACH : 2 * EACH]
    rest = SOUND[2 * EACH :]
    assert words_in(first + rest) == [WORDS[0], *WORDS[2:]]
    assert words_in(first + second + second + rest) == [WORDS[0], WORDS[1], *WORDS[1:]]
    assert words_in(second + first + rest) == [WORDS[1], WORDS[0], *WORDS[2:]]


@given(at=st.integers(0, 5), ms=st.integers(50, 130))
@settings(max_examples=30)
def test_a_word_that_lacks_a_part_or_is_drawn_out_is_seen(at: int, ms: int) -> None:
    word = SOUND[at * EACH : (at + 1) * EACH]
    for damaged in (word[ms * 48 :], word[: 60 * 48] + word[(60 - min(ms, 60)) * 48 :]):
        assert words_in(damaged) == [DAMAGED]


@given(at=st.integers(0, 5))
def test_another_word_s_end_is_seen(at: int) -> None:
    word, other = (SOUND[n * EACH : (n + 1) * EACH] for n in (at, (at + 1) % 6))
    half = WORD_MS // 2 * 48
    assert words_in(word[:half] + other[half:]) == [DAMAGED]


async def test_an_utterance_tells_every_sample() -> None:
    pcm, expected = recording_of(TEXT, MICROPHONE)
    resampler = StreamResampler(MICROPHONE)
    sound = resampler.process(pcm) + resampler.flush()
    for heard, right in ((sound, True), (sound[:-2], False), (sound + silence(1), False)):
        utterance = WordUtterance()
        utterance.feed(heard)
        assert (await utterance.finish() == expected) is right
