"""The engine that reads back spoken words: whatever happens to them on the way."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.realtime_peer import GA_TRANSCRIPTION, peer
from tests.support.spoken_words import (
    FIRST_CLAUSE,
    MISHEARD,
    ONE_WORD,
    SECOND_CLAUSE,
    SPEECH_RATE,
    VOCABULARY,
    speech,
    spoken_engines,
    text_of,
    words_in,
)
from wyoming_azure_realtime.audio.pcm import AudioFormat
from wyoming_azure_realtime.audio.samples import StreamResampler
from wyoming_azure_realtime.emulator.models import ServerOptions
from wyoming_azure_realtime.emulator.server import EmulatorServer

BOTH = f"{FIRST_CLAUSE} {SECOND_CLAUSE}"
TRANSCRIPT = "conversation.item.input_audio_transcription"


def sent(pcm: bytes) -> bytes:
    """As the product sends it."""
    resampler = StreamResampler(AudioFormat(SPEECH_RATE, 2, 1))
    return resampler.process(pcm) + resampler.flush()


def noise(ms: int, level: float = 3000.0) -> np.ndarray:
    return np.random.default_rng(1).normal(0, level, ms * 24)


def pcm(samples: np.ndarray) -> bytes:
    clipped: npt.NDArray[np.int16] = np.rint(samples).clip(-32768, 32767).astype("<i2")
    return clipped.tobytes()


@given(st.lists(st.integers(0, 1500), min_size=8, max_size=8), st.integers(0, 700))
@settings(max_examples=10, deadline=None)
def test_pauses_change_nothing(pauses: list[int], around: int) -> None:
    assert words_in(sent(speech(BOTH, pauses, before=around, after=around))) == BOTH.split()


@given(st.lists(st.sampled_from(VOCABULARY), max_size=6))
@settings(max_examples=10, deadline=None)
def test_words_are_heard_in_their_order_each_once(words: list[str]) -> None:
    assert words_in(sent(speech(words) if words else b"")) == words


@pytest.mark.parametrize("gap", range(1, 9))
def test_a_cut_between_words_costs_none(gap: int) -> None:
    whole = BOTH.split()
    first = speech(whole[:gap], 60, after=30)
    cut = len(sent(first)) // 2 * 2
    sound = sent(first + speech(whole[gap:], 60, before=30))
    assert words_in(sound[:cut]) + words_in(sound[cut:]) == whole


@pytest.mark.parametrize("gain", [0.05, 0.5, 3.0])
def test_loudness_changes_nothing(gain: float) -> None:
    samples = np.frombuffer(sent(speech(BOTH)), "<i2").astype(float)
    assert words_in(pcm(gain * samples)) == BOTH.split()


@pytest.mark.parametrize("decibels", [10, 5])
def test_noise_hides_no_word(decibels: int) -> None:
    samples = np.frombuffer(sent(speech(BOTH, before=300, after=700)), "<i2").astype(float)
    hiss = noise(1 + len(samples) // 24, 3000 / 10 ** (decibels / 20))[: len(samples)]
    assert words_in(pcm(samples + hiss)) == BOTH.split()


def test_what_is_no_speech_holds_no_words() -> None:
    cough = noise(300) * np.exp(-np.arange(300 * 24) / 1200)
    for sound in (pcm(noise(10_000)), pcm(cough), bytes(48_000), b"", b"\x00"):
        assert words_in(sound) == []


def test_a_part_reads_otherwise_than_in_the_whole() -> None:
    words = FIRST_CLAUSE.split()
    assert text_of(words, MISHEARD) == "Turn on the kitchen lights."
    assert (text_of(words[:3], MISHEARD), text_of(words[3:], MISHEARD)) == ("Turn on the.", "Chicken lights.")
    assert text_of([]) == ""


@pytest.mark.parametrize("model", ["whisper-1", "gpt-live-transcribe"])
async def test_the_backend_hears_with_it(model: str) -> None:
    settings = {"turn_detection": None, "transcription": {"model": model}}
    heard = []
    async with (
        EmulatorServer(ServerOptions(), spoken_engines(MISHEARD)) as server,
        peer(server.url, GA_TRANSCRIPTION) as client,
    ):
        await client.send("session.update", session={"type": "transcription", "audio": {"input": settings}})
        for words in (BOTH, "lights off", ONE_WORD):
            await client.append(sent(speech(words, after=300)))
            await client.commit()
            heard.append((await client.until(f"{TRANSCRIPT}.completed"))["transcript"])
    assert heard == ["Turn on the kitchen lights and close the blinds.", "Rice off.", "Stop."]
