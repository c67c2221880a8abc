"""Keeps the names of a home current, in the background. A failure keeps the names that there were."""

import asyncio
import logging

from wyoming_azure_realtime.home_assistant.connection import (
    HomeAssistantConnection,
    HomeAssistantFailed,
    TokenRefused,
    connected,
)
from wyoming_azure_realtime.home_assistant.names import (
    MOST_NAMES,
    entity_names,
    exposed_ids,
    place_names,
    websocket_url,
)
from wyoming_azure_realtime.logs import log_causes
from wyoming_azure_realtime.settings.model import HomeAssistant

SETTLE_SECONDS = 2.0  # changes come in flocks, such as when a device is added
RETRY_SECONDS = 30.0
_LOGGER = logging.getLogger(__name__)


class Home:
    """`names` are what was fetched last, the likeliest first; nothing before."""

    def __init__(self, settings: HomeAssistant) -> None:
        self._settings = settings
        self._failing = False
        self.names: tuple[str, ...] = ()

    async def keep_current(self) -> None:
        """Until cancelled: fetch, again when something changes and every `refresh` seconds.

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
                self._tell(failure)
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

    def _tell(self, failure: HomeAssistantFailed) -> None:
        """One line until it works again."""
        level = logging.DEBUG if self._failing else logging.WARNING
        self._failing = True
        _LOGGER.log(level, "No news from Home Assistant about the names in the home: %s; trying on", failure)
        log_causes(_LOGGER, failure)
