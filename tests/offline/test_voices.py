"""The neural voice, and which voice speaks what."""

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wyoming_azure_realtime.errors import InvalidRequest, ResponseFailed, UnknownVoice
from wyoming_azure_realtime.offline.espeak import (
    FASTEST,
    SLOWEST,
    VOICES,
    EspeakVoice,
    engine,
    espeak_language,
)
from wyoming_azure_realtime.offline.voices import NEURAL_STYLES, MachineVoices, NeuralVoice, spoken_languages

INSTALLED, MISSING = NeuralVoice.available()
pytestmark = pytest.mark.skipif(not INSTALLED, reason=f"hibari: {MISSING}")

SENTENCE = "Turn on the kitchen lights in the living room, please."
PIECE = 2880


@pytest.fixture
async def voice(tmp_path: Path) -> AsyncIterator[NeuralVoice]:
    voice = NeuralVoice(tmp_path)
    yield voice
    voice.close()


@pytest.fixture
async def voices(voice: NeuralVoice) -> AsyncIterator[MachineVoices]:
    both = MachineVoices(voice, EspeakVoice())
    yield both
    both.close()


async def spoken(voice: NeuralVoice, text: str, name: str = "alloy", speed: float = 1.0) -> bytes:
    return b"".join([piece async for piece in voice.speak(text, name, speed)])


async def told(voices: MachineVoices, text: str, language: str = "") -> bytes:
    return b"".join([piece async for piece in voices.speak(text, language=language)])


def seconds(pcm: bytes) -> float:
    return len(pcm) / 48_000


def loudness(pcm: bytes) -> float:
    return float(np.sqrt(np.mean(np.square(np.frombuffer(pcm, "<i2").astype(float)))))


async def test_a_sentence_is_audible_and_as_long_as_a_person_would_take(voice: NeuralVoice) -> None:
    pieces = [piece async for piece in voice.speak("Turn on the kitchen lights.")]
    assert {len(piece) for piece in pieces[:-1]} == {PIECE}
    assert 0 < len(pieces[-1]) <= PIECE
    assert 1.0 < seconds(b"".join(pieces)) < 2.5
    assert 500 < loudness(b"".join(pieces)) < 12_000


async def test_the_same_text_sounds_the_same(voice: NeuralVoice) -> None:
    assert await spoken(voice, SENTENCE) == await spoken(voice, SENTENCE)


async def test_no_two_voices_sound_alike(voice: NeuralVoice) -> None:
    assert set(NEURAL_STYLES) == set(VOICES)
    spectra = {}
    for name in NEURAL_STYLES:
        sound = np.frombuffer(await spoken(voice, SENTENCE, name), "<i2").astype(float)
        spectrum = np.abs(np.fft.rfft(sound, 1 << 17))[:16_384].reshape(1024, -1).mean(axis=1)
        spectra[name] = spectrum / np.linalg.norm(spectrum)
    names = list(spectra)
    alike = {(a, b): float(spectra[a] @ spectra[b]) for i, a in enumerate(names) for b in names[i + 1 :]}
    assert max(alike.values()) < 0.98, max(alike, key=alike.__getitem__)


@pytest.mark.parametrize("name", ["alloy", "cedar"])
async def test_speed_changes_the_length_in_proportion(voice: NeuralVoice, name: str) -> None:
    usual = seconds(await spoken(voice, SENTENCE, name))
    for speed in (SLOWEST, 0.5, 1.25, FASTEST):
        changed = seconds(await spoken(voice, SENTENCE, name, speed))
        assert changed * speed == pytest.approx(usual, rel=0.15)


async def test_what_is_impossible_is_refused(voice: NeuralVoice) -> None:
    with pytest.raises(UnknownVoice, match=r"Voices: .*alloy"):
        await spoken(voice, SENTENCE, "nobody")
    with pytest.raises(InvalidRequest):
        await spoken(voice, SENTENCE, speed=9)


@pytest.mark.parametrize("text", ["", "   ", "...", "?", "\0\x01\x02", "\ud800\udfff", "\u200b"])
async def test_what_cannot_be_said_is_no_audio(voice: NeuralVoice, text: str) -> None:
    assert await spoken(voice, text) == b""


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60))
async def test_any_text_is_spoken_or_left_unsaid(voice: NeuralVoice, text: str) -> None:
    assert len(await spoken(voice, text)) % 2 == 0


async def test_a_long_text_begins_as_soon_as_a_short_one_and_ends_when_nobody_listens(
    voice: NeuralVoice,
) -> None:
    speaking = voice.speak(f"{SENTENCE} " * 1000)
    assert await anext(speaking)
    await speaking.aclose()
    # nothing of it is still being made
    assert await spoken(voice, SENTENCE)


async def test_english_is_spoken_by_the_neural_voice_and_the_rest_by_espeak(
    voice: NeuralVoice, voices: MachineVoices
) -> None:
    neural, espeak = await spoken(voice, "Hello"), await told(voices, "Hello", "de")
    assert await told(voices, "Hello") == await told(voices, "Hello", "en-GB") == neural
    # a language that nobody knows, as if none were said
    assert await told(voices, "Hello", "tlh") == neural
    assert espeak != neural
    assert seconds(await told(voices, "\u0434\u043e\u043c")) > 0.2


async def test_either_voice_speaks_alone(voice: NeuralVoice) -> None:
    assert await told(MachineVoices(voice, None), "Guten Tag", "de")
    assert await told(MachineVoices(None, EspeakVoice()), "Hello")
    with pytest.raises(ResponseFailed):
        await told(MachineVoices(None, None), "Hello")


async def test_nothing_is_downloaded_unless_it_may_be(
    voice: NeuralVoice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hibari import voices as theirs  # noqa: PLC0415 - may not be installed

    asked: list[str] = []

    def download(url: str, dest: str, sha256: str) -> str:
        asked.append(url)
        raise RuntimeError(f"no such host, {dest}, {sha256}")

    monkeypatch.setattr(theirs, "download", download)
    for name in NEURAL_STYLES:
        assert await spoken(voice, "Hello", name)
    assert asked == []
    generous = NeuralVoice(tmp_path, download=True)
    assert await spoken(generous, "Hello", "ash") == await spoken(voice, "Hello", "ash")
    generous.close()
    assert len(asked) == 1


def test_the_languages_that_are_told_are_spoken_and_have_a_dictionary() -> None:
    told = spoken_languages()
    assert list(told) == sorted(told)
    assert {"en", "de", "nb", "fr", "zh"} <= set(told)
    assert all(espeak_language(code) for code in told)
    assert not engine().has_dictionary("no-such")
