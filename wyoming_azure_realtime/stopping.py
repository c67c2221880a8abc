"""What signals mean: the first one ends the program in order, a second one at once."""

import asyncio
import os
import signal
import threading
from collections.abc import Coroutine
from typing import Any

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def told_to_stop(within: float) -> asyncio.Event:
    """Set by the first signal. A second one ends the process at once, and so do `within` seconds."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def first() -> None:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)
        # whatever hangs then, such as the look-up of a name: nobody is waiting for it any more
        latest = threading.Timer(within, os._exit, (0,))
        latest.daemon = True
        latest.start()
        stop.set()

    for number in _SIGNALS:
        loop.add_signal_handler(number, first)
    return stop


async def first_over(*waits: Coroutine[Any, Any, object]) -> None:
    """Until any of them is over; what it raises, if it does."""
    tasks = [asyncio.create_task(wait) for wait in waits]
    try:
        over, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in over:
        task.result()
