"""Malformed input and hostile clients over tcp, while a well-behaved client is served as ever.

The program runs as users start it, over a backend that costs nothing; the well-behaved client is a process of
its own. First it is alone; then come malformed inputs, at a bounded rate; then more of them, beside clients
who never read, drip, declare gigabytes, hold unfinished events and open a thousand connections; then clients
who ask for something sensible and vanish. Run with `python -m tests.long.fuzz_wyoming`.
"""

import argparse
import asyncio
import random
import sys
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support import hostile
from tests.support.figures import quantile, say, spread, verdict
from tests.support.good_client import GoodClient, Served, good_client
from tests.support.program import Program, program

MEGABYTE = 1 << 20
MOST_GROWTH = 50 * MEGABYTE  # at most; three times the inputs end with +15
MOST_ADDED = {0.5: 0.005, 0.95: 0.02}
"""Seconds that may be added to the good client's median and p95 by all that goes on, on two busy cores.

Where others use the machine as well, it may be more by what the client's times differ when it is alone.
"""

CROWD = (
    (hostile.says_nothing, 1000),
    (hostile.drips, 50),
    (hostile.declares_gigabytes, 5),
    (hostile.holds_unfinished, 20),
    (hostile.never_reads_info, 10),
    (hostile.never_reads_speech, 4),
)


class Fuzz:
    """One program under attack; `misses` is what contradicts the criterion."""

    def __init__(self, attacked: Program, port: int, good: GoodClient, seed: int) -> None:
        self._program = attacked
        self._port = port
        self._good = good
        self._chance = random.Random(seed)
        self._alone: Sequence[Served] = ()
        self._start = 0
        self._most = 0
        self.misses: list[str] = []

    async def alone(self, seconds: float) -> None:
        """What the good client gets when there is nobody else."""
        await asyncio.sleep(2)  # the first requests are slower
        self._start = self._memory()
        began = time.monotonic()
        await asyncio.sleep(seconds)
        self._alone = self._good.since(began)
        self._report("alone", self._alone)

    async def malformed(self, name: str, count: int, rate: float) -> None:
        """So many inputs at that rate."""
        with_inputs = hostile.malformed_inputs(self._port, count, rate, self._chance)
        await self._judged(f"{name}: {count} inputs", with_inputs)

    async def malformed_beside_hostile(self, count: int, rate: float) -> None:
        """The same beside everybody in the crowd."""
        async with hostile.beset(self._port, *CROWD):
            await self.malformed("beside hostile clients", count, rate)

    async def vanishing(self, seconds: float) -> None:
        """A few clients who ask and vanish, again and again."""
        async with hostile.beset(self._port, (hostile.leaves_at_random(self._chance, 0.2), 4)):
            await self._judged("beside clients who vanish", asyncio.sleep(seconds))

    async def _judged(self, name: str, attack: Coroutine[None, None, None]) -> None:
        began = time.monotonic()
        task = asyncio.create_task(attack)
        while not task.done():
            await asyncio.wait([task], timeout=1)
            self._most = max(self._most, self._memory())
        await task
        served = self._good.since(began)
        self._report(name, served)
        self.misses += [f"{name}: the good client got {one.error}" for one in served if one.error]
        for kind in ("recognition", "synthesis"):
            alone = _seconds(self._alone, kind)
            unrest = quantile(alone, 0.95) - quantile(alone, 0.5)
            for share, most in MOST_ADDED.items():
                added = quantile(_seconds(served, kind), share) - quantile(alone, share)
                if not added <= most + unrest:
                    told = f"{name}: {added * 1000:.0f} ms added to the {share:.0%} of {kind}"
                    self.misses.append(told)

    def _report(self, name: str, served: Sequence[Served]) -> None:
        say(f"{name}; memory {self._memory() / MEGABYTE:.0f} MB, at most {self._most / MEGABYTE:.0f}")
        for kind in ("recognition", "synthesis"):
            seconds = _seconds(served, kind)
            say(f"  good client, {len(seconds):5} times {kind:11}: {spread(seconds)}")

    async def end(self) -> None:
        """Alone again; then the program's own account."""
        began = time.monotonic()
        await asyncio.sleep(3)
        self._report("alone again", self._good.since(began))
        growth = self._memory() - self._start, self._most - self._start
        say(
            f"memory: start {self._start / MEGABYTE:.0f} MB, end +{growth[0] / MEGABYTE:.0f}, "
            f"at most +{growth[1] / MEGABYTE:.0f}"
        )
        if max(growth) > MOST_GROWTH:
            self.misses.append(f"memory grew by {max(growth) / MEGABYTE:.0f} MB")

    def _memory(self) -> int:
        status = Path(f"/proc/{self._program.process.pid}/status").read_text()
        (resident,) = [line for line in status.splitlines() if line.startswith("VmRSS")]
        return int(resident.split()[1]) * 1024


def _seconds(served: Sequence[Served], kind: str) -> list[float]:
    return [one.seconds for one in served if one.kind == kind]


@asynccontextmanager
async def attacked_program() -> AsyncIterator[tuple[Program, int]]:
    """The program over a backend that costs nothing, and its port."""
    async with program("backend", "--port", "0", "--engines", "sink") as backend:
        assert backend.process.stdout is not None
        endpoint = (await backend.process.stdout.readline()).decode().split(" on ")[1].split()[0]
        environ = {"AZURE_OPENAI_ENDPOINT": endpoint, "AZURE_OPENAI_KEY": "any"}
        options = ("--uri", "tcp://127.0.0.1:0", "--http", "off", "--no-zeroconf")
        async with program(*options, environ=environ) as running:
            yield running, int((await running.uri()).rpartition(":")[2])


async def run(inputs: int, rate: float, seed: int, seconds: float = 10) -> list[str]:
    """What was missed."""
    async with attacked_program() as (attacked, port):
        async with good_client(port) as good:
            fuzz = Fuzz(attacked, port, good, seed)
            await fuzz.alone(seconds)
            await fuzz.malformed("malformed", inputs // 2, rate)
            await fuzz.malformed_beside_hostile(inputs - inputs // 2, rate)
            await fuzz.vanishing(seconds)
            await fuzz.end()
        if await attacked.stop() != 0:
            fuzz.misses.append(f"its exit code is {attacked.process.returncode}")
    refused = [line.partition("Refused while it ran: ")[2] for line in attacked.log]
    say(f"refused: {''.join(refused)}")
    tracebacks = [at for at, line in enumerate(attacked.log) if line.startswith("Traceback")]
    say(f"log: {len(attacked.log)} lines, {len(tracebacks)} tracebacks")
    for at in tracebacks[:1]:
        say("\n".join(attacked.log[max(0, at - 1) : at + 30]))
    return fuzz.misses + ["there is a traceback in the log"] * bool(tracebacks)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--inputs", type=int, default=100_000, help="malformed inputs (default 100000)")
    parser.add_argument("--rate", type=float, default=250, help="of them a second (default 250)")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    return verdict(asyncio.run(run(given.inputs, given.rate, given.seed)))


if __name__ == "__main__":
    sys.exit(main())
