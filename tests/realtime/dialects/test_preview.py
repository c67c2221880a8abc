import contextlib
import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.realtime_samples import (
    ASSISTANT_ITEM,
    CLIENT_EVENTS,
    PCM_24K,
    REALTIME_SESSION,
    SERVER_EVENTS,
    TRANSCRIPTION_SESSION,
    JsonObject,
    name_of,
    server_event,
)
from wyoming_azure_realtime.realtime.dialects.base import InvalidParameter, UnknownParameter
from wyoming_azure_realtime.realtime.dialects.preview import PreviewDialect

PREVIEW = PreviewDialect()
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)

# The vendor's own names (event reference, renamed events).
RENAMED = {
    "response.output_audio.delta": "response.audio.delta",
    "response.output_audio.done": "response.audio.done",
    "response.output_audio_transcript.delta": "response.audio_transcript.delta",
    "response.output_audio_transcript.done": "response.audio_transcript.done",
    "response.output_text.delta": "response.text.delta",
    "response.output_text.done": "response.text.done",
    "conversation.item.added": "conversation.item.created",
}


@pytest.mark.parametrize("event", SERVER_EVENTS, ids=name_of)
def test_server_events_survive_the_way_there_and_back(event: JsonObject) -> None:
    original = copy.deepcopy(event)
    wire = PREVIEW.server_to_wire(event)
    assert event == original, "translation must not change its input"
    if event["type"] == "conversation.item.done":
        assert wire is None
        return
    assert wire is not None
    assert wire["type"] == _old_name(event)
    assert PREVIEW.server_from_wire(wire) == event


@pytest.mark.parametrize("event", CLIENT_EVENTS, ids=name_of)
def test_client_events_survive_the_way_there_and_back(event: JsonObject) -> None:
    original = copy.deepcopy(event)
    wire: Any = PREVIEW.client_to_wire(event)
    assert wire is not None
    assert event == original, "translation must not change its input"
    assert PREVIEW.client_from_wire(wire) == event


@pytest.mark.parametrize("event", [*SERVER_EVENTS, *CLIENT_EVENTS], ids=name_of)
def test_events_said_to_be_alike_are_alike(event: JsonObject) -> None:
    if event["type"] not in PREVIEW.translated:
        assert PREVIEW.client_to_wire(event) == event
        assert PREVIEW.server_to_wire(event) == event
        assert PREVIEW.client_from_wire(event) == event
        assert PREVIEW.server_from_wire(event) == event


@pytest.mark.parametrize("event", SERVER_EVENTS, ids=name_of)
def test_nothing_of_ga_is_left_on_the_wire(event: JsonObject) -> None:
    wire = json.dumps(PREVIEW.server_to_wire(event))
    for ga_only in (
        "audio/pcm",
        "output_modalities",
        '"output_text"',
        '"output_audio"',
        '"max_output_tokens"',
    ):
        assert ga_only not in wire


def test_a_conversation_session_is_flat() -> None:
    wire: Any = PREVIEW.client_to_wire({"type": "session.update", "session": REALTIME_SESSION})
    assert wire is not None
    assert wire["session"] == {
        "id": "sess_1",
        "object": "realtime.session",
        "model": "gpt-realtime",
        "expires_at": 1_900_000_000,
        "modalities": ["text", "audio"],
        "instructions": "Be brief.",
        "voice": "alloy",
        "speed": 1.0,
        "input_audio_format": "pcm16",
        "output_audio_format": "pcm16",
        "input_audio_transcription": {"model": "whisper-1", "language": "en"},
        "input_audio_noise_reduction": {"type": "far_field"},
        "turn_detection": REALTIME_SESSION["audio"]["input"]["turn_detection"],
        "tools": [],
        "tool_choice": "auto",
        "max_response_output_tokens": "inf",
        "tracing": None,
    }


def test_a_transcription_session_has_events_of_its_own() -> None:
    wire: Any = PREVIEW.client_to_wire({"type": "session.update", "session": TRANSCRIPTION_SESSION})
    assert wire is not None
    assert wire["type"] == "transcription_session.update"
    assert wire["session"] == {
        "id": "sess_2",
        "object": "realtime.transcription_session",
        "expires_at": 1_900_000_000,
        "input_audio_format": "pcm16",
        "input_audio_transcription": {"model": "whisper-1", "language": "en", "prompt": "lights"},
        "input_audio_noise_reduction": None,
        "turn_detection": None,
        "include": ["item.input_audio_transcription.logprobs"],
    }


def test_null_stays_null_and_absent_stays_absent() -> None:
    session = {"type": "realtime", "audio": {"input": {"turn_detection": None}}}
    wire: Any = PREVIEW.client_to_wire({"type": "session.update", "session": session})
    assert wire == {"type": "session.update", "session": {"turn_detection": None}}


@pytest.mark.parametrize(
    ("ga", "preview"),
    [(PCM_24K, "pcm16"), ({"type": "audio/pcmu"}, "g711_ulaw"), ({"type": "audio/pcma"}, "g711_alaw")],
)
def test_formats_have_old_names(ga: JsonObject, preview: str) -> None:
    session = {"type": "realtime", "audio": {"output": {"format": ga}}}
    wire: Any = PREVIEW.client_to_wire({"type": "session.update", "session": session})
    assert wire == {"type": "session.update", "session": {"output_audio_format": preview}}
    assert PREVIEW.client_from_wire(wire) == {"type": "session.update", "session": session}


def test_hints_that_came_with_later_models_are_not_sent_and_not_accepted() -> None:
    older = {"model": "d", "language": "de", "prompt": "Luna."}
    newer = {"languages": ["de"], "keywords": ["Luna"], "delay": "low"}
    session = {"type": "transcription", "audio": {"input": {"transcription": {**older, **newer}}}}
    wire: Any = PREVIEW.client_to_wire({"type": "session.update", "session": session})
    assert wire is not None
    assert wire["session"] == {"input_audio_transcription": older}
    for name, value in newer.items():
        with pytest.raises(UnknownParameter, match=rf"session\.input_audio_transcription\.{name}"):
            PREVIEW.client_from_wire(
                {**wire, "session": {"input_audio_transcription": {**older, name: value}}}
            )


@pytest.mark.parametrize(
    ("preview", "ga"),
    [(["text", "audio"], ["audio"]), (["audio", "text"], ["audio"]), (["text"], ["text"])],
)
def test_modalities_with_audio_are_audio_alone(preview: list[str], ga: list[str]) -> None:
    event = {"type": "session.update", "session": {"modalities": preview}}
    translated = PREVIEW.client_from_wire(event)
    assert translated is not None
    assert translated["session"]["output_modalities"] == ga


def test_assistant_parts_have_old_names_wherever_items_appear() -> None:
    for event in (
        server_event("conversation.item.added", item=ASSISTANT_ITEM),
        server_event("conversation.item.retrieved", item=ASSISTANT_ITEM),
        server_event("response.output_item.done"),
        {"type": "response.done", "response": {"id": "r", "output": [ASSISTANT_ITEM]}},
    ):
        wire = PREVIEW.server_to_wire(event)
        assert wire is not None
        item = wire["item"] if "item" in wire else wire["response"]["output"][0]
        assert [part["type"] for part in item["content"]] == ["audio", "text"]
        assert PREVIEW.server_from_wire(wire) == event


@pytest.mark.parametrize(
    ("event_type", "field", "path"),
    [
        ("session.update", "type", "session.type"),
        ("session.update", "audio", "session.audio"),
        ("session.update", "output_modalities", "session.output_modalities"),
        ("session.update", "max_output_tokens", "session.max_output_tokens"),
        ("session.update", "truncation", "session.truncation"),
        ("session.update", "include", "session.include"),
        ("session.update", "bogus", "session.bogus"),
        ("transcription_session.update", "type", "session.type"),
        ("transcription_session.update", "voice", "session.voice"),
        ("transcription_session.update", "modalities", "session.modalities"),
        ("transcription_session.update", "instructions", "session.instructions"),
        ("transcription_session.update", "temperature", "session.temperature"),
        ("response.create", "audio", "response.audio"),
        ("response.create", "output_modalities", "response.output_modalities"),
        ("response.create", "reasoning", "response.reasoning"),
        ("response.create", "speed", "response.speed"),
    ],
)
def test_fields_of_the_other_dialect_are_named_and_refused(event_type: str, field: str, path: str) -> None:
    event = {"type": event_type, path.split(".", maxsplit=1)[0]: {field: "x"}}
    with pytest.raises(UnknownParameter) as caught:
        PREVIEW.client_from_wire(event)
    assert caught.value.path == path
    assert str(caught.value) == f"Unknown parameter: '{path}'."


@pytest.mark.parametrize("event_type", ["session.update", "response.create"])
def test_temperature_is_legal_here_and_dropped(event_type: str) -> None:
    field = event_type.split(".", maxsplit=1)[0]
    translated = PREVIEW.client_from_wire({"type": event_type, field: {"temperature": 0.8, "voice": "alloy"}})
    assert translated is not None
    assert "temperature" not in json.dumps(translated)
    assert translated[field]["audio"]["output"]["voice"] == "alloy"


def test_fields_that_the_service_adds_to_its_reports_are_ignored() -> None:
    event = {"type": "session.created", "session": {"id": "sess_1", "client_secret": None, "future": [1]}}
    assert PREVIEW.server_from_wire(event) == {
        "type": "session.created",
        "session": {"type": "realtime", "id": "sess_1"},
    }


@given(
    event=st.fixed_dictionaries(
        {"type": st.sampled_from(["session.update", "transcription_session.update", "response.create"])},
        optional={
            "session": ANY_JSON
            | st.dictionaries(
                st.sampled_from(
                    ["modalities", "voice", "input_audio_format", "turn_detection", "temperature"]
                ),
                ANY_JSON,
            ),
            "response": ANY_JSON
            | st.dictionaries(
                st.sampled_from(["modalities", "input", "output_audio_format", "metadata"]), ANY_JSON
            ),
        },
    )
    | st.fixed_dictionaries(
        {
            "type": st.just("conversation.item.create"),
            "item": ANY_JSON
            | st.fixed_dictionaries(
                {"content": st.lists(st.fixed_dictionaries({"type": ANY_JSON}) | ANY_JSON, max_size=2)}
            ),
        }
    )
)
@settings(max_examples=200)
def test_whatever_a_client_sends_is_translated_or_refused(event: JsonObject) -> None:
    with contextlib.suppress(UnknownParameter, InvalidParameter):
        PREVIEW.client_from_wire(event)


@pytest.mark.parametrize(
    ("ga", "preview"),
    [
        ("session.audio.output.voice", "session.voice"),
        ("session.audio.input.turn_detection", "session.turn_detection"),
        ("session.audio.input.turn_detection.threshold", "session.turn_detection.threshold"),
        ("session.audio.input.transcription.model", "session.input_audio_transcription.model"),
        ("session.audio.input.format.rate", "session.input_audio_format.rate"),
        ("session.output_modalities", "session.modalities"),
        ("session.include", "session.include"),
        ("response.audio.output.format", "response.output_audio_format"),
        ("response.max_output_tokens", "response.max_response_output_tokens"),
        ("response.input[0].content[0].text", "response.input[0].content[0].text"),
        ("item.content[0].text", "item.content[0].text"),
        ("audio", "audio"),
        ("", ""),
    ],
)
def test_errors_name_parameters_as_this_dialect_does(ga: str, preview: str) -> None:
    assert PREVIEW.parameter(ga) == preview


def _old_name(event: JsonObject) -> Any:
    if event.get("session", {}).get("type") == "transcription":
        return f"transcription_{event['type']}"
    return RENAMED.get(event["type"], event["type"])
