"""An event loop whose time passes only when everybody waits: thirty seconds take microseconds."""

import asyncio
import functools
import selectors
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, ParamSpec

P = ParamSpec("P")


class _Selector(selectors.DefaultSelector):
    """Does not wait for files; tells the loop how long it would have."""

    def __init__(self) -> None:
        super().__init__()
        self.passed = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise RuntimeError("everybody waits, and nothing will ever happen")
            self.passed += max(0.0, timeout)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its clock begins at 1000 seconds."""

    def __init__(self) -> None:
        self._passing = _Selector()
        super().__init__(self._passing)
        self.failures: list[dict[str, Any]] = []
        self.set_exception_handler(lambda _, context: self.failures.append(context))

    @property
    def timers(self) -> list[asyncio.TimerHandle]:
        """What is to be called later."""
        return [timer for timer in self._scheduled if not timer.cancelled()]  # type: ignore[attr-defined]

    def run_in_executor(  # type: ignore[override]
        self, executor: object, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """What threads do takes no time here."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001
            future.set_exception(error)
        return future

    def time(self) -> float:
        return 1000.0 + self._passing.passed


def run(main: Coroutine[Any, Any, Any]) -> Any:
    """Run it in a loop of its own. What a callback or a forgotten task raises fails the test."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, VirtualLoop)
        result = runner.run(main)
        assert loop.failures == []
        return result


def in_virtual_time(test: Callable[P, Awaitable[None]]) -> Callable[P, None]:
    """A test whose coroutine runs in virtual time."""

    @functools.wraps(test)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> None:
        run(test(*args, **kwargs))  # type: ignore[arg-type]

    return wrapper
