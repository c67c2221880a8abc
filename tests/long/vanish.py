"""Clients that vanish at random moments: the service upstream hears of it at once, and nothing is left.

Each asks for a recognition or a synthesis and is gone after a random time: by a reset, by a close, by a close
some time after it had ended its side, without ever having read, or with more requests waiting.
Run with `python -m tests.long.vanish`.
"""

import argparse
import asyncio
import sys

from tests.support.figures import quantile, say, spread, verdict
from tests.support.house import Vitals, house
from tests.support.vanishing import SLOW, Vanishing
from wyoming_azure_realtime.embedded.sink_engines import sink_engines

LIMIT = 0.05  # seconds, of 95 in 100


async def run(times: int, seed: int = 1) -> list[str]:
    """What was missed."""
    async with house(faults=SLOW, engines=sink_engines()) as home:
        await home.settled()
        vanishing = Vanishing(home, seed)
        for _ in range(min(20, times // 10)):
            await vanishing.one()
        before = await home.vitals()
        for _ in range(times):
            await vanishing.one()
        seen = vanishing.seen
        say(f"{times} clients: {seen}")
        say(f"from the client's end to the session's: {spread(seen.told)}")
        misses = ["the upstream is told too late"] if quantile(seen.told, 0.95) >= LIMIT else []
        if home.tracebacks():
            misses.append("there is a traceback in the log")
        after = await home.vitals()

        async def back() -> bool:
            nonlocal after
            after = await home.vitals()
            return _held(after) <= _held(before)

        for _ in range(20):
            if await back():
                break
            await asyncio.sleep(0.5)
        say(f"before: {before}")
        say(f"after:  {after}")
        if not _held(after) <= _held(before):
            misses.append("something is left behind")
        return misses


def _held(vitals: Vitals) -> tuple[int, int]:
    return vitals.tasks, vitals.files


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--times", type=int, default=1000, help="how many clients (default 1000)")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    return verdict(asyncio.run(run(given.times, given.seed)))


if __name__ == "__main__":
    sys.exit(main())
