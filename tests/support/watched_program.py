"""The program, started as ever, which says how many tasks it has whenever it is sent SIGUSR1."""

import asyncio
import signal
import sys
from collections import Counter

from wyoming_azure_realtime.cli import main

TOLD = "tasks: "


def _tell() -> None:
    tasks = [task for task in asyncio.all_tasks() if not task.done()]
    names = Counter(getattr(task.get_coro(), "__qualname__", "?") for task in tasks)
    what = ", ".join(f"{count} {name}" for name, count in sorted(names.items()))
    sys.stderr.write(f"{TOLD}{len(tasks)} ({what})\n")
    sys.stderr.flush()


def _asked(_number: int, _frame: object) -> None:
    asyncio.get_running_loop().call_soon_threadsafe(_tell)


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, _asked)
    sys.exit(main())
