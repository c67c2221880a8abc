"""Thousands of requests, with faults and clients that vanish among them, leave the program as it was.

After every thousand the house falls quiet, so that surplus sessions are let go; then what the program holds
is counted. After the first thousand it must hold the same every time. Its memory may settle by a few MiB, as
an allocator's does, but must not grow in the second half.
Run with `python -m tests.long.soak`.
"""

import argparse
import asyncio
import random
import sys
import time

import msgspec

from tests.long.fault_mix import trouble
from tests.support.eventually import eventually
from tests.support.figures import say, verdict
from tests.support.house import POOL_THREADS, House, Vitals, house
from tests.support.traffic import KINDS, Asked, ask, in_lanes, turns
from tests.support.word_engines import NO_DRAFTS
from wyoming_azure_realtime.emulator.faults import NO_FAULTS, Fault, Faults

LANES = 12
VANISHING = 0.1
TROUBLE = 0.2  # of what `fault_mix` has of each: one in a hundred
COOL = 2.0
CHANGE_SECONDS = 0.25
WARM = 2
"""Sessions in a quiet house."""

SETTLING, GROWTH = 10 << 20, 2 << 20
"""Bytes by which memory may rise after the first sample, while rare paths are trodden; in the second half."""

IMPATIENT = {"first_audio": 1.0, "between_audio": 1.0, "transcript": 1.0}


class Run:
    """Requests of one house."""

    def __init__(self, home: House) -> None:
        self._home = home
        self._chance = random.Random(11)
        self._caller = turns([home.wyoming, home.streaming, home.http])
        self.vanished = 0
        self.misses: list[str] = []

    async def some(self, count: int) -> None:
        """So many requests amid trouble."""
        changing = asyncio.create_task(self._keep_changing())
        async for over in in_lanes(count, LANES, self._ask):
            self.misses += [str(one) for one in over if not one.right]
        changing.cancel()
        self._home.server.faults = NO_FAULTS

    async def quiet(self) -> Vitals:
        """What the program holds when nobody has asked for a while."""
        await eventually(lambda: self._home.open_sessions == WARM)
        await asyncio.sleep(0.5)  # connections of clients that have gone, to the last
        return await self._home.vitals()

    async def _keep_changing(self) -> None:
        while True:
            self._home.server.faults = rarer(trouble(self._chance))
            await asyncio.sleep(CHANGE_SECONDS)

    async def _ask(self, number: int) -> Asked:
        kind, pace = KINDS[number % 2], self._chance.choice((0.0, 0.1))
        asking = asyncio.create_task(ask(kind, self._caller(), self._chance, words=3, pace=pace))
        if self._chance.random() >= VANISHING:
            return await asking
        await asyncio.wait([asking], timeout=self._chance.uniform(0, 0.15))
        self.vanished += not asking.done()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        return Asked(kind, time.monotonic())


def rarer(faults: Faults) -> Faults:
    """The same with `TROUBLE` as much chance."""
    chances = {
        name: msgspec.structs.replace(fault, probability=fault.probability * TROUBLE)
        for name in faults.__struct_fields__
        if isinstance(fault := getattr(faults, name), Fault)
    }
    return msgspec.structs.replace(faults, **chances)


def judged(seen: list[Vitals]) -> list[str]:
    """What is not as it was at first."""
    first, misses = seen[0], list[str]()
    half = seen[len(seen) // 2]
    for then, limit in ((first, SETTLING), (half, GROWTH)):
        if seen[-1].memory - then.memory > limit:
            misses.append(f"memory grew from {then.memory >> 10} to {seen[-1].memory >> 10} KiB")
    for number, vitals in enumerate(seen[1:], start=2):
        for name in ("files", "threads", "tasks"):
            now, then = getattr(vitals, name), getattr(first, name)
            # threads of pools start with the first work for them
            if now > then + (POOL_THREADS if name == "threads" else 0):
                misses.append(f"sample {number}: {now} {name} instead of {then} ({vitals.task_names})")
    return misses


async def run(requests: int, *, each: int = 1000, cool: float = COOL, unjudged: int = 0) -> list[str]:
    """What was missed. `unjudged`: samples at the beginning, where not all tables of languages are loaded."""
    async with house(
        deadlines=IMPATIENT,
        pool={"max_idle": cool},
        recognition=NO_DRAFTS,
    ) as home:
        await home.settled()
        soak, seen, began = Run(home), list[Vitals](), time.monotonic()
        say("requests  seconds  memory KiB  files  threads  tasks  vanished  handshakes")
        for total in range(each, requests + 1, each):
            await soak.some(each)
            seen.append(vitals := await soak.quiet())
            say(
                f"{total:8} {time.monotonic() - began:8.0f} {vitals.memory >> 10:11} {vitals.files:6}"
                f" {vitals.threads:8} {vitals.tasks:6} {soak.vanished:9} {home.upgrades:11}"
            )
            soak.misses += home.tracebacks()
            home.program.log.clear()  # it would grow
        return [*soak.misses, *judged(seen[unjudged:])]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=20_000)
    return verdict(asyncio.run(run(parser.parse_args().requests)))


if __name__ == "__main__":
    sys.exit(main())
