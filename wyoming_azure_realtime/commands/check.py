"""Ask a running server what it offers: for health checks, without waking any backend."""

import argparse
import json
import socket
import time

from wyoming_azure_realtime.commands.client import add_uri
from wyoming_azure_realtime.errors import ConnectFailed
from wyoming_azure_realtime.settings.addresses import TcpAddress, UnixAddress, server_address

_LONGEST_LINE = 1 << 20


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which server, and for how long."""
    add_uri(parser)
    parser.add_argument(
        "--timeout", type=float, default=4.0, metavar="SECONDS", help="Longest wait (default: 4)."
    )


def run(args: argparse.Namespace) -> int:
    """0 if it answers `describe` with `info`. Raises `ConnectFailed`."""
    until = time.monotonic() + args.timeout
    try:
        with _connected(args.uri, args.timeout) as server:
            server.sendall(b'{"type": "describe"}\n')
            answer = json.loads(_line(server, until))
    except (OSError, ValueError, RecursionError) as error:
        raise ConnectFailed(f"No Wyoming server answers at {args.uri} ({type(error).__name__}).") from error
    if not isinstance(answer, dict) or answer.get("type") != "info":
        raise ConnectFailed(f"What listens at {args.uri} is no Wyoming server.")
    return 0


def _connected(uri: str, timeout: float) -> socket.socket:
    match server_address(uri):
        case TcpAddress(host, port):
            return socket.create_connection((host, port), timeout)
        case UnixAddress(path):
            server = socket.socket(socket.AF_UNIX)
            server.settimeout(timeout)
            server.connect(path)
            return server


def _line(server: socket.socket, until: float) -> bytes:
    """Everything up to the first line's end. Raises OSError when that takes too long, or too much."""
    received = bytearray()
    while b"\n" not in received:
        server.settimeout(max(0.001, until - time.monotonic()))
        data = server.recv(65536)
        if not data or len(received) > _LONGEST_LINE:
            raise ConnectionError
        received += data
    return bytes(received).partition(b"\n")[0]
