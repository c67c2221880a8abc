"""One event of every type of the realtime protocol, in GA shape, from the vendor's event reference."""

from typing import Any

JsonObject = dict[str, Any]

PCM_24K = {"type": "audio/pcm", "rate": 24000}
WHERE = {"response_id": "resp_1", "item_id": "item_2", "output_index": 0, "content_index": 0}

REALTIME_SESSION: JsonObject = {
    "type": "realtime",
    "id": "sess_1",
    "object": "realtime.session",
    "model": "gpt-realtime",
    "expires_at": 1_900_000_000,
    "output_modalities": ["audio"],
    "instructions": "Be brief.",
    "audio": {
        "input": {
            "format": PCM_24K,
            "transcription": {"model": "whisper-1", "language": "en"},
            "noise_reduction": {"type": "far_field"},
            "turn_detection": {
                "type": "server_vad",
                "threshold": 0.5,
                "prefix_padding_ms": 300,
                "silence_duration_ms": 500,
                "create_response": True,
                "interrupt_response": True,
            },
        },
        "output": {"format": PCM_24K, "voice": "alloy", "speed": 1.0},
    },
    "tools": [],
    "tool_choice": "auto",
    "max_output_tokens": "inf",
    "tracing": None,
}

TRANSCRIPTION_SESSION: JsonObject = {
    "type": "transcription",
    "id": "sess_2",
    "object": "realtime.transcription_session",
    "expires_at": 1_900_000_000,
    "audio": {
        "input": {
            "format": PCM_24K,
            "transcription": {"model": "whisper-1", "language": "en", "prompt": "lights"},
            "noise_reduction": None,
            "turn_detection": None,
        }
    },
    "include": ["item.input_audio_transcription.logprobs"],
}

USER_ITEM: JsonObject = {
    "id": "item_1",
    "object": "realtime.item",
    "type": "message",
    "status": "completed",
    "role": "user",
    "content": [{"type": "input_audio", "transcript": None}],
}
ASSISTANT_ITEM: JsonObject = {
    "id": "item_2",
    "object": "realtime.item",
    "type": "message",
    "status": "completed",
    "role": "assistant",
    "content": [{"type": "output_audio", "transcript": "Hello."}, {"type": "output_text", "text": "Hi."}],
}
FUNCTION_CALL: JsonObject = {"type": "function_call", "call_id": "call_1", "name": "now", "arguments": "{}"}

RESPONSE: JsonObject = {
    "id": "resp_1",
    "object": "realtime.response",
    "status": "completed",
    "status_details": None,
    "output": [ASSISTANT_ITEM],
    "conversation_id": None,
    "output_modalities": ["audio"],
    "max_output_tokens": "inf",
    "audio": {"output": {"format": PCM_24K, "voice": "alloy"}},
    "usage": {"total_tokens": 3, "input_tokens": 1, "output_tokens": 2},
    "metadata": {"turn": "t1"},
}

_SERVER: tuple[JsonObject, ...] = (
    {
        "type": "error",
        "error": {
            "type": "invalid_request_error",
            "code": "invalid_value",
            "message": "Invalid value: 'nova'.",
            "param": "session.audio.output.voice",
            "event_id": "cfg-1",
        },
    },
    {"type": "session.created", "session": REALTIME_SESSION},
    {"type": "session.updated", "session": TRANSCRIPTION_SESSION},
    {"type": "input_audio_buffer.speech_started", "audio_start_ms": 100, "item_id": "item_1"},
    {"type": "input_audio_buffer.speech_stopped", "audio_end_ms": 900, "item_id": "item_1"},
    {"type": "input_audio_buffer.committed", "item_id": "item_1", "previous_item_id": None},
    {"type": "input_audio_buffer.cleared"},
    {
        "type": "input_audio_buffer.timeout_triggered",
        "audio_start_ms": 0,
        "audio_end_ms": 5000,
        "item_id": "item_1",
    },
    {"type": "conversation.item.added", "item": USER_ITEM, "previous_item_id": None},
    {"type": "conversation.item.done", "item": USER_ITEM, "previous_item_id": "item_0"},
    {"type": "conversation.item.retrieved", "item": {**USER_ITEM, "content": [{"type": "input_audio"}]}},
    {
        "type": "conversation.item.truncated",
        "item_id": "item_2",
        "content_index": 0,
        "audio_end_ms": 400,
    },
    {"type": "conversation.item.deleted", "item_id": "item_1"},
    {
        "type": "conversation.item.input_audio_transcription.delta",
        "item_id": "item_1",
        "content_index": 0,
        "delta": "Turn",
    },
    {
        "type": "conversation.item.input_audio_transcription.segment",
        "item_id": "item_1",
        "id": "seg_1",
        "content_index": 0,
        "text": "Turn on",
        "speaker": "A",
        "start": 0.0,
        "end": 0.5,
    },
    {
        "type": "conversation.item.input_audio_transcription.completed",
        "item_id": "item_1",
        "content_index": 0,
        "transcript": "Turn on the lights.",
        "usage": {"type": "duration", "seconds": 2},
    },
    {
        "type": "conversation.item.input_audio_transcription.failed",
        "item_id": "item_1",
        "content_index": 0,
        "error": {"type": "server_error", "code": None, "message": "Input transcription failed."},
    },
    {
        "type": "response.created",
        "response": {**RESPONSE, "status": "in_progress", "output": [], "usage": None},
    },
    {"type": "response.done", "response": RESPONSE},
    {
        "type": "response.output_item.added",
        "response_id": "resp_1",
        "output_index": 0,
        "item": {**ASSISTANT_ITEM, "content": []},
    },
    {"type": "response.output_item.done", "response_id": "resp_1", "output_index": 0, "item": ASSISTANT_ITEM},
    {"type": "response.content_part.added", **WHERE, "part": {"type": "audio", "transcript": ""}},
    {"type": "response.content_part.done", **WHERE, "part": {"type": "text", "text": "Hi."}},
    {"type": "response.output_audio.delta", **WHERE, "delta": "AAECAw=="},
    {"type": "response.output_audio.done", **WHERE},
    {"type": "response.output_audio_transcript.delta", **WHERE, "delta": "Hel"},
    {"type": "response.output_audio_transcript.done", **WHERE, "transcript": "Hello."},
    {"type": "response.output_text.delta", **WHERE, "delta": "H"},
    {"type": "response.output_text.done", **WHERE, "text": "Hi."},
    {
        "type": "response.function_call_arguments.delta",
        "response_id": "resp_1",
        "item_id": "item_2",
        "output_index": 0,
        "call_id": "call_1",
        "delta": "{",
    },
    {
        "type": "response.function_call_arguments.done",
        "response_id": "resp_1",
        "item_id": "item_2",
        "output_index": 0,
        "call_id": "call_1",
        "arguments": "{}",
        "name": "now",
    },
    {
        "type": "rate_limits.updated",
        "rate_limits": [{"name": "requests", "limit": 200, "remaining": 199, "reset_seconds": 0.3}],
    },
)

_CLIENT: tuple[JsonObject, ...] = (
    {
        "type": "session.update",
        "session": {name: value for name, value in REALTIME_SESSION.items() if name != "model"},
    },
    {"type": "session.update", "session": TRANSCRIPTION_SESSION},
    {"type": "input_audio_buffer.append", "audio": "AAECAw=="},
    {"type": "input_audio_buffer.commit"},
    {"type": "input_audio_buffer.clear"},
    {"type": "conversation.item.create", "item": ASSISTANT_ITEM, "previous_item_id": "root"},
    {"type": "conversation.item.create", "item": FUNCTION_CALL},
    {"type": "conversation.item.retrieve", "item_id": "item_1"},
    {"type": "conversation.item.truncate", "item_id": "item_2", "content_index": 0, "audio_end_ms": 400},
    {"type": "conversation.item.delete", "item_id": "item_1"},
    {"type": "response.create"},
    {
        "type": "response.create",
        "response": {
            "conversation": "none",
            "metadata": {"turn": "t1"},
            "output_modalities": ["audio"],
            "instructions": "Read aloud.",
            "tools": [],
            "tool_choice": "none",
            "audio": {"output": {"format": PCM_24K, "voice": "alloy"}},
            "max_output_tokens": 4096,
            "input": [
                {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello."}]},
                {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hi."}]},
                {"type": "item_reference", "id": "item_1"},
            ],
        },
    },
    {"type": "response.cancel", "response_id": "resp_1"},
)


def _numbered(events: tuple[JsonObject, ...]) -> tuple[JsonObject, ...]:
    return tuple({"event_id": f"event_{number}", **event} for number, event in enumerate(events))


SERVER_EVENTS = _numbered(_SERVER)
CLIENT_EVENTS = _numbered(_CLIENT)


def name_of(event: JsonObject) -> str:
    """A test id."""
    return str(event["type"])


def server_event(event_type: str, **fields: Any) -> JsonObject:
    """The sample of that type with other fields."""
    return {**next(event for event in SERVER_EVENTS if event["type"] == event_type), **fields}
