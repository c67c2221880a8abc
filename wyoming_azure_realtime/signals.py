"""Signals: what ends the program in order, and what makes it read its settings again.

SIGTERM and SIGINT end it. SIGHUP does so where there was a terminal at the start, since it says that the
terminal is gone; without one it asks for the settings to be read again, as with other services.
"""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

_ENDING = (signal.SIGTERM, signal.SIGINT)
_TERMINAL = "/dev/tty"


def has_terminal() -> bool:
    """Whether a terminal controls this process, or is one of its three streams."""
    with suppress(OSError):
        os.close(os.open(_TERMINAL, os.O_RDWR | os.O_NOCTTY))
        return True
    streams = (sys.stdin, sys.stdout, sys.stderr)
    return any(stream is not None and not stream.closed and stream.isatty() for stream in streams)


def stop_signal(within: float, *, hang_up: bool = False) -> asyncio.Event:
    """An event that the first SIGTERM or SIGINT sets. A second one ends the process at once.

    `within`: seconds after the first one, when the process ends in any case. `hang_up`: SIGHUP counts too.
    """
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    numbers = (*_ENDING, *([signal.SIGHUP] if hang_up and not _ignored(signal.SIGHUP) else []))

    def stop_in_order() -> None:
        for number in numbers:
            loop.remove_signal_handler(number)
            # the second hang-up follows the first one at once, when a shell and its terminal both say so
            signal.signal(number, signal.SIG_IGN if number == signal.SIGHUP else signal.SIG_DFL)
        # whatever hangs then, such as the look-up of a name: nobody is waiting for it any more
        latest = threading.Timer(within, os._exit, (0,))
        latest.daemon = True
        latest.start()
        stop.set()

    for number in numbers:
        loop.add_signal_handler(number, stop_in_order)
    return stop


def at_hang_up(call: Callable[[], object]) -> None:
    """Call at every SIGHUP from now on, unless whoever started the program had it ignored (nohup)."""
    if not _ignored(signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, call)


def _ignored(number: signal.Signals) -> bool:
    return signal.getsignal(number) is signal.SIG_IGN


async def wait_for_first(*waits: Coroutine[Any, Any, object]) -> None:
    """Wait until one of them is over, cancel the others. Raises what the finished one raised."""
    tasks = [asyncio.create_task(wait) for wait in waits]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
