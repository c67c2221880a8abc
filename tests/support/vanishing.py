"""Wyoming clients that vanish, at any moment and in any manner, and what the service upstream saw of it."""

import asyncio
import random
import socket
import struct
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal, get_args

from tests.support.eventually import eventually
from tests.support.house import House
from tests.support.wyoming_events import PCM_16K, TEN_MS, event_bytes
from wyoming_azure_realtime.emulator.faults import Faults
from wyoming_azure_realtime.emulator.session import SessionRecord

Manner = Literal["reset", "close", "end, later close", "never read, close", "ask again, close"]
MANNERS: tuple[Manner, ...] = get_args(Manner)

# slow enough for every moment to be hit: 0.5 s to hear, 0.2 s to begin to speak, then at twice real time
SLOW = Faults(transcript_ms=500, first_audio_ms=200, generation_pace=0.5)
_CROSSING = 0.02  # seconds in which the end of the work and that of the client may cross on the way
_AUDIO = event_bytes("audio-chunk", PCM_16K, TEN_MS)
_UPLOAD = 30  # chunks of 10 ms, sent in as much time
_TEXT = "Turn on the light."  # a second of sound, and more
_WORK = {"input_audio_buffer.append", "input_audio_buffer.commit", "response.create"}


@dataclass
class Seen:
    """`told`: seconds from the client's end to that of each session that worked for it, the longest each."""

    told: list[float] = field(default_factory=list)
    manners: Counter[str] = field(default_factory=Counter)
    idle: int = 0
    over: int = 0

    def __str__(self) -> str:
        by = ", ".join(f"{number} {manner}" for manner, number in sorted(self.manners.items()))
        return (
            f"{len(self.told)} told ({by}), {self.idle} before work began upstream, {self.over} after its end"
        )


def left_off(session: SessionRecord, since: float) -> float | None:
    """When a session was cancelled or closed, `since` then."""
    ends = [at for at, _ in session.cancels if at >= since]
    return min([*ends, session.closed] if session.closed is not None else ends, default=None)


class Vanishing:
    """One client after the other; each asks, and is gone after a random time."""

    def __init__(self, home: House, seed: int = 1) -> None:
        self._home = home
        self._chance = random.Random(seed)
        self.seen = Seen()

    async def one(self) -> None:
        """Ask, vanish, and wait for the upstream to be told."""
        hears, manner = self._chance.random() < 0.5, self._chance.choice(MANNERS)
        turns, begun = len(self._home.turns()), time.monotonic()
        reader, writer = await self._connected(deaf=manner == "never read, close")
        tasks = [asyncio.create_task(_read(reader)), asyncio.create_task(_ask(writer, manner, hears=hears))]
        await asyncio.sleep(self._chance.uniform(0, 0.9))
        gone = time.monotonic()
        _leave(writer, abruptly=manner == "reset")
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._note(manner, begun, gone, turns)

    async def _note(self, manner: str, begun: float, gone: float, turns: int) -> None:
        with suppress(TimeoutError):  # a request that was never read has no turn
            await eventually(lambda: len(self._home.turns()) > turns)
        working = self._working(begun, gone)
        ended = self._home.turns()[turns:]
        if any(turn.outcome != "cancelled" for turn in ended):
            self.seen.over += 1
        elif not working:
            self.seen.idle += 1
        else:
            await eventually(lambda: all(left_off(session, gone) for session in working))
            self.seen.manners[manner] += 1
            self.seen.told.append(max(left_off(session, gone) or gone for session in working) - gone)

    def _working(self, begun: float, gone: float) -> list[SessionRecord]:
        """Sessions that still had something to do for this client when it had gone."""
        return [
            session
            for session in self._home.server.record.sessions
            if any(at >= begun and kind in _WORK for at, kind in session.events)
            and (session.closed is None or session.closed >= gone)
            and not (session.finished is not None and begun <= session.finished <= gone + _CROSSING)
        ]

    async def _connected(self, *, deaf: bool) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        sock = socket.socket()
        if deaf:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.setblocking(False)
        port = int((await self._home.program.uri()).rpartition(":")[2])
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
        reader, writer = await asyncio.open_connection(sock=sock)
        if deaf:
            writer.transport.pause_reading()  # type: ignore[attr-defined]  # a socket's transport has it
        return reader, writer


async def _ask(writer: asyncio.StreamWriter, manner: Manner, *, hears: bool) -> None:
    if hears:
        writer.write(event_bytes("transcribe", {"language": "en"}))
        for _ in range(_UPLOAD):
            writer.write(_AUDIO)
            await asyncio.sleep(0.01)
        writer.write(event_bytes("audio-stop"))
    else:
        writer.write(event_bytes("synthesize", {"text": _TEXT}))
    if manner == "end, later close":
        writer.write_eof()
    elif manner == "ask again, close":
        # it has to wait, and so much of it that the rest is not even read
        writer.write(event_bytes("synthesize", {"text": _TEXT}) + _AUDIO * 1000)


async def _read(reader: asyncio.StreamReader) -> None:
    while await reader.read(1 << 16):
        pass


def _leave(writer: asyncio.StreamWriter, *, abruptly: bool) -> None:
    sock = writer.get_extra_info("socket")
    if abruptly:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
