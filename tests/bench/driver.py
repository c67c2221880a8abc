"""Many conversations in one thread, on time: each is a generator that says what it waits for.

It yields a moment of `time.monotonic()` to sleep until then, or a line to get its next message.
"""

import heapq
import itertools
import select
import time
from collections.abc import Generator, Iterable

from tests.bench.lines import PATIENCE, Line, Message

Lane = Generator["float | Line", "Message | None", None]


class Stuck(Exception):
    """Nothing happened for too long."""


def drive(lanes: Iterable[Lane]) -> None:
    """Until all of them have ended."""
    _Driver().run(lanes)


class _Driver:
    def __init__(self) -> None:
        self._poll = select.epoll()
        self._due: list[tuple[float, int, Lane]] = []
        self._listening: dict[int, tuple[Line, Lane]] = {}
        self._order = itertools.count()

    def run(self, lanes: Iterable[Lane]) -> None:
        for lane in lanes:
            self._step(lane, None)
        while self._due or self._listening:
            self._wait()
        self._poll.close()

    def _wait(self) -> None:
        now = time.monotonic()
        while self._due and self._due[0][0] <= now:
            _, _, lane = heapq.heappop(self._due)
            self._step(lane, None)
        if not (self._due or self._listening):
            return
        left = self._due[0][0] - time.monotonic() if self._due else PATIENCE
        ready = self._poll.poll(max(0.0, left)) if self._listening else _sleep(left)
        if not ready and not self._due and self._listening:
            raise Stuck(f"nothing came for {PATIENCE:g} s")
        for descriptor, _ in ready:
            line, lane = self._listening[descriptor]
            line.take()
            if line.waiting:
                del self._listening[descriptor]
                self._poll.unregister(descriptor)
                self._step(lane, line.waiting.popleft())

    def _step(self, lane: Lane, message: Message | None) -> None:
        try:
            while True:
                wanted = lane.send(message)
                if isinstance(wanted, float):
                    heapq.heappush(self._due, (wanted, next(self._order), lane))
                    return
                if not wanted.waiting:
                    self._poll.register(wanted.socket, select.EPOLLIN)
                    self._listening[wanted.socket.fileno()] = (wanted, lane)
                    return
                message = wanted.waiting.popleft()
        except StopIteration:
            return


def _sleep(seconds: float) -> list[tuple[int, int]]:
    time.sleep(max(0.0, seconds))
    return []


def until(line: Line, *kinds: str) -> Generator["float | Line", "Message | None", Message]:
    """The next message of those kinds. Raises `Stuck` for an error or the end instead."""
    while True:
        message = yield line
        assert message is not None
        if message.kind in kinds:
            return message
        if message.kind in ("error", "(hung up)"):
            raise Stuck(f"{message.kind} {message.detail} instead of {' or '.join(kinds)}")
