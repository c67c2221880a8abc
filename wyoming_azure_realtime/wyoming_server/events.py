"""What a Wyoming client may send: the raw event, and the typed data of those that carry a request.

Source: the `wyoming` package, whose own `from_event` takes any type for granted.
"""

from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct

from wyoming_azure_realtime.audio.pcm import AudioFormat
from wyoming_azure_realtime.errors import InvalidRequest

# Longer than any name, language or speaker in use, short enough for an error that quotes it.
LONGEST_NAME = 200
Name = Annotated[str, Meta(max_length=LONGEST_NAME)]

MOST_NAMES = 200  # of one request, and as many terms; the rest is left out
SENSITIVITIES = ("default", "relaxed", "aggressive")


class Event(Struct, frozen=True, gc=False):
    """One event as it came: `data` is the text of a JSON object of any content, `payload` raw bytes.

    The data stay a text until somebody wants something of them, and then only that becomes objects, which
    take up to 24 times the memory and ten times the time.
    """

    type: str
    data: bytes = b"{}"
    payload: bytes = b""


class Transcribe(Struct, frozen=True):
    """Data of `transcribe`: which model and language to hear, and what may be said.

    The last three spoil no command: one that is wrong is as if it had not been sent.
    """

    name: Name | None = None
    language: Name | None = None
    vad_sensitivity: Raw = Raw()
    transcript_names: Raw = Raw()
    transcript_terms: Raw = Raw()

    @property
    def names(self) -> tuple[str, ...]:
        """Names that may be said, at most `MOST_NAMES`."""
        return _texts(self.transcript_names)

    @property
    def terms(self) -> tuple[str, ...]:
        """Other words that may be said, at most `MOST_NAMES`."""
        return _texts(self.transcript_terms)

    @property
    def sensitivity(self) -> str:
        """One of `SENSITIVITIES`; empty if the client did not say."""
        said = _read(self.vad_sensitivity, str)
        return "" if said is None else said if said in SENSITIVITIES else "default"


class Voice(Struct, frozen=True):
    """Who shall speak: by name, else by language; `speaker` refines the name."""

    name: Name | None = None
    language: Name | None = None
    speaker: Name | None = None


class SynthesizeStart(Struct, frozen=True):
    """Data of `synthesize-start`, and of `synthesize` but for its text."""

    voice: Voice | None = None
    text_format: Name | None = None


class Text(Struct, frozen=True):
    """Data of `synthesize` and `synthesize-chunk`: their text."""

    text: str


class Ping(Struct, frozen=True):
    """Data of `ping`: what its `pong` shall say."""

    text: str | None = None


class _AudioShape(Struct, frozen=True):
    rate: int
    width: int
    channels: int


_T = TypeVar("_T")


def read_data(event: Event, shape: type[_T]) -> _T:
    """The event's data as `shape`. Raises InvalidRequest that names the event and the field."""
    try:
        return msgspec.json.decode(event.data, type=shape)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"The event '{event.type}' is incomplete or wrong: {error}.") from error
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"The event '{event.type}' holds text that is no Unicode.") from error


def _texts(told: Raw) -> tuple[str, ...]:
    texts = _read(told, list[str]) or []
    return tuple(text for text in texts[:MOST_NAMES] if 0 < len(text) <= LONGEST_NAME)


def _read(told: Raw, shape: type[_T]) -> _T | None:
    """A field that spoils nothing when it is missing or wrong."""
    try:
        return msgspec.json.decode(told, type=shape)
    except (ValueError, RecursionError):
        return None


def read_format(event: Event) -> AudioFormat:
    """The audio format in `audio-start` or `audio-chunk`. Raises InvalidRequest or UnsupportedAudio."""
    shape = read_data(event, _AudioShape)
    return AudioFormat(shape.rate, shape.width, shape.channels)
