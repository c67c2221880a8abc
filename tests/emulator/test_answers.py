"""Answers on the wire: text and calls, from text and from sound, at their pace, with refusals and faults."""

import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter
from websockets.exceptions import ConnectionClosed

from tests.support.eventually import eventually
from tests.support.realtime_peer import GA, PREVIEW, Peer, hush, peer, said, tone
from tests.support.voice_live_judge import server_complaints
from wyoming_azure_realtime.emulator.answer_table import TableAnswers
from wyoming_azure_realtime.emulator.engines import sink_engines
from wyoming_azure_realtime.emulator.faults import Disconnect, Failure, Fault, Faults, Shortened, Stall
from wyoming_azure_realtime.emulator.models import ServerOptions
from wyoming_azure_realtime.emulator.server import EmulatorServer

VOICE_LIVE = "/voice-live/realtime?api-version=2026-07-15&model=gpt-realtime"
PARIS = "It is Paris."
TABLE: dict[str, Any] = {
    "answers": [
        {"heard": "what is the capital of France", "text": PARIS},
        {"heard": "tell me a story", "text": "Once there was a house. " * 20},
        {
            "heard": "lights please",
            "calls": [{"name": "HassTurnOn", "arguments": {"say~": "Done.", "area": "here"}}],
        },
        {
            "heard": "cook and sleep",
            "text": "As you wish.",
            "calls": [
                {"name": "HassTurnOn", "arguments": {"name": "Kitchen light"}},
                {"name": ["HassNothing", "HassTurnOff"], "arguments": {"name": "Bedroom light"}},
            ],
        },
        {"heard": "open the door", "calls": [{"name": "HassUnlock", "arguments": {}}]},
        {"tool": "/GetLiveContext/", "output": "/(\\d+) degrees/", "text": "It is \\1 degrees."},
        {"heard": "what is my name", "after": "/my name is (\\w+)/", "text": "You are \\1."},
    ],
    "misheard": {"turn on the kitchen lights": "lights please"},
    "otherwise": "I have no answer to that.",
}
TURN_ON = {
    "type": "function",
    "name": "intent__HassTurnOn",
    "description": "Turns on",
    "parameters": {"type": "object", "properties": {"say": {"type": "string"}, "area": {}, "name": {}}},
}
TURN_OFF = {"type": "function", "name": "HassTurnOff", "parameters": {"type": "object"}}
GA_EVENT: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)


@pytest.fixture
async def server() -> AsyncIterator[EmulatorServer]:
    async with EmulatorServer(ServerOptions(), sink_engines(answers=TableAnswers(TABLE))) as server:
        yield server


@pytest.fixture
async def client(server: EmulatorServer) -> AsyncIterator[Peer]:
    async with peer(server.url, GA) as client:
        yield client


async def ask(client: Peer, text: str, **response: Any) -> None:
    """A written answer, out of band."""
    body = {
        "conversation": "none",
        "output_modalities": ["text"],
        "instructions": "Answer.",
        "input": [said(text)],
    }
    await client.send("response.create", response=body | response)


async def answer(client: Peer, text: str, **response: Any) -> dict[str, Any]:
    await ask(client, text, **response)
    done: dict[str, Any] = (await client.until("response.done"))["response"]
    return done


def assistant(text: str) -> dict[str, Any]:
    return {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}


async def spoken_item(client: Peer) -> str:
    """The item of a committed utterance."""
    await client.append(tone(300))
    await client.commit()
    item_id: str = (await client.until("input_audio_buffer.committed"))["item_id"]
    return item_id


async def test_text_is_answered_in_deltas_and_adds_up(client: Peer) -> None:
    done = await answer(
        client, "What is the capital of France?", metadata={"turn": "7"}, instructions="x" * 40
    )
    assert done["status"] == "completed"
    assert (done["conversation_id"], done["metadata"]) == (None, {"turn": "7"})
    assert done["output_modalities"] == ["text"]
    assert [item["content"] for item in done["output"]] == [[{"type": "output_text", "text": PARIS}]]
    deltas = [event["delta"] for event in client.seen if event["type"] == "response.output_text.delta"]
    assert "".join(deltas) == PARIS
    assert len(deltas) > 1
    usage = done["usage"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    assert usage["output_token_details"] == {"text_tokens": 3, "audio_tokens": 0}
    assert usage["input_token_details"]["text_tokens"] == 10 + 8


@pytest.mark.parametrize("path", [GA, PREVIEW, VOICE_LIVE], ids=["ga", "preview", "voice_live"])
async def test_every_dialect_writes_text_and_calls_as_its_vendor_describes(
    server: EmulatorServer, path: str
) -> None:
    old = path != GA
    async with peer(server.url, path) as client:
        body: dict[str, Any] = {
            "modalities" if old else "output_modalities": ["text"],
            "instructions": "Answer.",
            "tools": [TURN_ON, TURN_OFF],
            "tool_choice": "auto",
            "metadata": {"turn": "1"},
            "input_items" if path == VOICE_LIVE else "input": [said("cook and sleep")],
        }
        body |= {"commit": False} if path == VOICE_LIVE else {"conversation": "none"}
        await client.send("response.create", response=body)
        done = (await client.until("response.done"))["response"]
        frames = [event for event in client.seen if event["type"].startswith("response.")]
        kinds = [event["type"] for event in frames]
        text = "response.text" if old else "response.output_text"
        assert [kind for kind in kinds if not kind.endswith(".delta")] == [
            "response.created",
            "response.output_item.added",
            "response.content_part.added",
            f"{text}.done",
            "response.content_part.done",
            "response.output_item.done",
            *[
                "response.output_item.added",
                "response.function_call_arguments.done",
                "response.output_item.done",
            ]
            * 2,
            "response.done",
        ]
        for event in frames:
            if path == GA:
                GA_EVENT.validate_python(event)
            elif path == VOICE_LIVE:
                assert server_complaints(json.dumps(event)) == []
    message, *calls = done["output"]
    assert message["content"][0]["text"] == "As you wish."
    assert [(call["name"], json.loads(call["arguments"])) for call in calls] == [
        ("intent__HassTurnOn", {"name": "Kitchen light"}),
        ("HassTurnOff", {"name": "Bedroom light"}),
    ]
    assert {call["type"] for call in calls} == {"function_call"}
    whole = {e["call_id"]: e["arguments"] for e in frames if e["type"].endswith("arguments.done")}
    assert whole == {call["call_id"]: call["arguments"] for call in calls}
    assert [e["output_index"] for e in frames if e["type"] == "response.output_item.done"] == [0, 1, 2]


async def test_a_tools_own_parameters_decide_about_say(client: Peer) -> None:
    done = await answer(client, "lights please", tools=[TURN_ON])
    (call,) = done["output"]
    assert json.loads(call["arguments"]) == {"say": "Done.", "area": "here"}
    plain = {**TURN_ON, "parameters": {"type": "object", "properties": {"area": {}}}}
    (call,) = (await answer(client, "lights please", tools=[plain]))["output"]
    assert json.loads(call["arguments"]) == {"area": "here"}


@pytest.mark.parametrize("response", [{"tools": [TURN_ON]}, {}, {"tools": [TURN_ON], "tool_choice": "none"}])
async def test_calls_that_no_tool_allows_are_counted_and_not_made(
    server: EmulatorServer, client: Peer, response: dict[str, Any]
) -> None:
    done = await answer(client, "open the door", **response)
    assert [item["type"] for item in done["output"]] == ["message"]
    assert server.record.answers.undeclared_calls == 1


async def test_the_sessions_tools_are_those_of_a_response_that_names_none(client: Peer) -> None:
    await client.send("session.update", session={"type": "realtime", "tools": [TURN_ON]})
    (call,) = (await answer(client, "lights please"))["output"]
    assert call["name"] == "intent__HassTurnOn"


async def test_history_comes_with_the_input(client: Peer) -> None:
    before = [said("My name is Alice."), assistant("Nice to meet you."), said("What is my name?")]
    done = await answer(client, "", input=before)
    assert done["output"][0]["content"][0]["text"] == "You are Alice."
    done = await answer(client, "What is my name?")
    assert done["output"][0]["content"][0]["text"] == "I have no answer to that."


async def test_sound_is_answered_by_what_the_model_hears_and_not_by_the_transcript(client: Peer) -> None:
    await client.configure(transcription={"model": "whisper-1"})
    item_id = await spoken_item(client)
    await ask(
        client, "", tools=[TURN_ON], input=[assistant("Hello."), {"type": "item_reference", "id": item_id}]
    )
    done = (await client.until("response.done"))["response"]
    assert done["output"][0]["name"] == "intent__HassTurnOn"
    usage = done["usage"]["input_token_details"]
    assert usage["audio_tokens"] == 3
    await ask(client, "turn on the kitchen lights", tools=[TURN_ON])
    done = (await client.until("response.done"))["response"]
    assert done["output"][0]["content"][0]["text"] == "I have no answer to that."


@pytest.mark.parametrize("faults", [Faults(transcript_ms=600_000), Faults(silent_transcript=Fault()), None])
async def test_sound_is_heard_before_its_transcript_without_it_and_without_transcription(
    server: EmulatorServer, client: Peer, faults: Faults | None
) -> None:
    server.faults = faults or Faults()
    await client.configure(transcription={"model": "whisper-1"} if faults else None)
    item_id = await spoken_item(client)
    await ask(client, "", tools=[TURN_ON], input=[{"type": "item_reference", "id": item_id}])
    done = (await client.until("response.done"))["response"]
    assert done["output"][0]["name"] == "intent__HassTurnOn"


@pytest.mark.parametrize("instructions", ["You read aloud what the user writes.", "Be kind."])
async def test_who_speaks_is_answered_in_the_conversation(client: Peer, instructions: str) -> None:
    detection = {"type": "server_vad", "create_response": True}
    await client.send(
        "session.update",
        session={
            "type": "realtime",
            "instructions": instructions,
            "tools": [],
            "audio": {"input": {"turn_detection": detection, "transcription": {"model": "whisper-1"}}},
        },
    )
    await client.until("session.updated")
    await client.append(tone(500) + hush(900))
    done = (await client.until("response.done"))["response"]
    assert done["conversation_id"] is not None
    assert done["output"][0]["content"][0]["transcript"] == "I cannot do that."  # it has no tools
    assert len(client.audio()) == len("I cannot do that.") * 60 * 48


async def test_answers_that_are_spoken_have_their_words(client: Peer) -> None:
    done = await answer(client, "what is the capital of France", output_modalities=["audio"])
    assert done["output"][0]["content"] == [{"type": "output_audio", "transcript": PARIS}]
    assert len(client.audio()) == len(PARIS) * 60 * 48


async def test_who_is_told_to_read_aloud_does_not_answer(server: EmulatorServer, client: Peer) -> None:
    engine = "You are a text-to-speech engine, not an assistant."
    spoken = {"output_modalities": ["audio"], "instructions": engine, "tools": [], "tool_choice": "none"}
    question = "what is the capital of France"
    done = await answer(client, question, **spoken)
    assert done["output"][0]["content"][0]["transcript"] == question
    assert (server.record.answers.read_aloud, server.record.answers.done) == (1, 0)
    done = await answer(client, question, **(spoken | {"tools": [TURN_ON], "tool_choice": "auto"}))
    assert done["output"][0]["content"][0]["transcript"] == PARIS, "it has tools: it may answer"


async def test_a_table_may_say_which_instructions_are_for_reading() -> None:
    table = TableAnswers({**TABLE, "read_aloud": "/^Say it/"})
    async with (
        EmulatorServer(ServerOptions(), sink_engines(answers=table)) as server,
        peer(server.url) as client,
    ):
        for instructions, words in (
            ("Say it.", "lights please"),
            ("Read aloud.", "I have no answer to that."),
        ):
            done = await answer(client, words, output_modalities=["audio"], instructions=instructions)
            assert done["output"][0]["content"][0]["transcript"] in (words, "I cannot do that.")


async def test_calls_of_the_conversation_are_answered_with_their_result(client: Peer) -> None:
    context = {"type": "function", "name": "GetLiveContext"}
    call = {"type": "function_call", "call_id": "call_1", "name": "GetLiveContext", "arguments": "{}"}
    result = {"type": "function_call_output", "call_id": "call_1", "output": "21 degrees"}
    await client.send("session.update", session={"type": "realtime", "tools": [context]})
    await client.send("conversation.item.create", item=said("how warm is it"))
    await client.send("conversation.item.create", item=call)
    await client.send("conversation.item.create", item=result)
    await client.send("response.create", response={"output_modalities": ["text"]})
    done = (await client.until("response.done"))["response"]
    assert done["output"][0]["content"][0]["text"] == "It is 21 degrees."
    done = await answer(client, "", input=[said("how warm is it"), call, result])
    assert done["output"][0]["content"][0]["text"] == "It is 21 degrees."


@pytest.mark.parametrize(
    ("item", "code"),
    [
        ({"type": "function_call_output", "call_id": "call_9", "output": "1"}, "invalid_tool_call_id"),
        ({"type": "function_call", "call_id": "call 9", "name": "f", "arguments": "{}"}, "invalid_value"),
        ({"type": "item_reference", "id": "item_9"}, "invalid_value"),
    ],
)
async def test_calls_and_items_that_are_not_there_are_refused(
    client: Peer, item: dict[str, Any], code: str
) -> None:
    await ask(client, "", input=[said("hello"), item])
    error = (await client.until("error"))["error"]
    assert error["code"] == code
    assert error["param"].startswith("response.input[1].")
    if item["type"] != "item_reference":
        await client.send("conversation.item.create", item=item)
        error = (await client.until("error"))["error"]
        assert (error["code"], error["param"]) == (code, "item.call_id")


async def test_a_result_alone_is_refused_though_the_session_holds_its_call(client: Peer) -> None:
    call = {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"}
    await client.send("conversation.item.create", item=call)
    await ask(client, "", input=[{"type": "function_call_output", "call_id": "call_1", "output": "1"}])
    assert (await client.until("error"))["error"]["code"] == "invalid_tool_call_id"


async def test_a_function_that_is_forced_by_name_fails_out_of_band(client: Peer) -> None:
    forced = {"type": "function", "name": "HassTurnOff"}
    done = await answer(client, "lights please", tools=[TURN_OFF], tool_choice=forced)
    assert done["status"] == "failed"
    assert done["status_details"]["error"]["type"] == "server_error"
    assert done["status_details"]["error"]["code"] is None
    await ask(client, "lights please", tools=[TURN_ON], tool_choice=forced)
    error = (await client.until("error"))["error"]
    assert (error["code"], error["param"]) == ("invalid_value", "response.tool_choice")


async def test_several_run_at_once_and_are_cancelled_by_their_ids(
    server: EmulatorServer, client: Peer
) -> None:
    server.faults = Faults(first_token_ms=600_000)
    ids = []
    for name in "ab":
        await ask(client, "tell me a story", metadata={"turn": name})
        ids.append((await client.until("response.created"))["response"]["id"])
    assert server.record.answers.open == 2
    await client.send("response.cancel", response_id=ids[1])
    done = (await client.until("response.done"))["response"]
    assert (done["metadata"], done["status"], done["output"]) == ({"turn": "b"}, "cancelled", [])
    assert (server.record.answers.open, server.record.answers.cancelled) == (1, 1)
    assert 0 < server.record.answers.last_cancel <= time.monotonic()
    await client.send("response.cancel", response_id=ids[0])
    assert (await client.until("response.done"))["response"]["metadata"] == {"turn": "a"}
    assert server.record.answers.open == 0


async def test_an_answer_whose_session_ends_is_lost(server: EmulatorServer) -> None:
    server.faults = Faults(first_token_ms=600_000)
    async with peer(server.url) as client:
        await ask(client, "tell me a story")
        await client.until("response.created")
    await eventually(lambda: server.record.answers.lost == 1)
    assert server.record.answers.open == 0


async def test_a_cancelled_call_has_cut_arguments_and_closes_everything(
    server: EmulatorServer, client: Peer
) -> None:
    server.faults = Faults(tokens_per_second=10)
    await ask(client, "cook and sleep", tools=[TURN_ON, TURN_OFF])
    await client.until("response.function_call_arguments.delta")
    await client.send("response.cancel", response_id=client.seen[1]["response"]["id"])
    done = (await client.until("response.done"))["response"]
    message, call = done["output"]
    assert (message["status"], call["status"], done["status"]) == ("completed", "incomplete", "cancelled")
    with pytest.raises(json.JSONDecodeError):
        json.loads(call["arguments"])
    added = [e["item"]["id"] for e in client.seen if e["type"] == "response.output_item.added"]
    ended = [e["item"]["id"] for e in client.seen if e["type"] == "response.output_item.done"]
    assert added == ended == [message["id"], call["id"]]


async def test_the_first_token_is_late_and_the_others_come_at_their_pace(
    server: EmulatorServer, client: Peer
) -> None:
    server.faults = Faults(first_token_ms=200, tokens_per_second=20)
    asked = time.monotonic()
    await ask(client, "what is the capital of France")
    await client.until("response.output_text.delta")
    first = time.monotonic() - asked
    await client.until("response.done")
    assert first >= 0.2
    assert time.monotonic() - asked - first >= 0.05  # two tokens before the last word


@pytest.mark.parametrize(
    ("faults", "status"),
    [
        (Faults(failed_response=Failure()), "failed"),
        (Faults(empty_response=Fault()), "completed"),
        (Faults(shortened_response=Shortened(reason="content_filter", after_ms=300)), "incomplete"),
    ],
)
async def test_faults_end_an_answer(
    server: EmulatorServer, client: Peer, faults: Faults, status: str
) -> None:
    server.faults = faults
    done = await answer(client, "tell me a story")
    assert done["status"] == status
    texts = [item["content"][0]["text"] for item in done["output"]]
    assert texts == (["Once there"] if status == "incomplete" else [])


async def test_the_socket_is_cut_in_an_answer(server: EmulatorServer, client: Peer) -> None:
    server.faults = Faults(closed_response=Disconnect(after_ms=300))
    await ask(client, "tell me a story")
    with pytest.raises(ConnectionClosed):
        await client.until("response.output_text.done")
    told = "".join(e["delta"] for e in client.seen if e["type"] == "response.output_text.delta")
    assert told == "Once there"


async def test_an_answer_stalls_and_others_do_not(server: EmulatorServer, client: Peer) -> None:
    server.faults = Faults(silent_audio=Stall(after_ms=300, times=1))
    await ask(client, "tell me a story")
    await client.until("response.output_text.delta")
    await answer(client, "what is the capital of France")
    told = [event["text"] for event in client.seen if event["type"] == "response.output_text.done"]
    assert told == [PARIS]
    assert server.record.answers.open == 1


async def test_an_answer_breaks_with_an_error_or_has_no_end(server: EmulatorServer, client: Peer) -> None:
    server.faults = Faults(error_in_response=Failure())
    await ask(client, "tell me a story")
    assert (await client.until("error"))["error"]["type"] == "server_error"
    server.faults = Faults(missing_response_done=Fault(times=1))
    await ask(client, "what is the capital of France")
    await client.until("response.output_item.done")
    await answer(client, "lights please", metadata={"turn": "2"})
    assert [e["response"]["metadata"] for e in client.seen if e["type"] == "response.done"] == [{"turn": "2"}]


async def test_what_is_alike_at_the_beginning_is_cached(client: Peer) -> None:
    rules = {"instructions": "rule " * 1000, "tools": [TURN_ON]}
    details = (await answer(client, "lights please", **rules))["usage"]["input_token_details"]
    assert details["cached_tokens"] == 0
    details = (await answer(client, "tell me a story", **rules))["usage"]["input_token_details"]
    kept = details["cached_tokens_details"]
    assert kept["text_tokens"] == details["cached_tokens"] == details["text_tokens"] - 4
    changed = {**rules, "tools": [TURN_ON, TURN_OFF]}
    details = (await answer(client, "lights please", **changed))["usage"]["input_token_details"]
    assert details["cached_tokens"] == 0


async def test_output_beyond_the_limit_is_incomplete(client: Peer) -> None:
    done = await answer(client, "cook and sleep", tools=[TURN_ON, TURN_OFF], max_output_tokens=5)
    assert done["status_details"] == {"type": "incomplete", "reason": "max_output_tokens"}
    assert done["output"][-1]["type"] == "function_call"
    assert done["usage"]["output_tokens"] <= 5
