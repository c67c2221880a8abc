import asyncio
import resource
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from wyoming.asr import Transcribe
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncClient
from wyoming.info import Describe
from wyoming.tts import Synthesize

from tests.support.admission import registry_of
from tests.support.service import running_service
from tests.support.wyoming_events import PCM_16K, TEN_MS, event_bytes, kinds
from tests.support.wyoming_peer import PATIENCE, Door, eventually, wyoming_door
from wyoming_azure_realtime.emulator.faults import Fault, Faults
from wyoming_azure_realtime.errors import AddressInUse, SettingsError
from wyoming_azure_realtime.settings.model import Limits, Listener, Profile
from wyoming_azure_realtime.wyoming_server.server import WyomingServer


async def heard_until(client: AsyncClient, kind: str) -> list[str]:
    heard: list[str] = []
    async with asyncio.timeout(PATIENCE):
        while not heard or heard[-1] != kind:
            event = await client.read_event()
            assert event is not None
            heard.append(event.type)
    return heard


@pytest.mark.parametrize("scheme", ["tcp", "unix"])
async def test_the_wyoming_packages_client_is_served(scheme: str, tmp_path: Path) -> None:
    uri = f"unix://{tmp_path}/wyoming.sock" if scheme == "unix" else "tcp://127.0.0.1:0"
    async with wyoming_door(uris=(uri,)) as door, AsyncClient.from_uri(door.uri) as client:
        await client.write_event(Describe().event())
        assert await heard_until(client, "info") == ["info"]
        await client.write_event(Transcribe(language="en").event())
        await client.write_event(AudioStart(16000, 2, 1).event())
        for _ in range(20):
            await client.write_event(AudioChunk(16000, 2, 1, TEN_MS).event())
        await client.write_event(AudioStop().event())
        assert "transcript" in await heard_until(client, "transcript")
        await client.write_event(Synthesize(text="Hello.").event())
        assert "audio-chunk" in await heard_until(client, "audio-stop")


async def test_every_listener_has_the_defaults_of_its_profile() -> None:
    async with running_service() as behind:
        server = WyomingServer(
            behind.service,
            [Listener(uri="tcp://127.0.0.1:0"), Listener(uri="tcp://127.0.0.1:0", profile="german")],
            {"default": Profile(), "german": Profile(language="de", voice="echo")},
            Limits(),
            registry_of(),
        )
        await server.start()
        try:
            for uri in server.uris:
                async with AsyncClient.from_uri(uri) as client:
                    await client.write_event(Synthesize(text="Hello.").event())
                    await heard_until(client, "audio-stop")
            await eventually(lambda: len(behind.turns) == 2)
            assert [turn.voice for turn in behind.turns] == ["alloy", "echo"]
        finally:
            await server.stop()


async def test_a_start_that_fails_leaves_nothing_listening() -> None:
    async with running_service() as behind:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            uris = ("tcp://127.0.0.1:0", f"tcp://127.0.0.1:{taken.getsockname()[1]}")
            server = WyomingServer(
                behind.service, [Listener(uri=uri) for uri in uris], {}, Limits(), registry_of()
            )
            with pytest.raises(AddressInUse):
                await server.start()
            address = server.tcp_addresses[0]
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection(address.host, address.port)


async def test_an_address_that_makes_no_sense_is_one_sentence() -> None:
    async with running_service() as behind:
        server = WyomingServer(behind.service, [Listener(uri="http://x:1")], {}, Limits(), registry_of())
        with pytest.raises(SettingsError, match="Cannot listen on 'http://x:1'"):
            await server.start()


async def test_without_a_client_on_stdio_the_input_never_ends() -> None:
    async with wyoming_door() as door:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(door.server.input_ended(), 0.05)


LONG = Limits(stop=10)
AT_ONCE = LONG.stop / 2
"""Seconds: for whoever does not wait until `LONG` is over."""

SHORT = Limits(stop=1)
IN_TIME = 2 * SHORT.stop


async def stopped(door: Door) -> float:
    """The seconds that it took."""
    started = time.monotonic()
    await door.server.stop()
    return time.monotonic() - started


async def test_stopping_closes_idle_connections_at_once() -> None:
    async with wyoming_door(limits=LONG) as door, door.peer() as peer:
        await peer.send("ping")
        await peer.until("pong")
        stopping = asyncio.create_task(stopped(door))
        assert await peer.rest() == []
        peer.writer.close()
        assert await stopping < AT_ONCE


async def test_a_running_request_is_finished_before_the_stop() -> None:
    faults = Faults(transcript_ms=300)
    async with wyoming_door(limits=LONG, faults=faults) as door, door.peer() as peer:
        await peer.utter()
        await peer.send("ping")
        await peer.until("pong")
        stopping = asyncio.create_task(stopped(door))
        assert kinds(await peer.rest()) == ["transcript"]
        peer.writer.close()
        assert await stopping < AT_ONCE
        assert await door.outcomes() == ["completed"]


async def test_a_request_that_outlasts_the_grace_period_is_answered_with_an_error() -> None:
    faults = Faults(silent_response=Fault())
    async with wyoming_door(limits=SHORT, faults=faults) as door, door.peer() as peer:
        await peer.send("synthesize", {"text": "Hello."})
        record = door.behind.server.record
        await eventually(lambda: any(s.counts["response.create"] for s in record.sessions))
        stopping = asyncio.create_task(stopped(door))
        heard = await peer.rest()
        assert [event.data["code"] for event in heard] == ["pool-closed"]
        peer.writer.close()
        assert await stopping < IN_TIME
        assert await door.outcomes() == ["cancelled"]


async def test_a_peer_that_never_reads_does_not_hold_up_the_stop() -> None:
    async with wyoming_door(limits=SHORT) as door:
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(client, (door.address.host, door.address.port))
            text = event_bytes("synthesize", {"text": "a very long text " * 1000})
            await loop.sock_sendall(client, text)
            record = door.behind.server.record
            await eventually(lambda: any(s.counts["response.create"] for s in record.sessions))
            assert await stopped(door) < IN_TIME
        assert await door.outcomes() == ["cancelled"]


async def test_an_upload_that_never_ends_does_not_hold_up_the_stop() -> None:
    async with wyoming_door(limits=SHORT) as door, door.peer() as peer:
        await peer.send("audio-start", PCM_16K)
        await peer.audio()
        await peer.send("ping")
        await peer.until("pong")
        stopping = asyncio.create_task(stopped(door))
        assert kinds(await peer.rest()) == ["error"]
        assert await stopping < IN_TIME


LIMITED = """
import logging, resource, sys
logging.basicConfig(stream=sys.stdout, format="%(message)s")
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
from wyoming_azure_realtime.admission.connections import room_for
print(room_for({wanted}), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


def under(soft: int, hard: int, wanted: int) -> list[str]:
    """What a process with these limits says."""
    code = LIMITED.format(soft=soft, hard=hard, wanted=wanted)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_a_low_limit_is_raised_as_far_as_it_takes() -> None:
    assert under(64, 4096, 1024) == ["1024 1280"]


def test_where_it_may_not_be_raised_there_are_fewer_connections_and_a_warning() -> None:
    warning, answer = under(512, 512, 1024)
    assert answer == "256 512"
    assert "Only 256 connections are possible instead of limits.max_connections = 1024" in warning


def test_an_enough_is_left_as_it_is() -> None:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert under(soft, soft, 1)[-1] == f"1 {soft}"
