"""Recognition over a WebSocket, while somebody speaks: sound in; level, detector's opinion and text out.

The client sends PCM16 mono in binary messages, and `{"type": "audio-end"}`. Messages to it are JSON: `level`,
`partial` with all text so far, and at the end `transcript` or `error`; then the server closes.
"""

import asyncio
import logging
from typing import Annotated, Literal

import msgspec
from aiohttp import WSMsgType, web

from wyoming_azure_realtime.audio.pcm import AudioFormat
from wyoming_azure_realtime.audio.samples import level
from wyoming_azure_realtime.errors import (
    InternalError,
    InvalidRequest,
    RequestError,
    SpeechServiceError,
    TooManyRequests,
)
from wyoming_azure_realtime.home_service import HomeService
from wyoming_azure_realtime.http_api import bodies, sockets
from wyoming_azure_realtime.http_api.bodies import RecognitionOptions
from wyoming_azure_realtime.http_api.problems import DOOR
from wyoming_azure_realtime.observe import ClientRefused, Observer
from wyoming_azure_realtime.speech.requests import Partial, RecognitionRequest, RecognitionResult
from wyoming_azure_realtime.speech.utterance import Utterance

_LOGGER = logging.getLogger(__name__)

MOST_AT_A_TIME = 16
MOST_BYTES = 256 << 10
"""Of one message."""

IDLE_SECONDS, TOTAL_SECONDS = 15.0, 660.0
"""For which a client may send nothing while it is to send sound, and for all of it."""

LEVEL_SECONDS = 0.1
"""Between two levels, at least."""

MOST_HEARD = 64 << 10
"""Bytes of the latest sound that a level is of."""


class LiveQuery(RecognitionOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the sound comes. `rate` in Hz."""

    rate: Annotated[int, msgspec.Meta(ge=8000, le=192_000)] = 48_000


class AudioEnd(msgspec.Struct, frozen=True):
    """There is no more sound."""

    type: Literal["audio-end"]


class Level(msgspec.Struct, frozen=True, tag="level"):
    """How loud it is, in decibels below full scale, and how likely speech."""

    rms: float
    speech: float


class PartialMessage(msgspec.Struct, frozen=True, tag="partial"):
    """All text so far."""

    text: str


class Transcript(msgspec.Struct, frozen=True, tag="transcript"):
    """The final text."""

    text: str
    language: str


class ErrorMessage(msgspec.Struct, frozen=True, tag="error"):
    """Why there is no text: a stable code, and a sentence."""

    code: str
    message: str


class LiveRecognition:
    """The route: `MOST_AT_A_TIME` commands at a time. `observer` gets what is refused."""

    def __init__(self, service: HomeService, observer: Observer) -> None:
        self._service = service
        self._observer = observer
        self._running = 0

    async def recognize(self, request: web.Request) -> web.StreamResponse:
        """One command. What is wrong is told as a message, since a browser shows no other answer."""
        query = bodies.read_query(request, LiveQuery, numbers=True)
        source = AudioFormat(query.rate, 2, 1)
        call = RecognitionRequest(
            DOOR, model=query.model or "", language=query.language or "", client=request.remote or ""
        )
        socket = await sockets.opened(request, MOST_BYTES, IDLE_SECONDS)
        self._running += 1
        try:
            await sockets.close(socket, await self._run(socket, call, source))
        except TimeoutError:
            _LOGGER.info("A client that speaks does not read")
            sockets.abort(request)
        finally:
            self._running -= 1
        return socket

    async def _run(
        self, socket: web.WebSocketResponse, call: RecognitionRequest, source: AudioFormat
    ) -> ErrorMessage | None:
        """Recognize; what is to be told of a failure."""
        if self._running > MOST_AT_A_TIME:
            return self._refused(TooManyRequests(f"{MOST_AT_A_TIME} clients speak already."))
        try:
            async with asyncio.timeout(TOTAL_SECONDS):
                await _converse(socket, self._service.recognize(call), source)
        except TimeoutError:
            return ErrorMessage("request-timeout", "The sound did not come in time.")
        except SpeechServiceError as error:
            return self._refused(error)
        except Exception as error:
            _LOGGER.exception("Unexpected error in a live recognition")
            return ErrorMessage(InternalError.code, str(InternalError.of(error)))
        return None

    def _refused(self, error: SpeechServiceError) -> ErrorMessage:
        if isinstance(error, RequestError | TooManyRequests):
            message = f"Live recognition: {error.code}"
            self._observer.report(ClientRefused(DOOR, error.code, message, logging.INFO))
        return ErrorMessage(error.code, str(error))


async def _converse(socket: web.WebSocketResponse, utterance: Utterance, source: AudioFormat) -> None:
    """Hear the client out and tell it what was heard. Raises SpeechServiceError, TimeoutError."""
    async with utterance:
        utterance.begin(source)
        # what ends it first says why; whoever hears ends without an error only when the client has gone
        await sockets.both_ways(_hear(socket, utterance), _tell(socket, utterance))


async def _hear(socket: web.WebSocketResponse, utterance: Utterance) -> None:
    """Take sound until the client goes away; after the end of the sound that is all that can come."""
    loop = asyncio.get_running_loop()
    unheard, next_level, ended = bytearray(), 0.0, False
    while True:
        async with asyncio.timeout(None if ended else IDLE_SECONDS):
            message = await socket.receive()
        if message.type is WSMsgType.BINARY:
            if ended:
                raise InvalidRequest("There is sound after the end of the sound.")
            utterance.write(message.data)
            unheard += message.data
            if loop.time() >= next_level:
                next_level = loop.time() + LEVEL_SECONDS
                loudness, opinion = level(bytes(unheard[-MOST_HEARD:])), utterance.opinion
                unheard.clear()
                await sockets.send(socket, Level(round(loudness, 1), round(opinion, 2)))
        elif message.type is WSMsgType.TEXT:
            _require_end(message.data)
            ended = True
            utterance.finish()
        else:
            return


def _require_end(text: str) -> None:
    try:
        msgspec.json.decode(text, type=AudioEnd)
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError) as error:
        raise InvalidRequest(
            "This message is not known.", advice='Send sound, and {"type": "audio-end"} after it.'
        ) from error


async def _tell(socket: web.WebSocketResponse, utterance: Utterance) -> None:
    """Tell what was heard, until the final text."""
    text = ""
    async for result in utterance.results():
        match result:
            case Partial(more):
                text += more
                await sockets.send(socket, PartialMessage(text))
            case RecognitionResult(final, language):
                await sockets.send(socket, Transcript(final, language))
