"""A Wyoming client: one request per connection, of a running server of this program or of any other.

`speak` and `transcribe` are for the command line; `wyoming_fallback` is made of `connected` too. Every wait
has a deadline, every size a bound, and every failure is one of our errors.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from wyoming.asr import Transcribe
from wyoming.audio import AudioStart, AudioStop
from wyoming.event import Eventable
from wyoming.tts import Synthesize, SynthesizeVoice

from wyoming_azure_realtime.audio.pcm import AudioFormat
from wyoming_azure_realtime.errors import (
    BackendError,
    BackendTimeout,
    ConnectFailed,
    InvalidRequest,
    ProtocolViolation,
    SessionLost,
    SpeechServiceError,
    UnsupportedAudio,
    first_of,
)
from wyoming_azure_realtime.settings.addresses import TcpAddress, UnixAddress, server_address
from wyoming_azure_realtime.settings.model import Limits
from wyoming_azure_realtime.wyoming_server.events import (
    AudioChunkEncoder,
    Event,
    WyomingReader,
    encode,
    read_format,
)

_CONNECT_SECONDS = 10.0
_SILENT_SECONDS = 60.0
"""Longest wait for the next event of an answer."""

_WRITE_SECONDS = 10.0
"""For which the server may take nothing of what it is sent."""

_CHUNK_FRAMES = 1024
_READ_BYTES = 64 << 10
_LONGEST_ANSWER = 256 << 20  # bytes

_LIMITS = Limits(max_header=4 << 20, max_data=4 << 20, max_payload=4 << 20)
"""Of one event: what a server tells of a hundred voices, and a sentence in one chunk."""


async def speak(uri: str, text: str, *, voice: str = "", language: str = "") -> tuple[AudioFormat, bytes]:
    """The text as PCM. Raises the server's error as one of ours, or a BackendError about the connection."""
    choice = SynthesizeVoice(name=voice or None, language=language or None) if voice or language else None
    async with _request(uri, [encode(Synthesize(text=text, voice=choice))]) as connection:
        fmt: AudioFormat | None = None
        pcm = bytearray()
        while (event := await connection.receive(_SILENT_SECONDS)).type != "audio-stop":
            if event.type not in ("audio-start", "audio-chunk"):
                continue
            fmt = _unchanged(fmt, format_of(event))
            pcm += event.payload
            if len(pcm) > _LONGEST_ANSWER:
                raise ProtocolViolation("The server does not stop speaking.")
    if fmt is None:
        raise ProtocolViolation("The server ended its audio without any.")
    return fmt, bytes(pcm)


async def transcribe(uri: str, fmt: AudioFormat, pcm: bytes, *, language: str = "") -> str:
    """The text of the PCM, empty for silence. Raises as `speak` does."""
    async with _request(uri, _recording(fmt, pcm, language)) as connection:
        while (event := await connection.receive(_SILENT_SECONDS)).type != "transcript":
            pass
    return text_of(event)


class Connection:
    """One connection to a Wyoming server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._events = WyomingReader(_LIMITS)

    async def send(self, *parts: bytes) -> None:
        """Send encoded events. Raises SessionLost, BackendTimeout."""
        try:
            async with asyncio.timeout(_WRITE_SECONDS):
                self._writer.writelines(parts)
                await self._writer.drain()
        except TimeoutError as error:
            raise BackendTimeout(f"The server took nothing for {_WRITE_SECONDS:g} seconds.") from error
        except OSError as error:
            raise SessionLost("The server closed the connection.") from error

    async def send_event(self, event: Eventable) -> None:
        """Send one without a payload. Raises as `send` does."""
        await self.send(encode(event))

    async def receive(self, within: float | None) -> Event:
        """The next event that is no error; without `within` somebody else limits the time.

        Raises the server's error as one of ours, or a BackendError.
        """
        try:
            async with asyncio.timeout(within):
                event = await self._next()
        except TimeoutError as error:
            raise BackendTimeout(f"The server sent nothing for {within:g} seconds.") from error
        except InvalidRequest as error:
            raise ProtocolViolation(f"What listens there is no Wyoming server: {error.message}") from error
        if event is None:
            raise SessionLost("The server closed the connection before the end of its answer.")
        if event.type == "error":
            raise _error_of(event)
        return event

    async def _next(self) -> Event | None:
        while (event := self._events.next_event()) is None:
            try:
                data = await self._reader.read(_READ_BYTES)
            except OSError:
                return None
            if not data:
                return None
            self._events.feed(data)
        return event

    def close(self) -> None:
        """End it at once, whatever is under way."""
        self._writer.transport.abort()


@asynccontextmanager
async def connected(uri: str, within: float, advice: str = "") -> AsyncIterator[Connection]:
    """A connection for the length of a block, at whose end it is closed at once.

    `advice`: what to do where there is none. Raises ConnectFailed, and InvalidRequest for what is no address.
    """
    try:
        async with asyncio.timeout(within):
            match server_address(uri):
                case TcpAddress(host, port):
                    reader, writer = await asyncio.open_connection(host, port)
                case UnixAddress(path):
                    reader, writer = await asyncio.open_unix_connection(path)
    except (OSError, TimeoutError, UnicodeError) as error:  # of a host name that cannot be one
        raise ConnectFailed(f"No Wyoming server listens on {uri}.", advice=advice) from error
    connection = Connection(reader, writer)
    try:
        yield connection
    finally:
        connection.close()


@asynccontextmanager
async def sending(connection: Connection, parts: AsyncIterator[bytes]) -> AsyncIterator[None]:
    """Send encoded events while the block reads the answer; its end ends the sending too.

    Raises what the server answered, if it hung up in the middle.
    """

    async def send() -> None:
        try:
            async for part in parts:
                await connection.send(part)
        except SessionLost:
            pass  # the reader of the answer learns of it as well, and maybe why

    try:
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(send())
            yield
            task.cancel()
    except BaseExceptionGroup as group:
        raise first_of(group)  # noqa: B904 - it has a cause of its own, or is the cause


@asynccontextmanager
async def _request(uri: str, parts: Iterable[bytes]) -> AsyncIterator[Connection]:
    """A connection on which the request is being sent while its answer is read."""

    async def all_parts() -> AsyncIterator[bytes]:
        for part in parts:
            yield part

    advice = "Start one with `wyoming-azure-realtime`, or name another with --uri."
    async with connected(uri, _CONNECT_SECONDS, advice) as connection, sending(connection, all_parts()):
        yield connection


def fields_of(event: Event) -> dict[str, Any]:
    """The event's data, each field of any type. Empty where it is no JSON object."""
    try:
        fields = msgspec.json.decode(event.data)
    except (ValueError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}


def text_of(event: Event) -> str:
    """The text in the event's data; empty where there is none."""
    text = fields_of(event).get("text")
    return text if isinstance(text, str) else ""


def format_of(event: Event) -> AudioFormat:
    """The audio format in `audio-start` or `audio-chunk`. Raises ProtocolViolation."""
    try:
        return read_format(event)
    except (InvalidRequest, UnsupportedAudio) as error:
        raise ProtocolViolation(f"The server's audio cannot be used: {error.message}") from error


def _error_of(event: Event) -> SpeechServiceError:
    """The server's error, as the class of its code."""
    known = {kind.code: kind for kind in _family(SpeechServiceError)}
    kind = known.get(str(fields_of(event).get("code")), BackendError)
    return kind(text_of(event) or "The server failed and did not say why.")


def _family(root: type[SpeechServiceError]) -> Iterator[type[SpeechServiceError]]:
    yield root
    for kind in root.__subclasses__():
        yield from _family(kind)


def _recording(fmt: AudioFormat, pcm: bytes, language: str) -> Iterator[bytes]:
    yield encode(Transcribe(language=language or None))
    yield encode(AudioStart(fmt.rate, fmt.width, fmt.channels))
    step, chunks = _CHUNK_FRAMES * fmt.frame_bytes, AudioChunkEncoder(fmt)
    for at in range(0, len(pcm), step):
        chunk = pcm[at : at + step]
        yield chunks.head(len(chunk)) + chunk
    yield encode(AudioStop())


def _unchanged(before: AudioFormat | None, now: AudioFormat) -> AudioFormat:
    if before not in {None, now}:
        raise ProtocolViolation(f"The server changed its audio from {before} to {now}.")
    return now
