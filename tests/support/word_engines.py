"""Engines that speak and hear words as `word_sounds` defines them, and remember nothing."""

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import numpy as np

from tests.support.word_sounds import sound_of, words_in, words_of
from wyoming_azure_realtime.audio.pcm import REALTIME, AudioFormat
from wyoming_azure_realtime.emulator.engines import EngineHints, Engines

NO_DRAFTS = {"draft_after": 0.0}
"""Settings of recognition: words of chords are no speech, and only speech makes a draft stale."""

_LEVELS = (0.7, 1.2)
_TEMPOS = (0.92, 1.0, 1.08)


class WordVoice:
    """No two renditions of a text are alike: they differ in tempo and in loudness, as real ones do."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    async def speak(
        self, text: str, *, voice: str, speed: float, language: str = ""
    ) -> AsyncGenerator[bytes, None]:
        """A piece per word."""
        level = self._chance.uniform(*_LEVELS)
        tempo = self._chance.choice(_TEMPOS) * speed
        for word in words_of(text):
            samples = np.frombuffer(sound_of(word, tempo=tempo), "<i2") * level
            yield np.rint(samples).astype("<i2").tobytes()


class WordUtterance:
    """The text is the words heard and how many samples there were, so that none may be lost or added."""

    def __init__(self) -> None:
        self._pcm = bytearray()
        self._ended = asyncio.Event()

    def feed(self, pcm: bytes) -> None:
        """Keep it."""
        self._pcm += pcm

    async def partials(self) -> AsyncGenerator[str, None]:
        """None."""
        await self._ended.wait()
        for partial in list[str]():
            yield partial

    async def finish(self) -> str:
        """What `transcript_of` says of the same sound."""
        self._ended.set()
        return transcript(words_in(bytes(self._pcm)), len(self._pcm) // REALTIME.frame_bytes)


class WordHearing:
    """Hears nothing but words."""

    @asynccontextmanager
    async def utterance(self, hints: EngineHints) -> AsyncIterator[WordUtterance]:
        """One more."""
        yield WordUtterance()


def word_engines(seed: int = 0) -> Engines:
    """Both of them."""
    return Engines(recognizer=WordHearing(), synthesizer=WordVoice(random.Random(seed)))


def transcript(words: list[str], frames: int) -> str:
    """How an utterance is told."""
    return " ".join([*words, str(frames)])


def recording_of(text: str, fmt: AudioFormat) -> tuple[bytes, str]:
    """Someone saying it: the sound, and the transcript it must have."""
    pcm = sound_of(text, fmt)
    return pcm, transcript(words_of(text), len(pcm) // fmt.frame_bytes * REALTIME.rate // fmt.rate)
