"""The state machine of a written answer."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from tests.support.voice_live_judge import client_complaints
from wyoming_azure_realtime import errors
from wyoming_azure_realtime.realtime import client_events as client
from wyoming_azure_realtime.realtime import server_events as server
from wyoming_azure_realtime.realtime.answer_turn import (
    LONGEST_ANSWER,
    AnswerText,
    AnswerTurn,
    ModelAnswer,
    ModelRequest,
    ToolCall,
)
from wyoming_azure_realtime.realtime.codec import decode_server, encode_client
from wyoming_azure_realtime.realtime.dialects import Dialect, for_api_version, for_voice_live
from wyoming_azure_realtime.realtime.shapes import ContentPart, ErrorDetail, Item, Response, StatusDetails
from wyoming_azure_realtime.realtime.turn import ToSend

TOOL = {"type": "function", "name": "HassTurnOn", "description": "", "parameters": {"type": "object"}}
ASKED = Item(type="message", role="user", content=[ContentPart(type="input_text", text="lights please")])
SAID = Item(type="message", role="assistant", content=[ContentPart(type="output_text", text="Yes.")])
REQUEST = ModelRequest("You are a home.", (SAID, ASKED), (TOOL,), 300)
CALL = ToolCall("HassTurnOn", '{"say":"On.","area":"here"}')
PLACE: dict[str, Any] = {"response_id": "r1", "item_id": "i1"}


def begun(request: ModelRequest = REQUEST) -> AnswerTurn:
    turn = AnswerTurn("t", request)
    turn.begin()
    turn.receive(server.ResponseCreated(response=Response(id="r1", metadata={"turn": "t"})))
    return turn


def ended(turn: AnswerTurn, status: str = "completed", **more: Any) -> Sequence[Any]:
    return turn.receive(server.ResponseDone(response=Response(id="r1", status=status, **more)))


def item(call: ToolCall = CALL, **more: Any) -> dict[str, Any]:
    return {"id": "i1", "type": "function_call", "name": call.name, "arguments": call.arguments, **more}


def test_the_request_stands_beside_the_conversation_and_asks_for_text() -> None:
    [event] = AnswerTurn("t", REQUEST).begin()
    assert isinstance(event, client.ResponseCreate)
    [frame] = encode_client(event, for_api_version(""))
    response = json.loads(frame)["response"]
    assert response == {
        "conversation": "none",
        "metadata": {"turn": "t"},
        "output_modalities": ["text"],
        "instructions": "You are a home.",
        "tools": [TOOL],
        "tool_choice": "auto",
        "input": [
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Yes."}]},
            {
                "type": "message",
                "role": "user",
                "content": [{"type": "input_text", "text": "lights please"}],
            },
        ],
        "max_output_tokens": 300,
    }


@pytest.mark.parametrize(
    ("dialect", "expected"),
    [
        (
            for_api_version("2025-04-01-preview"),
            {"modalities": ["text"], "conversation": "none", "max_response_output_tokens": 300},
        ),
        (for_voice_live(""), {"modalities": ["text"], "commit": False, "max_output_tokens": 300}),
    ],
)
def test_the_request_is_translated(dialect: Dialect, expected: dict[str, Any]) -> None:
    [event] = AnswerTurn("t", REQUEST).begin()
    [frame] = encode_client(event, dialect)
    response = json.loads(frame)["response"]
    if dialect.name == "voice_live":
        # the package leaves the schemas of tools untyped
        assert [one for one in client_complaints(frame) if "tools[0].parameters" not in one] == []
    assert response.items() >= expected.items()
    assert response["tools"] == [TOOL]
    items = response.get("input") or response["input_items"]
    assert [part["type"] for one in items for part in one["content"]] == ["text", "input_text"]


def test_a_model_is_told_how_much_to_think_only_if_that_is_asked_for() -> None:
    [event] = AnswerTurn("t", ModelRequest("", (ASKED,), effort="low")).begin()
    response = json.loads(encode_client(event, for_api_version(""))[0])["response"]
    assert response["reasoning"] == {"effort": "low"}
    assert response["tools"] == []
    assert response["tool_choice"] == "none"


def test_words_come_as_they_are_written_and_whole_at_the_end() -> None:
    turn = begun()
    assert turn.receive(server.TextDelta(delta="It is ", **PLACE)) == [AnswerText("It is ")]
    assert turn.receive(server.TextDelta(delta="Paris.", **PLACE)) == [AnswerText("Paris.")]
    assert turn.receive(server.TextDone(text="It is Paris.", **PLACE)) == []
    assert ended(turn, usage={"total_tokens": 3}) == [ModelAnswer("It is Paris.")]
    assert turn.settled
    assert turn.usages == [{"total_tokens": 3}]


def test_a_call_counts_once_however_often_it_is_told() -> None:
    turn = begun()
    turn.receive(server.OutputItemAdded(response_id="r1", item=item(ToolCall("HassTurnOn", ""))))
    delta = server.FunctionCallArgumentsDelta(call_id="c", delta='{"s', **PLACE)
    assert turn.receive(delta) == [AnswerText("")]
    turn.receive(server.FunctionCallArgumentsDone(call_id="c", arguments=CALL.arguments, **PLACE))
    turn.receive(server.OutputItemDone(response_id="r1", item=item(status="completed")))
    assert ended(turn, output=[item(id=None)]) == [ModelAnswer("", (CALL,))]


def test_calls_are_told_by_the_preview_too() -> None:
    dialect = for_api_version("2025-04-01-preview")
    turn = begun()
    frames = [
        {"type": "response.output_item.added", "response_id": "r1", "output_index": 0, "item": item()},
        {
            "type": "response.function_call_arguments.done",
            "response_id": "r1",
            "item_id": "i1",
            "call_id": "c",
            "arguments": CALL.arguments,
        },
        {"type": "response.text.delta", "response_id": "r1", "item_id": "i2", "delta": "Well"},
        {"type": "response.done", "response": {"id": "r1", "status": "completed", "output": [item()]}},
    ]
    outcomes = [turn.receive(decode_server(json.dumps(frame).encode(), dialect)) for frame in frames]
    assert outcomes == [[], [], [AnswerText("Well")], [ModelAnswer("Well", (CALL,))]]


def test_several_calls_keep_their_order() -> None:
    calls = [ToolCall("HassTurnOn", str(number)) for number in range(3)]
    turn = begun()
    outcome = ended(turn, output=[item(call, id=f"i{at}") for at, call in enumerate(calls)])
    assert outcome == [ModelAnswer("", tuple(calls))]


def test_only_the_end_may_tell() -> None:
    message = {"type": "message", "content": [{"type": "output_text", "text": "Paris."}]}
    assert ended(begun(), output=[message]) == [ModelAnswer("Paris.")]


def test_a_service_that_speaks_all_the_same_is_read() -> None:
    turn = begun()
    turn.receive(server.AudioDelta(delta=b"\0\0", **PLACE))
    assert turn.receive(server.AudioTranscriptDelta(delta="Paris.", **PLACE)) == [AnswerText("Paris.")]
    assert ended(turn) == [ModelAnswer("Paris.")]


def test_no_answer_at_all_is_a_failure_that_another_attempt_may_heal() -> None:
    with pytest.raises(errors.ResponseFailed) as failure:
        ended(begun())
    assert failure.value.retryable


def test_a_text_that_met_its_limit_is_told_as_such_and_a_call_is_not() -> None:
    cut = StatusDetails(type="incomplete", reason="max_output_tokens")
    turn = begun()
    turn.receive(server.TextDelta(delta="Once there was", **PLACE))
    assert ended(turn, "incomplete", status_details=cut) == [ModelAnswer("Once there was", cut=True)]
    turn = begun()
    turn.receive(server.TextDelta(delta="Well", **PLACE))
    turn.receive(server.OutputItemAdded(response_id="r1", item=item()))
    with pytest.raises(errors.ResponseFailed):
        ended(turn, "incomplete", status_details=cut)


@pytest.mark.parametrize("status", ["cancelled", "failed"])
def test_calls_of_a_response_that_did_not_end_well_do_not_count(status: str) -> None:
    turn = begun()
    turn.receive(server.FunctionCallArgumentsDone(call_id="c", arguments="{}", name="HassTurnOn", **PLACE))
    with pytest.raises(errors.ResponseFailed):
        ended(turn, status, output=[item()])
    assert turn.settled


def test_a_filter_that_refuses_is_final() -> None:
    with pytest.raises(errors.ContentRefused):
        ended(begun(), "incomplete", status_details=StatusDetails(reason="content_filter"))


def test_what_belongs_to_another_response_is_not_read() -> None:
    turn = begun()
    other = {**PLACE, "response_id": "r2"}
    assert turn.receive(server.TextDelta(delta="wrong", **other)) == []
    turn.receive(server.OutputItemDone(response_id="r2", item=item(status="completed")))
    assert turn.receive(server.ResponseDone(response=Response(id="r2", status="completed"))) == []
    turn.receive(server.TextDelta(delta="right", **PLACE))
    assert ended(turn) == [ModelAnswer("right")]


def test_a_service_that_does_not_stop_is_stopped() -> None:
    turn = begun()
    turn.receive(server.TextDelta(delta="x" * LONGEST_ANSWER, **PLACE))
    with pytest.raises(errors.ContentMismatch):
        turn.receive(server.TextDelta(delta="x", **PLACE))
    arguments = "x" * (LONGEST_ANSWER + 1)
    with pytest.raises(errors.ContentMismatch):
        begun().receive(server.FunctionCallArgumentsDone(call_id="c", arguments=arguments, **PLACE))


def test_it_is_cancelled_by_its_id_as_soon_as_that_is_known() -> None:
    turn = AnswerTurn("t", REQUEST)
    turn.begin()
    assert turn.cancel() == []
    created = server.ResponseCreated(response=Response(id="r1", metadata={"turn": "t"}))
    [outcome] = turn.receive(created)
    assert isinstance(outcome, ToSend)
    assert isinstance(outcome.event, client.ResponseCancel)
    assert outcome.event.response_id == "r1"
    [cancel] = begun().cancel()
    assert isinstance(cancel, client.ResponseCancel)


def test_an_error_about_it_ends_it() -> None:
    with pytest.raises(errors.ProtocolViolation):
        begun().receive(
            server.Error(error=ErrorDetail(code="invalid_value", message="no", event_id="t-create"))
        )


def test_what_people_say_is_in_no_repr() -> None:
    assert "Paris" not in repr(ModelAnswer("Paris", (ToolCall("a", "Paris"),))) + repr(AnswerText("Paris"))
    assert "lights" not in repr(REQUEST)
