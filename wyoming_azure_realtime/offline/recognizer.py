"""Speech recognition on this machine: sound in while somebody speaks, text out, decoded in worker processes.

Partial text is a decoding of the audio so far, on a worker that is idle otherwise.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from wyoming_azure_realtime.errors import AudioTooLong, OutOfOrder, SpeechServiceError, TooManyRequests
from wyoming_azure_realtime.offline.choice import SLOWEST_DECODE, RecognizerChoice, choose_recognizer
from wyoming_azure_realtime.offline.worker import Expected, Setup
from wyoming_azure_realtime.offline.worker_pool import WorkerPool
from wyoming_azure_realtime.settings.model import Embedded

_LOG = logging.getLogger(__name__)

_BYTES_PER_SECOND = 24000 * 2
# Seconds of audio before the first partial text; new audio before the next one: seconds, and a share of the
# audio so far, which keeps the sum of all decodings of an utterance at a small multiple of its length.
_FIRST_PARTIAL, _PARTIAL_SECONDS, _PARTIAL_GROWTH = 1.0, 0.5, 0.25
# and as much as arrives in twice the time that the last one took: half of a core stays free on a slow machine
_TIMES_ITS_COST = 2.0


@dataclass(frozen=True)
class RecognizerLimits:
    """In seconds; `utterances`: how many may be open at the same time, each with its recording in memory."""

    utterance_seconds: float = 60.0
    utterances: int = 32
    decode_seconds: float = 30.0
    load_seconds: float = 180.0


class Recognizer:
    """Recognizes what people say to a home. `names`: names in the home, in addition to the usual ones.

    `choice`: by what; None: the best that is here. `model`: the folder of Whisper's; empty: the package's, or
    a downloaded one if `download` allows that.
    """

    def __init__(
        self,
        names: Iterable[str] = (),
        *,
        workers: int = 2,
        cache: Path | None = None,
        limits: RecognizerLimits | None = None,
        choice: RecognizerChoice | None = None,
        model: str = "",
        download: bool = False,
    ) -> None:
        self._limits = limits or RecognizerLimits()
        self._choice = choice or choose_recognizer(Embedded(model=model, download=download))
        self._pool = WorkerPool(
            Setup(
                tuple(names),
                None if cache is None else str(cache),
                self._choice.name or "pocketsphinx",
                model,
                download,
                SLOWEST_DECODE if self._choice.may_change else 0.0,
            ),
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
        choice = choose_recognizer(Embedded())
        return choice.name is not None, "" if choice.name else choice.reason

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
        if self._choice.name is not None:
            self._pool.start()
        else:
            self._pool.refuse(self._choice.reason)

    async def stop(self) -> None:
        """End the workers; decodings that are not finished fail."""
        await self._pool.stop()

    async def ready(self) -> None:
        """Wait until the first worker has its model. Raises: TranscriptionFailed when none will have one."""
        await self._pool.ready()

    def utterance(
        self, names: tuple[str, ...] = (), languages: tuple[str, ...] = ()
    ) -> "RecognizerUtterance":
        """Begin an utterance, which may hold `names` too; it must be closed, as `async with` does.

        `languages`: codes of those that may be spoken; empty: any. Raises: TooManyRequests.
        """
        if self._open >= self._limits.utterances:
            raise TooManyRequests(f"{self._limits.utterances} utterances are being recognized already.")
        self._open += 1
        expected = Expected(names, languages)
        return RecognizerUtterance(self._pool, expected, self._limits.utterance_seconds, self._closed)

    def _closed(self) -> None:
        self._open -= 1


class RecognizerUtterance:
    """One utterance: takes audio, gives partial text meanwhile and the whole text at the end."""

    def __init__(
        self, pool: WorkerPool, expected: Expected, longest_seconds: float, closed: Callable[[], None]
    ) -> None:
        self._pool = pool
        self._expected = expected
        self._longest = round(longest_seconds * _BYTES_PER_SECOND)
        self._on_close = closed
        self._audio = bytearray()
        self._changed = asyncio.Event()
        self._ended = False
        self._is_closed = False

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
        clock = asyncio.get_running_loop().time
        shown, next_size = "", int(_FIRST_PARTIAL * _BYTES_PER_SECOND)
        while await self._grown(next_size):
            size, began = len(self._audio), clock()
            next_size = size + _step(size)
            if not self._pool.idle:
                continue
            try:
                text = await self._decode(partial=True)
                next_size += int(_TIMES_ITS_COST * (clock() - began) * _BYTES_PER_SECOND)
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
        return await self._decode(partial=False)

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

    async def _decode(self, *, partial: bool) -> str:
        expected = Expected(self._expected.names, self._expected.languages, partial)
        return await self._pool.decode(bytes(self._audio), expected)


def _step(size: int) -> int:
    return max(int(_PARTIAL_SECONDS * _BYTES_PER_SECOND), int(_PARTIAL_GROWTH * size))
