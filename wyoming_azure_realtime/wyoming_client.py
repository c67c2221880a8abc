"""A Wyoming client of a running server: speak a text, transcribe a recording. One request per connection.

Waits at most 10 seconds for a connection and 60 for each event of an answer.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, suppress

from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncClient, AsyncTcpClient, AsyncUnixClient
from wyoming.error import Error
from wyoming.event import Event, Eventable
from wyoming.tts import Synthesize, SynthesizeVoice

from wyoming_azure_realtime.audio.pcm import AudioFormat
from wyoming_azure_realtime.errors import (
    BackendError,
    BackendTimeout,
    ConnectFailed,
    ProtocolViolation,
    SessionLost,
    SpeechServiceError,
)
from wyoming_azure_realtime.settings.addresses import TcpAddress, UnixAddress, server_address

_CONNECT_SECONDS = 10.0
_SILENT_SECONDS = 60.0
"""Longest wait for the next event."""

_CLOSE_SECONDS = 2.0
_CHUNK_FRAMES = 1024
_LONGEST_ANSWER = 256 << 20  # bytes


async def speak(uri: str, text: str, *, voice: str = "", language: str = "") -> tuple[AudioFormat, bytes]:
    """The text as PCM. Raises the server's error as one of ours, or a BackendError about the connection."""
    choice = SynthesizeVoice(name=voice or None, language=language or None) if voice or language else None
    async with _request(uri, [Synthesize(text=text, voice=choice)]) as client:
        fmt: AudioFormat | None = None
        pcm = bytearray()
        while not AudioStop.is_type((event := await _next(client)).type):
            if not (AudioStart.is_type(event.type) or AudioChunk.is_type(event.type)):
                continue
            fmt = _unchanged(fmt, _format(event))
            pcm += event.payload or b""
            if len(pcm) > _LONGEST_ANSWER:
                raise ProtocolViolation("The server does not stop speaking.")
    if fmt is None:
        raise ProtocolViolation("The server ended its audio without any.")
    return fmt, bytes(pcm)


async def transcribe(uri: str, fmt: AudioFormat, pcm: bytes, *, language: str = "") -> str:
    """The text of the PCM, empty for silence. Raises as `speak` does."""
    async with _request(uri, _recording(fmt, pcm, language)) as client:
        while True:
            event = await _next(client)
            if Transcript.is_type(event.type):
                return str(event.data.get("text", ""))


@asynccontextmanager
async def _request(uri: str, request: Iterable[Eventable]) -> AsyncIterator[AsyncClient]:
    """A connection on which the request is being sent while its answer is read."""
    client = _client(uri)
    try:
        await client.connect()
    except (OSError, TimeoutError) as error:
        raise ConnectFailed(
            f"No Wyoming server listens on {uri}.",
            advice="Start one with `wyoming-azure-realtime`, or name another with --uri.",
        ) from error
    sender = asyncio.create_task(_send(client, request))
    try:
        yield client
    finally:
        sender.cancel()
        await asyncio.gather(sender, return_exceptions=True)
        with suppress(OSError, TimeoutError):
            await asyncio.wait_for(client.disconnect(), _CLOSE_SECONDS)


def _client(uri: str) -> AsyncClient:
    match server_address(uri):
        case TcpAddress(host, port):
            return AsyncTcpClient(host, port, _CONNECT_SECONDS, _SILENT_SECONDS)
        case UnixAddress(path):
            return AsyncUnixClient(path, _CONNECT_SECONDS, _SILENT_SECONDS)


async def _send(client: AsyncClient, request: Iterable[Eventable]) -> None:
    for event in request:
        await client.write_event(event.event())


async def _next(client: AsyncClient) -> Event:
    """The next event that is no error."""
    try:
        event = await client.read_event()
    except TimeoutError as error:
        raise BackendTimeout(f"The server sent nothing for {_SILENT_SECONDS:g} seconds.") from error
    except (OSError, EOFError):
        event = None
    except (AttributeError, KeyError, TypeError, RecursionError) as error:
        raise ProtocolViolation("What listens there is no Wyoming server.") from error
    if event is None:
        raise SessionLost("The server closed the connection before the end of its answer.")
    if not isinstance(event.data, dict):
        raise ProtocolViolation("What listens there is no Wyoming server.")
    if Error.is_type(event.type):
        raise _error_of(event)
    return event


def _error_of(event: Event) -> SpeechServiceError:
    """The server's error, as the class of its code."""
    known = {kind.code: kind for kind in _family(SpeechServiceError)}
    kind = known.get(str(event.data.get("code")), BackendError)
    return kind(str(event.data.get("text", "The server failed and did not say why.")))


def _family(root: type[SpeechServiceError]) -> Iterator[type[SpeechServiceError]]:
    yield root
    for kind in root.__subclasses__():
        yield from _family(kind)


def _recording(fmt: AudioFormat, pcm: bytes, language: str) -> Iterator[Eventable]:
    yield Transcribe(language=language or None)
    yield AudioStart(fmt.rate, fmt.width, fmt.channels)
    step = _CHUNK_FRAMES * fmt.frame_bytes
    for at in range(0, len(pcm), step):
        yield AudioChunk(fmt.rate, fmt.width, fmt.channels, pcm[at : at + step])
    yield AudioStop()


def _format(event: Event) -> AudioFormat:
    rate, width, channels = (event.data.get(name, 0) for name in ("rate", "width", "channels"))
    return AudioFormat(rate, width, channels)


def _unchanged(before: AudioFormat | None, now: AudioFormat) -> AudioFormat:
    if before not in {None, now}:
        raise ProtocolViolation(f"The server changed its audio from {before} to {now}.")
    return now
