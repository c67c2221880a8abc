"""What a process costs, as the operating system accounts for it. Linux only."""

import os
import re
import time
from pathlib import Path


def cpu_seconds(pid: int) -> float:
    """CPU time of all its threads so far, user and system, to the nanosecond (POSIX process CPU clock)."""
    return time.clock_gettime((~pid << 3) | 2)


def resident(pid: int) -> int:
    """Bytes in memory now."""
    return _status(pid, "VmRSS")


def peak(pid: int) -> int:
    """The most bytes that ever were in memory."""
    return _status(pid, "VmHWM")


def _status(pid: int, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found is not None, f"/proc/{pid}/status has no {name}"
    return int(found[1]) * 1024


def load() -> str:
    """The machine's load averages; what else runs here blurs every figure."""
    return " ".join(f"{average:.2f}" for average in os.getloadavg())


def cores() -> tuple[set[int], set[int]]:
    """A core for what is measured and one for everything else; the same one where there is but one."""
    allowed = sorted(os.sched_getaffinity(0))
    return {allowed[0]}, {allowed[-1]}


class Meter:
    """CPU time of a process between two moments."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._began = time.monotonic()
        self._cpu = cpu_seconds(pid)

    def seconds(self) -> float:
        """CPU seconds since it was made."""
        return cpu_seconds(self._pid) - self._cpu

    def share(self) -> float:
        """Of one core, since it was made."""
        return self.seconds() / (time.monotonic() - self._began)
