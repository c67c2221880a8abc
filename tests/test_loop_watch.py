"""A test that leaves something broken in its event loop fails, whatever it asserts, or that holds it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

import wyoming_azure_realtime
from tests.support.loop_watch import HeldLoops, LoopWatch

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


BURNT, LONGEST = 0.15, 0.005
PROGRAM = """
async def answer(work):
    work()

def burn(clock, seconds):
    began = clock()
    while clock() - began < seconds:
        pass

async def burn_later(clock, seconds):
    burn(clock, seconds)
"""


def of_the_program(name: str) -> Any:
    """A function in a module that the program could have."""
    module: dict[str, Any] = {}
    file = Path(wyoming_azure_realtime.__file__).parent / "not_there.py"
    exec(compile(PROGRAM, str(file), "exec"), module)
    return module[name]


def burn() -> None:
    began = time.thread_time()
    while time.thread_time() - began < BURNT:
        pass


async def a_task_of_the_program_computes() -> None:
    await asyncio.create_task(of_the_program("burn_later")(time.thread_time, BURNT))


async def a_test_awaits_what_computes() -> None:
    await of_the_program("burn_later")(time.thread_time, BURNT)


async def a_callback_of_the_program_computes() -> None:
    asyncio.get_running_loop().call_soon(of_the_program("burn"), time.thread_time, BURNT)


async def a_test_computes() -> None:
    burn()


async def a_test_calls_what_computes() -> None:
    of_the_program("burn")(time.thread_time, BURNT)


async def the_program_calls_what_a_test_gave_it() -> None:
    await asyncio.create_task(of_the_program("answer")(burn))


async def the_program_computes_in_a_thread() -> None:
    await asyncio.to_thread(of_the_program("burn"), time.thread_time, BURNT)


def held(work: Callable[[], Awaitable[None]], held_loops: HeldLoops) -> list[str]:
    async def main() -> None:
        await work()
        await asyncio.sleep(0)

    watch = HeldLoops(LONGEST)
    with held_loops.unwatched(), watch.watched():
        asyncio.run(main())
    return watch.failures()


@pytest.mark.parametrize(
    "work",
    [a_task_of_the_program_computes, a_test_awaits_what_computes, a_callback_of_the_program_computes],
)
def test_what_holds_the_loop_is_a_failure(work: Callable[[], Awaitable[None]], held_loops: HeldLoops) -> None:
    assert [
        "burn (wyoming_azure_realtime/not_there.py:" in failure for failure in held(work, held_loops)
    ] == [True]


@pytest.mark.parametrize(
    "work",
    [
        a_test_computes,
        a_test_calls_what_computes,
        the_program_calls_what_a_test_gave_it,
        the_program_computes_in_a_thread,
    ],
)
def test_what_a_test_does_itself_or_a_thread_does_is_none(
    work: Callable[[], Awaitable[None]], held_loops: HeldLoops
) -> None:
    assert held(work, held_loops) == []
