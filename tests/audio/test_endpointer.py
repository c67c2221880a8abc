from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.audio.endpointing import (
    MICROPHONE,
    ONE_WORD,
    VOICES,
    delay,
    false_pauses,
    hear,
    scene,
    spoken,
)
from tests.support import room_sounds as room
from tests.support.audio_formats import audio_formats
from wyoming_azure_realtime.audio import endpointer as endpointer_module
from wyoming_azure_realtime.audio.endpointer import Endpointer, SpeechDetector
from wyoming_azure_realtime.audio.pcm import AudioFormat

STEP = 0.02
UTTERANCES = range(12)


def quiet_room(sound: room.Sound) -> room.Sound:
    return sound + room.white(room.seconds(sound), -65)


def figures(endpointer: Endpointer) -> tuple[float, ...]:
    return endpointer.speech, endpointer.quiet, endpointer.calm, endpointer.total


def fed(fmt: AudioFormat, *pieces: bytes) -> Endpointer:
    endpointer = Endpointer(fmt)
    for piece in pieces:
        endpointer.feed(piece)
    return endpointer


def as_format(sound: room.Sound, fmt: AudioFormat) -> bytes:
    """The sound as a microphone of that format delivers it, the same in each channel."""
    count = round(room.seconds(sound) * fmt.rate)
    samples = np.interp(np.arange(count) / fmt.rate, np.arange(len(sound)) / room.RATE, sound)
    steps = np.rint(samples * 2.0 ** (8 * fmt.width - 16)).astype(np.int64) + (128 if fmt.width == 1 else 0)
    low_bytes = steps.astype("<i8").view(np.uint8).reshape(-1, 8)[:, : fmt.width]
    return np.repeat(low_bytes[:, None, :], fmt.channels, axis=1).tobytes()


# any way of cutting


@settings(max_examples=40, deadline=None)
@given(
    fmt=audio_formats(),
    seed=st.integers(0, 9),
    byte_count=st.integers(0, 30_000),
    cuts=st.lists(st.integers(0, 30_000), max_size=20),
)
def test_any_chunking_gives_the_same_figures(fmt: AudioFormat, seed: int, byte_count: int, cuts: list[int]):
    data = np.random.default_rng(seed).bytes(byte_count)
    edges = [0, *sorted(cut % (byte_count + 1) for cut in cuts), byte_count]
    pieces = [data[a:b] for a, b in pairwise(edges)]
    assert figures(fed(fmt, *pieces)) == figures(fed(fmt, data))


@settings(max_examples=15, deadline=None)
@given(instants=st.lists(st.integers(1, 80_000), min_size=1, max_size=6), size=st.integers(1, 4001))
def test_figures_at_an_instant_do_not_depend_on_the_chunks_before_it(instants: list[int], size: int):
    data = room.pcm(scene(spoken(0)).sound)
    one, other = Endpointer(MICROPHONE), Endpointer(MICROPHONE)
    for start, stop in pairwise([0, *sorted(min(at, len(data)) for at in instants)]):
        one.feed(data[start:stop])
        for at in range(start, stop, size):
            other.feed(data[at : min(at + size, stop)])
        assert figures(one) == figures(other)


@settings(max_examples=30, deadline=None)
@given(fmt=audio_formats(), pieces=st.lists(st.binary(max_size=3000), max_size=8))
def test_figures_stay_within_what_was_fed(fmt: AudioFormat, pieces: list[bytes]):
    endpointer = fed(fmt, *pieces)
    assert endpointer.total == pytest.approx(sum(map(len, pieces)) / fmt.bytes_per_second)
    for figure in figures(endpointer):
        assert 0 <= figure <= endpointer.total + 1e-9


# speech


@pytest.mark.parametrize("number", UTTERANCES)
def test_in_a_quiet_room_the_end_of_speech_is_seen_at_once_and_no_pause_before_it(number: int):
    said = scene(spoken(number))
    heard = hear(said.sound)
    assert 0.13 <= delay(said, heard) <= 0.2 + STEP + 0.012
    assert false_pauses(said, heard) == 0


@pytest.mark.parametrize("noise", ["white", "pink", "fan"])
@pytest.mark.parametrize("snr", [10.0, 5.0])
def test_in_steady_noise_the_end_is_seen_soon_and_hardly_ever_too_early(noise: str, snr: float):
    scenes = [scene(spoken(number), noise, snr, seed=number) for number in UTTERANCES]
    heard = [hear(each.sound) for each in scenes]
    assert max(delay(*pair) for pair in zip(scenes, heard, strict=True)) <= 0.45
    assert sum(false_pauses(*pair) for pair in zip(scenes, heard, strict=True)) <= 2
    assert all(each.speech[-1] > 0.4 for each in heard)


def test_where_people_talk_in_the_background_the_end_is_seen_as_a_rule():
    scenes = [scene(spoken(number), "babble", 10, seed=number) for number in UTTERANCES]
    assert np.median([delay(each, hear(each.sound)) for each in scenes]) <= 0.6


@pytest.mark.parametrize("word", ONE_WORD)
@pytest.mark.parametrize("dbfs", [room.SPEECH_DBFS, -45.0])
def test_one_word_is_speech(word: str, dbfs: float):
    for voice in VOICES:
        said = room.utterance(word, voice=voice, dbfs=dbfs)
        assert hear(scene(said).sound).speech[-1] >= 0.1


@pytest.mark.parametrize(("noise", "snr"), [("", 0), ("white", 20), ("white", 10), ("pink", 10)])
def test_speech_that_begins_at_once_is_found_from_its_beginning(noise: str, snr: float):
    for number in range(24):
        heard = hear(scene(spoken(number), noise, snr, seed=number, lead=0.0).sound)
        assert heard.speech[59] >= 0.5


@pytest.mark.parametrize("lead", [0.0, 0.5])
def test_soft_speech_is_not_quiet(lead: float):
    for number in UTTERANCES:
        heard = hear(scene(spoken(number, dbfs=-45), lead=lead).sound)
        assert heard.speech[-1] > 0.2
        assert heard.calm[-1] < 1.8


def test_a_whisper_is_not_quiet():
    said = room.utterance("turn on the kitchen lights").sound
    loudness = np.convolve(np.abs(said), np.ones(200) / 200, "same")
    breath = room.shaped(room.seconds(said), 1, [(100, -30), (800, 0), (3000, 0), (8000, -12)])
    whisper = room.at_level(loudness * breath, -45)
    heard = hear(quiet_room(room.placed(2.5, (0.5, whisper))))
    assert heard.speech[-1] > 0.2
    assert heard.calm[-1] < 1.2


@pytest.mark.parametrize("number", UTTERANCES)
def test_a_pause_between_two_clauses_is_seen_and_so_is_its_end(number: int):
    first, second = spoken(number), spoken(number + 9)
    begin = 0.5 + first.length + 0.4
    sound = quiet_room(room.placed(begin + second.length + 0.5, (0.5, first.sound), (begin, second.sound)))
    quiet, at = hear(sound).quiet, round(begin * 100)
    assert 0.35 <= quiet[at - 1] <= 0.45
    assert quiet[at : at + 8].min() < 0.03


# no speech


@pytest.mark.parametrize(
    "sound",
    [
        room.nothing(3),
        room.white(3, -90),
        room.white(3, -65),
        room.pink(3, -62),
        room.hum(3, -50),
        np.full(48_000, 900.0),
    ],
    ids=["digital silence", "dither", "room", "pink room", "hum", "offset"],
)
def test_a_quiet_room_is_quiet_from_the_beginning(sound: room.Sound):
    heard = hear(sound)
    assert heard.speech[-1] == 0
    assert heard.quiet[-1] == heard.calm[-1] == 3.0


@pytest.mark.parametrize("noise", ["white", "pink", "fan"])
@pytest.mark.parametrize("dbfs", [-30, -45])
def test_steady_noise_is_background_within_a_second(noise: str, dbfs: float):
    heard = hear(room.NOISES[noise](6, dbfs, 3))
    assert heard.speech[-1] <= 0.5
    assert heard.quiet[-1] >= 5
    assert heard.calm[-1] >= 5


def test_noise_that_begins_in_the_midst_is_background_after_two_seconds():
    sound = room.placed(6, (2, room.fan(4, -35)))
    heard = hear(quiet_room(sound))
    assert heard.calm[450] < 0.6
    assert heard.quiet[-1] >= 1.5
    assert heard.calm[-1] >= 1.5


def test_a_click_is_no_speech_but_breaks_the_calm():
    heard = hear(quiet_room(room.placed(2, (1, room.click()))))
    assert heard.speech[-1] == 0
    assert heard.calm[99] == 1
    assert heard.calm[-1] == pytest.approx(1, abs=2 * STEP)


def test_faint_ticks_apart_from_one_another_do_not_break_the_calm():
    sound = room.white(4, -60)
    for at in (1.0, 1.5, 2.0, 2.5, 3.0, 3.5):
        start = round(at * room.RATE)
        sound[start : start + 320] += room.white(STEP, -53, 7)
    assert hear(sound).calm[-1] == 4


@pytest.mark.parametrize("bang", [room.cough(), room.slam()], ids=["cough", "slam"])
def test_what_bangs_breaks_the_calm_and_ends_where_it_ends(bang: room.Sound):
    heard = hear(quiet_room(room.placed(2.5, (1, bang))))
    assert heard.speech[-1] <= room.seconds(bang)
    assert heard.calm[99] == 1
    assert heard.calm[-1] == pytest.approx(1.5 - room.seconds(bang), abs=0.15)


# formats


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2])
def test_every_format_hears_the_same(rate: int, width: int, channels: int):
    fmt = AudioFormat(rate, width, channels)
    said = scene(spoken(4))
    plain = fed(MICROPHONE, room.pcm(said.sound))
    heard = fed(fmt, as_format(said.sound, fmt))
    assert heard.speech == pytest.approx(plain.speech, abs=0.15)
    assert heard.quiet == pytest.approx(plain.quiet, abs=0.06)
    assert heard.total == pytest.approx(plain.total, abs=0.001)


@pytest.mark.parametrize("rate", [11_025, 22_050, 24_000, 44_100])
def test_the_detector_judges_alike_at_rates_that_it_does_not_know(rate: int):
    sound = np.concatenate((room.pink(3, -30), scene(spoken(3)).sound))

    def judged(rate: int) -> npt.NDArray[np.bool_]:
        detector, data = SpeechDetector(rate), as_format(sound, AudioFormat(rate, 2, 1))
        edges = [step * rate // 50 * 2 for step in range(round(room.seconds(sound) * 50))]
        return np.array([detector.is_speech(data[start:end]) for start, end in pairwise(edges)])

    assert np.mean(judged(rate) == judged(16_000)) > 0.97


def test_without_the_library_the_level_decides(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(endpointer_module, "_LIBRARY", None)
    said = scene(spoken(4))
    heard = hear(said.sound)
    assert delay(said, heard) <= 0.24
    assert false_pauses(said, heard) == 0
    assert hear(room.white(3, -65)).speech[-1] == 0


def test_long_speech_has_no_pause_that_nobody_made():
    text = "add two bottles of milk and a dozen eggs and some butter and fresh bread to my shopping list"
    for voice in VOICES:
        said = scene(room.utterance(text, voice=voice))
        assert false_pauses(said, hear(said.sound)) == 0
