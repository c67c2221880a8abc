"""Speech recognition for the embedded backend: utterances in, words out, decoded in worker processes.

Workers are handed whole recordings and keep nothing, so any of them can take the next one, and what a worker
takes down with it is one decoding. Partial text is a decoding of what there is so far, on a worker that would
otherwise be idle.
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

from wyoming_azure_realtime.embedded.worker_messages import Setup
from wyoming_azure_realtime.embedded.worker_pool import WorkerPool
from wyoming_azure_realtime.errors import AudioTooLong, OutOfOrder, SpeechServiceError, TooManyRequests

_LOG = logging.getLogger(__name__)

_BYTES_PER_SECOND = 24000 * 2
_ENGINES = ("pocketsphinx", "home_assistant_intents", "hassil")
_PYTHONS_WITH_WHEELS = "3.11 and 3.13"
# Of new audio before it is worth another look; and a share of the old, so that the sum of all looks at an
# utterance stays a small multiple of its length.
_PARTIAL_SECONDS, _PARTIAL_GROWTH = 0.5, 0.25


@dataclass(frozen=True)
class RecognizerLimits:
    """Seconds, except `utterances`: how many may be open at once, each holding its recording."""

    utterance_seconds: float = 60.0
    utterances: int = 32
    decode_seconds: float = 30.0
    load_seconds: float = 180.0


class Recognizer:
    """Recognises English commands to a home. `names`, `areas`: its devices and rooms besides the usual."""

    def __init__(
        self,
        names: Iterable[str] = (),
        areas: Iterable[str] = (),
        *,
        workers: int = 2,
        cache: Path | None = None,
        limits: RecognizerLimits | None = None,
    ) -> None:
        self._limits = limits or RecognizerLimits()
        self._pool = WorkerPool(
            Setup(tuple(names), tuple(areas), None if cache is None else str(cache)),
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
        """Whether speech can be recognised here, and otherwise one sentence saying why not."""
        missing = [name for name in _ENGINES if importlib.util.find_spec(name) is None]
        if not missing:
            return True, ""
        running = f"{sys.version_info.major}.{sys.version_info.minor}"
        if missing == ["pocketsphinx"]:
            return False, (
                f"Speech is not recognised: there is no pocketsphinx for Python {running}"
                f" (ready-made ones exist for {_PYTHONS_WITH_WHEELS})."
            )
        return False, f"Speech is not recognised: {', '.join(missing)} is not installed (extra `local`)."

    @property
    def idle(self) -> bool:
        """Whether a worker has nothing to do."""
        return self._pool.idle

    @property
    def worker_pids(self) -> list[int]:
        """Process ids of the workers that have their model."""
        return self._pool.pids

    async def start(self) -> None:
        """Start the workers without waiting for them; utterances do."""
        hears, reason = self.available()
        if hears:
            self._pool.start()
        else:
            self._pool.refuse(reason)

    async def stop(self) -> None:
        """End the workers; utterances still being decoded fail."""
        await self._pool.stop()

    async def ready(self) -> None:
        """Wait until the first worker has its model. Raises TranscriptionFailed when there will be none."""
        await self._pool.ready()

    def utterance(self, names: tuple[str, ...] = ()) -> "RecognizerUtterance":
        """Begin an utterance, in which `names` may be spoken as well; it must be closed (`async with` does).

        Raises TooManyRequests.
        """
        if self._open >= self._limits.utterances:
            raise TooManyRequests(f"{self._limits.utterances} utterances are being recognised already.")
        self._open += 1
        return RecognizerUtterance(self._pool, names, self._limits.utterance_seconds, self._closed)

    def _closed(self) -> None:
        self._open -= 1


class RecognizerUtterance:
    """Audio that arrives, partial text meanwhile, the whole text in the end."""

    def __init__(
        self, pool: WorkerPool, names: tuple[str, ...], longest_seconds: float, closed: Callable[[], None]
    ) -> None:
        self._pool = pool
        self._names = names
        self._longest = round(longest_seconds * _BYTES_PER_SECOND)
        self._on_close = closed
        self._audio = bytearray()
        self._changed = asyncio.Event()
        self._ended = False
        self._is_closed = False
        # what has been decoded last: so many bytes, these words
        self._decoded = (0, "")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def seconds(self) -> float:
        """Length of the audio so far."""
        return len(self._audio) / _BYTES_PER_SECOND

    def feed(self, pcm: bytes) -> None:
        """Add 24 kHz 16-bit mono audio, cut anywhere.

        Raises AudioTooLong, having added nothing, and OutOfOrder.
        """
        if self._ended:
            raise OutOfOrder("The utterance has already ended.")
        if len(self._audio) + len(pcm) > self._longest:
            longest = self._longest / _BYTES_PER_SECOND
            raise AudioTooLong(f"The utterance is longer than {longest:g} s, the longest that is recognised.")
        self._audio += pcm
        self._changed.set()

    async def partials(self) -> AsyncGenerator[str, None]:
        """Yield the text so far whenever it has become another, until the utterance ends.

        Each replaces the one before; words may change. It costs computing only while it is iterated, and only
        on workers that have nothing else to do. What fails here is logged: `finish` decides.
        """
        shown, worth_a_look = "", _step(0)
        while await self._grown(worth_a_look):
            size = len(self._audio)
            worth_a_look = size + _step(size)
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
        """Text of all that was fed; empty when nobody spoke. Once only.

        Raises TranscriptionFailed, BackendTimeout and OutOfOrder.
        """
        if self._ended:
            raise OutOfOrder("The utterance has already ended.")
        self._end()
        size, text = self._decoded
        return text if size == len(self._audio) else await self._decode()

    def close(self) -> None:
        """Let the recording go, finished or not."""
        if not self._is_closed:
            self._is_closed = True
            self._end()
            self._audio = bytearray()
            self._on_close()

    def _end(self) -> None:
        self._ended = True
        self._changed.set()

    async def _grown(self, size: int) -> bool:
        """Wait until so many bytes are there; false when the utterance ends before."""
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
