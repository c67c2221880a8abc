"""Whose request it is goes from the socket to the pool, so that one client cannot shut out the others."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from tests.support.wyoming_events import PCM_16K
from tests.support.wyoming_peer import Door, Peer, eventually, wyoming_door
from wyoming_azure_realtime.settings.model import Pool, Settings


@asynccontextmanager
async def peer_from(address: str, door: Door) -> AsyncIterator[Peer]:
    reader, writer = await asyncio.open_connection(
        door.address.host, door.address.port, local_addr=(address, 0)
    )
    try:
        yield Peer(reader, writer)
    finally:
        writer.transport.abort()


async def begin(peer: Peer) -> None:
    """Somebody speaks, and goes on."""
    await peer.send("audio-start", PCM_16K)
    await peer.audio(30)


async def test_a_session_that_comes_back_goes_to_the_client_that_holds_fewest() -> None:
    settings = Settings(pool=Pool(min_size=0, max_size=4, timeout=60.0))
    async with AsyncExitStack() as stack:
        door = await stack.enter_async_context(wyoming_door(settings=settings))
        sessions = door.behind.server.record.sessions
        crowd = [await stack.enter_async_context(peer_from("127.0.0.1", door)) for _ in range(5)]
        for holder in crowd[:3]:
            await begin(holder)
        await eventually(lambda: sum(session.audio_bytes > 0 for session in sessions) == 3)
        for waiting in crowd[3:]:
            await begin(waiting)
        other = await stack.enter_async_context(peer_from("127.0.0.2", door))
        await other.utter()
        await eventually(lambda: "3 waiting" in repr(door.behind.sessions))
        await crowd[0].send("audio-stop")
        assert (await other.until("transcript"))[-1].data["text"]
