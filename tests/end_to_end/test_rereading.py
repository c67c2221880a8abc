"""The program reads its settings again: asked by SIGHUP or over HTTP; in a terminal SIGHUP ends it."""

import asyncio
import os
import pty
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.support.program import START_SECONDS, STOP_SECONDS, Program, clean_environment, program
from wyoming_azure_realtime.emulator.engines import sink_engines
from wyoming_azure_realtime.emulator.models import ServerOptions
from wyoming_azure_realtime.emulator.server import EmulatorServer

KEY, NEXT_KEY = "the-first-key-of-two", "the-second-key-of-two"

SETTINGS = """
targets: [{{endpoint: "{endpoint}", key: {key}}}]
listeners: [{{uri: tcp://127.0.0.1:0}}]
http: {{listen: 127.0.0.1:0}}
zeroconf: {{enabled: false}}
state: "off"
"""


@pytest.fixture(autouse=True)
def hang_up_counts() -> Iterator[None]:
    """Also where the tests themselves were started by nohup: programs inherit what is ignored."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@asynccontextmanager
async def home(folder: Path) -> AsyncIterator[tuple[Program, EmulatorServer, Path]]:
    file = folder / "settings.yaml"
    async with EmulatorServer(ServerOptions(key=KEY), sink_engines()) as server:
        file.write_text(SETTINGS.format(endpoint=server.url, key=KEY))
        async with program("--config", str(file), "--debug", detached=True) as running:
            await running.said("HTTP API on port")
            yield running, server, file


async def post(running: Program, path: str, **request: object) -> tuple[int, bytes]:
    async with aiohttp.ClientSession(await running.http()) as client:
        async with client.post(f"/api/speech-realtime/{path}", **request) as answer:  # type: ignore[arg-type]
            return answer.status, await answer.read()


async def test_a_key_that_was_replaced_counts_after_sighup_and_stands_in_no_line(tmp_path: Path) -> None:
    async with home(tmp_path) as (running, _, file):
        assert (await post(running, "synthesize", json={"text": "Hello."}))[0] == 200
        async with EmulatorServer(ServerOptions(key=NEXT_KEY), sink_engines()) as after:
            file.write_text(SETTINGS.format(endpoint=after.url, key=NEXT_KEY))
            running.process.send_signal(signal.SIGHUP)
            await running.said(r"in force from now on: targets\[0\].endpoint, targets\[0\].key")
            assert (await post(running, "synthesize", json={"text": "Hello."}))[0] == 200
            assert after.record.sessions
            assert await running.stop() == 0
    assert not [line for line in running.log if KEY in line or NEXT_KEY in line]


async def test_a_bad_file_leaves_what_was_and_the_program_goes_on(tmp_path: Path) -> None:
    async with home(tmp_path) as (running, _, file):
        file.write_text("speech: {voice: [")
        running.process.send_signal(signal.SIGHUP)
        await running.said(r"The settings stay as they were: .*settings.yaml:\d+ is no YAML")
        status, problem = await post(running, "settings/reload")
        assert status == 400
        assert b"is no YAML" in problem
        assert (await post(running, "synthesize", json={"text": "Hello."}))[0] == 200


async def test_over_http_it_says_what_has_changed(tmp_path: Path) -> None:
    async with home(tmp_path) as (running, server, file):
        more = "speech: {voice: echo}\nlimits: {idle: 60}\n"
        file.write_text(SETTINGS.format(endpoint=server.url, key=KEY) + more)
        status, answer = await post(running, "settings/reload")
        assert status == 200
        assert answer == b'{"changed":["speech.voice"],"needsRestart":["limits.idle"]}'


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
async def test_in_a_terminal_both_signals_end_it_in_order(tmp_path: Path, number: signal.Signals) -> None:
    """The terminal is a real one, and the program's own."""
    file = tmp_path / "settings.yaml"
    async with EmulatorServer(ServerOptions(key=KEY), sink_engines()) as server:
        file.write_text(SETTINGS.format(endpoint=server.url, key=KEY))
        terminal, inside = pty.openpty()
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", _OWN_TERMINAL, inside_name(inside)),
                *(sys.executable, "-m", "wyoming_azure_realtime", "--config", str(file)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                env=clean_environment({}),
                start_new_session=True,
            )
            running = Program(process)
            reading = asyncio.create_task(running.read_log())
            async with asyncio.timeout(START_SECONDS):
                await running.said("HTTP API on port")
            process.send_signal(number)
            async with asyncio.timeout(STOP_SECONDS):
                assert await process.wait() == 0
                await reading
        finally:
            os.close(terminal)
            os.close(inside)
    assert "Stopped" in running.log[-2]


_OWN_TERMINAL = (
    "import os, sys; os.close(os.open(sys.argv[1], os.O_RDWR)); os.execv(sys.argv[2], sys.argv[2:])"
)
"""The first terminal that the leader of a session opens becomes that of the session."""


def inside_name(descriptor: int) -> str:
    return os.ttyname(descriptor)


async def test_a_cloud_that_is_configured_while_it_runs_serves_the_next_request(tmp_path: Path) -> None:
    file, nothing = tmp_path / "settings.yaml", SETTINGS.partition("\n")[2].partition("\n")[2]
    file.write_text(nothing.format().replace('"off"', "auto"))
    async with EmulatorServer(ServerOptions(key=KEY), sink_engines()) as server:
        async with program("--config", str(file), detached=True) as running:
            await running.said("HTTP API on port")
            (tmp_path / "key").write_text(f"{KEY}\n")
            target = f'targets: [{{endpoint: "{server.url}", key_file: key}}]\n'
            file.write_text(target + nothing.format().replace('"off"', "auto"))
            running.process.send_signal(signal.SIGHUP)
            await running.said(r"in force from now on: targets\[0\].name, targets\[0\].endpoint")
            assert (await post(running, "synthesize", json={"text": "Hello."}))[0] == 200
            assert server.record.sessions
            await running.said("What is spent is kept from the next start on")
