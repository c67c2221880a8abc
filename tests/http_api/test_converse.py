import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec
import pytest
from aiohttp import WSMsgType, WSServerHandshakeError

from tests.support.eventually import eventually
from tests.support.http_door import Door, http_door
from tests.support.spoken_words import speaking
from wyoming_azure_realtime.audio.pcm import REALTIME, silence
from wyoming_azure_realtime.emulator.answer_table import TableAnswers
from wyoming_azure_realtime.emulator.engines import MS_PER_CHARACTER, Engines, sink_engines
from wyoming_azure_realtime.emulator.faults import Faults
from wyoming_azure_realtime.http_api import sockets
from wyoming_azure_realtime.http_api.server import PREFIX
from wyoming_azure_realtime.observe import RequestJudged
from wyoming_azure_realtime.settings.model import Cost, Settings, Talk

CONVERSE = f"{PREFIX}/converse"
ASKED, ANSWER = "tell me a story", "Once upon a time there was a lamp that nobody could switch off."
BYTES = len(ANSWER) * MS_PER_CHARACTER * 48
EVERYTHING, LONG = "tell me everything", "word " * 400  # two minutes
TABLE: dict[str, Any] = {
    "answers": [
        {"heard": ASKED, "text": ANSWER},
        {"heard": EVERYTHING, "text": LONG},
        {"heard": "how warm is it", "calls": [{"name": "warmth", "arguments": {"room": "kitchen"}}]},
        {"tool": "warmth", "output": "/(\\d+)/", "text": "It is \\1 degrees."},
        {"heard": "what did i ask", "after": "/tell me a (\\w+)/", "text": "For a \\1."},
    ]
}
TOOL = {"name": "warmth", "description": "How warm it is.", "parameters": {"type": "object"}}


def talkative(*said: str) -> Engines:
    return sink_engines(said or (ASKED,), TableAnswers(TABLE))


class Talker:
    """A client with a microphone."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.told: list[dict[str, Any]] = []
        self.sound: dict[int, int] = {}  # bytes by answer
        self._answer = 0

    async def start(self, **how: Any) -> None:
        await self.send(type="start", **how)
        await self.until("ready")

    async def send(self, **message: Any) -> None:
        await self.socket.send_str(msgspec.json.encode(message).decode())

    async def say(self, seconds: float = 0.6) -> None:
        """Something, and then nothing for as long as ends a turn."""
        pcm = speaking(seconds, REALTIME) + silence(1500)
        for at in range(0, len(pcm), 9600):
            await self.socket.send_bytes(pcm[at : at + 9600])

    async def until(self, kind: str, where: Callable[[dict[str, Any]], object] = bool) -> dict[str, Any]:
        """The next message of this type."""
        async with asyncio.timeout(20):
            while True:
                message = await self.socket.receive()
                if message.type is WSMsgType.BINARY:
                    self.sound[self._answer] = self.sound.get(self._answer, 0) + len(message.data)
                    if kind == "sound":
                        return {}
                    continue
                assert message.type is WSMsgType.TEXT, message
                told: dict[str, Any] = msgspec.json.decode(message.data)
                self.told.append(told)
                if told["type"] == "audio-start":
                    self._answer = told["answer"]
                if told["type"] == kind and where(told):
                    return told

    async def heard(self) -> None:
        """What was said first was heard, before or after it was answered."""
        if not self.of("heard"):
            await self.until("heard")

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.told if message["type"] == kind]


@asynccontextmanager
async def talks(door: Door, **more: Any) -> AsyncIterator[Talker]:
    async with door.client.ws_connect(CONVERSE, **more) as socket:
        yield Talker(socket)


DIALECTS: dict[str, dict[str, Any]] = {
    "ga": {},
    "preview": {"api_version": "2025-04-01-preview", "realtime_deployment": "gpt-4o-realtime-preview"},
    "voice live": {"service": "voice_live", "realtime_deployment": "gpt-realtime",
                   "transcription_deployment": "azure-speech"},
}  # fmt: skip


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_what_is_said_is_heard_and_answered_by_voice(dialect: str) -> None:
    async with http_door(engines=talkative(), **DIALECTS[dialect]) as door, talks(door) as talker:
        await talker.start(language="en")
        await talker.say()
        await talker.until("answered")
        await talker.heard()
        assert talker.of("heard") == [{"type": "heard", "turn": 1, "text": ASKED}]
        assert talker.of("text")[-1] == {"type": "text", "turn": 1, "answer": 1, "text": ANSWER}
        assert talker.sound == {1: BYTES}
        kinds = [one["type"] for one in talker.told if one["type"] not in ("partial", "heard", "text")]
        assert kinds == ["ready", "speech-start", "speech-stop", "audio-start", "audio-stop", "answered"]
        (stop,) = talker.of("audio-stop")
        assert stop == {"type": "audio-stop", "turn": 1, "answer": 1, "interrupted": False, "ms": BYTES // 48}
        await talker.socket.close()
        await eventually(lambda: not door.running.server.record.open_sessions)
    (turn,) = door.running.turns
    assert (turn.kind, turn.outcome, turn.requests) == ("answer", "completed", 1)
    assert turn.usage["output_token_details"]["audio_tokens"]
    judged = [event for event in door.running.events if isinstance(event, RequestJudged)]
    assert {event.kind for event in judged} == {"answer", "recognition"}


async def test_whoever_speaks_interrupts_and_the_rest_is_forgotten() -> None:
    async with http_door(engines=talkative(ASKED, "what did i ask")) as door, talks(door) as talker:
        await talker.start()
        await talker.say()
        await talker.until("answered")
        await talker.send(type="played", answer=1, ms=700)
        await talker.say()
        stop = await talker.until("audio-stop", lambda told: told["interrupted"])
        assert stop == {"type": "audio-stop", "turn": 1, "answer": 1, "interrupted": True, "ms": 700}
        await talker.until("answered")
        assert talker.of("text")[-1]["text"] == "For a story."
        (session,) = door.running.server.record.sessions
        await eventually(lambda: [ms for _, ms in session.truncated] == [700])


async def test_an_answer_that_is_being_made_is_cancelled_and_no_more_of_it_comes() -> None:
    faults = Faults(generation_pace=1)
    async with http_door(engines=talkative(EVERYTHING), faults=faults) as door, talks(door) as talker:
        await talker.start(turn_detection="none")
        await talker.say()
        await talker.send(type="audio-end")
        await talker.until("sound")
        await talker.send(type="played", answer=1, ms=20)
        await talker.send(type="cancel")
        stop = await talker.until("audio-stop")
        assert stop["interrupted"]
        before = dict(talker.sound)
        assert (await talker.until("answered"))["outcome"] == "cancelled"
        assert talker.sound == before
        assert before[1] < len(LONG) * MS_PER_CHARACTER * 48
        (session,) = door.running.server.record.sessions
        await eventually(lambda: [ms for _, ms in session.truncated] == [stop["ms"]])
        assert session.cancels


async def test_tools_are_the_client_s() -> None:
    async with http_door(engines=talkative("how warm is it")) as door, talks(door) as talker:
        await talker.start(tools=[TOOL], turn_detection="none")
        await talker.say()
        await talker.send(type="audio-end")
        call = await talker.until("tool-call")
        assert (call["name"], call["arguments"]) == ("warmth", {"room": "kitchen"})
        await talker.send(type="tool-result", call=call["call"], output="21 degrees")
        await talker.until("answered", lambda told: told["answer"] == 2)
        assert talker.of("text")[-1]["text"] == "It is 21 degrees."
        assert [one["answer"] for one in talker.of("audio-start")] == [2]


async def test_a_lost_session_is_replaced_by_one_that_knows_what_was_said() -> None:
    async with http_door(engines=talkative(ASKED, "what did i ask")) as door, talks(door) as talker:
        await talker.start()
        await talker.say()
        await talker.until("answered")
        await talker.heard()
        door.running.server.drop_sessions()
        error = await talker.until("error")
        assert (error["code"], error["final"]) == ("session-lost", False)
        await talker.say()
        await talker.until("answered", lambda told: told["outcome"] == "completed")
        assert talker.of("text")[-1]["text"] == "For a story."
        assert talker.of("text")[-1]["answer"] == 2


async def test_bounds_are_told() -> None:
    rules = Settings(talk=Talk(at_once=1))
    async with http_door(engines=talkative(), settings=rules) as door:
        async with talks(door) as one, talks(door) as other:
            await one.start()
            await other.send(type="start")
            assert (await other.until("error"))["code"] == "too-many-requests"
        for message, code in (
            ('{"type": "cancel"}', "invalid-request"),
            ("nonsense", "invalid-request"),
            ('{"type": "start", "voice": "nobody"}', "unknown-voice"),
        ):
            async with talks(door) as talker:
                await talker.socket.send_str(message)
                error = await talker.until("error")
                assert (error["code"], error["final"]) == (code, True)
                assert (await talker.socket.receive()).type is WSMsgType.CLOSE


async def test_where_there_are_none_it_is_told() -> None:
    async with http_door(settings=Settings(talk=Talk(at_once=0))) as door, talks(door) as talker:
        await talker.send(type="start")
        error = await talker.until("error")
        assert (error["code"], error["final"]) == ("invalid-request", True)
        assert "talk.at_once" in error["message"]


async def test_a_stranger_is_refused() -> None:
    async with http_door(token="secret") as door:
        with pytest.raises(WSServerHandshakeError) as refused:
            async with talks(door):
                pass
        assert refused.value.status == 401


async def test_a_client_that_vanishes_takes_the_session_along() -> None:
    faults = Faults(generation_pace=1)
    async with http_door(engines=talkative(EVERYTHING), faults=faults) as door:
        async with talks(door) as talker:
            await talker.start(turn_detection="none")
            await talker.say()
            await talker.send(type="audio-end")
            await talker.until("sound")
            assert talker.socket._response.connection
            talker.socket._response.connection.close()
            await eventually(lambda: not door.running.server.record.open_sessions)
            await eventually(lambda: door.running.turns)
        (turn,) = door.running.turns
        assert (turn.kind, turn.outcome) == ("answer", "cancelled")
        assert turn.received_seconds
        judged = [one for one in door.running.events if isinstance(one, RequestJudged)]
        assert [one.outcome for one in judged if one.kind == "answer"] == ["abandoned"]
        async with talks(door) as talker:
            await talker.start()


async def test_a_client_that_does_not_read_is_dropped(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sockets, "WRITE_SECONDS", 1.0)
    async with http_door(engines=talkative(EVERYTHING)) as door:
        (listening,) = (sock for server in door.server._servers for sock in server.sockets)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
        async with talks(door) as talker:
            assert talker.socket._response.connection
            transport = talker.socket._response.connection.transport
            assert transport
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
            await talker.start(turn_detection="none")
            await talker.say()
            await talker.send(type="audio-end")
            await talker.until("audio-start")
            transport.pause_reading()
            await eventually(lambda: not door.server._connections._by_protocol)
            transport.abort()
        await eventually(lambda: not door.running.server.record.open_sessions)
    assert [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING] == []


async def test_an_upgrade_that_is_damaged_is_refused() -> None:
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=\u202e=",
    }
    async with http_door() as door:
        assert (await door.get(CONVERSE, headers=upgrade)).status == 400


async def test_when_a_limit_is_reached_nobody_is_answered_any_more() -> None:
    cost = Cost(day=0.0005, action="mute")
    async with http_door(engines=talkative(), cost=cost) as door, talks(door) as talker:
        await talker.start()
        await talker.say()
        await talker.until("answered")  # for more than the limit
        await talker.say()
        error = await talker.until("error")
        assert (error["code"], error["final"]) == ("spending-limit", True)
        await eventually(lambda: not door.running.server.record.open_sessions)
        async with talks(door) as other:
            await other.send(type="start")
            assert (await other.until("error"))["code"] == "spending-limit"
        assert door.running.server.record.upgrades == 1


async def test_where_nobody_speaks_it_is_over() -> None:
    rules = Settings(talk=Talk(idle=1))
    async with http_door(engines=talkative(), settings=rules) as door, talks(door) as talker:
        await talker.start()
        assert (await talker.until("error"))["code"] == "conversation-over"
