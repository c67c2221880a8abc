"""How long the service may take, in virtual time."""

import asyncio
import math
from collections.abc import Awaitable, Callable

import pytest

from tests.support.virtual_time import VirtualLoop, in_virtual_time
from wyoming_azure_realtime.turns.idle_timeout import IdleTimeout, ServiceTime


def now() -> float:
    return asyncio.get_running_loop().time()


def endless() -> ServiceTime:
    return ServiceTime(math.inf)


async def late_after(
    idle: IdleTimeout, meanwhile: Callable[[IdleTimeout], Awaitable[None]] | None = None
) -> float:
    """Seconds from the beginning of the block to its `TimeoutError`."""
    began = now()
    try:
        async with idle:
            if meanwhile is not None:
                await meanwhile(idle)
            await asyncio.sleep(100_000)
    except TimeoutError:
        return now() - began
    raise AssertionError("it was never late")


@in_virtual_time
async def test_a_service_that_says_nothing_is_late_after_so_many_seconds() -> None:
    assert await late_after(IdleTimeout(4.0, endless())) == pytest.approx(4.0)


@in_virtual_time
async def test_progress_begins_the_stretch_anew() -> None:
    async def talk(idle: IdleTimeout) -> None:
        for _ in range(10):
            await asyncio.sleep(3.0)
            idle.progressed()

    assert await late_after(IdleTimeout(4.0, endless()), talk) == pytest.approx(34.0)


@in_virtual_time
async def test_progress_does_not_prolong_the_time_in_all() -> None:
    async def talk(idle: IdleTimeout) -> None:
        while True:
            await asyncio.sleep(1.0)
            idle.paused()
            idle.progressed()

    total = ServiceTime(30.0)
    assert await late_after(IdleTimeout(4.0, total), talk) == pytest.approx(30.0)
    assert total.left == pytest.approx(0.0)


@in_virtual_time
async def test_the_time_in_all_goes_on_with_the_next_attempt() -> None:
    total = ServiceTime(5.0)
    async with IdleTimeout(4.0, total):
        await asyncio.sleep(3.0)
    assert total.left == pytest.approx(2.0)
    assert await late_after(IdleTimeout(4.0, total)) == pytest.approx(2.0)


@in_virtual_time
async def test_a_pause_counts_for_neither() -> None:
    total = ServiceTime(5.0)
    async with IdleTimeout(4.0, total) as idle:
        idle.paused()
        await asyncio.sleep(1000.0)
        idle.progressed()
        await asyncio.sleep(1.0)
    assert total.left == pytest.approx(4.0)


@pytest.mark.parametrize("seconds", [100.0, math.inf])
@in_virtual_time
async def test_the_stretch_may_become_shorter_or_finite(seconds: float) -> None:
    async def shorten(idle: IdleTimeout) -> None:
        await asyncio.sleep(50.0)
        idle.progressed()
        idle.become(2.0)

    assert await late_after(IdleTimeout(seconds, endless()), shorten) == pytest.approx(52.0)


@in_virtual_time
async def test_time_that_is_added_in_a_pause_may_be_used() -> None:
    total = ServiceTime(2.0)

    async def listen(idle: IdleTimeout) -> None:
        for _ in range(5):
            await asyncio.sleep(1.0)
            idle.paused()
            total.left += 1.0
            idle.progressed()

    assert await late_after(IdleTimeout(4.0, total), listen) == pytest.approx(7.0)


@in_virtual_time
async def test_it_expires_when_it_is_told_to() -> None:
    async def expire(idle: IdleTimeout) -> None:
        await asyncio.sleep(0.5)
        idle.expire()

    assert await late_after(IdleTimeout(4.0, endless()), expire) == pytest.approx(0.5)


@in_virtual_time
async def test_nothing_is_left_behind() -> None:
    async with IdleTimeout(0.05, endless()):
        pass
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    assert loop.timers == []


@in_virtual_time
async def test_other_errors_pass() -> None:
    with pytest.raises(KeyError):
        async with IdleTimeout(1.0, endless()):
            raise KeyError
