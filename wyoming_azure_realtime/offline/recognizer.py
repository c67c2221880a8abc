"""Speech recognition on this machine: recordings in, words out, decoded in worker processes.

A slot for each worker takes recordings from one queue. Workers get whole recordings and keep nothing, so
any of them can take the next one. A worker that ends while it is idle is replaced; one that ends during a
decoding, or needs too long for it, fails that recording alone. Partial text is a decoding of the audio so
far, on a worker that is idle otherwise.
"""

import asyncio
import importlib.util
import logging
import sys
from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from wyoming_azure_realtime.errors import (
    AudioTooLong,
    BackendTimeout,
    OutOfOrder,
    SpeechServiceError,
    TooManyRequests,
    TranscriptionFailed,
)
from wyoming_azure_realtime.offline.worker import Ready, Setup, WorkerProcess

_LOG = logging.getLogger(__name__)

_BYTES_PER_SECOND = 24000 * 2
_ENGINES = ("pocketsphinx", "home_assistant_intents", "hassil")
_PYTHONS_WITH_WHEELS = "3.11 and 3.13"
# The new audio before the next partial text: seconds, and a share of the audio so far, which keeps the sum of
# all decodings of an utterance at a small multiple of its length.
_PARTIAL_SECONDS, _PARTIAL_GROWTH = 0.5, 0.25
# after so many failed starts in a row, utterances are refused instead of waiting for the next start
_FAILURES_BEFORE_REFUSING = 3
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 30.0


@dataclass(frozen=True)
class RecognizerLimits:
    """In seconds; `utterances`: how many may be open at the same time, each with its recording in memory."""

    utterance_seconds: float = 60.0
    utterances: int = 32
    decode_seconds: float = 30.0
    load_seconds: float = 180.0


class Recognizer:
    """Recognizes English commands to a home. `names`: names in the home, in addition to the usual ones."""

    def __init__(
        self,
        names: Iterable[str] = (),
        *,
        workers: int = 2,
        cache: Path | None = None,
        limits: RecognizerLimits | None = None,
    ) -> None:
        self._limits = limits or RecognizerLimits()
        self._pool = WorkerPool(
            Setup(tuple(names), None if cache is None else str(cache)),
            workers,
            decode_seconds=self._limits.decode_seconds,
            load_seconds=self._limits.load_seconds,
        )
        self._open = 0

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @staticmethod
    def available() -> tuple[bool, str]:
        """Whether speech can be recognized here; if not, one sentence says why."""
        missing = [name for name in _ENGINES if importlib.util.find_spec(name) is None]
        if not missing:
            return True, ""
        running = f"{sys.version_info.major}.{sys.version_info.minor}"
        if missing == ["pocketsphinx"]:
            return False, (
                f"Speech is not recognized: there is no pocketsphinx for Python {running}"
                f" (ready-made ones exist for {_PYTHONS_WITH_WHEELS})."
            )
        return False, f"Speech is not recognized: {', '.join(missing)} is not installed (extra `local`)."

    @property
    def idle(self) -> bool:
        """Whether a worker has nothing to do."""
        return self._pool.idle

    @property
    def worker_pids(self) -> list[int]:
        """Process ids of the workers that have their model."""
        return self._pool.pids

    async def start(self) -> None:
        """Start the workers without waiting for their models; utterances wait."""
        available, reason = self.available()
        if available:
            self._pool.start()
        else:
            self._pool.refuse(reason)

    async def stop(self) -> None:
        """End the workers; decodings that are not finished fail."""
        await self._pool.stop()

    async def ready(self) -> None:
        """Wait until the first worker has its model. Raises: TranscriptionFailed when none will have one."""
        await self._pool.ready()

    def utterance(self, names: tuple[str, ...] = ()) -> "RecognizerUtterance":
        """Begin an utterance, which may hold `names` too; it must be closed, as `async with` does.

        Raises: TooManyRequests.
        """
        if self._open >= self._limits.utterances:
            raise TooManyRequests(f"{self._limits.utterances} utterances are being recognized already.")
        self._open += 1
        return RecognizerUtterance(self._pool, names, self._limits.utterance_seconds, self._closed)

    def _closed(self) -> None:
        self._open -= 1


class RecognizerUtterance:
    """One utterance: takes audio, gives partial text meanwhile and the whole text at the end."""

    def __init__(
        self, pool: "WorkerPool", names: tuple[str, ...], longest_seconds: float, closed: Callable[[], None]
    ) -> None:
        self._pool = pool
        self._names = names
        self._longest = round(longest_seconds * _BYTES_PER_SECOND)
        self._on_close = closed
        self._audio = bytearray()
        self._changed = asyncio.Event()
        self._ended = False
        self._is_closed = False
        # the last decoding: the number of bytes, and the words
        self._decoded = (0, "")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def feed(self, pcm: bytes) -> None:
        """Add 24 kHz 16-bit mono audio, cut anywhere.

        Raises: AudioTooLong, and nothing was added; OutOfOrder.
        """
        if self._ended:
            raise OutOfOrder("The utterance has already ended.")
        if len(self._audio) + len(pcm) > self._longest:
            longest = self._longest / _BYTES_PER_SECOND
            raise AudioTooLong(f"The utterance is longer than {longest:g} s, the longest that is recognized.")
        self._audio += pcm
        self._changed.set()

    async def partials(self) -> AsyncGenerator[str, None]:
        """Yield the text so far whenever it has changed, until the utterance ends.

        Each text replaces the one before; words may change. Decodes only while it is iterated, and only on
        a worker that has nothing else to do. An error here is logged: `finish` decides.
        """
        shown, next_size = "", _step(0)
        while await self._grown(next_size):
            size = len(self._audio)
            next_size = size + _step(size)
            if not self._pool.idle:
                continue
            try:
                text = await self._decode()
            except SpeechServiceError as error:
                _LOG.debug("No partial text: %s", error)
                continue
            if text not in {"", shown} and not self._ended:
                yield text
                shown = text

    async def finish(self) -> str:
        """The text of all audio, empty when there is no speech. Call once.

        Raises: TranscriptionFailed, BackendTimeout, OutOfOrder.
        """
        if self._ended:
            raise OutOfOrder("The utterance has already ended.")
        self._end()
        size, text = self._decoded
        return text if size == len(self._audio) else await self._decode()

    def close(self) -> None:
        """Release the recording, finished or not."""
        if not self._is_closed:
            self._is_closed = True
            self._end()
            self._audio = bytearray()
            self._on_close()

    def _end(self) -> None:
        self._ended = True
        self._changed.set()

    async def _grown(self, size: int) -> bool:
        """Wait for `size` bytes of audio; false when the utterance ends before."""
        while not self._ended and len(self._audio) < size:
            self._changed.clear()
            await self._changed.wait()
        return not self._ended

    async def _decode(self) -> str:
        pcm = bytes(self._audio)
        text = await self._pool.decode(pcm, self._names)
        self._decoded = (len(pcm), text)
        return text


def _step(size: int) -> int:
    return max(int(_PARTIAL_SECONDS * _BYTES_PER_SECOND), int(_PARTIAL_GROWTH * size))


@dataclass(eq=False)
class _Job:
    pcm: bytes
    names: tuple[str, ...]
    text: asyncio.Future[str]


class WorkerPool:
    """Decodes recordings in `size` workers. `decode_seconds`, `load_seconds`: timeouts of the two steps."""

    def __init__(self, setup: Setup, size: int, *, decode_seconds: float, load_seconds: float) -> None:
        self._setup = setup
        self._size = size
        self._decode_seconds = decode_seconds
        self._load_seconds = load_seconds
        self._jobs: asyncio.Queue[_Job] = asyncio.Queue()
        self._waiting = 0
        self._failures = 0
        self._refusal = "The recognizer has not been started."
        # the first model is loaded, or has failed too often
        self._settled = asyncio.Event()
        self._slots: list[asyncio.Task[None]] = []
        self._serving: set[WorkerProcess] = set()
        self._pending: set[_Job] = set()

    @property
    def idle(self) -> bool:
        """Whether a worker has nothing to do."""
        return self._waiting > self._jobs.qsize()

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers that have their model."""
        return sorted(worker.pid for worker in self._serving)

    def start(self) -> None:
        """Start the workers; waits for nothing."""
        self._refusal = ""
        self._slots = [asyncio.create_task(self._slot(number)) for number in range(self._size)]

    async def stop(self) -> None:
        """End the workers; recordings that still wait fail."""
        self.refuse("The recognizer is stopping.")
        slots, self._slots = self._slots, []
        for slot in slots:
            slot.cancel()
        await asyncio.gather(*slots, return_exceptions=True)

    async def ready(self) -> None:
        """Wait until a model is loaded. Raises: TranscriptionFailed when none will be."""
        if self._slots:
            await self._settled.wait()
        if self._refusal:
            raise TranscriptionFailed(self._refusal)

    async def decode(self, pcm: bytes, names: tuple[str, ...] = ()) -> str:
        """Words in `pcm` (24 kHz 16-bit mono), which may hold `names`.

        Raises: TranscriptionFailed, BackendTimeout.
        """
        await self.ready()
        job = _Job(pcm, names, asyncio.get_running_loop().create_future())
        self._pending.add(job)
        self._jobs.put_nowait(job)
        try:
            async with asyncio.timeout(self._decode_seconds):
                return await job.text
        except TimeoutError as error:
            raise BackendTimeout(
                f"The recognizer did not finish within {self._decode_seconds:g} s.",
                advice="The machine may be too slow or too busy for it.",
            ) from error
        finally:
            self._pending.discard(job)
            # after a timeout the job stays in the queue until a worker skips it
            job.pcm = b""

    async def _slot(self, number: int) -> None:
        if number > 0:
            # the first one builds the model that the others then find in the cache
            await self._settled.wait()
        pause = _FIRST_PAUSE
        while True:
            try:
                await self._run_worker()
                pause = _FIRST_PAUSE
            except (SpeechServiceError, OSError) as error:
                self._count_failure(error)
                pause = min(2 * pause, _LONGEST_PAUSE)
            await asyncio.sleep(pause)

    async def _run_worker(self) -> None:
        """Run one worker until it ends. Raises: SpeechServiceError or OSError when it does not start."""
        worker = await WorkerProcess.start(self._setup)
        try:
            ready = await worker.ready(self._load_seconds)
            if not self._settled.is_set():
                _log_first(ready)
            self._failures, self._refusal = 0, ""
            self._serving.add(worker)
            self._settled.set()
            await self._serve(worker)
        finally:
            self._serving.discard(worker)
            await worker.stop()

    async def _serve(self, worker: WorkerProcess) -> None:
        ended = asyncio.create_task(worker.ended())
        try:
            while (job := await self._next(ended)) is not None:
                if not job.text.done() and not await self._decode_in(worker, job):
                    return
        finally:
            ended.cancel()

    async def _next(self, ended: asyncio.Task[int]) -> _Job | None:
        """Wait for a job; None when the worker has ended."""
        job = asyncio.create_task(self._jobs.get())
        self._waiting += 1
        try:
            await asyncio.wait({job, ended}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._waiting -= 1
            if not job.done():
                job.cancel()
        if not ended.done():
            return job.result()
        if job.done():
            self._jobs.put_nowait(job.result())
        return None

    async def _decode_in(self, worker: WorkerProcess, job: _Job) -> bool:
        try:
            text = await worker.transcribe(job.pcm, job.names, self._decode_seconds)
        except SpeechServiceError as error:
            _LOG.warning("A worker of the recognizer is replaced: %s", error)
            if not job.text.done():
                job.text.set_exception(error)
            return False
        if not job.text.done():
            job.text.set_result(text)
        return True

    def _count_failure(self, error: Exception) -> None:
        _LOG.warning("A worker of the recognizer does not start: %s", error)
        self._failures += 1
        if self._failures >= _FAILURES_BEFORE_REFUSING and not self._serving:
            self.refuse(f"The recognizer does not start: {error}")
            self._settled.set()

    def refuse(self, reason: str) -> None:
        """Fail all recordings for that reason, until a worker has loaded its model."""
        self._refusal = reason
        for job in self._pending:
            if not job.text.done():
                job.text.set_exception(TranscriptionFailed(reason))


def _log_first(ready: Ready) -> None:
    origin = "built" if ready.built else "loaded"
    _LOG.info("The recognizer's language model was %s in %.1f s.", origin, ready.seconds)
    if ready.unsayable:
        _LOG.warning("Names with these words are not recognized: %s.", ", ".join(ready.unsayable))
