"""Three servers behind HAProxy, in traffic, while one is killed, one is drained and all are replaced.

    python -m tests.long.balanced [SECONDS]

The balancer runs on config/haproxy.cfg with nothing changed but addresses. SECONDS: of traffic in each part.
Every client has an address of its own, and so have homes that hold conversations meanwhile: each of
them stays on its server while that lives.
"""

import asyncio
import json
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from wyoming.asr import Transcript
from wyoming.event import Eventable
from wyoming.tts import Synthesize

from tests.support.eventually import eventually
from tests.support.ports import reserved_ports
from tests.support.program import Program, program
from tests.support.wyoming_events import PCM_16K, TEN_MS, event_bytes
from wyoming_azure_realtime.errors import ConnectFailed, SpeechServiceError
from wyoming_azure_realtime.wyoming_client import Connection, text_of

SAMPLE = Path(__file__).parents[2] / "config" / "haproxy.cfg"
NAMES = ("one", "two", "three")
CLIENTS = 6
RETRY_SECONDS = 0.25
KEY = "a-key-for-long-runs"
TEXT = "The lights in the kitchen, in the hall and in the cellar are on."
MOST_HOMES = 30
BRAIN = {
    "answers": [
        {"heard": "/^my number is (\\w+)/", "text": "I will remember it."},
        {"heard": "what is my number", "after": "/my number is (\\w+)/", "text": "It is \\1."},
    ],
    "otherwise": "I do not know.",
}


@dataclass
class Traffic:
    """What clients saw who ask again, once, when something goes wrong."""

    spoken: int = 0
    errors: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    longest: float = 0.0
    enough: asyncio.Event = field(default_factory=asyncio.Event)

    async def client(self, port: int, source: str) -> None:
        """One request after the other, until it is enough."""
        while not self.enough.is_set():
            started = time.monotonic()
            try:
                await speak(port, source)
            except SpeechServiceError as error:
                self.errors.append(f"{error.code}: {error.message}")
                # a process that is being killed may still accept for a moment
                await asyncio.sleep(RETRY_SECONDS)
                try:
                    await speak(port, source)
                except SpeechServiceError as again:
                    self.lost.append(f"{again.code}: {again.message}")
                    continue
            self.spoken += 1
            self.longest = max(self.longest, time.monotonic() - started)


@asynccontextmanager
async def connected(port: int, source: str) -> AsyncIterator[Connection]:
    """A connection to the balancer from an address of this machine."""
    try:
        streams = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
    except OSError as error:
        raise ConnectFailed(str(error)) from error
    connection = Connection(*streams)
    try:
        yield connection
    finally:
        connection.close()


async def answer(connection: Connection, last: str, request: Eventable | None = None) -> str:
    """The text of the last event of an answer."""
    if request is not None:
        await connection.send_event(request)
    while (event := await connection.receive(30)).type != last:
        pass
    return text_of(event)


async def speak(port: int, source: str) -> None:
    async with connected(port, source) as connection:
        await answer(connection, "audio-stop", Synthesize(TEXT))


async def ask(port: int, source: str, text: str) -> str:
    """What the conversation agent answers a satellite of the home at that address."""
    async with connected(port, source) as connection:
        context = {"satellite_id": "assist_satellite.kitchen", "device_id": source}
        request = Transcript(text, language="en", context=context)
        return await answer(connection, "handled", request)


@dataclass
class Fleet:
    """The servers by name, and the balancer before them."""

    ports: dict[str, int]
    port: int
    socket: Path
    backend: str
    running: dict[str, Program] = field(default_factory=dict)
    ends: dict[str, AsyncExitStack] = field(default_factory=dict)

    async def start(self, name: str) -> None:
        """Start a server and wait until the balancer sends it clients."""
        flags = ("--uri", f"tcp://127.0.0.1:{self.ports[name]}", "--http", "off", "--no-zeroconf")
        environ = {"AZURE_OPENAI_ENDPOINT": self.backend, "AZURE_OPENAI_KEY": KEY}
        environ["WYOMING_AZURE_REALTIME_LIMITS_STOP"] = "20"
        stack = self.ends[name] = AsyncExitStack()
        self.running[name] = await stack.enter_async_context(program(*flags, environ=environ))
        await self.running[name].uri()
        await self.until(name, "UP")

    async def end(self, name: str, how: signal.Signals) -> int:
        """Send it the signal; its exit code."""
        process = self.running[name].process
        process.send_signal(how)
        async with asyncio.timeout(30):
            code = await process.wait()
        await self.ends.pop(name).aclose()
        return code

    async def until(self, name: str, state: str) -> None:
        async with asyncio.timeout(30):
            while not (await self.stats())[name][0].startswith(state):  # noqa: ASYNC110
                await asyncio.sleep(0.1)

    async def stats(self) -> dict[str, tuple[str, int]]:
        """Every server's state and the connections that it was given, as the balancer has them."""
        lines = await self._told("show stat")
        columns = lines[0].removeprefix("# ").split(",")
        rows = [dict(zip(columns, line.split(","), strict=False)) for line in lines[1:] if line]
        return {row["svname"]: (row["status"], int(row["stot"])) for row in rows if row["svname"] in NAMES}

    async def homes_at(self, name: str) -> list[str]:
        """The homes that the balancer sends to a server."""
        lines = [line for line in await self._told("show table speech") if f"server_key={name}" in line]
        return re.findall(r"key=::ffff:(127\.0\.2\.\d+) ", "\n".join(lines))

    async def _told(self, command: str) -> list[str]:
        reader, writer = await asyncio.open_unix_connection(str(self.socket))
        writer.write(f"{command}\n".encode())
        lines = (await reader.read()).decode().splitlines()
        writer.close()
        return lines


@asynccontextmanager
async def fleet() -> AsyncIterator[Fleet]:
    """Three servers that share one realtime service, and HAProxy on the sample configuration."""
    with TemporaryDirectory() as folder, reserved_ports(4) as (port, *others):
        brain = Path(folder) / "brain.json"
        brain.write_text(json.dumps(BRAIN))
        service = (
            "backend",
            "--engines",
            "sink",
            "--brain",
            str(brain),
            "--key",
            KEY,
            "--first-audio-ms",
            "150",
        )
        async with program(*service, "--first-audio-ms", "150") as backend:
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
                    for stack in list(made.ends.values()):
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
async def traffic(port: int) -> AsyncIterator[Traffic]:
    """Clients that go on as long as the block lasts, and then finish what they have begun."""
    seen = Traffic()
    async with asyncio.TaskGroup() as tasks:
        for number in range(CLIENTS):
            tasks.create_task(seen.client(port, f"127.0.1.{number + 1}"))
        try:
            yield seen
        finally:
            seen.enough.set()


async def remember(port: int, homes: Sequence[str]) -> None:
    """Every home says its number, and the agent knows it twice."""
    for home in homes:
        assert await ask(port, home, f"my number is {number_of(home)}") == "I will remember it."
    for home in (*homes, *homes):
        assert await ask(port, home, "what is my number") == f"It is {number_of(home)}."


def number_of(home: str) -> str:
    return home.rpartition(".")[2]


async def settle(fleet: Fleet) -> list[str]:
    """Homes, until there is one at every server."""
    homes: list[str] = []
    while not all([await fleet.homes_at(name) for name in NAMES]):
        assert len(homes) < MOST_HOMES
        homes.append(f"127.0.2.{len(homes) + 1}")
        await ask(fleet.port, homes[-1], "Good morning!")
    return homes


async def drain(fleet: Fleet, name: str) -> int:
    """End a server with SIGTERM while a home talks to it, for longer than the balancer needs to miss it.

    Its exit code.
    """
    home = (await fleet.homes_at(name))[0]
    async with asyncio.TaskGroup() as tasks, connected(fleet.port, home) as connection:
        await connection.send(event_bytes("audio-start", PCM_16K))
        await connection.send(event_bytes("audio-chunk", PCM_16K, TEN_MS) * 50)
        ended = tasks.create_task(fleet.end(name, signal.SIGTERM))
        await fleet.until(name, "DOWN")
        await asyncio.sleep(0.5)
        await connection.send(event_bytes("audio-stop"))
        assert await answer(connection, "transcript")
    return ended.result()


async def run(seconds: float) -> dict[str, Traffic]:
    """What clients saw of each part. What concerns the homes is asserted here, and the spread, too."""
    parts: dict[str, Traffic] = {}
    async with fleet() as servers:
        port = servers.port
        homes = await settle(servers)
        await remember(port, homes)
        before = await servers.stats()
        async with traffic(port) as parts["spread"]:
            await asyncio.sleep(seconds)
        after = await servers.stats()
        shares = Counter({name: after[name][1] - before[name][1] for name in NAMES})
        assert min(shares.values()) > 0.1 * shares.total(), shares
        async with traffic(port) as parts["killed"]:
            await asyncio.sleep(seconds / 2)
            moved = await servers.homes_at("one")
            await servers.end("one", signal.SIGKILL)
            for home in homes:
                known = "I do not know." if home in moved else f"It is {number_of(home)}."
                told = await ask(port, home, "what is my number")
                assert told == known, (home, moved, told)
            await remember(port, moved)
            await asyncio.sleep(seconds)
        await servers.start("one")
        assert not await servers.homes_at("one")  # who has moved stays
        async with traffic(port) as parts["drained"]:
            await asyncio.sleep(seconds / 2)
            assert await drain(servers, "two") == 0
            await asyncio.sleep(seconds)
        await servers.start("two")
        async with traffic(port) as parts["replaced"]:
            for name in NAMES:
                assert await servers.end(name, signal.SIGTERM) == 0
                await servers.start(name)
                await asyncio.sleep(seconds / 2)
        await remember(port, homes)
    return parts


def main() -> None:
    for part, seen in asyncio.run(run(float(sys.argv[1]) if len(sys.argv) > 1 else 5.0)).items():
        told = f"{len(seen.errors)} errors {sorted(set(seen.errors))}, {len(seen.lost)} lost for good"
        print(f"{part}: {seen.spoken} spoken, {told}, longest {seen.longest:.2f} s")


if __name__ == "__main__":
    main()
