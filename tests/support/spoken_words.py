"""Speech that can be read back: words spoken by espeak-ng, each rendered once, and an engine for them.

Detectors of speech take it for speech. Two processes may speak differently: the engine hears what its own one
has spoken. Its text for a part differs from its text for the whole: every utterance is a sentence of its own,
and a word that stands first may be misheard.
"""

import asyncio
import functools
import math
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import soxr

from wyoming_azure_realtime.audio.pcm import REALTIME, AudioFormat
from wyoming_azure_realtime.audio.samples import G711_LEVELS
from wyoming_azure_realtime.emulator.engines import EngineHints, Engines, ToneSynthesizer
from wyoming_azure_realtime.offline.espeak import SAMPLE_RATE, VoiceStyle, engine

VOCABULARY = (
    "turn", "on", "the", "kitchen", "lights", "and", "close", "blinds", "stop", "off", "bedroom", "fan",
    "open", "garage", "door", "please", "lamp", "timer", "chicken", "rice", "music", "volume",
)  # fmt: skip
FIRST_CLAUSE, SECOND_CLAUSE, ONE_WORD = "turn on the kitchen lights", "and close the blinds", "stop"
MISHEARD = MappingProxyType({"kitchen": "chicken", "lights": "rice", "and": "fan"})
"""What a word becomes without a word before it."""

SPEECH_RATE = 16_000
SPEECH_FORMAT = AudioFormat(SPEECH_RATE, 2, 1)
PAUSE_MS = 60
_LEVEL = 3000.0
_RATE = 8_000
_SILENT = 0.01
# of the energy under a word's outline: half a word has 0.71, a whole one in noise at 5 dB 0.87 and more
_ALIKE = 0.78
_OVERLAP = 0.25
_PARTIAL_BYTES = REALTIME.bytes_per_second // 2

Samples = npt.NDArray[np.float64]
Found = tuple[float, int, int, str]
"""How alike, from where, to where, which word."""


def speech(
    words: str | Sequence[str], pauses: int | Sequence[int] = PAUSE_MS, *, before: int = 0, after: int = 0
) -> bytes:
    """The words at 16 kHz PCM16 mono; `pauses`, `before` and `after` in milliseconds.

    Raises `KeyError` for a word outside the vocabulary.
    """
    said = words.split() if isinstance(words, str) else list(words)
    between = [pauses] * (len(said) - 1) if isinstance(pauses, int) else list(pauses)
    parts = [_hush(before)]
    for word, pause in zip(said, [*between, after], strict=True):
        parts += [np.rint(_spoken()[word]), _hush(pause)]
    return np.concatenate(parts).astype("<i2").tobytes()


@functools.cache
def speaking(seconds: float, fmt: AudioFormat = SPEECH_FORMAT) -> bytes:
    """So much speech without a pause, whatever is said."""
    said = speech([VOCABULARY[n % len(VOCABULARY)] for n in range(math.ceil(seconds / 0.25))])
    return in_format(np.frombuffer(said, "<i2").astype(np.float64), seconds, fmt)


def in_format(sound: Samples, seconds: float, fmt: AudioFormat) -> bytes:
    """So much of a sound at 16 kHz, in 16-bit steps, in another format, the same in each channel."""
    places = np.arange(round(seconds * fmt.rate)) / fmt.rate * SPEECH_RATE
    samples = np.interp(places, np.arange(len(sound)), sound)
    if fmt.encoding == "float":
        values = (samples / 32768).astype(f"<f{fmt.width}").view(np.uint8)
    elif fmt.encoding != "integer":
        values = np.abs(G711_LEVELS[fmt.encoding][None, :] - samples[:, None]).argmin(axis=1).astype(np.uint8)
    else:
        zero = 128 if fmt.width == 1 else 0
        steps = np.rint(samples * 2.0 ** (8 * fmt.width - 16)).astype(np.int64) + zero
        values = steps.astype("<i8").view(np.uint8).reshape(-1, 8)[:, : fmt.width]
    return np.repeat(values.reshape(-1, 1, fmt.width), fmt.channels, axis=1).tobytes()


def words_in(pcm: bytes, rate: int = REALTIME.rate) -> list[str]:
    """The words that PCM16 mono holds, in order."""
    samples = np.frombuffer(pcm[: len(pcm) & ~1], "<i2").astype(np.float64)
    heard = soxr.resample(samples, rate, _RATE) if len(samples) else samples
    candidates = [found for word, pattern in _patterns().items() for found in _places(heard, word, pattern)]
    chosen: list[Found] = []
    for found in sorted(candidates, reverse=True):
        if not any(_overlap(found, other) for other in chosen):
            chosen.append(found)
    return [word for _, _, _, word in sorted(chosen, key=lambda found: found[1])]


def text_of(words: Sequence[str], misheard: Mapping[str, str] = MappingProxyType({})) -> str:
    """How an utterance of these words is written: one sentence; empty for none."""
    if not words:
        return ""
    sentence = " ".join([misheard.get(words[0], words[0]), *words[1:]])
    return f"{sentence[0].upper()}{sentence[1:]}."


class SpokenUtterance:
    """Looks again for every half second of audio, and at the whole in the end."""

    def __init__(self, misheard: Mapping[str, str]) -> None:
        self._misheard = misheard
        self._pcm = bytearray()
        self._ended = False
        self._changed = asyncio.Event()

    def feed(self, pcm: bytes) -> None:
        """Keep it."""
        self._pcm += pcm
        self._changed.set()

    async def partials(self) -> AsyncGenerator[str, None]:
        """The sentence so far, without its full stop."""
        looked_at, shown = 0, ""
        while not self._ended:
            if len(self._pcm) - looked_at >= _PARTIAL_BYTES:
                looked_at = len(self._pcm)
                text = (await self._text()).rstrip(".")
                if text != shown and not self._ended:
                    shown = text
                    yield text
            else:
                self._changed.clear()
                await self._changed.wait()

    async def finish(self) -> str:
        """The sentence."""
        self._ended = True
        self._changed.set()
        return await self._text()

    async def _text(self) -> str:
        return text_of(await asyncio.to_thread(words_in, bytes(self._pcm)), self._misheard)


class SpokenWords:
    """Hears the vocabulary and nothing else."""

    def __init__(self, misheard: Mapping[str, str] = MappingProxyType({})) -> None:
        self._misheard = misheard
        self.utterances = 0

    @asynccontextmanager
    async def utterance(self, hints: EngineHints) -> AsyncIterator[SpokenUtterance]:
        """One more."""
        self.utterances += 1
        yield SpokenUtterance(self._misheard)


def spoken_engines(misheard: Mapping[str, str] = MappingProxyType({})) -> Engines:
    """Hearing as above; tones for a voice."""
    return Engines(recognizer=SpokenWords(misheard), synthesizer=ToneSynthesizer())


@functools.cache
def _spoken() -> dict[str, Samples]:
    """Every word at 16 kHz, without the silence around it, all equally loud."""
    return {word: _rendered(word) for word in VOCABULARY}


@functools.cache
def _patterns() -> dict[str, Samples]:
    """Every word at the rate of comparison, with a norm of one."""
    low = {word: soxr.resample(sound, SPEECH_RATE, _RATE) for word, sound in _spoken().items()}
    return {word: sound / np.linalg.norm(sound) for word, sound in low.items()}


def _rendered(word: str) -> Samples:
    sound = np.frombuffer(engine().synthesize(word, VoiceStyle("en-us")), "<i2").astype(np.float64)
    resampled: Samples = soxr.resample(sound, SAMPLE_RATE, SPEECH_RATE)
    (loud,) = np.nonzero(np.abs(resampled) > _SILENT * np.abs(resampled).max())
    trimmed = resampled[loud[0] : loud[-1] + 1]
    even: Samples = trimmed * (_LEVEL / np.sqrt(np.mean(trimmed**2)))
    return even


def _hush(ms: int) -> Samples:
    return np.zeros(ms * SPEECH_RATE // 1000)


def _places(heard: Samples, word: str, pattern: Samples) -> list[Found]:
    """Where the sound is much like the word: the best place of each stretch of good ones."""
    size = len(pattern)
    padded = np.pad(heard, size)
    length = 1 << (len(padded) + size - 1).bit_length()
    product = np.fft.rfft(padded, length) * np.conj(np.fft.rfft(pattern, length))
    places = len(padded) - size + 1
    energy = np.concatenate(([0.0], np.cumsum(padded**2)))
    under = energy[size:] - energy[:-size]
    alike = np.fft.irfft(product, length)[:places] / np.sqrt(under + size)
    found: list[Found] = []
    for place in np.flatnonzero(alike > _ALIKE):
        here = (float(alike[place]), int(place) - size, int(place), word)
        if found and found[-1][1] + size // 2 > here[1]:
            found[-1] = max(found[-1], here)
        else:
            found.append(here)
    return found


def _overlap(one: Found, other: Found) -> bool:
    shared = min(one[2], other[2]) - max(one[1], other[1])
    return shared > _OVERLAP * min(one[2] - one[1], other[2] - other[1])
