"""What a microphone in a room hears, 16 kHz mono, repeatable: speech of known extent, noises, bangs.

Sounds are float arrays in 16-bit steps; levels in dBFS are those of the root mean square.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import soxr

from tests.support.timed_speech import rendition

RATE = 16_000
FRAME = RATE // 100

Sound = npt.NDArray[np.float64]

SPEECH_DBFS = -26.0
"""The usual level of speech from a satellite, over the time in which somebody speaks."""

# below the loudest tenth of the speech by this much, nobody hears a word in a quiet room
_INAUDIBLE_DB = 38.0


def seconds(sound: Sound) -> float:
    return len(sound) / RATE


def nothing(length: float) -> Sound:
    return np.zeros(round(length * RATE))


def levels(sound: Sound) -> Sound:
    """DBFS of every 10 ms."""
    whole = sound[: len(sound) // FRAME * FRAME].reshape(-1, FRAME)
    dbfs: Sound = 10 * np.log10((whole**2).mean(axis=1) / 32768.0**2 + 1e-12)
    return dbfs


def at_level(sound: Sound, dbfs: float) -> Sound:
    changed: Sound = sound * (32768 * 10 ** (dbfs / 20) / np.sqrt(np.mean(sound**2)))
    return changed


def pcm(sound: Sound) -> bytes:
    rounded: Sound = np.rint(sound.clip(-32768, 32767))
    return rounded.astype("<i2").tobytes()


@dataclass(frozen=True)
class Utterance:
    """Speech as it is said, from its first to its last audible sound; `audible` tells of every 10 ms."""

    sound: Sound
    audible: npt.NDArray[np.bool_]

    @property
    def length(self) -> float:
        return seconds(self.sound)


@functools.cache
def utterance(
    text: str, *, voice: str = "en-us", speed: float = 1.0, pitch: int = 50, dbfs: float = SPEECH_DBFS
) -> Utterance:
    said = np.frombuffer(rendition(text, voice=voice, speed=speed, pitch=pitch).pcm, "<i2")
    raw: Sound = soxr.resample(said.astype(np.float64), 24_000, RATE, quality="HQ")
    raw = raw[: len(raw) // FRAME * FRAME]
    loud = levels(raw)
    audible = loud > np.percentile(loud[loud > -70], 90) - _INAUDIBLE_DB
    first, last = np.flatnonzero(audible)[[0, -1]]
    sound = raw[first * FRAME : (last + 1) * FRAME]
    audible = audible[first : last + 1]
    active = np.sqrt(np.mean(sound.reshape(-1, FRAME)[audible] ** 2))
    return Utterance(sound * (32768 * 10 ** (dbfs / 20) / active), audible)


def _chance(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def shaped(length: float, seed: int, corners: Sequence[tuple[float, float]]) -> Sound:
    """Noise whose spectrum goes through (Hz, dB), straight between them over the logarithm of Hz."""
    count = round(length * RATE)
    spectrum = np.fft.rfft(_chance(seed).normal(size=count))
    hertz = np.maximum(np.fft.rfftfreq(count, 1 / RATE), 1)
    decibels = np.interp(np.log(hertz), np.log([hz for hz, _ in corners]), [db for _, db in corners])
    return np.asarray(np.fft.irfft(spectrum * 10 ** (decibels / 20), count))


def white(length: float, dbfs: float, seed: int = 0) -> Sound:
    return at_level(_chance(seed).normal(size=round(length * RATE)), dbfs)


def pink(length: float, dbfs: float, seed: int = 0) -> Sound:
    return at_level(shaped(length, seed, [(20, 26), (8000, 0)]), dbfs)


def fan(length: float, dbfs: float, seed: int = 0) -> Sound:
    """Rush that falls off from 300 Hz, with the hum of its blades."""
    time = np.arange(round(length * RATE)) / RATE
    rush = at_level(shaped(length, seed, [(40, 0), (300, 0), (8000, -40)]), dbfs)
    return rush + at_level(np.sin(2 * np.pi * 118 * time), dbfs - 6)


def hum(length: float, dbfs: float) -> Sound:
    """A bad earth: 50 Hz and what belongs to it."""
    time = np.arange(round(length * RATE)) / RATE
    return at_level(sum((np.sin(2 * np.pi * 50 * k * time) / k for k in (1, 2, 3, 5)), np.zeros(1)), dbfs)


def tone(length: float, dbfs: float, hz: float = 440.0) -> Sound:
    return at_level(np.sin(2 * np.pi * hz * np.arange(round(length * RATE)) / RATE), dbfs)


_CHATTER = (
    ("well I told him that already but he never listens to what I say does he", "en-us+m3", 40),
    ("the match was on last night and they lost again in the very last minute", "en-us+f2", 60),
    ("so we drove all the way out there only to find that the shop was closed", "en-us+m1", 55),
    ("she would like to come over on Sunday if that is fine with everybody", "en-us+f5", 50),
    ("and in the other news the government has announced another plan today", "en-us+klatt3", 45),
    ("I think we should paint the whole room yellow and buy some new chairs", "en-us+f4", 70),
)


def babble(length: float, dbfs: float, seed: int = 0) -> Sound:
    """Six people who talk among themselves."""
    chance, count = _chance(seed), round(length * RATE)
    mixed = np.zeros(count)
    for text, voice, pitch in _CHATTER:
        talk = utterance(text, voice=voice, pitch=pitch).sound
        mixed += np.resize(np.roll(talk, int(chance.integers(len(talk)))), count)
    return at_level(mixed, dbfs)


def music(length: float, dbfs: float, seed: int = 0) -> Sound:
    """Three voices of a synthesizer in a major key, with a drum."""
    chance, count = _chance(seed), round(length * RATE)
    mixed, beat = np.zeros(count), 60 / chance.uniform(80, 130)
    for number in range(int(length / beat) + 1):
        at = round(number * beat * RATE)
        for _ in range(3):
            hertz = 220 * 2 ** ((chance.choice((0, 2, 4, 5, 7, 9, 11)) + 12 * chance.integers(-1, 2)) / 12)
            time = np.arange(round(beat * chance.choice((1, 2)) * RATE)) / RATE
            overtones = (np.sin(2 * np.pi * hertz * n * time) / n**1.3 for n in range(1, 9))
            _add(mixed, at, sum(overtones, np.zeros(1)) * np.minimum(time / 0.01, 1) * np.exp(-time / beat))
        time = np.arange(RATE // 7) / RATE
        drum = chance.normal(size=len(time)) * 1.5 if number % 2 else 5 * np.sin(2 * np.pi * 60 * time)
        _add(mixed, at, drum * np.exp(-time / 0.04))
    return at_level(mixed, dbfs)


def kitchen(length: float, dbfs: float, seed: int = 0) -> Sound:
    """An extractor hood, water, and things that are put down."""
    chance = _chance(seed)
    water = shaped(length, seed + 1, [(100, -30), (800, -6), (3000, 0), (8000, -6)])
    sound = fan(length, -20, seed) + at_level(water, -26)
    for _ in range(round(2 * length)):
        hertz = chance.uniform(800, 5000)
        time = np.arange(round(0.15 * RATE)) / RATE
        ring = np.sin(2 * np.pi * hertz * time) * np.exp(-time / chance.uniform(0.005, 0.03))
        _add(sound, int(chance.integers(len(sound))), ring * chance.uniform(1000, 8000))
    return at_level(sound, dbfs)


def _add(sound: Sound, at: int, other: Sound) -> None:
    sound[at : at + len(other)] += other[: max(0, len(sound) - at)]


NOISES: dict[str, Callable[[float, float, int], Sound]] = {
    "white": white, "pink": pink, "fan": fan, "kitchen": kitchen, "music": music, "babble": babble,
}  # fmt: skip


def keyboard(dbfs: float = -25.0, seed: int = 0) -> Sound:
    """Three seconds of somebody who types."""
    chance, sound = _chance(seed), nothing(3)
    for at in np.cumsum(chance.uniform(0.07, 0.25, 20)):
        _add(sound, round(at * RATE), click(-20, int(chance.integers(99))) * chance.uniform(0.3, 1.0))
    return at_level(sound, dbfs - 10)


def whisper(text: str, dbfs: float = -45.0) -> Sound:
    """Breath in the outline of the words."""
    said = utterance(text).sound
    loudness = np.convolve(np.abs(said), np.ones(200) / 200, "same")
    return at_level(loudness * shaped(seconds(said), 1, [(100, -30), (800, 0), (3000, 0), (8000, -12)]), dbfs)


def click(dbfs: float = -10.0, seed: int = 0) -> Sound:
    """A switch: 4 ms."""
    return at_level(_chance(seed).normal(size=64) * np.exp(-np.arange(64) / 16), dbfs)


def cough(dbfs: float = -20.0, seed: int = 0) -> Sound:
    """A burst of 80 ms and its breath, twice."""
    time = np.arange(round(0.28 * RATE)) / RATE
    envelope = np.minimum(time / 0.008, 1) * np.exp(-time / 0.07)
    bursts = [
        shaped(0.28, seed + n, [(100, -6), (400, 0), (1500, 0), (4000, -12), (8000, -25)]) for n in (0, 1)
    ]
    return at_level(np.concatenate([bursts[0] * envelope, nothing(0.05), bursts[1] * envelope * 0.7]), dbfs)


def slam(dbfs: float = -16.0, seed: int = 0) -> Sound:
    """A door: a knock and half a second of a room that rumbles."""
    time = np.arange(round(0.5 * RATE)) / RATE
    rumble = shaped(0.5, seed, [(40, 6), (200, 0), (1000, -20), (8000, -45)])
    return at_level(rumble * np.minimum(time / 0.003, 1) * np.exp(-time / 0.09), dbfs)


def placed(length: float, *sounds: tuple[float, Sound]) -> Sound:
    """Silence of `length` seconds with each sound added at its time."""
    room = nothing(length)
    for start, sound in sounds:
        at = round(start * RATE)
        room[at : at + len(sound)] += sound[: len(room) - at]
    return room
