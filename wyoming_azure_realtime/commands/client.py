"""What the commands that talk to a running server share."""

import argparse
import stat
import sys
from pathlib import Path

from wyoming_azure_realtime.errors import InvalidRequest

DEFAULT_URI = "tcp://127.0.0.1:10300"
STANDARD = "-"


def add_server(parser: argparse.ArgumentParser) -> None:
    """Which server, in which language."""
    parser.add_argument("--uri", default=DEFAULT_URI, help=f"Wyoming server (default: {DEFAULT_URI}).")
    parser.add_argument("--language", default="", help="Language (default: the server's).")


def read_input(name: str, limit: int) -> bytes:
    """A file, or standard input for `-`; at most `limit` bytes. Raises `InvalidRequest`."""
    try:
        data = sys.stdin.buffer.read(limit + 1) if name == STANDARD else _read_file(Path(name), limit)
    except (OSError, ValueError) as error:
        raise InvalidRequest(f"{_named(name)} cannot be read: {reason(error)}.") from None
    if len(data) > limit:
        raise InvalidRequest(f"{_named(name)} has more than {limit} bytes.")
    return data


def write_output(name: str, data: bytes) -> None:
    """Into a file, or to standard output for `-`. Raises `InvalidRequest`."""
    if name == STANDARD:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    try:
        Path(name).write_bytes(data)
    except (OSError, ValueError) as error:
        raise InvalidRequest(f"{_named(name)} cannot be written: {reason(error)}.") from None


def reason(error: Exception) -> str:
    """Why, without the number and the name that `OSError` adds."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text.rstrip(".")


def _read_file(path: Path, limit: int) -> bytes:
    if stat.S_ISDIR(path.stat().st_mode):
        raise ValueError("it is a directory")
    with path.open("rb") as file:
        return file.read(limit + 1)


def _named(name: str) -> str:
    return "Standard input" if name == STANDARD else ascii(name)
