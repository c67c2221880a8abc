"""A Home Assistant for tests: what of its WebSocket API tells names, with answers of its own shape."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

TOKEN = "a-long-lived-token-of-the-house"

EXPOSED: Any = {
    "exposed_entities": {
        "sensor.porch": {"conversation": True},
        "light.sofa": {"conversation": True, "cloud.alexa": True},
        "light.hidden": {"cloud.alexa": True},
        "cover.awning": {"conversation": True},
        "light.luna": {"conversation": True},
    }
}
STATES: Any = [
    {"entity_id": "light.luna", "state": "off", "attributes": {"friendly_name": "Luna"}},
    {"entity_id": "light.sofa", "state": "on", "attributes": {"friendly_name": "Sofa lamp"}},
    {"entity_id": "light.hidden", "state": "on", "attributes": {"friendly_name": "Hidden"}},
    {"entity_id": "cover.awning", "state": "open", "attributes": {"friendly_name": "Awning"}},
    {"entity_id": "sensor.porch", "state": "7", "attributes": {"friendly_name": "Porch temperature"}},
    {"entity_id": "sun.sun", "state": "above_horizon", "attributes": {}},
]
ENTRIES: Any = {
    "light.luna": {"name": None, "original_name": "Luna", "aliases": [None, "Moonlight", "Reading corner"]},
    "light.sofa": {"name": "Sofa lamp", "original_name": "Lamp", "aliases": []},
    "cover.awning": None,
}
AREAS: Any = [
    {"area_id": "kitchen", "name": "Kitchen", "aliases": ["Galley"], "floor_id": "ground", "icon": None},
    {"area_id": "buro", "name": "Büro", "aliases": [], "floor_id": None, "icon": None},
]
FLOORS: Any = [{"floor_id": "ground", "name": "Ground floor", "aliases": ["Downstairs"], "level": 0}]


class ScriptedHome:
    """`answers` by command, unless that is `refused`, `silent` or answered `raw`. `asked`: every command."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {
            "homeassistant/expose_entity/list": EXPOSED,
            "get_states": STATES,
            "config/entity_registry/get_entries": ENTRIES,
            "config/area_registry/list": AREAS,
            "config/floor_registry/list": FLOORS,
            "subscribe_events": None,
        }
        self.refused: set[str] = set()
        self.silent: set[str] = set()
        self.raw: dict[str, str] = {}
        self.asked: list[dict[str, Any]] = []
        self.tokens: list[str] = []
        self.connections: set[ServerConnection] = set()
        self.url = ""

    async def tell_change(self) -> None:
        """An event for every subscription of every connection."""
        event = {"type": "event", "event": {"event_type": "area_registry_updated", "data": {}}}
        numbers = [asked["id"] for asked in self.asked if asked["type"] == "subscribe_events"]
        for connection in self.connections:
            for number in numbers:
                await connection.send(json.dumps({"id": number, **event}))

    async def handle(self, connection: ServerConnection) -> None:
        """One client, until it goes."""
        self.connections.add(connection)
        try:
            await connection.send(json.dumps({"type": "auth_required", "ha_version": "2026.11.0"}))
            token = json.loads(await connection.recv())["access_token"]
            self.tokens.append(token)
            if token != TOKEN:
                await connection.send(json.dumps({"type": "auth_invalid", "message": "Invalid access token"}))
                return
            await connection.send(json.dumps({"type": "auth_ok", "ha_version": "2026.11.0"}))
            async for message in connection:
                await self._answer(connection, json.loads(message))
        except ConnectionClosed:
            pass
        finally:
            self.connections.discard(connection)

    async def _answer(self, connection: ServerConnection, asked: dict[str, Any]) -> None:
        self.asked.append(asked)
        kind = asked["type"]
        if kind in self.silent:
            return
        if kind in self.raw:
            await connection.send(self.raw[kind])
            return
        told: dict[str, Any] = {"id": asked["id"], "type": "result", "success": kind not in self.refused}
        if kind in self.refused:
            told["error"] = {"code": "unauthorized", "message": "Unauthorized"}
        else:
            told["result"] = self.answers[kind]
        await connection.send(json.dumps(told))


@asynccontextmanager
async def scripted_home() -> AsyncIterator[ScriptedHome]:
    """Listening on a port of its own."""
    home = ScriptedHome()
    async with serve(home.handle, "127.0.0.1", 0) as server:
        home.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield home
