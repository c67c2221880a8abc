"""The audio of a segment on its way to whoever plays it, and the thread for what takes long about it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from wyoming_azure_realtime.audio.pcm import BYTES_PER_SECOND
from wyoming_azure_realtime.errors import SpeechServiceError

_ASIDE = ThreadPoolExecutor(1, "comparison")
R = TypeVar("R")


async def aside(function: Callable[..., R], *args: object) -> R:
    """Do what takes long in a thread: for all segments one thing at a time, on one core at most."""
    return await asyncio.get_running_loop().run_in_executor(_ASIDE, function, *args)


MOST_UNREAD = 6 * BYTES_PER_SECOND
"""Bytes that wait for their turn, or for a client who takes them slowly; then the service has to wait."""

UNCOUNTED = 256 << 10
"""Bytes of a segment that are not claimed, for they are few and most segments have no more."""


class SegmentAudio:
    """The audio of a segment, between whoever makes it and whoever plays it: 24 kHz PCM16 mono.

    `release` what may be played, then `end`; read `stream` once; `discard` it. `released`: everything so far.
    `hold`: gets how many bytes more are in memory, or fewer.
    """

    def __init__(self, hold: Callable[[int], None]) -> None:
        self.released = bytearray()
        self._hold = hold
        self._kept = self._claimed = 0
        self._unread = bytearray()
        self._over = False
        self._error: SpeechServiceError | None = None
        self._news = asyncio.Event()
        self._room = asyncio.Event()

    async def release(self, pcm: bytes) -> None:
        """Add audio, and wait while too much of it is unread."""
        if not pcm:
            return
        first = not self.released
        self.keep(len(pcm))
        self.released += pcm
        self._unread += pcm
        self._news.set()
        if first:
            await asyncio.sleep(0)  # or a burst of audio would be read before its first is handed on
        while len(self._unread) > MOST_UNREAD:
            self._room.clear()
            await self._room.wait()

    def keep(self, more: int) -> None:
        """Account for so many bytes of the segment that are in memory until `discard`."""
        self._kept += more
        if (unclaimed := self._kept - self._claimed) > UNCOUNTED:
            self._claimed = self._kept
            self._hold(unclaimed)

    def discard(self) -> None:
        """Free the memory now, although others may still refer to this object."""
        self._hold(-self._claimed)
        self._kept = self._claimed = 0
        self.released, self._unread = bytearray(), bytearray()

    def end(self, error: SpeechServiceError | None = None) -> None:
        """There is no more; `error`: why the segment is not whole."""
        self._over, self._error = True, error
        self._news.set()

    async def stream(self) -> AsyncIterator[bytes]:
        """All that is there at a time. Raises the error with which it ended."""
        while not (self._over and not self._unread):
            await self._news.wait()
            self._news.clear()
            self._room.set()
            pcm = bytes(self._unread)
            self._unread.clear()
            if pcm:
                yield pcm
        if self._error is not None:
            raise self._error
