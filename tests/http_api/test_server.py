import asyncio
import logging
import socket

import aiohttp
import pytest

from tests.support.admission import registry_of
from tests.support.http_door import INFO, RECOGNIZE, STREAM, SYNTHESIZE, http_door, until
from tests.support.ports import has_ipv6
from tests.support.service import running_service
from wyoming_azure_realtime.emulator.faults import Faults
from wyoming_azure_realtime.errors import AddressInUse, SettingsError
from wyoming_azure_realtime.http_api.server import HttpServer
from wyoming_azure_realtime.observe import ClientRefused, Observer
from wyoming_azure_realtime.settings.model import Http, Secret


async def test_an_address_that_is_taken_is_an_error_of_its_own() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        async with running_service() as running:
            server = HttpServer(
                running.service, Http(listen=f"127.0.0.1:{port}"), Observer(), registry_of(), model="m"
            )
            with pytest.raises(AddressInUse, match=str(port)):
                await server.start()
            await server.stop()


async def test_an_address_of_another_machine_is_a_settings_error() -> None:
    async with running_service() as running:
        server = HttpServer(
            running.service, Http(listen="192.0.2.1:5000"), Observer(), registry_of(), model="m"
        )
        with pytest.raises(SettingsError, match=r"192\.0\.2\.1") as caught:
            await server.start()
        assert not isinstance(caught.value, AddressInUse)


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
async def test_every_address_of_ipv6_means_those_of_ipv4_too() -> None:
    async with running_service() as running, aiohttp.ClientSession() as client:
        http = Http(listen="[::]:0", token=Secret("t"))
        server = HttpServer(running.service, http, Observer(), registry_of(), model="m")
        await server.start()
        port = server.port
        try:
            for host in ("[::1]", "127.0.0.1"):
                async with client.get(f"http://{host}:{port}/health") as answer:
                    assert answer.status == 200
        finally:
            await server.stop()
        with socket.create_server(("127.0.0.1", port)):
            pass


async def test_stopped_it_lets_go_of_its_port_and_may_be_stopped_again() -> None:
    async with http_door() as door:
        port = door.server.port
        await door.server.stop()
        await door.server.stop()
        with socket.create_server(("127.0.0.1", port)):
            pass


async def test_stopping_does_not_wait_for_ever_for_a_request_in_progress() -> None:
    async with http_door(faults=Faults(generation_pace=10)) as door:
        asking = asyncio.create_task(door.post(STREAM, json={"text": "a long story " * 20}))
        await until(lambda: door.running.server.record.sessions)
        async with asyncio.timeout(5):
            await door.server.stop()
        with pytest.raises(Exception, match=r"(?i)disconnect|payload|closed"):
            await asking
        assert door.running.turns[0].outcome == "cancelled"


async def test_an_unknown_path_points_to_info() -> None:
    async with http_door() as door:
        answer = await door.get("/api/speech-realtime/voices")
    assert (answer.status, answer.json["code"], answer.json["title"]) == (404, "not-found", "Not Found")
    assert INFO in answer.json["detail"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", RECOGNIZE, "POST"),
        ("DELETE", SYNTHESIZE, "POST"),
        ("PUT", STREAM, "POST"),
        ("POST", INFO, "GET,HEAD"),
    ],
)
async def test_a_wrong_method_names_the_right_one(method: str, path: str, allowed: str) -> None:
    async with http_door() as door:
        answer = await door.ask(method, path)
    assert (answer.status, answer.json["code"]) == (405, "method-not-allowed")
    assert answer.headers["Allow"] == allowed
    assert answer.headers["Content-Type"] == "application/problem+json"


async def test_what_is_no_http_costs_one_line_and_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with http_door() as door:
            assert (await door.raw(b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" * 10))[8:13] == b" 400 "
            assert (await door.raw(b"GET / HTTP/1.1\r\nHost : x\r\n\r\n"))[8:13] == b" 400 "
            refused = [event for event in door.events if isinstance(event, ClientRefused)]
            assert refused == door.events
            assert [event.bound for event in refused] == ["malformed", "malformed"]
    lines = [record for record in caplog.records if record.getMessage().startswith("Not HTTP: ")]
    assert [(record.levelno, record.exc_info) for record in lines] == [(logging.INFO, None)] * 2


async def test_a_bug_is_told_without_its_details(caplog: pytest.LogCaptureFixture) -> None:
    async with http_door() as door:
        door.running.service.catalog = None  # type: ignore[assignment]
        answer = await door.get(INFO)
    assert (answer.status, answer.json["code"]) == (500, "internal-error")
    assert "catalog" not in answer.json["detail"]
    assert any(record.exc_info for record in caplog.records)


async def test_logs_hold_neither_tokens_nor_what_is_said(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with http_door(token="the-token") as door:
            headers = {"Authorization": "Bearer the-token"}
            await door.post(SYNTHESIZE, json={"text": "a private matter"}, headers=headers)
            await door.post(
                SYNTHESIZE, json={"text": "a private matter", "voiceName": "hal"}, headers=headers
            )
            await door.post(SYNTHESIZE, data=b'{"text": "a private matter"', headers=headers)
            await door.get(f"{INFO}/%0Aforged", headers=headers)
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("wyoming_azure")]
    text = "\n".join(ours)
    assert "unknown-voice" in text
    assert "the-token" not in text
    assert "private" not in text
    assert len(text.splitlines()) == len(ours)
