"""Speech of which it is known when each sound of it begins: espeak-ng with its phoneme events."""

import atexit
import ctypes
import difflib
import functools
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import espeakng_loader

from wyoming_azure_realtime.audio.pcm import REALTIME, AudioFormat, duration_ms
from wyoming_azure_realtime.audio.samples import StreamResampler

_RATE = 22050
_SYNCHRONOUS, _PHONEME_EVENTS, _DONT_EXIT = 2, 0x0001, 0x8000
_SPEED, _PITCH = 1, 3
_UTF8, _SSML = 1, 0x10
_END, _WORD, _PHONEME = 0, 1, 7


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("name", ctypes.c_char * 8),
    )


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


@dataclass(frozen=True)
class Sound:
    """One phoneme or pause, in milliseconds; `word` counts the words."""

    name: str
    start: float
    end: float
    word: int

    @property
    def silent(self) -> bool:
        return self.name.startswith("_")


@dataclass(frozen=True)
class Rendition:
    """24 kHz PCM16 mono, and what is heard when."""

    pcm: bytes
    sounds: tuple[Sound, ...]

    @property
    def ms(self) -> float:
        return duration_ms(len(self.pcm))

    def spoken(self) -> list[Sound]:
        return [sound for sound in self.sounds if not sound.silent]

    def pauses(self, at_least: float = 60) -> list[Sound]:
        return [sound for sound in self.sounds if sound.silent and sound.end - sound.start >= at_least]

    def words(self) -> list[tuple[float, float]]:
        spans: dict[int, tuple[float, float]] = {}
        for sound in self.spoken():
            spans[sound.word] = (spans.get(sound.word, (sound.start, 0))[0], sound.end)
        return list(spans.values())

    def until(self, ms: float) -> bytes:
        return self.pcm[: round(ms * REALTIME.rate / 1000) * REALTIME.frame_bytes]


class _Engine:
    """An engine of its own, from a copy of the library: espeak-ng keeps its state in globals."""

    def __init__(self) -> None:
        folder = Path(tempfile.mkdtemp(prefix="speech-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        library = shutil.copy(espeakng_loader.get_library_path(), folder / "library")
        # espeak-ng has room for 160 bytes of path
        data = folder / "data"
        data.symlink_to(espeakng_loader.get_data_path(), target_is_directory=True)
        self._library = ctypes.CDLL(str(library))
        mode = _PHONEME_EVENTS | _DONT_EXIT
        assert self._library.espeak_Initialize(_SYNCHRONOUS, 60, str(data).encode(), mode) == _RATE
        self._callback = _Callback(self._take)
        self._library.espeak_SetSynthCallback(self._callback)
        self._pcm = bytearray()
        self._events: list[tuple[int, str, int]] = []

    def speak(self, text: str, voice: str, words_per_minute: int, pitch: int) -> Rendition:
        self._pcm.clear()
        self._events.clear()
        assert self._library.espeak_SetVoiceByName(voice.encode()) == 0
        self._library.espeak_SetParameter(_SPEED, words_per_minute, 0)
        self._library.espeak_SetParameter(_PITCH, pitch, 0)
        encoded = text.encode()
        size = ctypes.c_size_t(len(encoded) + 1)
        assert self._library.espeak_Synth(encoded, size, 0, 1, 0, _UTF8 | _SSML, None, None) == 0
        resampler = StreamResampler(AudioFormat(_RATE, 2, 1))
        pcm = resampler.process(bytes(self._pcm)) + resampler.flush()
        return Rendition(pcm, tuple(self._sounds(duration_ms(len(pcm)))))

    def _take(self, samples: "ctypes._Pointer[ctypes.c_short]", count: int, events: list[_Event]) -> int:
        if samples and count > 0:
            self._pcm += ctypes.string_at(samples, count * 2)
        at = 0
        while events[at].type != _END:
            event = events[at]
            name = event.name.decode("utf-8", "replace") if event.type == _PHONEME else ""
            self._events.append((event.type, name, event.sample))
            at += 1
        return 0

    def _sounds(self, end: float) -> list[Sound]:
        word, begun = -1, []
        for kind, name, sample in self._events:
            word += kind == _WORD
            if kind == _PHONEME:
                begun.append((sample * 1000 / _RATE, name, word))
        begun.sort(key=lambda sound: sound[0])
        ends = [start for start, _, _ in begun[1:]] + [end]
        return [Sound(name, start, to, word) for (start, name, word), to in zip(begun, ends, strict=True)]


@functools.cache
def _engine() -> _Engine:
    return _Engine()


@functools.cache
def rendition(text: str, *, voice: str = "en-us", speed: float = 1.0, pitch: int = 50) -> Rendition:
    """Speak `text`, which may contain SSML."""
    return _engine().speak(text, voice, round(175 * speed), pitch)


def counterpart(heard: Rendition, fresh: Rendition, ms: float) -> tuple[float, float]:
    """Where in `fresh` that is which is at `ms` in `heard`: anywhere between two times, in a pause."""
    before = 0.0
    for there, here in _pairs(heard, fresh):
        if ms < there.start:
            return before, here.start
        if ms <= there.end:
            share = (ms - there.start) / max(there.end - there.start, 1e-9)
            place = here.start + share * (here.end - here.start)
            return place, place
        before = here.end
    return before, fresh.ms


def _pairs(heard: Rendition, fresh: Rendition) -> list[tuple[Sound, Sound]]:
    there, here = heard.spoken(), fresh.spoken()
    names = [sound.name for sound in there], [sound.name for sound in here]
    blocks = difflib.SequenceMatcher(None, *names, autojunk=False).get_matching_blocks()
    return [(there[b.a + n], here[b.b + n]) for b in blocks for n in range(b.size)]
