"""How well speech is found in sound. `python -m tests.audio.endpointing [utterances] [--level-only]`."""

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tests.support import room_sounds as room
from tests.support.home_commands import COMMANDS
from wyoming_azure_realtime.audio import endpointer as endpointer_module
from wyoming_azure_realtime.audio.endpointer import Endpointer
from wyoming_azure_realtime.audio.pcm import AudioFormat

MICROPHONE = AudioFormat(16_000, 2, 1)
VOICES = ("en-us", "en-us+m3", "en-us+f2", "en-us+f5", "en-us+klatt3", "en-us+m1")
SPEEDS = (0.8, 1.0, 1.25)
ONE_WORD = ("stop", "off", "yes", "on", "no", "go", "pause", "next")
PAUSE = 0.2
_LEAD, _TAIL = 0.5, 1.5
_ROOM_DBFS = -65.0
_TINY = 1e-9


@dataclass(frozen=True)
class Heard:
    """What the endpointer said after every 10 ms."""

    speech: npt.NDArray[np.float64]
    quiet: npt.NDArray[np.float64]
    calm: npt.NDArray[np.float64]

    def pausing(self) -> npt.NDArray[np.bool_]:
        return self.quiet >= PAUSE - _TINY


@dataclass(frozen=True)
class Scene:
    """An utterance somewhere in a recording; `begin` and `end` in steps of 10 ms."""

    said: room.Utterance
    sound: room.Sound
    begin: int

    @property
    def end(self) -> int:
        return self.begin + len(self.said.audible)


def hear(sound: room.Sound, fmt: AudioFormat = MICROPHONE) -> Heard:
    endpointer, heard = Endpointer(fmt), []
    data, size = room.pcm(sound), fmt.bytes_per_second // 100
    for at in range(0, len(data) - size + 1, size):
        endpointer.feed(data[at : at + size])
        heard.append((endpointer.speech, endpointer.quiet, endpointer.calm))
    speech, quiet, calm = np.array(heard).T
    return Heard(speech, quiet, calm)


def spoken(number: int, texts: tuple[str, ...] = COMMANDS, dbfs: float = room.SPEECH_DBFS) -> room.Utterance:
    """One of many utterances, in one of many voices and speeds."""
    text, voice = texts[number % len(texts)], VOICES[number % len(VOICES)]
    return room.utterance(text, voice=voice, speed=SPEEDS[number % len(SPEEDS)], dbfs=dbfs)


def scene(
    said: room.Utterance, noise: str = "", snr: float = 0, *, seed: int = 0, lead: float = _LEAD
) -> Scene:
    """Speech between two stretches of a quiet room or of noise."""
    length = lead + said.length + _TAIL
    around = (
        room.NOISES[noise](length, room.SPEECH_DBFS - snr, seed)
        if noise
        else room.white(length, _ROOM_DBFS, seed)
    )
    return Scene(said, room.placed(length, (lead, said.sound)) + around, round(lead * 100))


def delay(scene: Scene, heard: Heard) -> float:
    """Seconds from the end of the sound until there is a pause; infinite where none is noticed."""
    pausing = np.flatnonzero(heard.pausing()[scene.end :])
    return (int(pausing[0]) + 1) / 100 if len(pausing) else float("inf")


def false_pauses(scene: Scene, heard: Heard) -> int:
    """How often a pause was seen within the words where nobody paused for so long."""
    steps = round(PAUSE * 100)
    audible = np.convolve(scene.said.audible, np.ones(steps))[steps : len(scene.said.audible)] > 0
    wrong = heard.pausing()[scene.begin + steps : scene.end] & audible
    return int(np.count_nonzero(np.diff(np.concatenate(([False], wrong)).astype(int)) == 1))


def _speech_rows(count: int) -> Iterator[str]:
    yield f"{'speech in':<26}{'median':>9}{'p95':>9}{'never':>8}{'false pauses':>15}{'missed':>9}"
    conditions = [("", 0.0), *((noise, snr) for noise in room.NOISES for snr in (10.0, 5.0))]
    for lead in (_LEAD, 0.0):
        for noise, snr in conditions:
            scenes = [scene(spoken(n), noise, snr, seed=n, lead=lead) for n in range(count)]
            heard = [hear(each.sound) for each in scenes]
            delays = np.array([delay(*pair) for pair in zip(scenes, heard, strict=True)])
            wrong = sum(false_pauses(*pair) for pair in zip(scenes, heard, strict=True))
            missed = sum(each.speech[-1] == 0 for each in heard)
            name = f"{noise} at {snr:.0f} dB" if noise else "a quiet room"
            p95 = np.sort(delays)[int(0.95 * (count - 1))]
            yield (
                f"{name + (', at once' if not lead else ''):<26}{np.median(delays):>7.2f} s{p95:>7.2f} s"
                f"{np.isinf(delays).sum():>8}{wrong:>9} of {count:<3}{missed:>9}"
            )


def _other_sounds() -> Iterator[tuple[str, room.Sound]]:
    quiet = room.white(2.5, _ROOM_DBFS)
    for name, bang in (
        ("click", room.click()),
        ("cough", room.cough()),
        ("slam", room.slam()),
        ("tone", room.tone(1, -20)),
    ):
        yield name, room.placed(2.5, (1, bang)) + quiet
    yield "digital silence", room.nothing(10)
    yield "a quiet room, -65 dBFS", room.white(10, _ROOM_DBFS)
    yield "hum, -50 dBFS", room.hum(10, -50)
    for name, noise in room.NOISES.items():
        for dbfs in (-30, -45):
            yield f"10 s of {name}, {dbfs} dBFS", noise(10, dbfs, 0)


def _other_rows() -> Iterator[str]:
    yield f"{'no speech':<26}{'speech':>9}{'quiet':>9}{'calm':>9}{'total':>9}"
    for name, sound in _other_sounds():
        heard = hear(sound)
        yield (
            f"{name:<26}{heard.speech[-1]:>7.2f} s{heard.quiet[-1]:>7.2f} s{heard.calm[-1]:>7.2f} s"
            f"{room.seconds(sound):>7.2f} s"
        )


def _word_rows() -> Iterator[str]:
    cases = [(word, voice) for word in ONE_WORD for voice in VOICES]
    for dbfs in (room.SPEECH_DBFS, -45.0):
        said = [room.utterance(word, voice=voice, dbfs=dbfs) for word, voice in cases]
        speech = [hear(scene(each).sound).speech[-1] for each in said]
        yield (
            f"one word at {dbfs:.0f} dBFS: {sum(s == 0 for s in speech)} of {len(cases)} missed, "
            f"least {min(speech):.2f} s of speech"
        )


def _clause_row(noise: str, snr: float, gap: float, count: int = 12) -> str:
    seen, back = [], []
    for number in range(count):
        first, second = spoken(number), spoken(number + 9)
        begin = _LEAD + first.length + gap
        length = begin + second.length + 1
        sound = room.placed(length, (_LEAD, first.sound), (begin, second.sound))
        sound += (
            room.NOISES[noise](length, room.SPEECH_DBFS - snr, number)
            if noise
            else room.white(length, _ROOM_DBFS, number)
        )
        heard, at = hear(sound), round(begin * 100)
        seen.append(bool(heard.pausing()[at - round(gap * 100) : at + 1].any()))
        resumed = np.flatnonzero(heard.quiet[at:] < 0.05)
        back.append((int(resumed[0]) + 1) * 10 if len(resumed) else float("inf"))
    return (
        f"pause of {gap} s, {noise or 'quiet room'} {snr:.0f} dB: seen {sum(seen)} of {count}, "
        f"speech again after {np.median(back):.0f} ms (longest {max(back):.0f})"
    )


def cpu(chunk_ms: int) -> float:
    """Microseconds of processor time for a second of speech, least of five."""
    sound = scene(spoken(5)).sound
    data, size, best = room.pcm(sound), 32 * chunk_ms, float("inf")
    for _ in range(5):
        start = time.process_time()
        endpointer = Endpointer(MICROPHONE)
        for at in range(0, len(data), size):
            endpointer.feed(data[at : at + size])
            _ = endpointer.quiet
        best = min(best, time.process_time() - start)
    return best * 1e6 / room.seconds(sound)


def main() -> None:
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    if "--level-only" in sys.argv:
        endpointer_module._LIBRARY = None
    for row in _speech_rows(*numbers or (48,)):
        print(row, flush=True)
    print(*_other_rows(), *_word_rows(), sep="\n")
    for noise, snr in (("", 0.0), ("white", 10.0), ("pink", 5.0), ("babble", 10.0)):
        print(_clause_row(noise, snr, 0.4))
    for chunk in (10, 32):
        print(f"{chunk}-ms chunks: {cpu(chunk):.0f} us of processor time for a second of sound")


if __name__ == "__main__":
    main()
