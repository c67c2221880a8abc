"""A realtime service that answers at once and costs little, so that others are measured and not this.

Run as a process of its own; it prints its port. `GET /bench/set?name=value&…` changes how it behaves,
`GET /bench/state` tells what it has seen. Transcripts and answers are always the same.
"""

import argparse
import asyncio
import base64
import json
import math
import os
import struct
import time
from collections import deque
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
import numpy as np
from websockets.frames import Frame, Opcode
from websockets.speedups import apply_mask
from websockets.utils import accept_key

TRANSCRIPT = "turn on the kitchen lights"


@dataclass
class Behaviour:
    """Milliseconds to wait; `pace`: seconds that a second of an answer takes to come."""

    handshake_ms: float = 0
    transcript_ms: float = 0
    answer_ms: float = 3000
    delta_ms: float = 100
    pace: float = 0


@dataclass
class Seen:
    """`heard`: seconds of audio of the last commits; `ended`: when and how answers were cut short."""

    upgrades: int = 0
    open: int = 0
    heard: deque[float] = field(default_factory=lambda: deque(maxlen=200))
    ended: deque[tuple[float, str]] = field(default_factory=lambda: deque(maxlen=200))

    def told(self) -> dict[str, Any]:
        return {
            "pid": os.getpid(),
            "upgrades": self.upgrades,
            "open": self.open,
            "heard": list(self.heard),
            "ended": list(self.ended),
        }


class _Event(msgspec.Struct):
    type: str
    audio: str = ""
    session: dict[str, Any] | None = None
    response: dict[str, Any] | None = None


_READ = msgspec.json.Decoder(_Event)


def _frame(**event: Any) -> bytes:
    return Frame(Opcode.TEXT, json.dumps(event, separators=(",", ":")).encode()).serialize(mask=False)


class Session(asyncio.Protocol):
    """One connection, HTTP at first."""

    def __init__(self, behaviour: Behaviour, seen: Seen) -> None:
        self._behaviour = behaviour
        self._seen = seen
        self._unread = bytearray()
        self._upgraded = False
        self._heard = 0
        self._turns = 0
        self._answer: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._out = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._seen.open -= self._upgraded
        self._cut_short("close")

    def data_received(self, data: bytes) -> None:
        self._unread += data
        if not self._upgraded:
            self._greet()
            return
        while (frame := self._cut()) is not None:
            opcode, payload = frame
            if opcode == 1:
                self._hear(_READ.decode(payload))
            elif opcode == 8:
                self._out.write(Frame(Opcode.CLOSE, payload).serialize(mask=False))
                self._cut_short("close")
                self._out.close()
            elif opcode == 9:
                self._out.write(Frame(Opcode.PONG, payload).serialize(mask=False))

    def _greet(self) -> None:
        end = self._unread.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._unread[:end]).decode().split("\r\n")
        del self._unread[: end + 4]
        url = urlsplit(head[0].split()[1])
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])}
        if "sec-websocket-key" in headers:
            asyncio.get_running_loop().call_later(
                self._behaviour.handshake_ms / 1000, self._upgrade, headers["sec-websocket-key"]
            )
            return
        for name, value in parse_qsl(url.query):
            setattr(self._behaviour, name, float(value))
        body = json.dumps(self._seen.told() | asdict(self._behaviour)).encode()
        self._out.write(
            b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body
        )
        self._out.close()

    def _upgrade(self, key: str) -> None:
        if self._out.is_closing():
            return
        self._upgraded = True
        self._seen.upgrades += 1
        self._seen.open += 1
        self._out.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept_key(key).encode() + b"\r\n\r\n"
        )
        self._out.write(_frame(type="session.created", event_id="event_0", session=self._session()))
        if self._unread:
            self.data_received(b"")

    def _session(self) -> dict[str, Any]:
        return {"type": "realtime", "id": f"sess_{id(self)}", "object": "realtime.session"}

    def _cut(self) -> tuple[int, bytes] | None:
        buffer = self._unread
        if len(buffer) < 6:
            return None
        head, length = 2, buffer[1] & 0x7F
        if length >= 126:
            form, head = (">H", 4) if length == 126 else (">Q", 10)
            if len(buffer) < head:
                return None
            (length,) = struct.unpack_from(form, buffer, 2)
        end = head + 4 + length
        if len(buffer) < end:
            return None
        opcode, mask = buffer[0] & 0x0F, bytes(buffer[head : head + 4])
        payload = apply_mask(bytes(buffer[head + 4 : end]), mask)
        del buffer[:end]
        return opcode, payload

    def _hear(self, event: _Event) -> None:
        match event.type:
            case "input_audio_buffer.append":
                self._heard += len(event.audio) * 3 // 4
            case "input_audio_buffer.commit":
                self._seen.heard.append(self._heard / 48_000)
                self._heard = 0
                self._soon(self._behaviour.transcript_ms, self._transcript())
            case "response.create":
                self._answer = asyncio.get_running_loop().create_task(self._speak(event.response or {}))
            case "response.cancel":
                self._cut_short("cancel")
            case "session.update":
                session = self._session() | (event.session or {})
                self._out.write(_frame(type="session.updated", event_id="event_1", session=session))

    def _soon(self, ms: float, data: bytes) -> None:
        if ms:
            asyncio.get_running_loop().call_later(ms / 1000, self._out.write, data)
        else:
            self._out.write(data)

    def _transcript(self) -> bytes:
        self._turns += 1
        item = f"item_{self._turns}"
        kind, about = "conversation.item.input_audio_transcription", {"item_id": item, "content_index": 0}
        usage = {"type": "duration", "seconds": 1}
        return (
            _frame(type="input_audio_buffer.committed", event_id="e1", item_id=item, previous_item_id=None)
            + _frame(type=f"{kind}.delta", event_id="e2", delta=TRANSCRIPT, **about)
            + _frame(type=f"{kind}.completed", event_id="e3", transcript=TRANSCRIPT, usage=usage, **about)
        )

    async def _speak(self, asked: dict[str, Any]) -> None:
        self._turns += 1
        about = {
            "response_id": f"resp_{self._turns}",
            "item_id": "item_a",
            "output_index": 0,
            "content_index": 0,
        }
        response = {"object": "realtime.response", "id": about["response_id"], "output": []}
        response["metadata"] = asked.get("metadata")
        self._out.write(
            _frame(type="response.created", event_id="e1", response={**response, "status": "in_progress"})
        )
        kind = "response.output_audio_transcript"
        text = _text_of(asked)
        self._out.write(_frame(type=f"{kind}.delta", event_id="e2", delta=text, **about))
        delta = _frame(
            type="response.output_audio.delta", event_id="e3", delta=_sound(self._behaviour.delta_ms), **about
        )
        for _ in range(math.ceil(self._behaviour.answer_ms / self._behaviour.delta_ms)):
            if self._behaviour.pace:
                await asyncio.sleep(self._behaviour.pace * self._behaviour.delta_ms / 1000)
            self._out.write(delta)
        self._answer = None
        done = {**response, "status": "completed", "usage": {"total_tokens": 1}}
        self._out.write(
            _frame(type="response.output_audio.done", event_id="e4", **about)
            + _frame(type=f"{kind}.done", event_id="e5", transcript=text, **about)
            + _frame(type="response.done", event_id="e6", response=done)
        )

    def _cut_short(self, how: str) -> None:
        if self._answer is not None:
            self._answer.cancel()
            self._answer = None
            self._seen.ended.append((time.monotonic(), how))


def _text_of(asked: dict[str, Any]) -> str:
    with suppress(LookupError, TypeError):
        return str(asked["input"][0]["content"][0]["text"])
    return "words"


def _sound(ms: float) -> str:
    time_axis = np.arange(round(24 * ms)) / 24_000
    return base64.b64encode((8000 * np.sin(2 * np.pi * 300 * time_axis)).astype("<i2").tobytes()).decode()


async def serve() -> None:
    """Until killed."""
    behaviour, seen = Behaviour(), Seen()
    server = await asyncio.get_running_loop().create_server(lambda: Session(behaviour, seen), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--core", type=int)
    core = parser.parse_args().core
    if core is not None:
        os.sched_setaffinity(0, {core})
    asyncio.run(serve())
