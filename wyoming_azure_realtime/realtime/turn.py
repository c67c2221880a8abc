"""What the engine needs to know of a turn on a session: no socket, no clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from wyoming_azure_realtime.realtime.client_events import ClientEvent
from wyoming_azure_realtime.realtime.dialects.base import SessionKind
from wyoming_azure_realtime.realtime.server_events import ServerEvent, UnknownEvent
from wyoming_azure_realtime.realtime.session_config import Hints
from wyoming_azure_realtime.realtime.shapes import JsonObject


@dataclass(frozen=True, slots=True)
class ToSend:
    """An outcome of any turn: an event that it wants sent now."""

    event: ClientEvent


class Turn(Protocol):
    """One turn on one session. Every method only changes the turn's own state.

    `usages`: what the service reported of the turn's requests since somebody took it out of the list.
    """

    usages: list[JsonObject]

    @property
    def settled(self) -> bool:
        """Whether nothing of this turn is in progress at the service any more."""

    def begin(self) -> list[ClientEvent]:
        """The first events to send; no reply to them is awaited."""

    def receive(self, event: ServerEvent | UnknownEvent) -> Sequence[Any]:
        """What an event of the session means for this turn. Raises the `BackendError` that ends it."""

    def cancel(self) -> list[ClientEvent] | None:
        """Events that make the service leave off, after which the turn will be `settled`.

        None: it cannot be made to, so that the session is not to be used again.
        """


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
