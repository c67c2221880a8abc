"""How well the embedded backend understands: python -m tests.offline.accuracy [options] [VOICE ...].

Commands are spoken by hibari or espeak-ng, given a little noise and half a second of room, and
recognised. With `--recordings FOLDER`, recordings of people are: 16-bit WAV files, and beside them
`label.json`, which has for each file what is said, or an object whose `slots` are what has to be in the
text. None come with this project.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
import wave
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tests.support.home_commands import COMMANDS, UNSEEN_COMMANDS, plain
from wyoming_azure_realtime.audio.pcm import AudioFormat
from wyoming_azure_realtime.audio.samples import StreamResampler
from wyoming_azure_realtime.offline.choice import RecognizerChoice, choose_recognizer
from wyoming_azure_realtime.offline.espeak import VOICES, EspeakVoice
from wyoming_azure_realtime.offline.recognizer import Recognizer
from wyoming_azure_realtime.offline.voices import MachineVoices, machine_voices
from wyoming_azure_realtime.settings.model import Embedded

NOISE_LSB = 10.0
ROOM_SAMPLES = 12_000


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


def with_noise(pcm: bytes, noise: bytes, decibels: float, seed: int) -> bytes:
    """Sound and a stretch of noise beneath it, so many decibels under the louder half of the sound."""
    sound, room = (np.frombuffer(part, "<i2").astype(np.float64) for part in (pcm, noise))
    start = int(np.random.default_rng(seed).integers(0, max(1, len(room) - len(sound))))
    beneath = np.resize(room[start : start + len(sound)], len(sound))
    levels = np.square(sound[: len(sound) // 480 * 480].reshape(-1, 480)).mean(axis=1)
    loud = float(np.mean(levels[levels >= np.median(levels)]))
    factor = np.sqrt(loud / 10 ** (decibels / 10) / max(1.0, float(np.mean(np.square(beneath)))))
    mixed: bytes = np.rint(sound + factor * beneath).clip(-32768, 32767).astype("<i2").tobytes()
    return mixed


def read_wav(path: Path) -> bytes:
    """24 kHz PCM16 mono."""
    with wave.open(str(path)) as file:
        source = AudioFormat(file.getframerate(), file.getsampwidth(), file.getnchannels())
        resampler = StreamResampler(source)
        return resampler.process(file.readframes(file.getnframes())) + resampler.flush()


def holds(said: object, heard: str) -> bool:
    """Whether a text has what a label asks for."""
    slots = said["slots"].values() if isinstance(said, dict) else ()
    return all(plain(str(slot)) in heard for slot in slots)


async def spoken(voice: MachineVoices, text: str, name: str) -> bytes:
    return b"".join([piece async for piece in voice.speak(text, name)])


async def heard(recognizer: Recognizer, pcm: bytes) -> str:
    async with recognizer.utterance() as utterance:
        utterance.feed(pcm)
        return await utterance.finish()


async def start(cache: Path, model: str, choice: RecognizerChoice) -> None:
    began = time.perf_counter()
    async with Recognizer(cache=cache, workers=1, choice=choice) as recognizer:
        await recognizer.ready()
        seconds = time.perf_counter() - began
        say(f"{choice.name}, model of the home {model}: ready after {seconds:.2f} s, {memory(recognizer)}")


async def round_trips(
    recognizer: Recognizer, voice: MachineVoices, commands: Sequence[str], voices: Iterable[str]
) -> None:
    total = Score()
    for name in voices:
        score = Score()
        for seed, command in enumerate(commands):
            text = plain(await heard(recognizer, in_a_room(await spoken(voice, command, name), seed)))
            score.add(command, text)
            total.add(command, text)
        say(f"{name:10}{score}")
        for command, text in score.misheard:
            say(f"          {command!r} heard as {text!r}")
    say(f"{'all':10}{total}, {memory(recognizer)}")


async def people(recognizer: Recognizer, folder: Path, noise: Path | None, decibels: float) -> None:
    """Recordings of people, as they are or with noise."""
    labels: dict[str, object] = json.loads((folder / "label.json").read_text())
    room = b"" if noise is None else read_wav(noise)
    score, slots, right, cpu, walls = Score(), 0, 0, 0.0, []
    for seed, (name, said) in enumerate(sorted(labels.items())):
        if not (path := folder / name).exists():
            continue
        pcm = read_wav(path)
        pcm = with_noise(pcm, room, decibels, seed) if room else pcm
        before, began = used(recognizer), time.perf_counter()
        text = plain(await heard(recognizer, pcm))
        walls.append(time.perf_counter() - began)
        cpu += used(recognizer) - before
        if isinstance(said, str):
            score.add(plain(said), text)
        else:
            slots += 1
            right += holds(said, text)
    if score.sentences:
        say(f"people: {score}")
        for sentence, text in score.misheard:
            say(f"          {sentence!r} heard as {text!r}")
    if slots:
        say(f"people: all that was ordered is in {right} of {slots} texts ({right / slots:.1%})")
    say(
        f"CPU {cpu / len(walls):.2f} s for a recording, {np.median(walls):.2f} s (median) and"
        f" {np.percentile(walls, 95):.2f} s (p95) until the text, {memory(recognizer)}"
    )


def used(recognizer: Recognizer) -> float:
    """Seconds of CPU that the workers have used."""
    ticks = os.sysconf("SC_CLK_TCK")
    fields = (
        Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in recognizer.worker_pids
    )
    return sum((int(found[11]) + int(found[12])) / ticks for found in fields)


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
    sys.stdout.flush()


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recognizer", choices=("auto", "whisper", "pocketsphinx"), default="auto")
    parser.add_argument("--voice", choices=("best", "espeak"), default="best")
    parser.add_argument("--recordings", type=Path)
    parser.add_argument("--noise", type=Path, help="a WAV file, to be put beneath the recordings")
    parser.add_argument("--decibels", type=float, default=10.0, help="of speech over noise")
    parser.add_argument("voices", nargs="*", default=list(VOICES))
    args = parser.parse_args()
    choice = choose_recognizer(Embedded(recognizer=args.recognizer))
    with tempfile.TemporaryDirectory() as folder:
        await start(Path(folder), "built", choice)
        await start(Path(folder), "from cache", choice)
        async with Recognizer(cache=Path(folder), workers=1, choice=choice) as recognizer:
            if args.recordings is not None:
                await recognizer.ready()
                await people(recognizer, args.recordings, args.noise, args.decibels)
                return
            voice = MachineVoices(None, EspeakVoice()) if args.voice == "espeak" else machine_voices()[0]
            assert voice is not None
            say(f"{len(COMMANDS)} usual commands, written together with the sentence templates")
            await round_trips(recognizer, voice, COMMANDS, args.voices)
            say(f"{len(UNSEEN_COMMANDS)} other commands, written afterwards")
            await round_trips(recognizer, voice, UNSEEN_COMMANDS, args.voices)
            voice.close()


if __name__ == "__main__":
    asyncio.run(main())
