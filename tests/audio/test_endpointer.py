from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.audio.rooms import (
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
from tests.support.spoken_words import in_format
from wyoming_azure_realtime.audio import detector
from wyoming_azure_realtime.audio.detector import SpeechDetector
from wyoming_azure_realtime.audio.endpointer import Endpointer
from wyoming_azure_realtime.audio.pcm import AudioFormat

STEP = 0.02
UTTERANCES = range(12)


def quiet_room(sound: room.Sound) -> room.Sound:
    return sound + room.white(room.seconds(sound), -65)


def figures(endpointer: Endpointer) -> tuple[float, ...]:
    return endpointer.speech, endpointer.quiet, endpointer.sound, endpointer.total


def fed(fmt: AudioFormat, *pieces: bytes) -> Endpointer:
    endpointer = Endpointer(fmt)
    for piece in pieces:
        endpointer.feed(piece)
    return endpointer


def as_format(sound: room.Sound, fmt: AudioFormat) -> bytes:
    return in_format(sound, room.seconds(sound), fmt)


# any way of cutting


@settings(max_examples=40, deadline=None)
@given(
    fmt=audio_formats(),
    seed=st.integers(0, 9),
    byte_count=st.integers(0, 30_000),
    cuts=st.lists(st.integers(0, 30_000), max_size=20),
)
def test_any_chunking_gives_the_same_figures(
    fmt: AudioFormat, seed: int, byte_count: int, cuts: list[int]
) -> None:
    data = np.random.default_rng(seed).bytes(byte_count)
    edges = [0, *sorted(cut % (byte_count + 1) for cut in cuts), byte_count]
    pieces = [data[a:b] for a, b in pairwise(edges)]
    assert figures(fed(fmt, *pieces)) == figures(fed(fmt, data))


@settings(max_examples=15, deadline=None)
@given(instants=st.lists(st.integers(1, 80_000), min_size=1, max_size=6), size=st.integers(1, 4001))
def test_figures_at_an_instant_do_not_depend_on_the_chunks_before_it(instants: list[int], size: int) -> None:
    data = room.pcm(scene(spoken(0)).sound)
    one, other = Endpointer(MICROPHONE), Endpointer(MICROPHONE)
    for start, stop in pairwise([0, *sorted(min(at, len(data)) for at in instants)]):
        one.feed(data[start:stop])
        for at in range(start, stop, size):
            other.feed(data[at : min(at + size, stop)])
        assert figures(one) == figures(other)


@settings(max_examples=30, deadline=None)
@given(fmt=audio_formats(), pieces=st.lists(st.binary(max_size=3000), max_size=8))
def test_figures_stay_within_what_was_fed(fmt: AudioFormat, pieces: list[bytes]) -> None:
    endpointer = fed(fmt, *pieces)
    assert endpointer.total == pytest.approx(sum(map(len, pieces)) / fmt.bytes_per_second)
    for figure in figures(endpointer):
        assert 0 <= figure <= endpointer.total + 1e-9


def test_a_stream_is_heard_as_if_there_had_been_none_before_it() -> None:
    data = room.pcm(scene(spoken(1)).sound)
    first = fed(MICROPHONE, room.pcm(scene(spoken(2), "babble", 5).sound))
    del first
    for _ in range(2):
        endpointer = fed(MICROPHONE, data)
        assert figures(endpointer) == figures(fed(MICROPHONE, data))
        del endpointer


# speech


@pytest.mark.parametrize("number", UTTERANCES)
def test_in_a_quiet_room_the_end_of_speech_is_seen_at_once_and_no_pause_before_it(number: int) -> None:
    said = scene(spoken(number))
    heard = hear(said.sound)
    assert 0.13 <= delay(said, heard) <= 0.2 + STEP + 0.012
    assert false_pauses(said, heard) == 0


@pytest.mark.parametrize("noise", ["white", "pink", "fan"])
@pytest.mark.parametrize("snr", [10.0, 5.0])
def test_in_steady_noise_the_end_is_seen_soon_and_hardly_ever_too_early(noise: str, snr: float) -> None:
    scenes = [scene(spoken(number), noise, snr, seed=number) for number in UTTERANCES]
    heard = [hear(each.sound) for each in scenes]
    assert max(delay(*pair) for pair in zip(scenes, heard, strict=True)) <= 0.7
    assert sum(false_pauses(*pair) for pair in zip(scenes, heard, strict=True)) <= 2
    assert all(each.speech[-1] > 0.4 for each in heard)


def test_where_people_talk_in_the_background_the_end_is_seen_as_a_rule() -> None:
    scenes = [scene(spoken(number), "babble", 20, seed=number) for number in UTTERANCES]
    assert np.median([delay(each, hear(each.sound)) for each in scenes]) <= 0.6


@pytest.mark.parametrize("word", ONE_WORD)
@pytest.mark.parametrize("dbfs", [room.SPEECH_DBFS, -45.0])
def test_one_word_is_speech(word: str, dbfs: float) -> None:
    for voice in VOICES:
        said = room.utterance(word, voice=voice, dbfs=dbfs)
        assert hear(scene(said).sound).speech[-1] >= 0.1


@pytest.mark.parametrize(("noise", "snr"), [("", 0), ("white", 20), ("white", 10), ("pink", 10)])
def test_speech_that_begins_at_once_is_found_from_its_beginning(noise: str, snr: float) -> None:
    for number in range(24):
        heard = hear(scene(spoken(number), noise, snr, seed=number, lead=0.0).sound)
        assert heard.speech[59] >= 0.25


@pytest.mark.parametrize("lead", [0.0, 0.5])
def test_soft_speech_is_not_quiet(lead: float) -> None:
    for number in UTTERANCES:
        heard = hear(scene(spoken(number, dbfs=-45), lead=lead).sound)
        assert heard.speech[-1] > 0.2


@pytest.mark.parametrize("dbfs", [-30, -45])
def test_a_whisper_is_a_sound_at_least(dbfs: float) -> None:
    heard = hear(quiet_room(room.placed(2.5, (0.5, room.whisper("turn on the kitchen lights", dbfs)))))
    assert heard.sound[-1] > 0.5


@pytest.mark.parametrize("number", UTTERANCES)
def test_a_pause_between_two_clauses_is_seen_and_so_is_its_end(number: int) -> None:
    first, second = spoken(number), spoken(number + 9)
    begin = 0.5 + first.length + 0.4
    sound = quiet_room(room.placed(begin + second.length + 0.5, (0.5, first.sound), (begin, second.sound)))
    quiet, at = hear(sound).quiet, round(begin * 100)
    assert 0.35 <= quiet[at - 1] <= 0.5
    assert quiet[at : at + 20].min() < 0.1


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
def test_a_quiet_room_is_quiet_from_the_beginning(sound: room.Sound) -> None:
    heard = hear(sound)
    assert heard.speech[-1] == heard.sound[-1] == 0
    assert heard.quiet[-1] == 3.0


@pytest.mark.parametrize("noise", ["white", "pink", "fan"])
@pytest.mark.parametrize("dbfs", [-30, -45])
def test_steady_noise_is_neither_speech_nor_sound(noise: str, dbfs: float) -> None:
    heard = hear(room.NOISES[noise](6, dbfs, 3))
    assert heard.speech[-1] == heard.sound[-1] == 0


@pytest.mark.parametrize("noise", ["fan", "kitchen", "music"])
def test_noise_that_begins_in_the_midst_is_no_speech(noise: str) -> None:
    assert hear(quiet_room(room.placed(6, (2, room.NOISES[noise](4, -35, 1))))).speech[-1] == 0


@pytest.mark.parametrize("bang", [room.click(), room.keyboard()], ids=["click", "keyboard"])
def test_what_is_shorter_than_a_word_is_no_sound(bang: room.Sound) -> None:
    heard = hear(quiet_room(room.placed(5, (1, bang))))
    assert heard.speech[-1] == 0
    assert heard.sound[-1] < 0.2


@pytest.mark.parametrize(
    "bang",
    [room.cough(), room.slam(), room.tone(1, -20), room.music(2, -25)],
    ids=["cough", "slam", "tone", "music"],
)
def test_what_is_no_word_is_a_sound_and_no_speech(bang: room.Sound) -> None:
    heard = hear(quiet_room(room.placed(4, (1, bang))))
    assert heard.speech[-1] == 0
    assert 0.2 <= heard.sound[-1] <= room.seconds(bang) + 0.3


# formats


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2])
def test_every_format_hears_the_same(rate: int, width: int, channels: int) -> None:
    fmt = AudioFormat(rate, width, channels)
    said = scene(spoken(4))
    plain = fed(MICROPHONE, room.pcm(said.sound))
    heard = fed(fmt, as_format(said.sound, fmt))
    assert heard.speech == pytest.approx(plain.speech, abs=0.15)
    assert heard.quiet == pytest.approx(plain.quiet, abs=0.06)
    assert heard.total == pytest.approx(plain.total, abs=0.001)


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 24_000, 44_100])
def test_the_detector_judges_alike_at_rates_that_it_does_not_know(rate: int) -> None:
    sound = np.concatenate((room.pink(1, -30), scene(spoken(3)).sound))

    def judged(rate: int) -> tuple[float, float]:
        judge, data = SpeechDetector(rate), as_format(sound, AudioFormat(rate, 2, 1))
        samples = np.frombuffer(data, "<i2").astype(np.float32)
        edges = [step * rate // 50 for step in range(round(room.seconds(sound) * 50))]
        for number, (start, end) in enumerate(pairwise(edges), 1):
            judge.take(samples[start:end], number)
        return judge.speech, judge.speech_end

    assert judged(rate) == pytest.approx(judged(16_000), abs=0.13)


def test_without_the_library_the_level_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detector, "AVAILABLE", False)
    said = scene(spoken(4))
    heard = hear(said.sound)
    assert heard.speech[-1] > 0.5
    assert false_pauses(said, heard) == 0
    assert hear(room.white(3, -65)).speech[-1] == 0


def test_long_speech_has_hardly_a_pause_that_nobody_made() -> None:
    text = "add two bottles of milk and a dozen eggs and some butter and fresh bread to my shopping list"
    scenes = [scene(room.utterance(text, voice=voice)) for voice in VOICES]
    assert sum(false_pauses(said, hear(said.sound)) for said in scenes) <= 2
