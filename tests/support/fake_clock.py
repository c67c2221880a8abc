"""An event loop whose clock jumps to the next deadline whenever nothing is to be done: waits cost no time.

For code that waits for nothing but timers. What waits for sockets, threads or processes needs a real clock.
"""

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from typing import Any


class _Selector(selectors.DefaultSelector):
    """Waits for no timer: `now` is when it would have gone off."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready; nothing, at a later time, if that is nothing."""
        if timeout is None:
            raise AssertionError("everything waits for something that is not a timer")
        ready = super().select(0)
        if not ready and timeout > 0:
            self.now += timeout
        return ready


class FakeClockLoop(asyncio.SelectorEventLoop):
    """Begins at second 0."""

    def __init__(self) -> None:
        self._fake = _Selector()
        super().__init__(self._fake)

    def time(self) -> float:
        """Seconds of this loop's own clock."""
        return self._fake.now


def on_a_fake_clock(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """A test that runs on such a loop."""

    @functools.wraps(test)
    def run() -> None:
        with asyncio.Runner(loop_factory=FakeClockLoop) as runner:
            runner.run(test())

    del run.__wrapped__  # or it would be taken for a coroutine function
    return run
