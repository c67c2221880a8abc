"""A realtime service that follows a script: a small, real WebSocket server for tests of the client's half.

Each connection takes the next script, a sequence of steps. A connection without a script, or an event other
than the one expected, is a failure that surfaces when the server is left.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

PATIENCE = 5.0  # seconds, for what should happen at once


@dataclass(frozen=True)
class Refuse:
    """First step: answer the upgrade with a plain HTTP response."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Deaf:
    """First step: never answer the upgrade."""


@dataclass(frozen=True)
class Send:
    """One frame: JSON, or text or bytes as they stand."""

    frame: Any


@dataclass(frozen=True)
class Expect:
    """Wait for one event of that type."""

    event_type: str


@dataclass(frozen=True)
class Close:
    """Close with a code and a reason."""

    code: int = 1000
    reason: str = ""


@dataclass(frozen=True)
class Drop:
    """Cut the TCP connection without a word."""


@dataclass(frozen=True)
class Linger:
    """Stay until the client goes."""


@dataclass(frozen=True)
class Ignore:
    """Read nothing, not even a ping, until the event is set."""

    until: asyncio.Event


Step = Refuse | Deaf | Send | Expect | Close | Drop | Linger | Ignore
Script = list[Step]


def created(kind: str = "realtime", **session: Any) -> Send:
    """The greeting of a GA session."""
    return Send({"type": "session.created", "session": {"type": kind, "id": "sess_1", **session}})


def updated(kind: str = "realtime", **session: Any) -> Send:
    """The acknowledgement of a GA session's configuration."""
    return Send({"type": "session.updated", "session": {"type": kind, "id": "sess_1", **session}})


def greeting(kind: str = "realtime", **session: Any) -> Script:
    """What every good GA session begins with."""
    return [created(kind, **session), Expect("session.update"), updated(kind, **session)]


class ScriptedServer:
    """What was asked, what was received, and who is still connected."""

    def __init__(self, scripts: list[Script]) -> None:
        self._scripts = scripts
        self._guests: set[asyncio.Task[None]] = set()
        self._script_of: dict[ServerConnection, Script] = {}
        self.asked = asyncio.Event()  # a request came
        self.heard = asyncio.Event()  # an event came
        self.requests: list[Request] = []
        self.received: list[dict[str, Any]] = []
        self.failures: list[str] = []
        self.url = ""

    async def all_gone(self) -> None:
        """Until every TCP connection that ever came has ended."""
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*self._guests)

    async def admit(self, connection: ServerConnection, request: Request) -> Response | None:
        self.requests.append(request)
        self.asked.set()
        self._came(connection)
        if not self._scripts:
            self.failures.append(f"nobody expected a connection to {request.path}")
            return Response(500, "Unexpected", Headers())
        script = self._scripts.pop(0)
        match script:
            case [Refuse(status, body, headers)]:
                all_headers = Headers({"Content-Length": str(len(body)), "Connection": "close", **headers})
                return Response(status, "Refused", all_headers, body)
            case [Deaf()]:
                await connection.wait_closed()
        self._script_of[connection] = script
        return None

    async def converse(self, connection: ServerConnection) -> None:
        try:
            for step in self._script_of[connection]:
                await self._take(step, connection)
        except ConnectionClosed:
            pass
        except (TimeoutError, AssertionError) as failure:
            self.failures.append(str(failure) or repr(failure))

    async def _take(self, step: Step, connection: ServerConnection) -> None:
        match step:
            case Send(frame):
                await connection.send(frame if isinstance(frame, str | bytes) else json.dumps(frame))
            case Expect(event_type):
                async with asyncio.timeout(PATIENCE):
                    frame = await connection.recv()
                assert isinstance(frame, str), "events travel in text frames"
                event = json.loads(frame)
                self.received.append(event)
                self.heard.set()
                assert event["type"] == event_type, f"expected {event_type}, got {event}"
            case Close(code, reason):
                await connection.close(code, reason)
            case Drop():
                connection.transport.abort()
            case Linger():
                await connection.wait_closed()
            case Ignore(until):
                connection.transport.pause_reading()
                async with asyncio.timeout(PATIENCE):
                    await until.wait()
                connection.transport.resume_reading()

    def _came(self, connection: ServerConnection) -> None:
        guest = asyncio.create_task(connection.wait_closed())
        self._guests.add(guest)
        guest.add_done_callback(self._guests.discard)


@asynccontextmanager
async def scripted_server(*scripts: Script) -> AsyncIterator[ScriptedServer]:
    """Runs on a free loopback port; fails when a script was not followed or a connection was left behind."""
    scripted = ScriptedServer([list(script) for script in scripts])
    server: Server = await serve(
        scripted.converse,
        "127.0.0.1",
        0,
        process_request=scripted.admit,
        compression=None,
        open_timeout=None,
        close_timeout=1.0,
        max_size=None,
    )
    port = next(iter(server.sockets)).getsockname()[1]
    scripted.url = f"http://127.0.0.1:{port}"
    try:
        yield scripted
        await scripted.all_gone()
    finally:
        server.close()
        await server.wait_closed()
    assert scripted.failures == []
