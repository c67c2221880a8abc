import asyncio
import json
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.support.scripted_server import (
    Close,
    Deaf,
    Drop,
    Expect,
    Linger,
    Refuse,
    Send,
    scripted_server,
)
from wyoming_azure_realtime import errors
from wyoming_azure_realtime._version import __version__
from wyoming_azure_realtime.transport.websocket import WebSocketConnection

CLEAR = b'{"type":"input_audio_buffer.clear"}'


async def connect(
    url: str, *, within: float = 5.0, headers: dict[str, str] | None = None
) -> WebSocketConnection:
    address = url.replace("http", "ws", 1) + "/openai/v1/realtime?model=d"
    return await WebSocketConnection.open(
        address, {"api-key": "hunter2"} if headers is None else headers, within=within, deployment="d"
    )


@asynccontextmanager
async def raw_server(answer: bytes):
    """Reads a request's beginning, says `answer` and hangs up."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_frames_go_out_and_come_in_as_text():
    async with scripted_server([Send('{"a": 1}'), Expect("input_audio_buffer.clear"), Linger()]) as server:
        connection = await connect(server.url)
        assert await connection.receive() == b'{"a": 1}'
        await connection.send(CLEAR)
        assert not connection.closed
        await connection.close()
        assert connection.closed
        await connection.wait_closed()
    assert server.received == [json.loads(CLEAR)]


async def test_the_upgrade_carries_the_credentials_a_name_and_no_compression():
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


async def test_frames_above_a_mebibyte_are_accepted():
    large = "x" * (5 << 20)
    async with scripted_server([Send(large), Linger()]) as server:
        connection = await connect(server.url)
        assert await connection.receive() == large.encode()
        await connection.close()


async def test_a_frame_without_any_sense_of_size_ends_the_session_for_good():
    async with scripted_server([Send("x" * (17 << 20)), Linger()]) as server:
        connection = await connect(server.url)
        with pytest.raises(errors.ProtocolViolation, match="1009"):
            await connection.receive()


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
):
    raw = body if isinstance(body, str) else json.dumps(body)
    async with scripted_server([Refuse(status, raw.encode())]) as server:
        with pytest.raises(errors.BackendError) as caught:
            await connect(server.url)
    assert type(caught.value) is expected
    assert f"HTTP {status}" in caught.value.message
    assert "hunter2" not in str(caught.value)


async def test_a_rate_limited_upgrade_says_how_long_to_wait():
    async with scripted_server([Refuse(429, headers={"retry-after-ms": "250"})]) as server:
        with pytest.raises(errors.RateLimited) as caught:
            await connect(server.url)
    assert caught.value.retry_after == 0.25


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed_and_credentials_stay_at_home(status: int):
    async with scripted_server() as elsewhere:
        target = elsewhere.url.replace("http", "ws", 1)
        async with scripted_server([Refuse(status, headers={"Location": f"{target}/x"})]) as server:
            with pytest.raises(errors.ConnectFailed, match="redirects"):
                await connect(server.url)
        assert elsewhere.requests == []


async def test_a_redirect_on_the_same_host_is_not_followed_either():
    async with scripted_server([Refuse(302, headers={"Location": "/openai/realtime"})]) as server:
        with pytest.raises(errors.ConnectFailed, match="redirects"):
            await connect(server.url)
    assert len(server.requests) == 1


async def test_an_upgrade_that_is_never_answered_ends_by_its_deadline():
    async with asyncio.timeout(5), scripted_server([Deaf()]) as server:
        with pytest.raises(errors.ConnectFailed, match="in time"):
            await connect(server.url, within=0.05)
        await server.all_gone()


async def test_a_cancelled_connect_leaves_no_socket():
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
async def test_an_answer_that_is_no_websocket_is_an_error_of_ours(answer: bytes):
    async with raw_server(answer) as url:
        with pytest.raises(errors.BackendError):
            await connect(url)


async def test_nobody_there_is_an_error_of_ours(unused_tcp_port: int):
    with pytest.raises(errors.ConnectFailed, match="cannot be reached"):
        await connect(f"http://127.0.0.1:{unused_tcp_port}")


@pytest.mark.parametrize("key", ["with\nnewline", "with\r\nX-Injected: 1", "schlüssel", "🔑", "nul\0"])
async def test_a_key_that_no_header_can_hold_is_never_shown_nor_able_to_add_headers(key: str):
    async with scripted_server([Linger()]) as server:
        try:
            connection = await connect(server.url, headers={"api-key": key})
        except errors.BackendError as error:
            assert key not in str(error)  # noqa: PT017 - both outcomes are legal
        else:
            await connection.close()
    assert all("X-Injected" not in request.headers for request in server.requests)


@pytest.mark.parametrize(
    ("step", "expected", "words"),
    [
        (Close(1001, "Your session hit the maximum duration of 60 minutes."), errors.SessionLost, "duration"),
        (Close(1011, "internal"), errors.SessionLost, "1011"),
        (Close(3000, "invalid_request_error.invalid_api_key"), errors.AuthenticationFailed, "key"),
        (Close(4000, "invalid_request_error.beta_api_shape_disabled"), errors.UnsupportedVersion, "preview"),
        (Drop(), errors.SessionLost, "1006"),
    ],
)
async def test_an_end_from_the_other_side_is_told_to_reader_and_writer(
    step: Close | Drop, expected: type[errors.BackendError], words: str
):
    async with scripted_server([step]) as server:
        connection = await connect(server.url)
        await connection.wait_closed()
        assert connection.closed
        for attempt in (connection.receive(), connection.send(CLEAR)):
            with pytest.raises(errors.BackendError) as caught:
                await attempt
            assert type(caught.value) is expected
            assert words in str(caught.value)
        await connection.close()


async def test_what_came_before_the_end_is_still_read():
    async with scripted_server([Send("1"), Send("2"), Close()]) as server:
        connection = await connect(server.url)
        await connection.wait_closed()
        assert await connection.receive() == b"1"
        assert await connection.receive() == b"2"
        with pytest.raises(errors.SessionLost):
            await connection.receive()
