"""The voices of this machine under the realtime names: a neural one for English, espeak-ng for the rest.

In: text. Out: 24 kHz 16-bit mono PCM. The neural voice is hibari's, whose one model that its package brings
says all ten names at ten pitches; four more models are downloaded, where the settings allow it.
"""

import asyncio
import functools
import importlib.util
import logging
import threading
import unicodedata
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soxr

from wyoming_azure_realtime.audio.pcm import REALTIME
from wyoming_azure_realtime.errors import ResponseFailed, SettingsError
from wyoming_azure_realtime.offline.choice import VOICE_MEMORY, enough_memory
from wyoming_azure_realtime.offline.espeak import (
    EspeakVoice,
    blocks,
    check_request,
    engine,
    espeak_language,
)
from wyoming_azure_realtime.offline.language_model import default_cache

_LOG = logging.getLogger(__name__)

_PACKAGE = "hibari"
_BUILT_IN = "heart"
_PIECE_BYTES = REALTIME.bytes_per_second * 60 // 1000
_WARM_UP = "Hello."
# of full scale: as loud as espeak-ng, and never beyond it
_GAIN, _LOUDEST = 0.9, 32767
# espeak-ng's names of a language and of its dictionary, where they differ from its code
_CODES, _DICTIONARIES = {"cmn": "zh"}, {"nb": "no"}
# the noise in the voice: the same text sounds the same every time
_SEED = 1

Audio = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class NeuralStyle:
    """How a name sounds. `pitch`, `throat`: factors of the voice's pitch and of the resonances' frequencies.

    `model`: the downloaded one that it has, with `model_pitch`, once it is there.
    """

    pitch: float
    throat: float
    model: str = _BUILT_IN
    model_pitch: float = 1.0


NEURAL_STYLES = {
    "alloy": NeuralStyle(1.0, 1.0),
    "ash": NeuralStyle(0.66, 0.87, "fenrir"),
    "ballad": NeuralStyle(0.74, 0.92, "fable"),
    "coral": NeuralStyle(1.1, 1.03, "kore"),
    "echo": NeuralStyle(0.6, 0.91, "fenrir", 1.12),
    "sage": NeuralStyle(0.88, 1.04, "emma"),
    "shimmer": NeuralStyle(1.2, 1.08, _BUILT_IN, 1.15),
    "verse": NeuralStyle(0.7, 0.84, "fable", 0.9),
    "marin": NeuralStyle(0.93, 0.96, "kore", 0.92),
    "cedar": NeuralStyle(0.56, 0.84, "fenrir", 0.88),
}


class NeuralVoice:
    """Speaks English with hibari. `models`: folder of the downloaded ones. Raises: SettingsError."""

    def __init__(self, models: Path, *, download: bool = False) -> None:
        self._folder = models
        self._download = download
        self._loaded: dict[str, Any] = {}
        self._fetching: set[str] = set()
        # one thread: several texts alternate block by block, in the order of their calls
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="neural-voice")

    @staticmethod
    def available() -> tuple[bool, str]:
        """Whether it is installed and there is memory for it; if not, why, as part of a sentence."""
        missing = [name for name in (_PACKAGE, "onnxruntime") if importlib.util.find_spec(name) is None]
        if missing:
            return False, f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed"
        if not enough_memory(VOICE_MEMORY):
            return False, "too little memory is free"
        return True, ""

    def warm(self) -> None:
        """Load the voice in the background and let it say a word, so that the first text need not wait."""
        self._thread.submit(self._warm)

    async def speak(self, text: str, voice: str = "alloy", speed: float = 1.0) -> AsyncGenerator[bytes, None]:
        """Speak `text`: 24 kHz 16-bit mono in pieces of 60 ms; none when there is nothing to speak.

        Closing the generator stops it after a sentence at most, of which nothing is heard any more.
        Raises: UnknownVoice, InvalidRequest, ResponseFailed.
        """
        check_request(voice, speed)
        loop, rest = asyncio.get_running_loop(), b""
        for block, _ in blocks(text):
            for phonemes in await self._run(loop, self._phonemes, block, voice):
                audio = rest + await self._run(loop, self._spoken, phonemes, voice, speed)
                whole = len(audio) - len(audio) % _PIECE_BYTES
                for start in range(0, whole, _PIECE_BYTES):
                    yield audio[start : start + _PIECE_BYTES]
                rest = audio[whole:]
        if rest:
            yield rest

    def close(self) -> None:
        """Release the thread; nothing may be spoken afterwards."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _run(self, loop: asyncio.AbstractEventLoop, function: Any, *arguments: Any) -> Any:
        try:
            return await loop.run_in_executor(self._thread, functools.partial(function, *arguments))
        except (ArithmeticError, LookupError, OSError, RuntimeError, TypeError, ValueError) as error:
            raise ResponseFailed(f"The voice cannot speak the text ({type(error).__name__}).") from error

    def _warm(self) -> None:
        try:
            for phonemes in self._phonemes(_WARM_UP, "alloy"):
                self._spoken(phonemes, "alloy", 1.0)
        except Exception as error:  # noqa: BLE001 - whoever speaks first is told
            _LOG.warning("The neural voice does not load: %s: %s", type(error).__name__, error)

    def _phonemes(self, text: str, voice: str) -> list[str]:
        if not any(character.isalnum() for character in text):
            return []
        model, _ = self._model(NEURAL_STYLES[voice])
        return [part for part in model.phonemize(text) if any(map(str.isalpha, part))]

    def _spoken(self, phonemes: str, voice: str, speed: float) -> bytes:
        from hibari import dsp  # noqa: PLC0415 - only where it is used

        style = NEURAL_STYLES[voice]
        model, own = self._model(style)
        pitch, throat = (style.model_pitch, 1.0) if own else (style.pitch, style.throat)
        ids = np.asarray([model.ids(phonemes)], np.int64)
        # sampled anew, the sound is higher and shorter by the same factor: both are made up for ahead of it
        made = model.sess.run(None, {"ids": ids, "speed": np.asarray([speed / throat], np.float32)})
        lh, theta, ln, lr, phi, f0 = (part[0] for part in made)
        audio: Audio = dsp.synth(lh, theta, ln, lr, phi, f0 * (pitch / throat), np.random.default_rng(_SEED))
        if throat != 1.0:
            audio = soxr.resample(audio, REALTIME.rate * throat, REALTIME.rate)
        pcm: bytes = np.rint(np.clip(audio * _GAIN, -1, 1) * _LOUDEST).astype("<i2").tobytes()
        return pcm

    def _model(self, style: NeuralStyle) -> tuple[Any, bool]:
        """The model to speak with, and whether it is the style's own."""
        if style.model != _BUILT_IN and (path := self._file(style.model)) is not None:
            return self._load(style.model, path), True
        return self._load(_BUILT_IN, None), style.model == _BUILT_IN and self._download

    def _load(self, name: str, path: Path | None) -> Any:
        from hibari import Hibari  # noqa: PLC0415 - takes half a second

        if name not in self._loaded:
            self._loaded[name] = Hibari(voice=name, model=None if path is None else str(path))
        return self._loaded[name]

    def _file(self, name: str) -> Path | None:
        """The file of a downloaded model, fetched in the background if it may be; None until it is there."""
        if not self._download:
            return None
        from hibari import voices  # noqa: PLC0415 - only where it is used

        path = self._folder / str(voices.VOICES[name]["file"])
        if path.exists():
            return path
        if name not in self._fetching:
            self._fetching.add(name)
            threading.Thread(target=_fetch, args=(name, path), daemon=True).start()
        return None


def _fetch(name: str, path: Path) -> None:
    from hibari import voices  # noqa: PLC0415 - only where it is used

    _LOG.info("Downloading the voice %s", name)
    try:
        # checks the digest, and puts a whole file there or none
        voices.download(
            voices.BASE_URL + voices.VOICES[name]["file"], str(path), voices.VOICES[name]["sha256"]
        )
    except (OSError, RuntimeError) as error:
        _LOG.warning("The voice %s is not there: %s", name, error)


class MachineVoices:
    """Speaks with the best voice for a language. Implements `emulator.engines.SynthesisEngine`."""

    def __init__(self, neural: NeuralVoice | None, others: EspeakVoice | None) -> None:
        self._neural, self._others = neural, others

    async def speak(
        self, text: str, voice: str = "alloy", speed: float = 1.0, language: str = ""
    ) -> AsyncGenerator[bytes, None]:
        """Speak `text` as both engines do. `language`: a code such as "de"; empty: English.

        Raises: UnknownVoice, InvalidRequest, ResponseFailed.
        """
        if self._neural is not None and (self._others is None or (_is_english(language) and _is_latin(text))):
            speaking = self._neural.speak(text, voice, speed)
        elif self._others is not None:
            speaking = self._others.speak(text, voice, speed, language)
        else:
            raise ResponseFailed("There is no voice on this machine.")
        try:
            async for pcm in speaking:
                yield pcm
        finally:
            await speaking.aclose()

    @property
    def product(self) -> str:
        """What people call the engines."""
        engines = (("hibari", self._neural), ("espeak-ng", self._others))
        return " and ".join(name for name, engine in engines if engine is not None)

    @property
    def languages(self) -> tuple[str, ...]:
        """Codes of the languages that are spoken, English first."""
        others = spoken_languages() if self._others is not None else ()
        return ("en", *(code for code in others if code != "en"))

    def warm(self) -> None:
        """Load what takes long in the background."""
        if self._neural is not None:
            self._neural.warm()

    def close(self) -> None:
        """Release the threads; nothing may be spoken afterwards."""
        for one in (self._neural, self._others):
            if one is not None:
                one.close()


def machine_voices(cache: Path | None = None, *, download: bool = False) -> tuple[MachineVoices | None, str]:
    """The voices of this machine, or None and a sentence that says why. `cache`: the folder for downloads."""
    installed, no_neural = NeuralVoice.available()
    neural = NeuralVoice((cache or default_cache()) / "voices", download=download) if installed else None
    try:
        others, reason = EspeakVoice(), ""
    except SettingsError as error:
        others, reason = None, str(error)
    if neural is None:
        _LOG.debug("English is spoken by espeak-ng, since %s", no_neural)
    return (None, reason) if neural is None and others is None else (MachineVoices(neural, others), "")


def spoken_languages() -> tuple[str, ...]:
    """Codes of all languages that espeak-ng speaks, without regions, sorted: "de", "zh"."""
    plain = (name for name in engine().languages() if name.isalpha() and len(name) in (2, 3))
    there = (name for name in plain if engine().has_dictionary(_DICTIONARIES.get(name, name)))
    return tuple(sorted(_CODES.get(name, name) for name in there))


def _is_english(language: str) -> bool:
    """Whether texts in a language are spoken in English, as those that nobody here speaks are."""
    plain = language.replace("_", "-").lower().partition("-")[0]
    return plain in {"", "en"} or not espeak_language(language)


def _is_latin(text: str) -> bool:
    """Whether its letters are all Latin ones: espeak-ng says words of other scripts too."""
    return all(
        character.isascii() or not character.isalpha() or unicodedata.name(character, "").startswith("LATIN")
        for character in text
    )
