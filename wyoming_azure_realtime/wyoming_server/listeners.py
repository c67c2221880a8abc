"""Where clients connect: TCP on every address of a host, unix sockets, standard input and output.

Each listener makes one `ClientConnection` for every client. The client on stdio gets a transport like that of
any other client.
"""

import asyncio
import errno
import os
import socket
import stat
import struct
import sys
from array import array
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, cast

from wyoming_azure_realtime.errors import AddressInUse, SettingsError
from wyoming_azure_realtime.settings.addresses import TcpAddress, every_family
from wyoming_azure_realtime.wyoming_server.connection import ClientConnection

Factory = Callable[[], asyncio.BaseProtocol]

_BACKLOG = 512
"""Connections that may wait to be accepted."""

_AT_ONCE = 32
"""Connections that are accepted before those that are there already are looked at again."""

_STEPS_OF_ACCEPTING = 4
"""Rounds of the loop from an accepted socket to its protocol's `connection_made`, and one to spare."""

_SO_ATTACH_FILTER = 26  # of Linux; the socket module does not have it
_NO_SYN = ((0x30, 0, 0, 13), (0x45, 0, 1, 0x02), (0x06, 0, 0, 0), (0x06, 0, 0, 0xFFFFFFFF))
"""A socket filter: load the flags of the TCP header; drop what has SYN; keep all else."""

_UNIX_MODE = 0o660
_NO_SUCH_ADDRESS = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, None}
_REASONS = {
    errno.EADDRINUSE: "it is in use already",
    errno.EACCES: "the system does not allow it",
    errno.EADDRNOTAVAIL: "this machine has no such address",
    None: "this machine has no such address",
}


class TcpListener:
    """One port on every address that the host stands for."""

    def __init__(self, address: TcpAddress) -> None:
        self._address = address
        self._accepting: list[_Accepting] = []
        self.bound: list[TcpAddress] = []

    @property
    def uris(self) -> list[str]:
        """Where it listens, with the port that was given for port 0."""
        return [f"tcp://{address}" for address in self.bound]

    async def open(self, factory: Factory) -> None:
        """Listen. Raises SettingsError."""
        try:
            for family, sockaddr in await self._addresses():
                await self._bind(factory, family, sockaddr)
        except OSError as error:
            self.close()
            raise _cannot_listen(f"tcp://{self._address}", error) from error

    def refuse(self) -> None:
        """Let nobody begin to connect any more; those who have begun are still accepted."""
        for accepting in self._accepting:
            accepting.refuse()

    def close(self) -> None:
        """Accept no more connections than those that wait already."""
        for accepting in self._accepting:
            accepting.close()

    async def accepted(self) -> None:
        """Wait until those that waited when it was closed are connections."""
        for accepting in self._accepting:
            await accepting.accepted()

    async def _addresses(self) -> list[tuple[socket.AddressFamily, tuple[Any, ...]]]:
        loop, found = asyncio.get_running_loop(), []
        for host in every_family(self._address.host):
            found += await loop.getaddrinfo(
                host, self._address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )
        return list(dict.fromkeys((family, sockaddr) for family, *_, sockaddr in found))

    async def _bind(self, factory: Factory, family: socket.AddressFamily, sockaddr: tuple[Any, ...]) -> None:
        port = self.bound[0].port if self.bound else self._address.port
        try:
            sock = _bound(family, (sockaddr[0], port, *sockaddr[2:]))
        except OSError as error:
            # `localhost` may stand for an address family that the machine does not have
            if self.bound and error.errno in _NO_SUCH_ADDRESS:
                return
            raise
        self._accepting.append(await _Accepting.start(factory, sock))
        self.bound.append(TcpAddress(*sock.getsockname()[:2]))


class UnixListener:
    """A socket in the file system, for the owner and the group."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._accepting: _Accepting | None = None
        self._inode = 0

    @property
    def uris(self) -> list[str]:
        """Where it listens."""
        return [f"unix://{self._path}"]

    async def open(self, factory: Factory) -> None:
        """Listen, in place of a socket that a dead server has left. Raises SettingsError."""
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._remove_stale_socket()
            sock.bind(str(self._path))
            self._path.chmod(_UNIX_MODE)  # nobody can connect before it listens
            self._inode = self._path.stat().st_ino
            self._accepting = await _Accepting.start(factory, sock)
        except OSError as error:
            sock.close()
            raise _cannot_listen(f"unix://{self._path}", error) from error

    def refuse(self) -> None:
        """Remove the socket if it is still ours; whoever has connected is still accepted."""
        if self._accepting is not None:
            with suppress(OSError):
                if self._path.stat().st_ino == self._inode:
                    self._path.unlink()

    def close(self) -> None:
        """Accept no more connections than those that wait already."""
        self.refuse()
        if self._accepting is not None:
            self._accepting.close()

    async def accepted(self) -> None:
        """Wait until those that waited when it was closed are connections."""
        if self._accepting is not None:
            await self._accepting.accepted()

    def _remove_stale_socket(self) -> None:
        """Remove a socket without a server, nothing else. Raises OSError for a file or a socket in use."""
        try:
            mode = self._path.lstat().st_mode
        except FileNotFoundError:
            return
        if not stat.S_ISSOCK(mode):
            raise OSError(errno.EEXIST, "there is a file of that name which is no socket")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.setblocking(False)
            try:
                probe.connect(str(self._path))
            except ConnectionRefusedError:
                self._path.unlink(missing_ok=True)
                return
            except BlockingIOError:
                pass
        raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))


def _bound(family: socket.AddressFamily, sockaddr: tuple[Any, ...]) -> socket.socket:
    # asyncio turns off Nagle's algorithm only where a socket says that it is one of TCP
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:  # IPv4 has a socket of its own
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(sockaddr)
    except OSError:
        sock.close()
        raise
    return sock


class _Accepting:
    """Accepts on a bound socket until it is closed.

    The kernel finishes handshakes by itself, and whoever has connected but was not accepted is reset when the
    socket is closed. So first nobody can begin any more, who then tries again and finds the port closed; and
    closing accepts what waits.
    """

    def __init__(self, factory: Factory, sock: socket.socket, server: asyncio.Server) -> None:
        self._factory = factory
        self._socket = sock
        self._server = server
        self._last: list[asyncio.Task[object]] = []

    @classmethod
    async def start(cls, factory: Factory, sock: socket.socket) -> "_Accepting":
        """Accept from now on. Raises OSError, and closes the socket then."""
        loop = asyncio.get_running_loop()
        create = loop.create_unix_server if sock.family == socket.AF_UNIX else loop.create_server
        try:
            server = await create(factory, sock=sock, backlog=_AT_ONCE)
            # asyncio takes one number for how many may wait and for how many it accepts at once
            sock.listen(_BACKLOG)
        except OSError:
            sock.close()
            raise
        return cls(factory, sock, server)

    def refuse(self) -> None:
        """Ignore who begins to connect from now on, where the system can do so."""
        if sys.platform != "linux":
            return
        code = array("B", b"".join(struct.pack("HBBI", *step) for step in _NO_SYN))
        program = struct.pack("HL", len(_NO_SYN), code.buffer_info()[0])
        with suppress(OSError):  # closed already, or the system does not allow it
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)

    def close(self) -> None:
        """Accept those who wait, and nobody after them."""
        loop = asyncio.get_running_loop()
        with suppress(OSError):  # nobody waits, no descriptor is left, or it is closed already
            for _ in range(_BACKLOG):
                connection, _address = self._socket.accept()
                connection.setblocking(False)
                made = loop.connect_accepted_socket(self._factory, connection)
                self._last.append(loop.create_task(made))
        self._server.close()

    async def accepted(self) -> None:
        """Wait until the last ones are connections, and those that the loop was about to accept."""
        for _ in range(_STEPS_OF_ACCEPTING):
            await asyncio.sleep(0)
        await asyncio.gather(*self._last, return_exceptions=True)


def _cannot_listen(uri: str, error: OSError) -> SettingsError:
    if isinstance(error, socket.gaierror):
        reason = "the host is unknown"
    else:
        reason = _REASONS.get(error.errno, error.strerror or str(error))
    kind = AddressInUse if error.errno == errno.EADDRINUSE else SettingsError
    return kind(f"Cannot listen on {uri}: {reason}.", advice="Choose another with --uri.")


class StdioListener:
    """Its only client is connected from the start; `ended` is set when the client has gone."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()

    @property
    def uris(self) -> list[str]:
        """Where it listens."""
        return ["stdio://"]

    async def open(self, factory: Callable[[], ClientConnection]) -> None:
        """Read standard input, write standard output. Raises SettingsError unless both can be waited for."""
        if not all(_is_pollable(stream.fileno()) for stream in (sys.stdin, sys.stdout)):
            raise SettingsError(
                "Cannot listen on stdio://: standard input or output is a file.", advice="Use a pipe."
            )
        loop = asyncio.get_running_loop()
        transport = _StdioTransport(factory(), self.ended)
        await loop.connect_write_pipe(lambda: _WriteSide(transport), _copy(sys.stdout.fileno(), "wb"))
        await loop.connect_read_pipe(lambda: _ReadSide(transport), _copy(sys.stdin.fileno(), "rb"))

    def refuse(self) -> None:
        """Nothing to do: there are no other clients."""

    def close(self) -> None:
        """Nothing to do either."""

    async def accepted(self) -> None:
        """Nothing to wait for."""


class _StdioTransport(asyncio.Transport):
    """Two pipes as one transport. The client is gone when our output is closed, not when our input is."""

    def __init__(self, protocol: ClientConnection, ended: asyncio.Event) -> None:
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
    def __init__(self, both: _StdioTransport) -> None:
        self._both = both

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._both.opened_writer(cast("asyncio.WriteTransport", transport))

    def pause_writing(self) -> None:
        self._both.protocol.pause_writing()

    def resume_writing(self) -> None:
        self._both.protocol.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._both.lost(exc)


class _ReadSide(asyncio.Protocol):
    def __init__(self, both: _StdioTransport) -> None:
        self._both = both

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._both.opened_reader(cast("asyncio.ReadTransport", transport))

    def data_received(self, data: bytes) -> None:
        self._both.protocol.data_received(data)

    def eof_received(self) -> bool:
        if not self._both.protocol.eof_received():
            self._both.close()
        return False


def _is_pollable(descriptor: int) -> bool:
    mode = os.fstat(descriptor).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(descriptor)


def _copy(descriptor: int, mode: str) -> IO[bytes]:
    """The transport closes what it is given; the interpreter keeps its own."""
    return os.fdopen(os.dup(descriptor), mode, buffering=0)
