"""The connections of the HTTP server: how many, how long a head may take, what bodies may hold."""

import asyncio

import pytest

from tests.support.admission import registry_of
from tests.support.http_door import Door, http_door, until
from wyoming_azure_realtime.admission.connections import Stage
from wyoming_azure_realtime.admission.memory import MemoryBudget
from wyoming_azure_realtime.http_api import connections
from wyoming_azure_realtime.settings.model import Limits

HALF = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX: "
BODY = (
    b"POST /api/speech-realtime/recognize HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    b"Content-Type: audio/wav\r\nContent-Length: %d\r\n\r\n"
)


class Stranger:
    """A client that does what it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def rest(self) -> bytes:
        try:
            return await asyncio.wait_for(self.reader.read(), 10)
        except ConnectionError:
            return b""
        finally:
            self.writer.transport.abort()


async def stranger(door: Door, data: bytes) -> Stranger:
    reader, writer = await asyncio.open_connection("127.0.0.1", door.server.port)
    writer.write(data)
    await writer.drain()
    return Stranger(reader, writer)


async def test_half_requests_make_room_for_whole_ones() -> None:
    registry = registry_of(Limits(max_connections=8))
    async with http_door(registry=registry) as door:
        strangers = [await stranger(door, HALF) for _ in range(30)]
        assert (await door.get("/health")).status == 200
        assert len(registry) <= 8
        assert await strangers[0].rest() == b""
        for one in strangers:
            one.writer.transport.abort()
        assert registry.refusals.counts["limits.max_connections"] >= 22


async def test_a_request_in_progress_keeps_its_place_and_one_that_has_not_begun_makes_room() -> None:
    registry = registry_of(Limits(max_connections=2))
    async with http_door(registry=registry) as door:
        busy = await stranger(door, BODY % 100 + bytes(50))
        await until(lambda: Stage.BUSY in registry._stages.values())
        half = await stranger(door, HALF)
        await until(lambda: len(registry) == 2)
        newcomer = await stranger(door, b"GET /health HTTP/1.0\r\n\r\n")
        assert b"200 OK" in await newcomer.rest()
        assert await half.rest() == b""
        busy.writer.write(bytes(50))
        assert b"400 Bad Request" in await asyncio.wait_for(busy.reader.readuntil(b"}"), 10)
        busy.writer.transport.abort()


async def test_a_head_has_a_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.05)
    registry = registry_of()
    async with http_door(registry=registry) as door:
        one = await stranger(door, HALF)
        assert await one.rest() == b""
        assert registry.refusals.counts == {"request-timeout": 1}
        assert (await door.get("/health")).status == 200


async def test_a_kept_connection_is_idle_and_makes_room() -> None:
    registry = registry_of(Limits(max_connections=2))
    async with http_door(registry=registry) as door:
        kept = [await stranger(door, b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n") for _ in range(2)]
        for one in kept:
            await asyncio.wait_for(one.reader.readuntil(b"}"), 10)
        newcomer = await stranger(door, b"GET /health HTTP/1.0\r\n\r\n")
        assert b"200 OK" in await newcomer.rest()
        assert await kept[0].rest() == b""
        for one in kept:
            one.writer.transport.abort()


async def test_bodies_that_never_end_hold_no_more_than_there_is_for_all() -> None:
    async with http_door(max_body=1 << 20) as door:
        memory = door.running.service.memory = MemoryBudget(4 << 20)
        door.server._connections._memory = memory
        size = 1 << 20
        strangers = [await stranger(door, BODY % size + bytes(size - 1)) for _ in range(6)]
        await until(lambda: memory.held > 2 << 20)
        assert memory.held <= 4 << 20
        answers = [asyncio.create_task(one.reader.readuntil(b"}")) for one in strangers]
        done, waiting = await asyncio.wait(answers, timeout=10, return_when=asyncio.FIRST_COMPLETED)
        assert done
        assert all(b"503" in task.result() and b"too-many-requests" in task.result() for task in done)
        for task in waiting:
            task.cancel()
        for one in strangers:
            one.writer.transport.abort()
        await until(lambda: memory.held == 0)
