"""The composition root: builds everything, starts it in order, stops it in reverse.

Order: embedded backend (if it is used), pool, Wyoming, `Ready`, then warm sessions, HTTP, zeroconf. To load
the last two takes as long as all the rest, and no command has to wait for it. At the end nothing is
announced any more before nobody is accepted any more.
"""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from wyoming_azure_realtime._version import __version__
from wyoming_azure_realtime.errors import AddressInUse, SpeechServiceError
from wyoming_azure_realtime.home_assistant.home import HomeNames
from wyoming_azure_realtime.logs import log_causes
from wyoming_azure_realtime.observe import Observer
from wyoming_azure_realtime.observed_log import ObservedLog
from wyoming_azure_realtime.offline.process import BackendProcess
from wyoming_azure_realtime.pool.slots import most_of_one_kind
from wyoming_azure_realtime.providers.base import described_models, model_warnings
from wyoming_azure_realtime.providers.registry import provider_of
from wyoming_azure_realtime.settings.load import Loaded
from wyoming_azure_realtime.settings.model import Secret, Settings, Target
from wyoming_azure_realtime.speech.catalog import catalog_of
from wyoming_azure_realtime.speech.service import SpeechService
from wyoming_azure_realtime.transport.session import SessionOpener
from wyoming_azure_realtime.turns.backends import Backends
from wyoming_azure_realtime.turns.engine import TurnEngine, session_pool
from wyoming_azure_realtime.wyoming_server.server import WyomingServer

if TYPE_CHECKING:
    from wyoming_azure_realtime.http_api.server import HttpServer
    from wyoming_azure_realtime.wyoming_server.discovery import Discovery

_LOGGER = logging.getLogger("wyoming_azure_realtime")

EMBEDDED_MODEL = "gpt-live-transcribe"  # partial text while audio flows, and names of the home as hints
RESTART_SECONDS = 2.0
_SIGNALS = (signal.SIGTERM, signal.SIGINT)

Announce = Callable[[int], Coroutine[Any, Any, object]]

# Shares of the grace period: until accepting stops though the network may not have heard that the port is
# gone; and for what is closed when the last request has ended. A session may take a second for that.
GOODBYE, AFTERWARDS = 0.1, 0.15


async def serve(loaded: Loaded, announce: Announce | None = None) -> int:
    """Run the program until it is asked to stop; its exit code. Raises `SettingsError` at the start only.

    `announce` is called with the Wyoming port once everything accepts.
    """
    stop = stop_signal(loaded.settings.limits.stop)
    async with AsyncExitStack() as stack:
        await wait_for_first(stop.wait(), _run(loaded, stack, announce))
        _LOGGER.info("Stopping")
    _LOGGER.info("Stopped")
    return 0


async def _run(loaded: Loaded, stack: AsyncExitStack, announce: Announce | None) -> None:
    """Start everything, each with its end on the stack; then wait for the end of the input, if it has one."""
    settings = loaded.settings
    observer = log_observer()
    service = await stack.enter_async_context(open_service(loaded, observer))
    wyoming = WyomingServer(
        service,
        settings.listeners,
        settings.profiles,
        settings.limits,
        observer,
        settings.allowed_networks,
        most_of_one_kind(settings.pool.max_size),
    )
    doors = Doors(wyoming, settings.limits.stop)
    stack.push_async_callback(doors.close)
    await wyoming.start()
    _LOGGER.info("Ready")
    _tell_newcomers(wyoming, service)
    service.warm()
    doors.http = await _start_http(loaded, service, observer)
    doors.discovery = await _start_discovery(settings, wyoming)
    if announce is not None and wyoming.tcp_addresses:
        telling = asyncio.create_task(announce(wyoming.tcp_addresses[0].port))
        stack.callback(telling.cancel)
    await wyoming.input_ended()


@dataclass
class Doors:
    """Where requests come in, and what tells the network of it."""

    wyoming: WyomingServer
    within: float
    http: "HttpServer | None" = None
    discovery: "Discovery | None" = None

    async def close(self) -> None:
        """Announce nothing, accept nobody, let requests end: in time for what is closed after the doors."""
        loop = asyncio.get_running_loop()
        latest = loop.time() + self.within * (1 - AFTERWARDS)
        async with asyncio.TaskGroup() as tasks:
            if self.discovery is not None:
                goodbye = tasks.create_task(self.discovery.stop())
                await asyncio.wait([goodbye], timeout=self.within * GOODBYE)
            if self.http is not None:
                tasks.create_task(self.http.stop())
            await self.wyoming.stop(latest - loop.time())


def log_observer() -> Observer:
    """An observer that the log subscribes to."""
    return Observer(ObservedLog().write)


@asynccontextmanager
async def open_service(loaded: Loaded, observer: Observer) -> AsyncIterator[SpeechService]:
    """The speech service that the settings describe, with its backend and its pool."""
    settings = loaded.settings
    async with AsyncExitStack() as stack:
        needed = loaded.uses == "embedded" or settings.fallback == "embedded"
        backend = await _start_backend(loaded, stack) if needed else None
        embedded = [_embedded_target(backend)] if backend else []
        clouds = [] if loaded.uses == "embedded" else [*settings.targets]
        _warn_of_models(settings, clouds, observer)
        opener = SessionOpener([*clouds, *embedded], settings.deadlines)
        stack.push_async_callback(opener.close)
        sessions = session_pool(opener, settings.pool, observer)
        stack.push_async_callback(sessions.close)
        hears = not clouds or (settings.fallback_hears and backend is not None and backend.recognizes)
        asr_unavailable_reason = backend.reason if backend and not clouds and not backend.recognizes else ""
        service = SpeechService(
            catalog_of((clouds + embedded)[0], settings, asr_unavailable_reason),
            TurnEngine(sessions),
            Backends([*clouds, *embedded] if hears else clouds, "recognition", observer),
            Backends([*clouds, *embedded], "synthesis", observer),
            settings,
            observer,
            _home_names(settings, stack),
        )
        probing = asyncio.create_task(service.keep_probing())
        stack.callback(probing.cancel)
        yield service


def _home_names(settings: Settings, stack: AsyncExitStack) -> Callable[[], Sequence[str]]:
    """The names in the home, if the settings say where Home Assistant is; fetched in the background."""
    access = settings.home_assistant
    if not (access.url and access.token):
        if access.url or access.token:
            _LOGGER.warning("No names from Home Assistant: that needs home_assistant.url and .token, both")
        return tuple
    home = HomeNames(access)
    keeper = asyncio.create_task(home.keep_current())
    stack.callback(keeper.cancel)
    return lambda: home.names


async def _start_backend(loaded: Loaded, stack: AsyncExitStack) -> BackendProcess:
    settings = loaded.settings
    if loaded.uses == "azure":
        because = "to take over while no target answers"
    elif settings.backend == "embedded":
        because = "as asked for"
    else:
        because = "since no Azure endpoint is configured"
    _LOGGER.info("Starting the embedded backend, %s: an English demo without a cloud", because)
    backend = await stack.enter_async_context(BackendProcess(settings.embedded, log=settings.log))
    if not backend.recognizes:
        _LOGGER.warning("%s", backend.reason)
    keeper = asyncio.create_task(_keep_running(backend))
    stack.callback(keeper.cancel)
    return backend


async def _keep_running(backend: BackendProcess) -> None:
    """Start the embedded backend again, at its old address, whenever it ends by itself."""
    while True:
        code = await backend.ended()
        _LOGGER.error("The embedded backend ended by itself (exit code %d); starting it again", code)
        try:
            await backend.start()
        except SpeechServiceError as error:
            _LOGGER.error("%s", error)
            log_causes(_LOGGER, error)
        await asyncio.sleep(RESTART_SECONDS)


def _embedded_target(backend: BackendProcess) -> Target:
    """The embedded backend, seen as what it is: one more realtime endpoint."""
    return Target(
        name="embedded",
        endpoint=backend.url,
        service="embedded",
        key=Secret(backend.key),
        transcription_deployment=EMBEDDED_MODEL,
    )


def _warn_of_models(settings: Settings, clouds: Sequence[Target], observer: Observer) -> None:
    described, today = described_models(settings.recognition), datetime.now(UTC).date()
    for target in clouds:
        for warning in model_warnings(provider_of(target), described, today):
            observer.warn_once(warning, warning)


async def _start_http(loaded: Loaded, service: SpeechService, observer: Observer) -> "HttpServer | None":
    http = loaded.settings.http
    if http.listen == "off":
        return None
    server = (await asyncio.to_thread(_http_server))(service, http, observer, model=_deployment(loaded))
    try:
        await server.start()
    except AddressInUse as error:
        if loaded.given("http.listen"):
            raise
        _LOGGER.warning("No HTTP API: %s", error.message)
        log_causes(_LOGGER, error)
        return None
    _LOGGER.info("HTTP API on port %d", server.port)
    return server


async def _start_discovery(settings: Settings, wyoming: WyomingServer) -> "Discovery":
    discovery = (await asyncio.to_thread(_discovery))(settings.zeroconf, wyoming.tcp_addresses)
    discovery.start()
    return discovery


def _http_server() -> "type[HttpServer]":
    from wyoming_azure_realtime.http_api.server import HttpServer  # noqa: PLC0415 - takes a third of the start

    return HttpServer


def _discovery() -> "type[Discovery]":
    from wyoming_azure_realtime.wyoming_server.discovery import Discovery  # noqa: PLC0415 - a tenth of it

    return Discovery


def _deployment(loaded: Loaded) -> str:
    targets = loaded.settings.targets
    return targets[0].realtime_deployment if loaded.uses == "azure" else Target().realtime_deployment


def _tell_newcomers(wyoming: WyomingServer, service: SpeechService) -> None:
    """Where it listens, how to add it to Home Assistant, how to try it."""
    _LOGGER.info(
        "Version %s, %s backend, listening on %s",
        __version__,
        service.catalog.backend,
        ", ".join(wyoming.uris),
    )
    for address in wyoming.tcp_addresses[:1]:
        _LOGGER.info(
            "Home Assistant: Settings > Devices & services > Add integration > Wyoming Protocol, "
            "this machine's address, port %d (or wait until it is discovered)",
            address.port,
        )
        uri = "" if address.port == 10300 else f" --uri tcp://127.0.0.1:{address.port}"
        _LOGGER.info(
            'Try it from a second terminal: wyoming-azure-realtime speak%s "Hello" -o hello.wav', uri
        )


def stop_signal(within: float) -> asyncio.Event:
    """An event that the first SIGTERM or SIGINT sets. A second one ends the process at once.

    `within`: seconds after the first one, when the process ends in any case.
    """
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def stop_in_order() -> None:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)
        # whatever hangs then, such as the look-up of a name: nobody is waiting for it any more
        latest = threading.Timer(within, os._exit, (0,))
        latest.daemon = True
        latest.start()
        stop.set()

    for number in _SIGNALS:
        loop.add_signal_handler(number, stop_in_order)
    return stop


async def wait_for_first(*waits: Coroutine[Any, Any, object]) -> None:
    """Wait until one of them is over, cancel the others. Raises what the finished one raised."""
    tasks = [asyncio.create_task(wait) for wait in waits]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
