"""Sounds of words that tell which saying of which word they are, also when they were cut and joined.

A word of speech is heard between 300 Hz and 6 kHz: chords that follow from its letters alone, about five a
second, so that two sayings of a word are alike. Above 8 kHz, where nothing that compares speech looks, four
of 64 tones carry a number from 0 to 65,535: the saying. PCM is 24 kHz, 16 bit, mono.
"""

import functools
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

RATE = 24_000
CODES = 16**4
UNREADABLE = -1
"""The code of sound that carries none: another voice's, or two sayings at a time."""

GAP = 0.04
"""Seconds of quiet behind a word."""

_TABLE = RATE // 10  # every tone is a multiple of 10 Hz, so that a tenth of a second holds whole periods
_VOWELS = tuple(round(30 * 1.19**step) * 10 for step in range(18))
_CODES_FROM, _CODES_APART = 8300, 50
_VOWEL_LEVEL, _CODE_LEVEL = 1800.0, 450.0
_CHORD_SECONDS = 0.2
_RAMP = RATE // 125
_WINDOW, _HOP = RATE // 25, RATE // 50
HOP_SECONDS = _HOP / RATE
_AUDIBLE = 150.0  # root mean square, from which on there is sound
_STANDS_OUT = 2.0
_LEAST_TONE = 0.02  # of the level of the whole
_AT_ONCE = 2000

Samples: TypeAlias = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Run:
    """Sound with one code from `start` on, in seconds."""

    code: int
    start: float
    seconds: float

    @property
    def stop(self) -> float:
        """Where it ends."""
        return self.start + self.seconds


def _tones(frequencies: tuple[int, ...]) -> Samples:
    time = np.arange(_TABLE) / RATE
    return np.sin(2 * np.pi * np.outer(frequencies, time)).astype(np.float32)


_VOWEL_TONES = _tones(_VOWELS) * np.float32(_VOWEL_LEVEL)
_CARRIERS = tuple(_CODES_FROM + _CODES_APART * step for step in range(64))
_CODE_TONES = _tones(_CARRIERS) * np.float32(_CODE_LEVEL)


def word_sound(word: str, code: int, seconds: float, gain: float = 1.0) -> bytes:
    """A word that lasts so long, without the gap behind it."""
    count = max(2 * _RAMP, round(seconds * RATE))
    sound = np.concatenate([np.resize(_chord(word, at), length) for at, length in _chords(count)])
    digits = [16 * place + (code >> (4 * place)) % 16 for place in range(4)]
    sound += np.resize(_CODE_TONES[digits].sum(axis=0), count)
    ramp = np.minimum(1, np.arange(count, dtype=np.float32) / _RAMP)
    return np.rint(sound * ramp * ramp[::-1] * np.float32(gain)).astype("<i2").tobytes()


def _chords(count: int) -> Iterator[tuple[int, int]]:
    parts = max(1, round(count / RATE / _CHORD_SECONDS))
    edges = [count * part // parts for part in range(parts + 1)]
    return ((at, edges[at + 1] - edges[at]) for at in range(parts))


@functools.lru_cache(maxsize=4096)
def _chord(word: str, at: int) -> Samples:
    seed = zlib.crc32(f"{word} {at}".encode())
    tones = np.random.default_rng(seed).choice(len(_VOWELS), 3, replace=False)
    chord: Samples = _VOWEL_TONES[tones].sum(axis=0)
    return chord


def quiet(seconds: float) -> bytes:
    """Nothing, for so long."""
    return bytes(2 * round(seconds * RATE))


def runs_in(pcm: bytes) -> list[Run]:
    """What is to be heard: sound of one code after the other, to 20 ms."""
    samples = np.frombuffer(pcm[: len(pcm) & ~1], "<i2").astype(np.float32)
    count = -(-len(samples) // _HOP)
    if not count:
        return []
    before = (_WINDOW - _HOP) // 2  # a window is centred on its hop
    padded = np.pad(samples, (before, count * _HOP + _WINDOW - len(samples)))
    level = np.sqrt(np.square(padded[before : before + count * _HOP].reshape(count, _HOP)).mean(axis=1))
    codes = np.full(count, UNREADABLE - 1)
    (sounding,) = (level > _AUDIBLE).nonzero()
    windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP]
    for at in range(0, len(sounding), _AT_ONCE):
        some = sounding[at : at + _AT_ONCE]
        codes[some] = _codes(windows[some], level[some])
    return list(_joined([int(code) for code in codes]))


def _joined(codes: list[int]) -> Iterator[Run]:
    """Frames of one code are one run, although a frame or two between them cannot be read."""
    at = 0
    while at < len(codes):
        code, stop = codes[at], at + 1
        if code >= 0:
            while codes[stop : stop + 3].count(code):
                stop += 1 + codes[stop : stop + 3].index(code)
        else:
            while stop < len(codes) and codes[stop] == code:
                stop += 1
        if code >= UNREADABLE:
            yield Run(code, at * HOP_SECONDS, (stop - at) * HOP_SECONDS)
        at = stop


_HANN = np.hanning(_WINDOW).astype(np.float32)
_PHASES = 2 * np.pi * np.outer(np.arange(_WINDOW), _CARRIERS) / RATE
_COSINES = (np.cos(_PHASES) * _HANN[:, None]).astype(np.float32)
_SINES = (np.sin(_PHASES) * _HANN[:, None]).astype(np.float32)


def _codes(windows: Samples, level: Samples) -> npt.NDArray[np.int64]:
    power = np.hypot(windows @ _COSINES, windows @ _SINES) * (2 / _HANN.sum())
    groups = power.reshape(len(windows), 4, 16)
    best = groups.argmax(axis=2)
    ordered = np.sort(groups, axis=2)
    clear = ordered[:, :, -1] > _STANDS_OUT * ordered[:, :, -2]
    clear &= ordered[:, :, -1] > _LEAST_TONE * level[:, None]
    codes = (best * 16 ** np.arange(4)).sum(axis=1)
    read: npt.NDArray[np.int64] = np.where(clear.all(axis=1), codes, UNREADABLE)
    return read
