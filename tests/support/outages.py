"""What can happen to a house at night: a service that stops, a dead network, a clock that jumps, a full disk.

The service is a process of its own, in a network of its own where this user may make one.
"""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tests.support.house import KEY, ROOT
from tests.support.program import clean_environment
from tests.support.word_engines import word_engines
from wyoming_azure_realtime.emulator.faults import Faults
from wyoming_azure_realtime.emulator.models import ServerOptions
from wyoming_azure_realtime.emulator.server import EmulatorServer

FAKETIME = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
"""Where Debian's `faketime` has its library."""

START_SECONDS = 60


async def _command(*words: str) -> bool:
    """Whether it went well."""
    process = await asyncio.create_subprocess_exec(
        *words, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    return await process.wait() == 0


@dataclass(frozen=True)
class Network:
    """A network namespace with a cable to it. `host`: the address at its end."""

    name: str
    host: str

    async def plug(self, *, into: bool) -> None:
        """Put the cable in, or pull it out: packets vanish, and nobody is told."""
        await _command("ip", "-n", self.name, "link", "set", "cable", "up" if into else "down")


@asynccontextmanager
async def network() -> AsyncIterator[Network | None]:
    """One for this process; None where that cannot be had."""
    name, number = f"night{os.getpid()}", os.getpid() % 16_000
    ours, theirs = (f"10.203.{number // 64}.{number % 64 * 4 + end}" for end in (1, 2))
    steps = (
        ("ip", "netns", "add", name),
        ("ip", "link", "add", name, "type", "veth", "peer", "name", "cable", "netns", name),
        ("ip", "address", "add", f"{ours}/30", "dev", name),
        ("ip", "link", "set", name, "up"),
        ("ip", "-n", name, "address", "add", f"{theirs}/30", "dev", "cable"),
        ("ip", "-n", name, "link", "set", "lo", "up"),
        ("ip", "-n", name, "link", "set", "cable", "up"),
    )
    try:
        able = os.geteuid() == 0 and shutil.which("ip") is not None
        made = able and all([await _command(*step) for step in steps])
        yield Network(name, theirs) if made else None
    finally:
        if able:
            await _command("ip", "netns", "del", name)


@asynccontextmanager
async def small_disk(folder: Path, kilobytes: int) -> AsyncIterator[bool]:
    """Whether `folder` has a file system of its own with room for so much."""
    able = os.geteuid() == 0 and shutil.which("mount") is not None
    made = able and await _command(
        "mount", "-t", "tmpfs", "-o", f"size={kilobytes}k,mode=700", "tmpfs", str(folder)
    )
    try:
        yield made
    finally:
        if made:
            await _command("umount", "--lazy", str(folder))


def fill(folder: Path) -> Path:
    """A file that takes all the room that is left."""
    file = folder / "full"
    with file.open("wb", buffering=0) as filling:
        try:
            while filling.write(bytes(1 << 12)):
                pass
        except OSError:
            return file
    return file


@dataclass(frozen=True)
class Clock:
    """The program's time of day, where faketime is installed. `file` says by how much it is off."""

    file: Path

    def environ(self) -> dict[str, str]:
        """The variables that make a program have it; timers go on as ever."""
        return {
            "LD_PRELOAD": str(FAKETIME[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def jump(self, seconds: int) -> None:
        """From the real time by so much."""
        new = self.file.with_suffix(".new")
        new.write_text(f"{seconds:+d}\n")
        new.replace(self.file)


@dataclass
class Service:
    """The realtime service, as a process. `url`: of the resource."""

    process: asyncio.subprocess.Process
    url: str

    async def behave(self, faults: Faults) -> None:
        """From now on like this."""
        await self._say(msgspec.json.encode(faults))

    async def drop(self) -> None:
        """Every session is lost."""
        await self._say(b"drop")

    async def _say(self, line: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + b"\n")
        await self.process.stdin.drain()


@asynccontextmanager
async def service(within: Network | None) -> AsyncIterator[Service]:
    """It speaks and hears words that can be checked; in that network, or on loopback."""
    host = within.host if within else "127.0.0.1"
    enter = ("ip", "netns", "exec", within.name) if within else ()
    process = await asyncio.create_subprocess_exec(
        *(*enter, sys.executable, "-m", "tests.support.outages", host),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=clean_environment({}),
        cwd=ROOT,
    )
    try:
        assert process.stdout is not None
        url = (await asyncio.wait_for(process.stdout.readline(), START_SECONDS)).decode().strip()
        assert url, "the service did not start"
        yield Service(process, url)
    finally:
        if process.stdin:
            process.stdin.close()
        if process.returncode is None:
            process.kill()
        await process.communicate()  # which closes its pipes


async def _serve(host: str) -> None:
    """The service's own process: its lines of input are faults as JSON, or `drop`; it ends with its input."""
    async with AsyncExitStack() as stack:
        server = EmulatorServer(ServerOptions(key=KEY, host=host), word_engines())
        await stack.enter_async_context(server)
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        lines = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(lines), sys.stdin.buffer
        )
        async for line in lines:
            if line == b"drop\n":
                server.drop_sessions()
            else:
                server.faults = msgspec.json.decode(line, type=Faults)


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1]))
