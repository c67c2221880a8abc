"""The composition root: builds everything, starts it in order, stops it in reverse.

Order: embedded backend (if it is used), pool, Wyoming, `Ready`, then warm sessions, HTTP, zeroconf. To load
the last two takes as long as all the rest, and no command has to wait for it. At the end nothing is
announced any more before nobody is accepted any more.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from wyoming_azure_realtime import logs
from wyoming_azure_realtime._version import __version__
from wyoming_azure_realtime.accounts import Accounts, clouds_of, open_accounts
from wyoming_azure_realtime.admission.connections import ConnectionRegistry, connection_registry
from wyoming_azure_realtime.commands.players import speak_command
from wyoming_azure_realtime.conversation.agent import conversation_of
from wyoming_azure_realtime.conversation.voice_sessions import voice_sessions_of
from wyoming_azure_realtime.embedded import EmbeddedBackend, embedded_target, with_its_languages
from wyoming_azure_realtime.errors import AddressInUse
from wyoming_azure_realtime.home_assistant.home import HomeNames
from wyoming_azure_realtime.home_service import HomeService
from wyoming_azure_realtime.logs import log_causes
from wyoming_azure_realtime.observe import Observer
from wyoming_azure_realtime.observed_log import ObservedLog
from wyoming_azure_realtime.offline.local_voice import LocalVoiceProcess
from wyoming_azure_realtime.offline.process import BackendProcess
from wyoming_azure_realtime.pool.slots import most_of_one_kind
from wyoming_azure_realtime.providers.base import described_models, model_warnings
from wyoming_azure_realtime.providers.registry import provider_of
from wyoming_azure_realtime.reread import SettingsInForce
from wyoming_azure_realtime.settings.addresses import EMBEDDED, TcpAddress, parse_host_port
from wyoming_azure_realtime.settings.load import Loaded
from wyoming_azure_realtime.settings.model import Settings, Target
from wyoming_azure_realtime.signals import at_hang_up, has_terminal, stop_signal, wait_for_first
from wyoming_azure_realtime.slow_callbacks import SlowCallbacks
from wyoming_azure_realtime.speech.catalog import catalog_of
from wyoming_azure_realtime.speech.fallback import Fallbacks, RealtimeFallback
from wyoming_azure_realtime.transport.session import SessionOpener
from wyoming_azure_realtime.turns.backends import Backends
from wyoming_azure_realtime.turns.engine import TurnEngine, session_pool
from wyoming_azure_realtime.wyoming_fallback import WyomingRecognizer, WyomingVoice
from wyoming_azure_realtime.wyoming_server.server import WyomingServer

if TYPE_CHECKING:
    from wyoming_azure_realtime.home_assistant.reader import AssistReader
    from wyoming_azure_realtime.http_api.server import HttpServer
    from wyoming_azure_realtime.http_api.settings_routes import Reload
    from wyoming_azure_realtime.wyoming_server.discovery import Discovery

_LOGGER = logging.getLogger("wyoming_azure_realtime")


OTHER_HTTP_PORT = 10390
"""Taken where another program, such as AirPlay or Frigate, has the usual one and nobody chose it."""

Announce = Callable[[int], Coroutine[Any, Any, object]]
Read = Callable[[], Loaded]

# Shares of the grace period: until accepting stops though the network may not have heard that the port is
# gone; and for what is closed when the last request has ended. A session may take a second for that.
GOODBYE, AFTERWARDS = 0.1, 0.15


HOME_SHARE = 0.2
"""Of the time for an answer, which Home Assistant has at most when it is asked how the home is."""


async def serve(loaded: Loaded, announce: Announce | None = None, read: Read | None = None) -> int:
    """Run the program until it is asked to stop; its exit code. Raises `SettingsError` at the start only.

    `announce` is called with the Wyoming port once everything accepts. `read` reads the settings again.
    """
    terminal = has_terminal()
    stop = stop_signal(loaded.settings.limits.stop, hang_up=terminal)
    async with AsyncExitStack() as stack:
        running = _run(loaded, stack, announce, read, rereads_at_hang_up=not terminal)
        await wait_for_first(stop.wait(), running)
        _LOGGER.info("Stopping")
    _LOGGER.info("Stopped")
    return 0


async def _run(
    loaded: Loaded,
    stack: AsyncExitStack,
    announce: Announce | None,
    read: Read | None,
    *,
    rereads_at_hang_up: bool,
) -> None:
    """Start everything, each with its end on the stack; then wait for the end of the input, if it has one."""
    settings, hung_up = loaded.settings, asyncio.Event()
    if rereads_at_hang_up:
        at_hang_up(hung_up.set)
    for warning in loaded.warnings:
        _LOGGER.warning("%s", warning)
    slow_callbacks = stack.enter_context(SlowCallbacks())
    slow_callbacks.watch(settings.log.slow_callbacks)
    observer = log_observer()
    accounts = await stack.enter_async_context(open_accounts(loaded, observer))
    backend = EmbeddedBackend(stack)
    in_force = await stack.enter_async_context(
        SettingsInForce(loaded, lambda now: open_service(now, observer, accounts, backend), read)
    )
    service = in_force.service
    service.chosen.name = await accounts.history.chosen_voice()
    registry = connection_registry(settings.limits, observer)
    wyoming = WyomingServer(
        service,
        settings.listeners,
        settings.profiles,
        settings.limits,
        registry,
        settings.allowed_networks,
        most_of_one_kind(settings.pool.max_size),
    )
    doors = Doors(wyoming, settings.limits.stop)
    stack.push_async_callback(doors.close)
    await wyoming.start()
    _LOGGER.info("Ready")
    _tell_newcomers(wyoming, service)
    service.warm()
    await service.prepare()
    doors.http = await _start_http(loaded, service, observer, registry, accounts, in_force.reload)
    doors.discovery = await _start_discovery(settings, wyoming)
    if announce is not None and wyoming.tcp_addresses:
        telling = asyncio.create_task(announce(wyoming.tcp_addresses[0].port))
        stack.callback(telling.cancel)
    in_force.then(lambda now: _apply(now, accounts, wyoming, doors, service, slow_callbacks))
    await wait_for_first(in_force.reload_whenever(hung_up), wyoming.input_ended())


def _apply(
    now: Loaded,
    accounts: Accounts,
    wyoming: WyomingServer,
    doors: "Doors",
    service: HomeService,
    slow_callbacks: SlowCallbacks,
) -> None:
    """Tell the parts of the program that hold settings which ones are in force now."""
    logs.configure(now.settings.log, logs.masked())
    slow_callbacks.watch(now.settings.log.slow_callbacks)
    accounts.renew(now, service)
    wyoming.renew(now.settings.profiles)
    if doors.http is not None:
        doors.http.renew(service.catalog.speech_model)


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
async def open_service(
    loaded: Loaded,
    observer: Observer,
    accounts: Accounts | None = None,
    embedded_backend: EmbeddedBackend | None = None,
) -> AsyncIterator[HomeService]:
    """The speech service that the settings describe, with its pool.

    Accounts and embedded backend are its own, unless they are given because they outlive it.
    """
    settings = loaded.settings
    async with AsyncExitStack() as stack:
        if accounts is None:
            accounts = await stack.enter_async_context(open_accounts(loaded, observer))
        observer = observer.of_a_part()  # two of these may run side by side for a while
        needed = loaded.uses == "embedded" or EMBEDDED in (*settings.fallback.asr, *settings.fallback.tts)
        embedded_backend = embedded_backend or EmbeddedBackend(stack)
        backend = await embedded_backend.started(loaded) if needed else None
        embedded = [embedded_target(backend)] if backend else []
        clouds = [*clouds_of(loaded)]
        _warn_of_models(settings, clouds, observer)
        opener = SessionOpener([*clouds, *embedded], settings.deadlines)
        stack.push_async_callback(opener.close)
        rates = {target.name: provider_of(target).most_connections for target in clouds}
        most = {target.name: provider_of(target).most_sessions for target in clouds}
        sessions = session_pool(opener, settings.pool, observer, rates, most)
        stack.push_async_callback(sessions.close)
        targets = clouds or embedded
        asr_unavailable_reason = backend.reason if backend and not clouds and not backend.recognizes else ""
        engine, names = TurnEngine(sessions), _home_names(settings, stack)
        service = HomeService(
            catalog_of(
                targets[0],
                with_its_languages(settings, None if clouds else backend),
                asr_unavailable_reason,
                engines=backend.voice if backend and not clouds else "",
                spoken=backend.spoken if backend and not clouds else (),
            ),
            engine,
            Backends(targets, "recognition", observer),
            Backends(targets, "synthesis", observer),
            settings,
            observer,
            names,
            LocalVoiceProcess() if settings.speech.last_resort == "embedded" else None,
            _fallbacks(settings, backend if clouds else None, observer),
        )
        service.spending = accounts.ledger
        reader = await _home_reader(settings, stack)
        service.conversation = conversation_of(settings, targets, engine, service, observer, names, reader)
        service.voice_sessions = voice_sessions_of(settings, targets, opener, service, observer)
        if service.voice_sessions is not None:
            stack.push_async_callback(service.voice_sessions.close)
        accounts.watch(service)
        stack.push_async_callback(service.end_ahead)
        probing = asyncio.create_task(service.keep_probing())
        stack.callback(probing.cancel)
        yield service


def _fallbacks(settings: Settings, backend: BackendProcess | None, observer: Observer) -> Fallbacks:
    """Who answers while no target does. `backend`: the embedded one, unless it is the only target itself."""
    ears = mouth = None
    if backend:
        embedded = [embedded_target(backend)]
        mouth = RealtimeFallback(Backends(embedded, "synthesis", observer, fallback=True))
        if backend.recognizes:
            heard_by = Backends(embedded, "recognition", observer, fallback=True)
            ears = RealtimeFallback(heard_by, backend.languages)
    hearing = [ears if uri == EMBEDDED else WyomingRecognizer(uri) for uri in settings.fallback.asr]
    speaking = [mouth if uri == EMBEDDED else WyomingVoice(uri) for uri in settings.fallback.tts]
    return Fallbacks.of(hearing, speaking, observer)


def _home_names(settings: Settings, stack: AsyncExitStack) -> Callable[[], Sequence[str]]:
    """The names in the home, if the settings say where Home Assistant is; fetched in the background."""
    access = settings.home_assistant
    if not (access.url and access.token):
        if access.token or (access.url and not settings.conversation.token):
            _LOGGER.warning("No names from Home Assistant: that needs home_assistant.url and .token, both")
        return tuple
    home = HomeNames(access)
    keeper = asyncio.create_task(home.keep_current())
    stack.callback(keeper.cancel)
    return lambda: home.names


async def _home_reader(settings: Settings, stack: AsyncExitStack) -> "AssistReader | None":
    """What tells how the home is, if the settings say where Home Assistant is and with which token."""
    url, conversation = settings.home_assistant.url, settings.conversation
    if not (url and conversation.token and conversation.enabled):
        if conversation.token and not url:
            _LOGGER.warning("Home Assistant cannot be asked how the home is: that needs home_assistant.url")
        if conversation.listen_again:
            _LOGGER.warning("No satellite can be told to listen again: that needs conversation.token")
        return None
    within = conversation.deadline * HOME_SHARE
    reader = (await asyncio.to_thread(_assist_reader))(url, conversation.token, within)
    stack.push_async_callback(reader.close)
    return reader


def _warn_of_models(settings: Settings, clouds: Sequence[Target], observer: Observer) -> None:
    described, today = described_models(settings.recognition), datetime.now(UTC).date()
    for target in clouds:
        for warning in model_warnings(provider_of(target), described, today):
            observer.warn_once(warning, warning)


async def _start_http(
    loaded: Loaded,
    service: HomeService,
    observer: Observer,
    registry: ConnectionRegistry,
    accounts: Accounts,
    reload: "Reload | None",
) -> "HttpServer | None":
    http = loaded.settings.http
    if http.listen == "off":
        return None
    http_server = await asyncio.to_thread(_http_server)
    for listen in http_addresses(loaded):
        there = msgspec.structs.replace(http, listen=listen)
        server = http_server(
            service,
            there,
            observer,
            registry,
            model=service.catalog.speech_model,
            figures=accounts.metrics,
            history=accounts.history,
            reload=reload,
        )
        try:
            await server.start()
        except AddressInUse as error:
            if loaded.given("http.listen"):
                raise
            _LOGGER.warning("%s", error.message)
            log_causes(_LOGGER, error)
        else:
            _LOGGER.info("HTTP API on port %d, the page at %s", server.port, page_url(listen, server.port))
            return server
    _LOGGER.warning("No HTTP API and no page: choose a free address with --http (http.listen)")
    return None


def http_addresses(loaded: Loaded) -> tuple[str, ...]:
    """Where HTTP is tried: the address that was chosen, or the usual one and then another port."""
    listen = loaded.settings.http.listen
    if loaded.given("http.listen"):
        return (listen,)
    return (listen, str(TcpAddress(parse_host_port(listen).host, OTHER_HTTP_PORT)))


def page_url(listen: str, port: int) -> str:
    """Where a browser finds the page: on this machine, where it listens on all addresses."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(given := parse_host_port(listen).host, given)  # noqa: S104
    return f"http://{TcpAddress(host, port)}/"


async def _start_discovery(settings: Settings, wyoming: WyomingServer) -> "Discovery":
    discovery = (await asyncio.to_thread(_discovery))(settings.zeroconf, wyoming.tcp_addresses)
    discovery.start()
    return discovery


def _http_server() -> "type[HttpServer]":
    from wyoming_azure_realtime.http_api.server import HttpServer  # noqa: PLC0415 - takes a third of the start

    return HttpServer


def _assist_reader() -> "type[AssistReader]":
    from wyoming_azure_realtime.home_assistant.reader import AssistReader  # noqa: PLC0415 - needs HTTP

    return AssistReader


def _discovery() -> "type[Discovery]":
    from wyoming_azure_realtime.wyoming_server.discovery import Discovery  # noqa: PLC0415 - a tenth of it

    return Discovery


def _tell_newcomers(wyoming: WyomingServer, service: HomeService) -> None:
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
        uri = "" if address.port == 10300 else f"tcp://127.0.0.1:{address.port}"
        _LOGGER.info("Try it from a second terminal: %s", speak_command(uri))
