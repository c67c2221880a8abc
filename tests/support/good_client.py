"""A well-behaved client as a process of its own, so that nothing else delays it: one request after the other.

`python -m tests.support.good_client PORT PAUSE` writes a line per request to its standard output: the kind,
the seconds it took, and what went wrong, if anything. It ends with its standard input.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.support.callers import NoAnswer, WyomingCaller
from tests.support.wyoming_events import vowel

PCM = vowel(300)
TEXT = "The light is on."


@dataclass(frozen=True)
class Served:
    """One request of it. `ended`: by the clock of this machine."""

    kind: str
    seconds: float
    error: str
    ended: float = field(default_factory=time.monotonic)


@dataclass
class GoodClient:
    """What it has got so far."""

    process: asyncio.subprocess.Process
    served: list[Served] = field(default_factory=list)

    async def follow(self) -> None:
        """Take note until it ends."""
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            kind, seconds, error = line.decode().rstrip("\n").split("\t")
            self.served.append(Served(kind, float(seconds), error))

    def since(self, began: float) -> list[Served]:
        """What ended after that time."""
        return [one for one in self.served if one.ended >= began]


@asynccontextmanager
async def good_client(port: int, pause: float = 0.05) -> AsyncIterator[GoodClient]:
    """Begin to ask, with so many seconds between one request and the next."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __name__, str(port), str(pause)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    client = GoodClient(process)
    following = asyncio.create_task(client.follow())
    try:
        yield client
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()
        await following


async def _ask(caller: WyomingCaller, kind: str) -> None:
    if kind == "recognition":
        heard = await caller.hear(PCM)
        if not heard.text:
            raise NoAnswer("an empty transcript")
    else:
        await caller.speak(TEXT)


async def _main(port: int, pause: float) -> None:
    ended = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    caller = WyomingCaller(port)
    while not ended.done():
        for kind in ("recognition", "synthesis"):
            began, error = time.monotonic(), ""
            try:
                await _ask(caller, kind)
            except (NoAnswer, OSError) as failure:
                error = repr(failure)
            sys.stdout.write(f"{kind}\t{time.monotonic() - began:.6f}\t{error}\n")
            sys.stdout.flush()
            await asyncio.sleep(pause)


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), float(sys.argv[2])))
