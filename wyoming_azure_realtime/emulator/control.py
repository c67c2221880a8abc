"""The control port of an emulator: what it counts, and faults from now on. For tests and benches.

It has no key, so it listens on the loopback interface alone.
"""

from types import TracebackType
from typing import Self

import msgspec
from aiohttp import web

from wyoming_azure_realtime.emulator.faults import Faults
from wyoming_azure_realtime.emulator.server import EmulatorServer
from wyoming_azure_realtime.realtime.shapes import JsonObject

_HOST = "127.0.0.1"
_MOST_BYTES = 64 * 1024
_STOP_SECONDS = 1.0


class ControlServer:
    """Use as a context manager. `port` 0: any. Raises: OSError when the port is taken.

    `GET /stats`: counters as JSON. `POST /faults`: a JSON object of faults, in the place of those so far; an
    empty one ends all. `POST /drop`: every session loses its connection.
    """

    def __init__(self, server: EmulatorServer, port: int) -> None:
        self._server = server
        self._asked_port = port
        app = web.Application(client_max_size=_MOST_BYTES)
        app.add_routes(
            [
                web.get("/stats", self._stats),
                web.post("/faults", self._faults),
                web.post("/drop", self._drop),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_STOP_SECONDS)

    @property
    def url(self) -> str:
        """Where it listens, once it has started."""
        return f"http://{_HOST}:{self._runner.addresses[0][1]}"

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, _HOST, self._asked_port).start()
        except OSError:
            await self._runner.cleanup()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def _stats(self, _request: web.Request) -> web.Response:
        return web.json_response(statistics(self._server))

    async def _faults(self, request: web.Request) -> web.Response:
        try:
            self._server.faults = msgspec.json.decode(await request.read(), type=Faults)
        except (msgspec.MsgspecError, UnicodeError) as error:
            return web.json_response({"error": f"No such faults: {error}."}, status=400)
        return web.json_response({})

    async def _drop(self, _request: web.Request) -> web.Response:
        self._server.drop_sessions()
        return web.json_response({})


def statistics(server: EmulatorServer) -> JsonObject:
    """What a server has counted. `last_cancel`: seconds of this machine's monotonic clock."""
    record, answers = server.record, server.record.answers
    return {
        "answers_open": answers.open,
        "answers_done": answers.done,
        "answers_cancelled": answers.cancelled,
        "answers_lost": answers.lost,
        "undeclared_calls": answers.undeclared_calls,
        "read_aloud": answers.read_aloud,
        "last_cancel": answers.last_cancel,
        "sessions_open": record.open_sessions,
        "upgrades": record.upgrades,
    }
