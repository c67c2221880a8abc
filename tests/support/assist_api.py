"""Home Assistant's Model Context Protocol server, and the one service that is called, for tests.

It answers as the `mcp_server` integration of Home Assistant 2026.11 does, over aiohttp: one JSON-RPC request
in a POST, one JSON object back, no session. `/api/mcp` is for administrators.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

TOKEN = "a-token-of-the-user-voice"
OVERVIEW = "An overview of the areas and the devices in this smart home:"
STATIC = """- names: Kitchen light, Stove lamp
  domain: light
  areas: Kitchen
- names: 'Büro: licht'
  domain: light
  areas: Büro, Office
- names: Big gate
  domain: cover
- names: Garage opener
  domain: switch
"""
STATES = """- names: Kitchen light, Stove lamp
  domain: light
  state: 'on'
  areas: Kitchen
- names: 'Büro: licht'
  domain: light
  state: 'off'
  areas: Büro, Office
- names: Big gate
  domain: cover
  state: closed
  attributes:
    device_class: garage
- names: Garage opener
  domain: switch
  state: 'off'
"""
READING_SCHEMA: Any = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "description": "Filter."},
        "area": {"type": "string"},
        "domain": {
            "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
            "description": "A single domain or a list.",
        },
        "kind": {"type": "string", "enum": ["a", "b"]},
        "odd": {"allOf": [{"type": "integer"}, {"type": "number", "minimum": 0}]},
    },
    "required": [],
}
ACTING: Any = {
    "name": "intent__HassTurnOn",
    "description": "Turns on.",
    "inputSchema": {"type": "object"},
    "annotations": {"destructiveHint": True, "readOnlyHint": False},
}


def reading(prefix: str = "homeassistant__") -> Any:
    """The tool that tells states."""
    return {
        "name": f"{prefix}GetLiveContext",
        "description": "Provides real-time information about the CURRENT state.",
        "inputSchema": READING_SCHEMA,
        "annotations": {"destructiveHint": True, "readOnlyHint": True},
    }


@dataclass
class AssistApi:
    """`rooms`: areas by device. `raw`: bodies in place of answers, by method. `asked`: every request so far.

    `status`: of every answer, where it is not 200. `wait`: seconds before each. `states`: what is told.
    `listens`: satellites that can be told to listen; the others are refused. `started`: what they were told.
    """

    token: str = TOKEN
    prompt: str = "Device control"
    tools: list[Any] = field(default_factory=lambda: [ACTING, reading()])
    rooms: dict[str, str] = field(default_factory=dict)
    states: str = STATES
    raw: dict[str, bytes] = field(default_factory=dict)
    status: int = 200
    location: str = ""
    wait: float = 0.0
    error: bool = False
    listens: set[str] = field(default_factory=set)
    busy: float = 0.0
    asked: list[dict[str, Any]] = field(default_factory=list)
    started: list[dict[str, Any]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    paths: set[str] = field(default_factory=set)
    url: str = ""

    def methods(self) -> list[str]:
        """What was asked, in order."""
        return [one["method"] for one in self.asked]

    def calls(self) -> list[tuple[str, Any]]:
        """The tools that were called, with their arguments."""
        calls = [one["params"] for one in self.asked if one["method"] == "tools/call"]
        return [(one["name"], one["arguments"]) for one in calls]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One request, to whatever path."""
        self.paths.add(request.path)
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        self.tokens.add(given)
        await asyncio.sleep(self.wait)
        if self.location:
            return web.Response(status=307, headers={"Location": self.location})
        if given != self.token:
            return web.Response(status=401, text="401: Unauthorized")
        if self.status != 200:
            return web.Response(status=self.status)
        if request.path == "/api/services/assist_satellite/start_conversation":
            return await self._start(await request.json())
        if request.path != "/api/mcp/assist":
            return web.Response(status=403)
        if "application/json" not in request.headers.get("Accept", ""):
            return web.Response(status=400, text="Client must accept application/json")
        asked = await request.json()
        self.asked.append(asked)
        if (raw := self.raw.get(asked["method"])) is not None:
            return web.Response(body=raw, content_type="application/json")
        answer = {"jsonrpc": "2.0", "id": asked["id"], **self._answer(asked["method"], asked["params"])}
        return web.json_response(answer)

    def _answer(self, method: str, parameters: Any) -> dict[str, Any]:
        if method == "tools/list":
            return {"result": {"tools": self.tools}}
        if method == "prompts/list":
            return {"result": {"prompts": [{"name": self.prompt, "description": "Default prompt"}]}}
        if method == "prompts/get" and parameters["name"] == self.prompt:
            text = f"{self._where(parameters)}\nStatic Context: {OVERVIEW}\n{STATIC}"
            content = {"type": "text", "text": text}
            return {"result": {"messages": [{"role": "assistant", "content": content}]}}
        if method == "tools/call" and parameters["name"] in [tool["name"] for tool in self.tools]:
            return {"result": self._told()}
        return {"error": {"code": -32602, "message": "Unknown"}}

    def _where(self, parameters: Any) -> str:
        area = self.rooms.get(parameters.get("_meta", {}).get("io.home-assistant/device_id", ""))
        if area is None:
            return "When a user asks to turn on all devices, ask the user to specify an area."
        floor = " (floor Ground floor)" if area == "Büro" else ""
        return f"You are in area {area}{floor} and all generic commands like this should target this area."

    def _told(self) -> Any:
        text = f"Live Context: {OVERVIEW}\n{self.states}"
        answer = {"error": "No exposed entities matched"} if self.error else {"result": text}
        return {"content": [{"type": "text", "text": json.dumps(answer)}], "isError": self.error}

    async def _start(self, body: Any) -> web.Response:
        if body["entity_id"] not in self.listens:
            return web.Response(status=400, text="does not support this service")
        self.started.append(body)
        await asyncio.sleep(self.busy)
        return web.json_response([])


@asynccontextmanager
async def assist_api(change: Callable[[AssistApi], object] = lambda api: None) -> AsyncIterator[AssistApi]:
    """It listens on a free port; `change` is made before."""
    api = AssistApi()
    change(api)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", api.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    api.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield api
    finally:
        await runner.cleanup()
