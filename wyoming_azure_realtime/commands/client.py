"""Commands that talk to a running server: `speak`, `transcribe`, `check`."""

import argparse
import json
import os
import socket
import stat
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wyoming_azure_realtime.errors import ConnectFailed, InvalidRequest, UnsupportedAudio
from wyoming_azure_realtime.settings.addresses import TcpAddress, UnixAddress, parse_host_port, server_address
from wyoming_azure_realtime.settings.declaration import NotUtf8, utf8_text

if TYPE_CHECKING:
    from wyoming_azure_realtime.audio.pcm import AudioFormat

DEFAULT_URI = "tcp://127.0.0.1:10300"
URI_VARIABLE = "WYOMING_AZURE_REALTIME_URI"
HTTP_VARIABLE = "WYOMING_AZURE_REALTIME_HTTP"
HTTP_USUAL = ("127.0.0.1:5000", "127.0.0.1:10390")
_STANDARD = "-"
_EVERYWHERE = {"//0.0.0.0:": "//127.0.0.1:", "//[::]:": "//[::1]:"}
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - replaced, not bound

_MAX_TEXT_BYTES = 4_000_000
_LONGEST_LINE = 1 << 20


def add_speak_arguments(parser: argparse.ArgumentParser) -> None:
    """Text, file, voice, server."""
    parser.add_argument("text", metavar="TEXT", help="What to say; - reads it from standard input.")
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="WAV file; - for standard output. Without it, it is played."
    )
    parser.add_argument("--voice", default="", help="Voice (default: the server's).")
    _add_server(parser)


def run_speak(args: argparse.Namespace) -> int:
    """Have the server speak the text, write the WAV file or play it. Raises SpeechServiceError."""
    text = _text(args.text)
    from wyoming_azure_realtime.commands.players import no_player, play, players  # noqa: PLC0415

    commands = [] if args.output else players()
    if not (args.output or commands):
        raise no_player()  # ahead of what may cost money
    import asyncio  # noqa: PLC0415 - not for --help

    from wyoming_azure_realtime.audio.pcm import write_wav  # noqa: PLC0415
    from wyoming_azure_realtime.wyoming_client import speak  # noqa: PLC0415

    fmt, pcm = asyncio.run(speak(args.uri, text, voice=args.voice, language=args.language))
    if args.output:
        _write_output(args.output, write_wav(fmt, pcm))
    else:
        play(fmt, pcm, commands)
    return 0


def add_transcribe_arguments(parser: argparse.ArgumentParser) -> None:
    """File, server."""
    parser.add_argument("file", metavar="FILE", help="WAV file; - for standard input.")
    _add_server(parser)


def run_transcribe(args: argparse.Namespace) -> int:
    """Have the server transcribe the WAV file, print the text. Raises SpeechServiceError."""
    fmt, pcm = _recording(args.file)
    if fmt.encoding != "integer":
        from wyoming_azure_realtime.audio.samples import integers  # noqa: PLC0415 - it loads numpy

        fmt, pcm = integers(fmt, pcm)
    import asyncio  # noqa: PLC0415

    from wyoming_azure_realtime.wyoming_client import transcribe  # noqa: PLC0415 - after the file was read

    print(asyncio.run(transcribe(args.uri, fmt, pcm, language=args.language)))  # noqa: T201
    return 0


def _recording(name: str) -> tuple["AudioFormat", bytes]:
    """The sound of a WAV file. Raises RequestError, with the line that converts this very file."""
    from wyoming_azure_realtime.audio.pcm import MAX_WAV_BYTES, read_wav  # noqa: PLC0415 - not for --help
    from wyoming_azure_realtime.audio.signatures import to_wav  # noqa: PLC0415

    try:
        return read_wav(_read_input(name, MAX_WAV_BYTES))
    except (InvalidRequest, UnsupportedAudio) as error:
        if to_wav() not in error.advice or name == _STANDARD:
            raise
        raise type(error)(error.message, advice=f"Convert it first: {to_wav(name)}") from error


def add_check_arguments(parser: argparse.ArgumentParser) -> None:
    """Server, longest wait, whether it must be ready."""
    _add_uri(parser)
    parser.add_argument(
        "--timeout", type=float, default=4.0, metavar="SECONDS", help="Longest wait (default: 4)."
    )
    parser.add_argument(
        "--ready", action="store_true", help="Also ask whether requests would be answered now, over HTTP."
    )
    parser.add_argument(
        "--http",
        metavar="HOST:PORT",
        default=os.environ.get(HTTP_VARIABLE, ""),
        help=f"Its HTTP API, for --ready (default: {HTTP_VARIABLE}, else {' or '.join(HTTP_USUAL)}).",
    )


def run_check(args: argparse.Namespace) -> int:
    """0 if the server answers `describe` with `info`, which needs no backend; and is ready, if that is asked.

    Raises ConnectFailed, InvalidRequest.
    """
    until = time.monotonic() + args.timeout
    try:
        with _connected(args.uri, args.timeout) as server:
            server.sendall(b'{"type": "describe"}\n')
            answer = json.loads(_line(server, until))
    except (OSError, ValueError, RecursionError) as error:
        raise ConnectFailed(f"No Wyoming server answers at {args.uri} ({type(error).__name__}).") from error
    if not isinstance(answer, dict) or answer.get("type") != "info":
        raise ConnectFailed(f"What listens at {args.uri} is no Wyoming server.")
    if args.ready:
        _demand_readiness([args.http] if args.http else HTTP_USUAL, until)
    return 0


def _demand_readiness(addresses: Sequence[str], until: float) -> None:
    """Return if the first server that answers is ready. Raises ConnectFailed, InvalidRequest."""
    if list(addresses) == ["off"]:
        raise InvalidRequest(
            "--ready asks the HTTP API, which is off.", advice="Set http.listen, or leave it out."
        )
    for address in addresses:
        try:
            found = parse_host_port(address)
        except ValueError as error:
            raise InvalidRequest(f"'{address}' is no address of the HTTP API: {error}.") from error
        ready = _readiness(TcpAddress(_ANYWHERE.get(found.host, found.host), found.port), until)
        if ready:
            return
        if ready is not None:
            raise ConnectFailed(
                "The server answers, and is not ready: no session can be had.",
                advice="`wyoming-azure-realtime doctor` finds out why.",
            )
    raise ConnectFailed(f"No HTTP API of this program answers at {' or '.join(addresses)}.")


def _readiness(address: TcpAddress, until: float) -> bool | None:
    """What the server at an address says of itself; None if none of this program answers there."""
    request = f"GET /readyz HTTP/1.0\r\nHost: {address}\r\n\r\n"
    try:
        left = max(0.001, until - time.monotonic())
        with socket.create_connection((address.host, address.port), left) as server:
            server.sendall(request.encode())
            _, _, body = _all(server, until).partition(b"\r\n\r\n")
        answer = json.loads(body)
    except (OSError, ValueError, RecursionError):
        return None
    ready = answer.get("ready") if isinstance(answer, dict) else None
    return ready if isinstance(ready, bool) else None


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
            return utf8_text(_read_input(argument, _MAX_TEXT_BYTES))
        return argument.encode().decode()
    except NotUtf8 as error:
        raise InvalidRequest(f"The text {error}.") from error
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
        data = _some(server, until)
        if not data or len(received) > _LONGEST_LINE:
            raise ConnectionError
        received += data
    return bytes(received).partition(b"\n")[0]


def _all(server: socket.socket, until: float) -> bytes:
    """Everything up to the connection's end. Raises as `_line` does."""
    received = bytearray()
    while data := _some(server, until):
        received += data
        if len(received) > _LONGEST_LINE:
            raise ConnectionError
    return bytes(received)


def _some(server: socket.socket, until: float) -> bytes:
    server.settimeout(max(0.001, until - time.monotonic()))
    return server.recv(65536)
