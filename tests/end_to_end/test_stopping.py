"""The end of the program: asked for by a signal, in order and in time, whatever its clients do."""

import asyncio
import signal
import socket
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from tests.support.eventually import eventually
from tests.support.house import House, house
from tests.support.program import program
from tests.support.wyoming_events import PCM_16K, TEN_MS, event_bytes, kinds
from tests.support.wyoming_peer import Peer
from wyoming_azure_realtime.emulator.engines import sink_engines
from wyoming_azure_realtime.emulator.faults import Fault, Faults

GRACE = 5.0
"""Seconds of the default setting."""

IN_TIME = 2 * GRACE
"""Seconds: of which the interpreter's own end takes half of one, on a machine that does nothing else."""

AT_ONCE = GRACE / 2
"""Seconds: for whatever does not wait until the grace period is over."""

UTTERANCE = event_bytes("audio-chunk", PCM_16K, TEN_MS) * 20 + event_bytes("audio-stop")


def home_with(faults: Faults) -> AbstractAsyncContextManager[House]:
    return house(faults=faults, engines=sink_engines())


async def port_of(home: House) -> int:
    return int((await home.program.uri()).rpartition(":")[2])


@asynccontextmanager
async def client(home: House) -> AsyncIterator[Peer]:
    reader, writer = await asyncio.open_connection("127.0.0.1", await port_of(home))
    try:
        yield Peer(reader, writer)
    finally:
        writer.transport.abort()


@asynccontextmanager
async def peer_that_never_reads(home: House) -> AsyncIterator[None]:
    """It has asked for so much speech that not all of it could be sent."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(sock, ("127.0.0.1", await port_of(home)))
        await loop.sock_sendall(sock, event_bytes("synthesize", {"text": "a very long text " * 1000}))
        await working(home, "response.create")
        yield


async def working(home: House, event: str, times: int = 1) -> None:
    """Until so many of these have arrived upstream."""
    sessions = home.server.record.sessions
    await eventually(lambda: sum(session.counts[event] for session in sessions) >= times)


async def ended(home: House, number: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
    """The exit code, and the seconds that the end took."""
    started = time.monotonic()
    home.program.process.send_signal(number)
    async with asyncio.timeout(3 * GRACE):
        code, seconds = await home.program.process.wait(), time.monotonic() - started
    # in order, and not because its time was up
    assert code != 0 or await home.program.said("Stopped")
    return code, seconds


async def test_an_idle_program_ends_at_once() -> None:
    async with home_with(Faults()) as home:
        await home.settled()
        code, seconds = await ended(home)
        assert code == 0
        assert seconds < AT_ONCE
        assert home.open_sessions == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_running_request_is_answered_and_nobody_is_let_in_meanwhile(number: signal.Signals) -> None:
    async with home_with(Faults(transcript_ms=1500)) as home, client(home) as peer, client(home) as idle:
        await idle.send("ping")
        await idle.until("pong")
        await peer.send_raw(UTTERANCE)
        await working(home, "input_audio_buffer.commit")
        ending = asyncio.create_task(ended(home, number))
        assert await idle.rest() == []
        idle.writer.close()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", await port_of(home))
        assert kinds(await peer.rest()) == ["transcript"]
        peer.writer.close()
        code, seconds = await ending
        assert code == 0
        assert seconds < GRACE
        assert home.open_sessions == 0


async def test_an_upload_in_progress_may_be_finished() -> None:
    async with home_with(Faults()) as home, client(home) as peer:
        await peer.send("transcribe", {})
        await peer.audio()
        await working(home, "input_audio_buffer.append")
        ending = asyncio.create_task(ended(home))
        await asyncio.sleep(0.5)
        await peer.audio()
        await peer.send("audio-stop")
        assert kinds(await peer.rest()) == ["transcript"]
        peer.writer.close()
        code, seconds = await ending
        assert code == 0
        assert seconds < GRACE


async def test_a_peer_that_does_not_read_is_cut_off_in_time() -> None:
    async with home_with(Faults()) as home, peer_that_never_reads(home):
        code, seconds = await ended(home)
        assert code == 0
        assert seconds < IN_TIME
        assert home.open_sessions == 0


async def test_what_outlasts_the_grace_period_gets_an_error_beside_a_peer_that_does_not_read() -> None:
    faults = Faults(silent_transcript=Fault())
    async with home_with(faults) as home, client(home) as peer, peer_that_never_reads(home):
        await peer.send_raw(UTTERANCE)
        await working(home, "input_audio_buffer.commit")
        ending = asyncio.create_task(ended(home))
        heard = await peer.rest()
        assert [event.data["code"] for event in heard] == ["pool-closed"]
        code, seconds = await ending
        assert code == 0
        assert GRACE / 2 < seconds < IN_TIME
        assert not home.tracebacks()


async def test_a_second_signal_ends_it_at_once() -> None:
    async with home_with(Faults(silent_transcript=Fault())) as home, client(home) as peer:
        await peer.send_raw(UTTERANCE)
        await working(home, "input_audio_buffer.commit")
        ending = asyncio.create_task(ended(home))
        await home.program.said("Stopping")
        code, seconds = await ended(home, signal.SIGINT)
        assert code != 0
        assert seconds < AT_ONCE
        await ending


async def test_a_signal_ends_a_program_that_is_still_starting() -> None:
    async with program("--uri", "tcp://127.0.0.1:0", "--http", "off", "--no-zeroconf") as running:
        await running.said("Starting the embedded backend")
        started = time.monotonic()
        assert await running.stop() == 0
        assert time.monotonic() - started < IN_TIME
        assert not any("Traceback" in line for line in running.log)
