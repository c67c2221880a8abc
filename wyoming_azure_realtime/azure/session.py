"""A realtime session: an open socket that was configured and has said so."""

import logging
from typing import TypeVar

from wyoming_azure_realtime.azure.connection import Connection
from wyoming_azure_realtime.errors import ProtocolViolation
from wyoming_azure_realtime.realtime.client_events import ClientEvent, SessionUpdate
from wyoming_azure_realtime.realtime.codec import decode_server, encode_client
from wyoming_azure_realtime.realtime.dialects import Dialect
from wyoming_azure_realtime.realtime.dialects.base import SessionKind
from wyoming_azure_realtime.realtime.failures import from_error
from wyoming_azure_realtime.realtime.server_events import (
    Error,
    ServerEvent,
    SessionCreated,
    SessionUpdated,
    UnknownEvent,
)
from wyoming_azure_realtime.realtime.session_config import Hints, SessionConfig, opening_update
from wyoming_azure_realtime.realtime.shapes import JsonObject

_LOGGER = logging.getLogger(__name__)
_Greeting = TypeVar("_Greeting", SessionCreated, SessionUpdated)


class RealtimeSession:
    """What a turn talks to. `hints` and `items` are what this session was told and has seen so far."""

    def __init__(self, connection: Connection, dialect: Dialect, kind: SessionKind) -> None:
        self._connection = connection
        self._dialect = dialect
        self.kind: SessionKind = kind
        self.id = ""
        self.expires_at: float | None = None
        self.hints = Hints()
        self.items: set[str] = set()

    def __repr__(self) -> str:
        return (
            f"<session {self.id or '?'} {self.kind} {self._dialect.name}{' closed' if self.closed else ''}>"
        )

    @property
    def closed(self) -> bool:
        """Whether the socket has ended."""
        return self._connection.closed

    async def configure(self, config: SessionConfig) -> None:
        """Greeting, configuration, acknowledgement. Raises a `BackendError` when refused."""
        self._greeted((await self._expect(SessionCreated)).session)
        await self.send(SessionUpdate(session=opening_update(config, self.kind), event_id="configure"))
        self._greeted((await self._expect(SessionUpdated)).session)

    async def send(self, event: ClientEvent) -> None:
        """Send one event in the session's dialect."""
        frame = encode_client(event, self._dialect)
        if frame is not None:
            await self._connection.send(frame)

    async def receive(self) -> ServerEvent | UnknownEvent:
        """The next event. One that makes no sense is logged and skipped: the service may add to its own."""
        while True:
            frame = await self._connection.receive()
            try:
                return decode_server(frame, self._dialect)
            except ProtocolViolation as error:
                _LOGGER.warning("Skipped an event of session %s: %s", self.id, error.message)

    async def answers(self, within: float) -> bool:
        """Whether a ping is answered within `within` seconds; False when the socket has ended."""
        return await self._connection.answers(within)

    async def wait_closed(self) -> None:
        """Until the socket has ended."""
        await self._connection.wait_closed()

    async def close(self) -> None:
        """Close the socket."""
        await self._connection.close()

    async def _expect(self, wanted: type[_Greeting]) -> _Greeting:
        while True:
            event = await self.receive()
            if isinstance(event, wanted):
                return event
            if isinstance(event, Error):
                raise from_error(event.error)

    def _greeted(self, session: JsonObject) -> None:
        self.id = str(session.get("id") or self.id)
        expires = session.get("expires_at")
        if isinstance(expires, int | float) and expires > 0:
            self.expires_at = float(expires)
