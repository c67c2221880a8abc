"""Sounds that can be read back: every word is a chord of its own, so that sound tells which words it holds.

A word lasts 180 ms and a pause of 60 ms follows. What is read back shows a word that is missing, cut short,
drawn out, said twice or overlaid by another. Less than 50 ms of sound is no word but a seam.
"""

import functools
import itertools
import random
import re
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from wyoming_azure_realtime.audio.pcm import REALTIME, AudioFormat

WORD_MS, PAUSE_MS = 180, 60
DAMAGED = "?"
"""What is read where there is sound, but no whole word."""

_TONES = tuple(round(300 * 1.19**step) for step in range(18))  # 300 Hz to 5.8 kHz, below half of 16 kHz
_LEVEL = 3000.0
_RAMP_MS = 10
_HOP_MS = 5
_AUDIBLE = 300.0
# a seam is allowed, also one that costs a word a little of its length
_SEAM_MS, _SHORTEST_MS, _LONGEST_MS = 50, 140, 225
_STANDS_OUT = 4.0
_FFT = 4096
_BINS = np.rint(np.array(_TONES) * _FFT / REALTIME.rate).astype(int)

Samples = npt.NDArray[np.float64]


def _names() -> Iterator[str]:
    syllables = ["".join(pair) for pair in itertools.product("bdfgklmnprstvz", "aeiou")]
    return ("".join(pair) for pair in itertools.product(syllables, repeat=2))


# real ones: what wrong answers are made of, and some to tell from them
_ENGLISH = re.findall(
    r"\w+",
    "sure i can help you with that what would like me to do well switch lamps your be up plus "
    "the kitchen light lights is on off and window open let look turn in of a",
)
_CHORDS = dict(zip([*_ENGLISH, *_names()], itertools.combinations(range(len(_TONES)), 3), strict=False))
_WORDS = {chord: word for word, chord in _CHORDS.items()}
VOCABULARY = tuple(word for word in _CHORDS if word not in _ENGLISH)


def sentences(chance: random.Random, count: int) -> str:
    """So many words, each once, as sentences of up to six words."""
    words = chance.sample(VOCABULARY, count)
    return " ".join(f"{' '.join(words[at : at + 6]).capitalize()}." for at in range(0, count, 6))


def words_of(text: str) -> list[str]:
    """The words of a text, as they are read back."""
    return re.findall(r"\w+", text.lower())


def sound_of(text: str, fmt: AudioFormat = REALTIME, *, tempo: float = 1.0) -> bytes:
    """The text as sound, PCM16 mono. Raises `KeyError` for a word outside the vocabulary."""
    return b"".join(_word(word, fmt.rate, tempo) for word in words_of(text))


def words_in(pcm: bytes) -> list[str]:
    """The words that PCM16 mono at 24 kHz holds, `DAMAGED` for each sound that is no whole word."""
    samples = np.frombuffer(pcm[: len(pcm) & ~1], "<i2").astype(np.float64)
    shortest = REALTIME.rate * _SEAM_MS // 1000
    return [_read(samples[start:stop]) for start, stop in _sounds(samples) if stop - start >= shortest]


@functools.cache
def _word(word: str, rate: int, tempo: float) -> bytes:
    time = np.arange(round(rate * WORD_MS / 1000 / tempo)) / rate
    chord: Samples = sum((np.sin(2 * np.pi * _TONES[tone] * time) for tone in _CHORDS[word]), np.zeros(1))
    ramp = np.minimum(1, np.arange(len(time)) / (rate * _RAMP_MS / 1000))
    pcm = np.rint(_LEVEL * chord * ramp * ramp[::-1]).astype("<i2").tobytes()
    return pcm + bytes(2 * round(rate * PAUSE_MS / 1000 / tempo))


def _sounds(samples: Samples) -> Iterator[tuple[int, int]]:
    """Where there is sound, between silences."""
    hop = REALTIME.rate * _HOP_MS // 1000
    padded = np.pad(samples, (0, -len(samples) % hop))
    loud = np.sqrt((padded.reshape(-1, hop) ** 2).mean(axis=1)) > _AUDIBLE
    edges = np.flatnonzero(np.diff(np.concatenate(([False], loud, [False])).astype(int)))
    for start, stop in edges.reshape(-1, 2):
        yield int(start) * hop, int(stop) * hop


def _read(sound: Samples) -> str:
    ms = len(sound) * 1000 / REALTIME.rate
    if not _SHORTEST_MS <= ms <= _LONGEST_MS:
        return DAMAGED
    halves = [_chord(half) for half in np.array_split(sound, 2)]
    return _WORDS.get(halves[0], DAMAGED) if halves[0] == halves[1] else DAMAGED


def _chord(sound: Samples) -> tuple[int, ...]:
    """The three tones that stand out of the others; nothing where there are none."""
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), _FFT))[_BINS]
    order = np.argsort(power)
    if power[order[-3]] < _STANDS_OUT * power[order[-4]]:
        return ()
    return tuple(sorted(int(tone) for tone in order[-3:]))
