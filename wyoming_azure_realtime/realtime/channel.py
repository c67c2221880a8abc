"""What a turn needs from a session: send an event, receive an event."""

from typing import Protocol

from wyoming_azure_realtime.realtime.client_events import ClientEvent
from wyoming_azure_realtime.realtime.dialects.base import SessionKind
from wyoming_azure_realtime.realtime.server_events import ServerEvent, UnknownEvent
from wyoming_azure_realtime.realtime.session_config import Hints


class Channel(Protocol):
    """An open, configured session. Raises `SessionLost` from the moment it has ended."""

    @property
    def kind(self) -> SessionKind:
        """The kind of socket: a transcription session, or a conversation that only transcribes."""

    hints: Hints
    items: set[str]

    async def send(self, event: ClientEvent) -> None:
        """Send one event, waiting while the socket is congested."""

    async def receive(self) -> ServerEvent | UnknownEvent:
        """The next event."""
