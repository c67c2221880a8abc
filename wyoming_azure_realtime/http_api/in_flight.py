"""The requests in progress, so that stopping can wait for them and then not."""

import asyncio

from aiohttp import web

from wyoming_azure_realtime.http_api.problems import Handler


class InFlight:
    """Every request's task from its head to its end."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[object]] = set()

    @web.middleware
    async def track(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Middleware that counts a request in."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - aiohttp gives every request a task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await handler(request)

    async def end(self, grace: float) -> None:
        """Give them `grace` seconds, then cancel them and wait for as long again."""
        for last in (False, True):
            if not self._tasks:
                return
            if last:
                for task in self._tasks:
                    task.cancel()
            await asyncio.wait(self._tasks, timeout=grace)
