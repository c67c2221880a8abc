"""What the embedded backend needs from whatever hears and speaks for it.

An engine works on 24 kHz PCM16 mono and raises errors of the package's family.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class EngineHints:
    """What a session says about the speech to come; an engine uses what it can."""

    languages: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    prompt: str = ""


class RecognitionStream(Protocol):
    """One utterance being heard."""

    def feed(self, pcm: bytes) -> None:
        """Take some more audio."""

    def partials(self) -> AsyncGenerator[str, None]:
        """The text so far whenever it has become another, until the utterance ends; words may change."""

    async def finish(self) -> str:
        """The text of everything fed, empty if nothing was said. Call once."""


class RecognitionEngine(Protocol):
    """Speech to text."""

    def utterance(self, hints: EngineHints) -> AbstractAsyncContextManager[RecognitionStream]:
        """An utterance of its own; leaving the context before `finish` abandons it."""


class SynthesisEngine(Protocol):
    """Text to speech."""

    def speak(self, text: str, *, voice: str, speed: float) -> AsyncGenerator[bytes, None]:
        """The sound of `text` in pieces of any size; closing the generator stops the engine."""


async def _nothing() -> None:
    """Nothing to let go of."""


@dataclass(frozen=True, slots=True)
class Engines:
    """What hears and what speaks, either may be missing; `reason` says why in one sentence."""

    recognizer: RecognitionEngine | None = None
    synthesizer: SynthesisEngine | None = None
    reason: str = ""
    close: Callable[[], Awaitable[None]] = field(default=_nothing)
