"""Which request of a client is in progress, and what each of its events means at the moment.

`Dispatcher` gives the events of a request to its `RequestHandler`, one request after the other, and answers
`describe` and `ping` itself at any time; `select-program` says for whom the requests behind it are. After an
error the rest of the request is discarded, then our side of the connection ends. The handlers are in modules
of their own; the server has the table of them.
"""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import ClassVar, Protocol

from wyoming.event import Eventable
from wyoming.ping import Pong

from wyoming_azure_realtime.errors import (
    AudioTooLong,
    BackendError,
    InternalError,
    InvalidRequest,
    OutOfOrder,
    PoolClosed,
    PoolError,
    RequestError,
    SpeechServiceError,
    TextTooLong,
    TooManyRequests,
)
from wyoming_azure_realtime.home_service import HomeService
from wyoming_azure_realtime.wyoming_server.event_writer import EventWriter
from wyoming_azure_realtime.wyoming_server.events import (
    Bound,
    Event,
    LimitExceeded,
    Ping,
    SelectProgram,
    encode,
    error_event,
    read_data,
)
from wyoming_azure_realtime.wyoming_server.limits import ServerState

_LOGGER = logging.getLogger(__name__)

_BOUND_OF: dict[type[SpeechServiceError], Bound] = {
    AudioTooLong: Bound.UTTERANCE,
    TextTooLong: Bound.TEXT,
    TooManyRequests: Bound.WAITING,
}


class RequestHandler(ABC):
    """Takes the events of one request of one client while `run` answers it.

    `run` is called once, right after the first `take`. A SpeechServiceError, from either, ends the request.
    `on_ready`: to be called when an event that was not taken may be offered again. `client`: the client's IP
    address, empty unless it came by TCP.
    """

    event_types: ClassVar[frozenset[str]]
    """The types of event that such a request is made of; any of them may begin it."""

    last_event_type: ClassVar[str]
    """The type after which the client sends nothing more of the request."""

    holds_session: ClassVar[bool]
    """Whether a session is kept while the client's next event is awaited."""

    def __init__(
        self, service: HomeService, writer: EventWriter, on_ready: Callable[[], None], client: str
    ) -> None:
        self._service = service
        self._client = client
        self._writer = writer
        self._on_ready = on_ready
        self.input_open = True  # until the client has sent the last event of the request

    @abstractmethod
    def take(self, event: Event) -> bool:
        """Handle an event of `event_types`; False when it must wait. Raises RequestError."""

    @abstractmethod
    async def run(self) -> None:
        """Answer the request. Cancelling it cancels the work at the service. Raises SpeechServiceError."""

    def error_events(self, error: SpeechServiceError) -> list[Eventable]:
        """What tells the client of an error, so that it does not wait for more."""
        return [error_event(error)]


@dataclass(slots=True)
class ListenerService:
    """What the clients of one listener are served with from their next request on: it may be replaced.

    `service`: with the defaults of the listener's profile. `info`: the whole answer to `describe`, made once,
    because Home Assistant asks for it every 30 seconds. `handlers`: who handles a request, by type of event.
    `programs`: the services that a client may select instead, by the names of their programs.
    """

    service: HomeService
    info: bytes
    handlers: Mapping[str, type[RequestHandler]]
    programs: Mapping[str, HomeService] = field(default_factory=dict)

    def selected(self, program: str) -> HomeService:
        """That of a program, if there is (still) one of that name, else the listener's own."""
        return self.programs.get(program, self.service)


class ConnectionControl(Protocol):
    """What the dispatcher asks of its connection."""

    def resume_events(self) -> None:
        """Offer the event that had to wait, and those after it."""

    def discarding_started(self) -> None:
        """Events are discarded from now on: limit the time."""

    def discarding_ended(self) -> None:
        """Events are handled again."""

    def end_output(self) -> None:
        """Nothing more will be sent."""


class _State(Enum):
    ACCEPTING = auto()  # events are handled
    DISCARDING_REST = auto()  # the rest of a request that is answered already is discarded, then ACCEPTING
    DISCARDING_THEN_CLOSE = auto()  # the same after an error, then CLOSED
    CLOSED = auto()  # nothing more is sent, and what comes is discarded


class Dispatcher:
    """Answers one request after the other; `describe` and `ping` at any time.

    `peer`: the client's name in the log; `address`: its IP address, empty unless it came by TCP.
    """

    def __init__(
        self,
        service: ListenerService,
        writer: EventWriter,
        state: ServerState,
        connection: ConnectionControl,
        peer: str,
        address: str,
    ) -> None:
        self._service = service
        self._program = ""  # the name of the one that the client has selected
        self._writer = writer
        self._clients = state.clients
        self._refusals = state.refusals
        self._connection = connection
        self._peer = peer
        self._address = address
        self._state = _State.ACCEPTING
        self._handler: RequestHandler | None = None
        self._task: asyncio.Task[None] | None = None
        self._discard_until = ""  # the last type of event that is discarded
        self._last_request = False

    @property
    def accepting(self) -> bool:
        """Events are handled, not discarded."""
        return self._state is _State.ACCEPTING

    @property
    def busy(self) -> bool:
        """A request is in progress."""
        return self._handler is not None

    @property
    def answering(self) -> bool:
        """A request is in progress of which nothing more is expected."""
        return self._handler is not None and not self._handler.input_open

    @property
    def awaits_client(self) -> bool:
        """A request is in progress that the client has to go on with."""
        return self._handler is not None and self._handler.input_open

    @property
    def holds_session(self) -> bool:
        """A session is kept until it does."""
        handler = self._handler
        return handler is not None and handler.input_open and handler.holds_session

    def handle(self, event: Event) -> bool:
        """Handle one event; False when it must wait for `resume_events`."""
        if self._state is not _State.ACCEPTING:
            self._discard(event)
            return True
        handler_type = self._service.handlers.get(event.type)
        if handler_type is None:
            return self._reply(event)
        handler = self._handler
        if handler is None:
            on_ready = self._connection.resume_events
            handler = self._handler = handler_type(
                self._service.selected(self._program), self._writer, on_ready, self._address
            )
        elif not handler.input_open:
            return False
        return self._hand_over(handler, event)

    def fail(self, error: SpeechServiceError) -> None:
        """Send an `error`, discard the rest of the request, then end our side."""
        handler = self._detach()
        self._log(error)
        events = handler.error_events(error) if handler else [error_event(error)]
        self._writer.send(*map(encode, events))
        if handler is not None and handler.input_open:
            self._discard_rest(handler, _State.DISCARDING_THEN_CLOSE)
        else:
            self.close()

    def close(self) -> None:
        """Send nothing more, discard what comes."""
        self._detach()
        if self._state is not _State.CLOSED:
            self._state = _State.CLOSED
            self._connection.end_output()

    def close_after_request(self) -> None:
        """Answer the request in progress, then close."""
        self._last_request = True
        if self._handler is None:
            self.close()

    def cancel(self) -> None:
        """The client is gone: cancel what is in progress."""
        self._state = _State.CLOSED
        self._detach()

    def _hand_over(self, handler: RequestHandler, event: Event) -> bool:
        if event.type not in handler.event_types:
            self.fail(OutOfOrder(f"A '{event.type}' while '{handler.last_event_type}' is awaited."))
            return True
        try:
            taken = handler.take(event)
        except SpeechServiceError as error:
            handler.input_open = handler.input_open and event.type != handler.last_event_type
            self.fail(error)
            return True
        except Exception as error:
            _LOGGER.exception("The event '%s' of %s hit a bug", event.type, self._peer)
            self.fail(InternalError.of(error))
            return True
        if self._task is None:
            self._task = self._clients.start_task(self._answer(handler))
        return taken

    async def _answer(self, handler: RequestHandler) -> None:
        error: SpeechServiceError | None = None
        try:
            await handler.run()
        except asyncio.CancelledError:
            # ours come after detaching; any other would leave the client waiting
            if handler is self._handler:
                self.fail(PoolClosed("The request was cancelled."))
            raise
        except SpeechServiceError as failure:
            error = failure
        except Exception as failure:
            _LOGGER.exception("A request of %s hit a bug", self._peer)
            error = InternalError.of(failure)
        if handler is self._handler:
            self._conclude(handler, error)

    def _conclude(self, handler: RequestHandler, error: SpeechServiceError | None) -> None:
        if error is not None:
            self._task = None
            self.fail(error)
        else:
            self._handler = self._task = None
            if self._last_request:
                self.close()
            elif handler.input_open:
                self._discard_rest(handler, _State.DISCARDING_REST)
        self._connection.resume_events()

    def _reply(self, event: Event) -> bool:
        """Answer an event that belongs to no request, at once."""
        if event.type == "select-program":
            self._select(event)
            return True
        if event.type not in {"describe", "ping"}:
            _LOGGER.debug("%s sent '%.40s', which is ignored", self._peer, event.type)
            return True
        if self._writer.full:  # or a client that only asks and never reads could fill the memory
            return False
        if event.type == "describe":
            _LOGGER.debug("%s asked what is on offer", self._peer)
            self._writer.send(self._service.info)
        else:
            self._writer.send(encode(_pong(event)))
        return True

    def _select(self, event: Event) -> None:
        """What follows on this connection is for another program."""
        try:
            name = read_data(event, SelectProgram).name
            if self._handler is not None:
                raise OutOfOrder("A 'select-program' while a request is in progress.")
            if name not in self._service.programs:
                listed = ", ".join(self._service.programs)
                raise InvalidRequest(f"Unknown program {name!r}.", advice=f"There is {listed}.")
            self._program = name
        except RequestError as error:
            self.fail(error)

    def _discard_rest(self, handler: RequestHandler, state: _State) -> None:
        self._state = state
        self._discard_until = handler.last_event_type
        self._connection.discarding_started()

    def _discard(self, event: Event) -> None:
        if event.type != self._discard_until:
            return
        if self._state is _State.DISCARDING_THEN_CLOSE:
            self.close()
        elif self._state is _State.DISCARDING_REST:
            self._state = _State.ACCEPTING
            self._connection.discarding_ended()

    def _log(self, error: SpeechServiceError) -> None:
        message = f"{self._peer} was answered with {error.code}: {_one_line(str(error))}"
        bound = bound_of(error)
        if bound:
            self._refusals.report(bound, message)
        else:
            # the line of a turn tells why it failed
            level = logging.DEBUG if isinstance(error, BackendError | PoolError) else logging.WARNING
            _LOGGER.log(level, "%s", message)

    def _detach(self) -> RequestHandler | None:
        handler, self._handler = self._handler, None
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
        return handler


def bound_of(error: SpeechServiceError) -> str:
    """The limit that the client exceeded, as a Bound or the error's code; empty if it was not the client."""
    if isinstance(error, LimitExceeded):
        return error.bound
    return _BOUND_OF.get(type(error)) or (error.code if isinstance(error, RequestError) else "")


def _pong(ping: Event) -> Pong:
    """Every ping has one."""
    try:
        return Pong(text=read_data(ping, Ping).text)
    except InvalidRequest:
        return Pong()


def _one_line(text: str, most: int = 500) -> str:
    """What a client may have put into an error must neither break nor fill the log."""
    return " ".join(text[:most].split())
