"""The Wyoming server: all listeners, opened together and stopped together, and what they offer.

This is where a kind of request gets its handler (`_HANDLERS`), and where the answer to `describe` is made
from the catalog of the speech service.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType

from wyoming.info import (
    AsrModel,
    AsrProgram,
    Attribution,
    HandleModel,
    HandleProgram,
    Info,
    TtsProgram,
    TtsVoice,
)

from wyoming_azure_realtime._version import __version__
from wyoming_azure_realtime.admission.connections import ConnectionRegistry, Stage
from wyoming_azure_realtime.conversation.agent import ConversationAgent
from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.home_service import HomeService
from wyoming_azure_realtime.settings.addresses import (
    LOCAL,
    StdioAddress,
    TcpAddress,
    UnixAddress,
    parse_uri,
)
from wyoming_azure_realtime.settings.model import Limits, Listener, Pool, Profile
from wyoming_azure_realtime.speech.catalog import Catalog, Model, Voice
from wyoming_azure_realtime.wyoming_server.asr_handler import AsrHandler
from wyoming_azure_realtime.wyoming_server.connection import ClientConnection
from wyoming_azure_realtime.wyoming_server.dispatcher import ListenerService, RequestHandler
from wyoming_azure_realtime.wyoming_server.events import encode
from wyoming_azure_realtime.wyoming_server.handle_handler import HandleHandler
from wyoming_azure_realtime.wyoming_server.limits import AccessList, Client, ServerState
from wyoming_azure_realtime.wyoming_server.listeners import StdioListener, TcpListener, UnixListener
from wyoming_azure_realtime.wyoming_server.tts_handler import TtsHandler

_LOGGER = logging.getLogger(__name__)

_HANDLERS: tuple[type[RequestHandler], ...] = (AsrHandler, TtsHandler, HandleHandler)
"""One for each kind of request; a handler says itself which types of event belong to it."""

PROGRAM = "azure-realtime"
"""The name of all programs in `info`. It never changes: Home Assistant derives its entities from it."""

_ATTRIBUTION = Attribution("wyoming-azure-realtime", "https://www.home-assistant.io/integrations/wyoming/")

_LAST_SECONDS = 0.5
"""Seconds of the grace period that are kept for errors to be read and connections to end."""

_HANDSHAKE_SECONDS = 0.01
"""Seconds in which those who have begun to connect finish doing so."""

_NEWCOMERS = (Stage.SILENT, Stage.INCOMPLETE)
_NEWCOMER_SECONDS = 2.0
"""Seconds for the first event of clients that have connected and sent none yet.

A balancer connects when its client does; the client's first bytes may come a while later.
"""

_POLL_SECONDS = 0.02


class WyomingServer:
    """Serves the speech service on every listener, each with its profile's defaults.

    `sessions`: how many requests the service can serve at a time. `registry`: of the connections of all
    doors.
    """

    def __init__(
        self,
        service: HomeService,
        listeners: Sequence[Listener],
        profiles: Mapping[str, Profile],
        limits: Limits,
        registry: ConnectionRegistry,
        allowed_networks: Sequence[str] = (LOCAL,),
        sessions: int = Pool().max_size,
    ) -> None:
        self._service = service
        self._listener_settings = listeners
        self._profiles = profiles
        self._state = ServerState.new(limits, sessions, registry)
        self._clients = self._state.clients
        self._access_list = AccessList(allowed_networks)
        self._listeners: list[TcpListener | UnixListener | StdioListener] = []
        self._served: list[tuple[Listener, ListenerService]] = []

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

    def renew(self, profiles: Mapping[str, Profile]) -> None:
        """Offer what the speech service and the profiles are by now; open connections get it as well.

        A request in progress ends as it began.
        """
        self._profiles = profiles
        for settings, served in self._served:
            renewed = self._service_for(settings)
            served.service, served.info, served.programs = renewed.service, renewed.info, renewed.programs

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
        for listener in self._listeners:
            listener.refuse()
        await asyncio.sleep(_HANDSHAKE_SECONDS)
        for listener in self._listeners:
            listener.close()
        for listener in self._listeners:
            await listener.accepted()
        await self._finish(min(_NEWCOMER_SECONDS, within / 4))
        await self._clients.wait_for_tasks(latest - loop.time())
        for connection in self._clients.open():
            connection.fail_request()
        while loop.time() < latest and any(c.unsent for c in self._clients.open()):  # noqa: ASYNC110
            await asyncio.sleep(_POLL_SECONDS)
        await self._wait_until_empty(last / 2)
        for connection in self._clients.open():
            connection.abort()
        await self._wait_until_empty(last / 2)
        await self._clients.wait_for_tasks(last / 2)
        if self.refusals:
            _LOGGER.info("Refused while it ran: %s", self._state.refusals)

    async def _finish(self, seconds: float) -> None:
        """Close every connection after its request; new ones have `seconds` for their first event."""
        newcomers = self._newcomers()
        for connection in self._clients.open():
            if connection not in newcomers:
                connection.close_after_request()
        latest = asyncio.get_running_loop().time() + seconds
        while self._newcomers() and asyncio.get_running_loop().time() < latest:  # noqa: ASYNC110
            await asyncio.sleep(_POLL_SECONDS)
        for connection in newcomers:
            connection.close_after_request()

    def _newcomers(self) -> list[Client]:
        """The connections that have not sent a complete event yet."""
        registry = self._state.registry
        return [one for one in self._clients.open() if registry.stage_of(one) in _NEWCOMERS]

    def _service_for(self, settings: Listener) -> ListenerService:
        own = self._service.for_profile(self._profiles.get(settings.profile, Profile()))
        others = {
            f"{PROGRAM}-{name}": self._service.for_profile(profile)
            for name, profile in self._profiles.items()
            if name != settings.profile
        }
        return listener_service(own, others)

    async def _open(self, settings: Listener) -> None:
        service = self._service_for(settings)
        self._served.append((settings, service))
        listener = _listener(settings.uri)
        access_list = self._access_list if isinstance(listener, TcpListener) else None
        await listener.open(lambda: ClientConnection(service, self._state, access_list))
        self._listeners.append(listener)

    async def _wait_until_empty(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._clients.wait_until_empty()


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


def listener_service(
    service: HomeService, others: Mapping[str, HomeService] = MappingProxyType({})
) -> ListenerService:
    """What the clients of a listener get: every handler, and an `info` of what the services' catalogs have.

    `others`: with the defaults of other profiles, by the names of their programs.
    """
    handlers = {event_type: handler for handler in _HANDLERS for event_type in handler.event_types}
    programs = {PROGRAM: service, **others}
    info = build_info(service.catalog, {name: other.catalog for name, other in others.items()})
    if service.conversation is not None:
        info.handle = [_handle_program(name, service.conversation, service.catalog) for name in programs]
    return ListenerService(service, encode(info), handlers, programs)


def build_info(catalog: Catalog, others: Mapping[str, Catalog] = MappingProxyType({})) -> Info:
    """The answer to `describe`: a program each way, with the models and voices of the catalog, and `others`.

    The first one serves whoever selects none.
    Home Assistant loads a platform only if a program of it is installed, and cannot add an entity whose
    languages are empty: models and voices without a language are left out.
    """
    programs = {PROGRAM: catalog, **others}
    return Info(
        asr=[_asr_program(name, one) for name, one in programs.items()],
        tts=[_tts_program(name, one) for name, one in programs.items()],
    )


def _asr_program(name: str, catalog: Catalog) -> AsrProgram:
    models = [_model(model, catalog) for model in catalog.models if model.languages]
    return AsrProgram(
        name=name,
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


def _handle_program(name: str, conversation: ConversationAgent, catalog: Catalog) -> HandleProgram:
    """Without languages, which says that it knows all of them."""
    model = HandleModel(
        name=conversation.backends.first.answers_with,
        attribution=_attribution(catalog),
        installed=True,
        description=None,
        version=None,
        languages=[],
    )
    return HandleProgram(
        name=name,
        attribution=_ATTRIBUTION,
        installed=True,
        description="Conversation over the realtime API",
        version=__version__,
        models=[model],
        supports_handled_streaming=True,
        supports_home_control=conversation.acts,
    )


def _tts_program(name: str, catalog: Catalog) -> TtsProgram:
    return TtsProgram(
        name=name,
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
        languages=[*voice.languages, *voice.further],
    )


def _attribution(catalog: Catalog) -> Attribution:
    """The maker of the models and voices."""
    return Attribution(catalog.provider.label, catalog.provider.documentation)
