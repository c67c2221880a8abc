"""What it brings to tell the embedded backend names: python -m tests.offline.names [VOICE ...].

Commands with made-up names, spoken by espeak-ng, are recognised with and without the names as keywords;
ordinary commands with and without ten keywords that have nothing to do with them; and what is no speech with
them. Synthetic speech only.
"""

import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tests.offline.accuracy import Score, in_a_room, say
from tests.support.home_commands import COMMANDS, UNSEEN_COMMANDS
from wyoming_azure_realtime.audio.pcm import AudioFormat
from wyoming_azure_realtime.audio.samples import StreamResampler
from wyoming_azure_realtime.offline.decoder import Decoder
from wyoming_azure_realtime.offline.espeak import SAMPLE_RATE, VOICES, engine

NAMES = (
    "Zorbin lamp",
    "Quixel fan",
    "Brimlow",
    "Tavento heater",
    "Ostrava corner",
    "Fennix light",
    "Mardukai",
    "Glimmerstone",
    "Pellworm blinds",
    "Yondabar",
)
SAYINGS = (
    "turn on the {}",
    "turn off the {}",
    "is the {} on",
    "turn the {} off",
    "turn on the light in the {}",
)
DEFAULT_VOICES = ("alloy", "echo", "sage", "marin")
RATE = 24_000
Sound = tuple[str, bytes]


def spoken(text: str, voice: str, seed: int) -> bytes:
    """The text in a room."""
    resampler = StreamResampler(AudioFormat(SAMPLE_RATE, 2, 1))
    pcm = engine().synthesize(text, VOICES[voice])
    return in_a_room(resampler.process(pcm) + resampler.flush(), seed)


def named(voices: Iterable[str]) -> Iterator[Sound]:
    """Every name in every saying."""
    for voice in voices:
        for seed, name in enumerate(NAMES):
            for saying in SAYINGS:
                text = saying.format(name)
                yield text.lower(), spoken(text, voice, seed)


def ordinary(voices: Iterable[str]) -> Iterator[Sound]:
    """Every usual command."""
    for voice in voices:
        for seed, text in enumerate((*COMMANDS, *UNSEEN_COMMANDS)):
            yield text, spoken(text, voice, seed)


def nonspeech() -> Iterator[Sound]:
    """Silence, hiss, coughs, knocks, hums and a mixture; nothing is said."""
    chance = np.random.default_rng(3)
    time_axis = np.arange(3 * RATE) / RATE
    room = chance.normal(0, 10, len(time_axis))
    for level in (0.0, 10.0, 300.0, 3000.0):
        yield "", _pcm(chance.normal(0, 1, len(time_axis)) * level)
    for count in range(1, 11):
        bursts = sum(
            (
                np.exp(-np.maximum(0, time_axis - start) * 12) * (time_axis > start)
                for start in chance.uniform(0.3, 2.5, count % 4 + 1)
            ),
            np.zeros(1),
        )
        yield "", _pcm(room + bursts * chance.normal(0, 4000, len(time_axis)))
    for pitch in (100, 180, 440):
        wobble = 1 + np.sin(2 * np.pi * 3 * time_axis)
        yield "", _pcm(room + 2000 * wobble * np.sign(np.sin(2 * np.pi * pitch * time_axis)))


def _pcm(samples: np.ndarray) -> bytes:
    clipped: npt.NDArray[np.int16] = np.rint(samples).clip(-32768, 32767).astype("<i2")
    return clipped.tobytes()


def measured(decoder: Decoder, sounds: Sequence[Sound], names: tuple[str, ...], what: str) -> Score:
    """Recognise all, expecting the names; say how it went."""
    score, wrong_names, times = Score(), 0, []
    for text, pcm in sounds:
        began = time.process_time()
        heard = decoder.transcribe(pcm, names).lower()
        times.append(time.process_time() - began)
        score.add(text, heard)
        wrong_names += any(name.lower() in heard and name.lower() not in text for name in NAMES)
    took = 1000 * float(np.median(times))
    with_names = f"with {len(names)} names" if names else "without names"
    say(f"{what}, {with_names}: {score}; wrong names in {wrong_names}; {took:.0f} ms of CPU (median)")
    return score


def noises(decoder: Decoder, names: tuple[str, ...]) -> None:
    """Say how often something is heard where nobody speaks."""
    heard = [decoder.transcribe(pcm, names).lower() for _, pcm in nonspeech()]
    count = sum(any(name.lower() in text for name in NAMES) for text in heard)
    say(f"no speech, {len(names)} names: text in {sum(map(bool, heard))} of {len(heard)}, names in {count}")


def switching(decoder: Decoder) -> None:
    """Say what it costs to tell other names: new ones, and some told before."""
    sets = [tuple(f"{name} {word}" for name in NAMES) for word in ("gadget", "widget")]
    for what, names in (("new", sets[0]), ("new", sets[1]), ("known", sets[0]), ("known", sets[1])):
        before = time.perf_counter()
        decoder.transcribe(spoken("stop", "alloy", 1), names)
        between = time.perf_counter()
        decoder.transcribe(spoken("stop", "alloy", 1), names)
        extra = 1000 * (2 * between - before - time.perf_counter())
        say(f"telling ten {what} names costs {extra:.0f} ms")


def main() -> None:
    voices = sys.argv[1:] or DEFAULT_VOICES
    with tempfile.TemporaryDirectory() as folder:
        decoder = Decoder(cache=Path(folder))
        for what, sounds in (
            ("made-up names", list(named(voices))),
            ("ordinary commands", list(ordinary(voices))),
        ):
            for names in ((), NAMES):
                score = measured(decoder, sounds, names, what)
                for said, heard in score.misheard[:8] if names else ():
                    say(f"    {said!r} heard as {heard!r}")
        for names in ((), NAMES):
            noises(decoder, names)
        switching(decoder)


if __name__ == "__main__":
    main()
