"""One connection to Home Assistant's WebSocket API: authenticated, one question after the other.

Source: Home Assistant's developer documentation of the WebSocket API, and its own registries' handlers.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidURI, WebSocketException

from wyoming_azure_realtime.settings.model import Secret

PATIENCE = 20.0
LARGEST_MESSAGE = 16 << 20  # the states of a large home
_REGISTRIES = ("entity_registry_updated", "area_registry_updated", "floor_registry_updated")


class HomeAssistantFailed(Exception):
    """Why there are no names, in a sentence that may be logged."""


class TokenRefused(HomeAssistantFailed):
    """It will not be accepted later either, and whoever keeps trying is banned."""


class _NoRedirects(connect):
    """The token is meant for one host."""

    def process_redirect(self, exc: Exception) -> Exception:
        return exc


class HomeAssistantConnection:
    """Ask with `call`; after `subscribe`, `changed` waits. Raises `HomeAssistantFailed`."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._last = 0
        self._subscriptions: set[int] = set()
        self._noticed = False

    async def call(self, kind: str, **fields: Any) -> Any:
        """The result of one command."""
        self._last += 1
        number = self._last
        await self._send({"id": number, "type": kind, **fields})
        try:
            async with asyncio.timeout(PATIENCE):
                answer = await self._receive()
                while answer.get("id") != number or answer.get("type") != "result":
                    answer = await self._receive()
        except TimeoutError as late:
            raise HomeAssistantFailed(f"it did not answer '{kind}' in time") from late
        if answer.get("success") is not True:
            error = answer.get("error")
            code = error.get("code") if isinstance(error, dict) else None
            because = ": the token's user must be an administrator" if code == "unauthorized" else ""
            raise HomeAssistantFailed(f"it refused '{kind}'{because}")
        return answer.get("result")

    async def subscribe(self) -> None:
        """Be told when entities, areas or floors are renamed, added or removed."""
        for event in _REGISTRIES:
            await self.call("subscribe_events", event_type=event)
            self._subscriptions.add(self._last)

    async def changed(self, within: float) -> bool:
        """Whether something changes in so many seconds; returns at the first change."""
        try:
            async with asyncio.timeout(within):
                while not self._noticed:
                    await self._receive()
        except TimeoutError:
            pass
        noticed, self._noticed = self._noticed, False
        return noticed

    async def authenticate(self, token: Secret) -> None:
        """Say who we are."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._expect("auth_required")
                await self._send({"type": "auth", "access_token": token.reveal()})
                await self._expect("auth_ok")
        except TimeoutError as error:
            raise HomeAssistantFailed("it did not answer in time") from error

    async def _expect(self, kind: str) -> None:
        got = (await self._receive()).get("type")
        if got == "auth_invalid":
            raise TokenRefused("it refused the token")
        if got != kind:
            raise HomeAssistantFailed("what answers there is no Home Assistant")

    async def _send(self, message: dict[str, Any]) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._socket.send(json.dumps(message))
        except TimeoutError as error:
            raise HomeAssistantFailed("it does not read what it is sent") from error
        except WebSocketException as error:
            raise HomeAssistantFailed("the connection was lost") from error

    async def _receive(self) -> dict[str, Any]:
        try:
            message = json.loads(await self._socket.recv())
        except WebSocketException as error:
            raise HomeAssistantFailed("the connection was lost") from error
        except (ValueError, RecursionError) as error:
            raise HomeAssistantFailed("what answers there is no Home Assistant") from error
        if not isinstance(message, dict):
            raise HomeAssistantFailed("what answers there is no Home Assistant")
        if message.get("type") == "event" and message.get("id") in self._subscriptions:
            self._noticed = True
        return message


@asynccontextmanager
async def connected(url: str, token: Secret) -> AsyncIterator[HomeAssistantConnection]:
    """A connection that has been let in. Raises `HomeAssistantFailed`."""
    try:
        socket = await _NoRedirects(
            url, open_timeout=PATIENCE, close_timeout=1.0, max_size=LARGEST_MESSAGE, max_queue=4, proxy=None
        )
    except (InvalidURI, TimeoutError, WebSocketException, OSError) as error:
        raise HomeAssistantFailed(f"it cannot be reached ({type(error).__name__})") from error
    async with socket:
        connection = HomeAssistantConnection(socket)
        await connection.authenticate(token)
        yield connection
