"""Commands that talk to a running server: `speak`, `transcribe`, `check`."""

import argparse
import json
import os
import socket
import stat
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from wyoming_azure_realtime.errors import ConnectFailed, InvalidRequest
from wyoming_azure_realtime.settings.addresses import TcpAddress, UnixAddress, server_address

DEFAULT_URI = "tcp://127.0.0.1:10300"
URI_VARIABLE = "WYOMING_AZURE_REALTIME_URI"
_STANDARD = "-"
_EVERYWHERE = {"//0.0.0.0:": "//127.0.0.1:", "//[::]:": "//[::1]:"}

_MAX_TEXT_BYTES = 4_000_000
_LONGEST_LINE = 1 << 20


def add_speak_arguments(parser: argparse.ArgumentParser) -> None:
    """Text, file, voice, server."""
    parser.add_argument("text", metavar="TEXT", help="What to say; - reads it from standard input.")
    parser.add_argument(
        "-o", "--output", metavar="FILE", required=True, help="WAV file; - for standard output."
    )
    parser.add_argument("--voice", default="", help="Voice (default: the server's).")
    _add_server(parser)


def run_speak(args: argparse.Namespace) -> int:
    """Have the server speak the text, write the WAV file. Raises SpeechServiceError."""
    text = _text(args.text)
    import asyncio  # noqa: PLC0415 - not for --help

    from wyoming_azure_realtime.audio.pcm import write_wav  # noqa: PLC0415
    from wyoming_azure_realtime.wyoming_client import speak  # noqa: PLC0415

    fmt, pcm = asyncio.run(speak(args.uri, text, voice=args.voice, language=args.language))
    _write_output(args.output, write_wav(fmt, pcm))
    return 0


def add_transcribe_arguments(parser: argparse.ArgumentParser) -> None:
    """File, server."""
    parser.add_argument("file", metavar="FILE", help="WAV file (PCM); - for standard input.")
    _add_server(parser)


def run_transcribe(args: argparse.Namespace) -> int:
    """Have the server transcribe the WAV file, print the text. Raises SpeechServiceError."""
    from wyoming_azure_realtime.audio.pcm import MAX_WAV_BYTES, read_wav  # noqa: PLC0415 - not for --help

    fmt, pcm = read_wav(_read_input(args.file, MAX_WAV_BYTES))
    import asyncio  # noqa: PLC0415

    from wyoming_azure_realtime.wyoming_client import transcribe  # noqa: PLC0415 - after the file was read

    print(asyncio.run(transcribe(args.uri, fmt, pcm, language=args.language)))  # noqa: T201
    return 0


def add_check_arguments(parser: argparse.ArgumentParser) -> None:
    """Server, longest wait."""
    _add_uri(parser)
    parser.add_argument(
        "--timeout", type=float, default=4.0, metavar="SECONDS", help="Longest wait (default: 4)."
    )


def run_check(args: argparse.Namespace) -> int:
    """0 if the server answers `describe` with `info`, which needs no backend. Raises ConnectFailed."""
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


def default_uri(environ: Mapping[str, str]) -> str:
    """Where a server listens that the same environment configures, seen from this machine."""
    uris = environ.get(URI_VARIABLE, "").replace(",", " ").split() or [DEFAULT_URI]
    uri = uris[0]
    for everywhere, here in _EVERYWHERE.items():
        uri = uri.replace(everywhere, here)
    return uri


def _add_uri(parser: argparse.ArgumentParser) -> None:
    text = f"Wyoming server (default: {URI_VARIABLE}, else {DEFAULT_URI})."
    parser.add_argument("--uri", default=default_uri(os.environ), help=text)


def _add_server(parser: argparse.ArgumentParser) -> None:
    _add_uri(parser)
    parser.add_argument("--language", default="", help="Language (default: the server's).")


def _text(argument: str) -> str:
    try:
        if argument == _STANDARD:
            return _read_input(argument, _MAX_TEXT_BYTES).decode()
        return argument.encode().decode()
    except UnicodeError as error:
        raise InvalidRequest("The text is not UTF-8.") from error


def _read_input(name: str, limit: int) -> bytes:
    """A file, or standard input for `-`; at most `limit` bytes. Raises InvalidRequest."""
    try:
        data = sys.stdin.buffer.read(limit + 1) if name == _STANDARD else _read_file(Path(name), limit)
    except (OSError, ValueError) as error:
        raise InvalidRequest(f"{_named(name)} cannot be read: {reason(error)}.") from error
    if len(data) > limit:
        raise InvalidRequest(f"{_named(name)} has more than {limit} bytes.")
    return data


def _read_file(path: Path, limit: int) -> bytes:
    if stat.S_ISDIR(path.stat().st_mode):
        raise ValueError("it is a directory")
    with path.open("rb") as file:
        return file.read(limit + 1)


def _write_output(name: str, data: bytes) -> None:
    """Into a file, or to standard output for `-`. Raises InvalidRequest."""
    if name == _STANDARD:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    try:
        Path(name).write_bytes(data)
    except (OSError, ValueError) as error:
        raise InvalidRequest(f"{_named(name)} cannot be written: {reason(error)}.") from error


def _named(name: str) -> str:
    return "Standard input" if name == _STANDARD else ascii(name)


def reason(error: Exception) -> str:
    """Why, without the number and the name that OSError adds."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text.rstrip(".")


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
