"""One request of one client, from its first event to the last of its answer."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

from wyoming.event import Eventable

from wyoming_azure_realtime.errors import OutOfOrder
from wyoming_azure_realtime.speech.service import SpeechService
from wyoming_azure_realtime.wyoming_server.event_writer import EventWriter
from wyoming_azure_realtime.wyoming_server.events import Event


class RequestHandler(ABC):
    """Takes the events of a request while `run` answers it.

    `run` is called once, right after the first `offer`. A SpeechServiceError, from either, ends the exchange.
    `on_ready` tells that an event that was not taken may be offered again. `client`: the client's address.
    """

    events: ClassVar[frozenset[str]]
    """The types of event that such a request is made of; any of them may begin it."""

    last: ClassVar[str]
    """The type after which the client sends nothing more of the request."""

    holds_session: ClassVar[bool]
    """Whether a session is kept while the client's next event is awaited."""

    def __init__(
        self, service: SpeechService, outbox: EventWriter, on_ready: Callable[[], None], client: str
    ) -> None:
        self._service = service
        self._client = client
        self._outbox = outbox
        self._on_ready = on_ready
        self.input_open = True

    def offer(self, event: Event) -> bool:
        """`take` the event of any type. Raises OutOfOrder when it is none of `events`."""
        if event.type not in self.events:
            raise OutOfOrder(f"A '{event.type}' while '{self.last}' is awaited.")
        return self.take(event)

    @abstractmethod
    def take(self, event: Event) -> bool:
        """Handle an event of `events`; False when it must wait. Raises RequestError."""

    @abstractmethod
    async def run(self) -> None:
        """Answer the request. Cancelling it cancels the work upstream. Raises SpeechServiceError."""

    def after_error(self) -> list[Eventable]:
        """What a client must still be told after an `error` so that it does not wait for more."""
        return []
