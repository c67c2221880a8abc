"""Frames into events: strict, and never anything but an event or a refusal."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wyoming_azure_realtime.emulator.wire import MAX_APPEND, Undecodable, decode_client, encode_server
from wyoming_azure_realtime.realtime.client_events import ClientEvent, InputAudioBufferAppend, ResponseCancel
from wyoming_azure_realtime.realtime.dialects import GaDialect, PreviewDialect
from wyoming_azure_realtime.realtime.server_events import AudioDelta, ItemDone

GA = GaDialect()
PREVIEW = PreviewDialect()
DIALECTS = st.sampled_from([GA, PREVIEW])

TYPES = [
    "session.update",
    "transcription_session.update",
    "input_audio_buffer.append",
    "input_audio_buffer.commit",
    "conversation.item.create",
    "conversation.item.truncate",
    "response.create",
    "response.cancel",
]
KEYS = [
    "type",
    "event_id",
    "session",
    "audio",
    "input",
    "output",
    "item",
    "content",
    "response",
    "format",
    "rate",
]
KEYS += ["voice", "turn_detection", "transcription", "role", "text", "modalities", "metadata", "tools", "id"]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.just("AAAA"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)
EVENTS = st.builds(
    lambda kind, fields: {**fields, "type": kind},
    st.sampled_from(TYPES),
    st.dictionaries(st.sampled_from(KEYS), JSON, max_size=4),
)


def refusal(frame: str | bytes, dialect: GaDialect | PreviewDialect = GA) -> Undecodable:
    with pytest.raises(Undecodable) as refused:
        decode_client(frame, dialect)
    return refused.value


def legal(frame: str | bytes, dialect: GaDialect | PreviewDialect) -> None:
    """The only two outcomes there are."""
    try:
        assert isinstance(decode_client(frame, dialect), ClientEvent)
    except Undecodable as refused:
        detail = refused.refusal.event(refused.event_id).error
        assert detail.type == "invalid_request_error"
        assert detail.code
        assert detail.message


@given(st.binary(max_size=200) | st.text(max_size=200), DIALECTS)
def test_any_bytes_are_an_event_or_a_refusal(frame: bytes | str, dialect: GaDialect | PreviewDialect) -> None:
    legal(frame, dialect)


@given(EVENTS | JSON, DIALECTS)
@settings(max_examples=300)
def test_any_json_is_an_event_or_a_refusal(value: object, dialect: GaDialect | PreviewDialect) -> None:
    legal(json.dumps(value), dialect)


@pytest.mark.parametrize(
    "frame", ["[" * 100_000, '{"a":' * 50_000, '{"type":"response.cancel"', b"\xff\xfe", ""]
)
def test_what_is_no_json_is_no_event(frame: str | bytes) -> None:
    assert refusal(frame).refusal.code == "invalid_event"


def test_the_offending_event_is_named_even_if_its_type_is_not_known() -> None:
    assert refusal('{"type":"nonsense","event_id":"e7"}').event_id == "e7"
    assert refusal('{"type":"nonsense","event_id":7}').event_id is None


def test_unknown_fields_are_named_wherever_they_are() -> None:
    frame = (
        '{"type":"response.create","response":{"input":[{"type":"message"},{"type":"message","colour":1}]}}'
    )
    assert refusal(frame).refusal.param == "response.input[1].colour"
    assert refusal('{"type":"response.cancel","colour":1}').refusal.param == "colour"


def test_free_form_objects_may_hold_anything() -> None:
    tool = {"type": "function", "name": "f", "parameters": {"type": "object", "anything": [{"goes": 1}]}}
    decode_client(json.dumps({"type": "session.update", "session": {"tools": [tool]}}), GA)
    decode_client(json.dumps({"type": "response.create", "response": {"metadata": {"my": "own"}}}), GA)


@pytest.mark.parametrize(
    ("field", "code", "param"),
    [
        ({"item_id": 5, "content_index": 0, "audio_end_ms": 0}, "invalid_type", "item_id"),
        ({"item_id": "a", "content_index": 0}, "missing_required_parameter", "audio_end_ms"),
        ({"item_id": "a", "content_index": 0, "audio_end_ms": 1.5}, "invalid_type", "audio_end_ms"),
    ],
)
def test_types_and_required_fields_are_told_with_their_path(
    field: dict[str, Any], code: str, param: str
) -> None:
    refused = refusal(json.dumps({"type": "conversation.item.truncate", **field})).refusal
    assert (refused.code, refused.param) == (code, param)


@pytest.mark.parametrize("audio", ["AAA", "AA=", "A A A A", "AAAA\\n", "!!!!", "AA-_", "AAAA="])
def test_base64_must_be_standard_and_padded(audio: str) -> None:
    refused = refusal(f'{{"type":"input_audio_buffer.append","audio":"{audio}"}}').refusal
    assert (refused.code, refused.param) == ("invalid_value", "audio")


def test_an_append_takes_15_mib_and_not_a_byte_more() -> None:
    quad, padded = "AAAA" * (MAX_APPEND // 3), "AA=="
    event = decode_client(f'{{"type":"input_audio_buffer.append","audio":"{quad}"}}', GA)
    assert isinstance(event, InputAudioBufferAppend)
    assert len(event.audio) == MAX_APPEND
    assert (
        refusal(f'{{"type":"input_audio_buffer.append","audio":"{quad}{padded}"}}').refusal.param == "audio"
    )


def test_a_dialect_sends_only_events_it_has() -> None:
    done = ItemDone(item={"id": "item_1"})
    assert encode_server(done, PREVIEW) is None
    frame = encode_server(done, GA)
    assert frame is not None
    assert json.loads(frame)["type"] == "conversation.item.done"


def test_audio_goes_out_as_base64_under_the_dialects_name() -> None:
    event = AudioDelta(event_id="e", response_id="r", item_id="i", delta=b"\0\1\2")
    names = [json.loads(encode_server(event, dialect) or b"") for dialect in (GA, PREVIEW)]
    assert [one["type"] for one in names] == ["response.output_audio.delta", "response.audio.delta"]
    assert all(one["delta"] == "AAEC" for one in names)


def test_null_is_a_value_where_the_protocol_allows_it() -> None:
    assert decode_client('{"type":"response.cancel","response_id":null}', GA) == ResponseCancel()
