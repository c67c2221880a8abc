"""How much processor time something takes, to be compared with something else in the same run."""

import time
from collections.abc import Callable


def cpu_seconds(work: Callable[[], object], times: int = 1) -> float:
    """The least of so many times. Time in which others used the machine, or other threads, does not count."""
    return min(_once(work) for _ in range(times))


def takes_less(work: Callable[[], object], most: float, times: int) -> bool:
    """Whether `cpu_seconds` of so many times is less than `most`; it is not tried again once it is."""
    return any(_once(work) < most for _ in range(times))


def _once(work: Callable[[], object]) -> float:
    began = time.thread_time()
    work()
    return time.thread_time() - began
