"""A house: the program as a process, and in this one the realtime services behind it, to fail on cue."""

import asyncio
import re
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from tests.support.callers import HttpCaller, WyomingCaller
from tests.support.eventually import eventually
from tests.support.program import Program, started
from tests.support.turn_lines import Turn, turns_in
from tests.support.watched_program import TOLD
from tests.support.word_engines import word_engines
from wyoming_azure_realtime.emulator.engines import Engines
from wyoming_azure_realtime.emulator.faults import NO_FAULTS, Faults
from wyoming_azure_realtime.emulator.models import ServerOptions
from wyoming_azure_realtime.emulator.server import EmulatorServer

KEY = "a-key-for-long-runs"
ROOT = Path(__file__).parents[2]
POOL_THREADS = 2
"""Threads that may start later, with the first work for them: the comparison's, and one of asyncio's."""

TARGET_NAMES = ("first", "second", "third")


@dataclass(frozen=True)
class Vitals:
    """What a process holds: resident bytes, file descriptors, threads, asyncio tasks."""

    memory: int
    files: int
    threads: int
    tasks: int
    task_names: str = field(compare=False, default="")


@dataclass
class House:
    """`servers` are the program's targets, in its order of preference."""

    program: Program
    servers: list[EmulatorServer]
    wyoming: WyomingCaller
    streaming: WyomingCaller
    http: HttpCaller

    @property
    def server(self) -> EmulatorServer:
        """The first target."""
        return self.servers[0]

    @property
    def upgrades(self) -> int:
        """How many handshakes the targets have seen."""
        return sum(server.record.upgrades for server in self.servers)

    @property
    def open_sessions(self) -> int:
        """At all targets."""
        return sum(server.record.open_sessions for server in self.servers)

    def turns(self) -> list[Turn]:
        """What the program's log tells so far."""
        return turns_in(self.program.log)

    def take_down(self, number: int, how: Faults) -> None:
        """Whatever is open at that target ends, and from now on it is like that."""
        self.servers[number].faults = how
        self.servers[number].drop_sessions()

    def tracebacks(self) -> list[str]:
        """Where the log holds one."""
        return [line for line in self.program.log if line.startswith("Traceback")]

    async def settled(self) -> None:
        """Wait until there is a session of each kind."""
        await eventually(lambda: self.open_sessions >= 2)

    async def vitals(self) -> Vitals:
        """What the program holds just now."""
        process = Path(f"/proc/{self.program.process.pid}")
        seen = len(self.program.log)
        self.program.process.send_signal(signal.SIGUSR1)
        told = await self._told(seen)
        return _vitals(process, told)

    async def _told(self, since: int) -> str:
        news = self.program.news
        async with asyncio.timeout(10), news:
            while not (told := [line for line in self.program.log[since:] if line.startswith(TOLD)]):
                await news.wait()
        return told[0]


# Its limit of new connections is for tests of their own.
VOICE_LIVE = {"voice_live": {"transcription_deployment": "azure-speech", "connections_per_minute": 10_000}}


@asynccontextmanager
async def house(
    *,
    faults: Faults = NO_FAULTS,
    engines: Engines | None = None,
    targets: int = 1,
    model: str = "whisper-1",
    service: str = "azure_openai",
    **settings: Any,
) -> AsyncIterator[House]:
    """`model` transcribes at `service`; `settings`: sections of the program's own settings.

    No voice of this machine stands in for a target that fails, unless `speech` is given.
    """
    settings.setdefault("speech", {"last_resort": "none"})
    async with AsyncExitStack() as stack:
        engines = engines or word_engines()
        servers = [
            await stack.enter_async_context(EmulatorServer(ServerOptions(key=KEY, faults=faults), engines))
            for _ in range(targets)
        ]
        folder = Path(stack.enter_context(TemporaryDirectory()))
        (folder / "settings.yaml").write_bytes(_settings(servers, model, service, settings))
        program = await stack.enter_async_context(started(*_watched(folder / "settings.yaml"), cwd=ROOT))
        uri = await program.uri()
        port = int(uri.rpartition(":")[2])
        http = await stack.enter_async_context(HttpCaller(await program.http()))
        yield House(program, servers, WyomingCaller(port), WyomingCaller(port, streams=True), http)


def _settings(servers: Sequence[EmulatorServer], model: str, service: str, more: dict[str, Any]) -> bytes:
    targets = [
        {
            "name": name,
            "endpoint": server.url,
            "service": service,
            "key": KEY,
            "transcription_deployment": model,
            **VOICE_LIVE.get(service, {}),
        }
        for name, server in zip(TARGET_NAMES, servers, strict=False)
    ]
    return msgspec.json.encode(
        {
            "backend": "azure",
            "listeners": [{"uri": "tcp://127.0.0.1:0"}],
            "http": {"listen": "127.0.0.1:0"},
            "zeroconf": {"enabled": False},
            "targets": targets,
            **more,
        }
    )


def _watched(config: Path) -> tuple[str, ...]:
    return (sys.executable, "-m", "tests.support.watched_program", "--config", str(config))


def _vitals(process: Path, told: str) -> Vitals:
    status = (process / "status").read_text()
    return Vitals(
        memory=int(_number(r"VmRSS:\s+(\d+)", status)) * 1024,
        files=len(list((process / "fd").iterdir())),
        threads=int(_number(r"Threads:\s+(\d+)", status)),
        tasks=int(_number(r"tasks: (\d+)", told)),
        task_names=told.partition("(")[2].rstrip(")"),
    )


def _number(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found is not None, f"no {pattern!r} in {text!r}"
    return found[1]
