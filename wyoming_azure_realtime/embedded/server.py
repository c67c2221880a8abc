"""The door: a WebSocket server for both dialects on all their paths."""

import asyncio
import contextlib
import http
import time
import uuid
from types import TracebackType
from typing import Self

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from wyoming_azure_realtime.embedded.engines import Engines
from wyoming_azure_realtime.embedded.faults import Fault, FaultPlan, Faults, RefusedUpgrade
from wyoming_azure_realtime.embedded.ids import fresh
from wyoming_azure_realtime.embedded.options import ServerOptions
from wyoming_azure_realtime.embedded.outlet import Outlet
from wyoming_azure_realtime.embedded.record import ServerRecord, SessionRecord
from wyoming_azure_realtime.embedded.session import EmulatorSession
from wyoming_azure_realtime.embedded.session_state import SessionFacts, SessionState
from wyoming_azure_realtime.embedded.upgrade import (
    Admitted,
    Dismissed,
    RefusedWithHttp,
    UpgradeDecision,
    deployment_not_found,
    judge,
    refused_with,
)
from wyoming_azure_realtime.embedded.wire import MAX_FRAME
from wyoming_azure_realtime.realtime.dialects import GaDialect

_HANDSHAKE_SECONDS = 120
_CLOSE_SECONDS = 2


class EmulatorServer:
    """Use as a context manager; `record` tells what happened, `faults` may be set at any time."""

    def __init__(self, options: ServerOptions, engines: Engines) -> None:
        self.options = options
        self.record = ServerRecord()
        self.engines = engines
        self._plan = FaultPlan(options.faults)
        self._server: Server | None = None

    @property
    def faults(self) -> Faults:
        """What goes wrong from now on."""
        return self._plan.faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self._plan.change(faults)

    @property
    def port(self) -> int:
        """Where it listens, once it does."""
        assert self._server is not None, "the server was not started"  # noqa: S101
        return int(next(iter(self._server.sockets)).getsockname()[1])

    @property
    def url(self) -> str:
        """The resource's address, as an endpoint setting takes it."""
        host = f"[{self.options.host}]" if ":" in self.options.host else self.options.host
        prefix = self.options.path_prefix.strip("/")
        return f"http://{host}:{self.port}" + (f"/{prefix}" if prefix else "")

    async def start(self) -> None:
        """Listen."""
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
        """Cut every open socket without a word, as a network does."""
        for connection in self._server.connections if self._server else ():
            connection.transport.abort()

    async def stop(self) -> None:
        """Close every session as going away. The engines are left to whoever brought them."""
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
        """Let in (None) or answer the refusal."""
        self.record.upgrades += 1
        await asyncio.sleep(self._plan.faults.handshake_ms / 1000)
        verdict = self._simulated_refusal() or self._judge(request)
        if not isinstance(verdict, RefusedWithHttp):
            return None
        self.record.refused[verdict.status] += 1
        return _http(verdict)

    def _judge(self, request: Request) -> UpgradeDecision:
        headers = {name.lower(): value for name, value in request.headers.raw_items()}
        return judge(request.path, headers, self.options)

    def _simulated_refusal(self) -> RefusedWithHttp | None:
        if fault := self._plan.strikes(RefusedUpgrade, "refused_upgrade"):
            return refused_with(fault.status, fault.retry_after)
        if self._plan.strikes(Fault, "unknown_deployment"):
            return deployment_not_found()
        if self.record.open_sessions >= self.options.max_sessions:
            return refused_with(429, 1)
        return None

    async def _handle(self, connection: ServerConnection) -> None:
        assert connection.request is not None  # noqa: S101
        verdict = self._judge(connection.request)
        self.record.open_sessions += 1
        try:
            if isinstance(verdict, Admitted):
                await self._serve(connection, verdict)
            elif isinstance(verdict, Dismissed):
                await self._dismiss(connection, verdict)
        finally:
            self.record.open_sessions -= 1

    async def _serve(self, connection: ServerConnection, admitted: Admitted) -> None:
        state = SessionState(self._facts(admitted))
        record = SessionRecord(state.facts.id, admitted.kind, admitted.dialect.name, admitted.model)
        self.record.sessions.append(record)
        outlet = Outlet(connection, admitted.dialect, self._plan, self.options.send_seconds, record)
        session = EmulatorSession(
            state, admitted.dialect, outlet, self.engines, self._plan, self.options, record
        )
        with contextlib.suppress(ConnectionClosed):
            await session.run(aiter(connection))

    def _facts(self, admitted: Admitted) -> SessionFacts:
        seconds = self._plan.faults.session_seconds
        lifetime = self.options.session_seconds if seconds is None else seconds
        return SessionFacts(
            kind=admitted.kind,
            id=fresh("sess"),
            expires_at=int(time.time() + lifetime),
            model=admitted.model,
            realtime=admitted.facts,
            voices=admitted.voices,
            default_voice=admitted.default_voice,
            deployments=self.options.deployments,
        )

    async def _dismiss(self, connection: ServerConnection, dismissed: Dismissed) -> None:
        outlet = Outlet(connection, GaDialect(), self._plan, self.options.send_seconds)
        await outlet.emit(dismissed.error.event(None))
        await outlet.close(dismissed.close_code, dismissed.reason)


def _identify(_connection: ServerConnection, _request: Request, response: Response) -> None:
    """Every answer has an id to ask about."""
    response.headers["apim-request-id"] = str(uuid.uuid4())


def _http(refusal: RefusedWithHttp) -> Response:
    body = refusal.encoded()
    headers = Headers(refusal.headers)
    headers["Content-Type"] = "application/json"
    headers["Content-Length"] = str(len(body))
    headers["Connection"] = "close"
    return Response(refusal.status, http.HTTPStatus(refusal.status).phrase, headers, body)
