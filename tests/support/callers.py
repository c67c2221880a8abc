"""Clients of a running program: a new connection for every request, over Wyoming or HTTP.

Cancelled, they hang up.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp
from wyoming.event import Event, async_read_event

from tests.support.wyoming_events import event_bytes
from wyoming_azure_realtime.audio.pcm import REALTIME, AudioFormat

MICROPHONE = AudioFormat(16_000, 2, 1)
CHUNK_MS = 30
PATIENCE = 45.0
"""Seconds after the end of a request without an answer; longer than its deadline in the program."""

_API = "/api/speech-realtime"


class NoAnswer(Exception):
    """The program answered with an error, with the end of the connection, or not at all.

    `heard`: whether a part of the answer had come.
    """

    heard = False


@dataclass(frozen=True)
class Heard:
    """A transcript, and the seconds from the end of the utterance to it."""

    text: str
    seconds: float


@dataclass(frozen=True)
class Spoken:
    """The sound of a text; seconds from the question to the first of it, and to its end.

    `hush`: seconds of silence for a listener to whom it is played while it comes.
    """

    pcm: bytes
    first: float
    seconds: float
    hush: float


class _Listener:
    """Takes sound as it comes. Use as a context manager around what may fail."""

    def __init__(self) -> None:
        self._asked = time.monotonic()
        self._first = 0.0
        self._pcm = bytearray()
        self._hush = 0.0

    def __enter__(self) -> "_Listener":
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, NoAnswer):
            error.heard = bool(self._pcm)

    def take(self, pcm: bytes) -> None:
        now = time.monotonic()
        self._first = self._first or now
        played = len(self._pcm) / REALTIME.bytes_per_second
        self._hush = max(self._hush, now - self._first - played)
        self._pcm += pcm

    def all(self) -> Spoken:
        return Spoken(bytes(self._pcm), self._first - self._asked, time.monotonic() - self._asked, self._hush)


class Caller(Protocol):
    """One of those below."""

    async def hear(self, pcm: bytes, *, pace: float = 0.0, fmt: AudioFormat = MICROPHONE) -> Heard:
        """Have an utterance recognised. `pace`: seconds that sending a second of it takes."""

    async def speak(self, text: str, *, voice: str = "") -> Spoken:
        """Have a text spoken."""


class WyomingCaller:
    """`port` of the program on loopback. `streams`: text is sent word by word, `between` seconds apart."""

    def __init__(self, port: int, *, streams: bool = False, between: float = 0.0) -> None:
        self.port = port
        self._streams = streams
        self._between = between

    async def hear(self, pcm: bytes, *, pace: float = 0.0, fmt: AudioFormat = MICROPHONE) -> Heard:
        """As `Caller`."""
        async with connected(self.port) as line:
            await line.utter(pcm, pace, fmt)
            stopped = time.monotonic()
            event = await line.until("transcript")
            return Heard(event.data["text"], time.monotonic() - stopped)

    async def speak(self, text: str, *, voice: str = "") -> Spoken:
        """As `Caller`."""
        chosen = {"voice": {"name": voice}} if voice else {}
        last = "synthesize-stopped" if self._streams else "audio-stop"
        async with connected(self.port) as line:
            with _Listener() as listener:
                await (line.stream(text, chosen, self._between) if self._streams else line.ask(text, chosen))
                while (event := await line.event()).type != last:
                    if event.type == "audio-chunk":
                        listener.take(event.payload or b"")
            return listener.all()

    async def converse(self, text: str) -> str:
        """Have a request answered."""
        async with connected(self.port) as line:
            await line.send("transcript", {"text": text, "language": "en"})
            return str((await line.until("handled")).data["text"])


@asynccontextmanager
async def connected(port: int) -> AsyncIterator["Line"]:
    """A new connection to a Wyoming server on loopback."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Line(reader, writer)
    finally:
        writer.transport.abort()


class Line:
    """One Wyoming connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def utter(self, pcm: bytes, pace: float, fmt: AudioFormat) -> None:
        form = {"rate": fmt.rate, "width": fmt.width, "channels": fmt.channels}
        await self.send("transcribe", {"language": "en"})
        await self.send("audio-start", form)
        async for chunk in _paced(pcm, pace, fmt):
            await self.send("audio-chunk", form, chunk)
        await self.send("audio-stop")

    async def ask(self, text: str, chosen: dict[str, Any]) -> None:
        await self.send("synthesize", {"text": text, **chosen})

    async def stream(self, text: str, chosen: dict[str, Any], between: float = 0.0) -> None:
        await self.send("synthesize-start", chosen)
        for word in text.split():
            await self.send("synthesize-chunk", {"text": f"{word} "})
            await asyncio.sleep(between)
        await self.send("synthesize", {"text": text, **chosen})
        await self.send("synthesize-stop")

    async def send(self, kind: str, data: dict[str, Any] | None = None, payload: bytes = b"") -> None:
        try:
            self._writer.write(event_bytes(kind, data, payload))
            await self._writer.drain()
        except OSError:
            await self.event()  # which usually tells why
            raise

    async def until(self, kind: str) -> Event:
        while (event := await self.event()).type != kind:
            pass
        return event

    async def event(self) -> Event:
        try:
            async with asyncio.timeout(PATIENCE):
                event = await async_read_event(self._reader)
        except TimeoutError:
            raise NoAnswer(f"nothing came for {PATIENCE:g} s") from None
        except (OSError, EOFError) as error:
            raise NoAnswer(f"the connection ended: {error!r}") from None
        if event is None:
            raise NoAnswer("the connection ended")
        if event.type == "error":
            raise NoAnswer(f"{event.data.get('code')}: {event.data.get('text')}")
        return event


class HttpCaller:
    """`base` of the program's HTTP API. Use as a context manager."""

    def __init__(self, base: str) -> None:
        self.base = base

    async def __aenter__(self) -> "HttpCaller":
        connector = aiohttp.TCPConnector(force_close=True, limit=0)
        timeout = aiohttp.ClientTimeout(total=None, sock_read=PATIENCE)
        self._client = aiohttp.ClientSession(self.base, connector=connector, timeout=timeout)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()

    async def hear(self, pcm: bytes, *, pace: float = 0.0, fmt: AudioFormat = MICROPHONE) -> Heard:
        """As `Caller`."""
        stopped = 0.0

        async def body() -> AsyncIterator[bytes]:
            nonlocal stopped
            async for chunk in _paced(pcm, pace, fmt):
                yield chunk
            stopped = time.monotonic()

        kind = {"Content-Type": f"audio/pcm;rate={fmt.rate}"}
        async with self._post("recognize", data=body(), headers=kind) as response:
            text = (await response.json())["text"]
            return Heard(text, time.monotonic() - stopped)

    async def speak(self, text: str, *, voice: str = "") -> Spoken:
        """As `Caller`."""
        chosen = {"voiceName": voice} if voice else {}
        with _Listener() as listener:
            async with self._post("synthesize/stream", json={"text": text, **chosen}) as response:
                async for chunk in response.content.iter_any():
                    listener.take(chunk)
        return listener.all()

    async def mismatches(self) -> dict[str, int]:
        """How often other words than the text were said, by voice."""
        async with self._client.get(f"{_API}/info") as response:
            told: dict[str, int] = (await response.json())["mismatches"]
            return told

    async def last_resorts(self) -> int:
        """How many pieces of texts the service would not say, however it was asked."""
        async with self._client.get(f"{_API}/info") as response:
            counts: dict[str, int] = (await response.json())["lastResorts"]
            return sum(counts.values())

    @asynccontextmanager
    async def _post(self, path: str, **request: Any) -> AsyncIterator[aiohttp.ClientResponse]:
        try:
            async with self._client.post(f"{_API}/{path}", **request) as response:
                if response.status != 200:
                    raise NoAnswer(f"HTTP {response.status}: {await response.text()}")
                yield response
        except (aiohttp.ClientError, TimeoutError) as error:
            raise NoAnswer(f"{type(error).__name__}: {error}") from None


async def _paced(pcm: bytes, pace: float, fmt: AudioFormat) -> AsyncIterator[bytes]:
    step = fmt.rate * CHUNK_MS // 1000 * fmt.frame_bytes
    for at in range(0, len(pcm), step):
        yield pcm[at : at + step]
        if pace:
            await asyncio.sleep(pace * CHUNK_MS / 1000)
