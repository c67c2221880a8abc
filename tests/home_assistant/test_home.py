import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from tests.support.eventually import eventually
from tests.support.home_assistant import AREAS, TOKEN, ScriptedHome, scripted_home
from wyoming_azure_realtime.home_assistant import home
from wyoming_azure_realtime.home_assistant.home import HomeNames
from wyoming_azure_realtime.settings.model import HomeAssistant, Secret

NAMES = (
    "Kitchen", "Galley", "Büro", "Ground floor", "Downstairs",
    "Luna", "Moonlight", "Reading corner", "Sofa lamp", "Awning", "Porch temperature",
)  # fmt: skip


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home, "ANSWER_SECONDS", 1.0)
    monkeypatch.setattr(home, "LARGEST_MESSAGE", 1 << 20)
    monkeypatch.setattr(home, "RETRY_SECONDS", 0.05)
    monkeypatch.setattr(home, "SETTLE_SECONDS", 0.01)


@asynccontextmanager
async def keeping(url: str, token: str = TOKEN, refresh: float = 60) -> AsyncIterator[HomeNames]:
    kept = HomeNames(HomeAssistant(url=url, token=Secret(token), refresh=refresh))
    task = asyncio.create_task(kept.keep_current())
    try:
        yield kept
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


async def test_names_are_fetched_in_the_background_likeliest_first() -> None:
    async with scripted_home() as there, keeping(there.url) as kept:
        assert list(kept.names) == []
        await eventually(lambda: kept.names)
        assert kept.names == NAMES
        asked = next(one for one in there.asked if one["type"] == "config/entity_registry/get_entries")
        assert asked["entity_ids"] == ["light.luna", "light.sofa", "cover.awning", "sensor.porch"]
        numbers = [one["id"] for one in there.asked]
        assert numbers == sorted(set(numbers))


async def test_a_change_in_a_registry_is_noticed_at_once() -> None:
    async with scripted_home() as there, keeping(there.url) as kept:
        await eventually(lambda: kept.names)
        there.answers["config/area_registry/list"] = [*AREAS, {"name": "Attic", "aliases": []}]
        await there.tell_change()
        await eventually(lambda: "Attic" in kept.names)
        assert len(there.tokens) == 1


async def test_what_no_event_tells_is_noticed_at_the_next_refresh() -> None:
    async with scripted_home() as there, keeping(there.url, refresh=0.1) as kept:
        await eventually(lambda: kept.names)
        there.answers["homeassistant/expose_entity/list"] = {"exposed_entities": {}}
        await eventually(lambda: "Luna" not in kept.names)
        assert kept.names == NAMES[:5]


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda there: there.silent.add("get_states"), "did not answer 'get_states' in time"),
        (
            lambda there: there.refused.add("homeassistant/expose_entity/list"),
            "must be an administrator",
        ),
        (lambda there: there.raw.update({"get_states": "no JSON"}), "no Home Assistant"),
        (lambda there: there.raw.update({"get_states": "[1]"}), "no Home Assistant"),
        (lambda there: there.raw.update({"get_states": "x" * (2 << 20)}), "connection was lost"),
    ],
)
async def test_a_failure_keeps_the_last_names_and_is_told_once(
    spoil: Callable[[ScriptedHome], object], told: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with scripted_home() as there, keeping(there.url) as kept:
        await eventually(lambda: kept.names)
        healthy = (dict(there.raw), set(there.silent), set(there.refused))
        there.answers["homeassistant/expose_entity/list"] = {"exposed_entities": {}}
        spoil(there)
        await there.tell_change()
        await eventually(lambda: len(there.tokens) > 2)
        assert kept.names == NAMES
        assert [told in line for line in warnings(caplog)] == [True]
        there.raw, there.silent, there.refused = healthy
        await eventually(lambda: kept.names == NAMES[:5])
        assert len(warnings(caplog)) == 1


async def test_a_connection_that_is_lost_is_made_again(caplog: pytest.LogCaptureFixture) -> None:
    async with scripted_home() as there, keeping(there.url) as kept:
        await eventually(lambda: kept.names)
        for connected in list(there.connections):
            connected.transport.abort()
        await eventually(lambda: len(there.tokens) == 2)
        assert kept.names == NAMES
        assert ["connection was lost" in line for line in warnings(caplog)] == [True]


async def test_a_home_that_is_not_there_yet_is_found_later(caplog: pytest.LogCaptureFixture) -> None:
    async with scripted_home() as gone:
        url = gone.url
    async with keeping(url) as kept:
        await eventually(lambda: warnings(caplog))
        assert kept.names == ()
        assert ["cannot be reached" in line for line in warnings(caplog)] == [True]


async def test_a_wrong_token_is_told_never_shown_and_not_tried_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "wyoming_azure_realtime")
    async with scripted_home() as there:
        kept = HomeNames(HomeAssistant(url=there.url, token=Secret("wrong-token-of-mine")))
        async with asyncio.timeout(5):
            await kept.keep_current()
        assert there.tokens == ["wrong-token-of-mine"]
        assert "wrong-token-of-mine" not in caplog.text
        assert ["refused the token" in line for line in warnings(caplog)] == [True]
        assert "wrong-token-of-mine" not in repr(kept.__dict__)


async def test_what_answers_may_be_no_home_assistant_at_all(caplog: pytest.LogCaptureFixture) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with keeping(f"http://127.0.0.1:{port}"):
            await eventually(lambda: warnings(caplog))
    assert "cannot be reached" in warnings(caplog)[0]
