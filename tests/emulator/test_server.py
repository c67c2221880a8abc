"""The server as its clients know it: many sessions, each on its own."""

import asyncio
import base64
import json
import logging
import time
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.support.realtime_peer import GA, GA_TRANSCRIPTION, PREVIEW, eventually, hush, peer, said, tone
from wyoming_azure_realtime.emulator.engines import Engines, sink_engines
from wyoming_azure_realtime.emulator.models import Deployments, ServerOptions
from wyoming_azure_realtime.emulator.server import EmulatorServer

KEY = "right"


async def test_listens_on_a_free_loopback_port_and_says_where() -> None:
    async with EmulatorServer(ServerOptions(), sink_engines()) as server:
        assert server.port > 0
        assert server.url == f"http://127.0.0.1:{server.port}"


async def test_serves_behind_the_path_prefix_of_a_gateway_and_nowhere_else() -> None:
    options = ServerOptions(path_prefix="/team/speech/")
    async with EmulatorServer(options, sink_engines()) as server:
        assert server.url.endswith("/team/speech")
        async with peer(server.url, GA) as client:
            assert client.seen[0]["session"]["model"] == "gpt-realtime"
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"ws://127.0.0.1:{server.port}{GA}")
        assert refused.value.response.status_code == 404


async def test_serves_only_the_deployments_it_is_given_by_whatever_name() -> None:
    deployments = Deployments({"talker": "gpt-realtime-mini", "listener": "gpt-realtime-whisper"})
    async with EmulatorServer(ServerOptions(deployments=deployments), sink_engines()) as server:
        async with peer(server.url, "/openai/v1/realtime?model=talker") as client:
            session = await client.configure(transcription={"model": "listener"})
            assert session["audio"]["input"]["transcription"] == {"model": "listener"}
            await client.append(tone(1000))
            assert (await client.receive())["type"].endswith("transcription.delta")
        for name, status in (("listener", 400), ("gpt-realtime", 404)):
            with pytest.raises(InvalidStatus) as refused:
                await connect(f"ws://127.0.0.1:{server.port}/openai/v1/realtime?model={name}")
            assert refused.value.response.status_code == status


async def test_refuses_transcription_sockets_where_they_are_switched_off() -> None:
    async with EmulatorServer(ServerOptions(transcription_sockets=False), sink_engines()) as server:
        with pytest.raises(InvalidStatus) as refused:
            await connect(server.url.replace("http", "ws") + GA_TRANSCRIPTION)
        body = json.loads(refused.value.response.body or b"")
        assert body["error"]["code"] == "OpperationNotSupported"


async def test_keeps_no_more_sessions_than_it_may() -> None:
    async with EmulatorServer(ServerOptions(max_sessions=1), sink_engines()) as server:
        async with peer(server.url):
            with pytest.raises(InvalidStatus) as refused:
                await connect(server.url.replace("http", "ws") + GA)
        assert refused.value.response.status_code == 429
        assert refused.value.response.headers["retry-after"] == "1"


async def test_remembers_what_its_clients_did() -> None:
    async with EmulatorServer(ServerOptions(), sink_engines()) as server:
        async with peer(server.url) as client:
            assert server.record.open_sessions == 1
            await client.configure(transcription={"model": "whisper-1"})
            await client.append(tone(200))
            await client.commit()
            await client.until("conversation.item.input_audio_transcription.completed")
        await server.stop()
        (session,) = server.record.sessions
        assert server.record.upgrades == 1
        assert server.record.open_sessions == 0
        assert session.audio_bytes == len(tone(200))
        assert [kind for _, kind in session.events] == [
            "session.update",
            "input_audio_buffer.append",
            "input_audio_buffer.commit",
        ]
        assert session.closed is not None
        assert session.opened <= session.events[0][0] <= session.closed


async def test_stopping_closes_sessions_as_going_away() -> None:
    async with EmulatorServer(ServerOptions(), sink_engines()) as server, peer(server.url) as client:
        stopping = asyncio.ensure_future(server.stop())
        assert (await client.closed())[0] == 1001
        await stopping


async def test_a_session_ends_when_its_time_is_over() -> None:
    async with (
        EmulatorServer(ServerOptions(session_seconds=1), sink_engines()) as server,
        peer(server.url) as client,
    ):
        assert abs(client.seen[0]["session"]["expires_at"] - time.time()) <= 2
        assert await client.closed() == (1001, "Your session hit the maximum duration of 60 minutes.")
        assert client.seen[-1]["error"]["code"] == "session_expired"


async def test_a_client_that_does_not_read_loses_its_connection() -> None:
    async with (
        EmulatorServer(ServerOptions(send_seconds=0.3), sink_engines()) as server,
        connect(
            server.url.replace("http", "ws") + GA, max_queue=1, close_timeout=0.1, ping_interval=None
        ) as socket,
    ):
        for _ in range(8):
            request = {"conversation": "none", "input": [said("abcdefghi " * 300)]}
            await socket.send(json.dumps({"type": "response.create", "response": request}))
        await eventually(lambda: server.record.open_sessions == 0)


async def test_a_frame_too_large_for_any_event_ends_the_session() -> None:
    async with EmulatorServer(ServerOptions(), sink_engines()) as server:
        socket = await connect(server.url.replace("http", "ws") + GA, compression=None)
        with pytest.raises(ConnectionClosed):
            await _insist(socket, "x" * (22 * 1024 * 1024))
        await eventually(lambda: server.record.open_sessions == 0)


async def test_the_buffer_takes_only_so_much_audio() -> None:
    options = ServerOptions(max_buffer_bytes=len(tone(500)))
    async with EmulatorServer(options, sink_engines()) as server, peer(server.url) as client:
        await client.configure()
        await client.append(tone(500))
        await client.append(tone(20))
        assert (await client.until("error"))["error"]["code"] == "invalid_value"
        await client.commit()
        await client.until("input_audio_buffer.committed")


async def test_audio_survives_any_way_of_cutting_it() -> None:
    async with EmulatorServer(ServerOptions(), sink_engines()) as server, peer(server.url) as client:
        await client.configure()
        pcm = tone(200)
        for start in range(0, len(pcm), 777):
            await client.append(pcm[start : start + 777])
        await client.commit()
        item = (await client.until("input_audio_buffer.committed"))["item_id"]
        await client.send("conversation.item.retrieve", item_id=item)
        retrieved = (await client.until("conversation.item.retrieved"))["item"]
        assert _audio(retrieved) == pcm


async def test_telephone_audio_is_heard_and_spoken_at_its_own_size() -> None:
    async with EmulatorServer(ServerOptions(), sink_engines()) as server, peer(server.url) as client:
        await client.configure(format={"type": "audio/pcmu"}, transcription={"model": "whisper-1"})
        await client.append(bytes(range(0, 200, 5)) * 20)  # 800 bytes: 100 ms
        await client.commit()
        await client.until("conversation.item.input_audio_transcription.completed")
        await client.speak("abcde", audio={"output": {"format": {"type": "audio/pcma"}}})
        await client.until("response.done")
        assert len(client.audio()) == 5 * 60 * 8


@pytest.mark.parametrize("path", [GA, PREVIEW])
async def test_silence_is_an_empty_transcript(path: str) -> None:
    async with EmulatorServer(ServerOptions(), sink_engines()) as server, peer(server.url, path) as client:
        if path == GA:
            await client.configure(transcription={"model": "whisper-1"})
        else:
            session = {"turn_detection": None, "input_audio_transcription": {"model": "whisper-1"}}
            await client.send("session.update", session=session)
        await client.append(hush(300))
        await client.commit()
        done = await client.until("conversation.item.input_audio_transcription.completed")
        assert done["transcript"] == ""
        assert "conversation.item.input_audio_transcription.delta" not in client.types()


async def _insist(socket: ClientConnection, frame: str) -> None:
    """Send, and read until the answer is that the socket closes."""
    await socket.send(frame)
    async with asyncio.timeout(10):
        while True:
            await socket.recv()


def _audio(item: dict[str, Any]) -> bytes:
    return base64.b64decode(item["content"][0]["audio"])


async def test_whoever_is_no_websocket_client_leaves_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with EmulatorServer(ServerOptions(), sink_engines()) as server:
        for knock in (b"\x16\x03\x01\x02\x00\x01\x00\x01", b"GET / HTTP/1.1\r\n\r\n", b""):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(knock)
            writer.write_eof()
            await asyncio.wait_for(reader.read(), 10)
            writer.close()
            await writer.wait_closed()
        async with peer(server.url):
            pass
    assert [record for record in caplog.records if record.exc_info or record.levelno > logging.INFO] == []


async def test_every_answer_to_an_upgrade_has_an_id_to_ask_about() -> None:
    async with EmulatorServer(ServerOptions(key="right"), sink_engines()) as server:
        url = server.url.replace("http", "ws") + GA
        with pytest.raises(InvalidStatus) as refused:
            await connect(url)
        assert refused.value.response.headers["apim-request-id"]
        async with connect(url, additional_headers={"api-key": "right"}) as socket:
            assert socket.response is not None
            assert socket.response.headers["apim-request-id"]


class Faulty:
    """Breaks in a way that no engine should."""

    async def speak(
        self, text: str, *, voice: str, speed: float, language: str = ""
    ) -> AsyncGenerator[bytes, None]:
        yield bytes(4800)
        raise ZeroDivisionError


async def test_a_bug_is_told_as_the_service_would_and_ends_the_session(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with (
        EmulatorServer(ServerOptions(), Engines(synthesizer=Faulty())) as server,
        peer(server.url) as client,
    ):
        await client.speak("Hello")
        error = (await client.until("error"))["error"]
        assert (error["type"], error["code"]) == ("server_error", None)
        with pytest.raises(ConnectionClosed):
            await client.closed()
        assert client.socket.close_code == 1011
    assert [record.exc_info is not None for record in caplog.records] == [True]
