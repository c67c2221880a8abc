"""The nouns of the realtime protocol in GA shape: session, response, item.

A field that is `UNSET` is absent on the wire, which in `session.update` means "leave as it is", while `None`
is JSON null and means "clear" (vendor reference: only fields present are changed).
"""

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

JsonObject = dict[str, Any]


class Shape(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of everything below: immutable, keyword only, absent fields stay absent."""


class WireAudioFormat(Shape, frozen=True, kw_only=True):
    """`audio/pcm` (16 bit, mono; 24 kHz, to Voice Live 8 or 16 kHz too), `audio/pcmu` or `audio/pcma`."""

    type: str
    rate: int | UnsetType = UNSET


PCM_24K = WireAudioFormat(type="audio/pcm", rate=24000)


class Transcription(Shape, frozen=True, kw_only=True):
    """How input is transcribed. On Azure `model` is the name of a deployment."""

    model: str | UnsetType = UNSET
    language: str | UnsetType = UNSET
    prompt: str | UnsetType = UNSET
    languages: list[str] | UnsetType = UNSET
    keywords: list[str] | UnsetType = UNSET
    delay: str | UnsetType = UNSET


class NoiseReduction(Shape, frozen=True, kw_only=True):
    """`near_field`, `far_field`, or Voice Live's own; applied before turn detection and model."""

    type: str
    strength: float | UnsetType = UNSET


class TurnDetection(Shape, frozen=True, kw_only=True):
    """`server_vad` (threshold, padding, silence) or `semantic_vad` (eagerness).

    Voice Live has `azure_semantic_vad` besides, with the fields of `server_vad`.
    """

    type: str
    threshold: float | UnsetType = UNSET
    prefix_padding_ms: int | UnsetType = UNSET
    silence_duration_ms: int | UnsetType = UNSET
    eagerness: str | UnsetType = UNSET
    create_response: bool | UnsetType = UNSET
    interrupt_response: bool | UnsetType = UNSET
    idle_timeout_ms: int | None | UnsetType = UNSET


class AudioInput(Shape, frozen=True, kw_only=True):
    """`session.audio.input`; `echo_cancellation` is Voice Live's alone."""

    format: WireAudioFormat | UnsetType = UNSET
    transcription: Transcription | None | UnsetType = UNSET
    noise_reduction: NoiseReduction | None | UnsetType = UNSET
    echo_cancellation: JsonObject | None | UnsetType = UNSET
    turn_detection: TurnDetection | None | UnsetType = UNSET


class AudioOutput(Shape, frozen=True, kw_only=True):
    """`session.audio.output` and `response.audio.output`; `speed` belongs to the session only."""

    format: WireAudioFormat | UnsetType = UNSET
    voice: str | JsonObject | UnsetType = UNSET
    speed: float | UnsetType = UNSET


class Audio(Shape, frozen=True, kw_only=True):
    """`session.audio`."""

    input: AudioInput | UnsetType = UNSET
    output: AudioOutput | UnsetType = UNSET


class Session(Shape, frozen=True, kw_only=True):
    """A session as updated by the client and as reported by the service."""

    type: Literal["realtime", "transcription"] | UnsetType = UNSET
    id: str | UnsetType = UNSET
    object: str | UnsetType = UNSET
    model: str | UnsetType = UNSET
    expires_at: int | float | UnsetType = UNSET
    output_modalities: list[str] | UnsetType = UNSET
    instructions: str | UnsetType = UNSET
    audio: Audio | UnsetType = UNSET
    tools: list[JsonObject] | UnsetType = UNSET
    tool_choice: str | JsonObject | UnsetType = UNSET
    max_output_tokens: int | str | UnsetType = UNSET
    tracing: str | JsonObject | None | UnsetType = UNSET
    truncation: str | JsonObject | UnsetType = UNSET
    prompt: JsonObject | None | UnsetType = UNSET
    reasoning: JsonObject | None | UnsetType = UNSET
    parallel_tool_calls: bool | UnsetType = UNSET
    include: list[str] | None | UnsetType = UNSET


class ContentPart(Shape, frozen=True, kw_only=True):
    """One part of a message: `input_text`, `input_audio`, `output_text`, `output_audio` and more."""

    type: str
    text: str | None | UnsetType = UNSET
    audio: str | None | UnsetType = UNSET
    transcript: str | None | UnsetType = UNSET
    image_url: str | UnsetType = UNSET
    detail: str | UnsetType = UNSET


class Item(Shape, frozen=True, kw_only=True):
    """A conversation item. The client may choose the id."""

    type: str
    id: str | UnsetType = UNSET
    object: str | UnsetType = UNSET
    status: str | UnsetType = UNSET
    role: str | UnsetType = UNSET
    content: list[ContentPart] | UnsetType = UNSET
    call_id: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    arguments: str | UnsetType = UNSET
    output: str | UnsetType = UNSET
    phase: str | UnsetType = UNSET


class ResponseAudio(Shape, frozen=True, kw_only=True):
    """`response.audio`: only output can be overridden."""

    output: AudioOutput | UnsetType = UNSET


class ResponseParameters(Shape, frozen=True, kw_only=True):
    """The body of `response.create`. `instructions` replaces those of the session; `input` its context.

    `pre_generated_assistant_message` is Voice Live's alone: what is spoken as it stands, without a model.
    """

    conversation: str | UnsetType = UNSET
    metadata: dict[str, str] | None | UnsetType = UNSET
    output_modalities: list[str] | UnsetType = UNSET
    instructions: str | UnsetType = UNSET
    tools: list[JsonObject] | UnsetType = UNSET
    tool_choice: str | JsonObject | UnsetType = UNSET
    audio: ResponseAudio | UnsetType = UNSET
    input: list[Item] | UnsetType = UNSET
    pre_generated_assistant_message: Item | UnsetType = UNSET
    max_output_tokens: int | str | UnsetType = UNSET
    prompt: JsonObject | None | UnsetType = UNSET
    reasoning: JsonObject | None | UnsetType = UNSET
    parallel_tool_calls: bool | UnsetType = UNSET


class ErrorDetail(Shape, frozen=True, kw_only=True, omit_defaults=False):
    """What went wrong, and, if the service says so, because of which client event."""

    type: str | None = None
    code: str | None = None
    message: str | None = None
    param: str | None = None
    event_id: str | None = None


class StatusDetails(Shape, frozen=True, kw_only=True):
    """Why a response ended as it did."""

    type: str | None | UnsetType = UNSET
    reason: str | None | UnsetType = UNSET
    error: ErrorDetail | None | UnsetType = UNSET


class Response(Shape, frozen=True, omit_defaults=False, kw_only=True):
    """A response as reported by the service; `usage` is null until it is done."""

    id: str
    object: str = "realtime.response"
    status: str = "in_progress"
    status_details: StatusDetails | None = None
    output: list[JsonObject] = []
    conversation_id: str | None = None
    output_modalities: list[str] | UnsetType = UNSET
    max_output_tokens: int | str | None | UnsetType = UNSET
    audio: JsonObject | UnsetType = UNSET
    usage: JsonObject | None = None
    metadata: JsonObject | None = None
