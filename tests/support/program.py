"""The program as users start it: a process, its log, and its ports."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

START_SECONDS = 60
STOP_SECONDS = 30


@dataclass
class Program:
    """A running program; `log` holds what it said so far."""

    process: asyncio.subprocess.Process
    log: list[str] = field(default_factory=list)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def read_log(self) -> None:
        """Collect lines until the program ends."""
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            async with self.news:
                self.log.append(line.decode().rstrip())
                self.news.notify_all()
        async with self.news:
            self.log.append("(end of log)")
            self.news.notify_all()

    async def said(self, pattern: str) -> re.Match[str]:
        """The first match in the log, waited for."""
        async with asyncio.timeout(START_SECONDS), self.news:
            while not (found := re.search(pattern, "\n".join(self.log))):
                assert "(end of log)" not in self.log, f"it ended without saying {pattern!r}: {self.log}"
                await self.news.wait()
        return found

    async def uri(self) -> str:
        """Where it listens for Wyoming, once it is ready."""
        await self.said(r"\bReady\b")
        return (await self.said(r"listening on (\S+)"))[1].rstrip(",")

    async def http(self) -> str:
        """Where it listens for HTTP."""
        said = await self.said(r"HTTP API on port (\d+)")
        return f"http://127.0.0.1:{said[1]}"

    async def stop(self) -> int:
        """As systemd, Docker and the Supervisor do it; the exit code."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(STOP_SECONDS):
            return await self.process.wait()


@asynccontextmanager
async def program(
    *arguments: str, environ: Mapping[str, str] | None = None, detached: bool = False
) -> AsyncIterator[Program]:
    """Start it with these arguments and nothing else configured. `detached`: from any terminal."""
    command = (sys.executable, "-m", "wyoming_azure_realtime", *arguments)
    async with started(*command, environ=environ, detached=detached) as running:
        yield running


@asynccontextmanager
async def started(
    *command: str,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    detached: bool = False,
) -> AsyncIterator[Program]:
    """The program, by whatever command; ended in order, and at the latest in `STOP_SECONDS`."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=clean_environment(environ or {}),
        cwd=cwd,
        start_new_session=detached,
    )
    running = Program(process)
    reading = asyncio.create_task(running.read_log())
    try:
        yield running
    finally:
        try:
            await running.stop()
        except TimeoutError:
            process.kill()
            raise
        finally:
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
                await reading
            if process.stdin:
                process.stdin.close()


def clean_environment(added: Mapping[str, str]) -> dict[str, str]:
    """The environment without anything that configures this program."""
    ours = ("AZURE_OPENAI_", "WYOMING_AZURE_REALTIME_", "USE_REALTIME_API")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | dict(added)


async def run_to_end(*arguments: str, environ: Mapping[str, str] | None = None) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "wyoming_azure_realtime", *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=clean_environment(environ or {}),
    )
    async with asyncio.timeout(START_SECONDS):
        out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()
