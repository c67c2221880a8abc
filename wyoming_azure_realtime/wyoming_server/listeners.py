"""Where clients come in: TCP on every address of a host, and unix sockets."""

import asyncio
import errno
import os
import socket
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from wyoming_azure_realtime.errors import AddressInUse, SettingsError
from wyoming_azure_realtime.settings.addresses import TcpAddress

Factory = Callable[[], asyncio.BaseProtocol]

_BACKLOG = 512
"""Connections that may wait to be accepted."""

_AT_ONCE = 32
"""Connections that are accepted before those that are there already are looked at again."""

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
        self._servers: list[asyncio.Server] = []
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

    def close(self) -> None:
        """Accept nobody any more."""
        for server in self._servers:
            server.close()

    async def _addresses(self) -> list[tuple[socket.AddressFamily, tuple[Any, ...]]]:
        found = await asyncio.get_running_loop().getaddrinfo(
            self._address.host, self._address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
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
        self._servers.append(await _serve(factory, sock))
        self.bound.append(TcpAddress(*sock.getsockname()[:2]))


class UnixListener:
    """A socket in the file system, for the owner and the group."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._server: asyncio.Server | None = None
        self._inode = 0

    @property
    def uris(self) -> list[str]:
        """Where it listens."""
        return [f"unix://{self._path}"]

    async def open(self, factory: Factory) -> None:
        """Listen, in place of a socket that nobody serves any more. Raises SettingsError."""
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._make_way()
            sock.bind(str(self._path))
            self._path.chmod(_UNIX_MODE)  # nobody can connect before it listens
            self._inode = self._path.stat().st_ino
            self._server = await _serve(factory, sock)
        except OSError as error:
            sock.close()
            raise _cannot_listen(f"unix://{self._path}", error) from error

    def close(self) -> None:
        """Accept nobody any more; remove the socket if it is still ours."""
        if self._server is not None:
            self._server.close()
            with suppress(OSError):
                if self._path.stat().st_ino == self._inode:
                    self._path.unlink()

    def _make_way(self) -> None:
        """Remove a stale socket, and nothing else: not a file, not a socket that somebody serves."""
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


async def _serve(factory: Factory, sock: socket.socket) -> asyncio.Server:
    """Accept on a bound socket."""
    loop = asyncio.get_running_loop()
    create = loop.create_unix_server if sock.family == socket.AF_UNIX else loop.create_server
    try:
        server = await create(factory, sock=sock, backlog=_AT_ONCE)
        # asyncio takes one number for how many may wait and for how many it accepts at once
        sock.listen(_BACKLOG)
    except OSError:
        sock.close()
        raise
    return server


def _cannot_listen(uri: str, error: OSError) -> SettingsError:
    if isinstance(error, socket.gaierror):
        reason = "the host is unknown"
    else:
        reason = _REASONS.get(error.errno, error.strerror or str(error))
    kind = AddressInUse if error.errno == errno.EADDRINUSE else SettingsError
    return kind(f"Cannot listen on {uri}: {reason}.", advice="Choose another with --uri.")
