"""Notices what event loops only log, or do not even log.

Exceptions in callbacks; tasks that died with nobody looking; and callbacks of the program that held a loop.
"""

import asyncio
import inspect
import sys
import time
import weakref
from asyncio.base_events import BaseEventLoop
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import wyoming_azure_realtime
from wyoming_azure_realtime.slow_callbacks import Frame, SlowCallback, SlowCallbacks

LONGEST = 0.05
"""Seconds of processor time for which a callback may hold the loop, on a machine on which `_sum` takes"""
_QUICK = 0.0016
"""seconds."""

_PROGRAM = str(Path(wyoming_azure_realtime.__file__).parent)
_TESTS = str(Path(__file__).parents[1])
_AWAITED = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


class LoopWatch:
    """`failures`: what the loops of one test reported, whoever made them. Who expects it clears it."""

    def __init__(self) -> None:
        self.failures: list[str] = []
        self._loops: weakref.WeakSet[BaseEventLoop] = weakref.WeakSet()
        self._tasks: weakref.WeakSet[asyncio.Task[Any]] = weakref.WeakSet()

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Watch every loop of the process that has no exception handler of its own."""
        make_task, handle = BaseEventLoop.create_task, BaseEventLoop.default_exception_handler

        def create_task(loop: BaseEventLoop, coro: Any, **options: Any) -> asyncio.Task[Any]:
            task = make_task(loop, coro, **options)
            self._loops.add(loop)
            self._tasks.add(task)
            return task

        def default_exception_handler(loop: BaseEventLoop, context: dict[str, Any]) -> None:
            # what the garbage collector finds of an earlier test is not this one's
            if loop in self._loops:
                self.failures.append(_told(context))
            handle(loop, context)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(BaseEventLoop, "create_task", create_task)
            patch.setattr(BaseEventLoop, "default_exception_handler", default_exception_handler)
            yield
        self._note_dead_tasks()

    def _note_dead_tasks(self) -> None:
        """A task that is collected was reported by then; one that is still referred to would be later."""
        for task in list(self._tasks):
            if task.done() and not task.cancelled() and task._log_traceback:
                self.failures.append(f"Nobody looked at the exception of {task!r}: {task.exception()!r}")


def _told(context: dict[str, Any]) -> str:
    about = ", ".join(f"{name}: {value!r}" for name, value in context.items() if name != "message")
    return f"{context.get('message')} ({about})"


class HeldLoops:
    """Callbacks of the program that held an event loop of this process for too long."""

    def __init__(self, longest: float = LONGEST) -> None:
        self._longest = longest
        self._slowness = 1.0
        self._watch = SlowCallbacks(self._note)
        self.found: list[SlowCallback] = []

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Watch all of them."""
        with self._watch:
            self._watch.watch(self._longest)
            yield

    @contextmanager
    def unwatched(self) -> Iterator[None]:
        """For a test of this watch."""
        self._watch.watch(0)
        yield
        self._watch.watch(self._longest)

    def failures(self) -> list[str]:
        """What was found since the last time."""
        found, self.found = self.found, []
        return [str(slow) for slow in found]

    def _note(self, slow: SlowCallback) -> None:
        seconds = slow.seconds * share_of_the_program(slow)
        if seconds < self._longest * self._slowness:
            return
        # a busy or old machine needs more processor time for the same, and so does measuring coverage
        traced = 1.0 if sys.gettrace() is None else 4.0
        self._slowness = max(self._slowness, traced, traced * sorted(_sum() for _ in range(5))[2] / _QUICK)
        if seconds >= self._longest * self._slowness:
            self.found.append(slow)


def share_of_the_program(slow: SlowCallback) -> float:
    """How much of what held the loop was done by the program, and neither by a test nor to load modules."""
    if not slow.stacks:
        return float(slow.file.startswith(_PROGRAM))
    return sum(map(_is_the_programs, slow.stacks)) / len(slow.stacks)


def _is_the_programs(stack: tuple[Frame, ...]) -> bool:
    """Whether a place in the code is the program's, in a task of its own or awaited by a test."""
    if any(frame.file.startswith("<frozen importlib") for frame in stack):
        return False
    ours = [frame for frame in stack if frame.file.startswith((_PROGRAM, _TESTS))]
    if not ours or ours[0].file.startswith(_TESTS):
        return False
    for inner, outer in pairwise(ours):
        if outer.file.startswith(_TESTS):
            return bool(inner.flags & _AWAITED)
    return True


def _sum() -> float:
    """Processor time of something that is always the same."""
    began = time.thread_time()
    texts = dict[int, str]()
    for number in range(20_000):
        texts[number % 97] = str(number) + "x"
    return time.thread_time() - began
