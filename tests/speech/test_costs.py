"""No sound costs a fortune, and no command is lost for its sake."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tests.support import room_sounds as room
from tests.support.command_costs import CHUNK, MICROPHONE, SOUNDS, Sound, Transcriber, cost
from tests.support.scripted_channel import (
    Scripted,
    ScriptedChannel,
    new_id,
    scripted_service,
    transcribed,
)
from tests.support.spoken_words import FIRST_CLAUSE, SECOND_CLAUSE, speech
from tests.support.virtual_time import in_virtual_time
from wyoming_azure_realtime.audio.pcm import BYTES_PER_SECOND
from wyoming_azure_realtime.observe import Warned
from wyoming_azure_realtime.realtime import client_events as client
from wyoming_azure_realtime.settings.model import Recognition, Settings
from wyoming_azure_realtime.speech.requests import Partial, RecognitionRequest, RecognitionResult

ANSWERS = st.sampled_from((0.01, 0.45, 3.0))
QUIET = Sound(room.pcm(room.white(0.7, -65)))


@examples(max_examples=12, deadline=None)
@given(
    kinds=st.lists(st.sampled_from(sorted(SOUNDS)), min_size=1, max_size=10),
    seed=st.integers(0, 999),
    answer=ANSWERS,
    server_ends=st.booleans(),
)
def test_whatever_is_heard_every_bound_holds_and_every_word_is_kept(
    kinds: list[str], seed: int, answer: float, server_ends: bool
) -> None:
    chance = random.Random(seed)
    sounds = [SOUNDS[kind](chance) for kind in kinds] + [QUIET]
    hears = Transcriber(sounds, answer)
    result = cost(sounds, hears, server_ends=server_ends)
    assert result.exceeded() == []
    assert server_ends or result.text == hears.all_words


@examples(max_examples=8, deadline=None)
@given(
    kinds=st.lists(st.sampled_from(sorted(SOUNDS)), min_size=1, max_size=10),
    seed=st.integers(0, 999),
    texts=st.sampled_from((("",), ("turn it on",), ("", "turn it on"), ("thank you",))),
    server_ends=st.booleans(),
)
def test_whatever_the_service_makes_of_it(
    kinds: list[str], seed: int, texts: tuple[str, ...], server_ends: bool
) -> None:
    chance = random.Random(seed)
    sounds = [SOUNDS[kind](chance) for kind in kinds]
    invents = Transcriber(sounds, 0.45, lambda: chance.choice(texts))
    assert cost(sounds, invents, server_ends=server_ends).exceeded() == []


STIRS: dict[str, Callable[[int], room.Sound]] = {
    "taps": lambda seed: room.click(-30, seed),
    "faint taps": lambda seed: room.click(-40, seed),
    "coughs": lambda seed: room.cough(-20, seed),
    "tones": lambda seed: room.tone(0.3, -25, 500 + 100 * seed),
    "typing": lambda seed: room.keyboard(-25, seed),
    "music": lambda seed: room.music(1.5, -35, seed),
}


@pytest.mark.parametrize("stir", STIRS)
@pytest.mark.parametrize("server_ends", [True, False])
def test_what_stirs_after_a_command_costs_nothing(stir: str, server_ends: bool) -> None:
    stirs = [Sound(room.pcm(STIRS[stir](seed)) + QUIET.pcm[:12_800]) for seed in range(5)]
    sounds = [Sound(speech(FIRST_CLAUSE, before=200), FIRST_CLAUSE), Sound(bytes(12_800)), *stirs]
    result = cost(sounds, Transcriber(sounds, 0.45), server_ends=server_ends)
    assert (result.text, result.requests, result.sessions) == (FIRST_CLAUSE, 1, 1)
    assert result.sent <= result.recorded


@pytest.mark.parametrize("stir", STIRS)
def test_what_stirs_before_a_command_does_not_end_it(stir: str) -> None:
    stirs = [Sound(QUIET.pcm + room.pcm(STIRS[stir](seed))) for seed in range(2)]
    sounds = [*stirs, QUIET, QUIET, Sound(speech(FIRST_CLAUSE), FIRST_CLAUSE), QUIET, QUIET]
    result = cost(sounds, Transcriber(sounds, 0.45), server_ends=True)
    assert result.text == FIRST_CLAUSE
    assert result.requests == 1


@pytest.mark.parametrize("dbfs", [-30, -45])
@pytest.mark.parametrize("noise", ["white", "pink", "fan"])
@pytest.mark.parametrize("server_ends", [True, False])
def test_steady_noise_from_the_first_sample_is_neither_sent_nor_paid_for(
    noise: str, dbfs: float, server_ends: bool
) -> None:
    sounds = [Sound(room.pcm(room.NOISES[noise](3, dbfs, 3)))]
    result = cost(sounds, Transcriber(sounds, 0.45, lambda: "Thank you."), server_ends=server_ends)
    assert (result.text, result.requests, result.sent) == ("", 0, 0)


@pytest.mark.parametrize("dbfs", [-30, -45])
def test_a_whisper_is_transcribed_once_when_the_client_stops(dbfs: float) -> None:
    said = room.placed(2.5, (0.5, room.whisper(FIRST_CLAUSE, dbfs))) + room.white(2.5, -65)
    sounds = [Sound(room.pcm(said), FIRST_CLAUSE)]
    result = cost(sounds, Transcriber(sounds, 0.45), server_ends=False)
    assert (result.text, result.requests) == (FIRST_CLAUSE, 1)


# --- where the service ends turns


def settings_for(way: Literal["server_vad", "semantic_vad"]) -> Settings:
    return Settings(recognition=Recognition(requires_external_vad=False, turn_end=way))


async def ended(running: Scripted, audio: bytes) -> tuple[str, float]:
    """The text, and the seconds of audio after which the server had it."""
    async with running.service.recognize(RecognitionRequest("test")) as utterance:
        utterance.begin(MICROPHONE)
        answer = asyncio.create_task(_last(utterance.results()))
        at = 0
        while not answer.done() and at < len(audio):
            utterance.write(audio[at : at + CHUNK])
            await asyncio.sleep(0.01)
            at += CHUNK
        utterance.finish()
        return await answer, at / 32_000


async def _last(results: AsyncIterator[Partial | RecognitionResult]) -> str:
    return [result async for result in results][-1].text


COMMAND = Sound(speech(f"{FIRST_CLAUSE} {SECOND_CLAUSE}", before=200), f"{FIRST_CLAUSE} {SECOND_CLAUSE}")


@pytest.mark.parametrize("way", ["server_vad", "semantic_vad"])
@in_virtual_time
async def test_a_service_that_overlooks_speech_is_overruled_and_the_log_says_so_once(
    way: Literal["server_vad", "semantic_vad"],
) -> None:
    audio = COMMAND.pcm + QUIET.pcm * 10
    async with scripted_service(Transcriber([COMMAND], 0.45), settings_for(way)) as running:
        for _ in range(2):
            text, seconds = await ended(running, audio)
            assert text == COMMAND.word
            assert seconds <= len(COMMAND.pcm) / 32_000 + 1.0
        assert sum(isinstance(event, Warned) for event in running.events) == 1
        assert running.requests == 2


class Nervous(Transcriber):
    """Takes every second of its first session for a turn of its own, without a word in it."""

    first: ScriptedChannel | None = None

    def __call__(self, channel: ScriptedChannel, event: client.ClientEvent) -> None:
        self.first = self.first or channel
        if isinstance(event, client.InputAudioBufferAppend) and channel is self.first:
            before = (channel.audio_bytes - len(event.audio)) // BYTES_PER_SECOND
            if channel.audio_bytes // BYTES_PER_SECOND > before:
                channel.says(*transcribed("", new_id()), after=0.1)
        super().__call__(channel, event)


@in_virtual_time
async def test_a_service_that_takes_noise_for_turns_is_not_asked_for_ever() -> None:
    noise = Sound(room.pcm(room.music(6, -30)))
    sounds = [noise, QUIET, COMMAND]
    audio = b"".join(sound.pcm for sound in sounds)
    async with scripted_service(Nervous(sounds, 0.45), settings_for("server_vad")) as running:
        text, seconds = await ended(running, audio + QUIET.pcm * 10)
        (turn,) = running.turns
        assert text == COMMAND.word
        assert seconds <= len(audio) / 32_000 + 1.3  # without a draft that is left
        assert turn.requests <= 4
        assert turn.sent_seconds <= 3 * turn.audio_seconds
