"""What a door asks for and what it gets: plain frozen data, the same for Wyoming, HTTP and Python."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RecognitionRequest:
    """One utterance to be recognised. Empty `model` and `language`: the profile's defaults.

    `client`: the address of whoever asks, so that nobody is served at everybody else's expense. `names` and
    `terms` may be said. `vad_sensitivity`: default, relaxed or aggressive, for turns that the server ends;
    empty: not said.
    """

    door: str
    model: str = ""
    language: str = ""
    names: tuple[str, ...] = field(default=(), repr=False)
    terms: tuple[str, ...] = field(default=(), repr=False)
    vad_sensitivity: str = ""
    client: str = ""


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

    `text_format`: "text", which may be Markdown, or "ssml". `client`: as in `RecognitionRequest`.
    """

    door: str
    voice: str = ""
    language: str = ""
    speaker: str = ""
    text_format: str = "text"
    client: str = ""
