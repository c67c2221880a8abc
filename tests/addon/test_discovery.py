import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from wyoming_azure_realtime.addon.discovery import ATTEMPTS, announce

ANNOUNCED = {"service": "wyoming", "config": {"uri": f"tcp://{socket.gethostname()}:10300"}}


@asynccontextmanager
async def supervisor(*statuses: int) -> AsyncIterator[tuple[str, list[tuple[str, Any]]]]:
    """A Supervisor that answers with these, the last one for ever; and what it received."""
    received: list[tuple[str, Any]] = []

    async def discovery(request: web.Request) -> web.Response:
        received.append((request.headers["Authorization"], await request.json()))
        status = statuses[min(len(received), len(statuses)) - 1]
        return web.json_response({"result": "ok", "data": {"uuid": "1"}}, status=status)

    application = web.Application()
    application.router.add_post("/discovery", discovery)
    async with TestServer(application) as server:
        yield str(server.make_url("")).rstrip("/"), received


async def test_home_assistant_learns_once_where_it_listens() -> None:
    async with supervisor(200) as (url, received):
        assert await announce(10300, "a-token", url)
    assert received == [("Bearer a-token", ANNOUNCED)]


async def test_a_supervisor_that_is_not_ready_is_asked_again() -> None:
    async with supervisor(502, 503, 200) as (url, received):
        assert await announce(10300, "a-token", url, pause=0.001)
    assert len(received) == 3


async def test_one_that_refuses_it_is_left_alone_in_the_end_and_the_log_says_what_to_do(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with supervisor(403) as (url, received):
        assert not await announce(10300, "a-token", url, pause=0.001)
    assert len(received) == ATTEMPTS
    assert "status 403" in caplog.text
    assert "by hand" in caplog.text
    assert "a-token" not in caplog.text


async def test_no_supervisor_at_all_is_no_error() -> None:
    assert not await announce(10300, "a-token", f"http://127.0.0.1:{unused_port()}", pause=0.001)
