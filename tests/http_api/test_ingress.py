"""The page through Home Assistant's ingress: under a prefix that it does not know."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urljoin

import aiohttp

from tests.support.admission import registry_of
from tests.support.ingress import ADDRESS, PREFIX, ingress
from tests.support.service import running_service
from wyoming_azure_realtime.http_api.server import HttpServer
from wyoming_azure_realtime.observe import Observer
from wyoming_azure_realtime.settings.model import Http, Secret

BROWSER = {"Host": "home.example:8123", "Origin": "http://home.example:8123"}


@asynccontextmanager
async def through_ingress() -> AsyncIterator[tuple[aiohttp.ClientSession, str, str]]:
    """A server that serves holders of a token and its trusted proxy: its own address, and the proxy's."""
    http = Http(listen="127.0.0.1:0", token=Secret("a-token"), trusted_proxy=ADDRESS)
    async with running_service() as running, aiohttp.ClientSession(headers=BROWSER) as client:
        server = HttpServer(running.service, http, Observer(), registry_of(), model="gpt-realtime")
        await server.start()
        direct = f"http://127.0.0.1:{server.port}"
        try:
            async with ingress(direct) as address:
                yield client, direct, address
        finally:
            await server.stop()


def asked_for(page: str) -> set[str]:
    """Every file that the page asks for."""
    return set(re.findall(r"""(?:src|href)=["']([^"']+\.(?:js|css|svg))""", page))


async def test_whatever_the_page_asks_for_is_there_under_the_prefix() -> None:
    async with through_ingress() as (client, _, address):
        async with client.get(address) as answer:
            page = await answer.text()
            assert answer.headers["Content-Security-Policy"]
        assert {"page/main.js", "page/style.css"} <= asked_for(page)
        for path in asked_for(page):
            place = urljoin(address, path)
            assert PREFIX in place
            async with client.get(place) as answer:
                assert answer.status == 200
        request = {"text": "The kitchen lights are on.", "voiceName": "alloy"}
        place = urljoin(address, "api/speech-realtime/synthesize")
        async with client.post(place, json=request, headers={"Accept": "audio/wav"}) as answer:
            assert (answer.status, (await answer.read())[:4]) == (200, b"RIFF")


async def test_health_and_what_is_on_offer_are_there_as_well() -> None:
    async with through_ingress() as (client, _, address):
        for path in ("health", "api/speech-realtime/info"):
            async with client.get(address + path) as answer:
                assert answer.status == 200


async def test_beside_the_ingress_it_needs_the_token() -> None:
    async with through_ingress() as (client, direct, _):
        for path in ("/metrics", "/api/speech-realtime/info"):
            async with client.get(direct + path) as answer:
                assert answer.status == 401
