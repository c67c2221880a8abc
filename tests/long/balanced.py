"""Three servers behind HAProxy, in traffic, while one is killed, one is drained and all are replaced.

    python -m tests.long.balanced [SECONDS]

The balancer runs on config/haproxy.cfg with nothing changed but addresses. SECONDS: of traffic in each part.
"""

import asyncio
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.eventually import eventually
from tests.support.ports import reserved_ports
from tests.support.program import Program, program
from wyoming_azure_realtime.errors import SpeechServiceError
from wyoming_azure_realtime.wyoming_client import speak

SAMPLE = Path(__file__).parents[2] / "config" / "haproxy.cfg"
NAMES = ("one", "two", "three")
CLIENTS = 6
RETRY_SECONDS = 0.25
KEY = "a-key-for-long-runs"
TEXT = "The lights in the kitchen, in the hall and in the cellar are on."


@dataclass
class Traffic:
    """What clients saw who ask again, once, when something goes wrong."""

    spoken: int = 0
    errors: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    longest: float = 0.0
    enough: asyncio.Event = field(default_factory=asyncio.Event)

    async def client(self, uri: str) -> None:
        """One request after the other, until it is enough."""
        while not self.enough.is_set():
            started = time.monotonic()
            try:
                await speak(uri, TEXT)
            except SpeechServiceError as error:
                self.errors.append(f"{error.code}: {error.message}")
                # a process that is being killed may still accept for a moment
                await asyncio.sleep(RETRY_SECONDS)
                try:
                    await speak(uri, TEXT)
                except SpeechServiceError as again:
                    self.lost.append(f"{again.code}: {again.message}")
                    continue
            self.spoken += 1
            self.longest = max(self.longest, time.monotonic() - started)


@dataclass
class Fleet:
    """The servers by name, and the balancer before them."""

    ports: dict[str, int]
    port: int
    socket: Path
    backend: str
    running: dict[str, Program] = field(default_factory=dict)
    ends: dict[str, AsyncExitStack] = field(default_factory=dict)

    @property
    def uri(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    async def start(self, name: str) -> None:
        """Start a server and wait until the balancer sends it clients."""
        flags = ("--uri", f"tcp://127.0.0.1:{self.ports[name]}", "--http", "off", "--no-zeroconf")
        environ = {"AZURE_OPENAI_ENDPOINT": self.backend, "AZURE_OPENAI_KEY": KEY}
        environ["WYOMING_AZURE_REALTIME_LIMITS_STOP"] = "8"
        stack = self.ends[name] = AsyncExitStack()
        self.running[name] = await stack.enter_async_context(program(*flags, environ=environ))
        await self.running[name].uri()
        await self.until(name, "UP")

    async def end(self, name: str, how: signal.Signals) -> int:
        """Send it the signal; its exit code."""
        process = self.running[name].process
        process.send_signal(how)
        async with asyncio.timeout(15):
            code = await process.wait()
        await self.ends.pop(name).aclose()
        return code

    async def until(self, name: str, state: str) -> None:
        async with asyncio.timeout(30):
            while not (await self.stats())[name][0].startswith(state):  # noqa: ASYNC110
                await asyncio.sleep(0.1)

    async def stats(self) -> dict[str, tuple[str, int]]:
        """Every server's state and the connections that it was given, as the balancer has them."""
        reader, writer = await asyncio.open_unix_connection(str(self.socket))
        writer.write(b"show stat\n")
        lines = (await reader.read()).decode().splitlines()
        writer.close()
        columns = lines[0].removeprefix("# ").split(",")
        rows = [dict(zip(columns, line.split(","), strict=False)) for line in lines[1:] if line]
        return {row["svname"]: (row["status"], int(row["stot"])) for row in rows if row["svname"] in NAMES}


@asynccontextmanager
async def fleet() -> AsyncIterator[Fleet]:
    """Three servers that share one realtime service, and HAProxy on the sample configuration."""
    service = ("backend", "--engines", "sink", "--key", KEY, "--first-audio-ms", "150")
    with TemporaryDirectory() as folder, reserved_ports(4) as (port, *others):
        async with program(*service) as backend:
            assert backend.process.stdout is not None
            listening = (await backend.process.stdout.readline()).decode()
            url = re.search(r"http://\S+", listening)
            assert url, backend.log
            made = Fleet(dict(zip(NAMES, others, strict=True)), port, Path(folder) / "admin", url[0])
            config = Path(folder) / "haproxy.cfg"
            config.write_text(adapted(SAMPLE.read_text(), made))
            async with balancer(config):
                try:
                    await asyncio.gather(*map(made.start, NAMES))
                    yield made
                finally:
                    for stack in made.ends.values():
                        await stack.aclose()


def adapted(text: str, fleet: Fleet) -> str:
    """The sample with this machine's addresses, and a socket to look through."""
    text = text.replace("bind :10300", f"bind 127.0.0.1:{fleet.port}")
    for name, port in fleet.ports.items():
        text, number = re.subn(rf"(server {name}) \S+", rf"\1 127.0.0.1:{port}", text)
        assert number == 1
    return text.replace("    maxconn 2000", f"    maxconn 2000\n    stats socket {fleet.socket} level admin")


@asynccontextmanager
async def balancer(config: Path) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(
        "haproxy", "-db", "-f", config, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        await eventually(lambda: (config.parent / "admin").exists() or process.returncode is not None)
        assert process.returncode is None, "HAProxy did not start"
        yield
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


@asynccontextmanager
async def traffic(uri: str) -> AsyncIterator[Traffic]:
    """Clients that go on as long as the block lasts, and then finish what they have begun."""
    seen = Traffic()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(CLIENTS):
            tasks.create_task(seen.client(uri))
        try:
            yield seen
        finally:
            seen.enough.set()


async def run(seconds: float) -> dict[str, Traffic]:
    """What clients saw of each part. The spread is asserted here, since the balancer alone knows it."""
    parts: dict[str, Traffic] = {}
    async with fleet() as servers:
        before = await servers.stats()
        async with traffic(servers.uri) as parts["spread"]:
            await asyncio.sleep(seconds)
        after = await servers.stats()
        shares = Counter({name: after[name][1] - before[name][1] for name in NAMES})
        assert min(shares.values()) > 0.2 * shares.total(), shares
        async with traffic(servers.uri) as parts["killed"]:
            await asyncio.sleep(seconds / 2)
            await servers.end("one", signal.SIGKILL)
            await asyncio.sleep(seconds)
        await servers.start("one")
        async with traffic(servers.uri) as parts["drained"]:
            await asyncio.sleep(seconds / 2)
            assert await servers.end("two", signal.SIGTERM) == 0
            await asyncio.sleep(seconds)
        await servers.start("two")
        async with traffic(servers.uri) as parts["replaced"]:
            for name in NAMES:
                assert await servers.end(name, signal.SIGTERM) == 0
                await servers.start(name)
                await asyncio.sleep(seconds / 2)
    return parts


def main() -> None:
    for part, seen in asyncio.run(run(float(sys.argv[1]) if len(sys.argv) > 1 else 5.0)).items():
        told = f"{len(seen.errors)} errors {sorted(set(seen.errors))}, {len(seen.lost)} lost for good"
        print(f"{part}: {seen.spoken} spoken, {told}, longest {seen.longest:.2f} s")


if __name__ == "__main__":
    main()
