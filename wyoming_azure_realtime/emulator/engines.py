"""The speech engines that the emulator needs, as protocols, and engines for tests that cost next to nothing.

An engine works on 24 kHz PCM16 mono and raises errors of the program's family.
"""

import asyncio
import functools
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle
from typing import Literal, Protocol

import numpy as np

from wyoming_azure_realtime.audio.pcm import REALTIME, silence
from wyoming_azure_realtime.emulator.models import ALL_VOICES
from wyoming_azure_realtime.errors import UnknownVoice
from wyoming_azure_realtime.realtime.shapes import JsonObject


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
    """Text to speech. `voice`: of the realtime API; `speed`: 1 is usual; `language`: a code, or empty."""

    def speak(self, text: str, *, voice: str, speed: float, language: str) -> AsyncGenerator[bytes, None]:
        """Yield the audio of `text`, cut anywhere; closing the generator stops the engine."""


@dataclass(frozen=True, slots=True)
class ContextItem:
    """One item of what is answered: words of somebody, a function call (its arguments), or its result.

    `by_ear`: the words are those of a sound. `name`: of the function, in a call and its result.
    """

    kind: Literal["user", "assistant", "system", "call", "result"]
    text: str
    by_ear: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class AnswerRequest:
    """What a model is asked. `items`: oldest first. `language`: of the request, a code, or empty."""

    instructions: str = ""
    items: tuple[ContextItem, ...] = ()
    tools: tuple[JsonObject, ...] = ()
    tool_choice: str | JsonObject = "auto"
    language: str = ""

    @property
    def question(self) -> "LastWords":
        """The user's last words; sounds that follow each other are one utterance with pauses."""
        items = list(self.items)
        while items and items[-1].kind != "user":
            items.pop()
        said = items[-1:]
        del items[-1:]
        while said and said[0].by_ear and items and items[-1].kind == "user" and items[-1].by_ear:
            said.insert(0, items.pop())
        text = " ".join(item.text for item in said if item.text)
        return LastWords(text, bool(said) and said[0].by_ear, tuple(items))


@dataclass(frozen=True, slots=True)
class LastWords:
    """What is to be answered. `by_ear`: it was a sound; `earlier`: what was said and done before."""

    text: str
    by_ear: bool
    earlier: tuple[ContextItem, ...]


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A call of one of the tools."""

    name: str
    arguments: JsonObject


@dataclass(frozen=True, slots=True)
class Answer:
    """Text, calls, or both. `undeclared`: how many calls it would have made that the tools do not allow."""

    text: str = ""
    calls: tuple[FunctionCall, ...] = ()
    undeclared: int = 0


class AnswerEngine(Protocol):
    """A language model, or what stands for one."""

    async def answer(self, request: AnswerRequest) -> Answer:
        """The answer to a request."""

    def reads_aloud(self, instructions: str) -> bool | None:
        """Whether by these instructions a text is spoken as it stands; None: as the emulator thinks."""


async def _nothing() -> None:
    """There is nothing to release."""


@dataclass(frozen=True, slots=True)
class Engines:
    """A recognizer and a synthesizer; either may be missing, and `reason` says why. `close` releases them.

    `voice`: what people call the synthesizer. `spoken`: codes of the languages that it speaks.
    `answers` None: whatever is asked is said or written as it stands.
    """

    recognizer: RecognitionEngine | None = None
    synthesizer: SynthesisEngine | None = None
    reason: str = ""
    voice: str = "tones"
    spoken: tuple[str, ...] = ("en",)
    close: Callable[[], Awaitable[None]] = field(default=_nothing)
    answers: AnswerEngine | None = None


MS_PER_CHARACTER = 60
_LOUDEST = 8000


class ToneSynthesizer:
    """A tone of `ms_per_character`, silence for white space; the pitch follows the voice."""

    ms_per_character = MS_PER_CHARACTER

    async def speak(
        self, text: str, *, voice: str, speed: float, language: str = ""
    ) -> AsyncGenerator[bytes, None]:
        """Yield one piece for each character. Raises: UnknownVoice."""
        if voice not in ALL_VOICES:
            raise UnknownVoice(f"There is no voice {voice!r}.")
        for character in text:
            yield _sound(voice, round(self.ms_per_character / speed), silent=character.isspace())


class SlowToneSynthesizer(ToneSynthesizer):
    """Lasts about as long as a person who says the same."""

    ms_per_character = 90


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


def sink_engines(
    texts: Sequence[str] = ("turn on the kitchen lights",), answers: AnswerEngine | None = None
) -> Engines:
    """A tone for every character, and these texts for the utterances."""
    return Engines(recognizer=ScriptedRecognizer(texts), synthesizer=ToneSynthesizer(), answers=answers)
