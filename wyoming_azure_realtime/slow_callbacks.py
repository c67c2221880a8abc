"""Finds callbacks that hold an event loop: while one of them runs, nobody else is served.

What counts is the processor time of the loop's thread, so a busy machine is not mistaken for a slow callback.
A thread looks at what the loop is doing and keeps where in the code that was. Nothing here shows arguments,
which may be what somebody said. Nothing here imports anything of ours.
"""

import asyncio
import gc
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from threading import get_ident
from time import perf_counter, thread_time
from types import FrameType
from typing import Any, NamedTuple, Self

_LOGGER = logging.getLogger(__name__)

LOOK_SECONDS = 0.01
"""Between two looks at what the loops are doing; a callback that is over before has no stack."""

MOST_LOOKS = 100
"""That are kept of one callback, and"""
MOST_FRAMES = 200
"""of one look."""

_READ_SECONDS = 0.001
"""How old a reading of the processor time may be when a callback begins: reading costs more than the rest."""


class Frame(NamedTuple):
    """A place in the code; `flags` are those of its code object."""

    file: str
    line: int
    function: str
    flags: int


@dataclass(frozen=True, slots=True)
class SlowCallback:
    """A callback that held the loop.

    `seconds`: of processor time, without full collections of garbage; `elapsed`: by the clock. `name`: of
    the function or coroutine, in `file`. `stacks`: where it was each time it was looked at, innermost first.
    """

    seconds: float
    elapsed: float
    name: str
    file: str
    stacks: tuple[tuple[Frame, ...], ...]

    def __str__(self) -> str:
        last = " < ".join(
            f"{frame.function} ({_short(frame.file)}:{frame.line})"
            for frame in (self.stacks or ((),))[-1][:20]
        )
        where = f", at {last}" if last else ""
        return (
            f"{self.name} ({_short(self.file)}) held the event loop for {self.seconds:.3f} s"
            f" of processor time ({self.elapsed:.3f} s in all){where}"
        )


@dataclass(slots=True)
class _Loop:
    """A thread that runs a loop, and its latest callback, which `began` then and may still be `running`."""

    running: bool = False
    began: float = 0.0
    cpu: float = 0.0
    cpu_read_at: float = float("-inf")
    collecting_since: float = 0.0
    collected: float = 0.0
    collected_in: float = 0.0
    stacks: list[tuple[Frame, ...]] = field(default_factory=list)
    stacks_of: float = 0.0


def log(slow: SlowCallback) -> None:
    """A line about it."""
    _LOGGER.warning("%s", slow)


class SlowCallbacks:
    """Use as a context manager, within which `watch` may be called. `found` is called in the loop's thread.

    While it watches, each callback costs half a microsecond more, and a thread wakes every `LOOK_SECONDS`.
    """

    def __init__(self, found: Callable[[SlowCallback], None] = log) -> None:
        self._found = found
        self._limit = 0.0
        self._loops: dict[int, _Loop] = {}
        self._unwatch = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._unwatch.close()

    def watch(self, limit: float) -> None:
        """From now on `found` gets what holds any loop of the process for `limit` seconds; 0: nothing."""
        if limit == self._limit:
            return
        self._unwatch.close()
        self._limit = limit
        if limit:
            self._start()

    def _start(self) -> None:
        # a loop tells nobody what it runs
        run = asyncio.Handle._run  # noqa: SLF001
        ended = threading.Event()
        looking = threading.Thread(target=self._look_until, args=(ended,), name="slow callbacks", daemon=True)
        self._unwatch.callback(looking.join)
        self._unwatch.callback(ended.set)
        self._unwatch.callback(gc.callbacks.remove, self._collecting)
        self._unwatch.callback(setattr, asyncio.Handle, "_run", run)
        gc.callbacks.append(self._collecting)
        asyncio.Handle._run = self._wrapped(run)  # type: ignore[method-assign,assignment]  # noqa: SLF001
        looking.start()

    def _wrapped(self, run: Callable[[Any], None]) -> Callable[[Any], None]:
        """In place of the method that runs a callback."""
        loops, limit = self._loops, self._limit

        def run_watched(handle: Any) -> None:
            loop = loops.get(get_ident())
            if loop is None:
                loop = loops[get_ident()] = _Loop()
            began = perf_counter()
            if began - loop.cpu_read_at > _READ_SECONDS:
                loop.cpu_read_at, loop.cpu = began, thread_time()
            loop.began, loop.running = began, True
            callback = handle._callback  # noqa: SLF001 - one that is cancelled while it runs has none then
            try:
                run(handle)
            finally:
                loop.running = False
                elapsed = perf_counter() - began
                if elapsed >= limit:
                    self._judge(loop, callback, elapsed)

        return run_watched

    def _judge(self, loop: _Loop, callback: Any, elapsed: float) -> None:
        collected = loop.collected if loop.collected_in == loop.began else 0.0
        # what the thread did between the reading and the beginning is at most that time
        seconds = thread_time() - loop.cpu - (loop.began - loop.cpu_read_at) - collected
        if seconds >= self._limit:
            stacks = tuple(loop.stacks) if loop.stacks_of == loop.began else ()
            self._found(SlowCallback(seconds, elapsed, *_named(callback), stacks))

    def _collecting(self, phase: str, info: dict[str, int]) -> None:
        """The interpreter collects garbage, or has done so; only a collection of everything takes long."""
        loop = self._loops.get(get_ident())
        if loop is None or not loop.running or info["generation"] < 2:
            return
        if phase == "start":
            loop.collecting_since = perf_counter()
            return
        before = loop.collected if loop.collected_in == loop.began else 0.0
        loop.collected, loop.collected_in = before + perf_counter() - loop.collecting_since, loop.began

    def _look_until(self, ended: threading.Event) -> None:
        """Keep where the loops are, again and again."""
        while not ended.wait(LOOK_SECONDS):
            for thread, loop in list(self._loops.items()):
                if loop.running and perf_counter() - loop.began >= LOOK_SECONDS:
                    self._look(thread, loop)

    def _look(self, thread: int, loop: _Loop) -> None:
        began = loop.began
        frame = sys._current_frames().get(thread)  # noqa: SLF001 - the only way to another thread's
        stack = tuple(_frames(frame))
        if not loop.running or loop.began != began:
            return
        if loop.stacks_of != began:
            loop.stacks, loop.stacks_of = [], began
        if len(loop.stacks) < MOST_LOOKS:
            loop.stacks.append(stack)


def _frames(frame: FrameType | None) -> Iterator[Frame]:
    """From the innermost one to the callback's own."""
    for _ in range(MOST_FRAMES):
        if frame is None or frame.f_code.co_name == "run_watched":
            return
        code = frame.f_code
        yield Frame(code.co_filename, frame.f_lineno, code.co_qualname, code.co_flags)
        frame = frame.f_back


def _named(callback: Any) -> tuple[str, str]:
    """A callback's name and file, without its arguments. Of a task, those of its coroutine."""
    task = getattr(callback, "__self__", None)
    if isinstance(task, asyncio.Task):
        callback = task.get_coro()
    while (inner := getattr(callback, "func", None)) is not None:
        callback = inner
    code = getattr(callback, "cr_code", None) or getattr(
        getattr(callback, "__func__", callback), "__code__", None
    )
    name = getattr(callback, "__qualname__", type(callback).__qualname__)
    return name, code.co_filename if code is not None else ""


def _short(file: str) -> str:
    return "/".join(file.replace("\\", "/").split("/")[-2:])
