"""The way out to a client, and where a client that stops reading is cut off.

Each connection has an `EventWriter`: at most `WRITE_BUFFER` bytes and one event wait in this process for the
client to read; then the writing side waits (`drained`), and a client that reads nothing for `limits.write`
seconds is cut off by `on_stuck`. Its `HalfCloseProbe` finds clients that have left while they seemed to wait
for an answer. The `StallReaper` of the server ends requests whose client neither reads nor sends for 2
seconds while more requests are in progress than there are sessions.
"""

import asyncio
import socket
from collections.abc import Callable, Iterable
from typing import Protocol

WRITE_BUFFER = 16 << 10
"""Bytes that may wait in this process for a client that reads slowly; the system keeps more."""

_PROBE = b" "
"""White space before the next event's line, which JSON ignores: the client never sees it."""

_PROBE_ANSWER, _PROBE_PAUSE = 0.004, 0.016
"""Seconds until an answer of the client's system is looked for, and from then to the next probe."""

_STALL_SECONDS = 2.0
"""How long a client may neither send nor read while other requests wait for its session."""

_STALL_CHECK_SECONDS = 0.25


class EventWriter:
    """Writes events to a transport; calls `on_stuck` when the client reads nothing for `timeout` seconds.

    `small_buffer`: let few bytes wait in this process, since the system has a buffer for the socket.
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        timeout: float,
        on_stuck: Callable[[], None],
        *,
        small_buffer: bool = False,
    ) -> None:
        self._transport = transport
        self._timeout = timeout
        self._on_stuck = on_stuck
        self._loop = asyncio.get_running_loop()
        self._writable = asyncio.Event()
        self._writable.set()
        self._deadline: asyncio.TimerHandle | None = None
        self.full_since: float | None = None
        if small_buffer:
            transport.set_write_buffer_limits(WRITE_BUFFER)

    @property
    def full(self) -> bool:
        """The client reads slower than we write: write nothing that can wait."""
        return not self._writable.is_set()

    def send(self, *parts: bytes | memoryview) -> None:
        """Queue whole events. Who sends repeatedly awaits `drained` in between."""
        if not self._transport.is_closing():
            # not `writelines`: up to Python 3.13 that never calls `pause_writing`
            self._transport.write(b"".join(parts))

    async def drained(self) -> None:
        """Wait until more may be written, at most for `timeout`: then `on_stuck` ends the connection."""
        await self._writable.wait()

    def pause(self) -> None:
        """The transport's buffer is full: the time of the client begins to run."""
        self._writable.clear()
        self.full_since = self._loop.time()
        self._deadline = self._loop.call_later(self._timeout, self._on_stuck)

    def resume(self) -> None:
        """The transport's buffer has room again."""
        self._writable.set()
        self.full_since = None
        self._cancel_deadline()

    def close(self) -> None:
        """The connection is over: no deadline any more."""
        self._cancel_deadline()
        self._on_stuck = _ignore  # the callback must not keep the connection in memory

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class HalfCloseProbe:
    """Finds out whether a client that has ended its side still waits for an answer or is gone.

    Such a client may leave without a further packet, and so may one whose bytes we leave unread. The probe
    sends white space between events while `needed()`; the system of a client that is gone answers with a
    reset, and then the transport is aborted.
    """

    def __init__(self, transport: asyncio.Transport, writer: EventWriter, needed: Callable[[], bool]) -> None:
        self._transport = transport
        self._writer = writer
        self._needed = needed
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Send the first probe at once, unless the probe runs already."""
        if self._timer is None:
            self._send()

    def stop(self) -> None:
        """The connection is over."""
        self._needed = _never  # the callback must not keep the connection in memory
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _send(self) -> None:
        if not self._needed():
            self._timer = None
            return
        if not self._writer.full:  # else the transport is trying to write already
            self._writer.send(_PROBE)
        self._timer = self._loop.call_later(_PROBE_ANSWER, self._check)

    def _check(self) -> None:
        if self._transport.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._timer = None
            self._transport.abort()
        else:
            self._timer = self._loop.call_later(_PROBE_PAUSE, self._send)


class SessionHolder(Protocol):
    """A connection that may have a request in progress, and with it a session."""

    @property
    def stalled_since(self) -> float | None:
        """Since when the request waits for its client, by the loop's clock; None while the client waits."""

    def end_stalled_request(self) -> None:
        """End the request: others wait for its session."""


class StallReaper:
    """Ends stalled requests while more requests are in progress than there are sessions.

    `sessions`: how many there are. `running`: the number of requests in progress. `holders`: all connections.
    """

    def __init__(
        self, sessions: int, running: Callable[[], int], holders: Callable[[], Iterable[SessionHolder]]
    ) -> None:
        self._sessions = sessions
        self._running = running
        self._holders = holders
        self._timer: asyncio.TimerHandle | None = None

    def check(self) -> None:
        """Call this when one more request is in progress; it repeats itself while there are too many."""
        if self._timer is None and self._running() > self._sessions:
            self._timer = asyncio.get_running_loop().call_later(_STALL_CHECK_SECONDS, self._end_stalled)

    def _end_stalled(self) -> None:
        """End no more requests than there are too many, those first that have stalled for longest."""
        self._timer = None
        latest = asyncio.get_running_loop().time() - _STALL_SECONDS
        stalled = [(since, holder) for holder in self._holders() if (since := holder.stalled_since)]
        stalled.sort(key=lambda pair: pair[0])
        too_many = self._running() - self._sessions
        for since, holder in stalled[: max(0, too_many)]:
            if since <= latest:
                holder.end_stalled_request()
        self.check()


def _ignore() -> None:
    """In place of a callback that is not needed any more."""


def _never() -> bool:
    """In place of a condition that does not matter any more."""
    return False
