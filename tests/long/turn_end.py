"""How soon the transcript is there when the audio stops, and what that costs.

Utterances as Home Assistant sends them: 16 kHz, 10 ms at a time, in real time, with its 0.7 s of quiet at
the end; to a service that needs a fixed time from a commit to its transcript. The same with drafts and
without, in turns, for all patterns of speech and noise: the text must be that of one uninterrupted
recognition, and there may be one more commit per real pause. Run with `python -m tests.long.turn_end`.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Collection, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import numpy as np

from tests.support.callers import Line, connected
from tests.support.figures import median, say, spread, verdict
from tests.support.house import House, house
from tests.support.room_sounds import Sound, at_level, cough, pcm, white
from tests.support.spoken_words import (
    FIRST_CLAUSE,
    MISHEARD,
    ONE_WORD,
    SECOND_CLAUSE,
    speech,
    spoken_engines,
    text_of,
    words_in,
)
from wyoming_azure_realtime.emulator.faults import Faults

RATE = 16_000
STEP = RATE // 100 * 2
QUIET = 700
"""Milliseconds that Home Assistant waits for more."""

COMMIT = "input_audio_buffer.commit"
CLAUSES = f"{FIRST_CLAUSE} {SECOND_CLAUSE}"
LIMITS = {450: 0.05, 500: 0.06}
"""Seconds from the audio's end to the transcript, at most, at the median: by the service's milliseconds."""


@dataclass(frozen=True)
class Pattern:
    """What is said. `pauses`: real ones, the last one included. `prompt`: the limits are meant for it."""

    sound: bytes
    text: str
    pauses: int = 1
    prompt: bool = True


@dataclass
class Seen:
    """Of one pattern: seconds from audio-stop to transcript, commits, and texts that are not right."""

    seconds: list[float] = field(default_factory=list)
    commits: list[int] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def patterns() -> Mapping[str, Pattern]:
    """By name."""
    command = speech(FIRST_CLAUSE, before=300, after=QUIET)
    return {
        "speech": Pattern(command, text_of(FIRST_CLAUSE.split())),
        "one word": Pattern(speech(ONE_WORD, before=300, after=QUIET), text_of([ONE_WORD])),
        **{f"pause of {pause / 1000:g} s": _clauses(pause) for pause in (400, 800, 1500)},
        "speech, 10 dB": _noisy(command, 10),
        "speech, 5 dB": _noisy(command, 5),
        "speech to the end": Pattern(
            speech(FIRST_CLAUSE, before=300), text_of(FIRST_CLAUSE.split()), prompt=False
        ),
        "cough": Pattern(_padded(cough(seed=1)), "", prompt=False),
        "noise of 2 s": Pattern(pcm(white(2.0, dbfs=-35, seed=2)), "", pauses=0, prompt=False),
        "noise of 10 s": Pattern(pcm(white(10.0, dbfs=-35, seed=2)), "", pauses=0, prompt=False),
        "silence": Pattern(bytes(RATE * 2 * 3), "", pauses=0),
    }


def _clauses(pause: int) -> Pattern:
    words = CLAUSES.split()
    pauses = [60] * (len(words) - 1)
    pauses[len(FIRST_CLAUSE.split()) - 1] = pause
    return Pattern(speech(words, pauses, before=300, after=QUIET), text_of(words), pauses=2)


def _noisy(command: bytes, decibels: float) -> Pattern:
    """Steady white, so many decibels below the speech; the text is what can be heard of it as a whole."""
    clean = np.frombuffer(command, "<i2").astype(np.float64)
    spoken = clean[np.abs(clean) > 50]
    level = 20 * np.log10(np.sqrt(np.mean(spoken**2)) / 32768) - decibels
    sound = pcm(clean + white(len(clean) / RATE, dbfs=level, seed=3))
    return Pattern(sound, text_of(words_in(sound, RATE)))


def _padded(sound: Sound) -> bytes:
    return pcm(np.concatenate([np.zeros(RATE // 2), at_level(sound, -26), np.zeros(RATE * 7 // 10)]))


class Run:
    """Two houses with the same service: one with drafts, one without."""

    def __init__(self, drafting: House, waiting: House) -> None:
        self._houses = {"with drafts": drafting, "without": waiting}

    async def each(self, pattern: Pattern, count: int) -> Mapping[str, Seen]:
        """The pattern so many times, in turns."""
        seen = {name: Seen() for name in self._houses}
        for _ in range(count):
            for name, home in self._houses.items():
                await self._one(home, pattern, seen[name])
        return seen

    async def _one(self, home: House, pattern: Pattern, seen: Seen) -> None:
        before = _commits(home)
        async with connected(home.wyoming.port) as line:
            text, seconds = await utter_live(line, pattern.sound)
        seen.seconds.append(seconds)
        seen.commits.append(_commits(home) - before)
        if text != pattern.text:
            seen.wrong.append(text)


async def utter_live(line: Line, sound: bytes) -> tuple[str, float]:
    """One utterance in real time; its transcript, and the seconds from the audio's end to it."""
    form = {"rate": RATE, "width": 2, "channels": 1}
    await line.send("transcribe", {"language": "en"})
    await line.send("audio-start", form)
    begun = time.monotonic()
    for place in range(0, len(sound), STEP):
        await asyncio.sleep(begun + place / (2 * RATE) - time.monotonic())
        await line.send("audio-chunk", form, sound[place : place + STEP])
    await line.send("audio-stop")
    stopped = time.monotonic()
    event = await line.until("transcript")
    return event.data["text"], time.monotonic() - stopped


def _commits(home: House) -> int:
    return sum(session.counts[COMMIT] for session in home.server.record.sessions)


def judged(name: str, pattern: Pattern, needs: int, seen: Mapping[str, Seen]) -> list[str]:
    """What contradicts the criterion."""
    drafts, waits = seen["with drafts"], seen["without"]
    misses = [f"{name}: {mode} heard {text!r}" for mode, what in seen.items() for text in what.wrong]
    if pattern.prompt and median(drafts.seconds) > LIMITS.get(needs, 1.0):
        misses.append(f"{name}: {median(drafts.seconds) * 1000:.0f} ms until the transcript")
    if median(drafts.seconds) > median(waits.seconds) + 0.02:
        misses.append(f"{name}: later than without drafts")
    if max(drafts.commits) > 1 + pattern.pauses:
        misses.append(f"{name}: {max(drafts.commits)} commits for {pattern.pauses} pauses")
    return misses


async def run(needs: int, count: int, model: str = "whisper-1", *, chosen: Collection[str] = ()) -> list[str]:
    """What was missed with a service that needs so many milliseconds. `chosen`: patterns, or else all."""
    misses: list[str] = []
    async with AsyncExitStack() as stack:
        both = [
            await stack.enter_async_context(
                house(
                    faults=Faults(transcript_ms=needs),
                    engines=spoken_engines(MISHEARD),
                    recognition={"draft_after": draft},
                    model=model,
                )
            )
            for draft in (0.2, 0.0)
        ]
        for home in both:
            await home.settled()
        say(f"{model}, which needs {needs} ms for a transcript")
        for name in chosen or patterns():
            pattern = patterns()[name]
            seen = await Run(*both).each(pattern, count)
            for mode, what in seen.items():
                say(f"  {name:16} {mode:11} {spread(what.seconds)}  commits {what.commits[0]}")
            misses += judged(name, pattern, needs, seen)
    return misses


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--needs", type=int, nargs="+", default=[450, 500])
    parser.add_argument("--utterances", type=int, default=20, help="of each pattern")
    parser.add_argument("--model", default="whisper-1")
    asked = parser.parse_args()
    misses = [asyncio.run(run(needs, asked.utterances, asked.model)) for needs in asked.needs]
    return verdict([miss for some in misses for miss in some])


if __name__ == "__main__":
    sys.exit(main())
