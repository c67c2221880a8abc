"""Speech synthesis with the espeak-ng library, through ctypes: text in, 24 kHz 16-bit mono PCM out.

espeak-ng keeps its state in globals: there is one engine in a process, and one thread calls it at a
time. Function signatures, flags and codes are those of its public header, speak_lib.h (1.52).
"""

import asyncio
import atexit
import ctypes
import functools
import importlib
import itertools
import os
import re
import shutil
import tempfile
import threading
import unicodedata
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from wyoming_azure_realtime.audio.pcm import AudioFormat
from wyoming_azure_realtime.audio.samples import StreamResampler
from wyoming_azure_realtime.errors import (
    InvalidRequest,
    ResponseFailed,
    SettingsError,
    SpeechServiceError,
    UnknownVoice,
)

SAMPLE_RATE = 22050
"""Samples per second of every espeak-ng voice; 16-bit mono."""

BASE_WPM = 175
_MINIMUM_WPM = 80
_PIECE_MS = 60
_SYSTEM_LIBRARIES = ("libespeak-ng.so.1", "libespeak-ng.1.dylib", "libespeak-ng.dll")
# espeak-ng keeps the path in 160 bytes, the directory's own name included
_LONGEST_DATA_PATH = 140

_AUDIO_OUTPUT_SYNCHRONOUS = 2
_INITIALIZE_DONT_EXIT = 0x8000
_CHARS_UTF8 = 1
_PHONEMES_IPA = 0x02
_POSITION_CHARACTER = 1
_END_PAUSE = 0x1000
_RATE, _PITCH, _RANGE, _WORD_GAP = 1, 3, 4, 7


class _Voice(ctypes.Structure):
    """The beginning of `espeak_VOICE`."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.POINTER(ctypes.c_char)),
        ("identifier", ctypes.c_char_p),
    )


_SynthCallback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


@dataclass(frozen=True)
class VoiceStyle:
    """A variant of espeak-ng. `pitch`, `pitch_range`: 0 to 100, usually 50; `wpm`: words a minute."""

    variant: str
    pitch: int = 50
    pitch_range: int = 50
    wpm: int = BASE_WPM


class Espeak:
    """The engine. Raises: SettingsError when the library or its data cannot be loaded."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lib = _load()
        self._audio = bytearray()
        self._stopped: Callable[[], bool] = bool
        self._callback = _SynthCallback(self._take)
        self._lib.espeak_SetSynthCallback(self._callback)

    def synthesize(
        self,
        text: str,
        style: VoiceStyle,
        *,
        speed: float = 1.0,
        end_pause: bool = False,
        stopped: Callable[[], bool] = bool,
    ) -> bytes:
        """Speak `text`, as PCM at SAMPLE_RATE. `stopped` is called every 60 ms of sound; true ends it.

        Raises: ResponseFailed.
        """
        with self._lock:
            self._apply(style, speed)
            code, audio = self._synth(text, _END_PAUSE if end_pause else 0, stopped)
        if code != 0 and not stopped():
            raise ResponseFailed(f"espeak-ng could not speak the text (code {code}).")
        return audio

    def languages(self) -> frozenset[str]:
        """Codes of the languages that there are voices for, in small letters.

        They are the names of the voices' files: others that a voice lists are not found by them ("fr-fr").
        """
        with self._lock:
            voices = self._lib.espeak_ListVoices(None)
        found = set()
        for voice in itertools.takewhile(bool, (voices[place] for place in itertools.count())):
            found.add(voice.contents.identifier.rpartition(b"/")[2].decode("ascii", "replace").lower())
        return frozenset(found)

    def has_dictionary(self, name: str) -> bool:
        """Whether the dictionary of a language is there: images leave some out."""
        folder = ctypes.c_char_p()
        self._lib.espeak_Info(ctypes.byref(folder))
        return Path(os.fsdecode(folder.value or b""), f"{name}_dict").exists()

    def phonemes(self, text: str) -> list[str]:
        """IPA symbols of American English, stress marks and word limits left out."""
        separator = "_"
        mode = _PHONEMES_IPA | ord(separator) << 8
        pointer = ctypes.c_char_p(text.encode("utf-8", "replace"))
        spoken: list[str] = []
        with self._lock:
            self._set_voice("en-us")
            # otherwise the rest of a synthesis that was stopped would come first
            self._synth("", 0, bool)
            while pointer.value:
                clause = self._lib.espeak_TextToPhonemes(ctypes.byref(pointer), _CHARS_UTF8, mode)
                spoken += (clause or b"").decode("utf-8", "replace").replace(" ", separator).split(separator)
        return [symbol for part in spoken if (symbol := part.strip("ˈˌ\n\u200d"))]

    def _synth(self, text: str, flags: int, stopped: Callable[[], bool]) -> tuple[int, bytes]:
        encoded = text.encode("utf-8", "replace")
        self._stopped = stopped
        code: int = self._lib.espeak_Synth(
            encoded, len(encoded) + 1, 0, _POSITION_CHARACTER, 0, _CHARS_UTF8 | flags, None, None
        )
        audio, self._audio = self._audio, bytearray()
        return code, bytes(audio)

    def _apply(self, style: VoiceStyle, speed: float) -> None:
        wpm = style.wpm * speed
        # below its slowest rate the words stay as they are and move apart: units of 10 ms, fitted
        # so that a sentence at a quarter of the speed takes four times as long
        gap = max(0.0, 1366 / wpm - 1366 / _MINIMUM_WPM)
        self._set_voice(style.variant)
        self._lib.espeak_SetParameter(_RATE, round(max(wpm, _MINIMUM_WPM)), 0)
        self._lib.espeak_SetParameter(_PITCH, style.pitch, 0)
        self._lib.espeak_SetParameter(_RANGE, style.pitch_range, 0)
        self._lib.espeak_SetParameter(_WORD_GAP, round(gap), 0)

    def _set_voice(self, variant: str) -> None:
        # with an unknown name the voice before it stays in use; only the code tells
        code = self._lib.espeak_SetVoiceByName(variant.encode())
        if code != 0:
            raise ResponseFailed(f"espeak-ng has no voice {variant!r} (code {code}).")

    def _take(self, samples: "ctypes._Pointer[ctypes.c_short]", count: int, _events: int | None) -> int:
        if self._stopped():
            return 1
        if samples and count > 0:
            self._audio += ctypes.string_at(samples, count * 2)
        return 0


@functools.cache
def engine() -> Espeak:
    """Return the only engine of this process."""
    return Espeak()


def _load() -> ctypes.CDLL:
    failures: list[str] = []
    for library, data in _candidates(failures):
        try:
            loaded = ctypes.CDLL(library)
        except OSError as error:
            failures.append(str(error))
            continue
        _declare(loaded)
        path = None if data is None else os.fsencode(_short_path(data))
        rate = loaded.espeak_Initialize(_AUDIO_OUTPUT_SYNCHRONOUS, _PIECE_MS, path, _INITIALIZE_DONT_EXIT)
        if rate == SAMPLE_RATE:
            return loaded
        failures.append(f"{library} does not start (it answered {rate})")
    raise SettingsError(
        f"The speech engine espeak-ng cannot be loaded: {'; '.join(failures)}.",
        advice="Install the package's `local` extra, or the system's espeak-ng.",
    )


def _candidates(failures: list[str]) -> list[tuple[str, Path | None]]:
    found: list[tuple[str, Path | None]] = []
    try:
        loader = importlib.import_module("espeakng_loader")
        found.append((loader.get_library_path(), Path(loader.get_data_path())))
    except (ImportError, RuntimeError) as error:
        failures.append(str(error))
    return found + [(name, None) for name in _SYSTEM_LIBRARIES]


def _declare(library: ctypes.CDLL) -> None:
    library.espeak_Initialize.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_int]
    library.espeak_SetSynthCallback.argtypes = [_SynthCallback]
    library.espeak_SetSynthCallback.restype = None
    library.espeak_SetVoiceByName.argtypes = [ctypes.c_char_p]
    library.espeak_SetParameter.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int]
    library.espeak_Info.argtypes = [ctypes.POINTER(ctypes.c_char_p)]
    library.espeak_Info.restype = ctypes.c_char_p
    library.espeak_ListVoices.argtypes = [ctypes.c_void_p]
    library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
    library.espeak_Synth.argtypes = [
        ctypes.c_char_p,
        ctypes.c_size_t,
        ctypes.c_uint,
        ctypes.c_int,
        ctypes.c_uint,
        ctypes.c_uint,
        ctypes.c_void_p,
        ctypes.c_void_p,
    ]
    library.espeak_TextToPhonemes.argtypes = [ctypes.POINTER(ctypes.c_char_p), ctypes.c_int, ctypes.c_int]
    library.espeak_TextToPhonemes.restype = ctypes.c_char_p


def _short_path(data: Path) -> Path:
    """Return the data's path, or a short link to it that goes away with the process."""
    if len(os.fsencode(data)) <= _LONGEST_DATA_PATH:
        return data
    folder = tempfile.mkdtemp(prefix="espeak-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    link = Path(folder, "espeak-ng-data")
    link.symlink_to(data, target_is_directory=True)
    return link


# variants that the recognizer of this package understands; equal ones differ in pitch and pace
VOICES = {
    "alloy": VoiceStyle("en-us", pitch=50, wpm=175),
    "ash": VoiceStyle("en-us+m6", pitch=80, wpm=165),
    "ballad": VoiceStyle("en-us+m1", pitch=40, wpm=160),
    "coral": VoiceStyle("en-us+f2", pitch=35, wpm=175),
    "echo": VoiceStyle("en-us+adam", pitch=65, wpm=180),
    "sage": VoiceStyle("en-us+f5", pitch=50, wpm=170),
    "shimmer": VoiceStyle("en-us+f5", pitch=80, wpm=165),
    "verse": VoiceStyle("en-us+klatt3", pitch=50, wpm=165),
    "marin": VoiceStyle("en-us+f2", pitch=70, wpm=165),
    "cedar": VoiceStyle("en-us+edward", pitch=40, wpm=165),
}

SLOWEST, FASTEST = 0.25, 1.5

_PIECE_BYTES = 24000 * 60 // 1000 * 2
# limits what one engine call can produce: a symbol such as % takes half a second to speak
_BLOCK_CHARACTERS = 200
# espeak-ng drops the rest of an unbroken run that is longer than its word buffer
_LONGEST_RUN = re.compile(r"\S{40}(?=\S)")
_CUTS = (re.compile(r"[.!?…][\"')\]]*\s"), re.compile(r"[,;:]\s"), re.compile(r"\s"))


class EspeakVoice:
    """Speaks text with one variant for each realtime voice.

    Raises: SettingsError when espeak-ng cannot be loaded.
    """

    def __init__(self) -> None:
        self._engine = engine()
        # one thread: several texts alternate block by block, in the order of their calls
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="espeak")

    @staticmethod
    def available() -> tuple[bool, str]:
        """Whether speech can be synthesized here; if not, one sentence says why."""
        try:
            engine()
        except SpeechServiceError as error:
            return False, str(error)
        return True, ""

    async def speak(
        self, text: str, voice: str = "alloy", speed: float = 1.0, language: str = ""
    ) -> AsyncGenerator[bytes, None]:
        """Speak `text`: 24 kHz 16-bit mono in pieces of 60 ms; none when there is nothing to speak.

        `speed`: 0.25 to 1.5 times the usual. `language`: a code such as "de" or "pt-BR"; empty, or one that
        espeak-ng does not know, is American English. Closing the generator stops the engine within one piece.
        Raises: UnknownVoice, InvalidRequest, ResponseFailed.
        """
        style = _style(voice, speed, language)
        resampler = StreamResampler(AudioFormat(SAMPLE_RATE, 2, 1))
        stop = threading.Event()

        def synthesize(block: str, *, last: bool) -> bytes:
            audio = self._engine.synthesize(
                block, style, speed=speed, end_pause=not last, stopped=stop.is_set
            )
            # text without anything to speak gives a few zeros
            spoken = resampler.process(audio) if any(audio) else b""
            return spoken + resampler.flush() if last else spoken

        loop, rest = asyncio.get_running_loop(), b""
        try:
            for block, last in blocks(text):
                audio = rest + await loop.run_in_executor(
                    self._thread, functools.partial(synthesize, block, last=last)
                )
                whole = len(audio) - len(audio) % _PIECE_BYTES
                for start in range(0, whole, _PIECE_BYTES):
                    yield audio[start : start + _PIECE_BYTES]
                rest = audio[whole:]
            if rest:
                yield rest
        finally:
            stop.set()

    def close(self) -> None:
        """Release the thread; nothing may be spoken afterwards."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def blocks(text: str) -> Iterator[tuple[str, bool]]:
    """Cut `text` where a speaker pauses, into blocks for one engine call each; true with the last one."""
    start = 0
    while start < len(text):
        end = start + _BLOCK_CHARACTERS
        if end < len(text):
            end = start + _cut(text[start:end])
        yield plain(text[start:end]), end >= len(text)
        start = end


def _cut(window: str) -> int:
    for pattern in _CUTS:
        ends = [match.end() for match in pattern.finditer(window)]
        if ends:
            return ends[-1]
    return len(window)


_ENGLISH = "en-us"
_OTHER_CODES = {
    "en": "en-us",
    "en-gb": "en",
    "zh": "cmn",
    "zh-hk": "yue",
    "no": "nb",
    "nn": "nb",
    "iw": "he",
    "in": "id",
    "fil": "",
    "es-mx": "es-419",
}


def espeak_language(language: str) -> str:
    """The name under which espeak-ng knows a language code; empty if it does not."""
    code = language.replace("_", "-").lower()
    for name in (code, code.partition("-")[0]):
        known = _OTHER_CODES.get(name, name)
        if known in _languages():
            return known
    return ""


@functools.cache
def _languages() -> frozenset[str]:
    """All languages of the library, in small letters."""
    return engine().languages()


def plain(text: str) -> str:
    """`text` without half surrogates and control characters, which would control the engine."""
    readable = "".join(" " if unicodedata.category(c) in {"Cc", "Cs"} else c for c in text)
    return _LONGEST_RUN.sub(r"\g<0> ", readable)


def check_request(voice: str, speed: float) -> None:
    """Raises: UnknownVoice, InvalidRequest for a voice or a speed that there is not."""
    if voice not in VOICES:
        raise UnknownVoice(f"There is no voice {voice!r}.", advice=f"Voices: {', '.join(VOICES)}.")
    if not SLOWEST <= speed <= FASTEST:
        raise InvalidRequest(f"A speed of {speed} is not possible; {SLOWEST} to {FASTEST} is.")


def _style(voice: str, speed: float, language: str) -> VoiceStyle:
    check_request(voice, speed)
    style, spoken = VOICES[voice], espeak_language(language)
    return replace(style, variant=style.variant.replace(_ENGLISH, spoken)) if spoken else style
