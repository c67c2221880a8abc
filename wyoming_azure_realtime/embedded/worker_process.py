"""One recogniser worker as seen from the process that starts it."""

import asyncio
import contextlib
import os
import sys

import msgspec

from wyoming_azure_realtime.embedded import worker_messages
from wyoming_azure_realtime.embedded.worker_messages import (
    Expected,
    Failed,
    Heard,
    Ready,
    Setup,
    WorkerAnswer,
)
from wyoming_azure_realtime.errors import BackendTimeout, TranscriptionFailed

_MODULE = "wyoming_azure_realtime.embedded.recognizer_worker"
_STOP_SECONDS = 2.0


class WorkerProcess:
    """A worker that has been started. One utterance at a time; `stop` it when anything fails."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, setup: Setup) -> "WorkerProcess":
        """Start the process and tell it its home; `ready` waits for its model."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            # whatever lies in the current folder is not the library it is named after
            "-P",
            "-m",
            _MODULE,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=worker_messages.LONGEST_LINE,
            # numpy would start a thread for every core, which nothing here needs
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            # an interrupt typed at the terminal is for the service, which ends its workers itself
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
        """Wait until the model is loaded. Raises TranscriptionFailed and BackendTimeout."""
        answer = await self._answer(seconds)
        if not isinstance(answer, Ready):
            raise TranscriptionFailed(_failure(answer))
        return answer

    async def transcribe(self, pcm: bytes, names: tuple[str, ...], seconds: float) -> str:
        """Words in `pcm` (24 kHz 16-bit mono). Raises TranscriptionFailed and BackendTimeout."""
        self._send(msgspec.json.encode(Expected(names)))
        self._send(pcm)
        answer = await self._answer(seconds)
        if not isinstance(answer, Heard):
            raise TranscriptionFailed(_failure(answer))
        return answer.text

    async def ended(self) -> int:
        """Wait for the process's end; return its exit code."""
        return await self._process.wait()

    async def stop(self) -> None:
        """End the process: by closing its input, or by force when that does not help."""
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
        # no draining: a frame is one utterance at most, and the answer is awaited with a deadline
        self._input.write(worker_messages.frame(content))

    async def _answer(self, seconds: float) -> WorkerAnswer:
        assert self._process.stdout is not None  # noqa: S101 - it was started with a pipe
        try:
            async with asyncio.timeout(seconds):
                line = await self._process.stdout.readline()
        except TimeoutError as error:
            raise BackendTimeout(f"The recogniser did not answer within {seconds:g} s.") from error
        try:
            return worker_messages.parse(line)
        except msgspec.MsgspecError as error:
            raise TranscriptionFailed("A worker process of the recogniser ended unexpectedly.") from error


def _failure(answer: WorkerAnswer) -> str:
    reason = answer.reason if isinstance(answer, Failed) else "a worker process answered out of turn"
    return f"The recogniser failed: {reason}."
