"""A night in 20 minutes: all that a household asks for, while one thing after the other goes wrong.

Faults of the service, a service that stops and goes on, a network that is dead, a program that is stopped, a
clock that jumps, a full disk, clients that vanish, and nonsense. Whatever happens, every request is answered,
rightly or with an error that says so, and none gets other words; a while after each trouble all is well. In
the last third of the night the program holds what it held in the first: memory, files, tasks, threads, files
on its disk. What needs root or a tool is left out where it is missing, and named.
Run with `python -m tests.long.night`.
"""

import argparse
import asyncio
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory

import aiohttp
import msgspec

from tests.long.fault_mix import trouble
from tests.support import outages
from tests.support.callers import MICROPHONE, HttpCaller, NoAnswer, WyomingCaller, connected
from tests.support.figures import say, verdict
from tests.support.house import KEY, POOL_THREADS, ROOT, House, Vitals
from tests.support.malformed import malformed
from tests.support.program import Program, started
from tests.support.traffic import KINDS, Asked, ask
from tests.support.word_engines import NO_DRAFTS, recording_of
from tests.support.word_sounds import sentences
from wyoming_azure_realtime.emulator.faults import NO_FAULTS

LANES = 6
RECOVERY = 45.0
"""Seconds after a trouble in which all must be well again; sessions that are dead are found by then."""

MOST_GROWTH = 12 << 20
"""Bytes by which the mean memory of the last third of the night may exceed that of the first."""

MOST_FILES_ON_DISK = 8
DISK_KILOBYTES = 4096
JUMPS = (3600, -3600, 86_400 * 40, -86_400 * 400, 0)
_API = "/api/speech-realtime"


@dataclass
class Night:
    """A program, the service behind it, and what was asked of it."""

    house: House
    service: outages.Service
    network: outages.Network | None
    clock: outages.Clock | None
    disk: Path
    small: bool
    chance: random.Random
    asked: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    misses: list[str] = field(default_factory=list)
    vanishing: float = 0.0  # the share of clients that do

    @property
    def process(self) -> asyncio.subprocess.Process:
        """The program's."""
        return self.house.program.process


# What is asked for.


async def _describe(night: Night) -> None:
    async with connected(night.house.wyoming.port) as line:
        await line.send("describe")
        await line.until("info")


async def _handle(night: Night) -> None:
    async with connected(night.house.wyoming.port) as line:
        await line.send("transcript", {"text": "What time is it?", "language": "en"})
        while (await line.event()).type not in {"handled", "not-handled", "intent"}:
            pass


async def _look(night: Night) -> None:
    path = night.chance.choice(("/health", f"{_API}/info", "/metrics", f"{_API}/history", "/"))
    async with _client(night) as client, client.get(path) as response:
        await response.read()
        if response.status >= 500:
            raise NoAnswer(f"HTTP {response.status}")


async def _speak_as_openai(night: Night) -> None:
    body = {"input": sentences(night.chance, 3), "response_format": "pcm"}
    async with _client(night) as client, client.post("/v1/audio/speech", json=body) as response:
        await response.read()
        if response.status != 200:
            raise NoAnswer(f"HTTP {response.status}")


async def _live(night: Night) -> None:
    pcm, said = recording_of(sentences(night.chance, 3), MICROPHONE)
    address = f"{_API}/recognize/live?rate={MICROPHONE.rate}"
    async with _client(night) as client, client.ws_connect(address) as socket:
        for at in range(0, len(pcm), 4096):
            await socket.send_bytes(pcm[at : at + 4096])
        await socket.send_str('{"type": "audio-end"}')
        last = {"type": "nothing"}
        async for message in socket:
            last = msgspec.json.decode(message.data)
    if last["type"] == "error":
        raise NoAnswer(str(last))
    if last.get("text", "").split() != said.split():
        raise AssertionError(f"other words over the WebSocket: {last['type']}")


async def _nonsense(night: Night) -> None:
    """What it is answered with does not matter here."""
    _, writer = await asyncio.open_connection("127.0.0.1", night.house.wyoming.port)
    try:
        writer.write(malformed(night.chance))
        await asyncio.sleep(0.05)
    finally:
        writer.transport.abort()


@asynccontextmanager
async def _client(night: Night) -> AsyncIterator[aiohttp.ClientSession]:
    timeout = aiohttp.ClientTimeout(total=90)
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(night.house.http.base, timeout=timeout, connector=connector) as client:
        yield client


_OTHERS = {
    "describe": _describe,
    "handle": _handle,
    "http": _look,
    "openai": _speak_as_openai,
    "live": _live,
    "nonsense": _nonsense,
}


async def _one(night: Night, number: int) -> Asked:
    """One request, whatever it is."""
    began = time.monotonic()
    kind = KINDS[number % 2]
    if number % 4 < 2:
        house = night.house
        caller = (house.wyoming, house.streaming, house.http)[number // 4 % 3]
        asked = await ask(kind, caller, night.chance, words=3)
        night.asked[kind] += 1
        return asked
    name = list(_OTHERS)[number // 4 * 2 % len(_OTHERS) + number % 2]
    night.asked[name] += 1
    error = wrong = ""
    try:
        await _OTHERS[name](night)
    except NoAnswer as failure:
        error = f"{name}: {failure}"
    except (aiohttp.ClientError, OSError, TimeoutError) as failure:
        error = f"{name}: the connection ended: {failure!r}"
    except AssertionError as failure:
        wrong = str(failure)
    return Asked(kind, began, seconds=time.monotonic() - began, error=error, wrong=wrong)


def unanswered(asked: Asked) -> bool:
    """Whether the program said nothing."""
    return any(sign in asked.error for sign in ("nothing came", "the connection ended", "ServerDisconnected"))


async def _traffic(night: Night, seconds: float, *, calm: bool) -> None:
    """So many seconds of it. In the calm everything is right; else it is answered at least."""
    end, numbers = time.monotonic() + seconds, iter(range(night.chance.randrange(1000), 1_000_000))

    async def lane() -> None:
        while time.monotonic() < end:
            asking = asyncio.create_task(_one(night, next(numbers)))
            if night.chance.random() < night.vanishing:
                await asyncio.wait([asking], timeout=night.chance.uniform(0, 0.3))
                asking.cancel()
                await asyncio.gather(asking, return_exceptions=True)
                continue
            asked = await asking
            if asked.error:
                night.failed[asked.error.split(":")[0][:30]] += 1
            if (asked.wrong and not asked.broken_off) or unanswered(asked) or (calm and not asked.right):
                night.misses.append(f"{'calm: ' if calm else ''}{asked}")

    async with asyncio.TaskGroup() as group:
        for _ in range(LANES):
            group.create_task(lane())


async def _recovered(night: Night) -> None:
    """Wait until one of each way is right again, several times in a row."""
    end, right, number = time.monotonic() + RECOVERY, 0, 0
    while right < 6:
        asked = await ask(
            KINDS[number % 2], (night.house.wyoming, night.house.http)[number // 2 % 2], night.chance, words=3
        )
        right, number = (right + 1 if asked.right else 0), number + 1
        if time.monotonic() > end:
            night.misses.append(f"not well {RECOVERY:g} s after a trouble: {asked}")
            return


# What goes wrong.


@asynccontextmanager
async def _faults(night: Night) -> AsyncIterator[None]:
    await night.service.behave(trouble(night.chance))
    yield
    await night.service.behave(NO_FAULTS)


@asynccontextmanager
async def _lost_sessions(night: Night) -> AsyncIterator[None]:
    await night.service.drop()
    yield
    await night.service.drop()


def _stopped(which: str) -> "Trouble":
    @asynccontextmanager
    async def stopped(night: Night) -> AsyncIterator[None]:
        process = night.process if which == "program" else night.service.process
        process.send_signal(signal.SIGSTOP)
        waking = asyncio.get_running_loop().call_later(3, process.send_signal, signal.SIGCONT)
        try:
            yield
        finally:
            waking.cancel()
            process.send_signal(signal.SIGCONT)

    return stopped


@asynccontextmanager
async def _dead_network(night: Night) -> AsyncIterator[None]:
    assert night.network is not None
    await night.network.plug(into=False)
    try:
        yield
    finally:
        await night.network.plug(into=True)


@asynccontextmanager
async def _clock_jumps(night: Night) -> AsyncIterator[None]:
    async def jump() -> None:
        assert night.clock is not None
        for seconds in JUMPS:
            night.clock.jump(seconds)
            await asyncio.sleep(1)

    jumping = asyncio.create_task(jump())
    yield
    await jumping


@asynccontextmanager
async def _full_disk(night: Night) -> AsyncIterator[None]:
    file = await asyncio.to_thread(outages.fill, night.disk)
    yield
    file.unlink()


@asynccontextmanager
async def _vanishing(night: Night) -> AsyncIterator[None]:
    night.vanishing = 0.5
    yield
    night.vanishing = 0.0


Trouble = Callable[[Night], AbstractAsyncContextManager[None]]
_ALWAYS: dict[str, Trouble] = {
    "faults": _faults,
    "lost sessions": _lost_sessions,
    "stopped service": _stopped("service"),
    "stopped program": _stopped("program"),
    "vanishing clients": _vanishing,
}


def _troubles(night: Night) -> dict[str, Trouble]:
    """Those that this machine can make; the others are named."""
    rare: dict[str, tuple[object, Trouble, str]] = {
        "dead network": (night.network, _dead_network, "root and ip"),
        "clock jumps": (night.clock, _clock_jumps, "faketime"),
        "full disk": (night.small, _full_disk, "root and mount"),
    }
    for name, (able, _, needs) in rare.items():
        if not able:
            say(f"SKIPPED {name}: needs {needs}")
    return _ALWAYS | {name: trouble for name, (able, trouble, _) in rare.items() if able}


# The night.


@asynccontextmanager
async def night(seed: int) -> AsyncIterator[Night]:
    """A program over a service of its own, with nothing wrong yet."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        disk = folder / "state"
        disk.mkdir()
        small = await stack.enter_async_context(outages.small_disk(disk, DISK_KILOBYTES))
        network = await stack.enter_async_context(outages.network())
        service = await stack.enter_async_context(outages.service(network))
        clock = outages.Clock(folder / "clock") if outages.FAKETIME else None
        if clock:
            clock.jump(0)
        (folder / "settings.yaml").write_bytes(_settings(service.url, disk))
        command = (
            sys.executable,
            "-m",
            "tests.support.watched_program",
            "--config",
            folder / "settings.yaml",
        )
        environ = clock.environ() if clock else {}
        program = await stack.enter_async_context(started(*map(str, command), cwd=ROOT, environ=environ))
        house = await _house(stack, program)
        yield Night(house, service, network, clock, disk, small, random.Random(seed))


async def _house(stack: AsyncExitStack, program: Program) -> House:
    port = int((await program.uri()).rpartition(":")[2])
    http = await stack.enter_async_context(HttpCaller(await program.http()))
    return House(program, [], WyomingCaller(port), WyomingCaller(port, streams=True), http)


def _settings(url: str, disk: Path) -> bytes:
    return msgspec.json.encode(
        {
            "backend": "azure",
            "listeners": [{"uri": "tcp://127.0.0.1:0"}],
            "http": {"listen": "127.0.0.1:0"},
            "zeroconf": {"enabled": False},
            "targets": [
                {"name": "first", "endpoint": url, "key": KEY, "transcription_deployment": "whisper-1"}
            ],
            "deadlines": {"request": 20.0, "first_audio": 2.0, "between_audio": 2.0, "transcript": 2.0},
            "pool": {"max_idle": 2.0},
            "speech": {"last_resort": "none"},
            "recognition": NO_DRAFTS,
            "history": {"turns": 200},
            "state": str(disk / "state.sqlite"),
        }
    )


def judged(seen: Sequence[Vitals], *, memory: bool) -> list[str]:
    """What is more in the last third of the night than in the first."""
    third = max(1, len(seen) // 3)
    first, last = seen[:third], seen[-third:]
    misses = []
    grown = fmean(one.memory for one in last) - fmean(one.memory for one in first)
    say(f"memory: {grown / (1 << 20):+.1f} MB from the first third to the last")
    if memory and grown > MOST_GROWTH:
        misses.append(f"memory grew by {grown / (1 << 20):.1f} MB")
    for name, more in (("files", 0), ("tasks", 0), ("threads", POOL_THREADS)):
        then, now = (min(getattr(one, name) for one in part) for part in (first, last))
        if now > then + more:
            misses.append(f"{now} {name} in place of {then} ({last[-1].task_names})")
    return misses


async def run(minutes: float, seed: int = 1, each: float = 6.0) -> list[str]:
    """What was missed. `each`: seconds of a trouble; half of it is calm afterwards."""
    async with night(seed) as dark:
        await _recovered(dark)
        troubles, seen = _troubles(dark), list[Vitals]()
        end, rounds = time.monotonic() + 60 * minutes, 0
        while rounds == 0 or time.monotonic() < end:
            rounds += 1
            for name, made in troubles.items():
                await _through(dark, name, made, each)
                seen.append(await _quiet(dark))
                if rounds > 1 and time.monotonic() > end:
                    break
            say(f"{rounds:3} rounds, {sum(dark.asked.values())} requests, {len(dark.misses)} misses")
            say(f"    {seen[-1]}")
            dark.misses += dark.house.tracebacks()
            dark.house.program.log.clear()  # it would grow
        say(f"asked: {dict(dark.asked)}")
        say(f"answered with an error: {dict(dark.failed)}")
        files = [file.name for file in dark.disk.iterdir()]
        if len(files) > MOST_FILES_ON_DISK:
            dark.misses.append(f"files are left: {files}")
        return [*dark.misses, *judged(seen, memory=rounds >= 3)]


async def _through(dark: Night, name: str, made: Trouble, seconds: float) -> None:
    before = len(dark.misses)
    async with made(dark):
        await _traffic(dark, seconds, calm=False)
    began = time.monotonic()
    await _recovered(dark)
    took = time.monotonic() - began
    await _traffic(dark, seconds / 2, calm=True)
    dark.misses[before:] = [f"{name}: {miss}" for miss in dark.misses[before:]]
    say(f"    {name:20} well again after {took:4.1f} s, {len(dark.misses) - before} misses")


async def _quiet(dark: Night) -> Vitals:
    """What the program holds when nobody has asked for a while: the least of some looks."""
    looks = []
    for _ in range(3):
        await asyncio.sleep(1)
        looks.append(await dark.house.vitals())
    return min(looks, key=lambda one: (one.tasks, one.files))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    return verdict(asyncio.run(run(given.minutes, given.seed)))


if __name__ == "__main__":
    sys.exit(main())
