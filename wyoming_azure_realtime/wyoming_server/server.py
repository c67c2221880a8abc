"""All listeners of the Wyoming door: opened together, stopped together."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress

import msgspec

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
from wyoming_azure_realtime.speech.service import SpeechService
from wyoming_azure_realtime.wyoming_server.access_list import AccessList
from wyoming_azure_realtime.wyoming_server.commons import ServerState
from wyoming_azure_realtime.wyoming_server.connection import Connection
from wyoming_azure_realtime.wyoming_server.descriptors import room_for
from wyoming_azure_realtime.wyoming_server.listeners import TcpListener, UnixListener
from wyoming_azure_realtime.wyoming_server.offer import Offer
from wyoming_azure_realtime.wyoming_server.stdio import StdioListener

_LOGGER = logging.getLogger(__name__)

_FAREWELL = 0.5
"""Seconds of the grace period that are kept for errors to be read and connections to end."""

_NEWCOMERS = 0.2
"""Seconds for the first event of who has just connected, while nobody else is accepted."""

_LOOK_AGAIN = 0.02


class WyomingServer:
    """Serves the speech service on every listener, each with its profile's defaults.

    `sessions`: how many requests the service can serve at a time. `observer`: is told of clients refused.
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
        self._wanted = listeners
        self._profiles = profiles
        self._limits = limits
        possible = room_for(limits.max_connections)
        bounds = msgspec.structs.replace(limits, max_connections=possible)
        self._commons = ServerState.within(bounds, sessions, observer)
        self._roster = self._commons.roster
        self._gate = AccessList(allowed_networks)
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
        """How often something was refused, by the setting or the rule that it was beyond."""
        return self._commons.refusals.counts

    async def start(self) -> None:
        """Return when every port accepts. Raises SettingsError."""
        try:
            for wanted in self._wanted:
                await self._open(wanted)
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
        """Accept nobody, let requests finish, answer the rest with an error. `within`: else `limits.stop`."""
        loop = asyncio.get_running_loop()
        within = self._commons.limits.stop if within is None else within
        farewell = min(_FAREWELL, within / 2)
        latest = loop.time() + within - farewell
        await asyncio.sleep(0)  # whoever has connected by now is let in
        for listener in self._listeners:
            listener.close()
        await self._finish(min(_NEWCOMERS, within / 4))
        await self._roster.settled(latest - loop.time())
        for connection in self._roster.members():
            connection.give_up()
        while loop.time() < latest and any(one.unsent for one in self._roster.members()):  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_AGAIN)
        await self._emptied(farewell / 2)
        for connection in self._roster.members():
            connection.abort()
        await self._emptied(farewell / 2)
        await self._roster.settled(farewell / 2)
        if self.refusals:
            _LOGGER.info("Refused while it ran: %s", self._commons.refusals)

    async def _finish(self, seconds: float) -> None:
        """Let every connection go after its request; who has just come may still say what it wants."""
        newcomers = self._roster.newcomers()
        for connection in self._roster.members():
            if connection not in newcomers:
                connection.finish()
        latest = asyncio.get_running_loop().time() + seconds
        while self._roster.newcomers() and asyncio.get_running_loop().time() < latest:  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_AGAIN)
        for connection in newcomers:
            connection.finish()

    async def _open(self, wanted: Listener) -> None:
        offer = Offer.of(self._service.for_profile(self._profiles.get(wanted.profile, Profile())))
        listener = _listener(wanted.uri)
        gate = self._gate if isinstance(listener, TcpListener) else None
        await listener.open(lambda: Connection(offer, self._commons, gate))
        self._listeners.append(listener)

    async def _emptied(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._roster.emptied()


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
