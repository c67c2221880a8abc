"""Turns that the server ends: the transcript comes while the client still sends."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.speech.test_drafts import BETWEEN, TEXT, WORDS, clauses, commits
from tests.speech.test_service import SIXTEEN
from tests.support.room_sounds import cough, pcm, white
from tests.support.service import PREVIEW, Running, running_service
from tests.support.spoken_words import FIRST_CLAUSE, speech, spoken_engines, text_of
from wyoming_azure_realtime.settings.model import Profile, Recognition, Settings
from wyoming_azure_realtime.speech.requests import Partial, RecognitionRequest
from wyoming_azure_realtime.speech.requests import RecognitionResult as Recognised

COMMAND = speech(FIRST_CLAUSE, before=300)
WAYS = pytest.mark.parametrize(
    ("way", "model"),
    [
        ("local", "whisper-1"),
        ("server_vad", "whisper-1"),
        ("semantic_vad", "gpt-4o-transcribe"),
        ("server_vad", "gpt-realtime-whisper"),  # which refuses it
    ],
)


def settings(way: str, **recognition: float) -> Settings:
    return Settings(
        recognition=Recognition(requires_external_vad=False, turn_end=way, **recognition)  # type: ignore[arg-type]
    )


async def listened(running: Running, audio: bytes, **request: Any) -> tuple[str, float]:
    """The text and how many seconds were sent before it came, faster than in real time; then quiet."""
    async with asyncio.timeout(20):
        async with running.service.recognize(RecognitionRequest("test", **request)) as utterance:
            utterance.begin(SIXTEEN)
            result = asyncio.create_task(last(utterance.results()))
            at = 0
            while not result.done():
                chunk = audio[at : at + 640]
                utterance.write(chunk + bytes(640 - len(chunk)))
                at += 640
                await asyncio.sleep(0.004)
            return (await result).text, at / 32_000


async def last(results: AsyncIterator[Partial | Recognised]) -> Recognised:
    last = [result async for result in results][-1]
    assert isinstance(last, Recognised)
    return last


@WAYS
async def test_the_transcript_comes_before_the_client_stops(way: str, model: str) -> None:
    async with running_service(
        engines=spoken_engines(), settings=settings(way), transcription_deployment=model
    ) as running:
        text, sent = await listened(running, COMMAND)
        assert text == TEXT
        assert len(COMMAND) / 32_000 + 0.5 < sent < len(COMMAND) / 32_000 + 4


@pytest.mark.parametrize("api_version", ["", PREVIEW])
async def test_the_next_turn_is_as_good(api_version: str) -> None:
    async with running_service(
        engines=spoken_engines(), settings=settings("server_vad"), api_version=api_version
    ) as running:
        for _ in range(3):
            assert (await listened(running, COMMAND))[0] == TEXT


@WAYS
async def test_a_short_pause_does_not_end_a_turn(way: str, model: str) -> None:
    async with running_service(
        engines=spoken_engines(), settings=settings(way, turn_pause=0.9), transcription_deployment=model
    ) as running:
        text, _ = await listened(running, clauses((BETWEEN, 500)))
        assert text == text_of(WORDS)


@WAYS
async def test_a_cough_does_not_end_a_turn(way: str, model: str) -> None:
    audio = bytes(9600) + pcm(cough()) + bytes(64_000) + COMMAND
    async with running_service(
        engines=spoken_engines(), settings=settings(way, shortest_turn=0.4), transcription_deployment=model
    ) as running:
        assert (await listened(running, audio))[0] == TEXT


@pytest.mark.parametrize("way", ["local", "server_vad"])
async def test_noise_does_not_hold_a_turn_for_ever(way: str) -> None:
    audio = COMMAND + pcm(white(20, dbfs=-30))
    async with running_service(engines=spoken_engines(), settings=settings(way, longest_turn=4.0)) as running:
        text, sent = await listened(running, audio)
        assert text == TEXT
        assert sent < 6


@pytest.mark.parametrize("way", ["local", "server_vad"])
async def test_a_client_that_ends_the_turn_itself_is_answered(way: str) -> None:
    async with running_service(engines=spoken_engines(), settings=settings(way)) as running:
        async with running.service.recognize(RecognitionRequest("test")) as utterance:
            utterance.begin(SIXTEEN)
            for at in range(0, len(COMMAND), 640):
                utterance.write(COMMAND[at : at + 640])
                await asyncio.sleep(0)
            utterance.finish()
            assert (await last(utterance.results())).text == TEXT


async def test_what_comes_after_the_end_costs_nothing() -> None:
    async with running_service(engines=spoken_engines(), settings=settings("local")) as running:
        async with running.service.recognize(RecognitionRequest("test")) as utterance:
            utterance.begin(SIXTEEN)
            for at in range(0, len(COMMAND) + 64_000, 640):
                utterance.write((COMMAND + bytes(64_000))[at : at + 640])
                await asyncio.sleep(0)
            assert (await last(utterance.results())).text == TEXT
            for _ in range(5000):
                utterance.write(COMMAND[-640:])
        assert commits(running) == 1
        assert running.turns[0].audio_seconds < len(COMMAND) / 32_000 + 2.1


async def test_silence_ends_no_turn_before_its_time_however_short_a_turn_may_be() -> None:
    hasty = settings("local", shortest_turn=0, longest_turn=2.0)
    async with running_service(engines=spoken_engines(), settings=hasty) as running:
        text, sent = await listened(running, bytes(32_000))
        assert text == ""
        assert sent >= 2.0


async def test_a_profile_may_end_turns_where_the_others_do_not() -> None:
    async with running_service(engines=spoken_engines()) as running:
        own = running.service.for_profile(Profile(vad="server"))
        assert running.service.catalog.requires_external_vad
        assert not own.catalog.requires_external_vad
        running.service = own
        assert (await listened(running, COMMAND))[0] == TEXT
