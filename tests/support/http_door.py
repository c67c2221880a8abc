"""The HTTP server over a real service and an embedded backend, and a client that talks to it."""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import msgspec
import numpy as np

from tests.support.service import Running, running_service
from wyoming_azure_realtime.http_api.bodies import BodyLimits
from wyoming_azure_realtime.http_api.server import PREFIX, HttpServer
from wyoming_azure_realtime.observe import ObservedEvent, Observer
from wyoming_azure_realtime.observed_log import ObservedLog
from wyoming_azure_realtime.settings.model import Http, Secret

RECOGNIZE = f"{PREFIX}/recognize"
SYNTHESIZE = f"{PREFIX}/synthesize"
STREAM = f"{PREFIX}/synthesize/stream"
INFO = f"{PREFIX}/info"
SAID = "turn on the kitchen lights"


@dataclass(frozen=True)
class Answer:
    """A response, read to its end."""

    status: int
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


@dataclass(frozen=True)
class Door:
    """The server, what runs behind it, a client session whose base is the server, and what was reported."""

    server: HttpServer
    running: Running
    client: aiohttp.ClientSession
    events: list[ObservedEvent]

    async def ask(self, method: str, path: str, **request: Any) -> Answer:
        async with asyncio.timeout(10), self.client.request(method, path, **request) as response:
            return Answer(response.status, response.headers, await response.read())

    async def post(self, path: str, **request: Any) -> Answer:
        return await self.ask("POST", path, **request)

    async def get(self, path: str, **request: Any) -> Answer:
        return await self.ask("GET", path, **request)

    async def raw(self, request: bytes) -> bytes:
        """Everything the server answers to these bytes, until it closes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port)
        try:
            async with asyncio.timeout(10):
                writer.write(request)
                return await reader.read()
        finally:
            writer.close()


@asynccontextmanager
async def http_door(
    *, token: str = "", max_body: int = 1 << 20, limits: BodyLimits | None = None, **options: Any
) -> AsyncIterator[Door]:
    """`options`: those of `running_service`."""
    async with running_service(**options) as running:
        http = Http(listen="127.0.0.1:0", token=Secret(token), max_body=max_body)
        events: list[ObservedEvent] = []
        observer = Observer(ObservedLog().write, events.append)
        server = HttpServer(running.service, http, observer, model="gpt-realtime", limits=limits)
        await server.start()
        try:
            base = f"http://127.0.0.1:{server.port}"
            async with aiohttp.ClientSession(base) as client:
                yield Door(server, running, client, events)
        finally:
            await server.stop()


def noise(seconds: float, rate: int = 24_000) -> bytes:
    """PCM16 mono that nobody takes for silence."""
    samples = np.random.default_rng(7).integers(-8000, 8000, round(seconds * rate), dtype=np.int16)
    return samples.astype("<i2").tobytes()


def base64_of(pcm: bytes) -> str:
    return base64.b64encode(pcm).decode()


async def until(condition: Callable[[], object]) -> None:
    """Wait for what a plain record will show; its owner tells nobody."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
