"""Settings over HTTP: they can be read again. What they are is told to nobody here."""

from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
from aiohttp import web

from wyoming_azure_realtime.errors import InvalidRequest, SettingsError
from wyoming_azure_realtime.http_api.bodies import JSON

Reload = Callable[[], Coroutine[Any, Any, object]]
"""Reads the settings again; what has changed, as it is written as JSON. Raises `SettingsError`."""


class SettingsRoutes:
    """The routes about settings; without `reload` there is nothing that could be read again."""

    def __init__(self, reload: Reload | None) -> None:
        self._reload = reload

    async def reload(self, request: web.Request) -> web.StreamResponse:
        """Read them again: which changed, which of those wait for a restart; or the problem, with 400."""
        if self._reload is None:
            raise web.HTTPNotFound
        try:
            changes = await self._reload()
        except SettingsError as error:  # somebody has to mend a file, nothing is wrong here
            raise InvalidRequest(f"The settings stay as they were: {error}") from error
        return web.Response(body=msgspec.json.encode(changes), content_type=JSON)
