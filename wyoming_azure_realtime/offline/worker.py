"""A worker process of the recognizer: the messages, the process as its owner sees it, and its main function.

To the worker's standard input: frames of a 32-bit big-endian length and that many bytes; first a Setup
as JSON, then for one recording at a time its names as JSON, and its PCM. From its standard output: one
JSON message a line; first Ready or Failed, then an answer to each recording in turn.

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
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from wyoming_azure_realtime.errors import BackendTimeout, TranscriptionFailed

if TYPE_CHECKING:
    from wyoming_azure_realtime.offline.decoder import Decoder


_LENGTH = struct.Struct(">I")
LENGTH_BYTES = _LENGTH.size
LONGEST_LINE = 1 << 20


class Setup(msgspec.Struct, frozen=True):
    """The names in the home, and the folder of language models (None: the user's cache)."""

    names: tuple[str, ...]
    cache: str | None


class Expected(msgspec.Struct, frozen=True):
    """Names that the next recording may hold in addition to those of the home."""

    names: tuple[str, ...] = ()


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The model is loaded, in `seconds`. `unsayable`: words of names without a pronunciation, left out."""

    built: bool
    seconds: float
    unsayable: tuple[str, ...]


class Recognized(msgspec.Struct, frozen=True, tag="recognized"):
    """The words of the recording; empty when there is no speech."""

    text: str


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
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            # a file in the current folder must not replace a library of the same name
            "-P",
            "-m",
            _MODULE,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LONGEST_LINE,
            # numpy would start a thread for every core, which nothing here needs
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            # an interrupt at the terminal is for the service, which ends its workers itself
            start_new_session=True,
        )
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

    async def transcribe(self, pcm: bytes, names: tuple[str, ...], seconds: float) -> str:
        """Words in 24 kHz 16-bit mono. Raises: TranscriptionFailed, BackendTimeout after `seconds`."""
        self._send(msgspec.json.encode(Expected(names)))
        self._send(pcm)
        answer = await self._answer(seconds)
        if not isinstance(answer, Recognized):
            raise TranscriptionFailed(_failure(answer))
        return answer.text

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


def main() -> None:
    """Load the model, then answer one recording after another."""
    frames: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    with _private_output() as answers:
        threading.Thread(target=_read, args=(sys.stdin.buffer, frames), daemon=True).start()
        started = time.monotonic()
        try:
            decoder = _load(msgspec.json.decode(frames.get(), type=Setup))
        except Exception as error:  # noqa: BLE001 - whatever it is, the owner must learn of it
            _write(answers, Failed(f"{type(error).__name__}: {error}"))
            return
        _write(answers, Ready(decoder.built, time.monotonic() - started, decoder.unsayable))
        answer: WorkerAnswer = Recognized("")
        # a decoder that failed is in no defined state, so its process ends after the answer
        while isinstance(answer, Recognized):
            answer = _decode(decoder, frames.get(), frames.get())
            _write(answers, answer)


def _load(setup: Setup) -> "Decoder":
    # imported here, so that a missing engine becomes an answer and not a traceback
    from wyoming_azure_realtime.offline.decoder import Decoder  # noqa: PLC0415

    cache = None if setup.cache is None else Path(setup.cache)
    return Decoder(setup.names, cache)


def _decode(decoder: "Decoder", expected: bytes, pcm: bytes) -> WorkerAnswer:
    try:
        names = msgspec.json.decode(expected, type=Expected).names
        return Recognized(decoder.transcribe(pcm, names))
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
