"""The connections of the HTTP server, in the registry of all doors; with a time limit for each head.

aiohttp's own protocol does the rest; each connection stands between the transport and such a protocol.
"""

import asyncio
from collections.abc import Callable
from typing import cast

from aiohttp import web
from aiohttp.typedefs import Middleware

from wyoming_azure_realtime.admission.connections import ConnectionRegistry, Stage
from wyoming_azure_realtime.admission.memory import Claim, MemoryBudget
from wyoming_azure_realtime.errors import TooManyRequests
from wyoming_azure_realtime.http_api.problems import DOOR, Handler

HEAD_SECONDS = 10.0
"""Seconds from the first byte of a request to the end of its head."""

_READ_BYTES = 32 << 10
"""Read of a connection at a time: the event loop itself would read eight times as much before others."""

_CLAIM = web.RequestKey("claim", Claim)


class HttpConnection(asyncio.BufferedProtocol):
    """One client's connection. `inner`: the protocol that knows HTTP; `on_lost`: called at its end.

    `read_buffer`: where received bytes are put, whatever the connection, to be copied at once.
    """

    door = DOOR

    def __init__(
        self,
        inner: asyncio.Protocol,
        registry: ConnectionRegistry,
        on_lost: Callable[[], None],
        read_buffer: memoryview,
    ) -> None:
        self.peer = self.address = ""
        self._read_buffer = read_buffer
        self._inner = inner
        self._registry = registry
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._stage = Stage.SILENT
        self._admitted = False
        self._head_timer: asyncio.TimerHandle | None = None
        self._received_at = self._loop.time()
        self._request: web.BaseRequest | None = None

    # Called by the transport.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask the registry for room."""
        self._transport = cast("asyncio.Transport", transport)
        name = transport.get_extra_info("peername")
        if isinstance(name, tuple):
            self.address = str(name[0])
            self.peer = f"{name[0]} port {name[1]}"
        self._admitted = self._registry.admit(self)
        if self._admitted:
            self._inner.connection_made(transport)
        else:
            self._transport.abort()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the next bytes go."""
        return self._read_buffer

    def buffer_updated(self, nbytes: int) -> None:
        """So many bytes of a head or a body are in the buffer."""
        self._received_at = self._loop.time()
        if self._stage in (Stage.SILENT, Stage.IDLE):
            self._enter(Stage.INCOMPLETE)
            self._head_timer = self._loop.call_later(HEAD_SECONDS, self._head_is_late)
        self._inner.data_received(bytes(self._read_buffer[:nbytes]))

    def eof_received(self) -> bool | None:
        """The client has ended its side."""
        return self._inner.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is over."""
        self._stop_timer()
        self._registry.remove(self)
        self._on_lost()
        if self._admitted:
            self._inner.connection_lost(exc)

    def pause_writing(self) -> None:
        """The client reads slower than we write."""
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """The client reads again."""
        self._inner.resume_writing()

    # Called by the registry.

    @property
    def awaited_since(self) -> float | None:
        """Since when more of the request's body is awaited; None if it is whole."""
        request = self._request
        return None if request is None or request.content.is_eof() else self._received_at

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()

    # Called by the middleware.

    def request_began(self, request: web.BaseRequest) -> None:
        """A head is complete."""
        self._stop_timer()
        self._request = request
        self._enter(Stage.BUSY)

    def request_ended(self) -> None:
        """It was answered."""
        self._request = None
        self._enter(Stage.IDLE)

    def _enter(self, stage: Stage) -> None:
        self._stage = stage
        self._registry.enter(self, stage)

    def _head_is_late(self) -> None:
        message = f"{self.peer} closed: its request has no whole head after {HEAD_SECONDS:g} seconds"
        self._registry.refusals.report("request-timeout", message, door=DOOR)
        self._transport.abort()

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


class HttpConnections:
    """All connections of the HTTP server."""

    def __init__(self, registry: ConnectionRegistry, memory: MemoryBudget) -> None:
        self._registry = registry
        self._memory = memory
        self._read_buffer = memoryview(bytearray(_READ_BYTES))
        self._by_protocol: dict[asyncio.Protocol, HttpConnection] = {}

    def protocols(self, inner: Callable[[], asyncio.Protocol]) -> Callable[[], HttpConnection]:
        """A factory of protocols for a listening socket, from one of those that know HTTP."""

        def new() -> HttpConnection:
            protocol = inner()
            connection = HttpConnection(
                protocol, self._registry, lambda: self._forget(protocol), self._read_buffer
            )
            self._by_protocol[protocol] = connection
            return connection

        return new

    def _forget(self, protocol: asyncio.Protocol) -> None:
        self._by_protocol.pop(protocol, None)

    @property
    def track(self) -> Middleware:
        """Middleware that says which connections have a request, and what that may hold in memory."""

        @web.middleware
        async def track(request: web.Request, handler: Handler) -> web.StreamResponse:
            connection = self._by_protocol.get(request.protocol)
            if connection is None:
                return await self._within_memory(request, handler)
            connection.request_began(request)
            try:
                return await self._within_memory(request, handler)
            finally:
                connection.request_ended()

        return track

    async def _within_memory(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Raises TooManyRequests where others need the memory that the request holds."""
        task = asyncio.current_task()
        reasons: list[TooManyRequests] = []

        def evict(error: TooManyRequests) -> None:
            reasons.append(error)
            if task is not None:
                task.cancel()

        with self._memory.claim(request.remote or "", evict) as claim:
            request[_CLAIM] = claim
            try:
                return await handler(request)
            except asyncio.CancelledError:
                if not reasons or task is None:
                    raise
                task.uncancel()
            # out here, or the error would keep what was cancelled, and all of the body with it
            raise reasons.pop()


def claim_of(request: web.Request) -> Claim:
    """What a request may hold of the memory of all requests."""
    return request[_CLAIM]
