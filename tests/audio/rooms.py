"""How well commands are heard in rooms. `python -m tests.audio.rooms [COMMANDS] [--recordings FOLDER]`.

Prints what noise of six kinds at 20, 10 and 5 dB below the speech does to commands, as a client sends them,
10 ms at a time, over the real service in virtual time, with a stand-in that answers in 450 ms; then what
other sounds do, and what listening costs. FOLDER: recordings of commands spoken by people, mono WAV
files anywhere below it; one with `kitchen` in its name is taken for noise, and what is below a folder
`chimes` for what satellites play. Picovoice/speech-to-intent-benchmark has such recordings. Without any,
espeak-ng speaks. The columns: commands without a text; those whose draft was the answer; whose text was there
30 ms after the audio's end; transcriptions on average and at most; where the server ends the command: within
1.0 s of its last word, before that, and how long after it at the median and in 90 %.
"""

import argparse
import asyncio
import functools
import random
import time
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soxr

from tests.support import room_sounds as room
from tests.support.home_commands import COMMANDS
from tests.support.scripted_channel import ScriptedChannel, new_id, scripted_service, transcribed
from tests.support.virtual_time import run
from wyoming_azure_realtime.audio.endpointer import Endpointer
from wyoming_azure_realtime.audio.pcm import BYTES_PER_SECOND, AudioFormat
from wyoming_azure_realtime.realtime import client_events as client
from wyoming_azure_realtime.settings.model import Recognition, Settings
from wyoming_azure_realtime.speech.requests import RecognitionRequest

MICROPHONE = AudioFormat(16_000, 2, 1)
CHUNK = 320
VOICES = ("en-us", "en-us+m3", "en-us+f2", "en-us+f5", "en-us+klatt3", "en-us+m1")
SPEEDS = (0.8, 1.0, 1.25)
ONE_WORD = ("stop", "off", "yes", "on", "no", "go", "pause", "next")
PAUSE = 0.2
LEVELS = (20.0, 10.0, 5.0)
ANSWER_SECONDS = 0.45
_LEAD, _TAIL, _CLIENT_WAITS = 0.5, 2.5, 0.7
_ROOM_DBFS = -65.0
_TINY = 1e-9


@dataclass(frozen=True)
class Heard:
    """What the endpointer said after every 10 ms."""

    speech: npt.NDArray[np.float64]
    quiet: npt.NDArray[np.float64]
    sound: npt.NDArray[np.float64]

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
        heard.append((endpointer.speech, endpointer.quiet, endpointer.sound))
    speech, quiet, other = np.array(heard).T
    return Heard(speech, quiet, other)


def spoken(number: int, texts: tuple[str, ...] = COMMANDS, dbfs: float = room.SPEECH_DBFS) -> room.Utterance:
    """One of many utterances, in one of many voices and speeds."""
    text, voice = texts[number % len(texts)], VOICES[number % len(VOICES)]
    return room.utterance(text, voice=voice, speed=SPEEDS[number % len(SPEEDS)], dbfs=dbfs)


def scene(
    said: room.Utterance,
    noise: str = "",
    snr: float = 0,
    *,
    seed: int = 0,
    lead: float = _LEAD,
    tail: float = 1.5,
) -> Scene:
    """Speech between two stretches of a quiet room or of noise."""
    length = lead + said.length + tail
    dbfs = 10 * np.log10(np.mean(said.sound.reshape(-1, room.FRAME)[said.audible] ** 2) / 32768.0**2)
    around = room.NOISES[noise](length, dbfs - snr, seed) if noise else room.white(length, _ROOM_DBFS, seed)
    sound = room.placed(length, (lead, said.sound))
    return Scene(said, sound + around[: len(sound)], round(lead * 100))


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


# --- recordings of people


def recorded(path: Path) -> room.Sound:
    """A WAV file of 16 bits, mono, at 16 kHz without its offset. Raises `wave.Error` for others."""
    with wave.open(str(path)) as file:
        if (file.getsampwidth(), file.getnchannels()) != (2, 1):
            raise wave.Error(f"{path} is not 16 bit, mono")
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float64)
        resampled = soxr.resample(samples, file.getframerate(), room.RATE)
    return np.asarray(resampled - resampled.mean())


def without_quiet(sound: room.Sound) -> room.Utterance:
    """From the first to the last word: what is within 26 dB of the loud tenth, for 30 ms at least."""
    levels = room.levels(sound)
    audible = levels > np.percentile(levels, 95) - 26
    steady = np.flatnonzero(np.convolve(audible, np.ones(3), "valid") == 3)
    first, last = steady[0], steady[-1] + 3
    return room.Utterance(sound[first * room.FRAME : last * room.FRAME], audible[first:last])


@dataclass(frozen=True)
class Recordings:
    """What there is to hear: commands, people who talk in the background, a kitchen, chimes."""

    commands: list[room.Utterance]
    chimes: list[room.Sound]


def recordings(folder: Path | None, count: int) -> Recordings:
    """`count` commands of the folder, evenly chosen, or of espeak-ng. Its noises become those of `room`."""
    if folder is None:
        return Recordings([spoken(number) for number in range(count)], [])
    files = [file for file in sorted(folder.rglob("*.wav")) if "chimes" not in file.parts]
    people = [file for file in files if "kitchen" not in file.name]
    kitchens = [recorded(file) for file in files if "kitchen" in file.name]
    others = [without_quiet(recorded(file)).sound for file in people[1 :: max(1, len(people) // 24)]]
    if kitchens:
        room.NOISES["kitchen"] = functools.partial(_stretch_of, kitchens[0])
    room.NOISES["babble"] = functools.partial(_crowd, others)
    chimes = [recorded(file) for file in sorted(folder.rglob("chimes/*.wav"))]
    return Recordings(
        [without_quiet(recorded(file)) for file in people[:: len(people) // count][:count]], chimes
    )


def _stretch_of(sound: room.Sound, length: float, dbfs: float, seed: int = 0) -> room.Sound:
    count = round(length * room.RATE)
    start = random.Random(seed).randrange(len(sound) - count)
    return room.at_level(sound[start : start + count], dbfs)


def _crowd(people: list[room.Sound], length: float, dbfs: float, seed: int = 0) -> room.Sound:
    """Six of them at a time, each over and over."""
    chance, count = random.Random(seed), round(length * room.RATE)
    talk = [room.at_level(one, -26) for one in chance.sample(people, min(6, len(people)))]
    shifted = [np.resize(np.roll(one, chance.randrange(len(one))), count) for one in talk]
    return room.at_level(np.sum(shifted, axis=0), dbfs)


# --- over the whole service


@dataclass(frozen=True)
class Outcome:
    """Of one recording: when the transcript came, and when the client stopped, in seconds; what it cost."""

    text: str
    came: float
    stopped: float
    ended: bool  # by the server
    requests: int
    asked_after_stop: int
    sessions: int
    sent: float


class Listener:
    """A service that hears one word in every 0.4 s of speech between `begin` and `end`, in seconds."""

    def __init__(self, begin: float, end: float) -> None:
        self._begin, self._end = begin, end

    def __call__(self, channel: ScriptedChannel, event: client.ClientEvent) -> None:
        if isinstance(event, client.InputAudioBufferCommit):
            before = getattr(channel, "committed_bytes", 0)
            seconds = (channel.audio_bytes - before) / BYTES_PER_SECOND
            channel.committed_bytes = channel.audio_bytes  # type: ignore[attr-defined]
            words = round(max(0.0, min(seconds, self._end) - self._begin) / 0.4 + 0.4)
            text = " ".join(f"word{number}" for number in range(words))
            channel.says(*transcribed(text, new_id()), after=ANSWER_SECONDS)


async def outcome(sound: room.Sound, listener: Listener, *, server_ends: bool) -> Outcome:
    """One recording in virtual real time, until the client stops or the server has answered."""
    settings = Settings(recognition=Recognition(requires_external_vad=not server_ends))
    data, loop = room.pcm(sound), asyncio.get_running_loop()
    async with scripted_service(listener, settings) as running:
        await asyncio.sleep(1.0)
        async with running.service.recognize(RecognitionRequest("test")) as utterance:
            utterance.begin(MICROPHONE)
            last = asyncio.create_task(_last(utterance.results()))
            begun = loop.time()
            for at in range(0, len(data), CHUNK):
                await asyncio.sleep(begun + (at + CHUNK) / 32_000 - loop.time())
                if last.done():
                    break
                utterance.write(data[at : at + CHUNK])
            stopped, asked = loop.time() - begun, running.requests
            ended = last.done()
            utterance.finish()
            text = await last
            came = loop.time() - begun
        (turn,) = running.turns
        opened = running.opener.attempts
    asked = running.requests - asked
    return Outcome(text, came, stopped, ended, turn.requests, asked, opened, turn.sent_seconds)


async def _last(results: object) -> str:
    text = ""
    async for result in results:  # type: ignore[attr-defined]
        text = result.text
    return text


def _row(name: str, scenes: list[Scene]) -> str:
    hits, prompt, ends, early, late, missed, requests, worst = 0, 0, [], 0, 0, 0, 0, 0
    for each in scenes:
        begin, end = each.begin / 100, each.end / 100
        listener = Listener(begin, end)
        short = each.sound[: round((end + _CLIENT_WAITS) * room.RATE)]
        waited = run(outcome(short, listener, server_ends=False))
        hits += waited.asked_after_stop == 0 and bool(waited.text)
        prompt += waited.came - waited.stopped <= 0.03 and bool(waited.text)
        missed += not waited.text
        requests += waited.requests
        worst = max(worst, waited.requests)
        ended = run(outcome(each.sound, listener, server_ends=True))
        early += ended.came < end - 0.1
        late += ended.came - end > 1.0
        ends.append(ended.came - end)
    count = len(scenes)
    return (
        f"{name:<16}{missed:>7}{hits / count:>8.0%}{prompt / count:>8.0%}{requests / count:>8.2f}{worst:>5}"
        f"{1 - (late + early) / count:>10.0%}{early:>7}"
        f"{np.median(ends):>8.2f} s{np.percentile(ends, 90):>6.2f} s"
    )


def command_rows(commands: list[room.Utterance], levels: tuple[float, ...] = LEVELS) -> Iterator[str]:
    """The table: a row for each noise and level."""
    yield (
        f"{'':<16}{'missed':>7}{'drafts':>8}{'<30 ms':>8}{'asked':>8}{'most':>5}{'end<1 s':>10}{'early':>7}"
        f"{'end':>10}{'90 %':>8}"
    )
    yield _row("quiet room", [scene(said, seed=n, tail=_TAIL) for n, said in enumerate(commands)])
    for noise in room.NOISES:
        for snr in levels:
            scenes = [scene(said, noise, snr, seed=n, tail=_TAIL) for n, said in enumerate(commands)]
            yield _row(f"{noise} {snr:.0f} dB", scenes)


def other_sounds(chimes: list[room.Sound]) -> Iterator[tuple[str, room.Sound]]:
    """What must not end a command: each with a quiet room before and after it."""
    for seed in range(12):
        level = -10.0 - 3 * seed
        kinds = {"click": room.click, "cough": room.cough, "slam": room.slam, "keyboard": room.keyboard}
        for name, make in kinds.items():
            bang = room.placed(6, (0.5 + seed / 40, make(level, seed)))
            yield name, bang + room.white(6, _ROOM_DBFS, seed)
        for hertz in (440.0, 1000.0):
            tone = room.tone(0.1 + seed / 12, level, hertz)
            yield "tone", room.placed(6, (0.5, tone)) + room.white(6, _ROOM_DBFS, seed)
    for number, chime in enumerate(chimes * 12):
        sound = room.at_level(chime, -20.0 - 2 * (number // max(1, len(chimes))))
        yield "chime", room.placed(8, (0.1, sound)) + room.white(8, _ROOM_DBFS, number)
    for name, noise in room.NOISES.items():
        if name != "babble":
            for seed in range(8):
                for dbfs in (-30, -45, -60):
                    yield f"only {name}", noise(8, dbfs, seed)


def other_rows(chimes: list[room.Sound]) -> Iterator[str]:
    """How often each of these ended a command that the server ends, and how often it was transcribed."""
    seen: dict[str, list[Outcome]] = {}
    for name, sound in other_sounds(chimes):
        invents = Listener(0, room.seconds(sound))  # whatever it gets
        seen.setdefault(name, []).append(run(outcome(sound, invents, server_ends=True)))
    for name, each in seen.items():
        ended = sum(one.ended for one in each)
        paid = sum(one.requests for one in each)
        yield f"{name:<16}{len(each):>5} sounds: {ended} ended a command, {paid} transcriptions"


def cpu(sound: room.Sound) -> float:
    """Milliseconds of processor time for a second of sound in chunks of 10 ms, least of three."""
    data, best = room.pcm(sound), float("inf")
    for _ in range(3):
        start, endpointer = time.process_time(), Endpointer(MICROPHONE)
        for at in range(0, len(data), CHUNK):
            endpointer.feed(data[at : at + CHUNK])
        best = min(best, time.process_time() - start)
    return best * 1e3 / room.seconds(sound)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("commands", type=int, nargs="?", default=8)
    parser.add_argument("--recordings", type=Path)
    parser.add_argument("--levels", type=float, nargs="+", default=LEVELS)
    asked = parser.parse_args()
    found = recordings(asked.recordings, asked.commands)
    for row in (*command_rows(found.commands, tuple(asked.levels)), *other_rows(found.chimes)):
        print(row, flush=True)
    costs = {
        "silence": room.white(5, _ROOM_DBFS),
        "speech": scene(found.commands[0]).sound,
        **{name: noise(5, -30, 0) for name, noise in room.NOISES.items()},
    }
    print(
        *(f"{name}: {cpu(sound):.1f} ms of processor time for a second" for name, sound in costs.items()),
        sep="\n",
    )


if __name__ == "__main__":
    main()
