"""WebSockets to clients: opened, served both ways and closed, within time limits whatever the client does."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

import msgspec
from aiohttp import web

WRITE_SECONDS = 10.0
"""For which a client may not read what it is sent, and at the end for the closing as well."""


async def opened(request: web.Request, most_bytes: int, heartbeat: float) -> web.WebSocketResponse:
    """A WebSocket. `most_bytes`: of a message; `heartbeat`: seconds, after which a silent client is asked.

    Raises `HTTPBadRequest`.
    """
    socket = web.WebSocketResponse(max_msg_size=most_bytes, compress=False, heartbeat=heartbeat)
    try:
        await socket.prepare(request)
    except ValueError as error:  # a key of the upgrade that is no base64 can be one
        raise web.HTTPBadRequest(text="The upgrade to a WebSocket is damaged.") from error
    return socket


async def both_ways(hearing: Coroutine[Any, Any, None], telling: Coroutine[Any, Any, None]) -> None:
    """Run both until one of them ends, and raise what that one raises."""
    tasks = [asyncio.create_task(hearing), asyncio.create_task(telling)]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    next(task for task in tasks if task in done).result()


async def send(socket: web.WebSocketResponse, message: bytes | msgspec.Struct) -> None:
    """Send sound, or a message as JSON, if anybody is there. Raises TimeoutError where nobody reads."""
    with suppress(ConnectionError):
        async with asyncio.timeout(WRITE_SECONDS):
            if isinstance(message, bytes):
                await socket.send_bytes(message)
            else:
                await socket.send_str(msgspec.json.encode(message).decode())


async def close(socket: web.WebSocketResponse, last: msgspec.Struct | None) -> None:
    """Send the last message, if there is one, and close. Raises TimeoutError where nobody reads."""
    async with asyncio.timeout(WRITE_SECONDS):
        if last is not None:
            await send(socket, last)
        await socket.close()


def abort(request: web.Request) -> None:
    """End the connection at once: to close it would wait for what the client does not read."""
    if request.transport is not None:
        request.transport.abort()
