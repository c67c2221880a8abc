"""A Wyoming server over the real speech service, and a client that may misbehave."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from wyoming.event import Event, async_read_event

from tests.support.admission import registry_of
from tests.support.service import Running, running_service
from tests.support.wyoming_events import PCM_16K, TEN_MS, event_bytes
from wyoming_azure_realtime.observe import ObservedEvent as Observed
from wyoming_azure_realtime.observe import Observer
from wyoming_azure_realtime.observed_log import ObservedLog
from wyoming_azure_realtime.settings.addresses import TcpAddress
from wyoming_azure_realtime.settings.model import Limits, Listener, Profile
from wyoming_azure_realtime.wyoming_server.server import WyomingServer

PATIENCE = 10.0


@dataclass
class Door:
    """A Wyoming server on a free port of loopback, the service behind it, and what the server reported."""

    server: WyomingServer
    behind: Running
    events: list[Observed] = field(default_factory=list)

    @property
    def address(self) -> TcpAddress:
        return self.server.tcp_addresses[0]

    @property
    def uri(self) -> str:
        return self.server.uris[0]

    async def outcomes(self, number: int = 1) -> list[str]:
        """What became of the turns, once there are that many."""
        await eventually(lambda: len(self.behind.turns) >= number)
        return [turn.outcome for turn in self.behind.turns]

    @asynccontextmanager
    async def peer(self, local: str = "") -> AsyncIterator["Peer"]:
        """A client over tcp, from a local address if it is given."""
        reader, writer = await asyncio.open_connection(
            self.address.host, self.address.port, local_addr=(local, 0) if local else None
        )
        try:
            yield Peer(reader, writer)
        finally:
            writer.transport.abort()


@asynccontextmanager
async def wyoming_door(
    *,
    uris: tuple[str, ...] = ("tcp://127.0.0.1:0",),
    limits: Limits | None = None,
    profile: Profile | None = None,
    profiles: Mapping[str, Profile] = MappingProxyType({}),
    catalog: Mapping[str, Any] = MappingProxyType({}),
    allowed_networks: tuple[str, ...] = ("local",),
    sessions: int = 16,
    **service: Any,
) -> AsyncIterator[Door]:
    """`catalog`: other fields. `profiles`: beside the default. `service`: as `running_service` takes it."""
    async with running_service(**service) as behind:
        behind.service.catalog = replace(behind.service.catalog, **catalog)
        events: list[Observed] = []
        listeners = [Listener(uri=uri) for uri in uris]
        server = WyomingServer(
            behind.service,
            listeners,
            {"default": profile or Profile(), **profiles},
            limits or Limits(),
            registry_of(limits, Observer(ObservedLog().write, events.append)),
            allowed_networks,
            sessions,
        )
        await server.start()
        try:
            yield Door(server, behind, events)
        finally:
            await server.stop()


async def eventually(holds: Callable[[], object]) -> None:
    """Wait until it holds; nothing tells when."""
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


class Peer:
    """Writes events or any bytes, reads events."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, kind: str, data: dict[str, Any] | None = None, payload: bytes = b"") -> None:
        await self.send_raw(event_bytes(kind, data, payload))

    async def send_raw(self, data: bytes) -> None:
        self.writer.write(data)
        async with asyncio.timeout(PATIENCE):
            await self.writer.drain()

    def pause_reading(self) -> None:
        """From now on nothing is read of what comes."""
        transport = self.writer.transport
        assert isinstance(transport, asyncio.Transport)
        transport.pause_reading()

    async def audio(self, chunks: int = 20) -> None:
        """That many chunks of 10 ms."""
        await self.send_raw(event_bytes("audio-chunk", {**PCM_16K, "timestamp": None}, TEN_MS) * chunks)

    async def utter(self, chunks: int = 20, language: str = "en") -> None:
        """A whole request for recognition."""
        await self.send("transcribe", {"language": language})
        await self.send("audio-start", PCM_16K)
        await self.audio(chunks)
        await self.send("audio-stop")

    def end(self) -> None:
        """Send no more, but go on reading."""
        self.writer.write_eof()

    async def event(self) -> Event | None:
        """The next event, None at the end."""
        async with asyncio.timeout(PATIENCE):
            return await async_read_event(self.reader)

    async def until(self, kind: str) -> list[Event]:
        """Every event up to the first of that type, which is the last of the list."""
        heard: list[Event] = []
        while not heard or heard[-1].type != kind:
            event = await self.event()
            assert event is not None, f"ended without {kind}, after {[e.type for e in heard]}"
            heard.append(event)
        return heard

    async def rest(self) -> list[Event]:
        """Every event up to the end of the connection."""
        heard: list[Event] = []
        while (event := await self.event()) is not None:
            heard.append(event)
        return heard

    async def rest_after_end(self) -> list[Event]:
        """`end`, then `rest`."""
        self.end()
        return await self.rest()
