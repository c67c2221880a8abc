"""HTTP clients that vanish, at any moment, and what the service upstream saw of it."""

import asyncio
import socket
import struct
import time

from tests.support.vanishing import Vanishing
from tests.support.wyoming_events import TEN_MS

_HEADS = {
    "recognize": b"Content-Type: audio/pcm;rate=16000\r\nTransfer-Encoding: chunked\r\n\r\n",
    "synthesize": b"Content-Type: application/json\r\nContent-Length: 30\r\n\r\n",
    "synthesize/stream": b"Content-Type: application/json\r\nContent-Length: 30\r\n\r\n",
}
_TEXT = b'{"text": "Turn on the light."}'
_UPLOAD = 30  # chunks of 10 ms, sent in as much time
_NOT_BEFORE = 0.02  # seconds: a request whose head has not arrived is none


class VanishingOverHttp(Vanishing):
    """One client after the other; each asks, and is gone after a random time, by a close or a reset."""

    async def one(self) -> None:
        """Ask, vanish, and wait for the upstream to be told."""
        path, manner = self._chance.choice(list(_HEADS)), self._chance.choice(("close", "reset"))
        turns, begun = len(self._home.turns()), time.monotonic()
        port = int((await self._home.program.http()).rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        tasks = [asyncio.create_task(reader.read()), asyncio.create_task(_ask(writer, path))]
        await asyncio.sleep(self._chance.uniform(_NOT_BEFORE, 0.9))
        if manner == "reset":
            sock = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        gone = time.monotonic()
        writer.transport.abort()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._note(f"{path} {manner}", begun, gone, turns)


async def _ask(writer: asyncio.StreamWriter, path: str) -> None:
    head = f"POST /api/speech-realtime/{path} HTTP/1.1\r\nHost: localhost\r\n".encode()
    writer.write(head + _HEADS[path])
    if path != "recognize":
        writer.write(_TEXT)
        return
    for _ in range(_UPLOAD):
        writer.write(b"%x\r\n%b\r\n" % (len(TEN_MS), TEN_MS))
        await asyncio.sleep(0.01)
    writer.write(b"0\r\n\r\n")
