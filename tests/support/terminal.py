"""A program on a terminal of its own, and a person who reads what it shows and types."""

import asyncio
import os
import pty
import re
import termios
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from tests.support.program import START_SECONDS, STOP_SECONDS, clean_environment

CTRL_C, CTRL_D = "\x03", "\x04"


class Person:
    """`shown`: all that the terminal has shown, also of what was typed."""

    def __init__(self, terminal: int, process: asyncio.subprocess.Process) -> None:
        self._terminal = terminal
        self._process = process
        self._news = asyncio.Event()
        self._read_to = 0
        self.shown = ""

    def look(self) -> None:
        """Take what there is to read."""
        try:
            data = os.read(self._terminal, 65536)
        except OSError:  # the other side is closed
            data = b""
        if data:
            self.shown += data.decode(errors="replace").replace("\r\n", "\n")
        else:
            asyncio.get_running_loop().remove_reader(self._terminal)
        self._news.set()

    async def sees(self, pattern: str) -> re.Match[str]:
        """The next match, waited for, behind the last one."""
        async with asyncio.timeout(START_SECONDS):
            while not (found := re.compile(pattern).search(self.shown, self._read_to)):
                assert self._process.returncode is None, f"it ended without {pattern!r}: {self.shown}"
                self._news.clear()
                await self._news.wait()
        self._read_to = found.end()
        return found

    def types(self, text: str, end: str = "\n") -> None:
        """Type, and press Enter."""
        os.write(self._terminal, (text + end).encode())

    async def answers(self, question: str, text: str) -> None:
        """See a question and answer it."""
        await self.sees(question)
        self.types(text)

    async def exit_code(self) -> int:
        """Of the program, once it has ended."""
        try:
            async with asyncio.timeout(START_SECONDS):
                return await self._process.wait()
        except TimeoutError as error:
            raise AssertionError(f"it did not end: {self.shown}") from error

    def echoes(self) -> bool:
        """Whether the terminal shows what is typed."""
        return bool(termios.tcgetattr(self._terminal)[3] & termios.ECHO)


@asynccontextmanager
async def on_a_terminal(*command: str, environ: Mapping[str, str] | None = None) -> AsyncIterator[Person]:
    """The command, as if somebody had called it in a shell; killed at the end if it still runs."""
    terminal, inside = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=inside,
        stdout=inside,
        stderr=inside,
        env=clean_environment({"LANG": "C.UTF-8", "COLUMNS": "200", **(environ or {})}),
        start_new_session=True,
        preexec_fn=_own_terminal,
    )
    person = Person(terminal, process)
    asyncio.get_running_loop().add_reader(terminal, person.look)
    try:
        yield person
    finally:
        asyncio.get_running_loop().remove_reader(terminal)
        if process.returncode is None:
            process.kill()
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
        os.close(terminal)
        os.close(inside)


def _own_terminal() -> None:
    """The leader of a session takes the first terminal that it opens, which Ctrl-C then belongs to."""
    os.close(os.open(os.ttyname(0), os.O_RDWR))
