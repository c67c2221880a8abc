"""Who is let in, who has to leave, and that every refusal is counted."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.support.wyoming_events import PCM_16K, TEN_MS, event_bytes, kinds
from tests.support.wyoming_peer import Door, Peer, eventually, wyoming_door
from wyoming_azure_realtime.emulator.faults import Fault, Faults
from wyoming_azure_realtime.observe import ClientRefused
from wyoming_azure_realtime.settings.model import Limits, Pool, Recognition, Settings, Speech

ELSEWHERE = ("203.0.113.0/24",)


async def answered(peer: Peer) -> None:
    await peer.send("ping")
    await peer.until("pong")


async def is_put_out(peer: Peer) -> None:
    """Without a word."""
    with suppress(ConnectionError):
        assert await peer.rest() == []


class TestNetworks:
    async def test_a_stranger_is_refused_unheard_and_the_log_says_how_to_let_it_in(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with wyoming_door(allowed_networks=ELSEWHERE) as door:
            async with door.peer() as peer:
                with suppress(ConnectionError):
                    await peer.send_raw(b"nonsense\n")
                await is_put_out(peer)
            assert door.server.refusals == {"allowed_networks": 1}
        assert "127.0.0.1:" in caplog.text
        assert "WYOMING_AZURE_REALTIME_ALLOWED_NETWORKS=203.0.113.0/24,127.0.0.1" in caplog.text
        assert "JSON" not in caplog.text

    async def test_many_strangers_are_a_few_lines_in_the_log(self, caplog: pytest.LogCaptureFixture) -> None:
        async with wyoming_door(allowed_networks=ELSEWHERE) as door:
            for _ in range(30):
                async with door.peer() as peer:
                    await is_put_out(peer)
            await eventually(lambda: door.server.refusals == {"allowed_networks": 30})
            refused = [event for event in door.events if isinstance(event, ClientRefused)]
            assert refused == door.events
            assert {(event.door, event.bound) for event in refused} == {("wyoming", "allowed_networks")}
            assert len(refused) == 30
        assert caplog.text.count("is in none of the allowed networks") == 5

    @pytest.mark.parametrize("allowed", [("local",), ("any",), ("127.0.0.1",), (*ELSEWHERE, "local")])
    async def test_whoever_is_allowed_is_served(self, allowed: tuple[str, ...]) -> None:
        async with wyoming_door(allowed_networks=allowed) as door, door.peer() as peer:
            await answered(peer)
            assert door.server.refusals == {}

    async def test_unix_sockets_have_the_permissions_of_their_file_only(self, tmp_path: Path) -> None:
        uri = f"unix://{tmp_path}/wyoming.sock"
        async with wyoming_door(uris=(uri,), allowed_networks=ELSEWHERE):
            reader, writer = await asyncio.open_unix_connection(tmp_path / "wyoming.sock")
            await answered(Peer(reader, writer))
            writer.transport.abort()


class TestNumbers:
    async def test_from_one_address_the_oldest_that_has_sent_nothing_makes_room(self) -> None:
        async with wyoming_door(limits=Limits(max_per_address=3)) as door:
            async with door.peer() as spoke, door.peer() as first, door.peer() as second:
                await answered(spoke)
                async with door.peer() as third:
                    await is_put_out(first)
                    await answered(third)
                    async with door.peer() as fourth:
                        await is_put_out(second)
                        await answered(fourth)
                    await answered(spoke)
                    await answered(third)
            assert door.server.refusals == {"limits.max_per_address": 2}

    async def test_a_newcomer_is_refused_only_when_all_have_a_request(self) -> None:
        async with wyoming_door(limits=Limits(max_connections=2)) as door:
            async with door.peer() as one, door.peer() as other:
                for peer in (one, other):
                    await peer.audio()
                    await answered(peer)
                async with door.peer() as refused:
                    await is_put_out(refused)
                await answered(one)
            assert door.server.refusals == {"limits.max_connections": 1}

    async def test_those_who_were_answered_and_stay_lock_nobody_out(self) -> None:
        async with wyoming_door(limits=Limits(max_connections=3)) as door:
            async with door.peer() as oldest, door.peer() as one, door.peer() as other:
                for peer in (oldest, one, other):
                    await answered(peer)
                async with door.peer() as newcomer:
                    await answered(newcomer)
                await is_put_out(oldest)
                await answered(other)
            assert door.server.refusals == {"limits.max_connections": 1}

    async def test_those_who_dripped_a_part_of_an_event_make_room_too(self) -> None:
        async with wyoming_door(limits=Limits(max_per_address=3)) as door:
            drips = [await asyncio.open_connection(door.address.host, door.address.port) for _ in range(6)]
            for _, writer in drips:
                writer.write(b'{"type"')
            async with door.peer() as peer:
                await answered(peer)
            for _, writer in drips:
                writer.transport.abort()

    async def test_those_who_got_their_last_word_make_room_too(self) -> None:
        async with wyoming_door(limits=Limits(max_per_address=2)) as door:
            async with door.peer() as one, door.peer() as other:
                for peer in (one, other):
                    await peer.send("synthesize", {"text": "x", "voice": {"name": "nobody"}})
                    await peer.until("error")
                async with door.peer() as newcomer:
                    await answered(newcomer)


BOUNDS = Limits(max_header=1024, max_data=2048, max_payload=4096, idle=0.3, drain=0.3)
SHORT = Settings(recognition=Recognition(max_seconds=1), speech=Speech(max_characters=100))


class TestBounds:
    @pytest.mark.parametrize(
        ("data", "bound"),
        [
            (b'{"type": "' + b"x" * 2000, "limits.max_header"),
            (b'{"type": "x", "data_length": 2049}\n', "limits.max_data"),
            (b'{"type": "x", "payload_length": 4097}\n', "limits.max_payload"),
            (b"nonsense\n", "malformed"),
            (event_bytes("audio-chunk", PCM_16K, TEN_MS) * 110, "recognition.max_seconds"),
            (event_bytes("synthesize", {"text": " " * 90 + "x" * 11}), "speech.max_characters"),
            (event_bytes("audio-chunk", PCM_16K, TEN_MS), "limits.idle"),
            (event_bytes("transcribe", {"language": "tlh"}), "unknown-language"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    async def test_what_is_beyond_a_bound_is_an_error_and_counted(self, data: bytes, bound: str) -> None:
        async with wyoming_door(limits=BOUNDS, settings=SHORT) as door:
            async with door.peer() as peer:
                await peer.send_raw(data)
                assert kinds(await peer.until("error")) == ["error"]
            assert door.server.refusals == {bound: 1}

    async def test_a_connection_that_says_nothing_for_too_long_is_counted(self) -> None:
        async with wyoming_door(limits=BOUNDS) as door, door.peer() as peer:
            assert await peer.rest() == []
            assert door.server.refusals == {"limits.idle": 1}

    async def test_a_client_that_does_not_read_is_counted(self) -> None:
        async with wyoming_door(limits=Limits(write=0.3)) as door, door.peer() as peer:
            peer.pause_reading()
            await peer.send("synthesize", {"text": "a very long text " * 1000})
            await eventually(lambda: door.server.refusals == {"limits.write": 1})

    async def test_unfinished_events_are_bounded_all_together(self) -> None:
        limits = Limits(max_unfinished=1 << 20, max_payload=1 << 20)
        async with wyoming_door(limits=limits) as door:
            async with door.peer() as large, door.peer() as small:
                await small.send_raw(b'{"type": "x", "payload_length": 500000}\n' + bytes(400_000))
                await large.send_raw(b'{"type": "x", "payload_length": 1000000}\n' + bytes(800_000))
                assert kinds(await large.rest_after_end()) == ["error"]
                await small.send_raw(bytes(100_000))
                await answered(small)
            assert door.server.refusals == {"limits.max_unfinished": 1}


def one_session() -> dict[str, Any]:
    return {"sessions": 1, "settings": Settings(pool=Pool(max_size=1))}


async def hears(door: Door, text: str) -> None:
    async with door.peer() as peer:
        await peer.send("synthesize", {"text": text})
        await peer.until("audio-stop")


class TestGivingWay:
    async def test_who_does_not_read_gives_way_to_others_long_before_its_time_is_up(self) -> None:
        async with wyoming_door(**one_session()) as door, door.peer() as deaf:
            deaf.pause_reading()
            await deaf.send("synthesize", {"text": "a very long text " * 1000})
            await eventually(lambda: any(member.unsent for member in door.server._clients.open()))
            await hears(door, "Hello.")
            assert door.server.refusals == {"pool.max_size": 1}

    async def test_who_stops_in_the_middle_of_its_audio_gives_way_with_an_error(self) -> None:
        async with wyoming_door(**one_session()) as door, door.peer() as stopped:
            await stopped.audio()
            record = door.behind.server.record
            await eventually(lambda: any(s.counts["input_audio_buffer.append"] for s in record.sessions))
            await hears(door, "Hello.")
            assert kinds(await stopped.until("error"))[-1] == "error"
            assert door.server.refusals == {"pool.max_size": 1}

    async def test_without_others_nobody_has_to(self) -> None:
        async with wyoming_door(**one_session()) as door, door.peer() as slow:
            await slow.audio()
            await asyncio.sleep(2.5)
            await slow.send("audio-stop")
            await slow.until("transcript")

    async def test_who_waits_for_the_service_does_not(self) -> None:
        faults = Faults(silent_transcript=Fault())
        async with wyoming_door(**one_session(), faults=faults) as door, door.peer() as waiting:
            await waiting.utter()
            async with door.peer() as other:
                await other.utter()
                await asyncio.sleep(2.5)
                assert door.server.refusals == {}


async def test_the_refusals_are_told_when_the_server_stops(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    async with wyoming_door() as door, door.peer() as peer:
        await peer.send_raw(b"nonsense\n")
        await peer.rest()
    assert "Refused while it ran: malformed: 1" in caplog.text
