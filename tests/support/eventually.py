"""Waiting for what a plain record will show, when nothing tells that it changed."""

import asyncio
from collections.abc import Callable

SECONDS = 10


async def eventually(holds: Callable[[], object]) -> None:
    """Return when it holds; `TimeoutError` when that takes too long."""
    async with asyncio.timeout(SECONDS):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
