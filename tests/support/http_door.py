"""The HTTP server over a real service and an embedded backend, and a client that talks to it."""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import msgspec

from tests.support.admission import registry_of
from tests.support.service import DEFAULTS, Running, running_service
from wyoming_azure_realtime.accounting.history import TurnHistory
from wyoming_azure_realtime.accounting.ledger import Ledger
from wyoming_azure_realtime.accounting.metrics import Metrics
from wyoming_azure_realtime.accounting.store import StatePlace
from wyoming_azure_realtime.admission.connections import ConnectionRegistry
from wyoming_azure_realtime.http_api.bodies import BodyLimits
from wyoming_azure_realtime.http_api.server import PREFIX, HttpServer
from wyoming_azure_realtime.observe import ObservedEvent, Observer
from wyoming_azure_realtime.observed_log import ObservedLog
from wyoming_azure_realtime.settings.model import Cost, Http, Secret
from wyoming_azure_realtime.settings.model import History as Rules

RECOGNIZE = f"{PREFIX}/recognize"
SYNTHESIZE = f"{PREFIX}/synthesize"
STREAM = f"{PREFIX}/synthesize/stream"
INFO = f"{PREFIX}/info"
REMEMBERED = Rules()
NO_LIMITS = Cost()
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
    """The server, what runs behind it, a client of the server, what was reported and what is remembered."""

    server: HttpServer
    running: Running
    client: aiohttp.ClientSession
    events: list[ObservedEvent]
    history: TurnHistory

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
    *,
    token: str = "",
    trusted_proxy: str = "",
    max_body: int = 1 << 20,
    limits: BodyLimits | None = None,
    state: StatePlace | None = None,
    rules: Rules = REMEMBERED,
    registry: ConnectionRegistry | None = None,
    cost: Cost = NO_LIMITS,
    **options: Any,
) -> AsyncIterator[Door]:
    """`state`: where history and costs are kept; `cost`: limits; `options`: those of `running_service`."""
    settings = msgspec.structs.replace(options.pop("settings", DEFAULTS), history=rules)
    async with running_service(settings=settings, **options) as running, AsyncExitStack() as stack:
        http = Http(listen="127.0.0.1:0", token=Secret(token), trusted_proxy=trusted_proxy, max_body=max_body)
        events: list[ObservedEvent] = []
        observer = Observer(ObservedLog().write, events.append)
        history = await stack.enter_async_context(_remembered(running, rules, state, cost))
        server = HttpServer(
            running.service,
            http,
            observer,
            registry_of(observer=observer) if registry is None else registry,
            model="gpt-realtime",
            limits=limits,
            history=history,
        )
        await server.start()
        stack.push_async_callback(server.stop)
        base = f"http://127.0.0.1:{server.port}"
        async with aiohttp.ClientSession(base) as client:
            yield Door(server, running, client, events, history)


@asynccontextmanager
async def _remembered(
    running: Running, rules: Rules, state: StatePlace | None, cost: Cost
) -> AsyncIterator[TurnHistory]:
    target = running.service.catalog.provider.target
    ledger = Ledger(cost, [target], running.observer, state)
    metrics = Metrics(ledger, [target.name])
    metrics.sessions = running.service.session_counts
    history = TurnHistory(ledger, rules)
    history.timelines.sessions = metrics.open_and_idle
    for subscriber in (ledger.count, metrics.count, history.count):
        running.observer.subscribe(subscriber)
    running.service.spending = ledger
    await ledger.start()
    await history.start()
    try:
        yield history
    finally:
        await ledger.stop()


def base64_of(pcm: bytes) -> str:
    return base64.b64encode(pcm).decode()


async def until(condition: Callable[[], object]) -> None:
    """Wait for what a plain record will show; its owner tells nobody."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
