"""The Wyoming server: all listeners, opened together and stopped together, and what they offer.

This is where a kind of request gets its handler (`_HANDLERS`), and where the answer to `describe` is made
from the catalog of the speech service.
"""

import asyncio
import logging
import resource
from collections.abc import Mapping, Sequence
from contextlib import suppress

import msgspec
from wyoming.info import AsrModel, AsrProgram, Attribution, Info, TtsProgram, TtsVoice

from wyoming_azure_realtime._version import __version__
from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.observe import Observer
from wyoming_azure_realtime.settings.addresses import (
    LOCAL,
    StdioAddress,
    TcpAddress,
    UnixAddress,
    parse_uri,
)
from wyoming_azure_realtime.settings.model import Limits, Listener, Pool, Profile
from wyoming_azure_realtime.speech.catalog import Catalog, Model, Voice
from wyoming_azure_realtime.speech.service import SpeechService
from wyoming_azure_realtime.wyoming_server.asr_handler import AsrHandler
from wyoming_azure_realtime.wyoming_server.connection import ClientConnection
from wyoming_azure_realtime.wyoming_server.dispatcher import ListenerService, RequestHandler
from wyoming_azure_realtime.wyoming_server.events import encode
from wyoming_azure_realtime.wyoming_server.limits import AccessList, ServerState
from wyoming_azure_realtime.wyoming_server.listeners import StdioListener, TcpListener, UnixListener
from wyoming_azure_realtime.wyoming_server.tts_handler import TtsHandler

_LOGGER = logging.getLogger(__name__)

_HANDLERS: tuple[type[RequestHandler], ...] = (AsrHandler, TtsHandler)
"""One for each kind of request; a handler says itself which types of event belong to it."""

PROGRAM = "azure-realtime"
"""The name of both programs in `info`. It never changes: Home Assistant derives its entities from it."""

_ATTRIBUTION = Attribution("wyoming-azure-realtime", "https://www.home-assistant.io/integrations/wyoming/")

_LAST_SECONDS = 0.5
"""Seconds of the grace period that are kept for errors to be read and connections to end."""

_NEWCOMER_SECONDS = 0.2
"""Seconds for the first event of clients that have just connected, while no others are accepted."""

_POLL_SECONDS = 0.02

_OTHER_FILES = 256
"""File descriptors for sessions, HTTP, listeners, files and whatever a library opens."""


class WyomingServer:
    """Serves the speech service on every listener, each with its profile's defaults.

    `sessions`: how many requests the service can serve at a time. `observer`: gets every refusal.
    """

    def __init__(
        self,
        service: SpeechService,
        listeners: Sequence[Listener],
        profiles: Mapping[str, Profile],
        limits: Limits,
        observer: Observer,
        allowed_networks: Sequence[str] = (LOCAL,),
        sessions: int = Pool().max_size,
    ) -> None:
        self._service = service
        self._listener_settings = listeners
        self._profiles = profiles
        possible = msgspec.structs.replace(limits, max_connections=room_for(limits.max_connections))
        self._state = ServerState.new(possible, sessions, observer)
        self._registry = self._state.registry
        self._access_list = AccessList(allowed_networks)
        self._listeners: list[TcpListener | UnixListener | StdioListener] = []

    @property
    def uris(self) -> list[str]:
        """Where it listens, with real ports."""
        return [uri for listener in self._listeners for uri in listener.uris]

    @property
    def tcp_addresses(self) -> list[TcpAddress]:
        """Every bound TCP address, for announcing."""
        return [
            address
            for listener in self._listeners
            if isinstance(listener, TcpListener)
            for address in listener.bound
        ]

    @property
    def refusals(self) -> Mapping[str, int]:
        """How many refusals there were, for each setting or rule that was broken."""
        return self._state.refusals.counts

    async def start(self) -> None:
        """Return when every port accepts. Raises SettingsError."""
        try:
            for settings in self._listener_settings:
                await self._open(settings)
        except SettingsError:
            await self.stop()
            raise

    async def input_ended(self) -> None:
        """Wait until the client on stdio has gone; for ever when there is none."""
        for listener in self._listeners:
            if isinstance(listener, StdioListener):
                await listener.ended.wait()
                return
        await asyncio.get_running_loop().create_future()

    async def stop(self, within: float | None = None) -> None:
        """Accept no connections, let requests finish, answer the rest with an error.

        Ends after `within` seconds at the latest (default: `limits.stop`).
        """
        loop = asyncio.get_running_loop()
        within = self._state.limits.stop if within is None else within
        last = min(_LAST_SECONDS, within / 2)
        latest = loop.time() + within - last
        await asyncio.sleep(0)  # clients that have connected by now are accepted
        for listener in self._listeners:
            listener.close()
        await self._finish(min(_NEWCOMER_SECONDS, within / 4))
        await self._registry.wait_for_tasks(latest - loop.time())
        for connection in self._registry.members():
            connection.fail_request()
        while loop.time() < latest and any(c.unsent for c in self._registry.members()):  # noqa: ASYNC110
            await asyncio.sleep(_POLL_SECONDS)
        await self._wait_until_empty(last / 2)
        for connection in self._registry.members():
            connection.abort()
        await self._wait_until_empty(last / 2)
        await self._registry.wait_for_tasks(last / 2)
        if self.refusals:
            _LOGGER.info("Refused while it ran: %s", self._state.refusals)

    async def _finish(self, seconds: float) -> None:
        """Close every connection after its request; new ones have `seconds` for their first event."""
        newcomers = self._registry.newcomers()
        for connection in self._registry.members():
            if connection not in newcomers:
                connection.close_after_request()
        latest = asyncio.get_running_loop().time() + seconds
        while self._registry.newcomers() and asyncio.get_running_loop().time() < latest:  # noqa: ASYNC110
            await asyncio.sleep(_POLL_SECONDS)
        for connection in newcomers:
            connection.close_after_request()

    async def _open(self, settings: Listener) -> None:
        service = listener_service(self._service.for_profile(self._profiles.get(settings.profile, Profile())))
        listener = _listener(settings.uri)
        access_list = self._access_list if isinstance(listener, TcpListener) else None
        await listener.open(lambda: ClientConnection(service, self._state, access_list))
        self._listeners.append(listener)

    async def _wait_until_empty(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._registry.wait_until_empty()


def _listener(uri: str) -> TcpListener | UnixListener | StdioListener:
    try:
        address = parse_uri(uri)
    except ValueError as error:
        raise SettingsError(f"Cannot listen on '{uri}': {error}.") from error
    match address:
        case TcpAddress():
            return TcpListener(address)
        case UnixAddress(path):
            return UnixListener(path)
        case StdioAddress():
            return StdioListener()


def listener_service(service: SpeechService) -> ListenerService:
    """What the clients of a listener get: every handler, and an `info` of what the service's catalog has."""
    handlers = {event_type: handler for handler in _HANDLERS for event_type in handler.event_types}
    return ListenerService(service, encode(build_info(service.catalog)), handlers)


def build_info(catalog: Catalog) -> Info:
    """The answer to `describe`: one program each way, with the models and voices of the catalog.

    Home Assistant loads a platform only if a program of it is installed, and cannot add an entity whose
    languages are empty: models and voices without a language are left out.
    """
    return Info(asr=[_asr_program(catalog)], tts=[_tts_program(catalog)])


def _asr_program(catalog: Catalog) -> AsrProgram:
    models = [_model(model, catalog) for model in catalog.models if model.languages]
    return AsrProgram(
        name=PROGRAM,
        attribution=_ATTRIBUTION,
        installed=bool(models),
        description=catalog.asr_unavailable_reason or "Speech recognition over the realtime API",
        version=__version__,
        models=models,
        supports_transcript_streaming=catalog.partials,
        requires_external_vad=catalog.requires_external_vad,
        prefers_auto_gain_enabled=True,
        # doing it twice costs words
        prefers_noise_reduction_enabled=not catalog.provider.reduces_noise,
    )


def _tts_program(catalog: Catalog) -> TtsProgram:
    return TtsProgram(
        name=PROGRAM,
        attribution=_ATTRIBUTION,
        installed=True,
        description="Speech synthesis over the realtime API",
        version=__version__,
        voices=[_voice(voice, catalog) for voice in catalog.voices if voice.languages],
        supports_synthesize_streaming=True,
    )


def _model(model: Model, catalog: Catalog) -> AsrModel:
    return AsrModel(
        name=model.name,
        attribution=_attribution(catalog),
        installed=True,
        description=model.description,
        version=None,
        languages=list(model.languages),
    )


def _voice(voice: Voice, catalog: Catalog) -> TtsVoice:
    return TtsVoice(
        name=voice.name,
        attribution=_attribution(catalog),
        installed=True,
        description=voice.description,
        version=None,
        languages=list(voice.languages),
    )


def _attribution(catalog: Catalog) -> Attribution:
    """The maker of the models and voices."""
    return Attribution(catalog.provider.label, catalog.provider.documentation)


def room_for(connections: int) -> int:
    """How many connections are possible; raises the system's limit of open files as far as that is needed."""
    soft, hard = (_number(limit) for limit in resource.getrlimit(resource.RLIMIT_NOFILE))
    needed = connections + _OTHER_FILES
    if soft < needed:
        soft = _raised(min(needed, hard), soft)
    if soft >= needed:
        return connections
    possible = max(soft - _OTHER_FILES, soft // 2)
    _LOGGER.warning(
        "Only %d connections are possible instead of limits.max_connections = %d: "
        "the system lets this process open %d files (ulimit -n)",
        possible,
        connections,
        soft,
    )
    return possible


def _raised(needed: int, soft: int) -> int:
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    except (OSError, ValueError):  # some systems grant less than they promise
        return soft
    return needed


def _number(limit: int) -> int:
    return 1 << 30 if limit == resource.RLIM_INFINITY else limit
