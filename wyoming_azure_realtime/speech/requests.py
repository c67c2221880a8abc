"""What a door asks for and what it gets: plain frozen data, the same for Wyoming, HTTP and Python."""

from dataclasses import dataclass, field
from typing import Literal

from wyoming_azure_realtime.realtime.shapes import JsonObject


@dataclass(frozen=True, slots=True)
class RecognitionRequest:
    """One utterance to be recognised. Empty `model` and `language`: the profile's defaults.

    `names` and `terms` may be said. `vad_sensitivity`: default, relaxed or aggressive, for turns that the
    server ends; empty: not said.
    """

    door: str
    model: str = ""
    language: str = ""
    names: tuple[str, ...] = field(default=(), repr=False)
    terms: tuple[str, ...] = field(default=(), repr=False)
    vad_sensitivity: str = ""


@dataclass(frozen=True, slots=True)
class Partial:
    """More text of the utterance in progress; joined partials need not equal the recognition."""

    text: str


@dataclass(frozen=True, slots=True)
class Recognition:
    """The final text of an utterance; empty when nothing was said."""

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class SynthesisRequest:
    """Text to be spoken in one voice. The voice is chosen by name, else by language, else by default.

    `text_format`: "text", which may be Markdown, or "ssml".
    """

    door: str
    voice: str = ""
    language: str = ""
    speaker: str = ""
    text_format: str = "text"


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """One finished turn, whatever its end. Times are seconds; nothing in here tells what was said.

    `attempts` counts the sessions that were tried, `drifts` those that said something else. `outcome`:
    `completed`, `empty`, `cancelled`, or the code of the error that ended it.
    """

    id: str
    kind: Literal["recognition", "synthesis"]
    door: str
    target: str
    model: str
    voice: str
    language: str
    started_at: float
    audio_seconds: float
    characters: int
    first_result_seconds: float | None
    total_seconds: float
    attempts: int
    outcome: str
    drifts: int = 0
    usage: JsonObject = field(default_factory=dict)
