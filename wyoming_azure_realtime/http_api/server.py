"""The HTTP server: routes, middlewares and bounds on one port."""

import asyncio
import errno
import logging
import os

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from wyoming_azure_realtime.errors import AddressInUse, SettingsError
from wyoming_azure_realtime.http_api.access import guard
from wyoming_azure_realtime.http_api.bodies import BodyLimits
from wyoming_azure_realtime.http_api.problems import DOOR, Handler, problems
from wyoming_azure_realtime.http_api.speech_routes import SpeechRoutes
from wyoming_azure_realtime.http_api.status_routes import StatusRoutes
from wyoming_azure_realtime.observe import ClientRefused, Observer
from wyoming_azure_realtime.settings.addresses import parse_host_port
from wyoming_azure_realtime.settings.model import Http
from wyoming_azure_realtime.speech.service import SpeechService

PREFIX = "/api/speech-realtime"
IDLE_SECONDS = 75.0
"""Seconds for which a connection may stay without a complete request head on it."""

STOP_SECONDS = 2.0
"""Seconds for requests to end by themselves, and as many again for cancelled ones."""


class HttpServer:
    """The HTTP API of one service. `model`: the realtime deployment's name, for `…/info`.

    `observer`: gets every request that is refused.
    """

    def __init__(
        self,
        service: SpeechService,
        http: Http,
        observer: Observer,
        *,
        model: str,
        limits: BodyLimits | None = None,
    ) -> None:
        self._address = parse_host_port(http.listen)
        self._in_flight = InFlight()
        access = guard(http.token, http.trusted_proxy)
        application = web.Application(middlewares=[self._in_flight.track, problems(observer), access])
        application.add_routes(_routes(service, model, limits or BodyLimits(http.max_body)))
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
        site = web.TCPSite(self._runner, self._address.host, self._address.port)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            raise _cannot_listen(f"HTTP cannot listen on {self._address}", error) from error

    async def stop(self) -> None:
        """Stop accepting, give requests `STOP_SECONDS`, then cancel them. May be called twice."""
        for site in list(self._runner.sites):
            await site.stop()
        await self._in_flight.end(STOP_SECONDS)
        await self._runner.cleanup()

    @property
    def port(self) -> int:
        """The real port, also where the settings say 0."""
        return int(self._runner.addresses[0][1])


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


def _routes(service: SpeechService, model: str, limits: BodyLimits) -> list[web.RouteDef]:
    speech, status = SpeechRoutes(service, limits), StatusRoutes(service, model)
    return [
        web.post(f"{PREFIX}/recognize", speech.recognize),
        web.post(f"{PREFIX}/synthesize", speech.synthesize),
        web.post(f"{PREFIX}/synthesize/stream", speech.stream),
        web.get(f"{PREFIX}/info", status.info),
        web.get("/health", status.health),
        web.get("/", status.page),
    ]


def _cannot_listen(what: str, error: OSError) -> SettingsError:
    if error.errno == errno.EADDRINUSE:
        return AddressInUse(f"{what}: it is taken.", advice="Choose another address with --http, or off.")
    return SettingsError(f"{what}: {os.strerror(error.errno) if error.errno else error}.")


def _protocol_logger(observer: Observer) -> logging.Logger:
    """A logger for aiohttp: input that is no HTTP goes to the observer, everything else into the log."""

    def is_ours(record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
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
