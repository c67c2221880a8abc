"""Clients that vanish at random moments: the service upstream hears of it at once, and nothing is left.

Each asks for a recognition or a synthesis and is gone after a random time. Over Wyoming: by a reset, by a
close, by a close some time after it had ended its side, without ever having read, or with more requests
waiting. Over HTTP: by a reset or a close. Run with `python -m tests.long.vanish`.
"""

import argparse
import asyncio
import sys

from tests.support.figures import quantile, say, spread, verdict
from tests.support.house import POOL_THREADS, House, Vitals, house
from tests.support.vanishing import SLOW, Vanishing
from tests.support.vanishing_http import VanishingOverHttp
from wyoming_azure_realtime.emulator.engines import sink_engines

LIMIT = 0.05  # seconds, of 95 in 100
DOORS: dict[str, type[Vanishing]] = {"wyoming": Vanishing, "http": VanishingOverHttp}


async def run(clients: int, doors: list[str], seed: int = 1) -> list[str]:
    """What was missed."""
    async with house(faults=SLOW, engines=sink_engines(), pool={"max_idle": 5.0}) as home:
        await home.settled()
        misses = []
        for door in doors:
            misses += await vanish(home, door, clients // len(doors), seed)
        return [*misses, *home.tracebacks()]


async def vanish(home: House, door: str, clients: int, seed: int) -> list[str]:
    """So many clients of one door; what was missed."""
    vanishing = DOORS[door](home, seed)
    for _ in range(min(20, max(3, clients // 10))):
        await vanishing.one()
    before = await home.vitals()
    for number in range(1, clients + 1):
        await vanishing.one()
        if number % 100 == 0:
            say(f"{number:5} clients over {door}")
    seen = vanishing.seen
    say(f"{clients} clients over {door}: {seen}")
    say(f"from the client's end to the session's: {spread(seen.told)}")
    after = await back_to(before, home)
    say(f"before: {before}")
    say(f"after:  {after}")
    misses = [f"{door}: the upstream is told too late"] if quantile(seen.told, 0.95) >= LIMIT else []
    return [*misses, f"{door}: something is left behind"] if _left(before, after) else misses


async def back_to(before: Vitals, home: House) -> Vitals:
    """What is held when it is what it was, or after ten seconds."""
    for _ in range(20):
        after = await home.vitals()
        if not _left(before, after):
            break
        await asyncio.sleep(0.5)
    return after


def _left(before: Vitals, after: Vitals) -> bool:
    """Whether anything stays. Threads of pools start with the first work."""
    more_threads = after.threads - before.threads
    return after.tasks > before.tasks or after.files > before.files or more_threads > POOL_THREADS


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clients", type=int, default=1000, help="in all (default 1000)")
    parser.add_argument("--door", choices=list(DOORS), action="append", help="one only (default: every)")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    return verdict(asyncio.run(run(given.clients, given.door or list(DOORS), given.seed)))


if __name__ == "__main__":
    sys.exit(main())
