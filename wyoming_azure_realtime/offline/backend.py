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
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, TextIO

import msgspec

from wyoming_azure_realtime import logs
from wyoming_azure_realtime.emulator.answer_table import TableAnswers
from wyoming_azure_realtime.emulator.engines import (
    EngineHints,
    Engines,
    RecognitionStream,
    SlowToneSynthesizer,
    sink_engines,
)
from wyoming_azure_realtime.emulator.hear_table import HearTable
from wyoming_azure_realtime.emulator.models import ServerOptions
from wyoming_azure_realtime.emulator.server import EmulatorServer
from wyoming_azure_realtime.errors import SettingsError, SpeechServiceError
from wyoming_azure_realtime.offline.answers import HomeAnswers
from wyoming_azure_realtime.offline.choice import choose_recognizer, heard_languages
from wyoming_azure_realtime.offline.language_model import default_cache, why_not_kept
from wyoming_azure_realtime.offline.process import LaunchReply, LaunchRequest
from wyoming_azure_realtime.offline.recognizer import Recognizer
from wyoming_azure_realtime.offline.voices import machine_voices
from wyoming_azure_realtime.settings.model import Embedded
from wyoming_azure_realtime.slow_callbacks import SlowCallbacks

_LOG = logging.getLogger(__name__)

MAX_NAMES = 100
_FEW_LANGUAGES = 3
_MOST_WORDS, _LONGEST = 5, 60
# a prompt is free text: names stand between these; what is longer than a name is a sentence
_BETWEEN = re.compile(r"[,;:.!?|\n\r\t\u2022\"]+|\s+(?:and|or)\s+")


@dataclass(frozen=True, slots=True)
class BackendOptions:
    """`engines`: those of this machine, or `sink`: tones and a fixed text, which cost nothing.

    `hear`, `brain`: tables in the place of what recognizes and of what answers. `control`: the port for what
    is counted and for faults, 0 for any; None: there is none.
    """

    server: ServerOptions = field(default_factory=ServerOptions)
    engines: Literal["local", "sink"] = "local"
    settings: Embedded = field(default_factory=Embedded)
    hear: Path | None = None
    brain: Path | None = None
    control: int | None = None


async def serve_backend(options: BackendOptions, out: TextIO = sys.stdout) -> None:
    """Serve until SIGINT or SIGTERM. Writes to `out` where it listens and how to use it.

    Raises: SettingsError when a port is taken, or a table cannot be read.
    """
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with AsyncExitStack() as stack:
        server = await _started(options, stack)
        lines = [_instructions(server)]
        if options.control is not None:
            from wyoming_azure_realtime.emulator.control import ControlServer  # noqa: PLC0415 - has a server

            control = ControlServer(server, options.control)
            await _enter(stack, control, options.control, "--control")
            lines.append(f"  control: {control.url}/stats")
        print("\n".join(lines), file=out, flush=True)
        await stopped.wait()


async def serve_parent() -> None:
    """Serve the parent process: request on standard input, reply on standard output; end with the input."""
    stdin = await _standard_input()
    request = msgspec.json.decode(await stdin.readline(), type=LaunchRequest)
    logs.configure(request.log, [request.key])
    logs.show_from(max(request.level, logging.getLogger().level))
    logging.getLogger("websockets").setLevel(logging.WARNING)  # it logs frames, with words and keys
    options = BackendOptions(
        ServerOptions(port=request.port, key=request.key, faults=request.faults),
        request.engines,
        request.settings,
    )
    async with AsyncExitStack() as stack:
        stack.enter_context(SlowCallbacks()).watch(request.log.slow_callbacks)
        server = await _started(options, stack)
        reply = LaunchReply(
            port=server.port,
            recognizes=server.engines.recognizer is not None,
            reason=server.engines.reason,
            languages=heard_languages(request.settings) if request.engines == "local" else ("en",),
            voice=server.engines.voice,
            spoken=server.engines.spoken,
        )
        os.write(sys.stdout.fileno(), msgspec.json.encode(reply) + b"\n")
        while await stdin.read(1024):
            pass


async def _started(options: BackendOptions, stack: AsyncExitStack) -> EmulatorServer:
    engines = await _engines(options)
    stack.push_async_callback(engines.close)
    server = EmulatorServer(options.server, engines)
    await _enter(stack, server, options.server.port, "--port")
    return server


async def _enter(
    stack: AsyncExitStack, server: AbstractAsyncContextManager[object], port: int, flag: str
) -> None:
    """Start a server. Raises: SettingsError when its port is taken."""
    try:
        await stack.enter_async_context(server)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise SettingsError(f"Port {port} is taken.", advice=f"Choose another one with {flag}.") from error


async def _engines(options: BackendOptions) -> Engines:
    """Raises: SettingsError for a table that cannot be read."""
    recognizer = HearTable.from_file(options.hear) if options.hear else None
    answers = TableAnswers.from_file(options.brain) if options.brain else None
    if options.engines == "local":
        engines = await local_engines(options.settings)
    else:
        engines = sink_engines()
        if answers:  # whoever asks a stand-in may compare how long it speaks with how long people do
            engines = replace(engines, synthesizer=SlowToneSynthesizer())
    return replace(engines, recognizer=recognizer or engines.recognizer, answers=answers or engines.answers)


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
    """The engines of this machine, which may still be loading on return.

    What is not available is None, and `reason` says why.
    """
    choice = choose_recognizer(settings)
    cache = Path(settings.cache_dir) if settings.cache_dir else None
    folder = cache or default_cache()
    if choice.name is not None and (reason := why_not_kept(folder)):
        _LOG.warning(
            "The cache folder %s cannot be written (%s): what is made of the home's sentences is made again "
            "at every start. Set embedded.cache_dir to another",
            folder,
            reason,
        )
    voices, no_voice = machine_voices(cache, download=settings.download)
    recognizer = Recognizer(
        settings.names,
        workers=settings.workers,
        cache=cache,
        choice=choice,
        model=settings.model,
        download=settings.download,
    )
    if choice.name is not None:
        await recognizer.start()
        if choice.reason:
            _LOG.info("%s", choice.reason)
    if voices is not None:
        voices.warm()

    spoken = heard_languages(settings)
    # where it hears dozens of languages, a request says which it is in
    answers = HomeAnswers(settings.names, spoken if len(spoken) <= _FEW_LANGUAGES else ("en",))
    answers.warm()

    async def close() -> None:
        answers.close()
        await recognizer.stop()
        if voices is not None:
            voices.close()

    return Engines(
        recognizer=None if choice.name is None else _HintedRecognizer(recognizer),
        synthesizer=voices,
        voice=voices.product if voices else "",
        spoken=voices.languages if voices else (),
        reason=" ".join(reason for reason in (choice.name is None and choice.reason, no_voice) if reason),
        close=close,
        answers=answers,
    )


class _HintedRecognizer:
    """The recognizer with a session's names and languages."""

    def __init__(self, recognizer: Recognizer) -> None:
        self._recognizer = recognizer

    def utterance(self, hints: EngineHints) -> AbstractAsyncContextManager[RecognitionStream]:
        return self._recognizer.utterance(names_of(hints), hints.languages)


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
