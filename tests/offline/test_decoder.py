from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.offline.accuracy import in_a_room
from tests.support.home_commands import ROUND_TRIP
from wyoming_azure_realtime.audio.pcm import AudioFormat
from wyoming_azure_realtime.audio.samples import StreamResampler
from wyoming_azure_realtime.offline.espeak import SAMPLE_RATE, VOICES, VoiceStyle, engine

RATE = 24_000
SECONDS = np.arange(2 * RATE) / RATE
RANDOM = np.random.default_rng(7)


@pytest.fixture(scope="module")
def decoder(model_cache: Path) -> Any:
    pytest.importorskip("pocketsphinx")
    from wyoming_azure_realtime.offline.decoder import Decoder  # noqa: PLC0415

    return Decoder(("Disco Ball",), model_cache)


def spoken(text: str, style: VoiceStyle = VOICES["alloy"]) -> bytes:
    resampler = StreamResampler(AudioFormat(SAMPLE_RATE, 2, 1))
    return resampler.process(engine().synthesize(text, style)) + resampler.flush()


def pcm(sound: npt.NDArray[np.float64]) -> bytes:
    return np.rint(sound).clip(-32768, 32767).astype("<i2").tobytes()


@pytest.mark.parametrize("command", ROUND_TRIP)
def test_what_is_spoken_is_heard(decoder: Any, command: str) -> None:
    assert decoder.transcribe(spoken(command)) == command


@pytest.mark.parametrize(("name", "command"), list(zip(VOICES, ROUND_TRIP, strict=False)))
def test_every_voice_is_understood(decoder: Any, name: str, command: str) -> None:
    assert decoder.transcribe(spoken(command, VOICES[name])) == command


@pytest.mark.parametrize("silence", [0, 12_000, 72_000])
@pytest.mark.parametrize("noise", [0.0, 30.0])
def test_silence_and_noise_around_the_speech_change_nothing(decoder: Any, silence: int, noise: float) -> None:
    room = bytes(2 * silence)
    sound = np.frombuffer(room + spoken(ROUND_TRIP[0]) + room, "<i2").astype(np.float64)
    assert decoder.transcribe(pcm(sound + RANDOM.normal(0, noise, len(sound)))) == ROUND_TRIP[0]


@pytest.mark.parametrize("gain", [0.02, 0.2, 3.0])
def test_quiet_and_overdriven_speech_is_understood(decoder: Any, gain: float) -> None:
    sound = np.frombuffer(in_a_room(spoken(ROUND_TRIP[0]), 1), "<i2").astype(np.float64)
    assert decoder.transcribe(pcm(gain * sound)) == ROUND_TRIP[0]


def test_a_name_of_the_home_is_heard(decoder: Any) -> None:
    assert decoder.transcribe(spoken("turn on the disco ball")) == "turn on the disco ball"


@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(0),
        np.zeros(2 * RATE),
        RANDOM.normal(0, 1, 2 * RATE),
        RANDOM.normal(0, 100, 2 * RATE),
        RANDOM.normal(0, 1_000, 2 * RATE),
        RANDOM.normal(0, 8_000, 2 * RATE),
        8_000 * np.sin(2 * np.pi * 440 * SECONDS),
        2_000 * np.sign(np.sin(2 * np.pi * 50 * SECONDS)),
        np.full(RATE, 32_767.0),
    ],
    ids=["nothing", "zeros", "one-lsb", "hiss", "noise", "roar", "tone", "hum", "direct-current"],
)
def test_what_is_no_speech_has_no_words(decoder: Any, sound: npt.NDArray[np.float64]) -> None:
    assert decoder.transcribe(pcm(sound)) == ""


@pytest.mark.parametrize("samples", [0, 1, 100, 2_400, 5_000])
def test_what_is_too_short_has_no_words(decoder: Any, samples: int) -> None:
    assert decoder.transcribe(spoken("turn on")[10_000 : 10_000 + 2 * samples]) == ""


def test_half_a_sample_at_the_end_is_passed_over(decoder: Any) -> None:
    assert decoder.transcribe(spoken(ROUND_TRIP[0]) + b"\x01") == ROUND_TRIP[0]


def test_the_same_sound_always_has_the_same_words(decoder: Any) -> None:
    sound = spoken("the quick brown fox jumps over the lazy dog")
    heard = {decoder.transcribe(sound)}
    decoder.transcribe(spoken(ROUND_TRIP[1], VOICES["coral"]))
    heard.add(decoder.transcribe(sound))
    assert len(heard) == 1


NAMES = ("Zorbin lamp", "Quixel fan", "Brimlow", "Room 12", "\u0434\u043e\u043c", "!")


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("turn on the zorbin lamp", "turn on the Zorbin lamp"),
        ("turn off the quixel fan", "turn off the Quixel fan"),
        ("turn on the lights in brimlow", "turn on the lights in Brimlow"),
    ],
)
def test_names_are_heard_while_they_are_told_and_written_as_told(decoder: Any, said: str, heard: str) -> None:
    assert decoder.transcribe(spoken(said), NAMES) == heard
    assert decoder.transcribe(spoken(said)) != said
    assert decoder.transcribe(spoken(said), NAMES[::-1]) == heard


@pytest.mark.parametrize("command", ROUND_TRIP)
def test_names_do_not_change_what_is_no_name(decoder: Any, command: str) -> None:
    assert decoder.transcribe(spoken(command), NAMES) == command


@pytest.mark.parametrize("level", [0, 30, 3000])
def test_names_are_not_heard_in_noise(decoder: Any, level: float) -> None:
    assert decoder.transcribe(pcm(RANDOM.normal(0, level, 2 * RATE)), NAMES) == ""
