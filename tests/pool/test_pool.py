import asyncio
import gc
import logging
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.support.memory_sessions import MemoryOpener, MemorySession
from wyoming_azure_realtime.errors import (
    AuthenticationFailed,
    BackendError,
    ConnectFailed,
    PoolClosed,
    PoolTimeout,
    TooManyRequests,
)
from wyoming_azure_realtime.pool import backoff
from wyoming_azure_realtime.pool import pool as module
from wyoming_azure_realtime.pool.pool import Lease, SessionPool
from wyoming_azure_realtime.settings.model import Pool as Limits

Pool = SessionPool[str, MemorySession]


@asynccontextmanager
async def pool_of(opener: MemoryOpener, **limits: float) -> AsyncIterator[Pool]:
    """A pool that must leave nothing behind: no task, no open session, no unseen exception."""
    unseen: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: unseen.append(context))
    defaults = {"min_size": 0, "max_size": 2, "timeout": 5.0}
    pool: Pool = SessionPool(opener, Limits(**{**defaults, **limits}))  # type: ignore[arg-type]
    async with asyncio.timeout(10):
        yield pool
        await pool.close()
    await settle()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert opener.alive == []
    gc.collect(1)
    assert unseen == []


async def settle() -> None:
    """Let everything happen that can happen without time passing."""
    for _ in range(10):
        await asyncio.sleep(0)


async def waiting(pool: Pool, key: str = "alloy") -> asyncio.Task[Lease[MemorySession]]:
    task = asyncio.create_task(pool.lease(key))
    await settle()
    assert not task.done()
    return task


# --- leasing


async def test_a_clean_lease_leaves_its_session_to_the_next():
    opener = MemoryOpener()
    async with pool_of(opener) as pool:
        first = await pool.lease("alloy")
        first.release()
        second = await pool.lease("alloy")
        assert second.session is first.session
        second.release()
    assert opener.keys == ["alloy"]


async def test_anything_but_a_clean_end_retires_the_session():
    opener = MemoryOpener()
    async with pool_of(opener) as pool:
        first = await pool.lease("alloy")
        first.retire()
        second = await pool.lease("alloy")
        assert second.session is not first.session
        await settle()
        assert first.session.closed
        second.release()


async def test_a_retire_after_the_release_does_nothing():
    opener = MemoryOpener()
    async with pool_of(opener) as pool:
        lease = await pool.lease("alloy")
        lease.release()
        lease.retire()
        lease.release()
        assert repr(pool) == "<pool <slots 0 opening, 1 idle, 0 leased, 0 waiting>>"
        assert not lease.session.closed


async def test_keys_do_not_share_sessions():
    opener = MemoryOpener()
    async with pool_of(opener) as pool:
        leases = [await pool.lease(key) for key in ("alloy", "echo")]
        assert [lease.session.key for lease in leases] == ["alloy", "echo"]
        for lease in leases:
            lease.release()


async def test_a_released_session_serves_who_waits():
    opener = MemoryOpener()
    async with pool_of(opener, max_size=1) as pool:
        first = await pool.lease("alloy")
        waiter = await waiting(pool)
        first.release()
        assert (await waiter).session is first.session
        waiter.result().release()


async def test_a_retired_session_makes_room_for_who_waits():
    opener = MemoryOpener()
    async with pool_of(opener, max_size=1) as pool:
        first = await pool.lease("alloy")
        waiter = await waiting(pool, "echo")
        first.retire()
        second = await waiter
        assert second.session.key == "echo"
        second.release()


async def test_warming_opens_without_being_waited_for():
    opener = MemoryOpener()
    async with pool_of(opener, min_size=2, max_size=3) as pool:
        pool.warm("alloy")
        await settle()
        assert len(opener.sessions) == 2
        lease = await pool.lease("alloy")
        assert lease.session in opener.sessions[:2]
        lease.release()


# --- refusing


async def test_no_session_in_time_is_a_timeout():
    opener = MemoryOpener()
    opener.hanging()
    async with pool_of(opener, timeout=0.02) as pool:
        with pytest.raises(PoolTimeout):
            await pool.lease("alloy")


async def test_more_than_may_wait_are_refused_at_once():
    opener = MemoryOpener()
    opener.hanging()
    async with pool_of(opener, max_waiting=1) as pool:
        waiter = await waiting(pool)
        with pytest.raises(TooManyRequests):
            await pool.lease("alloy")
        waiter.cancel()


async def test_a_failure_to_open_reaches_who_waits():
    opener = MemoryOpener()
    opener.failing(AuthenticationFailed("Access denied."))
    async with pool_of(opener) as pool:
        waiters = [asyncio.create_task(pool.lease("alloy")) for _ in range(4)]
        results = await asyncio.gather(*waiters, return_exceptions=True)
        assert all(isinstance(result, AuthenticationFailed) for result in results)


async def test_a_pool_recovers_when_its_service_does():
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
):
    opener = MemoryOpener()
    opener.failing(surprise)
    async with pool_of(opener, max_size=1) as pool:
        with caplog.at_level(logging.CRITICAL), pytest.raises(BackendError) as caught:
            await pool.lease("alloy")
        assert type(surprise).__name__ in caught.value.message
        assert "hunter2" not in str(caught.value)
        opener.working()
        (await pool.lease("alloy")).release()


# --- sessions that die


async def test_a_session_that_dies_idle_is_never_given():
    opener = MemoryOpener()
    async with pool_of(opener) as pool:
        first = await pool.lease("alloy")
        first.release()
        first.session.end()
        second = await pool.lease("alloy")
        assert second.session is not first.session
        second.release()


async def test_a_session_that_said_goodbye_is_never_given_though_its_socket_lingers():
    opener = MemoryOpener()
    async with pool_of(opener) as pool:
        first = await pool.lease("alloy")
        first.release()
        await settle()
        first.session.say_goodbye()
        second = await pool.lease("alloy")
        assert second.session is not first.session
        second.release()


async def test_a_session_that_dies_idle_makes_room_at_once():
    opener = MemoryOpener()
    async with pool_of(opener, max_size=1) as pool:
        lease = await pool.lease("alloy")
        lease.release()
        lease.session.end()
        await settle()
        assert repr(pool) == "<pool <slots 0 opening, 0 idle, 0 leased, 0 waiting>>"


async def test_a_session_that_dies_idle_is_replaced_after_a_pause(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(backoff, "FIRST", 0.3)
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


async def test_a_session_that_dies_on_lease_is_not_parked_even_when_released_clean():
    opener = MemoryOpener()
    async with pool_of(opener) as pool:
        first = await pool.lease("alloy")
        first.session.end()
        first.release()
        second = await pool.lease("alloy")
        assert second.session is not first.session
        second.release()


async def test_an_announced_end_closes_an_idle_session_before_it():
    opener = MemoryOpener()
    opener.expires_at = time.time() + 1.0
    async with pool_of(opener) as pool:
        lease = await pool.lease("alloy")
        lease.release()
        await lease.session.gone.wait()
        assert time.time() < opener.expires_at


async def test_an_end_announced_in_the_past_is_a_wrong_clock():
    opener = MemoryOpener()
    opener.expires_at = time.time() - 3600
    async with pool_of(opener) as pool:
        first = await pool.lease("alloy")
        first.release()
        second = await pool.lease("alloy")
        assert second.session is first.session
        second.release()


# --- those who change their minds


async def test_a_cancelled_waiter_leaves_its_place_to_the_next():
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
async def test_a_waiter_cancelled_at_the_moment_of_granting_loses_no_session(cancel_first: bool):
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
        assert repr(pool) == "<pool <slots 0 opening, 1 idle, 0 leased, 0 waiting>>"


@pytest.mark.parametrize("cancel_first", [True, False])
async def test_a_sole_waiter_cancelled_at_the_moment_of_granting_loses_no_session(cancel_first: bool):
    opener = MemoryOpener()
    async with pool_of(opener, max_size=1) as pool:
        first = await pool.lease("alloy")
        leaver = await waiting(pool)
        for step in (leaver.cancel, first.release) if cancel_first else (first.release, leaver.cancel):
            step()
        await asyncio.wait([leaver])
        await settle()
        assert repr(pool) == "<pool <slots 0 opening, 1 idle, 0 leased, 0 waiting>>"
        second = await pool.lease("alloy")
        assert second.session is first.session
        second.release()


async def test_a_waiter_cancelled_at_any_moment_loses_nothing():
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
            assert repr(pool) == "<pool <slots 0 opening, 1 idle, 0 leased, 0 waiting>>"
        if moment > 5 and not leaver.cancelled():
            return
    pytest.fail("it never came to a lease")


async def test_a_waiter_that_runs_out_of_its_own_time_loses_nothing():
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


# --- closing


async def test_a_closed_pool_refuses():
    opener = MemoryOpener()
    async with pool_of(opener, min_size=1) as pool:
        await pool.close()
        with pytest.raises(PoolClosed):
            await pool.lease("alloy")
        pool.warm("alloy")
        await pool.close()
        assert repr(pool).endswith(" closed>")
    assert opener.keys == []


async def test_closing_refuses_waiters_closes_sessions_and_stops_openings():
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
async def test_a_lease_may_end_at_any_moment_of_the_closing(moment: int, clean: bool):
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


async def test_a_session_granted_at_the_moment_of_closing_is_refused_or_closed():
    opener = MemoryOpener()
    async with pool_of(opener, max_size=1) as pool:
        first = await pool.lease("alloy")
        waiter = await waiting(pool)
        first.release()
        await pool.close()
        with pytest.raises(PoolClosed):
            await waiter


@pytest.mark.parametrize("moment", range(6))
async def test_a_session_that_opens_while_the_pool_closes_is_closed(moment: int):
    opener = MemoryOpener()
    async with pool_of(opener) as pool:
        pool.warm("alloy")
        waiter = asyncio.create_task(pool.lease("alloy"))
        for _ in range(moment):
            await asyncio.sleep(0)
        await pool.close()
        (result,) = await asyncio.gather(waiter, return_exceptions=True)
        assert isinstance(result, PoolClosed) or result.session.closed


async def test_an_opener_that_ignores_its_cancellation_leaves_no_session():
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


async def test_a_session_that_will_not_close_is_not_waited_for(monkeypatch: pytest.MonkeyPatch):
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
async def test_a_crowd_shares_few_sessions_one_holder_at_a_time(seed: int):
    dice = random.Random(seed)
    opener = MemoryOpener()
    outcomes: list[str] = []

    async def guest(pool: Pool) -> None:
        for _ in range(dice.randrange(30)):
            await asyncio.sleep(0)
        lease = await pool.lease(dice.choice(["alloy", "echo", "hears"]))
        session = lease.session
        session.holders += 1
        try:
            assert session.holders == 1
            assert not session.closed
            for _ in range(dice.randrange(8)):
                await asyncio.sleep(0)
            if dice.random() < 0.1:
                session.end()
            if dice.random() < 0.7:
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
