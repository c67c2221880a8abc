"""The processes of a benchmark, each on its core: the server to be measured and the sink behind it."""

import compileall
import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import urlopen

from tests.bench.driver import drive, until
from tests.bench.lines import RealtimeLine, WyomingLine
from tests.bench.wire import speech_session, transcription_session
from tests.support.ports import reserved_ports
from tests.support.program import clean_environment
from tests.support.wyoming_events import event_bytes

KEY = "a-key-for-the-benchmark"
ROOT = Path(__file__).parents[2]
START_SECONDS = 30.0
_OURS = "-m wyoming_azure_realtime --config {folder}/settings.yaml --uri {uri}"
_WYOMING_OPENAI = (
    "-m wyoming_openai --uri {uri} --languages en --stt-backend OPENAI --tts-backend OPENAI"
    " --stt-openai-url {backend}/v1 --stt-openai-key {key} --stt-realtime-models gpt-realtime-whisper"
    " --tts-openai-url {backend}/v1 --tts-openai-key {key} --tts-realtime-models gpt-realtime"
    " --tts-voices alloy"
)
PRESETS = {
    "ours": _OURS,
    "wyoming_openai": _WYOMING_OPENAI,
    "wyoming_openai-streaming": f"{_WYOMING_OPENAI} --tts-streaming-models gpt-realtime",
}


@dataclass(frozen=True)
class Backend:
    """A realtime service at `url`; only the sink has a `pid` and can be told how to behave."""

    url: str
    pid: int = 0
    key: str = KEY

    def hearing(self) -> RealtimeLine:
        """A warm session that transcribes."""
        uri = f"{self._socket}?intent=transcription"
        return RealtimeLine(uri, self.key, transcription_session())

    def speaking(self, model: str = "gpt-realtime") -> RealtimeLine:
        """A warm session that speaks."""
        return RealtimeLine(f"{self._socket}?model={model}", self.key, speech_session("alloy"))

    def told(self, **behaviour: float) -> dict[str, Any]:
        """Change how the sink behaves, if anything is given; what it has seen."""
        query = "&".join(f"{name}={value}" for name, value in behaviour.items())
        with urlopen(f"{self.url}/bench/state?{query}", timeout=10) as answer:
            state: dict[str, Any] = json.loads(answer.read())
        return state

    @property
    def _socket(self) -> str:
        return f"{self.url.replace('http', 'ws', 1)}/openai/v1/realtime"


@dataclass(frozen=True)
class Server:
    """A Wyoming server. `ready` in seconds after its start; without a `pid` its cost is unknown."""

    name: str
    uri: str
    pid: int = 0
    ready: float = 0.0

    def info(self) -> dict[str, Any]:
        """What it says it can do."""
        line, told = WyomingLine(self.uri), list[str]()

        def asked() -> Any:
            line.send(event_bytes("describe"))
            message = yield from until(line, "info")
            told.append(message.detail)

        try:
            drive([asked()])
        finally:
            line.close()
        info: dict[str, Any] = json.loads(told[0])
        return info

    def streams(self) -> bool:
        """Whether it takes texts in parts."""
        return any(program.get("supports_synthesize_streaming") for program in self.info().get("tts") or ())


@contextmanager
def sink(core: int | None = None) -> Iterator[Backend]:
    """A backend of our own."""
    with _process("tests.bench.sink", core) as (port, pid):
        yield Backend(f"http://127.0.0.1:{port}", pid)


@contextmanager
def receiver(core: int | None = None) -> "Iterator[Server]":
    """What only receives: less cannot be done with live streams."""
    with _process("tests.bench.receiver", core) as (port, pid):
        yield Server("receiver", f"tcp://127.0.0.1:{port}", pid)


@contextmanager
def _process(module: str, core: int | None) -> Iterator[tuple[int, int]]:
    """One of the benchmark's own processes: its port and its id."""
    pinned = ["--core", str(core)] if core is not None else []
    command = [sys.executable, "-m", module, *pinned]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline()), process.pid
        finally:
            process.kill()


@contextmanager
def started(
    kind: str, backend: Backend, *, core: int | None = None, python: str = sys.executable, keep_log: str = ""
) -> Iterator[Server]:
    """A server of one of the `PRESETS`, or of a command with {uri}, {backend}, {key}."""
    if kind == "ours":  # as pip does with whatever it installs
        compileall.compile_dir(ROOT / "wyoming_azure_realtime", quiet=1)
    with TemporaryDirectory() as folder, reserved_ports(1) as [port]:
        (Path(folder) / "settings.yaml").write_text(_settings(backend))
        uri = f"tcp://127.0.0.1:{port}"
        words = PRESETS.get(kind, kind).format(uri=uri, backend=backend.url, key=backend.key, folder=folder)
        command = [*([python] if kind in PRESETS else []), *shlex.split(words)]
        log = Path(keep_log) if keep_log else Path(folder) / "log"
        with log.open("wb") as out:
            began = time.monotonic()
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                stdout=out,
                stderr=out,
                env=clean_environment({}),
                preexec_fn=_pinning(core),  # noqa: PLW1509 - this process has one thread
            )
        try:
            _wait_ready(uri, process, log, "Ready" if kind == "ours" else "")
            yield Server(kind, uri, process.pid, time.monotonic() - began)
        finally:
            _stop(process)


def _settings(backend: Backend) -> str:
    target = {"endpoint": backend.url, "service": "azure_openai", "key": backend.key}
    target["transcription_deployment"] = "gpt-realtime-whisper"  # as for the others
    return json.dumps(
        {
            "backend": "azure",
            "http": {"listen": "127.0.0.1:0"},
            "zeroconf": {"enabled": False},
            "pool": {"max_size": 128},
            "targets": [target],
        }
    )


def _pinning(core: int | None) -> Any:
    return None if core is None else lambda: os.sched_setaffinity(0, {core})


def _wait_ready(uri: str, process: "subprocess.Popen[bytes]", log: Path, pattern: str) -> None:
    """It says so in its log, or answers, whichever it can be known by."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        if pattern:
            if re.search(rf"\b{pattern}\b", log.read_text()):
                return
        elif _answers(uri):
            return
        time.sleep(0.005)
    raise AssertionError(f"not ready: {log.read_text()[-2000:]}")


def _answers(uri: str) -> bool:
    try:
        return bool(Server("", uri).info())
    except OSError:
        return False


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def attached(uri: str, pid: int) -> Server:
    """One that is already running."""
    return Server(uri, uri, pid)


def busy(names: Sequence[str], shares: Sequence[float]) -> list[str]:
    """Those that had less than a tenth of their core left."""
    return [name for name, share in zip(names, shares, strict=True) if share > 0.9]
