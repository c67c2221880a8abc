"""Running an embedded backend: alone for anyone's realtime client, or as the child of a service."""

import asyncio
import errno
import logging
import os
import signal
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Literal, TextIO

import msgspec

from wyoming_azure_realtime.embedded.engines import Engines
from wyoming_azure_realtime.embedded.local_engines import local_engines
from wyoming_azure_realtime.embedded.options import ServerOptions
from wyoming_azure_realtime.embedded.process import LaunchReply, LaunchRequest
from wyoming_azure_realtime.embedded.server import EmulatorServer
from wyoming_azure_realtime.embedded.sink_engines import sink_engines
from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.settings.model import Embedded

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BackendOptions:
    """`engines`: the real ones, or tones and a fixed text that cost nothing."""

    server: ServerOptions = field(default_factory=ServerOptions)
    engines: Literal["local", "sink"] = "local"
    settings: Embedded = field(default_factory=Embedded)


async def serve_backend(options: BackendOptions, out: TextIO = sys.stdout) -> None:
    """Serve until interrupted; tells on `out` where it listens and how to use it."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with AsyncExitStack() as stack:
        server = await _started(options, stack)
        print(_instructions(server), file=out, flush=True)
        await stopped.wait()


async def serve_parent() -> None:
    """Take orders on standard input, announce the port on standard output, end with the input."""
    stdin = await _standard_input()
    orders = msgspec.json.decode(await stdin.readline(), type=LaunchRequest)
    level = logging.DEBUG if orders.log.debug else logging.INFO
    logging.basicConfig(level=level, format=orders.log.format)
    logging.getLogger("websockets").setLevel(logging.WARNING)  # it logs frames, with words and keys
    options = BackendOptions(
        ServerOptions(port=orders.port, key=orders.key, faults=orders.faults), orders.engines, orders.settings
    )
    async with AsyncExitStack() as stack:
        server = await _started(options, stack)
        told = LaunchReply(
            port=server.port, recognizes=server.engines.recognizer is not None, reason=server.engines.reason
        )
        os.write(sys.stdout.fileno(), msgspec.json.encode(told) + b"\n")
        while await stdin.read(1024):
            pass


async def _started(options: BackendOptions, stack: AsyncExitStack) -> EmulatorServer:
    engines = await _engines(options)
    stack.push_async_callback(engines.close)
    server = EmulatorServer(options.server, engines)
    try:
        await stack.enter_async_context(server)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise SettingsError(
            f"Port {options.server.port} is taken.", advice="Choose another one with --port."
        ) from error
    return server


async def _engines(options: BackendOptions) -> Engines:
    return sink_engines() if options.engines == "sink" else await local_engines(options.settings)


async def _standard_input() -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=1024 * 1024)
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    return reader


def _key(server: EmulatorServer) -> str:
    return "any" if server.options.key is None else "…"


def _instructions(server: EmulatorServer) -> str:
    engines = server.engines
    which = "any key" if server.options.key is None else "the key it was given"
    lines = [
        f"Realtime backend listening on {server.url} ({which})",
        f"  wyoming-azure-realtime: AZURE_OPENAI_ENDPOINT={server.url} AZURE_OPENAI_KEY={_key(server)}",
        f'  OpenAI clients: base_url="{server.url}/openai/v1", model="gpt-realtime"',
        f"  WebSocket: {server.url.replace('http', 'ws', 1)}/openai/v1/realtime?model=gpt-realtime",
    ]
    return "\n".join([*lines, engines.reason] if engines.reason else lines)
