"""Which request of a client is in progress, and what each of its events means just now."""

import asyncio
import logging
from enum import Enum, auto
from typing import Protocol

from wyoming.ping import Pong

from wyoming_azure_realtime.errors import InternalError, InvalidRequest, PoolClosed, SpeechServiceError
from wyoming_azure_realtime.wyoming_server.asr_handler import AsrHandler
from wyoming_azure_realtime.wyoming_server.connection_registry import ConnectionRegistry
from wyoming_azure_realtime.wyoming_server.encoding import encode
from wyoming_azure_realtime.wyoming_server.error_event import error_event
from wyoming_azure_realtime.wyoming_server.event_writer import EventWriter
from wyoming_azure_realtime.wyoming_server.events import Event, Ping, read_data
from wyoming_azure_realtime.wyoming_server.offer import Offer
from wyoming_azure_realtime.wyoming_server.refusals import bound_of
from wyoming_azure_realtime.wyoming_server.request_handler import RequestHandler
from wyoming_azure_realtime.wyoming_server.tts_handler import TtsHandler

_LOGGER = logging.getLogger(__name__)

_EXCHANGES: dict[str, type[RequestHandler]] = {
    event: kind for kind in (AsrHandler, TtsHandler) for event in kind.events
}


class _State(Enum):
    OPEN = auto()  # requests are heard
    SKIPPING = auto()  # the rest of a request that is answered already is discarded, then it is OPEN
    DRAINING = auto()  # the same after an error, then it is OVER
    OVER = auto()  # nothing more is said, nothing more is heard


class Line(Protocol):
    """What a dialogue asks of its connection."""

    def hear_again(self) -> None:
        """Offer the event that had to wait, and those after it."""

    def skipping(self) -> None:
        """From now on input is discarded: bound the time."""

    def listening(self) -> None:
        """From now on input is heard again."""

    def hang_up(self) -> None:
        """The last word is said."""


class Dispatcher:
    """Answers one request after the other; `describe` and `ping` at any time.

    `peer`: the client in words, for the log; `address`: where it comes from, empty unless it came by tcp.
    """

    def __init__(
        self,
        offer: Offer,
        outbox: EventWriter,
        roster: ConnectionRegistry,
        line: Line,
        peer: str,
        address: str,
    ) -> None:
        self._offer = offer
        self._outbox = outbox
        self._roster = roster
        self._line = line
        self._peer = peer
        self._address = address
        self._state = _State.OPEN
        self._exchange: RequestHandler | None = None
        self._task: asyncio.Task[None] | None = None
        self._skip_to = ""
        self._last_request = False

    @property
    def open(self) -> bool:
        """Events are heard, not discarded."""
        return self._state is _State.OPEN

    @property
    def busy(self) -> bool:
        """A request is in progress."""
        return self._exchange is not None

    @property
    def answering(self) -> bool:
        """A request is in progress of which nothing more is expected."""
        return self._exchange is not None and not self._exchange.input_open

    @property
    def awaits_client(self) -> bool:
        """A session is kept until the client goes on with its request."""
        exchange = self._exchange
        return exchange is not None and exchange.input_open and exchange.holds_session

    def hear(self, event: Event) -> bool:
        """Handle one event; False when it must wait for `hear_again`."""
        if self._state is not _State.OPEN:
            self._skip(event)
            return True
        kind = _EXCHANGES.get(event.type)
        if kind is None:
            return self._reply(event)
        exchange = self._exchange
        if exchange is None:
            service, again = self._offer.service, self._line.hear_again
            exchange = self._exchange = kind(service, self._outbox, again, self._address)
        elif not exchange.input_open:
            return False
        return self._pass_on(exchange, event)

    def fail(self, error: SpeechServiceError) -> None:
        """End with an `error`: after it the rest of the request is discarded, then our side ends."""
        exchange = self._detach()
        self._log(error)
        told = [error_event(error), *(exchange.after_error() if exchange else [])]
        self._outbox.send(*map(encode, told))
        if exchange is not None and exchange.input_open:
            self._skip_rest(exchange, _State.DRAINING)
        else:
            self.end()

    def end(self) -> None:
        """Say and hear nothing more."""
        self._detach()
        if self._state is not _State.OVER:
            self._state = _State.OVER
            self._line.hang_up()

    def finish(self) -> None:
        """Answer the request in progress, then end."""
        self._last_request = True
        if self._exchange is None:
            self.end()

    def leave(self) -> None:
        """The client is gone: cancel what is in progress."""
        self._state = _State.OVER
        self._detach()

    def _pass_on(self, exchange: RequestHandler, event: Event) -> bool:
        try:
            taken = exchange.offer(event)
        except SpeechServiceError as error:
            exchange.input_open = exchange.input_open and event.type != exchange.last
            self.fail(error)
            return True
        except Exception as error:
            _LOGGER.exception("The event '%s' of %s hit a bug", event.type, self._peer)
            self.fail(InternalError.of(error))
            return True
        if self._task is None:
            self._task = self._roster.spawn(self._answer(exchange))
        return taken

    async def _answer(self, exchange: RequestHandler) -> None:
        error: SpeechServiceError | None = None
        try:
            await exchange.run()
        except asyncio.CancelledError:
            # ours come after detaching; any other would leave the client waiting
            if exchange is self._exchange:
                self.fail(PoolClosed("The request was cancelled."))
            raise
        except SpeechServiceError as failure:
            error = failure
        except Exception as failure:
            _LOGGER.exception("A request of %s hit a bug", self._peer)
            error = InternalError.of(failure)
        if exchange is self._exchange:
            self._conclude(exchange, error)

    def _conclude(self, exchange: RequestHandler, error: SpeechServiceError | None) -> None:
        if error is not None:
            self._task = None
            self.fail(error)
        else:
            self._exchange = self._task = None
            if self._last_request:
                self.end()
            elif exchange.input_open:
                self._skip_rest(exchange, _State.SKIPPING)
        self._line.hear_again()

    def _reply(self, event: Event) -> bool:
        if event.type not in {"describe", "ping"}:
            _LOGGER.debug("%s sent '%.40s', which is ignored", self._peer, event.type)
            return True
        if self._outbox.full:  # or a client that only asks and never reads could fill the memory
            return False
        if event.type == "describe":
            _LOGGER.debug("%s asked what is on offer", self._peer)
            self._outbox.send(self._offer.info)
        else:
            self._outbox.send(encode(_pong(event)))
        return True

    def _skip_rest(self, exchange: RequestHandler, state: _State) -> None:
        self._state = state
        self._skip_to = exchange.last
        self._line.skipping()

    def _skip(self, event: Event) -> None:
        if event.type != self._skip_to:
            return
        if self._state is _State.DRAINING:
            self.end()
        elif self._state is _State.SKIPPING:
            self._state = _State.OPEN
            self._line.listening()

    def _log(self, error: SpeechServiceError) -> None:
        told = f"{self._peer} was answered with {error.code}: {_one_line(str(error))}"
        bound = bound_of(error)
        if bound:
            self._roster.refusals.note(bound, told)
        else:
            _LOGGER.warning("%s", told)

    def _detach(self) -> RequestHandler | None:
        exchange, self._exchange = self._exchange, None
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
        return exchange


def _pong(ping: Event) -> Pong:
    """Every ping has one."""
    try:
        return Pong(text=read_data(ping, Ping).text)
    except InvalidRequest:
        return Pong()


def _one_line(text: str, most: int = 500) -> str:
    """What a client may have put into an error must neither break nor fill the log."""
    return " ".join(text[:most].split())
