"""The embedded backend: the emulator on the engines of this machine, for a parent process or for any client.

This is the only place where the emulator and the offline engines meet. `python -m
wyoming_azure_realtime.offline.backend` is the child of `offline.process`: it reads a `LaunchRequest` as one
JSON line, answers with a `LaunchReply` as soon as it listens, and ends with its standard input.
"""

import asyncio
import errno
import logging
import os
import re
import signal
import sys
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TextIO

import msgspec

from wyoming_azure_realtime.emulator.engines import EngineHints, Engines, RecognitionStream, sink_engines
from wyoming_azure_realtime.emulator.models import ServerOptions
from wyoming_azure_realtime.emulator.server import EmulatorServer
from wyoming_azure_realtime.errors import SettingsError, SpeechServiceError
from wyoming_azure_realtime.offline.espeak import EspeakVoice
from wyoming_azure_realtime.offline.process import LaunchReply, LaunchRequest
from wyoming_azure_realtime.offline.recognizer import Recognizer
from wyoming_azure_realtime.settings.model import Embedded

MAX_NAMES = 100
_MOST_WORDS, _LONGEST = 5, 60
# a prompt is free text: names stand between these; what is longer than a name is a sentence
_BETWEEN = re.compile(r"[,;:.!?|\n\r\t\u2022\"]+|\s+(?:and|or)\s+")


@dataclass(frozen=True, slots=True)
class BackendOptions:
    """`engines`: those of this machine, or `sink`: tones and a fixed text, which cost nothing."""

    server: ServerOptions = field(default_factory=ServerOptions)
    engines: Literal["local", "sink"] = "local"
    settings: Embedded = field(default_factory=Embedded)


async def serve_backend(options: BackendOptions, out: TextIO = sys.stdout) -> None:
    """Serve until SIGINT or SIGTERM. Writes to `out` where it listens and how to use it.

    Raises: SettingsError when the port is taken.
    """
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with AsyncExitStack() as stack:
        server = await _started(options, stack)
        print(_instructions(server), file=out, flush=True)
        await stopped.wait()


async def serve_parent() -> None:
    """Serve the parent process: request on standard input, reply on standard output; end with the input."""
    stdin = await _standard_input()
    request = msgspec.json.decode(await stdin.readline(), type=LaunchRequest)
    level = logging.DEBUG if request.log.debug else logging.INFO
    logging.basicConfig(level=level, format=request.log.format)
    logging.getLogger("websockets").setLevel(logging.WARNING)  # it logs frames, with words and keys
    options = BackendOptions(
        ServerOptions(port=request.port, key=request.key, faults=request.faults),
        request.engines,
        request.settings,
    )
    async with AsyncExitStack() as stack:
        server = await _started(options, stack)
        reply = LaunchReply(
            port=server.port, recognizes=server.engines.recognizer is not None, reason=server.engines.reason
        )
        os.write(sys.stdout.fileno(), msgspec.json.encode(reply) + b"\n")
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


def _instructions(server: EmulatorServer) -> str:
    engines = server.engines
    accepted = "any key" if server.options.key is None else "the key it was given"
    key = "any" if server.options.key is None else "…"
    lines = [
        f"Realtime backend listening on {server.url} ({accepted})",
        f"  wyoming-azure-realtime: AZURE_OPENAI_ENDPOINT={server.url} AZURE_OPENAI_KEY={key}",
        f'  OpenAI clients: base_url="{server.url}/openai/v1", model="gpt-realtime"',
        f"  WebSocket: {server.url.replace('http', 'ws', 1)}/openai/v1/realtime?model=gpt-realtime",
    ]
    return "\n".join([*lines, engines.reason] if engines.reason else lines)


async def local_engines(settings: Embedded) -> Engines:
    """The engines of this machine: espeak-ng and pocketsphinx, whose model may still be loading on return.

    What is not available is None, and `reason` says why.
    """
    available, no_recognizer = Recognizer.available()
    voice, no_voice = _voice()
    cache = Path(settings.cache_dir) if settings.cache_dir else None
    recognizer = Recognizer(settings.names, workers=settings.workers, cache=cache)
    if available:
        await recognizer.start()

    async def close() -> None:
        await recognizer.stop()
        if voice is not None:
            voice.close()

    return Engines(
        recognizer=_HintedRecognizer(recognizer) if available else None,
        synthesizer=voice,
        reason=" ".join(reason for reason in (no_recognizer, no_voice) if reason),
        close=close,
    )


def _voice() -> tuple[EspeakVoice | None, str]:
    try:
        return EspeakVoice(), ""
    except SettingsError as error:
        return None, str(error)


class _HintedRecognizer:
    """The recognizer with a session's names; it knows one language, whatever the hints say."""

    def __init__(self, recognizer: Recognizer) -> None:
        self._recognizer = recognizer

    def utterance(self, hints: EngineHints) -> AbstractAsyncContextManager[RecognitionStream]:
        return self._recognizer.utterance(names_of(hints))


def names_of(hints: EngineHints) -> tuple[str, ...]:
    """The keywords, then the names in the prompt: each once, in their order, at most `MAX_NAMES`."""
    found: dict[str, str] = {}
    for name in (*hints.keywords, *_BETWEEN.split(hints.prompt)):
        plain = " ".join(name.split())
        if plain and len(plain) <= _LONGEST and plain.count(" ") < _MOST_WORDS:
            found.setdefault(plain.casefold(), plain)
    return tuple(found.values())[:MAX_NAMES]


def main() -> int:
    """Serve until the parent ends; exit code 2 when the backend could not start."""
    try:
        asyncio.run(serve_parent())
    except SpeechServiceError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
