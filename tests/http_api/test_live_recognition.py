"""Recognition over a WebSocket, while somebody speaks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec
import pytest
from aiohttp import WSMsgType, WSServerHandshakeError

from tests.support.eventually import eventually
from tests.support.http_door import SAID, Door, http_door
from tests.support.spoken_words import speaking
from wyoming_azure_realtime.audio.pcm import REALTIME, AudioFormat, silence
from wyoming_azure_realtime.audio.samples import QUIETEST, level
from wyoming_azure_realtime.emulator.engines import sink_engines
from wyoming_azure_realtime.emulator.faults import Faults, RefusedUpgrade
from wyoming_azure_realtime.http_api import live_recognition
from wyoming_azure_realtime.http_api.live_recognition import MOST_AT_A_TIME, MOST_BYTES
from wyoming_azure_realtime.http_api.server import PREFIX
from wyoming_azure_realtime.settings.model import Deadlines, Recognition, Settings

LIVE = f"{PREFIX}/recognize/live"
MICROPHONE = AudioFormat(48_000, 2, 1)
END = '{"type": "audio-end"}'
PIECE = 4096


class Conversation:
    """A client that speaks."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def say(self, pcm: bytes) -> None:
        for at in range(0, len(pcm), PIECE):
            await self.socket.send_bytes(pcm[at : at + PIECE])

    async def end(self) -> None:
        await self.socket.send_str(END)

    async def told(self) -> list[dict[str, Any]]:
        """All messages until the server closes."""
        messages = []
        async with asyncio.timeout(30):
            async for message in self.socket:
                assert message.type is WSMsgType.TEXT
                messages.append(msgspec.json.decode(message.data))
        return messages

    async def answer(self) -> dict[str, Any]:
        """The last message that is no level."""
        return [message for message in await self.told() if message["type"] != "level"][-1]


@asynccontextmanager
async def speaks(door: Door, query: str = "rate=48000", **more: Any) -> AsyncIterator[Conversation]:
    async with door.client.ws_connect(f"{LIVE}?{query}", **more) as socket:
        yield Conversation(socket)


async def test_what_is_said_is_told_and_meanwhile_how_loud_it_is_and_whether_it_is_speech() -> None:
    async with http_door(engines=sink_engines((SAID,))) as door, speaks(door) as client:
        spoken = speaking(2, MICROPHONE)
        for pcm in (silence(500, MICROPHONE), spoken, silence(700, MICROPHONE)):
            # as a microphone does it, though faster
            for at in range(0, len(pcm), PIECE):
                await client.socket.send_bytes(pcm[at : at + PIECE])
                await asyncio.sleep(0.01)
        await client.end()
        *others, last = await client.told()
    assert last == {"type": "transcript", "text": SAID, "language": "en"}
    levels = [message for message in others if message["type"] == "level"]
    assert levels
    assert levels[0] == {"type": "level", "rms": QUIETEST, "speech": 0.0}
    assert max(one["rms"] for one in levels) > -40
    assert all(QUIETEST <= one["rms"] <= 0 and 0 <= one["speech"] <= 1 for one in levels)
    assert max(one["speech"] for one in levels) > 0.5
    (turn,) = (await_turn for await_turn in door.running.turns)
    assert (turn.door, turn.outcome) == ("http", "completed")
    assert turn.input_end is not None
    assert turn.end_of_speech is not None
    assert 0 < turn.end_of_speech <= turn.input_end <= turn.total_seconds


async def test_partial_text_is_all_of_it_so_far() -> None:
    hears = "gpt-live-transcribe"
    live = http_door(engines=sink_engines((SAID,)), transcription_deployment=hears)
    async with live as door, speaks(door) as client:
        await client.say(speaking(2, MICROPHONE))
        await client.end()
        told = await client.told()
    partials = [message["text"] for message in told if message["type"] == "partial"]
    assert partials
    assert all(SAID.startswith(text) for text in partials)
    assert sorted(partials, key=len) == partials
    assert told[-1]["text"] == SAID


async def test_where_the_server_ends_the_command_the_client_need_not() -> None:
    rules = Settings(recognition=Recognition(requires_external_vad=False, turn_end="local"))
    async with http_door(engines=sink_engines((SAID,)), settings=rules) as door, speaks(door) as client:
        await client.say(speaking(2, MICROPHONE) + silence(3000, MICROPHONE))
        assert await client.answer() == {"type": "transcript", "text": SAID, "language": "en"}


async def test_who_leaves_takes_the_turn_along() -> None:
    async with http_door() as door:
        async with speaks(door) as client:
            await client.say(speaking(1, MICROPHONE))
        await eventually(lambda: door.running.turns)
        async with speaks(door) as client:
            await client.say(speaking(1, MICROPHONE))
            assert client.socket._response.connection
            client.socket._response.connection.close()
        await eventually(lambda: len(door.running.turns) == 2)
        assert [turn.outcome for turn in door.running.turns] == ["cancelled"] * 2


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("no json", "invalid-request"),
        ("[" * 10_000, "invalid-request"),
        ('{"type": "unknown"}', "invalid-request"),
        ('{"type": "audio-end", "more": 1}', None),
        ("{}", "invalid-request"),
    ],
)
async def test_other_messages_are_refused(sent: str, code: str | None) -> None:
    async with http_door() as door, speaks(door) as client:
        await client.socket.send_str(sent)
        answer = await client.answer()
    assert answer.get("code") == code
    if code:
        assert set(answer) == {"type", "code", "message"}


async def test_sound_after_its_end_and_a_message_that_is_too_large_end_it() -> None:
    async with http_door() as door:
        async with speaks(door) as client:
            await client.say(speaking(1, MICROPHONE))
            await client.end()
            await client.say(bytes(100))
            told = await client.answer()
            assert told["type"] == "transcript" or told["code"] == "invalid-request"
        async with speaks(door) as client:
            await client.socket.send_bytes(bytes(MOST_BYTES + 1))
            async with asyncio.timeout(30):
                message = await client.socket.receive()
            assert message.type in (WSMsgType.CLOSE, WSMsgType.CLOSED)
            assert client.socket.close_code == 1009
        await eventually(lambda: len(door.running.turns) == 2)


async def test_a_recording_may_not_be_longer_than_the_settings_allow() -> None:
    short = Settings(recognition=Recognition(max_seconds=1.0))
    async with http_door(settings=short) as door, speaks(door) as client:
        await client.say(speaking(2, MICROPHONE))
        assert (await client.answer())["code"] == "audio-too-long"


@pytest.mark.parametrize("query", ["rate=48000&language=xx", "rate=48000&model=nobody"])
async def test_what_is_not_on_offer_is_told_as_a_message(query: str) -> None:
    async with http_door() as door, speaks(door, query) as client:
        answer = await client.answer()
    assert answer["code"] in ("unknown-language", "unknown-model")


async def test_the_service_s_failure_is_told_in_its_own_sentence() -> None:
    faults, soon = (
        Faults(refused_upgrade=RefusedUpgrade(status=401)),
        Settings(deadlines=Deadlines(request=2)),
    )
    async with http_door(faults=faults, settings=soon) as door, speaks(door) as client:
        await client.say(speaking(1, MICROPHONE))
        await client.end()
        answer = await client.answer()
        await eventually(lambda: door.running.turns)
    assert answer["message"] == str(door.running.turns[0].error)


async def test_who_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_recognition, "IDLE_SECONDS", 0.2)
    async with http_door() as door, speaks(door) as client:
        assert (await client.answer())["code"] == "request-timeout"


async def test_no_more_than_so_many_speak_at_a_time() -> None:
    async with http_door() as door:
        others = [await door.client.ws_connect(LIVE) for _ in range(MOST_AT_A_TIME)]
        async with speaks(door) as client:
            assert (await client.answer())["code"] == "too-many-requests"
        await others[0].close()
        await eventually(lambda: len(door.running.turns) == 1)
        async with speaks(door) as client:
            await client.end()
            assert (await client.answer())["type"] == "transcript"
        for other in others:
            await other.close()


@pytest.mark.parametrize(
    ("token", "headers", "status"),
    [
        ("", {"Origin": "https://evil.example"}, 403),
        ("", {"Host": "rebound.example", "Origin": "http://rebound.example"}, 403),
        ("a-token", {}, 401),
        ("a-token", {"Origin": "https://evil.example", "Authorization": "Bearer a-token"}, 403),
    ],
)
async def test_neither_strangers_nor_foreign_pages_may_listen_in(
    token: str, headers: dict[str, str], status: int
) -> None:
    async with http_door(token=token) as door:
        with pytest.raises(WSServerHandshakeError) as refused:
            async with speaks(door, headers=headers):
                raise AssertionError
    assert refused.value.status == status


@pytest.mark.parametrize(
    "query",
    [
        "rate=7999",
        "rate=192001",
        "rate=x",
        "rate=",
        "rate=48000.5",
        "rate=-1",
        "rate=48000&x=1",
        "rate=1e999",
    ],
)
async def test_a_wrong_rate_or_an_unknown_parameter_is_refused(query: str) -> None:
    async with http_door() as door:
        assert (await door.get(f"{LIVE}?{query}")).status == 400


async def test_it_is_no_page() -> None:
    async with http_door() as door:
        assert (await door.get(LIVE)).status == 400


def test_the_level_is_zero_at_full_scale() -> None:
    assert level(b"") == QUIETEST
    assert level(bytes(100)) == QUIETEST
    assert level(b"\x00\x80" * 100) == pytest.approx(0)
    assert level(b"\x00\x40" * 100 + b"\x01") == pytest.approx(-6.02, abs=0.01)
    assert level(b"\x01\x00") == pytest.approx(-90.3, abs=0.1)
    assert REALTIME.width == 2
