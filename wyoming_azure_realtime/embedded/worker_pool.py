"""The recogniser's worker processes: started, given utterances, replaced when they end.

A slot per worker takes utterances from one queue. A worker that ends while idle is replaced and costs nobody
anything; one that ends over an utterance, or takes too long for it, fails that utterance alone.
"""

import asyncio
import logging
from dataclasses import dataclass

from wyoming_azure_realtime.embedded.worker_messages import Ready, Setup
from wyoming_azure_realtime.embedded.worker_process import WorkerProcess
from wyoming_azure_realtime.errors import BackendTimeout, SpeechServiceError, TranscriptionFailed

_LOG = logging.getLogger(__name__)

# after so many starts in a row that failed, utterances are refused instead of waiting for the next
_FAILURES_BEFORE_REFUSING = 3
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 30.0


@dataclass(eq=False)
class _Job:
    pcm: bytes
    names: tuple[str, ...]
    text: asyncio.Future[str]


class WorkerPool:
    """Decodes utterances in `size` workers. `decode_seconds`, `load_seconds`: the longest either may take."""

    def __init__(self, setup: Setup, size: int, *, decode_seconds: float, load_seconds: float) -> None:
        self._setup = setup
        self._size = size
        self._decode_seconds = decode_seconds
        self._load_seconds = load_seconds
        self._jobs: asyncio.Queue[_Job] = asyncio.Queue()
        self._waiting = 0
        self._failures = 0
        self._refusal = "The recogniser has not been started."
        # the first model is loaded, or it has been given up
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
        """End the workers; utterances still waiting fail."""
        self.refuse("The recogniser is stopping.")
        slots, self._slots = self._slots, []
        for slot in slots:
            slot.cancel()
        await asyncio.gather(*slots, return_exceptions=True)

    async def ready(self) -> None:
        """Wait until a model is loaded. Raises TranscriptionFailed when there will be none."""
        if self._slots:
            await self._settled.wait()
        if self._refusal:
            raise TranscriptionFailed(self._refusal)

    async def decode(self, pcm: bytes, names: tuple[str, ...] = ()) -> str:
        """Words in `pcm` (24 kHz 16-bit mono), which may hold `names`.

        Raises TranscriptionFailed and BackendTimeout.
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
                f"The recogniser did not finish within {self._decode_seconds:g} s.",
                advice="The machine may be too slow or too busy for it.",
            ) from error
        finally:
            self._pending.discard(job)
            # given up, it may still wait in the queue for its turn to be passed over
            job.pcm = b""

    async def _slot(self, number: int) -> None:
        if number > 0:
            # the first one builds the model that the others then find in the cache
            await self._settled.wait()
        pause = _FIRST_PAUSE
        while True:
            try:
                await self._employ()
                pause = _FIRST_PAUSE
            except (SpeechServiceError, OSError) as error:
                self._count_failure(error)
                pause = min(2 * pause, _LONGEST_PAUSE)
            await asyncio.sleep(pause)

    async def _employ(self) -> None:
        """Have one worker from its start to its end; raises what kept it from serving."""
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
        """Wait for a job, or for the worker's end: None."""
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
            _LOG.warning("A worker of the recogniser is replaced: %s", error)
            if not job.text.done():
                job.text.set_exception(error)
            return False
        if not job.text.done():
            job.text.set_result(text)
        return True

    def _count_failure(self, error: Exception) -> None:
        _LOG.warning("A worker of the recogniser does not start: %s", error)
        self._failures += 1
        if self._failures >= _FAILURES_BEFORE_REFUSING and not self._serving:
            self.refuse(f"The recogniser does not start: {error}")
            self._settled.set()

    def refuse(self, reason: str) -> None:
        """Recognise nothing for that reason, until a worker says it can."""
        self._refusal = reason
        for job in self._pending:
            if not job.text.done():
                job.text.set_exception(TranscriptionFailed(reason))


def _log_first(ready: Ready) -> None:
    origin = "built" if ready.built else "loaded"
    _LOG.info("The recogniser's language model was %s in %.1f s.", origin, ready.seconds)
    if ready.unsayable:
        _LOG.warning("Names with these words are not recognised: %s.", ", ".join(ready.unsayable))
