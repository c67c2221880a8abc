"""The worker processes of the recognizer: recordings in, texts out.

A slot for each worker takes recordings from one queue. Workers get whole recordings and keep nothing, so
any of them can take the next one. A worker that ends while it is idle is replaced; one that ends during a
decoding, or needs too long for it, fails that recording alone.
"""

import asyncio
import logging
from dataclasses import dataclass

import msgspec

from wyoming_azure_realtime.errors import BackendTimeout, SpeechServiceError, TranscriptionFailed
from wyoming_azure_realtime.offline.choice import product
from wyoming_azure_realtime.offline.worker import Expected, Ready, Setup, WorkerProcess

_LOG = logging.getLogger(__name__)

# after so many failed starts in a row, utterances are refused instead of waiting for the next start
_FAILURES_BEFORE_REFUSING = 3
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 30.0


@dataclass(eq=False)
class _Job:
    pcm: bytes
    expected: Expected
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
        self._at_partials: set[WorkerProcess] = set()
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

    async def decode(self, pcm: bytes, expected: Expected = Expected()) -> str:  # noqa: B008 - immutable
        """Words in `pcm` (24 kHz 16-bit mono); a partial text gives way to any other.

        Raises: TranscriptionFailed, BackendTimeout.
        """
        await self.ready()
        job = _Job(pcm, expected, asyncio.get_running_loop().create_future())
        self._pending.add(job)
        self._jobs.put_nowait(job)
        if not expected.partial and not self.idle:
            for worker in self._at_partials:
                worker.hurry()
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
                _log_first(ready, self._setup)
            # decided once: whoever comes next need not try
            self._setup = msgspec.structs.replace(self._setup, recognizer=ready.recognizer, slowest=0.0)
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
        if job.expected.partial:
            self._at_partials.add(worker)
        try:
            text = await worker.transcribe(job.pcm, job.expected, self._decode_seconds)
        except SpeechServiceError as error:
            _LOG.warning("A worker of the recognizer is replaced: %s", error)
            if not job.text.done():
                job.text.set_exception(error)
            return False
        finally:
            self._at_partials.discard(worker)
        if not job.text.done():
            job.text.set_result(text or "")
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


def _log_first(ready: Ready, asked: Setup) -> None:
    if ready.failure:
        _LOG.warning("Whisper does not work here (%s): %s hears.", ready.failure, product(ready.recognizer))
    elif ready.recognizer != asked.recognizer:
        _LOG.warning(
            "Whisper takes %.1f s for a command here, so %s hears instead; embedded.recognizer can force it.",
            ready.decode_seconds,
            product(ready.recognizer),
        )
    origin = "built" if ready.built else "loaded"
    speed = f"; a command takes {ready.decode_seconds:.1f} s" if ready.decode_seconds else ""
    _LOG.info(
        "%s hears. Its model of the home was %s in %.1f s%s.",
        product(ready.recognizer), origin, ready.seconds, speed,
    )  # fmt: skip
    if ready.unsayable:
        _LOG.warning("Names with these words are not recognized: %s.", ", ".join(ready.unsayable))
