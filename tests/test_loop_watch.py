"""A test that leaves something broken in its event loop fails, whatever it asserts."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.support.loop_watch import LoopWatch

REFERRED_TO: list[asyncio.Task[None]] = []


async def die() -> None:
    raise KeyError("nobody knows")


async def die_late() -> None:
    try:
        await asyncio.Event().wait()
    finally:
        raise KeyError("nobody knows")


async def raise_in_a_callback() -> None:
    asyncio.get_running_loop().call_soon(dict[str, object]().__getitem__, "nobody knows")


async def forget_a_task() -> None:
    asyncio.create_task(die())  # noqa: RUF006


async def keep_a_task_and_never_look() -> None:
    REFERRED_TO.append(asyncio.create_task(die()))


async def wait_for_a_task_and_never_look() -> None:
    REFERRED_TO.append(asyncio.create_task(die()))
    await asyncio.wait(REFERRED_TO)


async def leave_a_task_that_fails_when_it_is_cancelled() -> None:
    REFERRED_TO.append(asyncio.create_task(die_late()))


async def look_at_every_task() -> None:
    done, cancelled = asyncio.create_task(die()), asyncio.create_task(asyncio.sleep(60))
    cancelled.cancel()
    results = await asyncio.gather(done, cancelled, return_exceptions=True)
    assert [type(result) for result in results] == [KeyError, asyncio.CancelledError]


def failures(work: Callable[[], Awaitable[None]]) -> list[str]:
    async def main() -> None:
        await work()
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    watch = LoopWatch()
    with watch.installed():
        asyncio.run(main())
    REFERRED_TO.clear()
    return watch.failures


@pytest.mark.parametrize(
    "work",
    [
        raise_in_a_callback,
        forget_a_task,
        keep_a_task_and_never_look,
        wait_for_a_task_and_never_look,
        leave_a_task_that_fails_when_it_is_cancelled,
    ],
)
def test_what_nobody_looks_at_is_a_failure(
    work: Callable[[], Awaitable[None]], loop_watch: LoopWatch
) -> None:
    assert ["nobody knows" in failure for failure in failures(work)] == [True]
    loop_watch.failures.clear()


def test_what_is_looked_at_is_none() -> None:
    assert failures(look_at_every_task) == []
