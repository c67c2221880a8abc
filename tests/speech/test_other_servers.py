"""Hearing and speaking through servers that are not the vendors', by their own rules."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.speech.test_service import recognise, speak
from tests.support.other_servers import (
    HEARD,
    LocalAiServer,
    OtherServer,
    SpeachesServer,
    SpeechToSpeechServer,
    XaiServer,
    other_server,
    sound,
)
from tests.support.spoken_words import speaking
from wyoming_azure_realtime.errors import SpeechServiceError, UnknownVoice
from wyoming_azure_realtime.home_service import HomeService
from wyoming_azure_realtime.observe import ObservedEvent, Observer, SessionRefused, TargetChanged
from wyoming_azure_realtime.providers.registry import provider_of
from wyoming_azure_realtime.settings.model import Deadlines, Pool, Secret, Settings, Target
from wyoming_azure_realtime.speech.catalog import catalog_of
from wyoming_azure_realtime.transport.session import SessionOpener
from wyoming_azure_realtime.turns.backends import Backends
from wyoming_azure_realtime.turns.engine import TurnEngine, session_pool

SERVERS: dict[str, tuple[type[OtherServer], dict[str, Any]]] = {
    "speech_to_speech": (SpeechToSpeechServer, {}),
    "localai": (
        LocalAiServer,
        {"realtime_deployment": "my-pipeline", "transcription_deployment": "my-pipeline"},
    ),
    "speaches": (SpeachesServer, {"realtime_deployment": "llm", "transcription_deployment": "tiny.en"}),
    "xai": (
        XaiServer,
        {
            "realtime_deployment": "grok-voice-latest",
            "transcription_deployment": "grok-transcribe",
            "key": Secret("hunter2"),
        },
    ),
}
ALL = pytest.mark.parametrize("name", SERVERS)
HASTY = Settings(deadlines=Deadlines(request=3.0, first_audio=1.0, transcript=1.0))
TEXT = "The kitchen light is on."


@dataclass
class At:
    """A service with one target, which is such a server."""

    service: HomeService
    events: list[ObservedEvent]
    server: OtherServer | None = None


@asynccontextmanager
async def service_of(name: str, url: str, settings: Settings = HASTY, **more: Any) -> AsyncIterator[Any]:
    """The speech service in front of whatever server listens there."""
    target = Target(endpoint=url, **{"service": name, **SERVERS[name][1], **more})
    events: list[ObservedEvent] = []
    observer = Observer(events.append)
    opener = SessionOpener([target], settings.deadlines)
    most = {target.name: provider_of(target).most_sessions}
    sessions = session_pool(opener, settings.pool, observer, most=most)
    asr, tts = Backends([target], "recognition", observer), Backends([target], "synthesis", observer)
    catalog = catalog_of(target, settings)
    try:
        yield At(HomeService(catalog, TurnEngine(sessions), asr, tts, settings, observer), events)
    finally:
        await sessions.close()
        await opener.close()


@asynccontextmanager
async def service_at(name: str, settings: Settings = HASTY, **more: Any) -> AsyncIterator[Any]:
    """The same in front of a stand-in."""
    async with other_server(SERVERS[name][0]()) as server:
        async with service_of(name, server.url, settings, **more) as at:
            at.server = server
            yield at


def usual_length(text: str) -> int:
    return len(base64.b64decode(sound(text)))


@ALL
async def test_it_hears_and_speaks_again_and_again(name: str) -> None:
    async with service_at(name) as at:
        for _ in range(2):
            assert (await recognise(at, speaking(1.0)))[-1].text == HEARD
            assert len(await speak(at, TEXT)) >= 0.9 * usual_length(TEXT)
        assert not [event for event in at.events if isinstance(event, SessionRefused)]
        assert not [event for event in at.events if isinstance(event, TargetChanged) and not event.working]
        assert at.server.most <= at.server.slots
        unforeseen = [
            it for it in at.server.complaints if "is not supported" not in it and "to delete" not in it
        ]
        assert [it for it in unforeseen if "No conversation item" not in it] == []


@ALL
async def test_warm_sessions_leave_room_for_whoever_asks(name: str) -> None:
    async with service_at(name, Settings(deadlines=HASTY.deadlines, pool=Pool(min_size=2))) as at:
        at.service.warm()
        await asyncio.sleep(0)
        both = asyncio.gather(recognise(at, speaking(1.0)), speak(at, TEXT))
        results, sound_of_it = await both
        assert results[-1].text == HEARD
        assert sound_of_it
        assert at.server.most <= at.server.slots


@ALL
async def test_whatever_voice_a_home_asks_for_somebody_speaks(name: str) -> None:
    async with service_at(name) as at:
        assert await speak(at, TEXT, voice="en-US-JennyNeural")
    async with service_at(name, voices=("amy", "leo") if name == "localai" else ("leo", "eve")) as at:
        assert await speak(at, TEXT, voice="nova")
        with pytest.raises(UnknownVoice, match="Zira"):
            await speak(at, TEXT, voice="Zira")


async def test_what_xai_says_is_the_text_though_its_model_would_answer() -> None:
    async with service_at("xai") as at:
        question = "What is the capital of France?"
        assert len(await speak(at, question)) >= 0.9 * usual_length(question)
        assert at.server.complaints == []


async def test_a_failure_of_localai_that_ends_no_response_is_its_own_words_at_once() -> None:
    async with service_at("localai") as at:
        at.server.breaks = True
        settings = at.service._settings
        async with asyncio.timeout(settings.deadlines.request + 2):
            with pytest.raises(SpeechServiceError, match="TTS generation failed: no model"):
                await speak(at, TEXT)


@pytest.mark.parametrize(
    ("name", "wrong", "words"),
    [
        ("localai", {"realtime_deployment": "gpt-realtime"}, "Failed to load model config"),
        ("localai", {"voices": ("bob",)}, "no such voice"),
        ("speech_to_speech", {"dialect": "preview"}, "Unknown or invalid event"),
        ("speaches", {"dialect": "ga"}, "validation error|is not supported"),
        ("xai", {"key": Secret("wrong")}, "HTTP 401"),
        ("xai", {"voices": ("bob",)}, "Unknown voice bob"),
    ],
)
async def test_what_is_refused_ends_with_the_servers_own_words_in_one_line(
    name: str, wrong: dict[str, Any], words: str
) -> None:
    async with service_at(name, **wrong) as at:
        with pytest.raises(SpeechServiceError, match=words) as caught:
            await speak(at, TEXT)
        assert "\n" not in str(caught.value)


async def test_a_server_that_nobody_knows_is_a_target_by_its_path_and_dialect() -> None:
    async with service_at("localai", service="openai", path="/v1/realtime", voices=("amy",)) as at:
        assert await speak(at, TEXT)
        assert at.server.asked[0].path == "/v1/realtime?model=my-pipeline"
