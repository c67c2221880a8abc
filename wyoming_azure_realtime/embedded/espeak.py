"""The espeak-ng library through ctypes: one engine per process, called by one thread at a time.

Function signatures, flags and codes are those of espeak-ng's public header, speak_lib.h (1.52).
"""

import atexit
import ctypes
import functools
import importlib
import os
import shutil
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from wyoming_azure_realtime.errors import ResponseFailed, SettingsError

SAMPLE_RATE = 22050
"""What every espeak-ng voice speaks at; 16-bit mono."""

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

_SynthCallback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


@dataclass(frozen=True)
class VoiceStyle:
    """How espeak-ng speaks. `pitch`, `pitch_range`: 0 to 100, 50 is its own; `wpm`: words a minute."""

    variant: str
    pitch: int = 50
    pitch_range: int = 50
    wpm: int = BASE_WPM


class Espeak:
    """The engine. Raises SettingsError when the library or its data cannot be had."""

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
        """Sound of `text` at SAMPLE_RATE. `stopped` is asked every 60 ms of sound and ends it when true."""
        with self._lock:
            self._apply(style, speed)
            code, audio = self._synth(text, _END_PAUSE if end_pause else 0, stopped)
        if code != 0 and not stopped():
            raise ResponseFailed(f"espeak-ng could not speak the text (code {code}).")
        return audio

    def phonemes(self, text: str) -> list[str]:
        """IPA symbols of American English, stress marks and word limits left out."""
        separator = "_"
        mode = _PHONEMES_IPA | ord(separator) << 8
        pointer = ctypes.c_char_p(text.encode("utf-8", "replace"))
        spoken: list[str] = []
        with self._lock:
            self._set_voice("en-us")
            # or else the rest of a synthesis that was stopped would come first
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
        # an unknown name keeps the voice before it, so the code is all there is to notice it by
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
    """Return the process's only engine: espeak-ng keeps its state in globals."""
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
