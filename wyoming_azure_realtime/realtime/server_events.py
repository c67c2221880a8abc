"""Events the service sends, one struct each, in GA shape.

Unknown fields are ignored when decoding, and what the program does not act on (the inside of sessions, items
and parts) is left as JSON: a service may add to it at any time.
"""

from typing import Any, get_args

import msgspec
from msgspec import UNSET, UnsetType

from wyoming_azure_realtime.realtime.shapes import ErrorDetail, JsonObject, Response


class ServerEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """`event_id` is the service's own."""

    event_id: str = ""


class Error(ServerEvent, frozen=True, kw_only=True, tag="error"):
    """A failure tied to a client event or to the session; most leave the session open."""

    error: ErrorDetail


class SessionCreated(ServerEvent, frozen=True, kw_only=True, tag="session.created"):
    """First frame after connecting, unprompted."""

    session: JsonObject


class SessionUpdated(ServerEvent, frozen=True, kw_only=True, tag="session.updated"):
    """The whole effective session after a valid update. Does not name the update's event id."""

    session: JsonObject


class SpeechStarted(ServerEvent, frozen=True, kw_only=True, tag="input_audio_buffer.speech_started"):
    """Offset from the first byte of the session, prefix padding included."""

    audio_start_ms: int
    item_id: str


class SpeechStopped(ServerEvent, frozen=True, kw_only=True, tag="input_audio_buffer.speech_stopped"):
    """Offset from the first byte of the session, trailing silence included."""

    audio_end_ms: int
    item_id: str


class BufferCommitted(ServerEvent, frozen=True, kw_only=True, tag="input_audio_buffer.committed"):
    """The buffer became the item `item_id`."""

    item_id: str
    previous_item_id: str | None = None


class BufferCleared(ServerEvent, frozen=True, kw_only=True, tag="input_audio_buffer.cleared"):
    """The buffer is empty."""


class TimeoutTriggered(ServerEvent, frozen=True, kw_only=True, tag="input_audio_buffer.timeout_triggered"):
    """`idle_timeout_ms` passed without speech."""

    audio_start_ms: int
    audio_end_ms: int
    item_id: str


class ItemEvent(ServerEvent, frozen=True, kw_only=True):
    """An item and its place."""

    item: JsonObject
    previous_item_id: str | None = None


class ItemAdded(ItemEvent, frozen=True, kw_only=True, tag="conversation.item.added"):
    """An item entered the conversation (model items still empty)."""


class ItemDone(ItemEvent, frozen=True, kw_only=True, tag="conversation.item.done"):
    """An item is final."""


class ItemRetrieved(ServerEvent, frozen=True, kw_only=True, tag="conversation.item.retrieved"):
    """An item with its audio."""

    item: JsonObject


class ItemTruncated(ServerEvent, frozen=True, kw_only=True, tag="conversation.item.truncated"):
    """An item was cut."""

    item_id: str
    content_index: int
    audio_end_ms: int


class ItemDeleted(ServerEvent, frozen=True, kw_only=True, tag="conversation.item.deleted"):
    """An item is gone."""

    item_id: str


class TranscriptionDelta(
    ServerEvent, frozen=True, kw_only=True, tag="conversation.item.input_audio_transcription.delta"
):
    """Partial text of an input item."""

    item_id: str
    content_index: int = 0
    delta: str = ""


class TranscriptionSegment(
    ServerEvent, frozen=True, kw_only=True, tag="conversation.item.input_audio_transcription.segment"
):
    """Text with speaker and times in seconds (diarizing models)."""

    item_id: str
    id: str
    content_index: int = 0
    text: str = ""
    speaker: str = ""
    start: float = 0.0
    end: float = 0.0


class TranscriptionCompleted(
    ServerEvent, frozen=True, kw_only=True, tag="conversation.item.input_audio_transcription.completed"
):
    """The authoritative text; empty is legal."""

    item_id: str
    transcript: str
    content_index: int = 0
    usage: JsonObject | None = None


class TranscriptionFailure(
    ServerEvent, frozen=True, kw_only=True, tag="conversation.item.input_audio_transcription.failed"
):
    """No text for this item; the session lives on."""

    item_id: str
    error: ErrorDetail
    content_index: int = 0


class ResponseCreated(ServerEvent, frozen=True, kw_only=True, tag="response.created"):
    """A response began."""

    response: Response


class ResponseDone(ServerEvent, frozen=True, kw_only=True, tag="response.done"):
    """A response ended; judge `response.status`. Never contains audio."""

    response: Response


class OutputItem(ServerEvent, frozen=True, kw_only=True):
    """An item of a response."""

    response_id: str
    item: JsonObject
    output_index: int = 0


class OutputItemAdded(OutputItem, frozen=True, kw_only=True, tag="response.output_item.added"):
    """An item of a response began."""


class OutputItemDone(OutputItem, frozen=True, kw_only=True, tag="response.output_item.done"):
    """An item of a response ended."""


class ResponsePath(ServerEvent, frozen=True, kw_only=True):
    """Where in a response something belongs."""

    response_id: str
    item_id: str
    output_index: int = 0
    content_index: int = 0


class ContentPartAdded(ResponsePath, frozen=True, kw_only=True, tag="response.content_part.added"):
    """A content part began."""

    part: JsonObject


class ContentPartDone(ResponsePath, frozen=True, kw_only=True, tag="response.content_part.done"):
    """A content part ended."""

    part: JsonObject


class AudioDelta(ResponsePath, frozen=True, kw_only=True, tag="response.output_audio.delta"):
    """Audio in the session's output format; need not end on a whole sample."""

    delta: bytes


class AudioDone(ResponsePath, frozen=True, kw_only=True, tag="response.output_audio.done"):
    """Audio finished, also after a cancel; more may still trail in."""


class AudioTranscriptDelta(
    ResponsePath, frozen=True, kw_only=True, tag="response.output_audio_transcript.delta"
):
    """Spoken text, usually ahead of its audio."""

    delta: str


class AudioTranscriptDone(
    ResponsePath, frozen=True, kw_only=True, tag="response.output_audio_transcript.done"
):
    """All text of one audio part."""

    transcript: str


class TextDelta(ResponsePath, frozen=True, kw_only=True, tag="response.output_text.delta"):
    """Written text."""

    delta: str


class TextDone(ResponsePath, frozen=True, kw_only=True, tag="response.output_text.done"):
    """All text of one text part."""

    text: str


class FunctionCallArgumentsDelta(
    ServerEvent, frozen=True, kw_only=True, tag="response.function_call_arguments.delta"
):
    """A piece of a call's JSON arguments."""

    response_id: str
    item_id: str
    call_id: str
    delta: str
    output_index: int = 0


class FunctionCallArgumentsDone(
    ServerEvent, frozen=True, kw_only=True, tag="response.function_call_arguments.done"
):
    """A call's whole arguments."""

    response_id: str
    item_id: str
    call_id: str
    arguments: str
    output_index: int = 0
    name: str | UnsetType = UNSET


class RateLimitsUpdated(ServerEvent, frozen=True, kw_only=True, tag="rate_limits.updated"):
    """Entries of name, limit, remaining, reset_seconds."""

    rate_limits: list[JsonObject] = []


class UnknownEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event of a type this program does not know: legal at any time, and skipped."""

    type: str


AnyServerEvent = (
    Error | SessionCreated | SessionUpdated | SpeechStarted | SpeechStopped | BufferCommitted
    | BufferCleared | TimeoutTriggered | ItemAdded | ItemDone | ItemRetrieved | ItemTruncated
    | ItemDeleted | TranscriptionDelta | TranscriptionSegment | TranscriptionCompleted
    | TranscriptionFailure | ResponseCreated | ResponseDone | OutputItemAdded | OutputItemDone
    | ContentPartAdded | ContentPartDone | AudioDelta | AudioDone | AudioTranscriptDelta
    | AudioTranscriptDone | TextDelta | TextDone | FunctionCallArgumentsDelta | FunctionCallArgumentsDone
    | RateLimitsUpdated
)  # fmt: skip


def by_type() -> dict[str, type[Any]]:
    """Every known server event by its wire name."""
    return {str(event.__struct_config__.tag): event for event in get_args(AnyServerEvent)}
