"""A client that is gone is noticed at once, whatever was going on, and whoever worked for it is told."""

import asyncio
import socket
import struct
import time

import pytest

from tests.support.eventually import eventually
from tests.support.figures import quantile
from tests.support.house import house
from tests.support.vanishing import SLOW, Vanishing, left_off
from tests.support.wyoming_events import PCM_16K, TEN_MS, event_bytes, kinds
from tests.support.wyoming_peer import Door, Peer, wyoming_door
from wyoming_azure_realtime.emulator.engines import sink_engines
from wyoming_azure_realtime.emulator.faults import Fault, Faults

WAITING = Faults(transcript_ms=20_000, silent_response=Fault())
AT_ONCE = 4.0
"""Seconds, a fifth of what the answer takes. The long form knows how soon it really is."""


async def ask(peer: Peer, door: Door, kind: str) -> None:
    """A request that is all there and will not be answered."""
    if kind == "recognition":
        await peer.utter()
    else:
        await peer.send("synthesize", {"text": "Hello."})
    last = {"recognition": "input_audio_buffer.commit", "synthesis": "response.create"}[kind]
    await eventually(lambda: any(s.counts[last] for s in door.behind.server.record.sessions))


async def told_within(door: Door, since: float) -> float:
    """Seconds until the session of the only request was told to leave off, or was closed."""
    [worked] = [s for s in door.behind.server.record.sessions if set(s.counts) - {"session.update"}]
    await eventually(lambda: left_off(worked, since))
    assert await door.outcomes() == ["cancelled"]
    return (left_off(worked, since) or since) - since


@pytest.mark.parametrize("kind", ["recognition", "synthesis"])
class TestWhileAnAnswerIsAwaited:
    async def test_a_reset(self, kind: str) -> None:
        async with wyoming_door(faults=WAITING) as door, door.peer() as peer:
            await ask(peer, door, kind)
            sock = peer.writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            peer.writer.transport.abort()
            assert await told_within(door, time.monotonic()) < AT_ONCE

    async def test_a_close(self, kind: str) -> None:
        async with wyoming_door(faults=WAITING) as door, door.peer() as peer:
            await ask(peer, door, kind)
            peer.writer.close()
            assert await told_within(door, time.monotonic()) < AT_ONCE

    async def test_a_close_long_after_the_client_has_ended_its_side(self, kind: str) -> None:
        async with wyoming_door(faults=WAITING) as door, door.peer() as peer:
            await ask(peer, door, kind)
            peer.end()
            await asyncio.sleep(1.5)  # it waits for its answer
            assert door.behind.turns == []
            peer.writer.close()
            assert await told_within(door, time.monotonic()) < AT_ONCE

    async def test_a_close_with_more_requests_waiting_than_are_read(self, kind: str) -> None:
        async with wyoming_door(faults=WAITING) as door, door.peer() as peer:
            await ask(peer, door, kind)
            peer.writer.write(event_bytes("audio-chunk", PCM_16K, TEN_MS) * 2000)
            await asyncio.sleep(0.3)  # long enough for the server to stop reading
            peer.writer.transport.abort()
            assert await told_within(door, time.monotonic()) < AT_ONCE


async def test_a_close_in_the_middle_of_an_upload() -> None:
    async with wyoming_door(faults=WAITING) as door, door.peer() as peer:
        await peer.send("audio-start", PCM_16K)
        await peer.audio()
        record = door.behind.server.record
        await eventually(lambda: any(s.counts["input_audio_buffer.append"] for s in record.sessions))
        peer.writer.close()
        assert await told_within(door, time.monotonic()) < AT_ONCE


@pytest.mark.parametrize("reads", [True, False])
async def test_a_close_while_audio_is_being_written(reads: bool) -> None:
    async with wyoming_door(faults=Faults(generation_pace=0.5)) as door, door.peer() as peer:
        if not reads:
            peer.pause_reading()
        await peer.send("synthesize", {"text": "a long text " * 50})
        record = door.behind.server.record
        await eventually(lambda: any(s.counts["response.create"] for s in record.sessions))
        if reads:
            await peer.until("audio-chunk")
        else:
            await asyncio.sleep(0.3)
        peer.writer.transport.abort()
        assert await told_within(door, time.monotonic()) < AT_ONCE


async def test_a_client_that_waits_after_it_has_ended_its_side_sees_nothing_but_its_answer() -> None:
    async with wyoming_door(faults=Faults(transcript_ms=1000)) as door, door.peer() as peer:
        await peer.utter()
        assert kinds(await peer.rest_after_end()) == ["transcript"]
        assert await door.outcomes() == ["completed"]


async def test_a_request_that_waits_for_the_one_before_it_is_answered_in_turn() -> None:
    async with wyoming_door(faults=Faults(transcript_ms=300)) as door, door.peer() as peer:
        await peer.utter()
        await peer.utter()
        peer.end()
        assert [event.type for event in await peer.rest()] == ["transcript"] * 2


@pytest.mark.long
async def test_clients_that_vanish_at_random_moments_leave_nothing_behind() -> None:
    async with house(faults=SLOW, engines=sink_engines()) as home:
        await home.settled()
        vanishing = Vanishing(home, seed=2)
        for _ in range(25):
            await vanishing.one()
        assert len(vanishing.seen.told) > 5  # the others came too early or too late
        assert quantile(vanishing.seen.told, 0.5) < 0.05
        assert quantile(vanishing.seen.told, 0.9) < 0.3
        assert not home.tracebacks()
