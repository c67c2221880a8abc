"""Fetches the names in a home over Home Assistant's WebSocket API, and keeps them current in the background.

`HomeAssistantConnection` is one authenticated connection, `HomeNames` the names that were fetched last; a
failure keeps them as they were. Every wait for an answer ends after `ANSWER_SECONDS`.

Source: Home Assistant's developer documentation of the WebSocket API, and its own registries' handlers.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidURI, WebSocketException

from wyoming_azure_realtime.home_assistant.names import (
    MOST_NAMES,
    entity_names,
    exposed_ids,
    place_names,
    websocket_url,
)
from wyoming_azure_realtime.logs import log_causes
from wyoming_azure_realtime.settings.model import HomeAssistant, Secret

_LOGGER = logging.getLogger(__name__)

ANSWER_SECONDS = 20.0
RETRY_SECONDS = 30.0
SETTLE_SECONDS = 2.0  # several changes come at once, such as when a device is added
LARGEST_MESSAGE = 16 << 20  # the states of a large home
_REGISTRIES = ("entity_registry_updated", "area_registry_updated", "floor_registry_updated")


class HomeAssistantFailed(Exception):
    """The names could not be fetched; the message says why and may be logged."""


class TokenRefused(HomeAssistantFailed):
    """The token will not be accepted later either, and Home Assistant bans clients that keep trying."""


class _NoRedirects(connect):
    """A connection that follows no redirect, because the token is meant for one host."""

    def process_redirect(self, exc: Exception) -> Exception:
        return exc


class HomeAssistantConnection:
    """One request after the other with `call`; after `subscribe`, `changed` waits for changes.

    Every method raises HomeAssistantFailed.
    """

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._last = 0
        self._subscriptions: set[int] = set()
        self._changed = False

    async def call(self, kind: str, **fields: Any) -> Any:
        """The result of one command."""
        self._last += 1
        number = self._last
        await self._send({"id": number, "type": kind, **fields})
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await self._receive()
                while answer.get("id") != number or answer.get("type") != "result":
                    answer = await self._receive()
        except TimeoutError as error:
            raise HomeAssistantFailed(f"it did not answer '{kind}' in time") from error
        if answer.get("success") is not True:
            details = answer.get("error")
            code = details.get("code") if isinstance(details, dict) else None
            hint = ": the token's user must be an administrator" if code == "unauthorized" else ""
            raise HomeAssistantFailed(f"it refused '{kind}'{hint}")
        return answer.get("result")

    async def subscribe(self) -> None:
        """From now on notice when entities, areas or floors are renamed, added or removed."""
        for event in _REGISTRIES:
            await self.call("subscribe_events", event_type=event)
            self._subscriptions.add(self._last)

    async def changed(self, within: float) -> bool:
        """Whether something changes within so many seconds; returns at the first change."""
        try:
            async with asyncio.timeout(within):
                while not self._changed:
                    await self._receive()
        except TimeoutError:
            pass
        changed, self._changed = self._changed, False
        return changed

    async def authenticate(self, token: Secret) -> None:
        """Send the token. Raises TokenRefused if it is not accepted."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._expect("auth_required")
                await self._send({"type": "auth", "access_token": token.reveal()})
                await self._expect("auth_ok")
        except TimeoutError as error:
            raise HomeAssistantFailed("it did not answer in time") from error

    async def _expect(self, kind: str) -> None:
        received = (await self._receive()).get("type")
        if received == "auth_invalid":
            raise TokenRefused("it refused the token")
        if received != kind:
            raise HomeAssistantFailed("what answers there is no Home Assistant")

    async def _send(self, message: dict[str, Any]) -> None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
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
            self._changed = True
        return message


@asynccontextmanager
async def connected(url: str, token: Secret) -> AsyncIterator[HomeAssistantConnection]:
    """An authenticated connection. Raises HomeAssistantFailed, TokenRefused."""
    try:
        socket = await _NoRedirects(
            url,
            open_timeout=ANSWER_SECONDS,
            close_timeout=1.0,
            max_size=LARGEST_MESSAGE,
            max_queue=4,
            proxy=None,
        )
    except (InvalidURI, TimeoutError, WebSocketException, OSError) as error:
        raise HomeAssistantFailed(f"it cannot be reached ({type(error).__name__})") from error
    async with socket:
        connection = HomeAssistantConnection(socket)
        await connection.authenticate(token)
        yield connection


class HomeNames:
    """`names`: what was fetched last, the likeliest first; empty before the first time."""

    def __init__(self, settings: HomeAssistant) -> None:
        self._settings = settings
        self._failing = False
        self.names: tuple[str, ...] = ()

    async def keep_current(self) -> None:
        """Fetch the names now, after every change and every `refresh` seconds, until cancelled.

        Ends when the token is refused.
        """
        while True:
            try:
                url = websocket_url(self._settings.url)
                async with connected(url, self._settings.token) as connection:
                    await self._follow(connection)
            except TokenRefused:
                _LOGGER.warning("No names from Home Assistant: it refused the token (home_assistant.token)")
                return
            except HomeAssistantFailed as failure:
                self._log(failure)
            except Exception:
                _LOGGER.exception("Fetching the names in the home failed unexpectedly")
            await asyncio.sleep(min(RETRY_SECONDS, self._settings.refresh))

    async def _follow(self, connection: HomeAssistantConnection) -> None:
        await connection.subscribe()
        while True:
            await self._fetch(connection)
            if await connection.changed(self._settings.refresh):
                await asyncio.sleep(SETTLE_SECONDS)

    async def _fetch(self, connection: HomeAssistantConnection) -> None:
        ids = exposed_ids(await connection.call("homeassistant/expose_entity/list"))
        states = await connection.call("get_states")
        entries = await connection.call("config/entity_registry/get_entries", entity_ids=ids)
        areas = await connection.call("config/area_registry/list")
        floors = await connection.call("config/floor_registry/list")
        names = (*place_names(areas, floors), *entity_names(ids, states, entries))[:MOST_NAMES]
        if names != self.names or self._failing:
            _LOGGER.info("Home Assistant knows %d names in the home", len(names))
        self.names, self._failing = names, False

    def _log(self, failure: HomeAssistantFailed) -> None:
        """One line until it works again."""
        level = logging.DEBUG if self._failing else logging.WARNING
        self._failing = True
        _LOGGER.log(level, "The names in the home could not be fetched: %s; trying again", failure)
        log_causes(_LOGGER, failure)
