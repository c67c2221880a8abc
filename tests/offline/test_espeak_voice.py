import asyncio
import contextlib
import gc
import time
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wyoming_azure_realtime.errors import InvalidRequest, UnknownVoice
from wyoming_azure_realtime.offline.espeak import (
    FASTEST,
    SLOWEST,
    VOICES,
    EspeakVoice,
    blocks,
)

PIECE = 2880
SENTENCE = "Turn on the kitchen lights."
REALTIME_VOICES = {"alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar"}


@pytest.fixture
def voice() -> Iterator[EspeakVoice]:
    voice = EspeakVoice()
    yield voice
    voice.close()


async def spoken(voice: EspeakVoice, text: str, name: str = "alloy", speed: float = 1.0) -> bytes:
    return b"".join([piece async for piece in voice.speak(text, name, speed)])


def seconds(pcm: bytes) -> float:
    return len(pcm) / 48_000


def test_speech_can_be_made_here() -> None:
    assert EspeakVoice.available() == (True, "")


async def test_a_sentence_is_audible_and_as_long_as_a_person_would_take(voice: EspeakVoice) -> None:
    pcm = await spoken(voice, SENTENCE)
    assert 1.0 < seconds(pcm) < 2.5
    assert np.abs(np.frombuffer(pcm, "<i2")).max() > 8_000


async def test_sound_comes_in_pieces_of_sixty_milliseconds_and_a_rest(voice: EspeakVoice) -> None:
    pieces = [piece async for piece in voice.speak(SENTENCE)]
    assert {len(piece) for piece in pieces[:-1]} == {PIECE}
    assert 0 < len(pieces[-1]) <= PIECE
    assert len(pieces[-1]) % 2 == 0


def test_every_realtime_voice_exists() -> None:
    assert set(VOICES) == REALTIME_VOICES


async def test_no_two_voices_sound_alike(voice: EspeakVoice) -> None:
    spectra = {}
    for name in VOICES:
        sound = np.frombuffer(await spoken(voice, SENTENCE, name), "<i2").astype(np.float64)
        spectrum = np.abs(np.fft.rfft(sound, 1 << 17))[:32_768].reshape(512, -1).mean(axis=1)
        spectra[name] = spectrum / np.linalg.norm(spectrum)
    names = list(spectra)
    alike = {(a, b): float(spectra[a] @ spectra[b]) for i, a in enumerate(names) for b in names[i + 1 :]}
    assert max(alike.values()) < 0.98, max(alike, key=alike.__getitem__)


@pytest.mark.parametrize("speed", [SLOWEST, 0.5, 0.75, 1.25, FASTEST])
async def test_speed_changes_the_length_in_proportion(voice: EspeakVoice, speed: float) -> None:
    text = "Turn on the kitchen lights in the living room, please."
    usual, changed = await spoken(voice, text), await spoken(voice, text, speed=speed)
    assert seconds(changed) * speed == pytest.approx(seconds(usual), rel=0.15)


@pytest.mark.parametrize("speed", [0.0, 0.2, 1.6, -1.0, float("nan"), float("inf")])
async def test_an_impossible_speed_is_refused(voice: EspeakVoice, speed: float) -> None:
    with pytest.raises(InvalidRequest, match=r"0\.25 to 1\.5"):
        await spoken(voice, SENTENCE, speed=speed)


async def test_an_unknown_voice_is_refused_with_a_list_of_the_known(voice: EspeakVoice) -> None:
    with pytest.raises(UnknownVoice, match=r"Voices: .*alloy"):
        await spoken(voice, SENTENCE, "nobody")


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "...", "?", "-", "\0\x01\x02", "\ud800\udfff", "\u200b"])
async def test_what_cannot_be_said_is_no_audio(voice: EspeakVoice, text: str) -> None:
    assert await spoken(voice, text) == b""


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=80))
async def test_any_text_gives_whole_samples_or_nothing(voice: EspeakVoice, text: str) -> None:
    assert len(await spoken(voice, text)) % 2 == 0


@pytest.mark.parametrize(
    ("marked", "plain"),
    [
        ("[[t'3:n]] [[Qf]]", "t'3:n Qf"),
        ("<say-as interpret-as='characters'>cat</say-as>", "say-as interpret-as='characters' cat /say-as"),
        ("\x01300s slow", "300s slow"),
    ],
)
async def test_markup_is_read_out_and_not_obeyed(voice: EspeakVoice, marked: str, plain: str) -> None:
    assert seconds(await spoken(voice, marked)) >= 0.9 * seconds(await spoken(voice, plain))


async def test_long_text_is_spoken_to_its_end(voice: EspeakVoice) -> None:
    once = seconds(await spoken(voice, SENTENCE + " "))
    many = seconds(await spoken(voice, (SENTENCE + " ") * 60))
    assert many > 58 * once


@pytest.mark.parametrize("unbroken", ["9" * 400, "a" * 400, "\N{GRINNING FACE}" * 100])
async def test_an_unbroken_run_is_spoken_to_its_end(voice: EspeakVoice, unbroken: str) -> None:
    half = seconds(await spoken(voice, unbroken[: len(unbroken) // 2]))
    assert seconds(await spoken(voice, unbroken)) == pytest.approx(2 * half, rel=0.1)


@given(st.text(max_size=700))
@settings(max_examples=50, deadline=None)
def test_blocks_are_bounded_and_lose_nothing(text: str) -> None:
    found = list(blocks(text))
    assert [last for _, last in found] == [False] * (len(found) - 1) + [True] * bool(found)
    assert all(len(block) <= 210 for block, _ in found)
    letters = "".join(c for c in text if c.isalnum())
    assert "".join(c for block, _ in found for c in block if c.isalnum()) == letters


async def test_closing_stops_the_speech_and_the_next_is_unharmed(voice: EspeakVoice) -> None:
    before = seconds(await spoken(voice, SENTENCE))
    stream = voice.speak("One sentence after another. " * 500)
    await anext(stream)
    await stream.aclose()
    assert seconds(await spoken(voice, SENTENCE)) == pytest.approx(before, rel=0.05)


async def test_cancelling_stops_the_engine_at_once(voice: EspeakVoice) -> None:
    # no place to pause at: one call of the engine per 200 characters, a long time each
    speaking = asyncio.create_task(spoken(voice, "9 " * 20_000, speed=SLOWEST))
    await asyncio.sleep(0)
    speaking.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await speaking
    async with asyncio.timeout(10):  # the other one would have gone on for minutes
        assert await spoken(voice, SENTENCE)


async def test_several_speak_at_once_and_each_says_what_it_should(voice: EspeakVoice) -> None:
    texts = ["Good morning.", SENTENCE, "What is the weather tomorrow in the garden?"] * 3
    alone = [seconds(await spoken(voice, text)) for text in texts]
    together = [seconds(pcm) for pcm in await asyncio.gather(*(spoken(voice, text) for text in texts))]
    assert together == pytest.approx(alone, rel=0.05)


async def test_a_long_speech_does_not_keep_a_short_one_waiting(voice: EspeakVoice) -> None:
    long = voice.speak("One sentence after another. " * 2_000)
    await anext(long)
    assert await asyncio.wait_for(spoken(voice, SENTENCE), timeout=10)
    assert await anext(long)
    await long.aclose()


async def test_the_event_loop_goes_on_while_something_is_said(voice: EspeakVoice) -> None:
    speaking = asyncio.create_task(spoken(voice, "One sentence after another. " * 300))
    longest = 0.0
    gc.collect()
    started = time.perf_counter()
    while not speaking.done():
        began = time.perf_counter()
        await asyncio.sleep(0.001)
        longest = max(longest, time.perf_counter() - began)
    assert longest < (time.perf_counter() - started) / 3
