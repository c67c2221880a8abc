import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.server import ServerConnection, serve

from tests.support.eventually import eventually
from tests.support.scripted_server import Deaf, Linger, Refuse, scripted_server
from wyoming_azure_realtime import errors
from wyoming_azure_realtime._version import __version__
from wyoming_azure_realtime.transport.failures import Asked
from wyoming_azure_realtime.transport.websocket import open_websocket


async def connect(
    url: str, *, within: float = 5.0, headers: dict[str, str] | None = None
) -> ClientConnection:
    address = url.replace("http", "ws", 1) + "/openai/v1/realtime?model=d"
    return await open_websocket(
        address, {"api-key": "hunter2"} if headers is None else headers, within=within, asked=Asked("d")
    )


@asynccontextmanager
async def raw_server(answer: bytes) -> AsyncIterator[str]:
    """Reads a request's beginning, says `answer` and hangs up."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_the_upgrade_carries_the_credentials_a_name_and_no_compression() -> None:
    async with scripted_server([Linger()]) as server:
        await (await connect(server.url)).close()
    (request,) = server.requests
    assert request.path == "/openai/v1/realtime?model=d"
    assert request.headers.get_all("api-key") == ["hunter2"]
    assert request.headers.get_all("Authorization") == []
    assert request.headers["User-Agent"] == f"wyoming-azure-realtime/{__version__}"
    assert "Sec-WebSocket-Extensions" not in request.headers
    assert "Sec-WebSocket-Protocol" not in request.headers
    assert "OpenAI-Beta" not in request.headers


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, {"error": {"code": "401", "message": "Access denied."}}, errors.AuthenticationFailed),
        (404, {"error": {"code": "DeploymentNotFound", "message": "No."}}, errors.DeploymentNotFound),
        (429, {"error": {"code": "429", "message": "Please retry after 7 seconds."}}, errors.RateLimited),
        (503, "<html>down</html>", errors.ConnectFailed),
    ],
)
async def test_a_refused_upgrade_tells_what_the_body_says(
    status: int, body: Any, expected: type[errors.BackendError]
) -> None:
    raw = body if isinstance(body, str) else json.dumps(body)
    async with scripted_server([Refuse(status, raw.encode())]) as server:
        with pytest.raises(errors.BackendError) as caught:
            await connect(server.url)
    assert type(caught.value) is expected
    assert f"HTTP {status}" in caught.value.message
    assert "hunter2" not in str(caught.value)


async def test_a_rate_limited_upgrade_says_how_long_to_wait() -> None:
    async with scripted_server([Refuse(429, headers={"retry-after-ms": "250"})]) as server:
        with pytest.raises(errors.RateLimited) as caught:
            await connect(server.url)
    assert caught.value.retry_after == 0.25


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed_and_credentials_stay_at_home(status: int) -> None:
    async with scripted_server() as elsewhere:
        target = elsewhere.url.replace("http", "ws", 1)
        async with scripted_server([Refuse(status, headers={"Location": f"{target}/x"})]) as server:
            with pytest.raises(errors.WrongEndpoint, match="redirects"):
                await connect(server.url)
        assert elsewhere.requests == []


async def test_a_redirect_on_the_same_host_is_not_followed_either() -> None:
    async with scripted_server([Refuse(302, headers={"Location": "/openai/realtime"})]) as server:
        with pytest.raises(errors.WrongEndpoint, match="redirects"):
            await connect(server.url)
    assert len(server.requests) == 1


async def test_an_upgrade_that_is_never_answered_ends_by_its_deadline() -> None:
    async with asyncio.timeout(5), scripted_server([Deaf()]) as server:
        with pytest.raises(errors.ConnectFailed, match="in time"):
            await connect(server.url, within=0.05)
        await server.all_gone()


async def test_a_cancelled_connect_leaves_no_socket() -> None:
    async with scripted_server([Deaf()]) as server:
        connecting = asyncio.create_task(connect(server.url))
        await server.asked.wait()
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting
        await server.all_gone()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x15\x03\x01\x00\x02\x02\x46",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 101 Go\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\nhello",
        b"HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: nonsense\r\n\r\nhello",
        b"HTTP/1.1 400 " + b"x" * 100_000,
    ],
    ids=range(8),
)
async def test_an_answer_that_is_no_websocket_is_an_error_of_ours(answer: bytes) -> None:
    async with raw_server(answer) as url:
        with pytest.raises(errors.BackendError):
            await connect(url)


async def test_nobody_there_is_an_error_of_ours(unused_tcp_port: int) -> None:
    with pytest.raises(errors.ConnectFailed, match="cannot be reached"):
        await connect(f"http://127.0.0.1:{unused_tcp_port}")


@pytest.mark.parametrize("key", ["with\nnewline", "with\r\nX-Injected: 1", "schlüssel", "🔑", "nul\0"])
async def test_a_key_that_no_header_can_hold_is_never_shown_nor_able_to_add_headers(key: str) -> None:
    async with scripted_server([Linger()]) as server:
        try:
            connection = await connect(server.url, headers={"api-key": key})
        except errors.BackendError as error:
            assert key not in str(error)  # noqa: PT017 - both outcomes are legal
        else:
            await connection.close()
    assert all("X-Injected" not in request.headers for request in server.requests)


async def test_of_what_a_service_sends_to_an_idle_session_little_is_kept() -> None:
    async def flood(connection: ServerConnection) -> None:
        for _ in range(30):
            await connection.send(bytes(1 << 20))

    async with serve(flood, "127.0.0.1", 0, compression=None) as server:
        port = server.sockets[0].getsockname()[1]
        connection = await connect(f"http://127.0.0.1:{port}")
        waiting = connection.recv_messages
        await eventually(lambda: waiting.paused)  # nothing is read until somebody takes a frame
        assert 2 <= len(waiting.frames) <= 4
        connection.transport.abort()
