"""The program keeps accounts: in its log, over HTTP, and from one life to the next."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.program import Program, program
from wyoming_azure_realtime.emulator.engines import sink_engines
from wyoming_azure_realtime.emulator.models import ServerOptions
from wyoming_azure_realtime.emulator.server import EmulatorServer

KEY = "a-key-for-tests"


def cloud(server: EmulatorServer, state: Path) -> dict[str, str]:
    ours = {
        "URI": "tcp://127.0.0.1:0",
        "HTTP": "127.0.0.1:0",
        "ZEROCONF": "false",
        "STATE": str(state),
        "COST_DAY": "0.0001",
        "COST_ACTION": "mute",
        "SPEECH_LAST_RESORT": "none",
    }
    return {
        "AZURE_OPENAI_ENDPOINT": server.url,
        "AZURE_OPENAI_KEY": KEY,
        **{f"WYOMING_AZURE_REALTIME_{name}": value for name, value in ours.items()},
    }


async def ask(running: Program, method: str, path: str, **request: Any) -> tuple[int, bytes]:
    port = (await running.said(r"HTTP API on port (\d+)"))[1]
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client:
        async with client.request(method, path, **request) as answer:
            return answer.status, await answer.read()


async def say(running: Program) -> int:
    text = {"text": "The light is on."}
    return (await ask(running, "POST", "/api/speech-realtime/synthesize", json=text))[0]


def objects(running: Program) -> Iterator[dict[str, Any]]:
    yield from (json.loads(line) for line in running.log if line != "(end of log)")


async def test_as_json_each_line_is_an_object_and_a_limit_outlives_the_program(tmp_path: Path) -> None:
    async with EmulatorServer(ServerOptions(key=KEY), sink_engines()) as server:
        environ = cloud(server, tmp_path / "state.sqlite")
        async with program("--log-format", "json", "--debug", environ=environ) as running:
            assert await say(running) == 200
            assert await say(running) == 503
            status, metrics = await ask(running, "GET", "/metrics")
            assert status == 200
            assert re.search(
                rb'^wyoming_azure_realtime_turns_total\{.*"spending-limit".*\} 1\.0$', metrics, re.MULTILINE
            )
            assert await running.stop() == 0
            lines = list(objects(running))
        turns = [line for line in lines if line.get("event") == "turn"]
        assert [turn["outcome"] for turn in turns] == ["completed", "spending-limit"]
        assert turns[0]["cost"] == pytest.approx(sum(turn["cost"] or 0 for turn in turns))
        assert turns[0]["cost"] > 0.0001
        # whatever else is said of a turn has its id
        assert {line["turn"] for line in lines if "turn" in line} <= {turn["turn"] for turn in turns}
        assert any("is reached" in line["message"] for line in lines)
        async with program("--log-format", "json", environ=environ) as running:
            assert await say(running) == 503
            info = json.loads((await ask(running, "GET", "/api/speech-realtime/info"))[1])
            assert info["cost"]["today"] == pytest.approx(turns[0]["cost"], abs=1e-4)
            assert info["cost"]["status"] == "reached"
