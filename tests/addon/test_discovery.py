import socket
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from wyoming_azure_realtime.addon.discovery import ATTEMPTS, announce

TOLD = {"service": "wyoming", "config": {"uri": f"tcp://{socket.gethostname()}:10300"}}


@asynccontextmanager
async def supervisor(*statuses):
    """A Supervisor that answers with these, the last one for ever; and what it was told."""
    told = []

    async def discovery(request):
        told.append((request.headers["Authorization"], await request.json()))
        status = statuses[min(len(told), len(statuses)) - 1]
        return web.json_response({"result": "ok", "data": {"uuid": "1"}}, status=status)

    application = web.Application()
    application.router.add_post("/discovery", discovery)
    async with TestServer(application) as server:
        yield str(server.make_url("")).rstrip("/"), told


async def test_home_assistant_is_told_once_where_it_listens():
    async with supervisor(200) as (url, told):
        assert await announce(10300, "a-token", url)
    assert told == [("Bearer a-token", TOLD)]


async def test_a_supervisor_that_is_not_ready_is_asked_again():
    async with supervisor(502, 503, 200) as (url, told):
        assert await announce(10300, "a-token", url, pause=0.001)
    assert len(told) == 3


async def test_one_that_does_not_want_it_is_left_alone_in_the_end_and_the_log_says_what_to_do(caplog):
    async with supervisor(403) as (url, told):
        assert not await announce(10300, "a-token", url, pause=0.001)
    assert len(told) == ATTEMPTS
    assert "status 403" in caplog.text
    assert "by hand" in caplog.text
    assert "a-token" not in caplog.text


async def test_no_supervisor_at_all_is_no_error():
    assert not await announce(10300, "a-token", f"http://127.0.0.1:{unused_port()}", pause=0.001)
