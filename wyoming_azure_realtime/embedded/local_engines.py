"""The real engines: espeak-ng speaks, pocketsphinx hears."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from wyoming_azure_realtime.embedded.bias import names_of
from wyoming_azure_realtime.embedded.engines import EngineHints, Engines, RecognitionStream
from wyoming_azure_realtime.embedded.recognizer import Recognizer
from wyoming_azure_realtime.embedded.voice import EspeakVoice
from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.settings.model import Embedded


class _Speaker:
    def __init__(self, voice: EspeakVoice) -> None:
        self._voice = voice

    def speak(self, text: str, *, voice: str, speed: float) -> AsyncGenerator[bytes, None]:
        return self._voice.speak(text, voice, speed)


class _Hearer:
    """The recogniser knows one language; of the hints it heeds the names."""

    def __init__(self, recognizer: Recognizer) -> None:
        self._recognizer = recognizer

    def utterance(self, hints: EngineHints) -> AbstractAsyncContextManager[RecognitionStream]:
        return self._recognizer.utterance(names_of(hints))


async def local_engines(settings: Embedded) -> Engines:
    """What this machine has, started but not yet loaded; `reason` tells what is missing."""
    hears, deaf = Recognizer.available()
    voice, mute = _voice()
    cache = Path(settings.cache_dir) if settings.cache_dir else None
    recognizer = Recognizer(settings.names, workers=settings.workers, cache=cache)
    if hears:
        await recognizer.start()

    async def close() -> None:
        await recognizer.stop()
        if voice is not None:
            voice.close()

    return Engines(
        recognizer=_Hearer(recognizer) if hears else None,
        synthesizer=_Speaker(voice) if voice is not None else None,
        reason=" ".join(reason for reason in (deaf, mute) if reason),
        close=close,
    )


def _voice() -> tuple[EspeakVoice | None, str]:
    try:
        return EspeakVoice(), ""
    except SettingsError as error:
        return None, str(error)
