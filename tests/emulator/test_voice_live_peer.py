"""The vendor's own client of Voice Live as a peer of the embedded server, and its models as judge."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from azure.ai.voicelive.aio import VoiceLiveConnection, connect
from azure.ai.voicelive.models import (
    AssistantMessageItem,
    AudioInputTranscriptionOptions,
    AzureSemanticVad,
    AzureStandardVoice,
    InputTextContentPart,
    OutputTextContentPart,
    RequestSession,
    ResponseCreateParams,
    UserMessageItem,
)
from azure.core.credentials import AzureKeyCredential
from websockets.asyncio.client import connect as connect_plainly
from websockets.exceptions import InvalidStatus

from tests.support.realtime_peer import tone
from tests.support.voice_live_judge import server_complaints
from wyoming_azure_realtime.emulator.engines import sink_engines
from wyoming_azure_realtime.emulator.models import ServerOptions
from wyoming_azure_realtime.emulator.server import EmulatorServer

KEY = "right"
WHERE = "/voice-live/realtime?api-version=2026-07-15&model=gpt-4.1-nano"
TEXT = "The light is on."


@pytest.fixture
async def server() -> AsyncIterator[EmulatorServer]:
    options = ServerOptions(key=KEY, azure_voices=("en-US-JennyNeural", "nb-NO-FinnNeural"))
    async with EmulatorServer(options, sink_engines()) as server:
        yield server


@asynccontextmanager
async def connected(
    server: EmulatorServer, model: str = "gpt-4.1-nano"
) -> AsyncIterator[VoiceLiveConnection]:
    async with connect(credential=AzureKeyCredential(KEY), endpoint=server.url, model=model) as connection:
        yield connection


async def until(connection: VoiceLiveConnection, kind: str) -> list[Any]:
    """Everything up to the event of that type; every key is one that the package knows."""
    events: list[Any] = []
    async with asyncio.timeout(10):
        while not events or events[-1].type != kind:
            frame = await connection.recv_bytes()
            assert server_complaints(frame) == []
            events.append(type("Event", (), json.loads(frame)))
    return events


async def test_speaks_a_message_that_no_model_made(server: EmulatorServer) -> None:
    async with connected(server) as connection:
        await until(connection, "session.created")
        voice = AzureStandardVoice(name="en-US-JennyNeural", style="chat", rate="1.2")
        await connection.session.update(
            session=RequestSession(voice=voice, modalities=["text", "audio"], output_audio_format="pcm16")
        )
        updated = (await until(connection, "session.updated"))[-1].session
        assert updated["voice"] == {
            "type": "azure-standard",
            "name": "en-US-JennyNeural",
            "style": "chat",
            "rate": "1.2",
        }
        message = AssistantMessageItem(content=[OutputTextContentPart(text=TEXT)])
        response = ResponseCreateParams(
            commit=False,
            modalities=["text", "audio"],
            pre_generated_assistant_message=message,
            metadata={"turn": "r1"},
        )
        await connection.response.create(response=response)
        events = await until(connection, "response.done")
        assert events[-1].response["status"] == "completed"
        assert events[-1].response["metadata"] == {"turn": "r1"}
        assert events[-1].response.get("conversation_id") is None
        deltas = [one.delta for one in events if one.type == "response.audio_transcript.delta"]
        assert deltas == [TEXT]
        spoken = b"".join(base64.b64decode(one.delta) for one in events if one.type == "response.audio.delta")
        assert len(spoken) == pytest.approx(len(TEXT) * 60 * 48 / 1.2, rel=0.02)
        assert "rate_limits.updated" not in {one.type for one in events}


@pytest.mark.parametrize("rate", [8000, 16000, 24000])
async def test_hears_at_three_rates_with_phrases_and_several_languages(
    server: EmulatorServer, rate: int
) -> None:
    async with connected(server) as connection:
        options = AudioInputTranscriptionOptions(
            model="azure-speech", language="en-US,nb-NO", phrase_list=["Kjøkken"]
        )
        session: dict[str, Any] = {
            "input_audio_sampling_rate": rate,
            "input_audio_transcription": options,
            "turn_detection": None,
            "input_audio_noise_reduction": {"type": "azure_deep_noise_suppression"},
            "input_audio_echo_cancellation": {"type": "server_echo_cancellation"},
        }
        await connection.session.update(session=session)
        updated = (await until(connection, "session.updated"))[-1].session
        assert updated["input_audio_sampling_rate"] == rate
        assert updated["input_audio_transcription"] == dict(options)
        sound = tone(600)[: 2 * rate * 3 // 10]  # its pitch does not matter
        await connection.input_audio_buffer.append(audio=base64.b64encode(sound).decode())
        await connection.input_audio_buffer.commit()
        events = await until(connection, "conversation.item.input_audio_transcription.completed")
        assert events[-1].transcript == "turn on the kitchen lights"
        assert not [one for one in events if one.type.endswith("transcription.delta")]
    assert server.record.sessions[-1].dialect == "voice_live"


async def test_finds_the_end_of_an_utterance(server: EmulatorServer) -> None:
    async with connected(server) as connection:
        vad = AzureSemanticVad(silence_duration_ms=300, create_response=False)
        options = AudioInputTranscriptionOptions(model="azure-speech", language="en")
        session = RequestSession(turn_detection=vad, input_audio_transcription=options)
        await connection.session.update(session=session)
        await until(connection, "session.updated")
        sound = tone(400) + bytes(48 * 600)
        await connection.input_audio_buffer.append(audio=base64.b64encode(sound).decode())
        kinds = {
            one.type
            for one in await until(connection, "conversation.item.input_audio_transcription.completed")
        }
    assert {"input_audio_buffer.speech_started", "input_audio_buffer.committed"} <= kinds
    assert "response.created" not in kinds


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "another kind of session": ({"type": "transcription_session.update", "session": {}}, "type"),
    "a speed": ({"speed": 1.1}, "session.speed"),
    "a kind": ({"type": "realtime"}, "session.type"),
    "a nested session": ({"audio": {}}, "session.audio"),
    "a prompt": (
        {"input_audio_transcription": {"model": "azure-speech", "prompt": "x"}},
        "session.input_audio_transcription.prompt",
    ),
    "keywords": (
        {"input_audio_transcription": {"model": "azure-speech", "keywords": ["x"]}},
        "session.input_audio_transcription.keywords",
    ),
    "phrases of a model that takes none": (
        {"input_audio_transcription": {"model": "mai-transcribe-1", "phrase_list": ["x"]}},
        "session.input_audio_transcription.phrase_list",
    ),
    "OpenAI's recognizer without its realtime model": (
        {"input_audio_transcription": {"model": "whisper-1"}},
        "session.input_audio_transcription.model",
    ),
    "a rate": ({"input_audio_sampling_rate": 44100}, "session.input_audio_sampling_rate"),
    "noise reduction of the realtime models": (
        {"input_audio_noise_reduction": {"type": "far_field"}},
        "session.input_audio_noise_reduction.type",
    ),
    "turn detection of the realtime models": (
        {"turn_detection": {"type": "semantic_vad"}},
        "session.turn_detection.type",
    ),
    "a voice that is none": ({"voice": {"type": "azure-standard", "name": "Jenny"}}, "session.voice.name"),
    "a voice that there is not": (
        {"voice": {"type": "azure-standard", "name": "de-DE-KatjaNeural"}},
        "session.voice.name",
    ),
    "an unknown property of a voice": (
        {"voice": {"type": "azure-standard", "name": "nb-NO-FinnNeural", "role": "Girl"}},
        "session.voice.role",
    ),
    "too fast a voice": (
        {"voice": {"type": "azure-standard", "name": "nb-NO-FinnNeural", "rate": "3"}},
        "session.voice.rate",
    ),
    "a response of the realtime API": (
        {"type": "response.create", "response": {"conversation": "none"}},
        "response.conversation",
    ),
    "input of the realtime API": ({"type": "response.create", "response": {"input": []}}, "response.input"),
    "a message in two parts": (
        {
            "type": "response.create",
            "response": {
                "pre_generated_assistant_message": {
                    "type": "message",
                    "role": "assistant",
                    "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}],
                }
            },
        },
        "response.pre_generated_assistant_message.content",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
async def test_refuses_what_the_service_does_not_have(server: EmulatorServer, name: str) -> None:
    given, param = REFUSED[name]
    event = (
        given
        if "type" in given and given["type"] != "realtime"
        else {"type": "session.update", "session": given}
    )
    async with connected(server) as connection:
        await connection.send(event)
        error = (await until(connection, "error"))[-1].error
    assert error["param"] == param


async def test_what_is_voice_lives_alone_is_refused_elsewhere(server: EmulatorServer) -> None:
    url = server.url.replace("http", "ws") + "/openai/v1/realtime?model=gpt-realtime"
    message = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "a"}]}
    echo = {"audio": {"input": {"echo_cancellation": {"type": "server_echo_cancellation"}}}}
    async with connect_plainly(url, additional_headers={"api-key": KEY}) as socket:
        await socket.send(json.dumps({"type": "session.update", "session": {"type": "realtime", **echo}}))
        await socket.send(
            json.dumps({"type": "response.create", "response": {"pre_generated_assistant_message": message}})
        )
        answers = [json.loads(await socket.recv()) for _ in range(3)][1:]
    assert [answer["error"]["param"] for answer in answers] == [
        "session.audio.input.echo_cancellation",
        "response.pre_generated_assistant_message",
    ]


@pytest.mark.parametrize(
    ("address", "status"),
    [
        (WHERE.replace("2026-07-15", "2024-10-01"), 400),
        ("/voice-live/realtime?model=gpt-4.1-nano", 400),
        ("/voice-live/realtime?api-version=2026-07-15", 400),
        (WHERE.replace("gpt-4.1-nano", "my-deployment"), 400),
    ],
)
async def test_an_upgrade_needs_a_version_and_a_model(
    server: EmulatorServer, address: str, status: int
) -> None:
    with pytest.raises(InvalidStatus) as caught:
        async with connect_plainly(
            server.url.replace("http", "ws") + address, additional_headers={"api-key": KEY}
        ):
            pass
    assert caught.value.response.status_code == status


async def test_answers_by_voice_where_somebody_has_ended(server: EmulatorServer) -> None:
    async with connected(server, "gpt-realtime") as connection:
        vad = AzureSemanticVad(silence_duration_ms=300, create_response=True, interrupt_response=True)
        voice = AzureStandardVoice(name="en-US-JennyNeural")
        session = RequestSession(turn_detection=vad, voice=voice, modalities=["text", "audio"])
        await connection.session.update(session=session)
        await until(connection, "session.updated")
        item = UserMessageItem(content=[InputTextContentPart(text=TEXT)])
        await connection.conversation.item.create(item=item)
        await connection.input_audio_buffer.append(
            audio=base64.b64encode(tone(400) + bytes(48 * 600)).decode()
        )
        events = await until(connection, "response.done")
        assert events[-1].response["status"] == "completed"
        sound = [one for one in events if one.type == "response.audio.delta"]
        length = sum(len(base64.b64decode(one.delta)) for one in sound) // 48
        assert length == len(TEXT) * 60
        await connection.conversation.item.truncate(
            item_id=sound[0].item_id, content_index=0, audio_end_ms=length // 2
        )
        cut = (await until(connection, "conversation.item.truncated"))[-1]
        assert cut.audio_end_ms == length // 2
    assert server.record.sessions[-1].truncated[-1] == (sound[0].item_id, length // 2)
