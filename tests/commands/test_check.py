import asyncio
from pathlib import Path

import pytest

from tests.support.program import program, run_to_end
from wyoming_azure_realtime.cli import REFUSED
from wyoming_azure_realtime.commands.client import default_uri


async def check(uri: str, *arguments: str) -> tuple[int, str]:
    code, out, told = await run_to_end("check", "--uri", uri, *arguments)
    assert out == ""
    return code, told


async def test_a_server_that_is_there_is_well_by_tcp_and_by_a_unix_socket(tmp_path: Path) -> None:
    unix = f"unix://{tmp_path / 'socket'}"
    uris = ("--uri", "tcp://127.0.0.1:0", "--uri", unix)
    async with program(*uris, "--http", "off", "--no-zeroconf", "--backend", "embedded") as running:
        assert await check(await running.uri()) == (0, "")
        assert await check(unix) == (0, "")


@pytest.mark.parametrize(
    ("told", "asked"),
    [
        ("", "tcp://127.0.0.1:10300"),
        ("tcp://0.0.0.0:10400", "tcp://127.0.0.1:10400"),
        ("tcp://[::]:10400,unix:///run/voice", "tcp://[::1]:10400"),
        ("unix:///run/voice", "unix:///run/voice"),
    ],
)
def test_the_server_is_looked_for_where_the_environment_has_it_listen(told: str, asked: str) -> None:
    assert default_uri({"WYOMING_AZURE_REALTIME_URI": told}) == asked


@pytest.mark.parametrize("uri", ["tcp://127.0.0.1:1", "unix:///nowhere/socket"])
async def test_nobody_is_told_as_such(uri: str) -> None:
    assert await check(uri) == (REFUSED, f"No Wyoming server answers at {uri} {told_reason(uri)}.\n")


def told_reason(uri: str) -> str:
    return "(ConnectionRefusedError)" if uri.startswith("tcp") else "(FileNotFoundError)"


@pytest.mark.parametrize("uri", ["10300", "stdio://"])
async def test_an_address_that_nobody_can_ask_is_refused(uri: str) -> None:
    assert (await check(uri))[0] == REFUSED


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b'{"type": "error"}\n',
        b"[]\n",
        b"",
        b"[" * 5000 + b"\n",
        b"\xff\n",
    ],
)
async def test_something_else_that_listens_is_not_well(answer: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        code, told = await check(f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    assert code == REFUSED
    assert told.count("\n") == 1


async def test_a_server_that_does_not_answer_is_not_waited_for_long() -> None:
    async def stay_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(stay_silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        code, told = await check(f"tcp://127.0.0.1:{port}", "--timeout", "0.2")
    assert code == REFUSED
    assert "TimeoutError" in told
