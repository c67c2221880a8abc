import asyncio
import logging
import time

import pytest

from tests.support.eventually import eventually
from tests.support.home_assistant import TOKEN, scripted_home
from tests.support.service import KEY, running_service
from tests.support.settings_sources import loaded
from wyoming_azure_realtime.app import Doors, log_observer, open_service
from wyoming_azure_realtime.audio.pcm import REALTIME
from wyoming_azure_realtime.emulator.engines import Engines, ScriptedRecognizer
from wyoming_azure_realtime.emulator.models import ServerOptions
from wyoming_azure_realtime.emulator.server import EmulatorServer
from wyoming_azure_realtime.observe import Observer
from wyoming_azure_realtime.settings.model import Limits, Listener, Zeroconf
from wyoming_azure_realtime.speech.requests import RecognitionRequest
from wyoming_azure_realtime.speech.service import SpeechService
from wyoming_azure_realtime.wyoming_server.discovery import Discovery
from wyoming_azure_realtime.wyoming_server.server import WyomingServer


class Goodbye(Discovery):
    """Takes its time to say it, and notes whether the port still accepts when it begins and when it ends."""

    def __init__(self, server: WyomingServer, seconds: float) -> None:
        super().__init__(Zeroconf(enabled=False), server.tcp_addresses)
        self._server = server
        self._seconds = seconds
        self.accepting: list[bool] = []

    async def stop(self) -> None:
        await self._note()
        await asyncio.sleep(self._seconds)
        await self._note()

    async def _note(self) -> None:
        address = self._server.tcp_addresses[0]
        try:
            _, writer = await asyncio.open_connection(address.host, address.port)
            writer.close()
        except ConnectionError:
            self.accepting.append(False)
        else:
            self.accepting.append(True)


STOP = 2.0


@pytest.mark.parametrize(("seconds", "accepting"), [(0.05, [True, True]), (1.0, [True, False])])
async def test_announcing_stops_before_accepting_does_but_nobody_waits_long_for_that(seconds, accepting):
    async with running_service() as behind:
        listeners = [Listener(uri="tcp://127.0.0.1:0")]
        server = WyomingServer(behind.service, listeners, {}, Limits(), Observer())
        await server.start()
        goodbye = Goodbye(server, seconds)
        started = time.monotonic()
        await Doors(server, within=STOP, discovery=goodbye).close()
        assert goodbye.accepting == accepting
        assert time.monotonic() - started < 2 * STOP


async def hear(service: SpeechService) -> None:
    async with service.recognize(RecognitionRequest("test")) as utterance:
        utterance.begin(REALTIME)
        utterance.write(bytes(range(1, 251)) * 192)
        utterance.finish()
        assert [result async for result in utterance.results()]


async def test_names_of_home_assistant_reach_the_recogniser_and_nobody_waits_for_them():
    hearing = ScriptedRecognizer()
    async with scripted_home() as home, EmulatorServer(ServerOptions(key=KEY), Engines(hearing)) as server:
        there = loaded(
            {
                "AZURE_OPENAI_ENDPOINT": server.url,
                "AZURE_OPENAI_KEY": KEY,
                "AZURE_OPENAI_TRANSCRIPTION_DEPLOYMENT": "gpt-live-transcribe",
                "HOME_ASSISTANT_URL": home.url,
                "HOME_ASSISTANT_TOKEN": TOKEN,
            }
        )
        home.silent.add("get_states")
        async with open_service(there, log_observer()) as service:
            await hear(service)
            assert hearing.hints[-1].keywords == ()
        home.silent.clear()
        async with open_service(there, log_observer()) as service:
            await eventually(service.home_names)
            await hear(service)
            assert hearing.hints[-1].keywords[:3] == ("Kitchen", "Galley", "Büro")
        await eventually(lambda: not home.connections)


async def test_models_that_are_unknown_or_past_their_time_are_told_at_the_start(
    caplog: pytest.LogCaptureFixture,
):
    settings = {
        "AZURE_OPENAI_ENDPOINT": "https://nowhere.invalid",
        "AZURE_OPENAI_KEY": KEY,
        "AZURE_OPENAI_TRANSCRIPTION_DEPLOYMENT": "my-ears",
        "TARGET_ALSO_TRANSCRIBES": "old=gpt-4o-transcribe",
        "HOME_ASSISTANT_URL": "http://homeassistant.local:8123",
    }
    caplog.set_level(logging.WARNING, "wyoming_azure_realtime")
    async with open_service(loaded(settings), log_observer()):
        told = [record.getMessage() for record in caplog.records]
    assert ["'my-ears' is unknown" in told[0], "retired on 2026-10-15" in told[1]] == [True, True]
    assert told[2:] == ["No names from Home Assistant: that needs home_assistant.url and .token, both"]
