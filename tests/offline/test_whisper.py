"""Whisper hears what is said, and nothing where nobody speaks."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.offline.accuracy import in_a_room
from tests.support.home_commands import ROUND_TRIP, plain
from tests.support.room_sounds import cough, fan, hum, pink, placed
from wyoming_azure_realtime.audio.pcm import AudioFormat
from wyoming_azure_realtime.audio.samples import StreamResampler
from wyoming_azure_realtime.offline.choice import why_not
from wyoming_azure_realtime.offline.espeak import SAMPLE_RATE, VOICES, engine
from wyoming_azure_realtime.settings.model import Embedded

MISSING = why_not("whisper", Embedded())
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"whisper: {MISSING}")

RATE = 24_000
ROOM_RATE = 16_000


@pytest.fixture(scope="module")
def decoder(model_cache: Path) -> Any:
    from wyoming_azure_realtime.offline.whisper import WhisperDecoder  # noqa: PLC0415

    return WhisperDecoder(("Disco Ball",), model_cache)


def spoken(text: str, voice: str = "alloy") -> bytes:
    resampler = StreamResampler(AudioFormat(SAMPLE_RATE, 2, 1))
    return resampler.process(engine().synthesize(text, VOICES[voice])) + resampler.flush()


def pcm(sound: npt.NDArray[np.float64], rate: int = RATE) -> bytes:
    written = np.rint(sound).clip(-32768, 32767).astype("<i2").tobytes()
    resampler = StreamResampler(AudioFormat(rate, 2, 1))
    return resampler.process(written) + resampler.flush()


def noise(level: float, samples: int) -> npt.NDArray[np.float64]:
    """The same each time."""
    return np.random.default_rng(7).normal(0, level, samples)


def music(seconds: int) -> npt.NDArray[np.float64]:
    """Three strings plucked twice a second, each with its overtones."""
    chance, sound = np.random.default_rng(1), np.zeros(seconds * RATE)
    time = np.arange(RATE) / RATE
    for start in range(0, len(sound) - RATE, RATE // 2):
        for pitch in chance.choice([220, 262, 294, 330, 392, 440, 523, 587, 659], 3):
            overtones = sum(np.sin(2 * np.pi * pitch * n * time) / n for n in range(1, 5))
            sound[start : start + RATE] += 2000 * overtones * np.exp(-3 * time)
    return sound


def test_what_is_spoken_is_heard(decoder: Any) -> None:
    heard = [plain(decoder.transcribe(spoken(command, "sage"))) for command in ROUND_TRIP[:10]]
    assert sum(text == command for text, command in zip(heard, ROUND_TRIP, strict=False)) >= 9, heard


def test_what_is_no_command_is_heard_too_as_people_write_it(decoder: Any) -> None:
    heard = decoder.transcribe(naturally("My brother has bought a new car and drives to the beach."))
    assert heard == "My brother has bought a new car and drives to the beach."


def naturally(text: str) -> bytes:
    """As hibari says it, of which more is understood."""
    audio = pytest.importorskip("hibari").Hibari()(text, seed=1)
    return pcm(np.concatenate((np.zeros(RATE // 2), audio * 20_000, np.zeros(RATE // 2))))


SOUNDS: dict[str, Callable[[], bytes]] = {
    "silence": lambda: pcm(np.zeros(30 * RATE)),
    "direct current": lambda: pcm(np.full(RATE, 32_767.0)),
    "hiss": lambda: pcm(noise(300, 30 * RATE)),
    "roar": lambda: pcm(noise(8_000, 3 * RATE)),
    "fan": lambda: pcm(fan(30.0, -35.0), ROOM_RATE),
    "hum": lambda: pcm(hum(30.0, -30.0), ROOM_RATE),
    "pink noise": lambda: pcm(pink(5.0, -30.0), ROOM_RATE),
    "coughs": lambda: pcm(placed(6.0, (1.0, cough()), (3.0, cough(seed=1))), ROOM_RATE),
    "music": lambda: pcm(music(30)),
    "nothing": bytes,
    "too little": lambda: bytes(100),
}
"""Made when they are asked for: not by each worker that only collects tests."""


@pytest.mark.parametrize("sound", SOUNDS)
def test_where_nobody_speaks_there_is_no_text(decoder: Any, sound: str) -> None:
    made = SOUNDS[sound]()
    assert decoder.transcribe(made) == ""
    assert decoder.transcribe(made, NAMES) == ""


@pytest.mark.parametrize("gain", [0.02, 0.2, 3.0])
def test_quiet_and_overdriven_speech_is_understood(decoder: Any, gain: float) -> None:
    sound = np.frombuffer(in_a_room(spoken(ROUND_TRIP[0]), 1), "<i2").astype(np.float64)
    assert plain(decoder.transcribe(pcm(gain * sound))) == ROUND_TRIP[0]


def test_half_a_sample_at_the_end_is_passed_over(decoder: Any) -> None:
    assert plain(decoder.transcribe(spoken(ROUND_TRIP[0]) + b"\x01")) == ROUND_TRIP[0]


NAMES = ("Zorbin lamp", "Quixel fan", "Brimlow", "\u0434\u043e\u043c", "!")


def test_names_are_heard_while_they_are_told_and_written_as_told(decoder: Any) -> None:
    said = naturally("Turn on the Zorbin lamp.")
    assert "Zorbin lamp" in decoder.transcribe(said, NAMES)
    assert "Zorbin" not in decoder.transcribe(said)
    assert "Zorbin lamp" in decoder.transcribe(said, NAMES[::-1])


def test_a_name_of_the_home_is_expected(decoder: Any) -> None:
    assert "disco ball" in plain(decoder.transcribe(spoken("turn on the disco ball", "sage")))


def test_what_is_longer_than_a_window_is_heard_whole(decoder: Any) -> None:
    pause = bytes(RATE)
    long = pause.join(spoken(command, "sage") + bytes(2 * RATE) for command in ROUND_TRIP[:10] * 2)
    assert len(long) > 2 * 2 * 30 * RATE / 1.2
    heard = plain(decoder.transcribe(long))
    assert sum(heard.count(command) for command in ROUND_TRIP[:10]) >= 18


def test_a_recording_is_cut_where_it_is_quiet() -> None:
    from wyoming_azure_realtime.offline.whisper import windows  # noqa: PLC0415

    sound = noise(0.1, 70 * ROOM_RATE).astype(np.float32)
    for quiet in (24, 49):
        sound[quiet * ROOM_RATE : (quiet + 1) * ROOM_RATE] = 0
    cut = list(windows(sound))
    assert np.array_equal(np.concatenate(cut), sound)
    assert [round(len(window) / ROOM_RATE) for window in cut] == pytest.approx([24, 25, 21], abs=1)


def test_a_partial_text_is_given_up_when_something_waits(decoder: Any) -> None:
    from wyoming_azure_realtime.offline.whisper import Abandoned  # noqa: PLC0415

    said, asked = spoken(ROUND_TRIP[0]), []

    def waits() -> bool:
        asked.append(True)
        return len(asked) > 1

    with pytest.raises(Abandoned):
        decoder.transcribe(said, partial=True, abandoned=waits)
    assert plain(decoder.transcribe(said, abandoned=waits)) == ROUND_TRIP[0]
    assert plain(decoder.transcribe(said, partial=True)) == ROUND_TRIP[0]


def test_how_long_it_takes_is_measured(decoder: Any) -> None:
    assert 0 < decoder.measure() < 60
