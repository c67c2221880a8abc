"""A siege: strangers take all that they can get, by every way in, while one client goes on asking.

Half requests over HTTP; recordings and bodies that never end; sockets that were answered and stay; events
that are never finished; requests that are refused as fast as they can be sent. The strangers come from other
addresses of this machine than the client.
Run with `python -m tests.long.siege`; `--share 0.1` is a tenth of it.
"""

import argparse
import asyncio
import resource
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.support.figures import quantile, say, spread, verdict
from tests.support.house import ROOT, House, house
from tests.support.word_engines import NO_DRAFTS
from tests.support.wyoming_events import PCM_16K, event_bytes
from wyoming_azure_realtime.emulator.engines import sink_engines

MOST_MEMORY = 400 << 20
MOST_KEPT = 180 << 20
"""Resident bytes when all strangers have gone; of an idle program they are about 90 MB."""
GIVEN_BACK_SECONDS = 60.0

MOST_LOG = 100_000
"""Bytes of log a minute."""

LATEST = 0.05
"""Seconds that the program computes until another client's `describe` is answered, for 99 of 100.

Of its loop's thread: how long it takes by the clock says more about the machine.
"""

_GONE = (OSError, EOFError)
_CHUNK = event_bytes("audio-chunk", PCM_16K, bytes(3200))
_HALF_HEAD = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX: "
_BODY = (
    b"POST /api/speech-realtime/recognize HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    b"Content-Type: audio/wav\r\nContent-Length: 16777216\r\n\r\n"
)
_REFUSED = b"POST /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n"


@dataclass(frozen=True)
class Ports:
    """Where the program listens."""

    wyoming: int
    http: int


Stranger = Callable[[Ports, int], Coroutine[None, None, None]]
"""From the ports and a number to what a stranger does there; it is cancelled at the end."""


@asynccontextmanager
async def _connected(
    port: int, number: int
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """By one of a few addresses. Raises OSError."""
    local = (f"127.0.0.{2 + number % 5}", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=local)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def _send_and_stay(port: int, number: int, *parts: bytes) -> None:
    with suppress(*_GONE):
        async with _connected(port, number) as (reader, writer):
            for part in parts:
                writer.write(part)
                await writer.drain()
            while await reader.read(1 << 16):
                pass


async def half_request(ports: Ports, number: int) -> None:
    """The beginning of a head."""
    await _send_and_stay(ports.http, number, _HALF_HEAD)


async def endless_body(ports: Ports, number: int) -> None:
    """All of a body but its end."""
    await _send_and_stay(ports.http, number, _BODY, *[bytes(1 << 20)] * 15)


async def long_recording(ports: Ports, number: int) -> None:
    """54 seconds of a command, and no end."""
    await _send_and_stay(ports.wyoming, number, *[_CHUNK * 10] * 54)


async def answered_and_stays(ports: Ports, number: int) -> None:
    """Asks what is on offer, once."""
    await _send_and_stay(ports.wyoming, number, event_bytes("describe"))


async def unfinished(ports: Ports, number: int) -> None:
    """Most of an event of 8 KB."""
    await _send_and_stay(ports.wyoming, number, b'{"type":"x","payload_length":9000}\n' + bytes(8 << 10))


async def refused_over_http(ports: Ports, number: int) -> None:
    """Asks for what is not there, as fast as it can."""
    with suppress(*_GONE):
        async with _connected(ports.http, number) as (reader, writer):
            while True:
                writer.write(_REFUSED * 50)
                await writer.drain()
                await reader.read(1 << 16)


async def refused_over_wyoming(ports: Ports, number: int) -> None:
    """Asks for voices that nobody has, on one connection after the other."""
    while True:
        await _send_and_stay(
            ports.wyoming, number, event_bytes("synthesize", {"text": "x", "voice": {"name": "nobody"}})
        )


STRANGERS: dict[str, tuple[Stranger, int]] = {
    "half requests": (half_request, 1400),
    "recordings of 54 s": (long_recording, 1000),
    "bodies that never end": (endless_body, 120),
    "answered, and stay": (answered_and_stays, 1024),
    "unfinished events": (unfinished, 508),
    "refused over HTTP": (refused_over_http, 3),
    "refused over Wyoming": (refused_over_wyoming, 3),
}
"""What they do, and how many of them."""


class Neighbour:
    """A client of the home that asks all the time, and that sends a chunk in two packets now and then."""

    def __init__(self, home: House) -> None:
        self._home = home
        self.seconds: list[float] = []
        self.computed: list[float] = []
        self.misses: list[str] = []

    async def ask(self) -> None:
        """Until cancelled."""
        while True:
            began, computed = time.monotonic(), _computed(self._home)
            try:
                async with asyncio.timeout(10):
                    await self._describe()
                    self.seconds.append(time.monotonic() - began)
                    self.computed.append(_computed(self._home) - computed)
                    await self._chunk_in_two_packets()
            except (*_GONE, TimeoutError) as error:
                self.misses.append(f"a neighbour was not served: {type(error).__name__} {error}")
            await asyncio.sleep(0.02)

    async def _describe(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._home.wyoming.port)
        try:
            writer.write(event_bytes("describe"))
            if b'"info"' not in await reader.readline():
                raise EOFError("no info")
        finally:
            writer.transport.abort()

    async def _chunk_in_two_packets(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._home.wyoming.port)
        try:
            writer.write(event_bytes("audio-start", PCM_16K) + _CHUNK[:1000])
            await asyncio.sleep(0.01)
            writer.write(_CHUNK[1000:] + event_bytes("ping"))
            if b'"pong"' not in await reader.readline():
                raise EOFError("no pong")
        finally:
            writer.transport.abort()


def _more_files() -> None:
    """Raise this process's limit of open files, which all strangers share."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, hard) if hard > 0 else 8192, hard))


async def run(share: float = 1.0, seconds: float = 8.0, latest: float = LATEST) -> list[str]:
    """What was missed.

    `share`: of the strangers; `seconds`: for which each kind of them is there; `latest`: see `LATEST`.
    """
    _more_files()
    async with house(engines=sink_engines(), recognition=NO_DRAFTS) as home:
        await home.settled()
        misses = list[str]()
        for name, (_, number) in STRANGERS.items():
            misses += await _besieged(home, name, max(2, round(number * share)), seconds, latest)
        return [*misses, *await _kept(home), *home.tracebacks()]


async def _kept(home: House) -> list[str]:
    """What of the memory was not given back when all strangers had gone."""
    began = time.monotonic()
    while (  # noqa: ASYNC110 - nothing tells when
        resident := _resident(home)
    ) > MOST_KEPT and time.monotonic() - began < GIVEN_BACK_SECONDS:
        await asyncio.sleep(0.25)
    say(f"{resident >> 20} MB are left {time.monotonic() - began:.0f} s later")
    return [f"{resident >> 20} MB are kept"] if resident > MOST_KEPT else []


async def _besieged(home: House, name: str, number: int, seconds: float, latest: float) -> list[str]:
    neighbour, logged = Neighbour(home), len(home.program.log)
    peak = 0
    ports = Ports(home.wyoming.port, int(home.http.base.rpartition(":")[2]))
    async with _in_a_process_of_their_own(name, number, ports):
        began = time.monotonic()
        asking = asyncio.create_task(neighbour.ask())
        while time.monotonic() - began < seconds:
            await asyncio.sleep(0.25)
            peak = max(peak, _resident(home))
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    minutes = (time.monotonic() - began) / 60
    log = sum(len(line) + 1 for line in home.program.log[logged:]) / max(1.0, minutes)
    say(f"{name:24} {number:5}  describe: {spread(neighbour.seconds)}")
    say(f"{'':30}  computed: {spread(neighbour.computed)}  {peak >> 20} MB  log {log:.0f} B/min")
    misses = neighbour.misses[:3]
    if not neighbour.computed or quantile(neighbour.computed, 0.99) > latest:
        misses.append(f"{name}: describe took too long")
    if peak > MOST_MEMORY:
        misses.append(f"{name}: {peak >> 20} MB")
    if log > MOST_LOG:
        misses.append(f"{name}: {log:.0f} bytes of log a minute")
    return misses


@asynccontextmanager
async def _in_a_process_of_their_own(name: str, number: int, ports: Ports) -> AsyncIterator[None]:
    """The strangers, so that the neighbour does not wait for them here."""
    them = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.long.siege", "--strangers", name, str(number)),
        *map(str, (ports.wyoming, ports.http)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert them.stdout is not None
        await asyncio.wait_for(them.stdout.readline(), 60)  # they have begun
        yield
    finally:
        them.kill()
        await them.wait()


async def attack(name: str, number: int, ports: Ports) -> None:
    """So many strangers of a kind, until this process is killed."""
    _more_files()
    say("begun")
    await asyncio.gather(*(STRANGERS[name][0](ports, at) for at in range(number)))
    await asyncio.get_running_loop().create_future()


def _resident(home: House) -> int:
    status = Path(f"/proc/{home.program.process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")) * 1024


def _computed(home: House) -> float:
    """Seconds of processor time that the thread of the program's loop has had."""
    thread = home.program.process.pid
    return int(Path(f"/proc/{thread}/task/{thread}/schedstat").read_text().split()[0]) / 1e9


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--share", type=float, default=1.0, help="of the strangers (default: all)")
    parser.add_argument("--seconds", type=float, default=8.0, help="for each kind of them (default 8)")
    parser.add_argument("--strangers", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.strangers:
        name, *numbers = given.strangers
        number, wyoming, http = map(int, numbers)
        asyncio.run(attack(name, number, Ports(wyoming, http)))
    return verdict(asyncio.run(run(given.share, given.seconds)))


if __name__ == "__main__":
    sys.exit(main())
