"""Carries out what `Slots` decides: opens, closes, hands over. It decides nothing itself.

The life of a session here: opened by the function the pool was given (connected, configured, acknowledged),
parked idle with only its end being watched, leased to one holder at a time, and then released clean, to be
parked again, or retired, to be closed and replaced.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from contextlib import suppress
from typing import Any, Generic, Protocol, TypeVar

from wyoming_azure_realtime.errors import BackendError, PoolClosed, SpeechServiceError
from wyoming_azure_realtime.pool.slots import Decision, Slot, Slots
from wyoming_azure_realtime.settings.model import Pool as Limits

_LOGGER = logging.getLogger(__name__)
CLOSE_SECONDS = 3.0


class Poolable(Protocol):
    """What a pool must know of a session. `expires_at`: Unix time, None when the service said nothing."""

    expires_at: float | None

    @property
    def closed(self) -> bool:
        """Whether it has ended."""

    async def wait_closed(self) -> None:
        """Until it has ended."""

    async def answers(self, within: float) -> bool:
        """Whether a ping is answered."""

    async def close(self) -> None:
        """End it."""


K = TypeVar("K", bound=Hashable)
S = TypeVar("S", bound=Poolable)


class Lease(Generic[S]):
    """One session in the hands of one holder, until `release` (clean) or `retire` (never used again)."""

    def __init__(self, session: S, give_back: Callable[[bool], None]) -> None:
        self.session = session
        self._give_back: Callable[[bool], None] | None = give_back

    def release(self) -> None:
        """The work ended cleanly: the session is as good as before."""
        self._end(clean=True)

    def retire(self, *, silent: bool = False) -> None:
        """Anything else. Does nothing after `release`, so that it can stand in a `finally`."""
        self._end(clean=False)

    def _end(self, *, clean: bool) -> None:
        give_back, self._give_back = self._give_back, None
        if give_back is not None:
            give_back(clean)


class SessionPool(Generic[K, S]):
    """Warm sessions for the whole process. All methods belong to one event loop."""

    def __init__(self, opener: Callable[[K], Awaitable[S]], limits: Limits) -> None:
        self._opener = opener
        self._slots = Slots(limits)
        self._sessions: dict[int, S] = {}
        self._waiting: dict[int, asyncio.Future[int]] = {}
        self._watches: dict[int, asyncio.Task[None]] = {}
        self._openings: set[asyncio.Task[None]] = set()
        self._closings: set[asyncio.Task[None]] = set()
        self._alarm: asyncio.TimerHandle | None = None
        self._closed = False

    def __repr__(self) -> str:
        return f"<pool {self._slots!r}{' closed' if self._closed else ''}>"

    def warm(self, key: K, *, always: bool = False) -> None:
        """Sessions of this key are about to be asked for, or may be `always`; returns at once."""
        if not self._closed:
            self._slots.warm(key, time.monotonic(), always=always)
            self._step()

    async def lease(self, key: K, *, client: str = "", fresh: bool = False) -> Lease[S]:
        """A session. Raises `PoolError`, or the `BackendError` for which none can be opened."""
        if self._closed:
            raise PoolClosed("The service is stopping.")
        granted: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        waiter = self._slots.wait(key, time.monotonic())
        self._waiting[waiter] = granted
        self._step()
        try:
            slot_id = await granted
        except asyncio.CancelledError:
            self._abandon(waiter, granted)
            raise
        session = self._sessions.get(slot_id)
        if session is None:  # closed between the grant and now
            raise PoolClosed("The service is stopping.")
        return Lease(session, lambda clean: self._take_back(slot_id, clean=clean))

    async def close(self) -> None:
        """Refuse waiters, close every session. Leased ones are closed under their holders."""
        self._closed = True
        if self._alarm:
            self._alarm.cancel()
        for granted in self._waiting.values():
            if not granted.done():
                granted.set_exception(PoolClosed("The service is stopping."))
        self._waiting.clear()
        for session in self._sessions.values():
            self._start(self._close(session), self._closings)
        self._sessions.clear()
        unfinished = [*self._openings, *self._watches.values()]
        self._watches.clear()
        for task in unfinished:
            task.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)
        await asyncio.gather(*self._closings)

    def _step(self) -> None:
        """Ask for decisions until there are none, then set the alarm for the next one."""
        if self._closed:
            return
        for slot_id in [slot_id for slot_id in self._watches if self._sessions[slot_id].closed]:
            self._unwatch(slot_id)  # it would tell the same, but maybe too late
            self._drop(slot_id)
        decision = self._slots.decide(time.monotonic())
        self._carry_out(decision)
        if self._alarm:
            self._alarm.cancel()
            self._alarm = None
        if decision.wake_at != float("inf"):
            delay = max(0.0, decision.wake_at - time.monotonic())
            self._alarm = asyncio.get_running_loop().call_later(delay, self._step)

    def _carry_out(self, decision: Decision) -> None:
        for waiter, error in decision.refuse:
            granted = self._waiting.pop(waiter, None)
            if granted and not granted.done():
                granted.set_exception(error)
        for waiter, slot_id in decision.give:
            self._grant(self._waiting.pop(waiter), slot_id)
        for slot_id in decision.close:
            self._unwatch(slot_id)
            self._start(self._close(self._sessions.pop(slot_id)), self._closings)
        for slot in decision.open:
            self._start(self._open(slot), self._openings)

    def _grant(self, granted: asyncio.Future[int], slot_id: int) -> None:
        if granted.done():  # cancelled; its holder has not run since, and will ask for the next step
            self._slots.released(slot_id, time.monotonic())
            return
        self._unwatch(slot_id)
        granted.set_result(slot_id)

    async def _open(self, slot: Slot) -> None:
        key: K = slot.key  # type: ignore[assignment]  # slots are told our keys and know only that they hash
        try:
            session = await self._opener(key)
        except SpeechServiceError as error:
            _LOGGER.warning("No session for %s: %s", key, error)
            self._slots.failed(slot.id, error, time.monotonic())
        except (Exception, asyncio.CancelledError) as error:
            if self._closed:
                raise
            _LOGGER.exception("Opening a session for %s failed unexpectedly", key)
            failure = BackendError(f"Opening a session failed ({type(error).__name__}).")
            self._slots.failed(slot.id, failure, time.monotonic())
        else:
            if self._closed:
                await self._close(session)
                return
            life = session.expires_at - time.time() if session.expires_at is not None else None
            self._sessions[slot.id] = session
            self._slots.opened(slot.id, time.monotonic(), life)
            self._watch(slot.id, session)
        self._step()

    def _abandon(self, waiter: int, granted: asyncio.Future[int]) -> None:
        """The waiter was cancelled, possibly after a session had been granted to it."""
        if self._waiting.pop(waiter, None) is not None:
            self._slots.leave(waiter)
        if granted.done() and not granted.cancelled() and granted.exception() is None:
            self._take_back(granted.result(), clean=True)
        self._step()

    def _take_back(self, slot_id: int, *, clean: bool) -> None:
        session = self._sessions.get(slot_id)
        if session is None:  # the pool was closed meanwhile
            return
        if clean and not session.closed:
            self._slots.released(slot_id, time.monotonic())
            self._watch(slot_id, session)
        else:
            self._drop(slot_id)
        self._step()

    def _watch(self, slot_id: int, session: S) -> None:
        """An idle session needs no reader, only the news of its end."""

        async def end() -> None:
            await session.wait_closed()
            del self._watches[slot_id]
            self._drop(slot_id)
            self._step()

        self._watches[slot_id] = asyncio.create_task(end())

    def _unwatch(self, slot_id: int) -> None:
        watch = self._watches.pop(slot_id, None)
        if watch:
            watch.cancel()

    def _drop(self, slot_id: int) -> None:
        self._slots.lost(slot_id, time.monotonic())
        self._start(self._close(self._sessions.pop(slot_id)), self._closings)

    def _start(self, work: Coroutine[Any, Any, None], kept: set[asyncio.Task[None]]) -> None:
        task = asyncio.create_task(work)
        kept.add(task)
        task.add_done_callback(kept.discard)

    async def _close(self, session: S) -> None:
        with suppress(TimeoutError, SpeechServiceError, OSError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await session.close()
