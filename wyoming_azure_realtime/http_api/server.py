"""The HTTP server: routes, middlewares and bounds on one port."""

import asyncio
import errno
import logging
import os

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from wyoming_azure_realtime.admission.connections import ConnectionRegistry
from wyoming_azure_realtime.errors import AddressInUse, SettingsError
from wyoming_azure_realtime.home_service import HomeService
from wyoming_azure_realtime.http_api.access import LOGIN, PAGE, guard
from wyoming_azure_realtime.http_api.bodies import BodyLimits
from wyoming_azure_realtime.http_api.connections import HttpConnections
from wyoming_azure_realtime.http_api.converse import Converse
from wyoming_azure_realtime.http_api.history_routes import HistoryRoutes, RememberedTurns
from wyoming_azure_realtime.http_api.live_recognition import LiveRecognition
from wyoming_azure_realtime.http_api.logins import Logins
from wyoming_azure_realtime.http_api.openai_routes import OpenAiRoutes, in_openai_shape
from wyoming_azure_realtime.http_api.page_routes import PageRoutes
from wyoming_azure_realtime.http_api.problems import DOOR, Handler, problems
from wyoming_azure_realtime.http_api.settings_routes import Reload, SettingsRoutes
from wyoming_azure_realtime.http_api.speech_routes import SpeechRoutes
from wyoming_azure_realtime.http_api.status_routes import Figures, Readiness, StatusRoutes
from wyoming_azure_realtime.observe import ClientRefused, Observer
from wyoming_azure_realtime.settings.addresses import every_family, parse_host_port
from wyoming_azure_realtime.settings.model import Http

PREFIX = "/api/speech-realtime"
IDLE_SECONDS = 75.0
"""Seconds for which a connection may stay without a complete request head on it."""

STOP_SECONDS = 2.0
"""Seconds for requests to end by themselves, and as many again for cancelled ones."""


class HttpServer:
    """The HTTP API of one service. `model`: the realtime deployment's name, for `…/info`.

    `observer`: gets every request that is refused. `registry`: of the connections of all doors.
    `figures`: what is counted, for `…/info` and `/metrics`. `history`: who remembers turns and costs;
    `reload` reads the settings again.
    """

    def __init__(
        self,
        service: HomeService,
        http: Http,
        observer: Observer,
        registry: ConnectionRegistry,
        *,
        model: str,
        limits: BodyLimits | None = None,
        figures: Figures | None = None,
        history: RememberedTurns | None = None,
        reload: Reload | None = None,
    ) -> None:
        self._address = parse_host_port(http.listen)
        self._in_flight = InFlight()
        logins = Logins()
        access = guard(http.token, http.trusted_proxy, logins)
        limits = limits or BodyLimits(http.max_body)
        self._servers: list[asyncio.Server] = []
        self._connections = HttpConnections(registry, service.memory)
        application = web.Application(
            middlewares=[
                self._in_flight.track,
                in_openai_shape,
                problems(observer),
                self._connections.track,
                access,
            ]
        )
        self._status = StatusRoutes(service, model, figures, history)
        application.add_routes(_routes(service, self._status, limits))
        application.add_routes(OpenAiRoutes(service, limits).routes())
        application.add_routes(_page_routes(PageRoutes(http.token, logins)))
        live = LiveRecognition(service, observer)
        application.router.add_get(f"{PREFIX}/recognize/live", live.recognize)
        application.router.add_get(f"{PREFIX}/converse", Converse(service, observer).converse)
        self._history = HistoryRoutes(history) if history else None
        if self._history:
            application.add_routes(self._history.routes(PREFIX))
        application.router.add_post(f"{PREFIX}/settings/reload", SettingsRoutes(reload).reload)
        self._runner = web.AppRunner(
            application,
            handler_cancellation=True,  # a client that goes away takes its work along
            access_log=None,
            logger=_protocol_logger(observer),
            keepalive_timeout=IDLE_SECONDS,
            shutdown_timeout=STOP_SECONDS,
        )

    async def start(self) -> None:
        """Accept requests. Raises AddressInUse if another program has the port, else SettingsError."""
        await self._runner.setup()
        protocols = self._connections.protocols(self._new_protocol)
        loop = asyncio.get_running_loop()
        try:
            for host in every_family(self._address.host):
                port = self.port or self._address.port
                server = await loop.create_server(protocols, host, port, reuse_address=True)
                self._servers.append(server)
        except OSError as error:
            if self._servers and error.errno in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL):
                return  # a machine without IPv4
            await self.stop()
            raise _cannot_listen(f"HTTP cannot listen on {self._address}", error) from error

    def renew(self, model: str) -> None:
        """Tell of another model that speaks, from now on."""
        self._status.model = model

    async def stop(self) -> None:
        """Stop accepting, give requests `STOP_SECONDS`, then cancel them. May be called twice."""
        for server in self._servers:
            server.close()
        if self._history:
            self._history.close()
        await self._in_flight.end(STOP_SECONDS)
        await self._runner.cleanup()

    @property
    def port(self) -> int:
        """The real port, also where the settings say 0."""
        return int(self._servers[0].sockets[0].getsockname()[1]) if self._servers else 0

    def _new_protocol(self) -> asyncio.Protocol:
        """One of aiohttp's, for a connection."""
        server = self._runner.server
        assert server is not None  # noqa: S101 - it is there once the runner is set up
        return server()


class InFlight:
    """The requests in progress, so that `stop` can wait for them for a limited time."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[object]] = set()

    @web.middleware
    async def track(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Middleware that remembers the task of a request until it ends."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - aiohttp gives every request a task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await handler(request)

    async def end(self, grace: float) -> None:
        """Give them `grace` seconds, then cancel them and wait for as long again."""
        for last in (False, True):
            if not self._tasks:
                return
            if last:
                for task in self._tasks:
                    task.cancel()
            await asyncio.wait(self._tasks, timeout=grace)


def _routes(service: HomeService, status: StatusRoutes, limits: BodyLimits) -> list[web.RouteDef]:
    speech = SpeechRoutes(service, limits)
    return [
        web.post(f"{PREFIX}/recognize", speech.recognize),
        web.post(f"{PREFIX}/synthesize", speech.synthesize),
        web.post(f"{PREFIX}/synthesize/stream", speech.stream),
        web.get(f"{PREFIX}/info", status.info),
        web.put(f"{PREFIX}/default-voice", status.choose_voice),
        web.get("/health", status.health),
        web.get("/readyz", Readiness(service.can_answer).readyz),
        web.get("/metrics", status.metrics),
    ]


def _page_routes(page: PageRoutes) -> list[web.RouteDef]:
    return [
        web.get("/", page.index),
        web.get(f"{PAGE}{{path:.+}}", page.file),
        web.get(LOGIN, page.login_form),
        web.post(LOGIN, page.login),
        web.post("/logout", page.logout),
    ]


def _cannot_listen(what: str, error: OSError) -> SettingsError:
    if error.errno == errno.EADDRINUSE:
        return AddressInUse(f"{what}: it is taken.", advice="Choose another address with --http, or off.")
    return SettingsError(f"{what}: {os.strerror(error.errno) if error.errno else error}.")


def _protocol_logger(observer: Observer) -> logging.Logger:
    """A logger for aiohttp: input that is no HTTP goes to the observer, everything else into the log."""

    def is_ours(record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, ConnectionError):
            return False  # the client has gone before its answer, which is nobody's mistake
        if not isinstance(error, HttpProcessingError):
            return parent.isEnabledFor(record.levelno)
        message = f"Not HTTP: {type(error).__name__}"
        observer.report(ClientRefused(DOOR, "malformed", message, logging.INFO))
        return False

    # one per server, or all servers of a process would report to each other's observers; at DEBUG, since
    # aiohttp logs some of what is no HTTP at that level
    parent = logging.getLogger(__name__)
    logger = logging.Logger(f"{__name__}.protocol", logging.DEBUG)
    logger.parent = parent
    logger.addFilter(is_ours)
    return logger
