"""The emulator's WebSocket server for all dialects."""

import asyncio
import contextlib
import http
import time
import uuid
from collections import deque
from email.utils import formatdate
from types import TracebackType
from typing import Self

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from wyoming_azure_realtime.emulator.engines import Engines
from wyoming_azure_realtime.emulator.faults import FaultPlan, Faults
from wyoming_azure_realtime.emulator.models import (
    ServerOptions,
)
from wyoming_azure_realtime.emulator.session import EmulatorSession, Outlet, ServerRecord, SessionRecord
from wyoming_azure_realtime.emulator.session_state import SessionFacts, SessionState
from wyoming_azure_realtime.emulator.upgrade import (
    Admitted,
    Dismissed,
    RefusedWithHttp,
    UpgradeDecision,
    decide_upgrade,
    deployment_not_found,
    refused_with,
)
from wyoming_azure_realtime.emulator.wire import MAX_FRAME, new_id
from wyoming_azure_realtime.realtime.dialects import GaDialect

_HANDSHAKE_SECONDS = 120
_CLOSE_SECONDS = 2


class EmulatorServer:
    """Use as a context manager, or `start` and `stop`. `faults` may be set at any time.

    `record`: what happened, for tests. The engines belong to the caller, who closes them.
    """

    def __init__(self, options: ServerOptions, engines: Engines) -> None:
        self.options = options
        self.record = ServerRecord()
        self.engines = engines
        self._plan = FaultPlan(options.faults)
        self._server: Server | None = None
        self._connected_at: deque[float] = deque()

    @property
    def faults(self) -> Faults:
        """The simulated faults from now on."""
        return self._plan.faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self._plan.change(faults)

    @property
    def port(self) -> int:
        """The TCP port, once the server has started."""
        assert self._server is not None, "the server was not started"  # noqa: S101
        return int(next(iter(self._server.sockets)).getsockname()[1])

    @property
    def url(self) -> str:
        """The resource's address, as an endpoint setting takes it."""
        host = f"[{self.options.host}]" if ":" in self.options.host else self.options.host
        prefix = self.options.path_prefix.strip("/")
        return f"http://{host}:{self.port}" + (f"/{prefix}" if prefix else "")

    async def start(self) -> None:
        """Start to listen. Raises: OSError when the port is taken."""
        self._server = await serve(
            self._handle,
            self.options.host,
            self.options.port,
            process_request=self._process_request,
            process_response=_identify,
            compression=None,
            max_size=MAX_FRAME,
            open_timeout=_HANDSHAKE_SECONDS,
            server_header=None,
            close_timeout=_CLOSE_SECONDS,
        )

    def drop_sessions(self) -> None:
        """Drop the TCP connection of every session without a close frame, as a network failure does."""
        for connection in self._server.connections if self._server else ():
            connection.transport.abort()

    async def stop(self) -> None:
        """Close every session as going away."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def _process_request(self, connection: ServerConnection, request: Request) -> Response | None:
        """None accepts the upgrade; a response refuses it."""
        self.record.upgrades += 1
        await asyncio.sleep(self._plan.faults.handshake_ms / 1000)
        decision = self._simulated_refusal() or self._decide(request)
        if not isinstance(decision, RefusedWithHttp):
            return None
        self.record.refused[decision.status] += 1
        return _http(decision)

    def _decide(self, request: Request) -> UpgradeDecision:
        headers = {name.lower(): value for name, value in request.headers.raw_items()}
        return decide_upgrade(request.path, headers, self.options)

    def _simulated_refusal(self) -> RefusedWithHttp | None:
        if fault := self._plan.refused_upgrade():
            return refused_with(fault.status, fault.retry_after)
        if self._plan.unknown_deployment():
            return deployment_not_found()
        if self.options.connections_per_minute and self._is_over_rate():
            return refused_with(429, 60)
        if self.record.open_sessions >= self.options.max_sessions:
            return refused_with(429, 1)
        return None

    def _is_over_rate(self) -> bool:
        """Note a connection, or say that there were too many in the last minute."""
        now = time.monotonic()
        while self._connected_at and self._connected_at[0] < now - 60:
            self._connected_at.popleft()
        if len(self._connected_at) >= self.options.connections_per_minute:
            return True
        self._connected_at.append(now)
        return False

    async def _handle(self, connection: ServerConnection) -> None:
        assert connection.request is not None  # noqa: S101
        decision = self._decide(connection.request)
        self.record.open_sessions += 1
        try:
            if isinstance(decision, Admitted):
                await self._serve(connection, decision)
            elif isinstance(decision, Dismissed):
                await self._dismiss(connection, decision)
        finally:
            self.record.open_sessions -= 1

    async def _serve(self, connection: ServerConnection, admitted: Admitted) -> None:
        state = SessionState(self._facts(admitted))
        record = SessionRecord(state.facts.id, admitted.kind, admitted.dialect.name, admitted.model)
        self.record.sessions.append(record)
        outlet = Outlet(connection, admitted.dialect, self._plan, self.options.send_seconds, record)
        session = EmulatorSession(
            state, admitted.dialect, outlet, self.engines, self._plan, self.options, record, self.record
        )
        with contextlib.suppress(ConnectionClosed):
            await session.run(aiter(connection))

    def _facts(self, admitted: Admitted) -> SessionFacts:
        seconds = self._plan.faults.session_seconds
        lifetime = self.options.session_seconds if seconds is None else seconds
        return SessionFacts(
            kind=admitted.kind,
            id=new_id("sess"),
            expires_at=int(time.time() + lifetime),
            model=admitted.model,
            realtime=admitted.facts,
            voices=admitted.voices,
            default_voice=admitted.default_voice,
            deployments=self.options.deployments,
            voice_live=admitted.voice_live,
        )

    async def _dismiss(self, connection: ServerConnection, dismissed: Dismissed) -> None:
        outlet = Outlet(connection, GaDialect(), self._plan, self.options.send_seconds)
        await outlet.emit(dismissed.error.event(None))
        await outlet.close(dismissed.close_code, dismissed.reason)


def _identify(_connection: ServerConnection, _request: Request, response: Response) -> None:
    """Give every answer a request id and the time, as the service does."""
    response.headers["apim-request-id"] = str(uuid.uuid4())
    if "Date" not in response.headers:
        response.headers["Date"] = formatdate(usegmt=True)


def _http(refusal: RefusedWithHttp) -> Response:
    body = refusal.encoded()
    headers = Headers(refusal.headers)
    headers["Content-Type"] = "application/json"
    headers["Content-Length"] = str(len(body))
    headers["Connection"] = "close"
    return Response(refusal.status, http.HTTPStatus(refusal.status).phrase, headers, body)
