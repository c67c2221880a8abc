"""Reading the settings again over HTTP, by whoever may use the other routes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from tests.support.admission import registry_of
from tests.support.service import running_service
from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.http_api.server import PREFIX, HttpServer
from wyoming_azure_realtime.http_api.settings_routes import Reload
from wyoming_azure_realtime.observe import Observer
from wyoming_azure_realtime.reread import SettingsChanges
from wyoming_azure_realtime.settings.model import Http, Secret

PATH = f"{PREFIX}/settings/reload"


async def changed() -> SettingsChanges:
    return SettingsChanges(("speech.voice",), ("http.listen",))


async def refused() -> SettingsChanges:
    raise SettingsError("speech.voice is 'nobody' (file settings.yaml:3).", advice="Allowed: alloy.")


@asynccontextmanager
async def door(reload: Reload | None, token: str = "") -> AsyncIterator[aiohttp.ClientSession]:
    async with running_service() as running:
        http = Http(listen="127.0.0.1:0", token=Secret(token))
        registry = registry_of()
        server = HttpServer(running.service, http, Observer(), registry, model="gpt-realtime", reload=reload)
        await server.start()
        try:
            async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as client:
                yield client
        finally:
            await server.stop()


async def test_the_answer_says_what_has_changed_and_what_waits_for_a_restart() -> None:
    async with door(changed) as client, client.post(PATH) as answer:
        assert answer.status == 200
        assert await answer.json() == {"changed": ["speech.voice"], "needsRestart": ["http.listen"]}


async def test_settings_that_cannot_be_are_told_as_a_problem() -> None:
    async with door(refused) as client, client.post(PATH) as answer:
        problem = await answer.json()
        assert answer.status == 400
        assert problem["detail"] == (
            "The settings stay as they were: speech.voice is 'nobody' (file settings.yaml:3). Allowed: alloy."
        )


async def test_nobody_without_the_token_and_no_foreign_page_may() -> None:
    async with door(changed, token="a-token") as client:
        async with client.post(PATH) as answer:
            assert answer.status == 401
        headers = {"Authorization": "Bearer a-token", "Origin": "http://elsewhere.example"}
        async with client.post(PATH, headers=headers) as answer:
            assert answer.status == 403
        async with client.get(PATH, headers={"Authorization": "Bearer a-token"}) as answer:
            assert answer.status == 405
        async with client.post(PATH, headers={"Authorization": "Bearer a-token"}) as answer:
            assert answer.status == 200


async def test_where_nothing_can_be_read_again_there_is_no_such_path() -> None:
    async with door(None) as client, client.post(PATH) as answer:
        assert answer.status == 404
