"""Requests and results of recognition and synthesis: frozen data, the same for Wyoming, HTTP and Python."""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RecognitionRequest:
    """One utterance to be recognized. Empty `model` and `language`: the profile's defaults.

    `door`: the interface it came by, for records. `client`: the client's address, for fairness in the pool.
    `names` and `terms`: words that may occur. `prompt`: free text for models that take one, in place of that
    of the settings. `vad_sensitivity`: `default`, `relaxed` or `aggressive`, for commands that the server
    ends; empty: not given.
    """

    door: str
    model: str = ""
    language: str = ""
    names: tuple[str, ...] = field(default=(), repr=False)
    terms: tuple[str, ...] = field(default=(), repr=False)
    prompt: str = field(default="", repr=False)
    vad_sensitivity: str = ""
    client: str = ""


@dataclass(frozen=True, slots=True)
class Partial:
    """More text of the utterance in progress. All partials joined need not equal the final text."""

    text: str


@dataclass(frozen=True, slots=True)
class RecognitionResult:
    """The final text of an utterance; empty if nobody spoke. `language`: a BCP 47 tag."""

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class SynthesisRequest:
    """Text to be spoken in one voice. The voice is chosen by name, else by language, else by default.

    `text_format`: "text", which may be Markdown, or "ssml". `client`: as in `RecognitionRequest`. `rate`:
    relative to the speed of the settings. `style`: one of the voice's, else it is ignored. `instructions`:
    how to speak, behind those of the settings.
    """

    door: str
    voice: str = ""
    language: str = ""
    speaker: str = ""
    text_format: str = "text"
    client: str = ""
    rate: float = 1.0
    style: str = ""
    instructions: str = field(default="", repr=False)


class TextListener(Protocol):
    """Who wants to know what is heard before the client does."""

    def drafted(self, text: str) -> None:
        """What was said so far may be all: `text`."""

    def transcribed(self, text: str) -> None:
        """That is all, and the client is told it now."""

    def gone(self) -> None:
        """There will be no other transcript."""


class NoListener:
    """Nobody does."""

    def drafted(self, text: str) -> None:
        """Nothing."""

    def transcribed(self, text: str) -> None:
        """Nothing."""

    def gone(self) -> None:
        """Nothing."""


NO_LISTENER = NoListener()
