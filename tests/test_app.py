import asyncio
import logging
import re
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import aiohttp
import msgspec
import pytest

from tests.support.admission import registry_of
from tests.support.assist_api import TOKEN as ASSIST_TOKEN
from tests.support.assist_api import assist_api
from tests.support.eventually import eventually
from tests.support.home_assistant import TOKEN, scripted_home
from tests.support.ports import reserved_ports
from tests.support.service import KEY, records_into, running_service
from tests.support.settings_sources import loaded
from tests.support.spoken_words import speaking
from tests.support.word_sounds import words_in
from tests.support.wyoming_stand_in import piper, stand_in, whisper
from wyoming_azure_realtime import app
from wyoming_azure_realtime.accounts import Accounts
from wyoming_azure_realtime.app import Doors, log_observer, open_service
from wyoming_azure_realtime.audio.pcm import REALTIME
from wyoming_azure_realtime.conversation.agent import ConversationRequest
from wyoming_azure_realtime.emulator.engines import Engines, ScriptedRecognizer, sink_engines
from wyoming_azure_realtime.emulator.models import ServerOptions
from wyoming_azure_realtime.emulator.server import EmulatorServer
from wyoming_azure_realtime.errors import AddressInUse
from wyoming_azure_realtime.home_service import HomeService
from wyoming_azure_realtime.http_api.server import HttpServer
from wyoming_azure_realtime.observe import Observer, TurnRecord
from wyoming_azure_realtime.settings.load import Loaded
from wyoming_azure_realtime.settings.model import Http, Limits, Listener, Zeroconf
from wyoming_azure_realtime.speech.requests import RecognitionRequest, SynthesisRequest
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
async def test_announcing_stops_before_accepting_does_but_nobody_waits_long_for_that(
    seconds: float, accepting: list[bool]
) -> None:
    async with running_service() as behind:
        listeners = [Listener(uri="tcp://127.0.0.1:0")]
        server = WyomingServer(behind.service, listeners, {}, Limits(), registry_of())
        await server.start()
        goodbye = Goodbye(server, seconds)
        started = time.monotonic()
        await Doors(server, within=STOP, discovery=goodbye).close()
        assert goodbye.accepting == accepting
        assert time.monotonic() - started < 2 * STOP


async def hear(service: HomeService) -> None:
    async with service.recognize(RecognitionRequest("test")) as utterance:
        utterance.begin(REALTIME)
        utterance.write(speaking(1.0, REALTIME))
        utterance.finish()
        assert [result async for result in utterance.results()]


async def test_names_of_home_assistant_reach_the_recogniser_and_nobody_waits_for_them() -> None:
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
            assert list(hearing.hints[-1].keywords) == []
        home.silent.clear()
        async with open_service(there, log_observer()) as service:
            await eventually(service.home_names)
            await hear(service)
            assert hearing.hints[-1].keywords[:3] == ("Kitchen", "Galley", "Büro")
        await eventually(lambda: not home.connections)


async def test_with_a_token_answers_are_for_home_assistant_and_this_machine() -> None:
    async with assist_api() as home, EmulatorServer(ServerOptions(key=KEY), sink_engines()) as server:
        settings = {
            "AZURE_OPENAI_ENDPOINT": server.url,
            "AZURE_OPENAI_KEY": KEY,
            "HOME_ASSISTANT_URL": home.url,
            "CONVERSATION_TOKEN": ASSIST_TOKEN,
        }
        async with open_service(loaded(settings), log_observer()) as service:
            conversation = service.conversation
            assert conversation is not None
            for client, understood in (("192.0.2.1", False), ("127.0.0.1", True)):
                reply = await conversation.answer(ConversationRequest("test", "hello", client=client))
                assert reply.understood is understood
        assert home.tokens == {ASSIST_TOKEN}
        assert home.methods().count("tools/list") == 1


async def test_services_of_the_home_that_the_settings_name_stand_in_for_a_target_that_is_not_there() -> None:
    async with stand_in(whisper()) as ears, stand_in(piper()) as mouth:
        settings = {
            "AZURE_OPENAI_ENDPOINT": "http://127.0.0.1:1",
            "AZURE_OPENAI_KEY": KEY,
            "FALLBACK_ASR": ears.uri,
            "FALLBACK_TTS": mouth.uri,
        }
        turns: list[TurnRecord] = []
        async with open_service(loaded(settings), Observer(records_into(turns))) as service:
            await hear(service)
            request = SynthesisRequest("test", language="de")
            async with service.synthesize(request) as synthesis:
                await synthesis.write("baba")
                synthesis.finish()
                assert words_in(b"".join([pcm async for pcm in synthesis.audio()])) == ["baba"]
        assert [turn.target for turn in turns] == [ears.uri, mouth.uri]
        assert mouth.requests == [{"voice": {"name": "de_DE-thorsten"}, "text": "baba"}]


@asynccontextmanager
async def http_of(listen: str, other_port: int, *, given: bool = False) -> AsyncIterator[HttpServer | None]:
    """What comes of it where `listen` is the usual address, or the one that was chosen."""
    settings = msgspec.structs.replace(loaded().settings, http=Http(listen=listen))
    sources = {"http.listen": "file settings.yaml:1"} if given else {}
    async with running_service() as behind:
        accounts = Accounts(loaded(), Observer())
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(app, "OTHER_HTTP_PORT", other_port)
            server = await app._start_http(
                Loaded(settings, sources, "embedded"),
                behind.service,
                Observer(),
                registry_of(),
                accounts,
                None,
            )
        try:
            yield server
        finally:
            if server is not None:
                await server.stop()


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which another program listens."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def test_the_usual_ports_of_http() -> None:
    assert (loaded().settings.http.listen, app.OTHER_HTTP_PORT) == ("127.0.0.1:5000", 10390)


async def test_where_another_program_has_the_usual_port_http_is_at_the_other_one_and_the_log_says_where(
    taken: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "wyoming_azure_realtime")
    with reserved_ports(1) as (free,):
        async with http_of(f"127.0.0.1:{taken}", free) as server:
            assert server is not None
            assert server.port == free
            async with aiohttp.ClientSession() as client:
                found = re.search(r"the page at (\S+)", caplog.text)
                assert found
                async with client.get(found[1]) as page:
                    assert page.status == 200
    assert f"HTTP cannot listen on 127.0.0.1:{taken}: it is taken." in caplog.text
    assert f"HTTP API on port {free}, the page at http://127.0.0.1:{free}/" in caplog.text


async def test_where_both_ports_are_taken_there_is_no_http_and_the_log_says_so(
    taken: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with http_of(f"127.0.0.1:{taken}", taken) as server:
        assert server is None
    assert "No HTTP API and no page" in caplog.text


async def test_an_address_that_was_chosen_and_is_taken_is_an_error(taken: int) -> None:
    with reserved_ports(1) as (free,), pytest.raises(AddressInUse):
        async with http_of(f"127.0.0.1:{taken}", free, given=True):
            pass


@pytest.mark.parametrize(
    ("listen", "url"),
    [
        ("0.0.0.0:5000", "http://127.0.0.1:7/"),
        ("[::]:5000", "http://[::1]:7/"),
        ("192.168.1.2:5000", "http://192.168.1.2:7/"),
    ],
)
def test_the_page_is_at_an_address_that_a_browser_takes(listen: str, url: str) -> None:
    assert app.page_url(listen, 7) == url


async def test_models_that_are_unknown_or_past_their_time_are_told_at_the_start(
    caplog: pytest.LogCaptureFixture,
) -> None:
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
