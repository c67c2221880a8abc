import asyncio
import gc
import logging
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.support.memory_sessions import MemoryOpener, MemorySession
from tests.support.slots_model import KEYS
from wyoming_azure_realtime.errors import (
    AuthenticationFailed,
    BackendError,
    ConnectFailed,
    PoolClosed,
    PoolTimeout,
    TooManyRequests,
)
from wyoming_azure_realtime.observe import Observer, SessionClosed, SessionOpened, SessionRefused
from wyoming_azure_realtime.pool import openings
from wyoming_azure_realtime.pool import pool as module
from wyoming_azure_realtime.pool.pool import Lease, SessionPool
from wyoming_azure_realtime.settings.model import Pool as Limits

Pool = SessionPool[str, MemorySession]


@asynccontextmanager
async def pool_of(
    opener: MemoryOpener, most: dict[str, int] | None = None, **limits: float
) -> AsyncIterator[Pool]:
    """A pool that must leave nothing behind: no task, no open session, no unseen exception."""
    unseen: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: unseen.append(context))
    defaults = {"min_size": 0, "max_size": 2, "timeout": 5.0}
    pool: Pool = SessionPool(
        opener,
        Limits(**{**defaults, **limits}),  # type: ignore[arg-type]
        Observer(opener.events.append),
        group=lambda key: KEYS[key][0],
        most=(most or {}).get,
        describe=lambda key: KEYS[key],
    )
    async with asyncio.timeout(10):
        yield pool
        await pool.close()
    await settle()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert opener.alive == []
    assert_every_session_was_reported(opener.events, len(opener.sessions))
    gc.collect(1)
    assert unseen == []


def assert_every_session_was_reported(events: list[object], sessions: int) -> None:
    """Each opened and closed once, but for those that opened while the pool was closing."""
    opened = sum(isinstance(event, SessionOpened) for event in events)
    closed = sum(isinstance(event, SessionClosed) for event in events)
    assert opened == closed <= sessions


async def settle() -> None:
    """Let everything happen that can happen without time passing."""
    for _ in range(10):
        await asyncio.sleep(0)


async def waiting(pool: Pool, key: str = "alloy") -> asyncio.Task[Lease[MemorySession]]:
    task = asyncio.create_task(pool.lease(key))
    await settle()
    assert not task.done()
    return task


async def test_a_clean_lease_leaves_its_session_to_the_next() -> None:
    opener = MemoryOpener()
    async with pool_of(opener) as pool:
        first = await pool.lease("alloy")
        first.release()
        second = await pool.lease("alloy")
        assert second.session is first.session
        second.release()
    assert opener.keys == ["alloy"]


async def test_anything_but_a_clean_end_retires_the_session() -> None:
    opener = MemoryOpener()
    async with pool_of(opener) as pool:
        first = await pool.lease("alloy")
        first.retire()
        second = await pool.lease("alloy")
        assert second.session is not first.session
        await settle()
        assert first.session.closed
        second.release()


async def test_a_retire_after_the_release_does_nothing() -> None:
    opener = MemoryOpener()
    async with pool_of(opener) as pool:
        lease = await pool.lease("alloy")
        lease.release()
        lease.retire()
        lease.release()
        assert repr(pool) == "<pool <slots 0 opening, 1 idle, 0 testing, 0 leased, 0 waiting>>"
        assert not lease.session.closed


async def test_keys_do_not_share_sessions() -> None:
    opener = MemoryOpener()
    async with pool_of(opener) as pool:
        leases = [await pool.lease(key) for key in ("alloy", "echo")]
        assert [lease.session.key for lease in leases] == ["alloy", "echo"]
        for lease in leases:
            lease.release()


async def test_a_released_session_serves_who_waits() -> None:
    opener = MemoryOpener()
    async with pool_of(opener, max_size=1) as pool:
        first = await pool.lease("alloy")
        waiter = await waiting(pool)
        first.release()
        assert (await waiter).session is first.session
        waiter.result().release()


async def test_a_retired_session_makes_room_for_who_waits() -> None:
    opener = MemoryOpener()
    async with pool_of(opener, max_size=1) as pool:
        first = await pool.lease("alloy")
        waiter = await waiting(pool, "echo")
        first.retire()
        second = await waiter
        assert second.session.key == "echo"
        second.release()


async def test_warming_opens_without_being_waited_for() -> None:
    opener = MemoryOpener()
    async with pool_of(opener, min_size=2, max_size=3) as pool:
        pool.warm("alloy")
        await settle()
        assert len(opener.sessions) == 2
        lease = await pool.lease("alloy")
        assert lease.session in opener.sessions[:2]
        lease.release()


async def test_no_session_in_time_is_a_timeout() -> None:
    opener = MemoryOpener()
    opener.hanging()
    async with pool_of(opener, timeout=0.02) as pool:
        with pytest.raises(PoolTimeout):
            await pool.lease("alloy")


async def test_more_than_may_wait_are_refused_at_once() -> None:
    opener = MemoryOpener()
    opener.hanging()
    async with pool_of(opener, max_size=1, max_waiting=1) as pool:
        waiters = [await waiting(pool) for _ in range(2)]
        with pytest.raises(TooManyRequests):
            await pool.lease("alloy")
        for waiter in waiters:
            waiter.cancel()


async def test_a_failure_to_open_reaches_who_waits() -> None:
    opener = MemoryOpener()
    opener.failing(AuthenticationFailed("Access denied."))
    async with pool_of(opener) as pool:
        waiters = [asyncio.create_task(pool.lease("alloy")) for _ in range(4)]
        results = await asyncio.gather(*waiters, return_exceptions=True)
        assert all(isinstance(result, AuthenticationFailed) for result in results)


async def test_a_pool_recovers_when_its_service_does() -> None:
    opener = MemoryOpener()
    opener.failing(ConnectFailed("Down."))
    async with pool_of(opener) as pool:
        with pytest.raises(ConnectFailed):
            await pool.lease("alloy")
        opener.working()
        (await pool.lease("alloy")).release()


@pytest.mark.parametrize(
    "surprise", [ValueError("the key is hunter2"), asyncio.CancelledError(), TimeoutError(), KeyError("t")]
)
async def test_an_opener_that_breaks_is_a_backend_error_and_takes_no_room(
    surprise: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    opener = MemoryOpener()
    opener.failing(surprise)
    async with pool_of(opener, max_size=1) as pool:
        with caplog.at_level(logging.CRITICAL), pytest.raises(BackendError) as caught:
            await pool.lease("alloy")
        assert type(surprise).__name__ in caught.value.message
        assert caught.value.__cause__ is surprise
        assert reported(opener) == [(BackendError, "first", "synthesis")]
        assert "hunter2" not in str(caught.value)
        opener.working()
        (await pool.lease("alloy")).release()


# --- sessions that die


async def test_a_session_that_dies_idle_is_never_given() -> None:
    opener = MemoryOpener()
    async with pool_of(opener) as pool:
        first = await pool.lease("alloy")
        first.release()
        first.session.end()
        second = await pool.lease("alloy")
        assert second.session is not first.session
        second.release()


async def test_a_session_that_said_goodbye_is_never_given_though_its_socket_lingers() -> None:
    opener = MemoryOpener()
    async with pool_of(opener) as pool:
        first = await pool.lease("alloy")
        first.release()
        await settle()
        first.session.say_goodbye()
        second = await pool.lease("alloy")
        assert second.session is not first.session
        second.release()


async def test_a_session_that_dies_idle_makes_room_at_once() -> None:
    opener = MemoryOpener()
    async with pool_of(opener, max_size=1) as pool:
        lease = await pool.lease("alloy")
        lease.release()
        lease.session.end()
        await settle()
        assert repr(pool) == "<pool <slots 0 opening, 0 idle, 0 testing, 0 leased, 0 waiting>>"


async def test_a_session_that_dies_idle_is_replaced_after_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openings, "FIRST_PAUSE", 0.3)
    opener = MemoryOpener()
    async with pool_of(opener, min_size=1) as pool:
        pool.warm("alloy")
        await settle()
        opener.asked.clear()
        opener.sessions[0].end()
        await settle()
        assert not opener.asked.is_set()
        await opener.asked.wait()
        await settle()
        assert len(opener.alive) == 1


async def test_a_session_that_dies_on_lease_is_not_parked_even_when_released_clean() -> None:
    opener = MemoryOpener()
    async with pool_of(opener) as pool:
        first = await pool.lease("alloy")
        first.session.end()
        await settle()
        assert repr(pool) == "<pool <slots 0 opening, 0 idle, 0 testing, 1 leased, 0 waiting>>"
        first.release()
        second = await pool.lease("alloy")
        assert second.session is not first.session
        second.release()


async def test_a_session_that_died_on_lease_is_replaced_at_once() -> None:
    opener = MemoryOpener()
    async with pool_of(opener, min_size=1) as pool:
        lease = await pool.lease("alloy")
        lease.session.end()
        lease.release()
        await settle()
        assert len(opener.alive) == 1


async def test_an_announced_end_closes_an_idle_session_before_it() -> None:
    opener = MemoryOpener()
    opener.expires_at = time.time() + 1.0
    async with pool_of(opener) as pool:
        lease = await pool.lease("alloy")
        lease.release()
        await lease.session.gone.wait()
        assert time.time() < opener.expires_at


async def test_an_end_announced_in_the_past_is_a_wrong_clock() -> None:
    opener = MemoryOpener()
    opener.expires_at = time.time() - 3600
    async with pool_of(opener) as pool:
        first = await pool.lease("alloy")
        first.release()
        second = await pool.lease("alloy")
        assert second.session is first.session
        second.release()


# --- sessions that die silently


async def parked(pool: Pool, keys: list[str]) -> None:
    """So many idle sessions of each."""
    for lease in [await pool.lease(key) for key in keys]:
        lease.release()
    await settle()


@pytest.mark.parametrize("siblings", [1, 2, 4, 8])
@pytest.mark.parametrize("key", ["alloy", "hears"])
async def test_after_one_lease_of_a_dead_session_every_other_is_alive(
    siblings: int, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TEST_SECONDS", 0.05)
    opener = MemoryOpener()
    async with pool_of(opener, max_size=32) as pool:
        await parked(pool, siblings * ["alloy", "hears"])
        for session in opener.sessions:
            session.silent = True
        lease = await pool.lease(key)
        assert lease.session.silent
        lease.retire(silent=True)
        again = [await pool.lease(key, fresh=True)]
        others = (siblings - 1) * [key, "hears" if key == "alloy" else "alloy"]
        again += [await pool.lease(other) for other in others]
        assert not any(lease.session.silent for lease in again)
        for dead in opener.sessions[: 2 * siblings]:
            await dead.gone.wait()
        for lease in again:
            lease.release()
    closed = [event.reason for event in opener.events if isinstance(event, SessionClosed)]
    assert closed.count("silent") == 2 * siblings


async def test_those_that_answer_are_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TEST_SECONDS", 0.05)
    opener = MemoryOpener()
    async with pool_of(opener, max_size=8) as pool:
        await parked(pool, ["alloy", "echo", "hears", "other-hears"])
        _, echo, hears, other = opener.sessions
        echo.silent = True
        (await pool.lease("alloy")).retire(silent=True)
        await echo.gone.wait()
        assert [session.tests for session in opener.sessions] == [0, 1, 1, 0]
        assert repr(pool) == "<pool <slots 0 opening, 2 idle, 0 testing, 0 leased, 0 waiting>>"
        for key, session in (("hears", hears), ("other-hears", other)):
            lease = await pool.lease(key)
            assert lease.session is session
            lease.release()


async def test_one_that_answered_is_watched_again() -> None:
    opener = MemoryOpener()
    async with pool_of(opener, max_size=8) as pool:
        await parked(pool, ["alloy", "hears"])
        (await pool.lease("alloy")).retire(silent=True)
        await settle()
        assert repr(pool) == "<pool <slots 0 opening, 1 idle, 0 testing, 0 leased, 0 waiting>>"
        opener.sessions[1].end()
        await settle()
        assert repr(pool) == "<pool <slots 0 opening, 0 idle, 0 testing, 0 leased, 0 waiting>>"


async def test_one_that_ends_while_it_is_tested_is_lost_once() -> None:
    opener = MemoryOpener()
    async with pool_of(opener, max_size=8) as pool:
        await parked(pool, ["alloy", "hears"])
        alloy, hears = opener.sessions
        hears.silent = True
        (await pool.lease("alloy")).retire(silent=True)
        assert repr(pool) == "<pool <slots 0 opening, 0 idle, 1 testing, 0 leased, 0 waiting>>"
        hears.end()
        await settle()
        assert repr(pool) == "<pool <slots 0 opening, 0 idle, 0 testing, 0 leased, 0 waiting>>"
    closed = [event for event in opener.events if isinstance(event, SessionClosed)]
    assert [event.reason for event in closed] == ["silent", "lost"]
    assert alloy.closed


async def test_one_in_test_makes_room_and_its_test_ends() -> None:
    opener = MemoryOpener()
    async with pool_of(opener, max_size=2) as pool:
        await parked(pool, ["alloy", "hears"])
        opener.sessions[1].silent = True
        (await pool.lease("alloy")).retire(silent=True)
        leases = [await pool.lease("alloy") for _ in range(2)]
        assert opener.sessions[1].closed
        for lease in leases:
            lease.release()


async def test_a_fresh_lease_is_a_new_session_though_others_are_idle_and_all_places_taken() -> None:
    opener = MemoryOpener()
    async with pool_of(opener, max_size=2) as pool:
        await parked(pool, ["alloy", "alloy"])
        lease = await pool.lease("alloy", fresh=True)
        assert lease.session is opener.sessions[2]
        lease.release()


# --- one for all


@pytest.mark.parametrize("client", ["192.0.2.1", "192.0.2.2"])
async def test_a_crowd_that_speaks_shuts_out_nobody_who_wants_to_be_heard(client: str) -> None:
    opener = MemoryOpener()
    async with pool_of(opener, max_size=32) as pool:
        speaking = [asyncio.create_task(pool.lease("alloy", client="192.0.2.1")) for _ in range(48)]
        await settle()
        held = [task.result() for task in speaking if task.done()]
        assert len(held) == 24
        hearing = [await pool.lease("hears", client=client) for _ in range(8)]
        assert len(opener.alive) == 32
        for lease in hearing + held:
            lease.release()
        for task in speaking:
            if (lease := await task) not in held:
                lease.release()


async def test_a_crowd_that_speaks_lets_another_client_speak_next() -> None:
    opener = MemoryOpener()
    async with pool_of(opener, max_size=32) as pool:
        speaking = [asyncio.create_task(pool.lease("alloy", client="192.0.2.1")) for _ in range(48)]
        await settle()
        other = asyncio.create_task(pool.lease("alloy", client="192.0.2.2"))
        await settle()
        assert not other.done()
        held = [task.result() for task in speaking if task.done()]
        held[7].release()
        assert (await other).session is held[7].session
        for lease in [*held, other.result()]:
            lease.release()
        for task in speaking:
            if (lease := await task) not in held:
                lease.release()


# --- what the observer learns


def reported(opener: MemoryOpener) -> list[tuple[object, ...]]:
    """The events without their times."""
    reduced: list[tuple[object, ...]] = []
    for event in opener.events:
        match event:
            case SessionOpened(target, kind, seconds):
                assert seconds >= 0
                reduced.append(("opened", target, kind))
            case SessionClosed(target, kind, reason, seconds):
                assert seconds >= 0
                reduced.append((reason, target, kind))
            case SessionRefused(target, kind, error):
                reduced.append((type(error), target, kind))
    return reduced


async def test_what_becomes_of_a_session_is_reported_with_its_reason() -> None:
    opener = MemoryOpener()
    async with pool_of(opener, max_size=1) as pool:
        (await pool.lease("alloy")).retire()
        (await pool.lease("other-hears")).release()
        lease = await pool.lease("hears")
        lease.session.end()
        lease.retire()
        lease = await pool.lease("hears")
        lease.session.end()
        lease.release()
        (await pool.lease("hears")).retire(silent=True)
        (await pool.lease("hears")).release()
        opener.sessions[-1].end()
        await settle()
        (await pool.lease("hears")).release()
    speech, hearing = ("first", "synthesis"), ("first", "recognition")
    assert reported(opener) == [
        ("opened", *speech),
        ("retired", *speech),
        ("opened", "second", "recognition"),
        ("displaced", "second", "recognition"),
        ("opened", *hearing),
        ("lost", *hearing),
        ("opened", *hearing),
        ("lost", *hearing),
        ("opened", *hearing),
        ("silent", *hearing),
        ("opened", *hearing),
        ("lost", *hearing),
        ("opened", *hearing),
        ("stopping", *hearing),
    ]


async def test_sessions_that_are_old_or_unused_are_reported_as_such() -> None:
    opener = MemoryOpener()
    async with pool_of(opener, max_idle=0.05) as pool:
        (await pool.lease("alloy")).release()
        await opener.sessions[0].gone.wait()
    async with pool_of(opener, max_lifetime=0.05) as pool:
        (await pool.lease("hears")).release()
        await opener.sessions[1].gone.wait()
    assert reported(opener)[1::2] == [("unused", "first", "synthesis"), ("expired", "first", "recognition")]


async def test_the_time_that_it_took_to_open_is_reported() -> None:
    opener = MemoryOpener()
    opener.slow(0.03)
    began = time.monotonic()
    async with pool_of(opener) as pool:
        (await pool.lease("alloy")).release()
    opened, closed = opener.events
    assert isinstance(opened, SessionOpened)
    assert isinstance(closed, SessionClosed)
    assert opened.seconds > 0.02
    assert opened.seconds + closed.seconds <= time.monotonic() - began


async def test_a_refused_opening_is_reported_and_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    opener = MemoryOpener()
    opener.failing(ConnectFailed("Down."))
    async with pool_of(opener) as pool:
        with pytest.raises(ConnectFailed):
            await pool.lease("hears")
    assert reported(opener) == [(ConnectFailed, "first", "recognition")]
    assert caplog.records == []


async def test_no_session_in_time_tells_why_the_last_one_could_not_be_opened() -> None:
    opener = MemoryOpener()
    opener.failing(ConnectFailed("Down."))
    async with pool_of(opener, timeout=0.05) as pool:
        with pytest.raises(ConnectFailed):
            await pool.lease("alloy")
        opener.hanging()
        with pytest.raises(ConnectFailed, match="Down"):
            await pool.lease("alloy")


# --- those who change their minds


async def test_a_cancelled_waiter_leaves_its_place_to_the_next() -> None:
    opener = MemoryOpener()
    async with pool_of(opener, max_size=1) as pool:
        first = await pool.lease("alloy")
        leaver = await waiting(pool)
        stayer = await waiting(pool)
        leaver.cancel()
        first.release()
        assert (await stayer).session is first.session
        stayer.result().release()


@pytest.mark.parametrize("cancel_first", [True, False])
async def test_a_waiter_cancelled_at_the_moment_of_granting_loses_no_session(cancel_first: bool) -> None:
    opener = MemoryOpener()
    async with pool_of(opener, max_size=1) as pool:
        first = await pool.lease("alloy")
        leaver = await waiting(pool)
        stayer = await waiting(pool)
        if cancel_first:
            leaver.cancel()
            first.release()
        else:
            first.release()
            leaver.cancel()
        assert (await stayer).session is first.session
        assert leaver.cancelled()
        stayer.result().release()
        assert repr(pool) == "<pool <slots 0 opening, 1 idle, 0 testing, 0 leased, 0 waiting>>"


@pytest.mark.parametrize("cancel_first", [True, False])
async def test_a_sole_waiter_cancelled_at_the_moment_of_granting_loses_no_session(cancel_first: bool) -> None:
    opener = MemoryOpener()
    async with pool_of(opener, max_size=1) as pool:
        first = await pool.lease("alloy")
        leaver = await waiting(pool)
        for step in (leaver.cancel, first.release) if cancel_first else (first.release, leaver.cancel):
            step()
        await asyncio.wait([leaver])
        await settle()
        assert repr(pool) == "<pool <slots 0 opening, 1 idle, 0 testing, 0 leased, 0 waiting>>"
        second = await pool.lease("alloy")
        assert second.session is first.session
        second.release()


async def test_a_waiter_cancelled_at_any_moment_loses_nothing() -> None:
    for moment in range(30):
        opener = MemoryOpener()
        async with pool_of(opener, max_size=1) as pool:
            leaver = asyncio.create_task(pool.lease("alloy"))
            for _ in range(moment):
                await asyncio.sleep(0)
            leaver.cancel()
            await asyncio.wait([leaver])
            if not leaver.cancelled():
                leaver.result().release()
            other = await pool.lease("echo")
            assert len(opener.alive) <= 2
            other.release()
            await settle()
            assert repr(pool) == "<pool <slots 0 opening, 1 idle, 0 testing, 0 leased, 0 waiting>>"
        if moment > 5 and not leaver.cancelled():
            return
    pytest.fail("it never came to a lease")


async def test_a_waiter_that_runs_out_of_its_own_time_loses_nothing() -> None:
    opener = MemoryOpener()
    async with pool_of(opener, max_size=1) as pool:
        first = await pool.lease("alloy")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await pool.lease("alloy")
        first.release()
        second = await pool.lease("alloy")
        assert second.session is first.session
        second.release()


async def test_a_closed_pool_refuses() -> None:
    opener = MemoryOpener()
    async with pool_of(opener, min_size=1) as pool:
        await pool.close()
        with pytest.raises(PoolClosed):
            await pool.lease("alloy")
        pool.warm("alloy")
        await pool.close()
        assert repr(pool).endswith(" closed>")
    assert opener.keys == []


async def test_closing_refuses_waiters_closes_sessions_and_stops_openings() -> None:
    opener = MemoryOpener()
    async with pool_of(opener, max_size=3) as pool:
        leased = await pool.lease("alloy")
        (await pool.lease("echo")).release()
        opener.hanging()
        waiters = [await waiting(pool) for _ in range(3)]
        await pool.close()
        for waiter in waiters:
            with pytest.raises(PoolClosed):
                await waiter
        assert leased.session.closed
        assert opener.alive == []
        leased.release()
        leased.retire()


@pytest.mark.parametrize("clean", [True, False])
@pytest.mark.parametrize("moment", range(6))
async def test_a_lease_may_end_at_any_moment_of_the_closing(moment: int, clean: bool) -> None:
    opener = MemoryOpener()
    async with pool_of(opener) as pool:
        lease = await pool.lease("alloy")
        opener.hanging()
        waiter = await waiting(pool)
        closing = asyncio.create_task(pool.close())
        for _ in range(moment):
            await asyncio.sleep(0)
        (lease.release if clean else lease.retire)()
        await closing
        with pytest.raises(PoolClosed):
            await waiter
        await settle()
        assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_session_granted_at_the_moment_of_closing_is_refused_or_closed() -> None:
    opener = MemoryOpener()
    async with pool_of(opener, max_size=1) as pool:
        first = await pool.lease("alloy")
        waiter = await waiting(pool)
        first.release()
        await pool.close()
        with pytest.raises(PoolClosed):
            await waiter


@pytest.mark.parametrize("moment", range(6))
async def test_a_session_that_opens_while_the_pool_closes_is_closed(moment: int) -> None:
    opener = MemoryOpener()
    async with pool_of(opener) as pool:
        pool.warm("alloy")
        waiter = asyncio.create_task(pool.lease("alloy"))
        for _ in range(moment):
            await asyncio.sleep(0)
        await pool.close()
        (result,) = await asyncio.gather(waiter, return_exceptions=True)
        assert isinstance(result, PoolClosed) or (isinstance(result, Lease) and result.session.closed)


async def test_an_opener_that_ignores_its_cancellation_leaves_no_session() -> None:
    opener = MemoryOpener()

    async def stubborn() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            await asyncio.sleep(0)

    opener.before = stubborn
    async with pool_of(opener) as pool:
        waiter = await waiting(pool)
        await pool.close()
        assert len(opener.sessions) == 1
        assert opener.alive == []
        with pytest.raises(PoolClosed):
            await waiter


async def test_a_session_that_will_not_close_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CLOSE_SECONDS", 0.02)
    opener = MemoryOpener()
    async with pool_of(opener) as pool:
        for trouble in (asyncio.get_running_loop().create_future(), _raises(OSError("broken pipe"))):
            lease = await pool.lease("alloy")

            async def close(trouble: object = trouble) -> None:
                await trouble  # type: ignore[misc]

            lease.session.close = close  # type: ignore[method-assign]
            lease.retire()
        await pool.close()
        for session in opener.sessions:
            session.end()


async def _raises(error: Exception) -> None:
    raise error


# --- many at once


@pytest.mark.parametrize("seed", range(5))
async def test_a_crowd_shares_few_sessions_one_holder_at_a_time(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TEST_SECONDS", 0.01)
    dice = random.Random(seed)
    opener = MemoryOpener()
    outcomes: list[str] = []

    async def guest(pool: Pool) -> None:
        for _ in range(dice.randrange(30)):
            await asyncio.sleep(0)
        key, client, fresh = dice.choice(["alloy", "echo", "hears"]), dice.choice("abc"), dice.random() < 0.1
        before = len(opener.sessions)
        lease = await pool.lease(key, client=client, fresh=fresh)
        session = lease.session
        assert not fresh or session in opener.sessions[before:]
        session.holders += 1
        try:
            assert session.holders == 1
            assert not session.closed
            for _ in range(dice.randrange(8)):
                await asyncio.sleep(0)
            if dice.random() < 0.1:
                session.end()
            if dice.random() < 0.1:
                session.holders -= 1
                session.silent = True
                lease.retire(silent=True)
            elif dice.random() < 0.7:
                session.holders -= 1
                lease.release()
                outcomes.append("clean")
        finally:
            lease.retire()

    async with pool_of(opener, min_size=1, max_size=3, max_waiting=1000) as pool:
        guests = [asyncio.create_task(guest(pool)) for _ in range(150)]
        for _ in range(40):
            await asyncio.sleep(0)
            dice.choice(guests).cancel()
        results = await asyncio.gather(*guests, return_exceptions=True)
        broken = [
            result
            for result in results
            if isinstance(result, BaseException) and not isinstance(result, asyncio.CancelledError)
        ]
        assert broken == []
        assert len(outcomes) > 50
        await settle()
        assert " 0 leased, 0 waiting" in repr(pool)
        assert len(opener.alive) <= 3


async def test_where_sessions_are_few_the_next_one_waits_until_the_last_one_is_closed() -> None:
    opener = MemoryOpener()
    at_most = 0

    async def count() -> None:
        nonlocal at_most
        at_most = max(at_most, len(opener.alive) + 1)
        await asyncio.sleep(0)

    opener.before = count
    async with pool_of(opener, {"first": 1}, max_size=8) as pool:
        for key in ("hears", "alloy", "hears", "echo"):
            (await pool.lease(key)).release()
    assert opener.keys == ["hears", "alloy", "hears", "echo"]
    assert at_most == 1
