"""Turns that the server ends: over Wyoming the transcript comes while the client still sends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.support.spoken_words import FIRST_CLAUSE, SECOND_CLAUSE, speech, spoken_engines, text_of
from tests.support.wyoming_events import PCM_16K
from tests.support.wyoming_peer import Door, Peer, wyoming_door
from wyoming_azure_realtime.emulator.faults import Disconnect, Faults
from wyoming_azure_realtime.settings.model import Profile, Recognition, Settings

COMMAND, NEXT = speech(FIRST_CLAUSE, before=300), speech(SECOND_CLAUSE, before=300)
TEXT, NEXT_TEXT = text_of(FIRST_CLAUSE.split()), text_of(SECOND_CLAUSE.split())
STEP = 320
OWN = Profile(vad="server")
WAYS = pytest.mark.parametrize("way", ["local", "server_vad"])


@asynccontextmanager
async def door_with(way: str, faults: Faults = Faults()) -> AsyncIterator[Door]:  # noqa: B008 - frozen
    settings = Settings(recognition=Recognition(turn_end=way))  # type: ignore[arg-type]
    async with wyoming_door(profile=OWN, engines=spoken_engines(), settings=settings, faults=faults) as door:
        yield door


async def say_until_heard(peer: Peer, sound: bytes) -> tuple[str, int]:
    """Send the sound, then quiet, until the transcript is there; how much was sent by then."""
    await peer.send("transcribe", {"language": "en"})
    await peer.send("audio-start", PCM_16K)
    heard = asyncio.create_task(peer.until("transcript"))
    sent = 0
    while not heard.done():
        chunk = sound[sent : sent + STEP]
        await peer.send("audio-chunk", PCM_16K, chunk + bytes(STEP - len(chunk)))
        sent += STEP
        await asyncio.sleep(0.001)
        assert sent < len(sound) + 32_000 * 15
    return (await heard)[-1].data["text"], sent


async def send_quiet(peer: Peer, chunks: int = 50) -> None:
    for _ in range(chunks):
        await peer.send("audio-chunk", PCM_16K, bytes(STEP))


@WAYS
async def test_the_transcript_comes_first_and_the_rest_of_the_audio_is_drained(way: str) -> None:
    async with door_with(way) as door, door.peer() as peer:
        for sound, text in ((COMMAND, TEXT), (NEXT, NEXT_TEXT), (COMMAND, TEXT)):
            assert (await say_until_heard(peer, sound))[0] == text
            await send_quiet(peer)
            await peer.send("audio-stop")
        await peer.send("describe")
        assert [event.type for event in await peer.until("info")] == ["info"]
        assert await door.outcomes(3) == ["completed"] * 3


@WAYS
async def test_a_client_need_not_say_that_the_audio_stopped(way: str) -> None:
    async with door_with(way) as door:
        async with door.peer() as peer:
            assert (await say_until_heard(peer, COMMAND))[0] == TEXT
            await send_quiet(peer)
        assert await door.outcomes() == ["completed"]
        async with door.peer() as peer:
            assert (await say_until_heard(peer, NEXT))[0] == NEXT_TEXT


@WAYS
async def test_speech_after_the_turn_belongs_to_nobody(way: str) -> None:
    async with door_with(way) as door, door.peer() as peer:
        assert (await say_until_heard(peer, COMMAND))[0] == TEXT
        for at in range(0, len(NEXT), STEP):
            await peer.send("audio-chunk", PCM_16K, NEXT[at : at + STEP])
        await peer.send("audio-stop")
        assert (await say_until_heard(peer, NEXT))[0] == NEXT_TEXT
        await peer.send("audio-stop")
        assert [event.type for event in await peer.rest_after_end()] == []
        assert await door.outcomes(2) == ["completed"] * 2


@WAYS
async def test_a_dropped_session_does_not_keep_the_transcript_back(way: str) -> None:
    faults = Faults(closed_upload=Disconnect(after_ms=600, times=1))
    async with door_with(way, faults) as door, door.peer() as peer:
        text, sent = await say_until_heard(peer, COMMAND)
        assert text == TEXT
        assert sent < len(COMMAND) + 32_000 * 12
        await peer.send("audio-stop")
        assert await door.outcomes() == ["completed"]


async def test_the_profile_alone_tells_clients_that_the_server_ends_turns() -> None:
    for profile, external in ((OWN, False), (Profile(), True)):
        async with wyoming_door(profile=profile) as door, door.peer() as peer:
            await peer.send("describe")
            (program,) = (await peer.until("info"))[-1].data["asr"]
            assert program["requires_external_vad"] is external
