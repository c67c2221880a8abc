"""Clients that mean harm, or are merely broken, in numbers. Each is a coroutine that goes on and on."""

import asyncio
import random
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress

from tests.support.malformed import malformed
from tests.support.wyoming_events import PCM_16K, TEN_MS, event_bytes

Hostile = Callable[[int], Coroutine[None, None, None]]
"""From the port to what the client does there."""

_GONE = (OSError, EOFError)
_LONG_TEXT = event_bytes("synthesize", {"text": "a very long text " * 1000})
_UTTERANCE = event_bytes("audio-chunk", PCM_16K, TEN_MS) * 20 + event_bytes("audio-stop")


async def never_reads_speech(port: int) -> None:
    """Asks for minutes of speech, and takes none of it."""
    await _sends(port, _LONG_TEXT)


async def never_reads_info(port: int) -> None:
    """Asks again and again what is on offer, and takes no answer."""
    await _sends(port, event_bytes("describe") * 1000, again=True)


async def drips(port: int) -> None:
    """One byte a second of an event that never ends."""
    async with _connected(port) as sock:
        for byte in b'{"type": "' + b"x" * 100_000:
            await _loop().sock_sendall(sock, bytes([byte]))
            await asyncio.sleep(1)


async def declares_gigabytes(port: int) -> None:
    """Announces ten of them, and sends what it can."""
    await _sends(port, b'{"type":"audio-chunk","payload_length":10000000000}\n' + bytes(1 << 16), again=True)


async def holds_unfinished(port: int) -> None:
    """Sends all of the largest event that is allowed, but its last byte."""
    await _sends(port, b'{"type":"audio-chunk","payload_length":1048576}\n' + bytes((1 << 20) - 1))


async def says_nothing(port: int) -> None:
    """Connects, and no more."""
    await _sends(port, b"")


async def begins_and_stops(port: int) -> None:
    """Begins an utterance, and never goes on with it."""
    await _sends(port, event_bytes("audio-chunk", PCM_16K, TEN_MS) * 20)


def leaves_at_random(chance: random.Random, pause: float = 0.05) -> Hostile:
    """Begins requests that make sense, and is gone in the middle of one."""

    async def leave(port: int) -> None:
        while True:
            stream = chance.choice((_UTTERANCE, event_bytes("synthesize", {"text": "Hello."})))
            with suppress(*_GONE):
                async with _connected(port) as sock:
                    await _loop().sock_sendall(sock, stream[: chance.randrange(len(stream) + 1)])
                    await asyncio.sleep(chance.uniform(0, 0.05))
            await asyncio.sleep(pause)

    return leave


async def malformed_inputs(port: int, count: int, rate: float, chance: random.Random) -> None:
    """So many, each on a connection of its own, so many a second."""
    async with asyncio.TaskGroup() as tasks:
        began = _loop().time()
        for number in range(count):
            tasks.create_task(_one_input(port, malformed(chance), chance))
            await asyncio.sleep(began + number / rate - _loop().time())


async def _one_input(port: int, data: bytes, chance: random.Random) -> None:
    """Send it in one piece or in two, and leave in one of the ways there are."""
    with suppress(*_GONE, TimeoutError):
        async with asyncio.timeout(3), _connected(port) as sock:
            at = chance.randrange(len(data) + 1) if chance.random() < 0.3 else len(data)
            await _loop().sock_sendall(sock, data[:at])
            await _loop().sock_sendall(sock, data[at:])
            match chance.randrange(3):
                case 0:  # read what is said about it
                    sock.shutdown(socket.SHUT_WR)
                    while await _loop().sock_recv(sock, 4096):
                        pass
                case 1:  # be there for a while
                    await asyncio.sleep(chance.uniform(0, 0.1))


@asynccontextmanager
async def beset(port: int, *crowds: tuple[Hostile, int]) -> AsyncIterator[None]:
    """So many of each, all at once."""
    tasks = [
        asyncio.create_task(_persistent(hostile, port)) for hostile, number in crowds for _ in range(number)
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _persistent(hostile: Hostile, port: int) -> None:
    """Put out, it comes back after a while."""
    chance = random.Random()
    while True:
        with suppress(*_GONE):
            await hostile(port)
        await asyncio.sleep(chance.uniform(1, 10))


async def _sends(port: int, data: bytes, *, again: bool = False) -> None:
    """Send it, read nothing, and stay until put out, or for a minute."""
    async with _connected(port) as sock:
        await _loop().sock_sendall(sock, data)
        while again:
            await _loop().sock_sendall(sock, data)
        await _readable(sock)
        if sock.recv(1, socket.MSG_PEEK):  # an answer, which stays where it is
            await asyncio.sleep(60)


async def _readable(sock: socket.socket) -> None:
    something = asyncio.Event()
    _loop().add_reader(sock, something.set)
    try:
        await something.wait()
    finally:
        _loop().remove_reader(sock)


@asynccontextmanager
async def _connected(port: int) -> AsyncIterator[socket.socket]:
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.setblocking(False)
        await _loop().sock_connect(sock, ("127.0.0.1", port))
        yield sock


def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()
