"""What the engine needs to know of a turn on a session: no socket, no clock."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from wyoming_azure_realtime import errors
from wyoming_azure_realtime.realtime import server_events as got
from wyoming_azure_realtime.realtime.client_events import ClientEvent, ResponseCancel
from wyoming_azure_realtime.realtime.dialects.base import SessionKind
from wyoming_azure_realtime.realtime.failures import from_error, is_about, is_harmless
from wyoming_azure_realtime.realtime.server_events import ServerEvent, UnknownEvent
from wyoming_azure_realtime.realtime.session_config import Hints
from wyoming_azure_realtime.realtime.shapes import JsonObject, Response, StatusDetails


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

    hints: Hints | None
    items: set[str]

    async def send(self, event: ClientEvent) -> None:
        """Send one event, waiting while the socket is congested."""

    async def receive(self) -> ServerEvent | UnknownEvent:
        """The next event."""


class ResponseTurn(ABC):
    """What every response out of band has in common: whose it is, how it is cancelled, how it ended.

    It has an input of its own (`conversation: none`), so that the session's conversation stays empty and the
    session can serve the next turn. Give `receive` every event of the session; it raises the error that ends
    the turn. `turn_id`: unique on the session.
    """

    def __init__(self, turn_id: str) -> None:
        self._id = turn_id
        self._cancelled = False
        self._begun = False  # the service said so
        self.response_id = ""
        self.settled = False
        self.usages: list[JsonObject] = []

    @abstractmethod
    def begin(self) -> list[ClientEvent]:
        """The request. `metadata` with the turn's id is echoed and tells whose response it is."""

    @abstractmethod
    def _take(self, event: ServerEvent | UnknownEvent) -> Sequence[Any]:
        """What an event within the response means."""

    @abstractmethod
    def _completed(self, response: Response) -> Sequence[Any]:
        """The outcomes of a response that came to its end. Raises the `BackendError` if it is no answer."""

    def _cut_off(self, response: Response) -> Sequence[Any]:
        """Those of one that met the limit of its length."""
        raise errors.ResponseFailed("The response met the service's limit of its length.")

    def cancel(self) -> list[ClientEvent]:
        """A response is cancelled by its id; while that is not known, `receive` will say what to send."""
        self._cancelled = True
        return [self._cancel()] if self.response_id and not self.settled else []

    def receive(self, event: ServerEvent | UnknownEvent) -> Sequence[Any]:
        """What an event means for this turn. Raises the `BackendError` that ends it."""
        if self.settled:
            return []
        match event:
            case got.ResponseCreated() if self._is_ours(event.response) and not self._begun:
                self._begun, self.response_id = True, event.response.id
                return [ToSend(self._cancel())] if self._cancelled else []
            case got.ResponseDone() if self._is_end(event.response):
                self.settled = True
                self.usages.append(event.response.usage or {})
                return self._judge(event.response)
            case got.Error() if is_about(event.error, self._id) and not is_harmless(event.error):
                raise from_error(event.error)
        return self._take(event)

    def _cancel(self) -> ClientEvent:
        return ResponseCancel(event_id=f"{self._id}-cancel", response_id=self.response_id)

    def _is_ours(self, response: Response) -> bool:
        """By what is echoed; where nothing is, since the session is in this turn's hands alone."""
        return bool((response.metadata or {}).get("turn", self._id) == self._id)

    def _is_of_ours(self, response_id: str) -> bool:
        """Whether something belongs to the response, which may have been named late or not at all."""
        if self._begun and not self.response_id:
            self.response_id = response_id
        return self._begun and response_id in (self.response_id, "")

    def _is_end(self, response: Response) -> bool:
        """Some services report no beginning of what failed at once; then only the echo tells."""
        named = (response.metadata or {}).get("turn") == self._id
        return named or self._is_of_ours(response.id)

    def _judge(self, response: Response) -> Sequence[Any]:
        details = response.status_details or StatusDetails()
        if response.status not in ("failed", "cancelled", "incomplete"):  # or nobody knows what it means
            return self._completed(response)
        if response.status == "failed" and details.error:
            failure = from_error(details.error)
            known = isinstance(failure, errors.RateLimited | errors.ContentRefused)
            raise failure if known else errors.ResponseFailed(failure.message)
        reason = details.reason or "no reason given"
        if reason == "content_filter":
            raise errors.ContentRefused("The service's content filter refuses the response.")
        if reason == "max_output_tokens":
            return self._cut_off(response)
        raise errors.ResponseFailed(f"The response ended as {response.status}: {reason}.")


def transcript_of(response: Response) -> str:
    """What the response's items say at the end, spoken or written; empty if they do not tell."""
    contents = [item.get("content") for item in response.output]
    parts = [
        part.get("transcript") or part.get("text")
        for content in contents
        if isinstance(content, list)
        for part in content
        if isinstance(part, dict)
    ]
    return " ".join(part for part in parts if isinstance(part, str)).strip()
