"""A worker process of the recognizer: the messages, the process as its owner sees it, and its main function.

To the worker's standard input: frames of a 32-bit big-endian length and that many bytes; first a Setup
as JSON, then for one recording at a time an Expected as JSON, and its PCM. A frame of no bytes says that
something more important waits than the partial text in progress. From its standard output: one JSON message
a line; first Ready or Failed, then an answer to each recording in turn.

`python -m wyoming_azure_realtime.offline.worker` ends with its standard input, so it never outlives the
process that started it.
"""

import asyncio
import contextlib
import os
import queue
import struct
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Protocol

import msgspec

from wyoming_azure_realtime.errors import BackendTimeout, TranscriptionFailed
from wyoming_azure_realtime.offline.children import start_child
from wyoming_azure_realtime.offline.choice import RecognizerName

_LENGTH = struct.Struct(">I")
LENGTH_BYTES = _LENGTH.size
LONGEST_LINE = 1 << 20


class Setup(msgspec.Struct, frozen=True):
    """The names in the home, the folder of language models (None: the user's cache), and the recogniser.

    `model`: the folder of Whisper's model; empty: the package's. `download`: whether it may be.
    `slowest`: seconds that one decoding by Whisper may take, else pocketsphinx takes its place; 0: any.
    """

    names: tuple[str, ...]
    cache: str | None
    recognizer: RecognizerName = "pocketsphinx"
    model: str = ""
    download: bool = False
    slowest: float = 0.0


class Expected(msgspec.Struct, frozen=True):
    """What the next recording may hold: names in addition to those of the home, and languages.

    `partial`: its text is for the meantime, and is given up when something more important waits.
    """

    names: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    partial: bool = False


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The model is loaded, in `seconds`. `unsayable`: words of names without a pronunciation, left out.

    `recognizer`: the one that hears. `decode_seconds`: of one decoding by Whisper, where it was measured;
    `failure`: why it decodes nothing here.
    """

    built: bool
    seconds: float
    unsayable: tuple[str, ...]
    recognizer: RecognizerName = "pocketsphinx"
    decode_seconds: float = 0.0
    failure: str = ""


class Recognized(msgspec.Struct, frozen=True, tag="recognized"):
    """The words of the recording; empty when there is no speech. None: it was given up."""

    text: str | None


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """The model could not be loaded, or the recording could not be decoded."""

    reason: str


WorkerAnswer = Ready | Recognized | Failed


def encode_frame(content: bytes) -> bytes:
    """Prefix `content` with its length."""
    return _LENGTH.pack(len(content)) + content


def frame_length(header: bytes) -> int:
    """The number of bytes that follow the header."""
    size: int = _LENGTH.unpack(header)[0]
    return size


def encode_answer(answer: WorkerAnswer) -> bytes:
    """An answer as one line of JSON."""
    return msgspec.json.encode(answer) + b"\n"


def decode_answer(text: bytes) -> WorkerAnswer:
    """Read an answer. Raises: msgspec.MsgspecError when it is none."""
    answer: WorkerAnswer = msgspec.json.decode(text, type=WorkerAnswer)
    return answer


_MODULE = "wyoming_azure_realtime.offline.worker"
_STOP_SECONDS = 2.0


class WorkerProcess:
    """A worker that has been started. One recording at a time; `stop` it when anything fails."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, setup: Setup) -> "WorkerProcess":
        """Start the process and send it its setup; `ready` waits for its model. Raises: OSError."""
        process = await start_child(_MODULE, limit=LONGEST_LINE)
        worker = cls(process)
        worker._send(msgspec.json.encode(setup))
        return worker

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    async def ready(self, seconds: float) -> Ready:
        """Wait until the model is loaded. Raises: TranscriptionFailed, BackendTimeout after `seconds`."""
        answer = await self._answer(seconds)
        if not isinstance(answer, Ready):
            raise TranscriptionFailed(_failure(answer))
        return answer

    async def transcribe(self, pcm: bytes, expected: Expected, seconds: float) -> str | None:
        """Words in 24 kHz 16-bit mono; None: given up. Raises: TranscriptionFailed, BackendTimeout."""
        self._send(msgspec.json.encode(expected))
        self._send(pcm)
        answer = await self._answer(seconds)
        if not isinstance(answer, Recognized):
            raise TranscriptionFailed(_failure(answer))
        return answer.text

    def hurry(self) -> None:
        """Let it give up the partial text that it works on."""
        self._send(b"")

    async def ended(self) -> int:
        """Wait for the process's end; return its exit code."""
        return await self._process.wait()

    async def stop(self) -> None:
        """End the process by closing its input, and kill it after 2 s."""
        self._input.close()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await self._process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    @property
    def _input(self) -> asyncio.StreamWriter:
        assert self._process.stdin is not None  # noqa: S101 - it was started with a pipe
        return self._process.stdin

    def _send(self, content: bytes) -> None:
        # no draining: a frame is one recording at most, and the answer has a timeout
        self._input.write(encode_frame(content))

    async def _answer(self, seconds: float) -> WorkerAnswer:
        assert self._process.stdout is not None  # noqa: S101 - it was started with a pipe
        try:
            async with asyncio.timeout(seconds):
                line = await self._process.stdout.readline()
        except TimeoutError as error:
            raise BackendTimeout(f"The recognizer did not answer within {seconds:g} s.") from error
        try:
            return decode_answer(line)
        except msgspec.MsgspecError as error:
            raise TranscriptionFailed("A worker process of the recognizer ended unexpectedly.") from error


def _failure(answer: WorkerAnswer) -> str:
    reason = answer.reason if isinstance(answer, Failed) else "a worker process answered out of turn"
    return f"The recognizer failed: {reason}."


class RecordingDecoder(Protocol):
    """A recogniser, loaded. `built`: what it knows of the home was made just now."""

    built: bool
    unsayable: tuple[str, ...]

    def decode(self, pcm: bytes, expected: Expected, waiting: Callable[[], bool]) -> str | None:
        """The text of a recording; None when it was given up since something else is `waiting`."""


def main() -> None:
    """Load the model, then answer one recording after another."""
    frames: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    with _private_output() as answers:
        threading.Thread(target=_read, args=(sys.stdin.buffer, frames), daemon=True).start()
        try:
            decoder, ready = _load(msgspec.json.decode(frames.get(), type=Setup))
        except Exception as error:  # noqa: BLE001 - whatever it is, the owner must learn of it
            _write(answers, Failed(f"{type(error).__name__}: {error}"))
            return
        _write(answers, ready)
        answer: WorkerAnswer = Recognized("")
        # a decoder that failed is in no defined state, so its process ends after the answer
        while isinstance(answer, Recognized):
            if expected := frames.get():
                answer = _decode(decoder, expected, frames)
                _write(answers, answer)


def _load(setup: Setup) -> tuple[RecordingDecoder, Ready]:
    """The recogniser that was asked for, or pocketsphinx if Whisper is too slow here, or does not work.

    It does not where a program may not make code for itself (systemd's MemoryDenyWriteExecute).
    """
    started, took, failure = time.monotonic(), 0.0, ""
    cache = None if setup.cache is None else Path(setup.cache)
    decoder, name = _loaded(setup, setup.recognizer, cache), setup.recognizer
    if isinstance(decoder, _Whisper) and setup.slowest:
        try:
            took = decoder.seconds(setup.slowest)
        except RuntimeError as error:
            failure = str(error)
        if failure or took > setup.slowest:
            decoder, name = _loaded(setup, "pocketsphinx", cache), "pocketsphinx"
    seconds = time.monotonic() - started
    return decoder, Ready(decoder.built, seconds, decoder.unsayable, name, took, failure)


def _loaded(setup: Setup, name: RecognizerName, cache: Path | None) -> RecordingDecoder:
    return (_Whisper if name == "whisper" else _Sphinx)(setup, cache)


class _Sphinx:
    def __init__(self, setup: Setup, cache: Path | None) -> None:
        # imported here, so that a missing engine becomes an answer and not a traceback
        from wyoming_azure_realtime.offline.decoder import Decoder  # noqa: PLC0415

        self._decoder = Decoder(setup.names, cache)
        self.built, self.unsayable = self._decoder.built, self._decoder.unsayable

    def decode(self, pcm: bytes, expected: Expected, _waiting: Callable[[], bool]) -> str | None:
        """It takes 0.3 s at most: nothing is given up."""
        return self._decoder.transcribe(pcm, expected.names)


class _Whisper:
    def __init__(self, setup: Setup, cache: Path | None) -> None:
        from wyoming_azure_realtime.offline.language_model import default_cache  # noqa: PLC0415
        from wyoming_azure_realtime.offline.whisper import Abandoned, WhisperDecoder  # noqa: PLC0415

        self._abandoned = Abandoned
        downloads = (cache or default_cache()) if setup.download else None
        self._decoder = WhisperDecoder(setup.names, cache, setup.model, downloads)
        self.built, self.unsayable = self._decoder.built, tuple[str, ...]()

    def seconds(self, bearable: float) -> float:
        """How long a decoding takes; the better of two, as something else may run at the first."""
        first = self._decoder.measure()
        return first if first <= bearable else min(first, self._decoder.measure())

    def decode(self, pcm: bytes, expected: Expected, waiting: Callable[[], bool]) -> str | None:
        """A partial text is given up between the two halves of the work."""
        try:
            return self._decoder.transcribe(
                pcm, expected.names, expected.languages, partial=expected.partial, abandoned=waiting
            )
        except self._abandoned:
            return None


def _decode(decoder: RecordingDecoder, expected: bytes, frames: "queue.SimpleQueue[bytes]") -> WorkerAnswer:
    pcm = frames.get()
    try:
        return Recognized(
            decoder.decode(pcm, msgspec.json.decode(expected, type=Expected), lambda: not frames.empty())
        )
    except Exception as error:  # noqa: BLE001 - as above
        return Failed(f"{type(error).__name__}: {error}")


def _private_output() -> BinaryIO:
    """Reserve standard output for answers; what a library prints goes to standard error."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return answers


def _read(stream: BinaryIO, frames: "queue.SimpleQueue[bytes]") -> None:
    while True:
        header = stream.read(LENGTH_BYTES)
        if len(header) < LENGTH_BYTES:
            # at once, in the middle of a decoding too: the owner is gone
            os._exit(0)
        frames.put(stream.read(frame_length(header)))


def _write(answers: BinaryIO, answer: WorkerAnswer) -> None:
    try:
        answers.write(encode_answer(answer))
        answers.flush()
    except BrokenPipeError:
        os._exit(0)


if __name__ == "__main__":
    main()
