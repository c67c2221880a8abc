"""A conversation by voice over a WebSocket: sound in binary messages both ways, everything else in JSON.

docs/http.md has the protocol. What is told are the events of `conversation.voice`, as they are.
"""

import asyncio
import logging
from typing import Annotated, Any, Literal

import msgspec
from aiohttp import WSMsgType, web

from wyoming_azure_realtime.conversation.voice import (
    AnswerSound,
    Trouble,
    VoiceConversation,
)
from wyoming_azure_realtime.conversation.voice_sessions import VoiceRequest
from wyoming_azure_realtime.errors import (
    InternalError,
    InvalidRequest,
    RequestError,
    SpeechServiceError,
    TooManyRequests,
)
from wyoming_azure_realtime.home_service import HomeService
from wyoming_azure_realtime.http_api import sockets
from wyoming_azure_realtime.http_api.problems import DOOR
from wyoming_azure_realtime.observe import ClientRefused, Observer

_LOGGER = logging.getLogger(__name__)

MOST_BYTES = 256 << 10
"""Of one message."""

START_SECONDS = 15.0
"""Until `start` has to be there."""

HEARTBEAT_SECONDS = 15.0
"""After which a client that says nothing is asked whether it is there."""

_Name = Annotated[str, msgspec.Meta(max_length=100)]
_Text = Annotated[str, msgspec.Meta(max_length=20_000)]
_Number = Annotated[int, msgspec.Meta(ge=0, le=1 << 31)]


class OfferedTool(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A function that the model may call. `parameters`: a JSON schema."""

    name: Annotated[str, msgspec.Meta(pattern="^[a-zA-Z0-9_-]{1,64}$")]
    description: Annotated[str, msgspec.Meta(max_length=4000)] = ""
    parameters: dict[str, Any] = {}


class ClientMessage(msgspec.Struct, frozen=True, tag_field="type"):
    """What a client sends."""


class Start(ClientMessage, frozen=True, tag="start", forbid_unknown_fields=True):
    """First, once."""

    language: _Name = ""
    voice: _Name = ""
    instructions: Annotated[str, msgspec.Meta(max_length=8000)] = ""
    turn_detection: Literal["server", "none"] = "server"
    tools: Annotated[list[OfferedTool], msgspec.Meta(max_length=32)] = []


class EndOfSpeech(ClientMessage, frozen=True, tag="audio-end"):
    """The person has ended."""


class PlayedSound(ClientMessage, frozen=True, tag="played"):
    """So many milliseconds of an answer have been played."""

    answer: _Number
    ms: _Number


class CancelAnswer(ClientMessage, frozen=True, tag="cancel"):
    """Leave off answering."""


class ToolOutput(ClientMessage, frozen=True, tag="tool-result"):
    """What became of a call."""

    call: _Name
    output: _Text


_MESSAGES = msgspec.json.Decoder(Start | EndOfSpeech | PlayedSound | CancelAnswer | ToolOutput)


class Converse:
    """The route. `observer` gets what is refused."""

    def __init__(self, service: HomeService, observer: Observer) -> None:
        self._service = service
        self._observer = observer

    async def converse(self, request: web.Request) -> web.StreamResponse:
        """One conversation. What is wrong is told as a message, since a browser shows no other answer."""
        socket = await sockets.opened(request, MOST_BYTES, HEARTBEAT_SECONDS)
        try:
            failure = await self._run(socket, request.remote or "")
            await sockets.close(socket, Trouble.of(failure, final=True) if failure else None)
        except TimeoutError:
            _LOGGER.info("A client that converses does not read")
            sockets.abort(request)
        return socket

    async def _run(self, socket: web.WebSocketResponse, client: str) -> SpeechServiceError | None:
        """Converse; why it ended, unless the client went away. Raises TimeoutError if it does not read."""
        try:
            start = await _start(socket)
            if start is not None:
                await _both_ways(socket, self._conversation(start, client))
        except SpeechServiceError as error:
            if isinstance(error, RequestError | TooManyRequests):
                message = f"Conversation by voice: {error.code}"
                self._observer.report(ClientRefused(DOOR, error.code, message, logging.INFO))
            return error
        except TimeoutError:
            raise
        except Exception as error:
            _LOGGER.exception("Unexpected error in a conversation by voice")
            return InternalError.of(error)
        return None

    def _conversation(self, start: Start, client: str) -> VoiceConversation:
        """Raises `SpeechServiceError`."""
        tools = tuple({"type": "function", **msgspec.structs.asdict(tool)} for tool in start.tools)
        request = VoiceRequest(
            DOOR,
            client,
            start.language,
            start.voice,
            start.instructions,
            tools,
            start.turn_detection == "server",
        )
        return VoiceConversation(self._service.voice_sessions, request)


async def _start(socket: web.WebSocketResponse) -> Start | None:
    """The first message; None where the client went away. Raises `InvalidRequest`."""
    try:
        async with asyncio.timeout(START_SECONDS):
            message = await socket.receive()
    except TimeoutError as error:
        raise InvalidRequest("Nothing came.", advice='Send {"type": "start"} first.') from error
    if message.type is WSMsgType.TEXT and isinstance(start := read_message(message.data), Start):
        return start
    if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
        raise InvalidRequest("The conversation has not started.", advice='Send {"type": "start"} first.')
    return None


async def _both_ways(socket: web.WebSocketResponse, conversation: VoiceConversation) -> None:
    """Until the client goes away or the conversation ends. Raises `SpeechServiceError`, TimeoutError."""
    async with conversation:
        await sockets.both_ways(_hear(socket, conversation), _tell(socket, conversation))


async def _hear(socket: web.WebSocketResponse, conversation: VoiceConversation) -> None:
    """Take what the client sends until it goes away. Raises `SpeechServiceError`."""
    async for message in socket:
        if message.type is WSMsgType.BINARY:
            await conversation.send(message.data)
        elif message.type is WSMsgType.TEXT:
            match read_message(message.data):
                case EndOfSpeech():
                    await conversation.finish()
                case PlayedSound(answer, ms):
                    conversation.played(ms, answer)
                case CancelAnswer():
                    conversation.interrupt()
                case ToolOutput(call, output):
                    conversation.tool_result(call, output)
                case _:
                    raise InvalidRequest("The conversation has started already.")


def read_message(text: str) -> ClientMessage:
    """What a client says. Raises `InvalidRequest`."""
    try:
        message: ClientMessage = _MESSAGES.decode(text)
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError) as error:
        raise InvalidRequest(
            "This message is not known.", advice="docs/http.md says which messages there are."
        ) from error
    return message


async def _tell(socket: web.WebSocketResponse, conversation: VoiceConversation) -> None:
    """Tell the client what happens. Raises what ends the conversation."""
    async for event in conversation:
        await sockets.send(socket, event.pcm if isinstance(event, AnswerSound) else event)
