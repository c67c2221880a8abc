"""Responses on the wire: speech, its order, its end."""

import base64
import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.realtime_peer import GA, Peer, hush, peer, said, tone
from wyoming_azure_realtime.emulator.engines import Engines, sink_engines
from wyoming_azure_realtime.emulator.faults import Faults
from wyoming_azure_realtime.emulator.models import ServerOptions
from wyoming_azure_realtime.emulator.server import EmulatorServer

# one second of audio takes one to generate: slow enough to meet a response in the middle
SLOW = Faults(generation_pace=1.0)
LONG = "a" * 200


@pytest.fixture
async def server() -> AsyncIterator[EmulatorServer]:
    async with EmulatorServer(ServerOptions(), sink_engines()) as server:
        yield server


@pytest.fixture
async def client(server: EmulatorServer) -> AsyncIterator[Peer]:
    async with peer(server.url, GA) as client:
        yield client


async def test_speech_is_as_long_as_its_text_and_follows_the_speed(client: Peer) -> None:
    await client.send("session.update", session={"type": "realtime", "audio": {"output": {"speed": 0.5}}})
    await client.speak("abcde")
    await client.until("response.done")
    assert len(client.audio()) == 5 * 120 * 48


async def test_audio_comes_in_odd_sizes_and_text_runs_ahead_of_it(client: Peer) -> None:
    await client.speak("many words are read aloud by this one voice of ours")
    await client.until("response.done")
    sizes = [
        len(base64.b64decode(e["delta"])) for e in client.seen if e["type"] == "response.output_audio.delta"
    ]
    assert any(size % 2 for size in sizes)
    assert len(set(sizes)) > 3
    first_audio = client.types().index("response.output_audio.delta")
    assert client.types()[:first_audio].count("response.output_audio_transcript.delta") >= 4
    told = "".join(e["delta"] for e in client.seen if e["type"] == "response.output_audio_transcript.delta")
    assert told == "many words are read aloud by this one voice of ours"


async def test_it_reads_the_last_user_text_of_its_input(client: Peer) -> None:
    await client.speak("", input=[said("first"), said("second")])
    done = await client.until("response.done")
    assert done["response"]["output"][0]["content"][0]["transcript"] == "second"


async def test_responses_beside_the_conversation_run_at_once_and_keep_their_metadata(
    server: EmulatorServer, client: Peer
) -> None:
    server.faults = SLOW
    for name, voice in (("one", "alloy"), ("two", "echo")):
        await client.speak("a" * 8, metadata={"req": name}, audio={"output": {"voice": voice}})
    done: dict[str, Any] = {}
    while len(done) < 2:
        response = (await client.until("response.done"))["response"]
        done[response["metadata"]["req"]] = response
    sound = {name: client.audio(response["id"]) for name, response in done.items()}
    assert len(sound["one"]) == len(sound["two"]) == 8 * 60 * 48
    assert sound["one"] != sound["two"]
    order = [e["response_id"] for e in client.seen if e["type"] == "response.output_audio.delta"]
    assert len(list(itertools.groupby(order))) > 2, "the two should interleave"


async def test_only_one_response_at_a_time_may_write_to_the_conversation(
    server: EmulatorServer, client: Peer
) -> None:
    server.faults = SLOW
    await client.send("conversation.item.create", item=said(LONG))
    await client.send("response.create")
    await client.until("response.created")
    await client.send("response.create", event_id="second")
    error = (await client.until("error"))["error"]
    assert (error["code"], error["event_id"]) == ("conversation_already_has_active_response", "second")
    await client.send("response.cancel")
    assert (await client.until("response.done"))["response"]["status"] == "cancelled"
    await client.send("response.create", response={"output_modalities": ["text"]})
    assert (await client.until("response.done"))["response"]["status"] == "completed"


async def test_cancel_by_id_ends_speech_in_the_middle_with_every_part_closed(
    server: EmulatorServer, client: Peer
) -> None:
    server.faults = SLOW
    await client.speak(LONG)
    created = await client.until("response.created")
    await client.until("response.output_audio.delta")
    await client.send("response.cancel")
    assert (await client.until("error"))["error"]["code"] == "response_cancel_not_active"
    await client.send("response.cancel", response_id=created["response"]["id"])
    response = (await client.until("response.done"))["response"]
    assert response["status"] == "cancelled"
    assert response["status_details"] == {"type": "cancelled", "reason": "client_cancelled"}
    assert response["output"][0]["status"] == "incomplete"
    assert len(client.audio()) < len(LONG) * 60 * 48
    assert [kind for kind in client.types() if kind.endswith(".done")] == [
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.done",
    ]
    (session,) = server.record.sessions
    assert [cancelled for _, cancelled in session.cancels] == [created["response"]["id"]]


@pytest.mark.parametrize("modality", ["audio", "text"])
async def test_output_beyond_the_limit_is_incomplete(client: Peer, modality: str) -> None:
    await client.speak("word " * 40, max_output_tokens=20, output_modalities=[modality])
    response = (await client.until("response.done"))["response"]
    assert response["status"] == "incomplete"
    assert response["status_details"] == {"type": "incomplete", "reason": "max_output_tokens"}
    assert response["usage"]["output_tokens"] <= 20


async def test_usage_adds_up(client: Peer) -> None:
    await client.speak("count me", instructions="x" * 40)
    usage = (await client.until("response.done"))["response"]["usage"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    assert usage["input_tokens"] == usage["input_token_details"]["text_tokens"] == 10 + 2
    assert usage["output_token_details"] == {"text_tokens": 2, "audio_tokens": 10}  # 8 letters of 60 ms


@pytest.mark.parametrize("text", ["", "   "])
async def test_nothing_to_read_is_a_completed_response(client: Peer, text: str) -> None:
    await client.speak(text)
    assert (await client.until("response.done"))["response"]["status"] == "completed"


async def test_too_many_responses_at_once_are_refused() -> None:
    options = ServerOptions(max_responses=2, faults=SLOW)
    async with EmulatorServer(options, sink_engines()) as server, peer(server.url) as client:
        for _ in range(3):
            await client.speak(LONG)
        assert (await client.until("error"))["error"]["code"] == "rate_limit_exceeded"


async def test_without_a_voice_the_response_fails() -> None:
    async with (
        EmulatorServer(ServerOptions(), Engines(reason="No voice.")) as server,
        peer(server.url) as client,
    ):
        await client.speak("Hello")
        response = (await client.until("response.done"))["response"]
        assert response["status"] == "failed"
        assert response["status_details"]["error"]["message"] == "No voice."


async def test_what_was_said_can_be_retrieved_and_truncated(client: Peer) -> None:
    await client.send("conversation.item.create", item=said("abc"))
    await client.send("response.create")
    item_id = (await client.until("response.done"))["response"]["output"][0]["id"]
    await client.send("conversation.item.retrieve", item_id=item_id)
    content = (await client.until("conversation.item.retrieved"))["item"]["content"][0]
    assert base64.b64decode(content["audio"]) == client.audio()
    await client.send("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=5000)
    error = (await client.until("error"))["error"]
    assert error["message"] == "Audio content of 180ms is already shorter than 5000ms"
    await client.send("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=100)
    assert (await client.until("conversation.item.truncated"))["audio_end_ms"] == 100
    await client.send("conversation.item.retrieve", item_id=item_id)
    content = (await client.until("conversation.item.retrieved"))["item"]["content"][0]
    assert (len(base64.b64decode(content["audio"])), content["transcript"]) == (100 * 48, None)


async def test_speech_of_the_user_interrupts_the_answer_and_its_end_begins_another(
    server: EmulatorServer, client: Peer
) -> None:
    server.faults = SLOW
    await client.send("conversation.item.create", item=said(LONG))
    await client.send("response.create")
    await client.until("response.output_audio.delta")
    await client.append(tone(500))
    await client.until("input_audio_buffer.speech_started")
    interrupted = (await client.until("response.done"))["response"]
    assert interrupted["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
    await client.append(hush(800))
    await client.until("input_audio_buffer.committed")
    assert (await client.until("response.created"))["response"]["id"] != interrupted["id"]
