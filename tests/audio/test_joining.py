"""Pieces become one speech: level, pauses, seams."""

import itertools

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.joined_sound import largest_step, level, samples_of
from tests.support.joined_sound import stretches as sounds_of
from tests.support.timed_speech import rendition
from wyoming_azure_realtime.audio.joining import Joiner

RATE = 24_000


def tone(seconds: float, level: float = 4000.0, hz: float = 300.0) -> np.ndarray:
    """Sound with the rise and fall of syllables."""
    time = np.arange(round(seconds * RATE)) / RATE
    return level * np.sin(2 * np.pi * hz * time) * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * time))


def hush(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE))


def pcm(*parts: np.ndarray) -> bytes:
    samples: npt.NDArray[np.int16] = np.rint(np.concatenate(parts)).astype("<i2")
    return samples.tobytes()


def joined(pieces: list[tuple[bytes, float]], step: int = 4800) -> np.ndarray:
    joiner, heard = Joiner(), b""
    for piece, pause in pieces:
        for at in range(0, len(piece), step):
            heard += joiner.feed(piece[at : at + step])
        heard += joiner.end(pause)
    return np.frombuffer(heard, "<i2").astype(float)


def stretches(samples: np.ndarray, least: float = 0.05) -> list[tuple[bool, float]]:
    """Sound and quiet by turns, with their lengths in seconds."""
    frames = samples[: len(samples) // 240 * 240].reshape(-1, 240)
    loud = np.sqrt(np.mean(frames**2, axis=1)) > 100
    found: list[tuple[bool, float]] = []
    for here in loud:
        if found and found[-1][0] == bool(here):
            found[-1] = (bool(here), found[-1][1] + 0.01)
        else:
            found.append((bool(here), 0.01))
    return [stretch for stretch in found if stretch[1] >= least]


@pytest.mark.parametrize("pause", [0.15, 0.35, 0.6, 1.5])
@pytest.mark.parametrize("around", [0.0, 0.03, 0.3, 0.9, 1.7, 12.0])
def test_the_pause_is_the_one_that_the_text_asks_for(pause: float, around: float) -> None:
    piece = pcm(hush(around), tone(1.0), hush(around))
    found = stretches(joined([(piece, pause), (piece, 0.0)]))
    sounds = [place for place, (loud, _) in enumerate(found) if loud]
    ((loud, seconds),) = found[sounds[0] + 1 : sounds[1]]
    assert not loud
    assert seconds == pytest.approx(pause, rel=0.2)


@pytest.mark.parametrize("length", [0.4, 1.3, 4.0])
@pytest.mark.parametrize("later", [False, True])
def test_quiet_within_a_piece_stays(length: float, later: bool) -> None:
    pieces = [(pcm(tone(0.8)), 0.2), (pcm(tone(0.8), hush(length), tone(0.8)), 0.0)][not later :]
    quiet = [length for loud, length in stretches(joined(pieces)) if not loud]
    assert quiet[-1] == pytest.approx(length, abs=0.03)


def test_a_service_that_falls_silent_in_mid_piece_is_not_waited_for_without_end() -> None:
    piece = pcm(tone(0.8), hush(30.0), tone(0.8))
    (quiet,) = [length for loud, length in stretches(joined([(piece, 0.0)])) if not loud]
    assert quiet == pytest.approx(5.0, abs=0.3)


@pytest.mark.parametrize("factor", [0.55, 0.8, 1.25, 1.9])
def test_neighbours_are_equally_loud(factor: float) -> None:
    heard = joined([(pcm(tone(1.5)), 0.3), (pcm(tone(1.5) * factor), 0.0)], step=2400)
    first, second = heard[: round(1.4 * RATE)], heard[-round(1.4 * RATE) :]
    difference = 20 * np.log10(np.sqrt(np.mean(second**2)) / np.sqrt(np.mean(first**2)))
    assert abs(difference) < 1.0


def test_the_first_piece_is_neither_held_back_nor_changed() -> None:
    piece = pcm(tone(1.0))
    joiner = Joiner()
    heard = joiner.feed(piece[:4800])
    assert len(heard) >= 4800 - 480
    assert heard[480:] == piece[480 : len(heard)]


def test_no_seam_clicks() -> None:
    cut = pcm(tone(1.0, hz=437.0)[100:-77])  # begins and ends in mid-wave
    heard = joined([(cut, 0.2), (cut, 0.2), (cut, 0.0)])
    steps = np.abs(np.diff(heard))
    within = np.abs(np.diff(np.frombuffer(cut, "<i2").astype(float))).max()
    assert steps.max() <= within * 1.2


SPOKEN = (
    "The kitchen light is on, ",
    "and the window is open.",
    "It is twenty one degrees in the living room.",
    "Yes.",
    "Shall I turn the heating off?",
    "The front door has been locked since ten o'clock.",
)


@pytest.mark.parametrize("voice", ["en-us", "en-us+f5", "en-us+m6"])
def test_spoken_pieces_of_many_levels_become_one_speech(voice: str) -> None:
    joiner, heard, within, edges = Joiner(), b"", 0.0, [0]
    for text, factor in zip(SPOKEN, (1.0, 0.7, 1.2, 0.8, 1.1, 0.75), strict=True):
        piece = pcm(samples_of(rendition(text, voice=voice).pcm) * factor)
        within = max(within, largest_step(samples_of(piece)))
        heard += b"".join(joiner.feed(piece[at : at + 9602]) for at in range(0, len(piece), 9602))
        heard += joiner.end(0.35)
        edges.append(len(heard) // 2)
    samples = samples_of(heard)
    levels = [level(samples[start:end]) for start, end in itertools.pairwise(edges)]
    assert np.abs(np.diff(levels)).max() < 1.0
    for edge in edges[1:-1]:
        seam = samples[edge - round(0.45 * RATE) : edge + round(0.1 * RATE)]
        assert max(sound.pause for sound in sounds_of(seam, 0.05)) == pytest.approx(0.35, rel=0.2)
        assert largest_step(seam) <= within * 1.2


def test_a_single_piece_is_handed_on_as_it_is() -> None:
    for piece in (pcm(hush(0.5)), pcm(hush(0.3), tone(0.5), hush(1.0)), pcm(tone(0.3))[:-3], b"\1\2" * 999):
        assert np.array_equal(joined([(piece, 0.0)], 1111), np.frombuffer(piece[: len(piece) & ~1], "<i2"))


def test_quiet_is_not_waited_for_at_the_beginning() -> None:
    assert len(Joiner().feed(bytes(4800))) >= 4800 - 200


def test_a_later_piece_of_nothing_adds_nothing() -> None:
    alone = joined([(pcm(tone(0.5)), 0.0)])
    assert len(joined([(pcm(tone(0.5)), 0.3), (pcm(hush(0.5)), 0.0)])) <= len(alone) + RATE * 0.35


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 20_000), st.integers(1, 20_000))
def test_any_chunking_gives_the_same_sound_of_the_first_piece(one: int, other: int) -> None:
    piece = pcm(hush(0.2), tone(0.7), hush(0.3), tone(0.5), hush(0.25))
    assert np.array_equal(joined([(piece, 0.35)], one), joined([(piece, 0.35)], other))


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=5000), st.integers(1, 700))
def test_any_bytes_are_survived(data: bytes, step: int) -> None:
    assert len(joined([(data, 0.1), (data, 0.0)], step)) <= len(data) + RATE
