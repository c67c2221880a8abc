"""Sessions that end after five seconds lose nothing, and cost nobody more than one handshake.

Both kinds of requests over every door, at a leisurely pace, so that sessions grow old between them, and some
that last longer than the rest of their session's life. Run with `python -m tests.long.expiry`.
"""

import argparse
import asyncio
import random
import sys
import time
from collections.abc import Sequence

from tests.support.figures import say, spread, verdict
from tests.support.house import House, house
from tests.support.traffic import KINDS, Asked, ask, turns
from tests.support.word_engines import NO_DRAFTS
from wyoming_azure_realtime.emulator.faults import Faults

LIFE = 5.0
HANDSHAKE = 0.3
LANES = 6
PACE = 0.25  # seconds that a second of sound takes, either way
TRANSCRIPT = 0.1
LENGTHS = (3, 6, 12, 24)
CLEAN = {"recognition": TRANSCRIPT + 0.05, "synthesis": 0.15}
"""Seconds that a person waits when nothing is in the way, on a machine that does nothing else."""

AGAIN = {"recognition": TRANSCRIPT, "synthesis": 0.0}
"""Seconds lost as well when the session ends just before its transcript, which another must make anew."""


class Run:
    """One house; `asked` is all that was asked."""

    def __init__(self, home: House, until: float, lengths: Sequence[int]) -> None:
        self._home = home
        self._until = until
        self._lengths = lengths
        self._caller = turns([home.wyoming, home.streaming, home.http])
        self.asked: list[Asked] = []

    async def lane(self, number: int) -> None:
        """One person who asks, waits a little, and asks again."""
        chance = random.Random(number)
        while time.monotonic() < self._until:
            pace = 1.0 if chance.random() < 0.2 else PACE
            words = chance.choice(self._lengths)
            one = await ask(chance.choice(KINDS), self._caller(), chance, words=words, pace=pace)
            self.asked.append(one)
            await asyncio.sleep(chance.expovariate(3.0))

    async def progress(self) -> None:
        """Every ten seconds a line."""
        while True:
            await asyncio.sleep(10)
            say(f"{len(self.asked):5} requests, {self._home.upgrades:4} handshakes")


async def run(
    seconds: float,
    life: float = LIFE,
    lengths: Sequence[int] = LENGTHS,
    handshake: float = HANDSHAKE,
    busy: float = 0.0,
) -> list[str]:
    """What was missed. `life` of a session; `lengths` in words; `busy`: seconds that the machine may add."""
    faults = Faults(
        session_seconds=life,
        handshake_ms=handshake * 1000,
        transcript_ms=TRANSCRIPT * 1000,
        first_audio_ms=50,
        generation_pace=PACE,
    )
    async with house(faults=faults, recognition=NO_DRAFTS) as home:
        await home.settled()
        mixed = Run(home, time.monotonic() + seconds, lengths)
        progress = asyncio.create_task(mixed.progress())
        await asyncio.gather(*(mixed.lane(number) for number in range(LANES)))
        progress.cancel()
        say(f"{len(mixed.asked)} requests in {seconds:g} s, {home.upgrades} handshakes")
        return [*judged(mixed.asked, handshake + busy), *home.tracebacks()]


def judged(asked: list[Asked], late: float) -> list[str]:
    """Everything right, and nothing later than by so much."""
    misses = [str(one) for one in asked if not one.right]
    for kind in KINDS:
        limit = CLEAN[kind] + late + AGAIN[kind]
        waits = [one.waited for one in asked if one.kind == kind and one.right]
        say(f"  {kind:11} {len(waits):5} right, waited for: {spread(waits)}")
        misses += [f"a {kind} was waited for {one:.3f} s" for one in waits if one > limit]
    return misses


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=120.0)
    return verdict(asyncio.run(run(parser.parse_args().seconds)))


if __name__ == "__main__":
    sys.exit(main())
