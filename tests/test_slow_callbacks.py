"""What holds an event loop is found, and told without what somebody said; the program does so if asked."""

import asyncio
import gc
import time
from collections.abc import Callable, Coroutine

from tests.support.program import program
from wyoming_azure_realtime.slow_callbacks import SlowCallback, SlowCallbacks

LIMIT, LONG = 0.02, 0.15


def found(limit: float, work: Callable[[], Coroutine[None, None, None]]) -> list[SlowCallback]:
    slow: list[SlowCallback] = []
    with SlowCallbacks(slow.append) as watch:
        watch.watch(limit)
        asyncio.run(work())
        watch.watch(0)
        asyncio.run(work())
    return slow


def compute(said: str) -> None:
    began = time.thread_time()
    while time.thread_time() - began < LONG:
        assert said


def test_what_computes_is_told_with_its_place_and_without_what_was_said() -> None:
    async def work() -> None:
        asyncio.get_running_loop().call_soon(compute, "turn on the lamp")
        await asyncio.sleep(0)

    (slow,) = found(LIMIT, work)
    assert LIMIT <= slow.seconds <= slow.elapsed + 0.01  # they are read one after the other
    assert slow.name == "compute"
    assert "held the event loop for 0." in str(slow)
    assert "compute (tests/test_slow_callbacks.py:" in str(slow)
    assert "lamp" not in str(slow)
    assert "\n" not in str(slow)


def test_what_only_waits_or_collects_garbage_is_not_told() -> None:
    rings = [[None] for _ in range(300_000)]

    async def work() -> None:
        time.sleep(2 * LIMIT)  # noqa: ASYNC251 - what a busy machine does to it
        await asyncio.sleep(0)
        gc.collect()

    assert found(LIMIT, work) == []
    assert rings


async def test_the_program_says_what_holds_it_up_if_it_is_asked() -> None:
    flags = ("--uri", "tcp://127.0.0.1:0", "--http", "off", "--no-zeroconf", "--backend", "embedded")
    always = {"WYOMING_AZURE_REALTIME_LOG_SLOW_CALLBACKS": "0.00001"}
    async with program(*flags, environ=always) as running:
        await running.said(
            r"WARNING wyoming_azure_realtime.slow_callbacks: \S+ \(.*held the event loop for 0"
        )
        await running.uri()
        assert await running.stop() == 0
    async with program(*flags) as running:
        await running.uri()
        assert await running.stop() == 0
    assert not [line for line in running.log if "slow_callbacks" in line]
