"""What is refused before there is a turn is reported, and does not fill the log."""

import logging
from typing import Any

import pytest

from tests.support.http_door import INFO, RECOGNIZE, SYNTHESIZE, http_door
from wyoming_azure_realtime.emulator.faults import Failure, Faults
from wyoming_azure_realtime.observe import ClientRefused
from wyoming_azure_realtime.settings.model import Deadlines, Settings

TEXT = {"text": "hello"}
SOON = Settings(deadlines=Deadlines(request=0.5))
TOKEN = {"Authorization": "Bearer right-token"}


@pytest.mark.parametrize(
    ("path", "request_", "bound", "answer"),
    [
        (SYNTHESIZE, {"headers": {}, "json": TEXT}, "http.token", "401 Unauthorized"),
        (
            SYNTHESIZE,
            {"headers": TOKEN | {"Origin": "http://x"}, "json": TEXT},
            "http.token",
            "403 Forbidden",
        ),
        (SYNTHESIZE, {"data": b"x" * 2000}, "http.max_body", "413 Request Entity Too Large"),
        (SYNTHESIZE, {"data": b"hello"}, "unsupported-media-type", "415 Unsupported Media Type"),
        (SYNTHESIZE, {"json": {"text": 1}}, "invalid-request", "400 invalid-request"),
        (SYNTHESIZE, {"json": TEXT | {"voiceName": "hal"}}, "unknown-voice", "400 unknown-voice"),
        (RECOGNIZE, {"json": {"audioData": "?"}}, "invalid-request", "400 invalid-request"),
        ("/nowhere", {"json": TEXT}, "not-found", "404 Not Found"),
        (INFO, {"json": TEXT}, "method-not-allowed", "405 Method Not Allowed"),
    ],
)
async def test_every_refusal_is_reported_once_with_what_decided_it(
    path: str, request_: dict[str, Any], bound: str, answer: str
) -> None:
    if bound == "http.max_body":
        request_ |= {"headers": TOKEN | {"Content-Type": "application/json"}}
    async with http_door(token="right-token", max_body=1000) as door:
        await door.post(path, **{"headers": TOKEN, **request_})
        assert door.events == [ClientRefused("http", bound, f"POST {path}: {answer}", logging.INFO)]
        assert door.running.turns == []


async def test_who_is_served_is_not_reported_nor_is_a_turn_that_failed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "wyoming_azure_realtime")
    async with http_door(faults=Faults(failed_response=Failure(skip=1)), settings=SOON) as door:
        assert (await door.post(SYNTHESIZE, json=TEXT)).status == 200
        assert (await door.post(SYNTHESIZE, json=TEXT)).status >= 500
        assert door.events == []
    assert f"POST {SYNTHESIZE}: 50" in caplog.text


async def test_a_flood_of_strangers_is_a_few_lines_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "wyoming_azure_realtime")
    async with http_door(token="right-token") as door:
        for _ in range(30):
            assert (await door.get(INFO)).status == 401
        for _ in range(30):
            await door.raw(b"\x16\x03\x01 this is no HTTP\r\n\r\n")
        assert len(door.events) == 60
    assert caplog.text.count("401 Unauthorized") == 5
    assert caplog.text.count("Not HTTP") == 5
