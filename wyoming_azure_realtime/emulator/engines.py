"""What the embedded backend needs from whatever hears and speaks for it.

An engine works on 24 kHz PCM16 mono and raises errors of the package's family.
"""

import asyncio
import functools
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle
from typing import Protocol

import numpy as np

from wyoming_azure_realtime.audio.pcm import REALTIME, silence
from wyoming_azure_realtime.emulator.models import ALL_VOICES
from wyoming_azure_realtime.errors import UnknownVoice


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


MS_PER_CHARACTER = 60
_PIECE_MS = 60
_LOUDEST = 8000


class ToneSynthesizer:
    """Every character sounds for 60 ms at speed 1; white space is silence."""

    async def speak(self, text: str, *, voice: str, speed: float) -> AsyncGenerator[bytes, None]:
        """One piece per character."""
        if voice not in ALL_VOICES:
            raise UnknownVoice(f"There is no voice {voice!r}.")
        for character in text:
            yield _sound(voice, round(_PIECE_MS / speed), silent=character.isspace())


@functools.lru_cache(maxsize=64)
def _sound(voice: str, ms: int, *, silent: bool) -> bytes:
    if silent:
        return silence(ms)
    pitch = 200 + 50 * ALL_VOICES.index(voice)
    time = np.arange(ms * REALTIME.rate // 1000) / REALTIME.rate
    sound: bytes = np.rint(_LOUDEST * np.sin(2 * np.pi * pitch * time)).astype("<i2").tobytes()
    return sound


class ScriptedUtterance:
    """Knows its text from the start and tells a word more for every 200 ms of sound."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._bytes = 0
        self._sound = False
        self._ended = False
        self._changed = asyncio.Event()

    def feed(self, pcm: bytes) -> None:
        """Notice whether there was any sound at all."""
        self._bytes += len(pcm)
        self._sound = self._sound or pcm.count(0) < len(pcm)
        self._changed.set()

    async def partials(self) -> AsyncGenerator[str, None]:
        """As many words as there was time for."""
        shown = ""
        while not self._ended:
            words = self._text.split() if self._sound else []
            text = " ".join(words[: self._bytes * 5 // REALTIME.bytes_per_second])
            if text != shown:
                shown = text
                yield text
            self._changed.clear()
            await self._changed.wait()

    async def finish(self) -> str:
        """The whole text, or nothing for digital silence."""
        self._ended = True
        self._changed.set()
        return self._text if self._sound else ""


class ScriptedRecognizer:
    """Utterances get the texts in turn, in the order in which they begin."""

    def __init__(self, texts: Sequence[str] = ("turn on the kitchen lights",)) -> None:
        self._texts = cycle(texts)
        self.hints: list[EngineHints] = []

    @asynccontextmanager
    async def utterance(self, hints: EngineHints) -> AsyncIterator[ScriptedUtterance]:
        """The next text; the hints are kept for whoever wants to look at the last few."""
        self.hints = [*self.hints[-31:], hints]
        yield ScriptedUtterance(next(self._texts))


def sink_engines(texts: Sequence[str] = ("turn on the kitchen lights",)) -> Engines:
    """Both of them."""
    return Engines(recognizer=ScriptedRecognizer(texts), synthesizer=ToneSynthesizer())
