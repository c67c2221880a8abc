from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from wyoming_azure_realtime.http_api.access import guard
from wyoming_azure_realtime.http_api.problems import Handler, problems
from wyoming_azure_realtime.observe import Observer
from wyoming_azure_realtime.settings.model import Secret

PROXY, STRANGER = "172.30.32.2", "172.30.33.7"
BROWSER = {"Host": "home.example:8123", "Origin": "http://home.example:8123"}


@asynccontextmanager
async def guarded(
    peer: str, *, token: str = "", proxy: str = PROXY
) -> AsyncIterator[Callable[..., Awaitable[int]]]:
    """A guarded door whose clients seem to come from `peer`."""

    async def served(request: web.Request) -> web.Response:
        return web.Response(text="served")

    guarding = guard(Secret(token), proxy)

    @web.middleware
    async def pretend(request: web.Request, handler: Handler) -> web.StreamResponse:
        return await guarding(request.clone(remote=peer), handler)

    application = web.Application(middlewares=[problems(Observer()), pretend])
    application.router.add_route("*", "/{path:.*}", served)
    async with TestServer(application) as server, aiohttp.ClientSession(server.make_url("/")) as client:

        async def ask(path: str = "page", **headers: str) -> int:
            async with client.get(path, headers=headers) as answer:
                return answer.status

        yield ask


@pytest.mark.parametrize("token", ["", "a-token"])
@pytest.mark.parametrize("peer", [PROXY, f"::ffff:{PROXY}"])
async def test_what_the_proxy_lets_in_is_served_whatever_the_browser_calls_this_host(
    peer: str, token: str
) -> None:
    async with guarded(peer, token=token) as ask:
        assert await ask(**BROWSER) == 200
        assert await ask(Host="outside.example", Origin="https://inside.example") == 200


@pytest.mark.parametrize("headers", [{}, {"X-Forwarded-For": PROXY}, {"X-Real-IP": PROXY}, BROWSER])
@pytest.mark.parametrize("peer", [STRANGER, f"::ffff:{STRANGER}", "2001:db8::1", ""])
async def test_without_a_token_nobody_else_is_served_whatever_they_say_they_are(
    peer: str, headers: dict[str, str]
) -> None:
    async with guarded(peer) as ask:
        assert await ask(**{"Host": "127.0.0.1", **headers}) == 403


async def test_others_beside_the_proxy_need_the_token() -> None:
    async with guarded(STRANGER, token="a-token") as ask:
        assert await ask() == 401
        assert await ask(Authorization="Bearer a-token") == 200


async def test_this_machine_itself_is_served_as_ever() -> None:
    async with guarded("127.0.0.1") as ask:
        assert await ask(Host="127.0.0.1") == 200
        assert await ask(**BROWSER) == 403


async def test_whether_it_is_alive_is_told_to_everybody_who_calls_it_by_a_name_of_its_own() -> None:
    async with guarded(STRANGER) as ask:
        assert await ask("health", Host="127.0.0.1") == 200


async def test_no_proxy_is_trusted_unless_it_is_named() -> None:
    async with guarded("", proxy="") as ask:
        assert await ask() == 403
