"""Several targets: failover, and the way back to the first."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import numpy as np
import pytest

from tests.speech.test_service import SAID
from tests.support.eventually import eventually
from tests.support.service import KEY, target_states
from tests.support.spoken_words import speaking
from wyoming_azure_realtime.audio.pcm import REALTIME, AudioFormat
from wyoming_azure_realtime.emulator.engines import MS_PER_CHARACTER, sink_engines
from wyoming_azure_realtime.emulator.faults import NO_FAULTS, Faults, RefusedUpgrade
from wyoming_azure_realtime.emulator.models import ALL_VOICES, ServerOptions
from wyoming_azure_realtime.emulator.server import EmulatorServer
from wyoming_azure_realtime.home_service import HomeService
from wyoming_azure_realtime.observe import ObservedEvent, Observer, TurnEnded, TurnRecord, Warned
from wyoming_azure_realtime.settings.model import Deadlines, Secret, Settings, Target
from wyoming_azure_realtime.speech.catalog import catalog_of
from wyoming_azure_realtime.speech.requests import RecognitionRequest, SynthesisRequest
from wyoming_azure_realtime.transport.session import SessionOpener
from wyoming_azure_realtime.turns import engine as probe
from wyoming_azure_realtime.turns import health
from wyoming_azure_realtime.turns.backends import Backends
from wyoming_azure_realtime.turns.engine import TurnEngine, session_pool

DOWN = Faults(refused_upgrade=RefusedUpgrade(status=503))


class House:
    """A service with two targets, and what its turns say about them."""

    def __init__(
        self, service: HomeService, servers: list[EmulatorServer], events: list[ObservedEvent]
    ) -> None:
        self.service = service
        self.servers = servers
        self.events = events

    @property
    def turns(self) -> list[TurnRecord]:
        return [event.record for event in self.events if isinstance(event, TurnEnded)]

    async def hear(self) -> str:
        async with asyncio.timeout(10), self.service.recognize(RecognitionRequest("test")) as utterance:
            utterance.begin(AudioFormat(16000, 2, 1))
            utterance.write(speaking(0.5))
            utterance.finish()
            return [result async for result in utterance.results()][-1].text

    async def speak(self, voice: str = "", text: str = "hello", text_format: str = "text") -> bytes:
        request = SynthesisRequest("test", voice=voice, text_format=text_format)
        async with asyncio.timeout(10), self.service.synthesize(request) as synthesis:
            await synthesis.write(text)
            synthesis.finish()
            return b"".join([chunk async for chunk in synthesis.audio()])


@pytest.fixture
async def house(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr(probe, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(health, "FIRST_ASIDE", 0.2)
    async with opened_house() as house:
        yield house


@asynccontextmanager
async def opened_house(**second: Any) -> AsyncIterator[House]:
    """`second`: fields of the second target that differ from those of the first."""
    async with AsyncExitStack() as stack:
        servers = [
            await stack.enter_async_context(EmulatorServer(ServerOptions(key=KEY), sink_engines()))
            for _ in range(2)
        ]
        aims = [
            Target(name=name, endpoint=server.url, key=Secret(KEY), **more)
            for name, server, more in zip(("first", "second"), servers, ({}, second), strict=True)
        ]
        settings = Settings(deadlines=Deadlines(request=5.0))
        events: list[ObservedEvent] = []
        observer = Observer(events.append)
        sessions = session_pool(SessionOpener(aims, settings.deadlines), settings.pool, observer)
        stack.push_async_callback(sessions.close)
        catalog = catalog_of(aims[0], settings)
        asr, tts = Backends(aims, "recognition", observer), Backends(aims, "synthesis", observer)
        service = HomeService(catalog, TurnEngine(sessions), asr, tts, settings, observer)
        probing = asyncio.create_task(service.keep_probing())
        stack.callback(probing.cancel)
        yield House(service, servers, events)


def take_down(server: EmulatorServer) -> None:
    """Take a target down with everything that is open there."""
    server.faults = DOWN
    server.drop_sessions()


async def test_the_first_target_serves_while_it_is_well(house: House) -> None:
    await house.hear()
    await house.speak()
    assert [turn.target for turn in house.turns] == ["first", "first"]


async def test_nothing_is_lost_when_the_first_target_goes_down_and_it_is_used_again_by_itself(
    house: House,
) -> None:
    await house.hear()
    take_down(house.servers[0])
    for _ in range(3):
        assert await house.hear() == SAID
        assert await house.speak()
    assert {turn.target for turn in house.turns[1:]} == {"second"}
    assert target_states(house.service)["hearing"]["first"] == "failing"
    house.servers[0].faults = NO_FAULTS
    await eventually(lambda: "failing" not in str(target_states(house.service)))
    await house.hear()
    await house.speak()
    assert [turn.target for turn in house.turns[-2:]] == ["first", "first"]


async def test_a_target_that_is_aside_costs_later_requests_nothing(house: House) -> None:
    take_down(house.servers[0])
    await house.hear()
    await house.hear()
    assert house.turns[0].attempts > 1
    assert house.turns[1].attempts == 1


def voice_of(pcm: bytes) -> str:
    """Whose sound it is: the sink's voices have a pitch each."""
    spectrum = np.abs(np.fft.rfft(np.frombuffer(pcm, "<i2")))
    pitch = int(np.argmax(spectrum)) * REALTIME.rate / (len(pcm) / 2)
    return ALL_VOICES[round((pitch - 200) / 50)]


@pytest.mark.parametrize(("asked", "spoken_by"), [("marin", "coral"), ("cedar", "ash"), ("sage", "sage")])
async def test_a_target_that_lacks_the_voice_speaks_with_the_likest_that_it_has_and_says_so_once(
    asked: str, spoken_by: str
) -> None:
    async with opened_house(api_version="2025-04-01-preview") as house:
        before = await house.speak(asked)
        take_down(house.servers[0])
        after = await house.speak(asked)
        await house.speak(asked)
        assert [turn.outcome for turn in house.turns] == ["completed"] * 3
        assert [turn.target for turn in house.turns] == ["first", "second", "second"]
        assert [voice_of(before), voice_of(after)] == [asked, spoken_by]
        assert len(after) > len(before) * 0.8  # all of it
        warnings = [event.message for event in house.events if isinstance(event, Warned)]
    replaced = [f"Target 'second' has no voice '{asked}': '{spoken_by}' speaks"]
    assert warnings == (replaced if asked != spoken_by else [])


@pytest.mark.parametrize(("rate", "speed"), [("400%", 1.5), ("100%", 1.0), ("25%", 0.25)])
async def test_a_speed_beyond_what_sessions_accept_is_the_nearest_that_they_do(
    rate: str, speed: float, house: House
) -> None:
    text = f"<speak><prosody rate='{rate}'>hello</prosody></speak>"
    pcm = await house.speak(text=text, text_format="ssml")
    seconds = len(pcm) / REALTIME.bytes_per_second
    assert seconds == pytest.approx(len("hello") * MS_PER_CHARACTER / 1000 / speed, abs=0.1 / speed)
