"""Notices what event loops only log: exceptions in callbacks, and tasks that died with nobody looking."""

import asyncio
import weakref
from asyncio.base_events import BaseEventLoop
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest


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
