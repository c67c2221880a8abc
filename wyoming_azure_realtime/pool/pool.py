"""Carries out what `Slots` decides: opens, tests, closes, hands over. It decides nothing itself.

The life of a session here: opened by the function the pool was given (connected, configured, acknowledged),
parked idle with only its end being watched, leased to one holder at a time, and then released clean, to be
parked again, or retired, to be closed and replaced. Each end and each beginning is reported to the observer.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, Literal, Protocol, TypeVar

from wyoming_azure_realtime.errors import BackendError, PoolClosed, SpeechServiceError
from wyoming_azure_realtime.observe import (
    Observer,
    SessionClosed,
    SessionDelayed,
    SessionOpened,
    SessionRefused,
    TurnKind,
)
from wyoming_azure_realtime.pool.openings import unlimited
from wyoming_azure_realtime.pool.slots import Decision, Slot, Slots
from wyoming_azure_realtime.settings.model import Pool as Limits

_LOGGER = logging.getLogger(__name__)
CLOSE_SECONDS = 3.0
TEST_SECONDS = 1.0


class Poolable(Protocol):
    """What a pool must know of a session. `expires_at`: Unix time, None when the service said nothing."""

    expires_at: float | None

    @property
    def closed(self) -> bool:
        """Whether it has ended."""

    async def wait_closed(self) -> None:
        """Until it has ended."""

    async def answers(self, within: float) -> bool:
        """Whether the other side shows within so many seconds that it is there; False when closed.

        Raises no `BackendError`.
        """

    async def close(self) -> None:
        """End it."""


K = TypeVar("K", bound=Hashable)
S = TypeVar("S", bound=Poolable)
_End = Literal["released", "retired", "silent"]


class Lease(Generic[S]):
    """One session in the hands of one holder, until `release` (clean) or `retire` (never used again)."""

    def __init__(self, session: S, give_back: Callable[[_End], None]) -> None:
        self.session = session
        self._give_back: Callable[[_End], None] | None = give_back

    def release(self) -> None:
        """The work ended cleanly: the session is as good as before."""
        self._end("released")

    def retire(self, *, silent: bool = False) -> None:
        """Anything else. Does nothing after `release`, so that it can stand in a `finally`.

        `silent`: the session did not answer. Then the idle ones of its group may be dead as well: nobody gets
        one of them before it has answered a ping.
        """
        self._end("silent" if silent else "retired")

    def _end(self, end: _End) -> None:
        give_back, self._give_back = self._give_back, None
        if give_back is not None:
            give_back(end)


@dataclass(slots=True)
class _Open(Generic[K, S]):
    """An open session; `watch` waits for its end while nobody holds it."""

    key: K
    session: S
    opened_at: float
    watch: asyncio.Task[None] | None = None


def _itself(key: Hashable) -> Hashable:
    return key


class SessionPool(Generic[K, S]):
    """Warm sessions for the whole process. All methods belong to one event loop.

    `opener` opens a session for a key, or raises a `BackendError`. Sessions whose keys have the same `group`
    share their fate: when one falls silent, the others are tested; of a group there are at most `most`, those
    that are being closed included. `describe`: the target and the kind of a key, for events; the kind is for
    fairness as well. `per_minute`: how many sessions a key's group may have opened in a minute; None: any
    number.
    """

    def __init__(
        self,
        opener: Callable[[K], Awaitable[S]],
        limits: Limits,
        observer: Observer,
        *,
        group: Callable[[K], Hashable] = _itself,
        most: Callable[[Any], int | None] = unlimited,
        describe: Callable[[K], tuple[str, TurnKind]],
        per_minute: Callable[[K], int | None] = unlimited,
    ) -> None:
        self._opener = opener
        self._observer = observer
        self._describe = describe
        self._slots = Slots(
            limits, kind=lambda key: describe(key)[1], group=group, most=most, per_minute=per_minute
        )
        self._sessions: dict[int, _Open[K, S]] = {}
        self._waiting: dict[int, asyncio.Future[int]] = {}
        self._openings: set[asyncio.Task[None]] = set()
        self._closings: set[asyncio.Task[None]] = set()
        self._closing_of: dict[asyncio.Task[None], Hashable] = {}  # the groups of those that are limited
        self._group = group
        self._most = most
        self._alarm: asyncio.TimerHandle | None = None
        self._closed = self._draining = False

    def __repr__(self) -> str:
        return f"<pool {self._slots!r}{' closed' if self._closed else ''}>"

    def counts(self) -> Counter[tuple[str, TurnKind, str]]:
        """How many sessions there are by target, kind and state (`opening`, `idle`, `testing`, `leased`)."""
        return Counter((*self._describe(key), state) for key, state in self._slots.states())

    def warm(self, key: K, *, always: bool = False) -> None:
        """Sessions of this key are about to be asked for, or may be `always`; returns at once."""
        if not self._closed:
            self._slots.warm(key, _now(), always=always)
            self._step()

    def drain(self) -> None:
        """Keep no session that nobody has: what is idle is closed, and what is given back. Requests go on."""
        if not self._closed:
            self._draining = True
            self._step()

    async def lease(self, key: K, *, client: str = "", fresh: bool = False) -> Lease[S]:
        """A session for one holder, after at most `timeout` seconds.

        `client`: who asks, such as an address: the fewer sessions it holds, the sooner it gets one. `fresh`:
        only a session that was opened after this call began will do.

        Raises `PoolTimeout`, `TooManyRequests` or `PoolClosed`, or the `BackendError` for which none can be
        opened.
        """
        if self._closed:
            raise PoolClosed("The service is stopping.")
        granted: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        waiter = self._slots.wait(key, _now(), client=client, fresh=fresh)
        self._waiting[waiter] = granted
        self._step()
        try:
            slot_id = await granted
        except asyncio.CancelledError:
            self._abandon(waiter, granted)
            raise
        opened = self._sessions.get(slot_id)
        if opened is None:  # closed between the grant and now
            raise PoolClosed("The service is stopping.")
        return Lease(opened.session, lambda end: self._take_back(slot_id, end))

    async def close(self) -> None:
        """Refuse waiters, close every session. Leased ones are closed under their holders."""
        self._closed = True
        if self._alarm:
            self._alarm.cancel()
        for granted in self._waiting.values():
            if not granted.done():
                granted.set_exception(PoolClosed("The service is stopping."))
        self._waiting.clear()
        unfinished = [*self._openings, *(opened.watch for opened in self._sessions.values() if opened.watch)]
        for slot_id in list(self._sessions):
            self._discard(slot_id, "stopping")
        for task in unfinished:
            task.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)
        await asyncio.gather(*self._closings)

    def _step(self) -> None:
        """Ask for decisions until there are none, then set the alarm for the next one."""
        if self._closed:
            return
        for slot_id, opened in list(self._sessions.items()):
            if opened.watch and opened.session.closed:  # the watch would find out too, but maybe too late
                self._slots.lost(slot_id, _now())
                self._discard(slot_id, "lost")
        decision = self._slots.decide(_now(), draining=self._draining)
        self._carry_out(decision)
        if self._alarm:
            self._alarm.cancel()
            self._alarm = None
        if decision.wake_at != float("inf"):
            delay = max(0.0, decision.wake_at - _now())
            self._alarm = asyncio.get_running_loop().call_later(delay, self._step)

    def _carry_out(self, decision: Decision) -> None:
        for waiter, error in decision.refuse:
            granted = self._waiting.pop(waiter, None)
            if granted and not granted.done():
                granted.set_exception(error)
        for key, seconds in decision.delayed:
            self._observer.report(SessionDelayed(*self._describe(key), seconds))  # type: ignore[arg-type]
        for waiter, slot_id in decision.give:
            self._grant(self._waiting.pop(waiter), slot_id)
        for slot_id, reason in decision.close:
            self._discard(slot_id, reason)
        for slot_id in decision.test:
            self._watch(slot_id, test=True)
        for slot in decision.open:
            self._start(self._open(slot), self._openings)

    def _grant(self, granted: asyncio.Future[int], slot_id: int) -> None:
        if granted.done():  # cancelled; its holder has not run since, and will ask for the next step
            self._slots.released(slot_id, _now())
            return
        self._unwatch(slot_id)
        granted.set_result(slot_id)

    async def _open(self, slot: Slot) -> None:
        key: K = slot.key  # type: ignore[assignment]  # slots are given our keys and know only that they hash
        began = _now()
        try:
            await self._places_given_back(self._group(key))
            session = await self._opener(key)
        except SpeechServiceError as error:
            self._refused(slot.id, key, error, _now() - began)
        except (Exception, asyncio.CancelledError) as error:
            if self._closed:
                raise
            _LOGGER.exception("Opening a session for %s failed unexpectedly", key)
            failure = BackendError(f"Opening a session failed ({type(error).__name__}).")
            failure.__cause__ = error
            self._refused(slot.id, key, failure, _now() - began)
        else:
            if self._closed:
                await self._close(session)
                return
            now = _now()
            life = session.expires_at - time.time() if session.expires_at is not None else None
            self._sessions[slot.id] = _Open(key, session, now)
            self._slots.opened(slot.id, now, life)
            self._watch(slot.id)
            self._observer.report(SessionOpened(*self._describe(key), now - began))
        self._step()

    async def _places_given_back(self, group: Hashable) -> None:
        """A service that counts its sessions counts those that are being closed as well."""
        closing = [task for task, other in self._closing_of.items() if other == group]
        if closing:
            await asyncio.wait(closing)

    def _refused(self, slot_id: int, key: K, error: SpeechServiceError, seconds: float) -> None:
        self._slots.failed(slot_id, error, _now())
        self._observer.report(SessionRefused(*self._describe(key), error, seconds))

    def _abandon(self, waiter: int, granted: asyncio.Future[int]) -> None:
        """The waiter was cancelled, possibly after a session had been granted to it."""
        if self._waiting.pop(waiter, None) is not None:
            self._slots.leave(waiter)
        if granted.done() and not granted.cancelled() and granted.exception() is None:
            self._take_back(granted.result(), "released")
        self._step()

    def _take_back(self, slot_id: int, end: _End) -> None:
        opened = self._sessions.get(slot_id)
        if opened is None:  # the pool was closed meanwhile
            return
        if end == "silent":
            self._slots.silent(slot_id)
            self._discard(slot_id, end)
        elif end == "retired" or opened.session.closed:
            self._slots.lost(slot_id, _now())
            self._discard(slot_id, "lost" if opened.session.closed else end)
        else:
            self._slots.released(slot_id, _now())
            self._watch(slot_id)
        self._step()

    def _watch(self, slot_id: int, *, test: bool = False) -> None:
        """A session that nobody holds needs no reader, only the news of its end, and sometimes a test."""
        self._unwatch(slot_id)
        work = self._test(slot_id) if test else self._wait_for_end(slot_id)
        self._sessions[slot_id].watch = asyncio.create_task(work)

    def _unwatch(self, slot_id: int) -> None:
        opened = self._sessions[slot_id]
        if opened.watch:
            opened.watch.cancel()  # maybe itself, which has nothing to wait for any more
        opened.watch = None

    async def _test(self, slot_id: int) -> None:
        session = self._sessions[slot_id].session
        answered = await session.answers(TEST_SECONDS)
        self._slots.tested(slot_id, answered=answered)
        if answered:
            self._watch(slot_id)
        else:
            self._discard(slot_id, "lost" if session.closed else "silent")
        self._step()

    async def _wait_for_end(self, slot_id: int) -> None:
        await self._sessions[slot_id].session.wait_closed()
        self._slots.lost(slot_id, _now())
        self._discard(slot_id, "lost")
        self._step()

    def _discard(self, slot_id: int, reason: str) -> None:
        """Close a session that has left its slot."""
        self._unwatch(slot_id)
        opened = self._sessions.pop(slot_id)
        life = _now() - opened.opened_at
        self._observer.report(SessionClosed(*self._describe(opened.key), reason, life))
        closing, group = self._start(self._close(opened.session), self._closings), self._group(opened.key)
        if self._most(group) is not None:
            self._closing_of[closing] = group
            closing.add_done_callback(self._closing_of.pop)

    def _start(self, work: Coroutine[Any, Any, None], kept: set[asyncio.Task[None]]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        kept.add(task)
        task.add_done_callback(kept.discard)
        return task

    async def _close(self, session: S) -> None:
        with suppress(TimeoutError, SpeechServiceError, OSError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await session.close()


def _now() -> float:
    return asyncio.get_running_loop().time()
