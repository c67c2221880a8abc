"""One client on standard input and output, seen as a transport like any other."""

import asyncio
import os
import stat
import sys
from collections.abc import Callable
from typing import IO, cast

from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.wyoming_server.connection import Connection


class StdioListener:
    """Its only client is there from the start; `ended` tells that it has gone."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()

    @property
    def uris(self) -> list[str]:
        """Where it listens."""
        return ["stdio://"]

    async def open(self, factory: Callable[[], Connection]) -> None:
        """Read standard input, write standard output. Raises SettingsError unless both can be waited for."""
        if not all(_can_be_awaited(stream.fileno()) for stream in (sys.stdin, sys.stdout)):
            raise SettingsError(
                "Cannot listen on stdio://: standard input or output is a file.", advice="Use a pipe."
            )
        loop = asyncio.get_running_loop()
        transport = _StdioTransport(factory(), self.ended)
        await loop.connect_write_pipe(lambda: _WriteSide(transport), _copy(sys.stdout.fileno(), "wb"))
        await loop.connect_read_pipe(lambda: _ReadSide(transport), _copy(sys.stdin.fileno(), "rb"))

    def close(self) -> None:
        """Nothing: there is nobody else to be accepted."""


class _StdioTransport(asyncio.Transport):
    """Two pipes as one transport. The client is gone when our output is closed, not when our input is."""

    def __init__(self, protocol: Connection, ended: asyncio.Event) -> None:
        super().__init__()
        self.protocol = protocol
        self._ended = ended
        self._reader: asyncio.ReadTransport | None = None
        self._writer: asyncio.WriteTransport | None = None

    def opened_writer(self, writer: asyncio.WriteTransport) -> None:
        self._writer = writer

    def opened_reader(self, reader: asyncio.ReadTransport) -> None:
        self._reader = reader
        self.protocol.connection_made(self)

    def lost(self, exc: Exception | None) -> None:
        if self._reader is not None:
            self._reader.close()
        self.protocol.connection_lost(exc)
        self._ended.set()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._writer is not None:
            self._writer.write(data)

    def get_write_buffer_size(self) -> int:
        return self._writer.get_write_buffer_size() if self._writer is not None else 0

    def can_write_eof(self) -> bool:
        return False  # to end the output is to close it

    def is_closing(self) -> bool:
        return self._writer is None or self._writer.is_closing()

    def pause_reading(self) -> None:
        if self._reader is not None:
            self._reader.pause_reading()

    def resume_reading(self) -> None:
        if self._reader is not None:
            self._reader.resume_reading()

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()

    def abort(self) -> None:
        if self._writer is not None:
            self._writer.abort()


class _WriteSide(asyncio.Protocol):
    def __init__(self, whole: _StdioTransport) -> None:
        self._whole = whole

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._whole.opened_writer(cast("asyncio.WriteTransport", transport))

    def pause_writing(self) -> None:
        self._whole.protocol.pause_writing()

    def resume_writing(self) -> None:
        self._whole.protocol.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._whole.lost(exc)


class _ReadSide(asyncio.Protocol):
    def __init__(self, whole: _StdioTransport) -> None:
        self._whole = whole

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._whole.opened_reader(cast("asyncio.ReadTransport", transport))

    def data_received(self, data: bytes) -> None:
        self._whole.protocol.data_received(data)

    def eof_received(self) -> bool:
        if not self._whole.protocol.eof_received():
            self._whole.close()
        return False


def _can_be_awaited(descriptor: int) -> bool:
    mode = os.fstat(descriptor).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(descriptor)


def _copy(descriptor: int, mode: str) -> IO[bytes]:
    """The transport closes what it is given; the interpreter keeps its own."""
    return os.fdopen(os.dup(descriptor), mode, buffering=0)
