"""Engines that know a few spoken commands by heart, as the embedded backend's real voice says them.

What is spoken by them can be heard by the real recogniser, and the other way round.
"""

import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager

from tests.support.home_commands import ROUND_TRIP
from wyoming_azure_realtime.emulator.engines import EngineHints, Engines
from wyoming_azure_realtime.errors import SpeechServiceError
from wyoming_azure_realtime.offline.espeak import EspeakVoice

_PIECE = 2880  # bytes: 60 ms


async def recordings(commands: int) -> dict[str, bytes]:
    """The first commands of the round trip as sound, 24 kHz PCM16 mono."""
    voice = EspeakVoice()
    try:
        return {
            text: b"".join([piece async for piece in voice.speak(text)]) for text in ROUND_TRIP[:commands]
        }
    finally:
        voice.close()


class _Utterance:
    def __init__(self, texts: Mapping[bytes, str]) -> None:
        self._texts = texts
        self._digest = hashlib.sha256()

    def feed(self, pcm: bytes) -> None:
        self._digest.update(pcm)

    async def partials(self) -> AsyncGenerator[str, None]:
        for partial in list[str]():
            yield partial

    async def finish(self) -> str:
        """The command, if it was sent to the sample."""
        return self._texts.get(self._digest.digest(), "(no command that is known)")


class _Engine:
    def __init__(self, sounds: Mapping[str, bytes]) -> None:
        self._sounds = sounds
        self._texts = {hashlib.sha256(sound).digest(): text for text, sound in sounds.items()}

    @asynccontextmanager
    async def utterance(self, hints: EngineHints) -> AsyncIterator[_Utterance]:
        yield _Utterance(self._texts)

    async def speak(
        self, text: str, *, voice: str, speed: float, language: str = ""
    ) -> AsyncGenerator[bytes, None]:
        if text not in self._sounds:
            raise SpeechServiceError("Not a command that is known.")
        sound = self._sounds[text]
        for at in range(0, len(sound), _PIECE):
            yield sound[at : at + _PIECE]


def command_engines(sounds: Mapping[str, bytes]) -> Engines:
    """Both of them, for these recordings."""
    engine = _Engine(sounds)
    return Engines(recognizer=engine, synthesizer=engine)
