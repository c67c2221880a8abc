"""What a dialect of the realtime API is, and the GA dialect: JSON in and out of GA shape.

The inside of the program speaks GA only. A dialect translates whole JSON objects at the edge of the socket.
`None` from a translation means: this event does not exist on the other side, skip it.
"""

from collections.abc import Set as AbstractSet
from typing import Literal, Protocol

from wyoming_azure_realtime.realtime.shapes import JsonObject

SessionKind = Literal["realtime", "transcription"]


class UnknownParameter(ValueError):
    """A client event carries a field that its dialect does not have; `path` is dotted."""

    def __init__(self, path: str) -> None:
        super().__init__(f"Unknown parameter: '{path}'.")
        self.path = path


class InvalidParameter(ValueError):
    """A known field with a value that the dialect has not; `path` is dotted, in the dialect's names."""

    def __init__(
        self, path: str, message: str, *, code: Literal["invalid_value", "invalid_type"] = "invalid_value"
    ) -> None:
        super().__init__(message)
        self.path = path
        self.code = code


class Dialect(Protocol):
    """One generation of the API."""

    @property
    def name(self) -> str:
        """`ga`, `preview` or `voice_live`, for logs and `/info`."""

    @property
    def deprecation(self) -> str:
        """What to tell whoever still uses it; empty for the current one."""

    @property
    def translated(self) -> AbstractSet[str]:
        """Types of events, by either name, that need translation; all others are the same on the wire."""

    def client_to_wire(self, event: JsonObject) -> JsonObject | list[JsonObject] | None:
        """A client's event from GA shape to this dialect, in which it may be several."""

    def server_from_wire(self, event: JsonObject) -> JsonObject | None:
        """A service's event from this dialect to GA shape. Tolerant: knows both names of renamed events."""

    def client_from_wire(self, event: JsonObject) -> JsonObject | None:
        """A client's event from this dialect to GA shape.

        Strict: raises `UnknownParameter` and `InvalidParameter`.
        """

    def server_to_wire(self, event: JsonObject) -> JsonObject | None:
        """A service's event from GA shape to this dialect."""

    def parameter(self, path: str) -> str:
        """The dialect's name for a dotted GA path, as `error.param` names it."""


# Server events that changed their names between the two generations (vendor's event reference).
GA_NAME = {
    "response.audio.delta": "response.output_audio.delta",
    "response.audio.done": "response.output_audio.done",
    "response.audio_transcript.delta": "response.output_audio_transcript.delta",
    "response.audio_transcript.done": "response.output_audio_transcript.done",
    "response.text.delta": "response.output_text.delta",
    "response.text.done": "response.output_text.done",
    "conversation.item.created": "conversation.item.added",
    "transcription_session.created": "session.created",
    "transcription_session.updated": "session.updated",
}

PREVIEW_NAME = {
    ga: preview for preview, ga in GA_NAME.items() if not preview.startswith("transcription_session")
}


class GaDialect:
    """The current API, with nested sessions: the shape that the whole program uses."""

    name = "ga"
    deprecation = ""
    translated = frozenset(GA_NAME)
    """Stray events under their old names."""

    def client_to_wire(self, event: JsonObject) -> JsonObject | list[JsonObject] | None:
        """Unchanged."""
        return event

    def server_from_wire(self, event: JsonObject) -> JsonObject | None:
        """Old names are understood, in case a service mixes generations."""
        return {**event, "type": GA_NAME.get(event["type"], event["type"])}

    def client_from_wire(self, event: JsonObject) -> JsonObject | None:
        """Unchanged; unknown fields are found when the event is decoded."""
        return event

    def server_to_wire(self, event: JsonObject) -> JsonObject | None:
        """Unchanged."""
        return event

    def parameter(self, path: str) -> str:
        """Unchanged."""
        return path
