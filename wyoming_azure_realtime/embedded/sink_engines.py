"""Engines that cost next to nothing and always answer the same: for tests and for measuring everything else.

The tone's loudness and length follow the text, its pitch the voice. The script answers every utterance with
the next of its texts, and silence with none.
"""

import asyncio
import functools
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import cycle

import numpy as np

from wyoming_azure_realtime.audio.pcm import REALTIME, silence
from wyoming_azure_realtime.embedded.engines import EngineHints, Engines
from wyoming_azure_realtime.embedded.models import ALL_VOICES
from wyoming_azure_realtime.errors import UnknownVoice

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
