"""How much processor time something takes, to be compared with something else in the same run."""

import time
from collections.abc import Callable


def cpu_seconds(work: Callable[[], object], times: int = 1) -> float:
    """The least of so many times. Time in which others used the machine, or other threads, does not count."""
    return min(_once(work) for _ in range(times))


def _once(work: Callable[[], object]) -> float:
    began = time.thread_time()
    work()
    return time.thread_time() - began
