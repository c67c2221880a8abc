"""The speech engines that the emulator needs, as protocols, and engines for tests that cost next to nothing.

An engine works on 24 kHz PCM16 mono and raises errors of the program's family.
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
    """A session's hints about the speech to expect; an engine uses what it can."""

    languages: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    prompt: str = ""


class RecognitionStream(Protocol):
    """The recognition of one utterance."""

    def feed(self, pcm: bytes) -> None:
        """Add audio, cut anywhere."""

    def partials(self) -> AsyncGenerator[str, None]:
        """Yield the text so far whenever it has changed, until the utterance ends; words may change."""

    async def finish(self) -> str:
        """The text of all audio, empty when there is no speech. Call once."""


class RecognitionEngine(Protocol):
    """Speech to text: one `RecognitionStream` for each utterance."""

    def utterance(self, hints: EngineHints) -> AbstractAsyncContextManager[RecognitionStream]:
        """Begin an utterance; leaving the context before `finish` abandons it."""


class SynthesisEngine(Protocol):
    """Text to speech. `voice`: of the realtime API; `speed`: 1 is usual."""

    def speak(self, text: str, *, voice: str, speed: float) -> AsyncGenerator[bytes, None]:
        """Yield the audio of `text`, cut anywhere; closing the generator stops the engine."""


async def _nothing() -> None:
    """There is nothing to release."""


@dataclass(frozen=True, slots=True)
class Engines:
    """A recognizer and a synthesizer; either may be missing, and `reason` says why. `close` releases them."""

    recognizer: RecognitionEngine | None = None
    synthesizer: SynthesisEngine | None = None
    reason: str = ""
    close: Callable[[], Awaitable[None]] = field(default=_nothing)


MS_PER_CHARACTER = 60
_PIECE_MS = 60
_LOUDEST = 8000


class ToneSynthesizer:
    """A tone of 60 ms for every character, silence for white space; the pitch follows the voice."""

    async def speak(self, text: str, *, voice: str, speed: float) -> AsyncGenerator[bytes, None]:
        """Yield one piece for each character. Raises: UnknownVoice."""
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
    """Its text is given; partial text has one word for every 200 ms of audio."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._bytes = 0
        self._sound = False
        self._ended = False
        self._changed = asyncio.Event()

    def feed(self, pcm: bytes) -> None:
        """Add audio; only its length counts, and whether all of it is zeros."""
        self._bytes += len(pcm)
        self._sound = self._sound or pcm.count(0) < len(pcm)
        self._changed.set()

    async def partials(self) -> AsyncGenerator[str, None]:
        """Yield as many words as the audio is long enough for."""
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
        """The whole text; empty for digital silence."""
        self._ended = True
        self._changed.set()
        return self._text if self._sound else ""


class ScriptedRecognizer:
    """Gives its texts to the utterances one after the other, again and again. `hints`: of the last 32."""

    def __init__(self, texts: Sequence[str] = ("turn on the kitchen lights",)) -> None:
        self._texts = cycle(texts)
        self.hints: list[EngineHints] = []

    @asynccontextmanager
    async def utterance(self, hints: EngineHints) -> AsyncIterator[ScriptedUtterance]:
        """Begin an utterance with the next text."""
        self.hints = [*self.hints[-31:], hints]
        yield ScriptedUtterance(next(self._texts))


def sink_engines(texts: Sequence[str] = ("turn on the kitchen lights",)) -> Engines:
    """A tone for every character, and these texts for the utterances."""
    return Engines(recognizer=ScriptedRecognizer(texts), synthesizer=ToneSynthesizer())
