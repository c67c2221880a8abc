"""What happened and what it cost, for the page: the latest turns, also live, figures for plots, and costs."""

import asyncio
import math
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from typing import Annotated, Any, Literal, Protocol

import msgspec
from aiohttp import web

from wyoming_azure_realtime.http_api import bodies
from wyoming_azure_realtime.http_api.bodies import JSON

MOST_CLIENTS = 16
MOST_WAITING = 64
"""Messages that wait for a client; one that is further behind is dropped."""

FIRST_TURNS = 100
"""Turns that a client gets first."""

ALIVE_SECONDS = 15.0
"""Between two signs of life, so that no proxy takes the silence for the end."""

WRITE_SECONDS = 10.0
"""For which a client may read nothing."""

PAUSE_SECONDS = 1.0
"""Between two messages that figures have changed, or the status."""


class RememberedTurns(Protocol):
    """Who remembers what happened."""

    def subscribe(self, subscriber: Callable[[str, bytes], None]) -> None:
        """Tell of every turn from now on (`turn`, JSON), and what has changed: `status`, `figures`."""

    async def turns(self, most: int) -> list[str]:
        """The latest turns as JSON, the latest first."""

    async def forget(self) -> None:
        """Forget them all."""

    def figures(self, span: Literal["hour", "day"]) -> Mapping[str, Any]:
        """What plots show of the last hour or day."""

    async def costs(self) -> Mapping[str, Any]:
        """What was spent."""

    async def choose_voice(self, name: str) -> bool:
        """Remember the voice for all who ask for none; whether that was possible."""


class TurnsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many turns are asked for."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = FIRST_TURNS


class FiguresQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of which time figures are asked for."""

    span: Literal["hour", "day"] = "hour"


class HistoryRoutes:
    """The routes over who remembers; `close` ends those that would go on."""

    def __init__(self, history: RememberedTurns) -> None:
        self._history = history
        self._feed = Feed()
        history.subscribe(self._feed.tell)

    def routes(self, prefix: str) -> list[web.RouteDef]:
        """All of them, below a path."""
        return [
            web.get(f"{prefix}/turns", self.turns),
            web.delete(f"{prefix}/turns", self.forget),
            web.get(f"{prefix}/turns/live", self.live),
            web.get(f"{prefix}/figures", self.figures),
            web.get(f"{prefix}/costs", self.costs),
        ]

    async def turns(self, request: web.Request) -> web.StreamResponse:
        """The latest turns, the latest first."""
        limit = bodies.read_query(request, TurnsQuery, numbers=True).limit
        return _json(_listed(await self._history.turns(limit)))

    async def forget(self, request: web.Request) -> web.StreamResponse:
        """Forget the turns."""
        await self._history.forget()
        return web.Response(status=204)

    async def figures(self, request: web.Request) -> web.StreamResponse:
        """What plots show."""
        span = bodies.read_query(request, FiguresQuery).span
        return _json(msgspec.json.encode(self._history.figures(span)))

    async def costs(self, request: web.Request) -> web.StreamResponse:
        """What was spent."""
        return _json(msgspec.json.encode(await self._history.costs()))

    async def live(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events: `turns` once, then each `turn`, and when `status` or `figures` have changed."""
        with self._feed.client() as client:
            first = _listed(await self._history.turns(FIRST_TURNS))
            headers = {
                "Content-Type": "text/event-stream",
                "Cache-Control": "no-store",
                "X-Accel-Buffering": "no",  # or nginx would wait for more
            }
            response = web.StreamResponse(headers=headers)
            await response.prepare(request)
            try:
                await _write(response, b"retry: 3000\n" + _event("turns", first))
                async with aclosing(client.messages()) as messages:
                    async for message in messages:
                        await _write(response, message)
            except (TimeoutError, ConnectionError):
                client.dropped = True  # it is gone, or does not read
            if client.dropped and request.transport is not None:
                request.transport.abort()
        return response

    def close(self) -> None:
        """End what would go on."""
        self._feed.close()


class LiveClient:
    """Messages for one client. Those that it does not fetch wait, `MOST_WAITING` of them at most."""

    def __init__(self) -> None:
        self._waiting: deque[bytes] = deque()
        self._more = asyncio.Event()
        self._ended = False
        self.dropped = False

    def put(self, message: bytes) -> None:
        """One more message; if too many wait already, the client is dropped."""
        if len(self._waiting) >= MOST_WAITING:
            self.dropped = True
            self.end()
        elif not self._ended:
            self._waiting.append(message)
            self._more.set()

    def end(self) -> None:
        """There are no more, and none of those that wait is worth anything."""
        self._ended = True
        self._waiting.clear()
        self._more.set()

    async def messages(self) -> AsyncGenerator[bytes, None]:
        """As they come, and signs of life between them."""
        while not self._ended:
            try:
                async with asyncio.timeout(ALIVE_SECONDS):
                    await self._more.wait()
            except TimeoutError:
                yield b":\n\n"
            self._more.clear()
            while self._waiting:
                yield self._waiting.popleft()


class Feed:
    """Tells all clients what happens. What has changed is told once in `PAUSE_SECONDS` at most."""

    def __init__(self) -> None:
        self._clients: set[LiveClient] = set()
        self._changed: set[str] = set()
        self._told_at = -math.inf
        self._timer: asyncio.TimerHandle | None = None

    @contextmanager
    def client(self) -> Iterator[LiveClient]:
        """One more client. Raises aiohttp's exception for 429 where there are enough."""
        if len(self._clients) >= MOST_CLIENTS:
            raise web.HTTPTooManyRequests(
                text=f"{MOST_CLIENTS} clients listen already.", headers={"Retry-After": "30"}
            )
        client = LiveClient()
        self._clients.add(client)
        try:
            yield client
        finally:
            self._clients.discard(client)

    def tell(self, name: str, body: bytes) -> None:
        """Tell of a turn, or that something has changed."""
        if not self._clients:
            return
        if name == "turn":
            self._put(_event(name, body))
            return
        self._changed.add(name)
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(max(loop.time(), self._told_at + PAUSE_SECONDS), self._tell_changed)

    def close(self) -> None:
        """End all clients."""
        if self._timer is not None:
            self._timer.cancel()
        for client in self._clients:
            client.end()

    def _tell_changed(self) -> None:
        self._timer, self._told_at = None, asyncio.get_running_loop().time()
        for name in sorted(self._changed):
            self._put(_event(name, b"{}"))
        self._changed.clear()

    def _put(self, message: bytes) -> None:
        for client in self._clients:
            client.put(message)


async def _write(response: web.StreamResponse, message: bytes) -> None:
    async with asyncio.timeout(WRITE_SECONDS):
        await response.write(message)


def _event(name: str, body: bytes) -> bytes:
    """JSON has no line break, so that one line is enough."""
    return b"event: " + name.encode() + b"\ndata: " + body + b"\n\n"


def _listed(turns: list[str]) -> bytes:
    return b'{"turns":[' + ",".join(turns).encode() + b"]}"


def _json(body: bytes) -> web.Response:
    return web.Response(body=body, content_type=JSON, headers={"Cache-Control": "no-store"})
