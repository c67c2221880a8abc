"""Both targets are down, and two services of the home stand in: nothing is lost, and nobody waits.

Commands are recognised and texts spoken, checked word by word, by both doors, several at a time. The first
request of each kind may be late by a round over the targets; later ones do not wait for them. Then they are
back, and serve again. Run with `python -m tests.long.fallback`.
"""

import argparse
import asyncio
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack

from tests.support.callers import Caller, WyomingCaller
from tests.support.figures import say, spread, verdict
from tests.support.house import House, house
from tests.support.traffic import KINDS, Asked, ask, in_lanes, turns
from tests.support.wyoming_stand_in import piper, stand_in, whisper
from wyoming_azure_realtime.emulator.faults import NO_FAULTS, Faults, RefusedUpgrade
from wyoming_azure_realtime.turns.health import FIRST_ASIDE

REFUSE = Faults(refused_upgrade=RefusedUpgrade(status=503))
MUTE = Faults(handshake_ms=20_000)  # nobody waits so long
DEADLINE = 30.0
ONE_ROUND = {"refuse": 1.0, "mute": 6.0}
"""Seconds that a round over the targets may take if they refuse, and if they say nothing."""

AT_ONCE = 2.0
"""Seconds for which somebody may wait on a busy machine: half of what an attempt takes at a mute target."""

RETURN_SECONDS = 75.0


async def traffic(callers: Sequence[Caller], requests: int, lanes: int, chance: random.Random) -> list[Asked]:
    """So many requests of both kinds, half of each."""
    caller, asked = turns(callers), list[Asked]()

    async def request(number: int) -> Asked:
        return await ask(KINDS[number % 2], caller(), chance, words=chance.randint(3, 12), pace=0.05)

    async for some in in_lanes(requests, lanes, request):
        asked += some
    return asked


def misses_of(asked: list[Asked], most: float) -> list[str]:
    """What was lost, wrong, or later than `most` seconds."""
    wrong = [str(one) for one in asked if not one.right]
    return wrong + [f"{one.kind}: {one.waited:.2f} s" for one in asked if one.right and one.waited > most]


async def served_by(home: House, number: int) -> Counter[str]:
    """Who served the turns since the first `number`."""
    return Counter(turn.target for turn in home.turns()[number:])


async def back_on_the_first(home: House, callers: Sequence[Caller], chance: random.Random) -> list[str]:
    """Wait until the first target serves both kinds again."""
    began = time.monotonic()
    while time.monotonic() < began + RETURN_SECONDS:
        before = len(home.turns())
        await traffic(callers, 2, 1, chance)
        if set(await served_by(home, before)) == {"first"}:
            say(f"on the first target again {time.monotonic() - began:.0f} s after it was back")
            return []
        await asyncio.sleep(0.5)
    return [f"not on the first target again after {RETURN_SECONDS:g} s"]


async def run(requests: int, lanes: int, how: str, seed: int = 0) -> list[str]:
    """What was missed."""
    chance = random.Random(seed)
    async with AsyncExitStack() as stack:
        ears = await stack.enter_async_context(stand_in(whisper()))
        mouth = await stack.enter_async_context(stand_in(piper()))
        fallback = {"asr": [ears.uri], "tts": [mouth.uri]}
        home = await stack.enter_async_context(house(targets=2, fallback=fallback))
        await home.settled()
        callers: list[Caller] = [home.wyoming, home.streaming, home.http]
        misses = misses_of(await traffic(callers, 6, 1, chance), DEADLINE)
        for number in (0, 1):
            home.take_down(number, REFUSE if how == "refuse" else MUTE)

        before, upgrades, began = len(home.turns()), home.upgrades, time.monotonic()
        first = await traffic(callers, 2, 1, chance)
        misses += misses_of(first, ONE_ROUND[how] + AT_ONCE)
        asked = await traffic(callers, requests, lanes, chance)
        seconds = time.monotonic() - began
        by, tried = await served_by(home, before), home.upgrades - upgrades
        say(f"both {how} for {seconds:.0f} s: {dict(by)}, {tried} handshakes at the targets")
        say(f"the first two waited: {spread([one.waited for one in first])}")
        say(f"the other {len(asked)} waited: {spread([one.waited for one in asked])}")
        misses += misses_of(asked, AT_ONCE)
        if set(by) != {ears.uri, mouth.uri}:
            misses.append(f"by {dict(by)}")
        # both kinds at both targets: those that were lost are replaced, then probes alone
        if tried > 4 * (3 + seconds / FIRST_ASIDE):
            misses.append(f"{tried} handshakes at targets that are down")

        home.servers[0].faults = home.servers[1].faults = NO_FAULTS
        misses += await back_on_the_first(home, [WyomingCaller(home.wyoming.port)], chance)
        return [*misses, *home.tracebacks()]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--lanes", type=int, default=3, help="requests at a time")
    parser.add_argument("--how", choices=("refuse", "mute"), default="refuse")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    return verdict(asyncio.run(run(args.requests, args.lanes, args.how, args.seed)))


if __name__ == "__main__":
    sys.exit(main())
