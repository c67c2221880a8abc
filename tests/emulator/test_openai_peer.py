"""The vendor's own Python client as an independent peer of the embedded server: recognise, speak.

Every frame the server sends is also validated against that package's types, which are generated from the
vendor's description of the API.
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from openai import AsyncAzureOpenAI, AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection
from openai.types.realtime import (
    RealtimeConversationItemUserMessageParam,
    RealtimeResponseCreateParamsParam,
    RealtimeServerEvent,
    RealtimeSessionCreateRequestParam,
    RealtimeTranscriptionSessionCreateRequestParam,
)
from openai.types.realtime.realtime_audio_formats_param import AudioPCM
from pydantic import TypeAdapter

from tests.support.realtime_peer import said, tone
from wyoming_azure_realtime.emulator.engines import sink_engines
from wyoming_azure_realtime.emulator.faults import RATE_LIMITED, Failure, Faults, Shortened
from wyoming_azure_realtime.emulator.models import ServerOptions
from wyoming_azure_realtime.emulator.server import EmulatorServer

KEY = "right"
EVENT: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)
PCM: AudioPCM = {"type": "audio/pcm", "rate": 24000}


@pytest.fixture
async def server() -> AsyncIterator[EmulatorServer]:
    async with EmulatorServer(ServerOptions(key=KEY), sink_engines()) as server:
        yield server


def message(text: str) -> RealtimeConversationItemUserMessageParam:
    return cast("RealtimeConversationItemUserMessageParam", said(text))


@asynccontextmanager
async def connected(base_url: str, **where: Any) -> AsyncIterator[AsyncRealtimeConnection]:
    async with (
        AsyncOpenAI(api_key=KEY, base_url=base_url) as client,
        client.realtime.connect(**where) as connection,
    ):
        yield connection


async def until(connection: AsyncRealtimeConnection, kind: str) -> list[Any]:
    """Everything up to the event of that type, every frame valid."""
    events: list[Any] = []
    async with asyncio.timeout(10):
        while not events or events[-1].type != kind:
            events.append(EVENT.validate_json(await connection.recv_bytes(), strict=True))
    return events


@pytest.mark.parametrize("path", ["/openai/v1", "/v1"])
async def test_recognises_in_a_conversation_session(server: EmulatorServer, path: str) -> None:
    async with connected(server.url + path, model="gpt-realtime") as connection:
        created = (await until(connection, "session.created"))[-1]
        assert created.session.audio.input.turn_detection.type == "server_vad"
        session: RealtimeSessionCreateRequestParam = {
            "type": "realtime",
            "audio": {
                "input": {"format": PCM, "turn_detection": None, "transcription": {"model": "whisper-1"}}
            },
        }
        await connection.session.update(session=session)
        await until(connection, "session.updated")
        await connection.input_audio_buffer.append(audio=base64.b64encode(tone(300)).decode())
        await connection.input_audio_buffer.commit()
        events = await until(connection, "conversation.item.input_audio_transcription.completed")
        assert events[-1].transcript == "turn on the kitchen lights"
        assert events[0].item_id == events[-1].item_id


async def test_recognises_in_a_transcription_session(server: EmulatorServer) -> None:
    where = {"extra_query": {"intent": "transcription"}}
    async with connected(server.url + "/openai/v1", **where) as connection:
        await until(connection, "session.created")
        session: RealtimeTranscriptionSessionCreateRequestParam = {
            "type": "transcription",
            "audio": {
                "input": {
                    "turn_detection": None,
                    "transcription": {"model": "gpt-realtime-whisper", "language": "en"},
                }
            },
        }
        await connection.session.update(session=session)
        await until(connection, "session.updated")
        for _ in range(10):
            await connection.input_audio_buffer.append(audio=base64.b64encode(tone(100)).decode())
        await connection.input_audio_buffer.commit()
        events = await until(connection, "conversation.item.input_audio_transcription.completed")
        deltas = [one.delta for one in events if one.type.endswith("transcription.delta")]
        assert "".join(deltas) == events[-1].transcript == "turn on the kitchen lights"


async def test_turns_detected_by_the_server_are_answered(server: EmulatorServer) -> None:
    async with connected(server.url + "/openai/v1", model="gpt-realtime") as connection:
        await connection.conversation.item.create(item=message("Good morning"))
        await connection.input_audio_buffer.append(
            audio=base64.b64encode(tone(400) + bytes(48 * 800)).decode()
        )
        kinds = [event.type for event in await until(connection, "response.done")]
    for kind in ("speech_started", "speech_stopped", "committed"):
        assert f"input_audio_buffer.{kind}" in kinds
    assert kinds[-1] == "response.done"


@pytest.mark.parametrize("in_band", [True, False])
async def test_speaks(server: EmulatorServer, in_band: bool) -> None:
    async with connected(server.url + "/openai/v1", model="gpt-realtime") as connection:
        text = "Turn on the kitchen lights"
        if in_band:
            await connection.conversation.item.create(item=message(text))
            await connection.response.create()
        else:
            response: RealtimeResponseCreateParamsParam = {
                "conversation": "none",
                "metadata": {"req": "1"},
                "input": [message(text)],
            }
            await connection.response.create(response=response)
        events = await until(connection, "rate_limits.updated")
        (done,) = [event.response for event in events if event.type == "response.done"]
        audio = b"".join(base64.b64decode(e.delta) for e in events if e.type == "response.output_audio.delta")
    assert done.status == "completed"
    assert done.output[0].content[0].transcript == text
    assert done.metadata == (None if in_band else {"req": "1"})
    assert len(audio) == len(text) * 60 * 48


@pytest.mark.parametrize(
    ("faults", "status"),
    [
        (Faults(failed_response=RATE_LIMITED), "failed"),
        (Faults(shortened_response=Shortened()), "incomplete"),
    ],
)
async def test_final_statuses_are_understood(server: EmulatorServer, faults: Faults, status: str) -> None:
    server.faults = faults
    async with connected(server.url + "/openai/v1", model="gpt-realtime") as connection:
        await connection.response.create(
            response={"conversation": "none", "input": [message("many words here")]}
        )
        assert (await until(connection, "response.done"))[-1].response.status == status


async def test_cancel_and_refusals_are_understood(server: EmulatorServer) -> None:
    server.faults = Faults(generation_pace=1)
    async with connected(server.url + "/openai/v1", model="gpt-realtime") as connection:
        await connection.response.create(response={"conversation": "none", "input": [message("a" * 100)]})
        created = (await until(connection, "response.created"))[-1]
        await connection.response.cancel(response_id=created.response.id)
        done = (await until(connection, "response.done"))[-1].response
        assert (done.status, done.status_details.reason) == ("cancelled", "client_cancelled")
        await connection.send({"type": "nonsense", "event_id": "e1"})  # type: ignore[arg-type]
        error = (await until(connection, "error"))[-1].error
        assert (error.code, error.event_id) == ("invalid_event", "e1")


async def test_failed_transcriptions_and_items_are_understood(server: EmulatorServer) -> None:
    server.faults = Faults(failed_transcript=Failure())
    async with connected(server.url + "/openai/v1", model="gpt-realtime") as connection:
        session: RealtimeSessionCreateRequestParam = {
            "type": "realtime",
            "audio": {"input": {"turn_detection": None, "transcription": {"model": "whisper-1"}}},
        }
        await connection.session.update(session=session)
        await connection.input_audio_buffer.append(audio=base64.b64encode(tone(200)).decode())
        await connection.input_audio_buffer.clear()
        await until(connection, "input_audio_buffer.cleared")
        await connection.input_audio_buffer.append(audio=base64.b64encode(tone(200)).decode())
        await connection.input_audio_buffer.commit()
        failed = (await until(connection, "conversation.item.input_audio_transcription.failed"))[-1]
        await connection.conversation.item.retrieve(item_id=failed.item_id)
        item = (await until(connection, "conversation.item.retrieved"))[-1].item
        assert base64.b64decode(item.content[0].audio) == tone(200)
        await connection.conversation.item.delete(item_id=failed.item_id)
        await until(connection, "conversation.item.deleted")


async def test_the_azure_client_finds_the_preview_path(server: EmulatorServer) -> None:
    async with (
        AsyncAzureOpenAI(
            api_key=KEY,
            azure_endpoint=server.url,
            api_version="2025-04-01-preview",
            websocket_base_url=server.url.replace("http", "ws") + "/openai",
        ) as client,
        client.realtime.connect(model="gpt-4o-realtime-preview") as connection,
    ):
        created = json.loads(await connection.recv_bytes())
    assert created["session"]["modalities"] == ["text", "audio"]


async def test_an_answer_that_is_interrupted_is_forgotten_where_it_was_not_heard(
    server: EmulatorServer,
) -> None:
    """While it is made: the speech cancels it, and what was heard of it can be told at once."""
    server.faults = Faults(generation_pace=1)
    speech = base64.b64encode(tone(400) + bytes(48 * 800)).decode()
    async with connected(server.url + "/openai/v1", model="gpt-realtime") as connection:
        await connection.conversation.item.create(item=message("word " * 100))
        await connection.input_audio_buffer.append(audio=speech)
        first = (await until(connection, "response.output_audio.delta"))[-1]
        await connection.input_audio_buffer.append(audio=speech)
        await until(connection, "input_audio_buffer.speech_started")
        await connection.conversation.item.truncate(item_id=first.item_id, content_index=0, audio_end_ms=20)
        cut, done = None, None
        while cut is None or done is None:  # in either order
            event = EVENT.validate_json(await connection.recv_bytes(), strict=True)
            cut = event if event.type == "conversation.item.truncated" else cut
            done = event.response if event.type == "response.done" else done
        assert (cut.item_id, cut.audio_end_ms) == (first.item_id, 20)
        assert (done.status, done.status_details.reason) == ("cancelled", "turn_detected")
        await connection.conversation.item.retrieve(item_id=first.item_id)
        item = (await until(connection, "conversation.item.retrieved"))[-1].item
        assert item.content[0].transcript is None
        assert len(base64.b64decode(item.content[0].audio)) == 20 * 48
        await connection.conversation.item.truncate(item_id=first.item_id, content_index=0, audio_end_ms=5000)
        error = (await until(connection, "error"))[-1].error
        assert error.message == "Audio content of 20ms is already shorter than 5000ms"
