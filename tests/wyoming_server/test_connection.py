import asyncio
import errno
import gc
import logging
import socket
import struct
import tracemalloc
import weakref
from contextlib import suppress

import pytest
from wyoming.info import Info

from tests.support.admission import registry_of
from tests.support.service import running_service
from tests.support.wyoming_events import PCM_16K, TEN_MS, event_bytes, kinds
from tests.support.wyoming_peer import Door, Peer, eventually, wyoming_door
from tests.wyoming_server.test_reader import MALFORMED
from wyoming_azure_realtime.emulator.faults import Faults
from wyoming_azure_realtime.settings.model import Limits
from wyoming_azure_realtime.wyoming_server.connection import ClientConnection
from wyoming_azure_realtime.wyoming_server.limits import ServerState
from wyoming_azure_realtime.wyoming_server.server import listener_service

OURS = ("wyoming_azure_realtime.wyoming_server", "wyoming_azure_realtime.observed_log")
SMALL = Limits(max_header=1024, max_data=2048, max_payload=4096, drain=0.3)


def complaints(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the log shows at its default level."""
    return [r.getMessage() for r in caplog.records if r.name.startswith(OURS) and r.levelno >= logging.INFO]


async def cut_off(peer: Peer, data: bytes) -> float:
    """Go on sending until the server has enough of it; the seconds that took."""
    started = asyncio.get_running_loop().time()
    with suppress(ConnectionError):
        async with asyncio.timeout(10):
            while True:
                await peer.send_raw(data)
                await asyncio.sleep(0.005)
    return asyncio.get_running_loop().time() - started


async def served(door: Door) -> None:
    """A well-behaved client gets its answer."""
    async with door.peer() as peer:
        await peer.utter()
        assert (await peer.until("transcript"))[-1].data["text"]


async def test_describe_is_answered_with_the_info_of_the_catalog() -> None:
    async with wyoming_door() as door, door.peer() as peer:
        await peer.send("describe")
        info = Info.from_event((await peer.until("info"))[-1])
        assert [model.name for model in info.asr[0].models] == [
            m.name for m in door.behind.service.catalog.models
        ]


async def test_describe_touches_no_backend_and_says_nothing_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    async with wyoming_door() as door:
        for _ in range(5):
            async with door.peer() as peer:
                await peer.send("describe")
                await peer.until("info")
        assert door.behind.server.record.upgrades == 0
    assert complaints(caplog) == []


async def test_describe_is_answered_to_a_client_that_ends_its_side_at_once() -> None:
    async with wyoming_door() as door, door.peer() as peer:
        await peer.send_raw(b'{ "type": "describe" }\n')
        assert kinds(await peer.rest_after_end()) == ["info"]


async def test_describe_and_ping_are_answered_in_the_middle_of_a_request() -> None:
    async with wyoming_door() as door, door.peer() as peer:
        await peer.send("audio-start", PCM_16K)
        await peer.audio()
        await peer.send("describe")
        await peer.send("ping", {"text": "are you there"})
        assert kinds(heard := await peer.until("pong")) == ["info", "pong"]
        assert heard[-1].data["text"] == "are you there"
        await peer.send("audio-stop")
        assert kinds(await peer.until("transcript"))[-1] == "transcript"


@pytest.mark.parametrize("data", [{}, {"text": None}, {"text": 5}])
async def test_a_ping_of_any_kind_is_answered(data: dict[str, object]) -> None:
    async with wyoming_door() as door, door.peer() as peer:
        await peer.send("ping", data)
        await peer.until("pong")


async def test_unknown_events_are_ignored() -> None:
    async with wyoming_door() as door, door.peer() as peer:
        for kind in ("select-program", "run-pipeline", "handled", "x" * 500, "audio", "info", "error"):
            await peer.send(kind, {"name": "azure-realtime"}, b"payload")
        await peer.send("audio-start", PCM_16K)
        await peer.send("played", {})
        await peer.audio()
        await peer.send("audio-stop")
        assert kinds(await peer.until("transcript")) == ["transcript"]


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED.keys())
async def test_malformed_input_ends_in_an_error_and_one_log_line_without_a_traceback(
    data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with wyoming_door(limits=SMALL) as door:
        async with door.peer() as peer:
            await peer.send_raw(data)
            heard = await peer.rest_after_end()
        assert [event.data["code"] for event in heard] in ([], ["invalid-request"])
        [line] = complaints(caplog)
        assert line.startswith("127.0.0.1:")
        assert "\n" not in line
        assert not any(record.exc_info for record in caplog.records)
        await served(door)


async def test_malformed_input_in_the_middle_of_a_request_cancels_it() -> None:
    async with wyoming_door() as door, door.peer() as peer:
        await peer.send("transcribe", {"language": "en"})
        await peer.audio()
        await peer.send_raw(b"nonsense\n")
        assert kinds(await peer.rest()) == ["error"]
        assert await door.outcomes() == ["cancelled"]


async def test_a_client_that_goes_on_sending_nonsense_is_cut_off() -> None:
    async with wyoming_door(limits=Limits(drain=0.2)) as door, door.peer() as peer:
        await cut_off(peer, b"nonsense\n" * 1000)


async def test_ten_announced_gigabytes_cost_no_memory() -> None:
    async with wyoming_door() as door, door.peer() as peer:
        tracemalloc.start()
        try:
            await peer.send_raw(b'{"type": "audio-chunk", "payload_length": 10000000000}\n')
            await cut_off(peer, bytes(1 << 20))
            assert tracemalloc.get_traced_memory()[1] < 8 << 20
        finally:
            tracemalloc.stop()


async def test_the_answer_of_an_early_error_is_not_lost_while_the_client_is_still_sending() -> None:
    async with wyoming_door() as door:
        for _ in range(20):
            async with door.peer() as peer:
                await peer.send("transcribe", {"name": "no-such-model"})
                for _ in range(20):
                    await peer.audio(10)
                await peer.send("audio-stop")
                assert kinds(await peer.rest()) == ["error"]


async def test_what_follows_an_error_is_read_for_the_time_of_the_drain_and_no_longer() -> None:
    async with wyoming_door(limits=Limits(drain=0.3)) as door, door.peer() as peer:
        await peer.send("transcribe", {"name": "no-such-model"})
        assert 0.25 < await cut_off(peer, event_bytes("audio-chunk", PCM_16K, TEN_MS)) < 3


async def test_a_silent_client_is_closed_after_the_idle_time() -> None:
    async with wyoming_door(limits=Limits(idle=0.2)) as door, door.peer() as peer:
        assert await peer.rest() == []


async def test_bytes_that_make_no_event_do_not_count_as_activity() -> None:
    async with wyoming_door(limits=Limits(idle=0.3, drain=0.2)) as door, door.peer() as peer:
        await peer.send_raw(event_bytes("audio-chunk", PCM_16K, bytes(4000))[:-4000])
        assert await cut_off(peer, b"\0") < 3


async def test_a_request_that_stops_in_the_middle_is_an_error_after_the_idle_time() -> None:
    async with wyoming_door(limits=Limits(idle=0.3, drain=0.2)) as door, door.peer() as peer:
        await peer.send("transcribe", {"language": "en"})
        await peer.audio()
        assert kinds(await peer.rest()) == ["error"]
        assert await door.outcomes() == ["cancelled"]


async def test_a_client_that_waits_for_its_answer_is_not_idle() -> None:
    faults = Faults(transcript_ms=700)
    async with wyoming_door(limits=Limits(idle=0.3), faults=faults) as door, door.peer() as peer:
        await peer.utter()
        assert kinds(await peer.until("transcript")) == ["transcript"]


async def unread(door: Door) -> socket.socket:
    """A client whose socket takes as little as possible, and never reads."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.setblocking(False)
    await asyncio.get_running_loop().sock_connect(client, (door.address.host, door.address.port))
    return client


async def test_a_client_that_never_reads_its_audio_is_cut_off_and_its_response_cancelled(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with wyoming_door(limits=Limits(write=0.3)) as door:
        client = await unread(door)
        text = event_bytes("synthesize", {"text": "a very long text " * 1000})
        await asyncio.get_running_loop().sock_sendall(client, text)
        assert await door.outcomes() == ["cancelled"]
        client.close()
        await served(door)
    assert "read nothing for 0.3 seconds" in caplog.text


async def test_a_client_that_only_asks_and_never_reads_costs_a_bounded_amount() -> None:
    async with wyoming_door(limits=Limits(write=2)) as door:
        client = await unread(door)
        asked = event_bytes("describe") * 1000
        tracemalloc.start()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    while True:
                        await asyncio.get_running_loop().sock_sendall(client, asked)
            assert tracemalloc.get_traced_memory()[1] < 4 << 20
        finally:
            tracemalloc.stop()
            client.close()


async def test_a_client_that_resets_its_connection_leaves_no_trace_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    async with wyoming_door() as door:
        async with door.peer() as peer:
            await peer.send("describe")
            sock = peer.writer.transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await served(door)
    assert complaints(caplog) == []


class AlreadyReset(asyncio.Transport):
    """A transport whose peer has reset the connection, which it has not yet noticed."""

    def __init__(self) -> None:
        super().__init__()
        self.aborted = False

    def is_closing(self) -> bool:
        return self.aborted

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """It goes nowhere."""

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        raise OSError(errno.ENOTCONN, "Transport endpoint is not connected")

    def abort(self) -> None:
        self.aborted = True


async def test_a_connection_that_was_reset_while_its_error_was_made_is_aborted() -> None:
    async with running_service() as behind:
        state = ServerState.new(Limits(), sessions=16, registry=registry_of())
        transport = AlreadyReset()
        connection = ClientConnection(listener_service(behind.service), state)
        connection.connection_made(transport)
        connection.data_received(b"nonsense\n")
        assert transport.aborted
        connection.connection_lost(None)
        assert state.clients.open() == []
        assert len(state.registry) == 0


@pytest.mark.parametrize(
    "data", [b"", b"nonsense\n", event_bytes("describe"), event_bytes("audio-chunk", PCM_16K, TEN_MS) * 20]
)
async def test_a_connection_that_is_over_does_not_wait_for_the_garbage_collector(data: bytes) -> None:
    async with wyoming_door() as door:
        gc.disable()
        try:
            async with door.peer() as peer:
                await peer.send_raw(data)
                await eventually(door.server._clients.open)
                [connection] = map(weakref.ref, door.server._clients.open())
                await asyncio.sleep(0.05)
            await eventually(lambda: connection() is None)
        finally:
            gc.enable()


async def test_at_the_limit_a_silent_connection_makes_room_for_one_that_speaks() -> None:
    async with wyoming_door(limits=Limits(max_connections=3)) as door:
        idle = [await asyncio.open_connection(door.address.host, door.address.port) for _ in range(6)]
        await served(door)
        for _, writer in idle:
            writer.transport.abort()


async def test_when_all_connections_are_in_use_a_newcomer_is_refused() -> None:
    async with wyoming_door(limits=Limits(max_connections=1)) as door, door.peer() as peer:
        await peer.send("audio-start", PCM_16K)
        await peer.send("ping")
        await peer.until("pong")
        async with door.peer() as refused:
            with suppress(ConnectionError):
                assert await refused.rest() == []
        await peer.send("ping")
        await peer.until("pong")


async def test_the_log_quotes_little_of_what_a_client_says(caplog: pytest.LogCaptureFixture) -> None:
    async with wyoming_door() as door, door.peer() as peer:
        name = "x\n2026-01-01 CRITICAL forged " + "y" * 150
        await peer.send("synthesize", {"text": "a secret text", "voice": {"name": name}})
        await peer.rest()
    [line] = complaints(caplog)
    assert "unknown-voice" in line
    assert "\n" not in line
    assert len(line) < 700
    assert "secret" not in caplog.text


async def test_a_bug_of_ours_is_one_traceback_in_the_log_and_an_internal_error_for_the_client(
    caplog: pytest.LogCaptureFixture,
) -> None:
    broken = {"default_language": 5}
    async with wyoming_door(catalog=broken) as door, door.peer() as peer:
        await peer.send("audio-start", PCM_16K)
        await peer.send("audio-stop")
        [error] = await peer.rest()
        assert error.data["code"] == "internal-error"
        assert "AttributeError" in error.data["text"]
    assert len([record for record in caplog.records if record.exc_info]) == 1


async def test_many_clients_at_once_are_all_served() -> None:
    async with wyoming_door() as door:
        async with asyncio.TaskGroup() as group:
            for _ in range(30):
                group.create_task(served(door))
        assert await door.outcomes(30) == ["completed"] * 30


@pytest.mark.parametrize("request_events", ["recognition", "synthesis"])
async def test_clients_that_vanish_at_any_byte_leave_nothing_behind(request_events: str) -> None:
    audio = event_bytes("audio-chunk", PCM_16K, TEN_MS)
    stream = {
        "recognition": event_bytes("transcribe", {}) + audio * 12 + event_bytes("audio-stop"),
        "synthesis": event_bytes("synthesize-start", {})
        + event_bytes("synthesize-chunk", {"text": "One sentence. And another one."})
        + event_bytes("synthesize-stop"),
    }[request_events]
    async with wyoming_door() as door:
        for at in range(0, len(stream) + 1, max(1, len(stream) // 60)):
            async with door.peer() as peer:
                await peer.send_raw(stream[:at])
        await served(door)
        await eventually(lambda: not any(t.get_name().startswith("wyoming") for t in asyncio.all_tasks()))
        await eventually(lambda: not door.server._clients.open())
