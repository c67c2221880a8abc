import asyncio
import socket
import time

from tests.support.wyoming_events import kinds
from tests.support.wyoming_peer import Door, eventually, wyoming_door
from wyoming_azure_realtime.settings.model import Limits


def accepted(door: Door) -> int:
    return len(door.server._clients.open())


async def test_who_has_just_connected_when_the_server_stops_may_still_say_what_it_wants() -> None:
    async with wyoming_door() as door, door.peer() as peer:
        await eventually(lambda: accepted(door) == 1)
        stopping = asyncio.create_task(door.server.stop())
        await asyncio.sleep(0.05)  # the request is on its way while the listener closes
        await peer.send("synthesize", {"text": "Hello."})
        assert "audio-stop" in kinds(await peer.rest())
        await stopping
        assert await door.outcomes() == ["completed"]


async def test_who_says_nothing_even_then_is_not_waited_for_long() -> None:
    limits = Limits(stop=10)
    async with wyoming_door(limits=limits) as door, door.peer() as peer:
        await eventually(lambda: accepted(door) == 1)
        started = time.monotonic()
        stopping = asyncio.create_task(door.server.stop())
        assert await peer.rest() == []
        peer.writer.close()
        await stopping
        assert time.monotonic() - started < limits.stop / 2


async def test_a_connection_that_waits_to_be_accepted_is_served_too() -> None:
    async with wyoming_door() as door:
        reader, writer = await asyncio.open_connection(door.address.host, door.address.port)
        writer.write(b'{"type": "describe"}\n')
        stopping = asyncio.create_task(door.server.stop())
        async with asyncio.timeout(5):
            assert b'"info"' in await reader.readline()
        writer.close()
        await stopping


async def test_who_connects_in_the_very_step_in_which_the_port_is_closed_is_served_too() -> None:
    waiting: list[socket.socket] = []
    async with wyoming_door() as door:
        address = (door.address.host, door.address.port)

        def connect() -> None:  # at once: the loop sees the port again only after it was closed
            waiting.extend(socket.create_connection(address, timeout=5) for _ in range(3))

        asyncio.get_running_loop().call_soon(connect)
        stopping = asyncio.create_task(door.server.stop())
        await eventually(lambda: len(waiting) == 3)
        for one in waiting:
            reader, writer = await asyncio.open_connection(sock=one)
            writer.write(b'{"type": "describe"}\n')
            async with asyncio.timeout(5):
                assert b'"info"' in await reader.readline()
            writer.close()
        await stopping
