"""How well the embedded backend understands itself: python -m tests.offline.accuracy [VOICE ...].

Commands are spoken by espeak-ng, given a little noise and half a second of room, and recognised.
Synthetic speech only: no recordings of people are measured here.
"""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tests.support.home_commands import COMMANDS, UNSEEN_COMMANDS
from wyoming_azure_realtime.offline.espeak import VOICES, EspeakVoice
from wyoming_azure_realtime.offline.recognizer import Recognizer

NOISE_LSB = 10.0
ROOM_SAMPLES = 12_000
_BYTES_PER_SECOND = 48_000


@dataclass
class Score:
    """What became of the commands that one voice spoke."""

    sentences: int = 0
    exact: int = 0
    words: int = 0
    errors: int = 0
    misheard: list[tuple[str, str]] = field(default_factory=list)

    def add(self, spoken: str, heard: str) -> None:
        spoken, heard = comparable(spoken), comparable(heard)
        self.sentences += 1
        self.words += len(spoken.split())
        self.errors += edits(spoken.split(), heard.split())
        if spoken == heard:
            self.exact += 1
        else:
            self.misheard.append((spoken, heard))

    def __str__(self) -> str:
        exact, errors = self.exact / self.sentences, self.errors / self.words
        return f"{self.exact:4}/{self.sentences} exact ({exact:6.1%}), word error rate {errors:6.1%}"


def comparable(text: str) -> str:
    """One spelling for what sounds the same to whoever acts on it."""
    return text.replace("what's", "what is")


def edits(spoken: list[str], heard: list[str]) -> int:
    """Words to insert, delete or replace to get from one to the other."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(spoken, start=1):
        above, row = row, [i]
        for j, other in enumerate(heard, start=1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (word != other)))
    return row[-1]


def in_a_room(pcm: bytes, seed: int, noise: float = NOISE_LSB) -> bytes:
    """`pcm` with noise on it and around it, as a microphone would have it."""
    speech = np.frombuffer(pcm, "<i2").astype(np.float64)
    sound = np.random.default_rng(seed).normal(0.0, noise, len(speech) + 2 * ROOM_SAMPLES)
    sound[ROOM_SAMPLES:-ROOM_SAMPLES] += speech
    return np.rint(sound).clip(-32768, 32767).astype("<i2").tobytes()


async def spoken(voice: EspeakVoice, text: str, name: str) -> bytes:
    return b"".join([piece async for piece in voice.speak(text, name)])


async def heard(recognizer: Recognizer, pcm: bytes) -> str:
    async with recognizer.utterance() as utterance:
        utterance.feed(pcm)
        return await utterance.finish()


async def start(cache: Path, model: str) -> None:
    began = time.perf_counter()
    async with Recognizer(cache=cache, workers=1) as recognizer:
        await recognizer.ready()
        seconds = time.perf_counter() - began
        say(f"language model {model}: ready after {seconds:.2f} s, {memory(recognizer)}")


async def round_trips(recognizer: Recognizer, commands: Sequence[str], voices: Iterable[str]) -> None:
    voice, total = EspeakVoice(), Score()
    audio_seconds = recognising = 0.0
    for name in voices:
        score = Score()
        for seed, command in enumerate(commands):
            pcm = in_a_room(await spoken(voice, command, name), seed)
            began = time.perf_counter()
            text = await heard(recognizer, pcm)
            recognising += time.perf_counter() - began
            audio_seconds += len(pcm) / _BYTES_PER_SECOND
            score.add(command, text)
            total.add(command, text)
        say(f"{name:10}{score}")
        for command, text in score.misheard:
            say(f"          {command!r} heard as {text!r}")
    voice.close()
    say(f"{'all':10}{total}")
    say(f"recognition takes {recognising / audio_seconds:.3f} s per second of audio, {memory(recognizer)}")


def memory(recognizer: Recognizer) -> str:
    """Resident memory of the workers, where the system tells."""
    try:
        pages = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in recognizer.worker_pids]
    except OSError:
        return "memory unknown"
    size = os.sysconf("SC_PAGE_SIZE") / 2**20
    return "worker resident " + ", ".join(f"{count * size:.0f} MiB" for count in pages)


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


async def main() -> None:
    voices = sys.argv[1:] or list(VOICES)
    say(f"synthetic speech, noise of {NOISE_LSB:g} LSB")
    with tempfile.TemporaryDirectory() as folder:
        await start(Path(folder), "built")
        await start(Path(folder), "from cache")
        async with Recognizer(cache=Path(folder), workers=1) as recognizer:
            say(f"{len(COMMANDS)} usual commands, written together with the sentence templates")
            await round_trips(recognizer, COMMANDS, voices)
            say(f"{len(UNSEEN_COMMANDS)} other commands, written afterwards")
            await round_trips(recognizer, UNSEEN_COMMANDS, voices)


if __name__ == "__main__":
    asyncio.run(main())
