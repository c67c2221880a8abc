"""Nobody waits for a handshake while the house is as busy as ever; a burst waits for one at most.

The service takes 300 ms to accept a connection and answers at the pace of a real one. After a few requests to
warm up, utterances each way, one after the other: none of them may wait for a handshake, and none may even be
made. Then twenty at once, of both kinds and of each: no more than one handshake may be waited for. After such
a burst, and again after the pool has cooled, the next ones must find a session each.
Run with `python -m tests.long.steady`.
"""

import argparse
import asyncio
import random
import sys
from collections.abc import Sequence

from tests.support.figures import median, say, spread, verdict
from tests.support.house import House, house
from tests.support.traffic import KINDS, Asked, Kind, ask, turns
from tests.support.word_engines import NO_DRAFTS
from wyoming_azure_realtime.emulator.faults import Faults

HANDSHAKE = 0.3
PACE = 0.25  # seconds that a second of sound takes, either way
COOL = 1.0
BURSTS = (KINDS * 10, KINDS[:1] * 20, KINDS[1:] * 20)
FEW = 4  # sessions, in a house where nobody has asked for anything for a while


class Run:
    """One house; `misses` is what contradicts the criterion."""

    def __init__(self, home: House) -> None:
        self._home = home
        self._chance = random.Random(1)
        self._caller = turns([home.wyoming, home.streaming, home.http])
        self._usual: dict[Kind, float] = {}
        self.misses: list[str] = []

    async def warm_up(self, count: int) -> None:
        """Take the times of requests that wait for nothing."""
        await self._home.settled()
        for kind in KINDS:
            self._usual[kind] = median([(await self._ask(kind)).waited for _ in range(count)])

    async def one_by_one(self, name: str, count: int) -> None:
        """Both kinds in turn; none may wait."""
        before = self._home.upgrades
        asked = [await self._ask(kind) for _ in range(count) for kind in KINDS]
        upgrades = self._home.upgrades - before
        say(f"{name}: {len(asked)} requests, {upgrades} handshakes meanwhile")
        self._judge(name, asked, HANDSHAKE)
        if upgrades:
            self.misses.append(f"{name}: {upgrades} handshakes were made")

    async def at_once(self, kinds: Sequence[Kind]) -> None:
        """All of them; none may wait for two handshakes."""
        name = f"{len(kinds)} at once ({' and '.join(sorted(set(kinds)))})"
        before = self._home.upgrades
        asked = await asyncio.gather(*(self._ask(kind) for kind in kinds))
        say(f"{name}: {self._home.upgrades - before} handshakes meanwhile")
        self._judge(name, asked, 2 * HANDSHAKE)
        await asyncio.sleep(2 * HANDSHAKE)  # what the pool may take to put itself in order

    async def cool(self) -> None:
        """Nobody asks for longer than sessions are kept idle."""
        await asyncio.sleep(COOL + 1)
        say(f"after {COOL + 1:g} s of quiet, {COOL:g} s being idle: {self._home.open_sessions} sessions open")
        if self._home.open_sessions > FEW:
            self.misses.append(f"{self._home.open_sessions} sessions are kept for nobody")

    async def _ask(self, kind: Kind) -> Asked:
        return await ask(kind, self._caller(), self._chance, pace=PACE)

    def _judge(self, name: str, asked: Sequence[Asked], limit: float) -> None:
        self.misses += [f"{name}: {one}" for one in asked if not one.right]
        for kind in KINDS:
            added = [one.waited - self._usual[kind] for one in asked if one.kind == kind]
            if not added:
                continue
            say(f"  {kind:11} added to {self._usual[kind] * 1000:3.0f} ms: {spread(added)}")
            if max(added) >= limit:
                self.misses.append(f"{name}: a {kind} took {max(added):.3f} s longer than usual")


async def run(
    utterances: int, *, warming: int = 9, bursts: Sequence[Sequence[Kind]], cools: bool
) -> list[str]:
    """What was missed."""
    faults = Faults(
        handshake_ms=HANDSHAKE * 1000, transcript_ms=100, first_audio_ms=100, generation_pace=PACE
    )
    async with house(faults=faults, pool={"max_idle": COOL}, recognition=NO_DRAFTS) as home:
        steady = Run(home)
        await steady.warm_up(warming)
        await steady.one_by_one("steady state", utterances)
        for kinds in bursts:
            await steady.at_once(kinds)
            await steady.one_by_one("after the burst", 1)
        if cools:
            await steady.cool()
            await steady.one_by_one("after the quiet", 1)
        return steady.misses


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--utterances", type=int, default=200, help="each way (default 200)")
    utterances = parser.parse_args().utterances
    return verdict(asyncio.run(run(utterances, bursts=BURSTS, cools=True)))


if __name__ == "__main__":
    sys.exit(main())
