"""Several targets: failover, and the way back to the first."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from tests.speech.test_service import SAID, noise
from tests.support.eventually import eventually
from tests.support.service import KEY, records_into
from wyoming_azure_realtime.audio.pcm import AudioFormat
from wyoming_azure_realtime.azure.opener import SessionOpener
from wyoming_azure_realtime.embedded.faults import NO_FAULTS, Faults, RefusedUpgrade
from wyoming_azure_realtime.embedded.options import ServerOptions
from wyoming_azure_realtime.embedded.server import EmbeddedServer
from wyoming_azure_realtime.embedded.sink_engines import sink_engines
from wyoming_azure_realtime.observe import Observer
from wyoming_azure_realtime.settings.model import Deadlines, Secret, Settings, Target
from wyoming_azure_realtime.speech.catalog import GA_VOICES, realtime_catalog
from wyoming_azure_realtime.speech.hearing import deployments
from wyoming_azure_realtime.speech.requests import RecognitionRequest, SynthesisRequest
from wyoming_azure_realtime.speech.service import SpeechService
from wyoming_azure_realtime.turns import backends, probe
from wyoming_azure_realtime.turns.backends import Backends
from wyoming_azure_realtime.turns.engine import TurnEngine
from wyoming_azure_realtime.turns.sessions import session_pool

DOWN = Faults(refused_upgrade=RefusedUpgrade(status=503))


class House:
    """A service with two targets, and what its turns say about them."""

    def __init__(self, service: SpeechService, servers: list[EmbeddedServer], turns: list) -> None:
        self.service = service
        self.servers = servers
        self.turns = turns

    async def hear(self) -> str:
        async with asyncio.timeout(10), self.service.recognize(RecognitionRequest("test")) as utterance:
            utterance.begin(AudioFormat(16000, 2, 1))
            utterance.write(noise(0.5))
            utterance.finish()
            return [result async for result in utterance.results()][-1].text

    async def speak(self) -> bytes:
        async with asyncio.timeout(10), self.service.synthesize(SynthesisRequest("test")) as synthesis:
            await synthesis.write("hello")
            synthesis.finish()
            return b"".join([chunk async for chunk in synthesis.audio()])


@pytest.fixture
async def house(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(probe, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(backends, "FIRST_ASIDE", 0.2)
    async with AsyncExitStack() as stack:
        servers = [
            await stack.enter_async_context(EmbeddedServer(ServerOptions(key=KEY), sink_engines()))
            for _ in range(2)
        ]
        aims = [
            Target(name=name, endpoint=server.url, key=Secret(KEY))
            for name, server in zip(("first", "second"), servers, strict=True)
        ]
        settings = Settings(deadlines=Deadlines(request=5.0))
        turns: list = []
        observer = Observer(records_into(turns))
        sessions = session_pool(SessionOpener(aims, settings.deadlines), settings.pool, observer)
        stack.push_async_callback(sessions.close)
        catalog = realtime_catalog(
            backend="azure",
            hearing=deployments(aims[0]),
            voices=GA_VOICES,
            substitutes={},
            default_voice="alloy",
            default_language="en",
        )
        asr, tts = Backends(aims, "recognition", observer), Backends(aims, "synthesis", observer)
        service = SpeechService(catalog, TurnEngine(sessions), asr, tts, settings, observer)
        probing = asyncio.create_task(service.keep_probing())
        stack.callback(probing.cancel)
        yield House(service, servers, turns)


def take_down(server: EmbeddedServer) -> None:
    """Take a target down with everything that is open there."""
    server.faults = DOWN
    server.drop_sessions()


async def test_the_first_target_serves_while_it_is_well(house: House):
    await house.hear()
    await house.speak()
    assert [turn.target for turn in house.turns] == ["first", "first"]


async def test_nothing_is_lost_when_the_first_target_goes_down_and_it_is_used_again_by_itself(house: House):
    await house.hear()
    take_down(house.servers[0])
    for _ in range(3):
        assert await house.hear() == SAID
        assert await house.speak()
    assert {turn.target for turn in house.turns[1:]} == {"second"}
    assert house.service.backend_states()["hearing"]["first"] == "set aside"
    house.servers[0].faults = NO_FAULTS
    await eventually(lambda: "set aside" not in str(house.service.backend_states()))
    await house.hear()
    await house.speak()
    assert [turn.target for turn in house.turns[-2:]] == ["first", "first"]


async def test_a_target_that_is_aside_costs_later_requests_nothing(house: House):
    take_down(house.servers[0])
    await house.hear()
    await house.hear()
    assert house.turns[0].attempts > 1
    assert house.turns[1].attempts == 1
