import base64
import contextlib
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.realtime_samples import CLIENT_EVENTS, SERVER_EVENTS, JsonObject, name_of
from tests.support.wire_transcript import filled, read
from wyoming_azure_realtime.errors import ProtocolViolation
from wyoming_azure_realtime.realtime import client_events as send
from wyoming_azure_realtime.realtime import server_events as got
from wyoming_azure_realtime.realtime.codec import decode_server, encode_client
from wyoming_azure_realtime.realtime.dialects import Dialect, GaDialect, PreviewDialect
from wyoming_azure_realtime.realtime.shapes import Audio, AudioOutput, ErrorDetail, Session

GA = GaDialect()
PREVIEW = PreviewDialect()
BOTH = pytest.mark.parametrize("dialect", [GA, PREVIEW], ids=["ga", "preview"])

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)

REAL_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=[]), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every path in a JSON tree."""
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(place for key, value in inner for place in places(value, (*path, key)))]


def replaced(node: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copy = node.copy()
    copy[path[0]] = replaced(node[path[0]], path[1:], value)
    return copy


@st.composite
def damaged_events(draw: st.DrawFn) -> Any:
    """A real event of either dialect in which one thing, however deep, is something else."""
    event: Any = draw(st.sampled_from([*SERVER_EVENTS, *map(PREVIEW.server_to_wire, SERVER_EVENTS)]))
    path = draw(st.sampled_from(places(event)))
    return replaced(event, path, draw(ANY_JSON))


def assert_legal(frame: str | bytes, dialect: Dialect) -> None:
    """The only legal outcomes: an event, an unknown event, `ProtocolViolation`."""
    with contextlib.suppress(ProtocolViolation):
        assert isinstance(decode_server(frame, dialect), got.ServerEvent | got.UnknownEvent)


@BOTH
@given(frame=st.binary(max_size=200) | st.text(max_size=200))
@example(frame="\ud800")
@example(frame='{"type":"\ud800"}')
@example(frame=b"\xff\xfe")
@example(frame=b'{"type":"error\xff"}')
@example(frame=b"")
@example(frame=b"null")
@example(frame=b"{}")
@example(frame=b'{"type":null}')
@example(frame=b'{"type":["error"]}')
@example(frame=b'{"type":"error","type":"session.created"}')
@example(frame=b'{"type":"session.created","session":' + b"9" * 5000 + b"}")
@settings(max_examples=60)
def test_arbitrary_bytes_are_an_event_or_a_protocol_violation(frame: str | bytes, dialect: Dialect) -> None:
    assert_legal(frame, dialect)


@BOTH
@given(event=damaged_events() | ANY_JSON)
@settings(max_examples=400)
def test_damaged_events_are_an_event_or_a_protocol_violation(event: Any, dialect: Dialect) -> None:
    assert_legal(json.dumps(event), dialect)


@BOTH
@pytest.mark.parametrize("field", ["session", "response", "item", "error", "part", "delta", "ignored"])
@pytest.mark.parametrize("opening", [b"[", b'{"a":'], ids=["lists", "objects"])
def test_deep_nesting_is_an_event_or_a_protocol_violation(
    field: str, opening: bytes, dialect: Dialect
) -> None:
    for event in SERVER_EVENTS:
        head = json.dumps({name: value for name, value in event.items() if name != field}).encode()[:-1]
        assert_legal(head + b',"' + field.encode() + b'":' + opening * 100_000, dialect)


@BOTH
@pytest.mark.parametrize("event", SERVER_EVENTS, ids=name_of)
def test_every_event_of_the_reference_decodes(event: JsonObject, dialect: Dialect) -> None:
    wire = dialect.server_to_wire(event)
    if wire is None:
        assert event["type"] == "conversation.item.done"
        return
    decoded = decode_server(json.dumps(wire), dialect)
    assert type(decoded) is got.by_type()[event["type"]]
    assert decoded == decode_server(json.dumps(event), GA)


@BOTH
@pytest.mark.parametrize("event", SERVER_EVENTS, ids=name_of)
def test_both_names_of_renamed_events_are_understood_by_both_dialects(
    event: JsonObject, dialect: Dialect
) -> None:
    old_name: Any = (PREVIEW.server_to_wire(event) or event)["type"]
    for name in (event["type"], old_name):
        decoded = decode_server(json.dumps({**event, "type": name}), dialect)
        assert type(decoded) is got.by_type()[event["type"]]


@BOTH
@pytest.mark.parametrize("kind", ["conversation.created", "mcp_list_tools.failed", "", "response.bogus"])
def test_unknown_types_are_unknown_events_whatever_they_carry(kind: str, dialect: Dialect) -> None:
    frame = json.dumps({"type": kind, "session": 1, "response": [], "item": None})
    assert decode_server(frame, dialect) == got.UnknownEvent(type=kind)


@BOTH
@pytest.mark.parametrize("frame", ['"the secret words"', '{"type":"error","error":"the secret words', "[{}]"])
def test_the_message_of_a_violation_does_not_repeat_the_frame(frame: str, dialect: Dialect) -> None:
    with pytest.raises(ProtocolViolation) as caught:
        decode_server(frame, dialect)
    assert "secret words" not in str(caught.value)


RECORDED = [
    filled(step.json, defaultdict(lambda: "x", {"$int": 5, "$base64": "AAAA"}))
    for path in sorted((Path(__file__).parents[1] / "wire").glob("*/*.txt"))
    for step in read(path)
    if step.keyword in ("<", "<+") and step.json.get("type") in got.by_type()
]
JSON_VALUES = [None, True, 0, -7, 1.5, 2**80, "", "x", "\ud800", [], [None], ["x", {}], {}, {"a": None}]


def assert_only_that_is_lost(event: JsonObject, path: tuple[Any, ...], value: Any) -> None:
    """Whatever is at `path` instead, everything that is not there is read as before."""
    before = msgspec.to_builtins(decode_server(json.dumps(event), GA))
    after = msgspec.to_builtins(decode_server(json.dumps(replaced(event, path, value)), GA))
    for place in places(before):
        shared = min(len(place), len(path))
        if place[:shared] != path[:shared]:
            found = after
            for key in place:
                found = found[key]
            here = before
            for key in place:
                here = here[key]
            assert found == here, (event["type"], path, value, place)


@pytest.mark.parametrize("event", [*SERVER_EVENTS, *RECORDED], ids=name_of)
def test_a_field_that_cannot_be_read_costs_that_field_only(event: JsonObject) -> None:
    for path in places(event):
        if path not in ((), ("type",)):
            for value in JSON_VALUES:
                assert_only_that_is_lost(event, path, value)


@given(data=st.data())
@settings(max_examples=300)
def test_any_value_costs_that_field_only(data: st.DataObject) -> None:
    event: Any = data.draw(st.sampled_from(SERVER_EVENTS))
    path = data.draw(st.sampled_from([path for path in places(event) if path not in ((), ("type",))]))
    assert_only_that_is_lost(event, path, data.draw(REAL_JSON))


@given(data=st.data())
@settings(max_examples=300)
def test_in_the_preview_it_costs_no_other_field_either(data: st.DataObject) -> None:
    event: Any = data.draw(st.sampled_from([*filter(None, map(PREVIEW.server_to_wire, SERVER_EVENTS))]))
    field = data.draw(st.sampled_from([name for name in event if name != "type"]))
    path = data.draw(st.sampled_from([path for path in places(event) if path[:1] == (field,)]))
    before = decode_server(json.dumps(event), PREVIEW)
    after = decode_server(json.dumps(replaced(event, path, data.draw(REAL_JSON))), PREVIEW)
    assert type(before) is type(after)
    for name in before.__struct_fields__:
        if name != field:
            assert getattr(before, name) == getattr(after, name)


@BOTH
def test_what_could_not_be_read_is_told_and_numbers_are_their_texts(dialect: Dialect) -> None:
    lost: list[str] = []
    frame = {
        "type": "error",
        "error": {"code": 429, "message": "Slow down.", "param": {"a": 1}, "type": None},
    }
    event = decode_server(json.dumps(frame), dialect, lost)
    assert event == got.Error(error=ErrorDetail(code="429", message="Slow down."))
    assert lost == ["error.error.param"]


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "error", "error": "No model."},
        {"type": "error", "message": "No model."},
        {"type": "error", "error": None, "message": "No model.", "event_id": "event_1"},
    ],
)
def test_the_words_of_an_error_are_found_wherever_a_service_writes_them(frame: JsonObject) -> None:
    event = decode_server(json.dumps(frame), GA)
    assert isinstance(event, got.Error)
    assert event.error == ErrorDetail(message="No model.")


def test_what_json_can_say_and_nothing_can_hold_costs_no_event() -> None:
    frame = (
        b'{"type":"response.output_audio_transcript.done","response_id":"r1","item_id":"i","output_index":0,'
        b'"content_index":0,"transcript":"half \\ud83d, whole \\ud83d\\ude00, \\\\ud83d",'
        b'"big":[1e999, -2.5E+400]}'
    )
    event = decode_server(frame, GA)
    assert isinstance(event, got.AudioTranscriptDone)
    assert event.transcript == "half \ufffd, whole \U0001f600, \\ud83d"


@BOTH
@given(pcm=st.binary(max_size=200))
def test_audio_travels_as_standard_base64_both_ways(pcm: bytes, dialect: Dialect) -> None:
    coded = base64.b64encode(pcm).decode()
    (frame,) = encode_client(send.InputAudioBufferAppend(audio=pcm), dialect)
    assert json.loads(frame) == {"type": "input_audio_buffer.append", "audio": coded}
    delta = next(event for event in SERVER_EVENTS if event["type"] == "response.output_audio.delta")
    wire = dialect.server_to_wire({**delta, "delta": coded})
    event = decode_server(json.dumps(wire), dialect)
    assert isinstance(event, got.AudioDelta)
    assert event.delta == pcm


@pytest.mark.parametrize("delta", ["A", "AB", "A===", "!!!!", "AA=A", "AA\n==", "AAE-", {}, 5])
def test_bad_base64_is_no_audio_and_is_told(delta: Any) -> None:
    event = next(event for event in SERVER_EVENTS if event["type"] == "response.output_audio.delta")
    lost: list[str] = []
    decoded = decode_server(json.dumps({**event, "delta": delta}), GA, lost)
    assert isinstance(decoded, got.AudioDelta)
    assert (decoded.delta, decoded.response_id) == (b"", "resp_1")
    assert lost == ["response.output_audio.delta.delta"]


@pytest.mark.parametrize("event", CLIENT_EVENTS, ids=name_of)
def test_client_events_are_encoded_in_the_shape_of_the_reference(event: JsonObject) -> None:
    decoded = msgspec.convert(event, send.AnyClientEvent)
    (frame,) = encode_client(decoded, GA)
    assert json.loads(frame) == event


def test_absent_fields_stay_absent_and_null_stays_null() -> None:
    session = Session(audio=Audio(output=AudioOutput(voice="sage")), tracing=None)
    (frame,) = encode_client(send.SessionUpdate(session=session), GA)
    assert json.loads(frame) == {
        "type": "session.update",
        "session": {"audio": {"output": {"voice": "sage"}}, "tracing": None},
    }
