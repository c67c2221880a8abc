"""What becomes of several channels. Sounds are 16 kHz; levels in dB of the mean square."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.audio_formats import file_formats
from wyoming_azure_realtime.audio.downmix import Downmix
from wyoming_azure_realtime.audio.pcm import AudioFormat
from wyoming_azure_realtime.audio.samples import decode, encode

Sound = npt.NDArray[np.float64]
RATE = 16_000
SETTLED = RATE // 10


def noise(seconds: float, level: float, seed: int = 0) -> Sound:
    return np.random.default_rng(seed).normal(0, 32768 * 10 ** (level / 20), round(seconds * RATE))


def words(level: float = -20) -> Sound:
    """Noise of the rhythm of speech over that of a quiet room, half a second of which comes first."""
    sound = noise(3.5, level)
    times = np.arange(len(sound)) / RATE
    loud = (times > 0.5) & (np.sin(2 * np.pi * 4 * times) > -0.3)
    return np.where(loud, sound, 0.0) + noise(3.5, level - 40, seed=1)


def mixed(*channels: Sound) -> Sound:
    frames = np.rint(np.array(channels).T).clip(-32768, 32767).astype("<i2")
    pcm = Downmix(AudioFormat(RATE, 2, len(channels))).process(frames.tobytes())
    return np.frombuffer(pcm, "<i2").astype(np.float64)


def level(sound: Sound) -> float:
    return 10 * math.log10(np.mean(sound**2) / 32768**2 + 1e-12)


def assert_like(sound: Sound, expected: Sound, db: float = 30) -> None:
    """The same but for an error that is `db` weaker, once the first tenth of a second is over."""
    assert level(expected[SETTLED:]) - level((sound - expected)[SETTLED:]) > db


def in_pieces(fmt: AudioFormat, pcm: bytes, cuts: Sequence[int]) -> bytes:
    downmix = Downmix(fmt)
    edges = [0, *sorted(cut % (len(pcm) + 1) for cut in cuts), len(pcm)]
    return b"".join(downmix.process(pcm[a:b]) for a, b in pairwise(edges))


@settings(max_examples=100, deadline=None)
@given(
    fmt=file_formats(),
    frames=st.integers(0, 3000),
    flip=st.booleans(),
    cuts=st.lists(st.integers(0, 100_000), max_size=20),
)
def test_any_chunking_gives_the_same_bytes(
    fmt: AudioFormat,
    frames: int,
    flip: bool,
    cuts: list[int],
) -> None:
    pcm = np.random.default_rng(frames).bytes(frames * fmt.frame_bytes)
    if flip and fmt.encoding == "integer" and fmt.width == 2:
        rows = np.frombuffer(pcm, "<i2").reshape(-1, fmt.channels) // 2
        pcm = (rows[:, :1] * np.where(np.arange(fmt.channels) % 2, -1, 1)).astype("<i2").tobytes()
    out = in_pieces(fmt, pcm, [])
    assert len(out) == 2 * frames
    assert in_pieces(fmt, pcm, cuts) == out


@given(fmt=file_formats(), frames=st.integers(0, 100))
def test_nothing_is_held_back(fmt: AudioFormat, frames: int) -> None:
    downmix = Downmix(fmt)
    for _ in range(3):
        assert len(downmix.process(bytes(frames * fmt.frame_bytes))) == 2 * frames


@given(pcm=st.binary(max_size=400), width=st.sampled_from([1, 3, 4]))
def test_one_channel_is_what_it_was(pcm: bytes, width: int) -> None:
    fmt = AudioFormat(RATE, width, 1)
    pcm = pcm[: len(pcm) // width * width]
    assert Downmix(fmt).process(pcm) == encode(decode(pcm, fmt))


HONEST = {
    "the same twice": [words(), words()],
    "one softer": [words(), 0.4 * words()],
    "two microphones a hand apart": [words()[4:], words()[:-4]],
    "each with noise of its own": [words() + noise(3.5, -35, 2), words() + noise(3.5, -35, 3)],
    "noise without relation": [noise(3, -30), noise(3, -30, 1)],
    "silence": [np.zeros(RATE)] * 3,
    "less than dither": [np.sign(noise(1, -90)), np.zeros(RATE)],
    "two people in turns": [
        np.concatenate([words(), noise(1, -60)]),
        np.concatenate([noise(1, -60, 5), words()]),
    ],
}


@pytest.mark.parametrize("channels", HONEST.values(), ids=HONEST)
def test_honest_channels_are_their_mean_from_the_first_sample(channels: list[Sound]) -> None:
    rounded = np.rint(channels)
    expected = np.rint(rounded.mean(axis=0).astype(np.float32))
    if channels is HONEST["two people in turns"]:
        # each of them is heard; whether with the other's silence does not matter
        assert level(mixed(*channels)) > level(expected) - 1
    else:
        assert (mixed(*channels) == expected).all()


@pytest.mark.parametrize(
    "signs", [(1, -1), (-1, 1), (1, 1, -1, -1), (1, -1, 1), (1, -1, -1, 1, 1, -1, 1, -1)], ids=str
)
def test_channels_in_antiphase_are_turned_over(signs: tuple[int, ...]) -> None:
    mono = mixed(*(sign * words() for sign in signs))
    direction = np.sign(mono @ words())
    assert_like(direction * mono, words())


def test_antiphase_is_noticed_through_noise_and_with_unequal_gains() -> None:
    mono = mixed(words() + noise(3.5, -40, 2), -0.6 * words() + noise(3.5, -40, 3))
    assert_like(mono, 0.8 * words(), 15)


@pytest.mark.parametrize("live", [0, 3, 7])
@pytest.mark.parametrize(
    "others",
    [lambda _: 0 * words(), lambda seed: noise(3.5, -80, seed), lambda offset: 0 * words() + 3000 - offset],
    ids=["silent", "hissing", "an offset"],
)
def test_one_live_channel_of_eight_is_as_loud_as_alone(live: int, others: Callable[[int], Sound]) -> None:
    mono = mixed(*(words() if at == live else others(at) for at in range(8)))
    assert_like(mono, words(), 20)


def test_a_bang_in_a_dead_channel_costs_nothing() -> None:
    bang = np.concatenate([noise(0.05, 0, 7), np.zeros(len(words()) - RATE // 20)])
    mono = mixed(words(), bang)
    assert_like(mono, words(), 10)


def test_a_channel_that_comes_to_life_is_heard_at_once() -> None:
    hum = noise(3.5, -50, 3)
    begun = RATE // 2
    late = np.where(np.arange(len(hum)) < begun, 0.0, words())
    mono = mixed(hum, late)
    window = slice(begun + RATE // 25, begun + RATE // 2)
    assert level(mono[window]) > level(late[window]) - 6.5


def test_nothing_switches_while_somebody_speaks() -> None:
    """After the choice every sample is one of the channel's: gains that move would show."""
    mono = mixed(words(), noise(3.5, -60, 4))
    speaking = slice(RATE, 3 * RATE)
    assert level((mono - np.rint(words()))[speaking]) < -85
