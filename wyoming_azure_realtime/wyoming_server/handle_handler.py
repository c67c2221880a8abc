"""Handles a request in words: a `transcript` in; what is to be said, or what Home Assistant is to do, out.

Home Assistant reads an `error` aloud as it stands, and so it does with a lost connection: whatever happens,
the answer is one of `handled`, `not-handled` and intents.
"""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Raw, Struct
from wyoming.event import Eventable
from wyoming.handle import Handled, HandledChunk, HandledStart, HandledStop, NotHandled
from wyoming.intent import Entity, Intent, IntentsStart, IntentsStop

from wyoming_azure_realtime.conversation.agent import ConversationRequest, Reply
from wyoming_azure_realtime.conversation.guards import entities
from wyoming_azure_realtime.conversation.sentences import sentences_in
from wyoming_azure_realtime.errors import InvalidRequest, SpeechServiceError
from wyoming_azure_realtime.home_service import HomeService
from wyoming_azure_realtime.wyoming_server.dispatcher import RequestHandler
from wyoming_azure_realtime.wyoming_server.event_writer import EventWriter
from wyoming_azure_realtime.wyoming_server.events import (
    LONGEST_NAME,
    Event,
    encode,
    read_data,
    read_field,
)


class SpokenRequest(Struct, frozen=True):
    """Data of `transcript` from a client: what somebody said or typed, and who it was.

    A wrong language or context does not fail the request: it counts as absent.
    """

    text: str = ""
    stated_language: Raw = msgspec.field(default=Raw(), name="language")
    context: Raw = Raw()

    @property
    def language(self) -> str:
        """A BCP 47 tag; empty if none was given."""
        value = read_field(self.stated_language, str) or ""
        return value if len(value) <= LONGEST_NAME else ""

    def id(self, name: str) -> str:
        """One of the ids in the context; empty if it is not there."""
        found = (read_field(self.context, dict[str, Any]) or {}).get(name)
        return found if isinstance(found, str) and len(found) <= LONGEST_NAME else ""


class HandleHandler(RequestHandler):
    """One request. What cannot be read of it counts as absent."""

    event_types = frozenset({"transcript"})
    last_event_type = "transcript"
    holds_session = False

    def __init__(
        self, service: HomeService, writer: EventWriter, on_ready: Callable[[], None], client: str
    ) -> None:
        super().__init__(service, writer, on_ready, client)
        self._request = SpokenRequest()
        self._version = ""

    def take(self, event: Event) -> bool:
        """Read the request, which is one event."""
        self.input_open = False
        self._version = event.version
        try:
            self._request = read_data(event, SpokenRequest)
        except InvalidRequest:
            self._request = SpokenRequest()
        return True

    async def run(self) -> None:
        """Send the answer."""
        conversation, said = self._service.conversation, self._request
        if conversation is None:
            reply = Reply(sentences_in(said.language).unavailable, understood=False)
        else:
            reply = await conversation.answer(
                ConversationRequest(
                    "wyoming",
                    said.text,
                    said.language,
                    said.id("conversation_id"),
                    said.id("satellite_id"),
                    said.id("device_id"),
                    self._client,
                    self._version,
                )
            )
        self._writer.send(*map(encode, _events(reply)))

    def error_events(self, error: SpeechServiceError) -> list[Eventable]:
        """A sentence in place of the error."""
        return [NotHandled(text=sentences_in(self._request.language).unavailable)]


def _events(reply: Reply) -> list[Eventable]:
    """The answer as Wyoming says it. Home Assistant waits for the whole text, and for the end of a list."""
    if not reply.understood:
        return [NotHandled(text=reply.text)]
    intents: list[Eventable] = [
        Intent(
            intent.name,
            [Entity(name, value) for name, value in entities(intent)],
            text=intent.say or None,
        )
        for intent in reply.intents
    ]
    if len(intents) > 1:
        return [IntentsStart(), *intents, IntentsStop()]
    if intents:
        return intents
    if not reply.text:
        return [Handled(text="")]
    return [HandledStart(), HandledChunk(reply.text), Handled(text=reply.text), HandledStop()]
