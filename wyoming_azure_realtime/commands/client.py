"""What the commands that talk to a running server share."""

import argparse
import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path

from wyoming_azure_realtime.errors import InvalidRequest

DEFAULT_URI = "tcp://127.0.0.1:10300"
URI_VARIABLE = "WYOMING_AZURE_REALTIME_URI"
STANDARD = "-"
_EVERYWHERE = {"//0.0.0.0:": "//127.0.0.1:", "//[::]:": "//[::1]:"}


def default_uri(environ: Mapping[str, str]) -> str:
    """Where a server listens that the same environment configures, seen from this machine."""
    said = environ.get(URI_VARIABLE, "").replace(",", " ").split() or [DEFAULT_URI]
    uri = said[0]
    for everywhere, here in _EVERYWHERE.items():
        uri = uri.replace(everywhere, here)
    return uri


def add_uri(parser: argparse.ArgumentParser) -> None:
    """Which server."""
    told = f"Wyoming server (default: {URI_VARIABLE}, else {DEFAULT_URI})."
    parser.add_argument("--uri", default=default_uri(os.environ), help=told)


def add_server(parser: argparse.ArgumentParser) -> None:
    """Which server, in which language."""
    add_uri(parser)
    parser.add_argument("--language", default="", help="Language (default: the server's).")


def read_input(name: str, limit: int) -> bytes:
    """A file, or standard input for `-`; at most `limit` bytes. Raises `InvalidRequest`."""
    try:
        data = sys.stdin.buffer.read(limit + 1) if name == STANDARD else _read_file(Path(name), limit)
    except (OSError, ValueError) as error:
        raise InvalidRequest(f"{_named(name)} cannot be read: {reason(error)}.") from error
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
        raise InvalidRequest(f"{_named(name)} cannot be written: {reason(error)}.") from error


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
