"""Whether the server is ready, by HTTP and by the command line."""

import asyncio
from typing import Any

import pytest

from tests.support.http_door import Door, http_door
from tests.support.program import program, run_to_end
from tests.support.wyoming_stand_in import piper, stand_in, whisper
from wyoming_azure_realtime.cli import REFUSED
from wyoming_azure_realtime.emulator.faults import Fault, Faults, RefusedUpgrade
from wyoming_azure_realtime.http_api.status_routes import Readiness
from wyoming_azure_realtime.settings.model import Pool, Settings
from wyoming_azure_realtime.wyoming_fallback import WyomingRecognizer, WyomingVoice

LAZY = Settings(pool=Pool(min_size=0))
REFUSING = Faults(refused_upgrade=RefusedUpgrade(status=401))


async def ready(door: Door, **request: Any) -> tuple[int, bool]:
    answer = await door.get("/readyz", **request)
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status, answer.json["ready"]


async def test_it_is_ready_when_a_session_can_be_had_and_then_keeps_to_that() -> None:
    async with http_door(settings=LAZY) as door:
        assert await ready(door) == (200, True)
        opened = door.running.server.record.upgrades
        assert opened == 2
        for _ in range(5):
            assert await ready(door) == (200, True)
        assert door.running.server.record.upgrades == opened


async def test_it_is_not_ready_when_none_can_be_had_and_says_nothing_but_that() -> None:
    async with http_door(settings=LAZY, faults=REFUSING) as door:
        answer = await door.get("/readyz")
    assert answer.status == 503
    assert answer.json == {"ready": False}


async def test_it_is_ready_again_when_the_service_is() -> None:
    async with http_door(settings=LAZY, faults=REFUSING) as door:
        assert (await ready(door))[0] == 503
        door.running.server.faults = Faults()
        async with asyncio.timeout(30):
            while (await ready(door))[0] != 200:  # noqa: ASYNC110 - nobody tells when it is
                await asyncio.sleep(0.05)


async def test_a_silent_service_is_not_waited_for_long() -> None:
    async with http_door(settings=LAZY, faults=Faults(silent_configuration=Fault())) as door:
        async with asyncio.timeout(10):
            assert (await ready(door))[0] == 503


async def test_many_who_ask_at_once_cause_one_look() -> None:
    async with http_door(settings=LAZY, faults=REFUSING) as door:
        answers = await asyncio.gather(*(ready(door) for _ in range(50)))
        assert set(answers) == {(503, False)}
        assert door.running.server.record.upgrades <= 4


async def test_it_needs_no_token_and_no_foreign_page_may_ask() -> None:
    async with http_door(settings=LAZY, token="a-token") as door:
        assert await ready(door) == (200, True)
        assert (await door.get("/readyz", headers={"Origin": "https://evil.example"})).status == 403


async def test_with_fallbacks_it_is_ready_without_a_cloud() -> None:
    async with stand_in(whisper()) as hears, stand_in(piper()) as speaks:
        fallbacks: dict[str, Any] = {
            "hearing": [WyomingRecognizer(hears.uri)],
            "speaking": [WyomingVoice(speaks.uri)],
        }
        async with http_door(settings=LAZY, faults=REFUSING, **fallbacks) as door:
            assert await ready(door) == (200, True)


async def test_a_look_that_takes_too_long_goes_on_and_counts_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wyoming_azure_realtime.http_api.status_routes.READY_SECONDS", 0.01)
    came, looks = asyncio.Event(), 0

    async def can_answer() -> bool:
        nonlocal looks
        looks += 1
        await came.wait()
        return True

    readiness = Readiness(can_answer)
    request: Any = None
    assert (await readiness.readyz(request)).status == 503
    assert (await readiness.readyz(request)).status == 503
    came.set()
    await asyncio.sleep(0)
    assert (await readiness.readyz(request)).status == 200
    assert looks == 1


async def test_the_command_line_asks_a_running_server() -> None:
    usual = ("--uri", "tcp://127.0.0.1:0", "--http", "127.0.0.1:0", "--no-zeroconf")
    async with program(*usual, "--backend", "embedded") as running:
        at = ("--uri", await running.uri(), "--http", (await running.http()).removeprefix("http://"))
        assert await run_to_end("check", "--ready", "--timeout", "20", *at) == (0, "", "")
    nobody = {"AZURE_OPENAI_ENDPOINT": "http://127.0.0.1:9", "AZURE_OPENAI_KEY": "a-key"}
    async with program(*usual, environ=nobody) as running:
        at = ("--uri", await running.uri(), "--http", (await running.http()).removeprefix("http://"))
        assert await run_to_end("check", *at) == (0, "", "")
        code, _, told = await run_to_end("check", "--ready", "--timeout", "20", *at)
        assert code == REFUSED
        assert "not ready" in told
        assert "doctor" in told
        code, _, told = await run_to_end("check", "--ready", *at[:2], "--http", "127.0.0.1:9")
        assert code == REFUSED
        assert "No HTTP API of this program answers at 127.0.0.1:9" in told
        code, _, told = await run_to_end("check", "--ready", *at[:2], "--http", "off")
        assert code == REFUSED
        assert told.count("\n") == 1
