"""A bare realtime client: JSON over a WebSocket, nothing of ours, every wait with a deadline."""

import asyncio
import base64
import json
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

JsonObject = dict[str, Any]
SECONDS = 30
GA = "/openai/v1/realtime?model=gpt-realtime"
GA_TRANSCRIPTION = "/openai/v1/realtime?intent=transcription"
PREVIEW = "/openai/realtime?api-version=2025-04-01-preview&deployment=gpt-4o-realtime-preview"


class Peer:
    """`seen` holds every event received, in order."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.seen: list[JsonObject] = []

    async def send(self, kind: str, **fields: Any) -> None:
        """One event."""
        await self.socket.send(json.dumps({"type": kind, **fields}))

    async def receive(self) -> JsonObject:
        """The next event."""
        async with asyncio.timeout(SECONDS):
            event: JsonObject = json.loads(await self.socket.recv())
        self.seen.append(event)
        return event

    async def until(self, kind: str) -> JsonObject:
        """The next event of that type."""
        while True:
            event = await self.receive()
            if event["type"] == kind:
                return event

    async def configure(self, **audio_input: Any) -> JsonObject:
        """Manual turns, and what else the input should be; the effective session."""
        await self.send(
            "session.update",
            session={"type": "realtime", "audio": {"input": {"turn_detection": None, **audio_input}}},
        )
        session: JsonObject = (await self.until("session.updated"))["session"]
        return session

    async def append(self, pcm: bytes) -> None:
        """Some audio."""
        await self.send("input_audio_buffer.append", audio=base64.b64encode(pcm).decode())

    async def commit(self) -> None:
        """The end of a turn."""
        await self.send("input_audio_buffer.commit")

    async def speak(self, text: str, **response: Any) -> None:
        """Ask for an out-of-band response."""
        await self.send(
            "response.create", response={"conversation": "none", "input": [said(text)], **response}
        )

    async def closed(self) -> tuple[int | None, str | None]:
        """How the service closed the socket."""
        async with asyncio.timeout(SECONDS):
            async for frame in self.socket:
                self.seen.append(json.loads(frame))
            await self.socket.wait_closed()
        return self.socket.close_code, self.socket.close_reason

    def types(self) -> list[str]:
        """Types of everything received."""
        return [event["type"] for event in self.seen]

    def audio(self, response_id: str | None = None) -> bytes:
        """All audio received, or that of one response."""
        deltas = [event for event in self.seen if event["type"].endswith("audio.delta")]
        mine = [one["delta"] for one in deltas if response_id in (None, one["response_id"])]
        return b"".join(base64.b64decode(delta, validate=True) for delta in mine)


@asynccontextmanager
async def peer(url: str, path: str = GA, **options: Any) -> AsyncIterator[Peer]:
    """A connected client that has seen `session.created`."""
    async with connect(
        url.replace("http", "ws", 1) + path, **{"max_size": None, "compression": None, **options}
    ) as socket:
        client = Peer(socket)
        # `transcription_session.created` in the preview dialect
        while not (await client.receive())["type"].endswith("session.created"):
            pass
        yield client


def said(text: str) -> JsonObject:
    """A user's message."""
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


def tone(ms: int) -> bytes:
    """440 Hz at a quarter of full scale, 24 kHz PCM16."""
    samples = (round(8000 * math.sin(2 * math.pi * 440 * n / 24000)) for n in range(ms * 24))
    return b"".join(sample.to_bytes(2, "little", signed=True) for sample in samples)


def hush(ms: int) -> bytes:
    """Silence."""
    return bytes(ms * 48)


async def eventually(happened: Callable[[], bool]) -> None:
    """Wait until it has."""
    async with asyncio.timeout(SECONDS):
        while not happened():  # noqa: ASYNC110 - the server's records are plain data
            await asyncio.sleep(0.01)
