"""What Home Assistant tells of the home over the Model Context Protocol, and how that goes wrong."""

import asyncio
import itertools
import json
import logging
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.support.assist_api import ACTING, OVERVIEW, STATES, TOKEN, AssistApi, assist_api, reading
from tests.support.eventually import eventually
from tests.support.virtual_time import in_virtual_time
from wyoming_azure_realtime.conversation.home import MOST_CHARACTERS, MOST_READ_AT_ONCE, Home
from wyoming_azure_realtime.home_assistant import reader as module
from wyoming_azure_realtime.home_assistant.names import base_url, overview_in
from wyoming_azure_realtime.home_assistant.reader import AssistReader
from wyoming_azure_realtime.realtime.answer_turn import ToolCall
from wyoming_azure_realtime.settings.model import Secret

DEVICE = "io.home-assistant/device_id"
SATELLITE = "assist_satellite.kitchen"


@asynccontextmanager
async def reader_of(api: AssistApi, token: str = TOKEN) -> AsyncIterator[AssistReader]:
    reader = AssistReader(api.url, Secret(token), 30.0)
    try:
        yield reader
    finally:
        await reader.close()


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANSWER_SECONDS", 30.0)
    monkeypatch.setattr(module, "LISTENING_SECONDS", 30.0)


@pytest.fixture
def never_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was told is asked for again at once, also after a failure."""
    monkeypatch.setattr(module, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(module, "USABLE_SECONDS", 0.0)
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.0)


@pytest.mark.parametrize("prefix", ["homeassistant__", ""])
@pytest.mark.parametrize("prompt", ["Device control", "Assist"])
async def test_names_kinds_rooms_and_tools_are_told_under_any_name(prefix: str, prompt: str) -> None:
    async with assist_api() as api, reader_of(api) as reader:
        api.tools, api.prompt = [ACTING, reading(prefix)], prompt
        api.rooms = {"device-1": "Kitchen", "device-2": "Büro"}
        await reader.refresh("device-1")
        await reader.refresh("device-2")
        await reader.refresh("device-3")
        names = ["Kitchen", "Büro", "Office", "Kitchen light", "Stove lamp", "Büro: licht", "Big gate"]
        assert list(reader.names) == [*names, "Garage opener"]
        assert reader.kinds_of("big  GATE") == {"cover", "garage"}
        assert reader.kinds_of("Stove lamp") == {"light"}
        assert reader.kinds_of("nothing") == frozenset()
        assert [reader.room_of(f"device-{number}") for number in (1, 2, 3, 4)] == ["Kitchen", "Büro", "", ""]
        assert [tool["name"] for tool in reader.tools] == ["GetLiveContext"]
        told = await reader.call("GetLiveContext", '{"domain": ["light"]}', "device-1")
        assert told == f"Live Context: {OVERVIEW}\n{STATES}"
        assert api.calls()[-1] == (f"{prefix}GetLiveContext", {"domain": ["light"]})
        assert api.paths == {"/api/mcp/assist"}
        assert {one["params"]["_meta"]["io.home-assistant/device_id"] for one in api.asked[:4]} == {
            "device-1"
        }


async def test_what_was_told_counts_for_a_while() -> None:
    async with assist_api() as api, reader_of(api) as reader:
        await asyncio.gather(*(reader.refresh("") for _ in range(5)))
        assert sorted(api.methods()) == ["prompts/get", "prompts/list", "tools/call", "tools/list"]


async def test_nobody_waits_for_what_is_only_renewed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FRESH_SECONDS", 0.0)
    async with assist_api() as api, reader_of(api) as reader:
        await reader.refresh("device-1")
        api.rooms, api.tools = {"device-1": "Kitchen", "device-2": "Büro"}, []
        await reader.refresh("device-1")
        assert (len(reader.tools), reader.room_of("device-1")) == (1, "")
        await eventually(lambda: reader.room_of("device-1") == "Kitchen")
        assert reader.tools == []
        await reader.refresh("device-2")
        assert reader.room_of("device-2") == "Büro"


@pytest.mark.parametrize(
    "annotations", [None, {}, {"readOnlyHint": False}, {"readOnlyHint": "true"}, {"readOnlyHint": 1}, []]
)
async def test_what_may_change_something_is_neither_offered_nor_called(annotations: Any) -> None:
    tool = {"name": "script__open_everything", "inputSchema": {}, "annotations": annotations}
    async with assist_api(lambda api: api.tools.append(tool)) as api, reader_of(api) as reader:
        await reader.refresh("")
        assert [one["name"] for one in reader.tools] == ["GetLiveContext"]
        for name in ("open_everything", "script__open_everything", "intent__HassTurnOn", "HassTurnOn"):
            assert await reader.call(name, "{}", "") == "Home Assistant cannot be asked at the moment."
        assert {name for name, _ in api.calls()} == {"homeassistant__GetLiveContext"}


async def test_parameters_are_passed_on_in_a_form_that_every_service_takes() -> None:
    async with assist_api() as api, reader_of(api) as reader:
        await reader.refresh("")
        [function] = reader.tools
        assert function["parameters"] == {
            "type": "object",
            "properties": {
                "name": {"type": "string", "description": "Filter."},
                "area": {"type": "string"},
                "domain": {
                    "type": "array",
                    "items": {"type": "string"},
                    "description": "A single domain or a list.",
                },
                "kind": {"type": "string", "enum": ["a", "b"]},
                "odd": {"type": "string"},
            },
        }


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def deep(api: AssistApi) -> None:
    api.raw = {"tools/list": b"[" * 100_000}


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda api: setattr(api, "status", 404), "Model Context Protocol Server"),
        (lambda api: setattr(api, "status", 403), "may not"),
        (lambda api: setattr(api, "status", 502), "status 502"),
        (lambda api: setattr(api, "location", "http://127.0.0.1:1/"), "status 307"),
        (lambda api: setattr(api, "wait", 5.0), "did not answer in time"),
        (lambda api: setattr(api, "raw", {"prompts/list": b"{no JSON"}), "no Home Assistant"),
        (lambda api: setattr(api, "raw", {"prompts/get": b"[1]"}), "refused 'prompts/get'"),
        (lambda api: setattr(api, "raw", {"tools/list": b"x" * 300_000}), "too large"),
        (deep, "no Home Assistant"),
    ],
)
@pytest.mark.usefixtures("never_fresh")
async def test_a_failure_keeps_names_offers_no_tools_is_told_once_a_minute_and_passes(
    spoil: Callable[[AssistApi], object],
    said: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(module, "LARGEST_ANSWER", 200_000)
    async with assist_api() as api, reader_of(api) as reader:
        await reader.refresh("")
        assert reader.tools
        spoil(api)
        reader.within = 0.3 if api.wait else 30.0
        await reader.refresh("")
        await reader.refresh("")
        assert (list(reader.tools), len(reader.names)) == ([], 8)
        told = await reader.call("GetLiveContext", "{}", "")
        assert told == "Home Assistant cannot be asked at the moment."
        [warning] = warnings(caplog)
        assert said in warning
        api.status, api.location, api.wait, api.raw = 200, "", 0.0, {}
        reader.within = 30.0
        await reader.refresh("")
        assert reader.tools
        assert len(warnings(caplog)) == 1
    assert TOKEN not in caplog.text


@pytest.mark.usefixtures("never_fresh")
async def test_a_token_that_is_refused_is_not_sent_again_and_never_shown(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    async with assist_api() as api, reader_of(api, "a-wrong-token") as reader:
        for _ in range(3):
            await reader.refresh("device")
        assert api.tokens == {"a-wrong-token"}
        assert not await reader.ask_aloud(SATELLITE, "Which one?")
        assert len(api.paths) == 1
        assert not api.asked
    async with assist_api() as api, reader_of(api, "a-wrong-token") as reader:
        assert not await reader.ask_aloud(SATELLITE, "Which one?")
        await reader.refresh("device")
        assert not await reader.ask_aloud(SATELLITE, "Which one?")
        assert api.paths == {"/api/services/assist_satellite/start_conversation"}
        assert "conversation.token" in warnings(caplog)[0]
        assert "a-wrong-token" not in caplog.text + repr(reader) + repr(reader.__dict__)


async def test_a_redirect_leads_the_token_nowhere() -> None:
    async with assist_api() as other, assist_api() as api, reader_of(api) as reader:
        api.location = f"{other.url}/api/mcp/assist"
        await reader.refresh("")
        assert not await reader.ask_aloud(SATELLITE, "Which one?")
        assert not other.paths


async def test_what_a_tool_tells_is_bounded_and_may_be_that_it_failed() -> None:
    async with assist_api() as api, reader_of(api) as reader:
        await reader.refresh("")
        api.states = "- names: " + "x" * 100_000
        home = Home({}, tuple, reader)
        for calls in (1, 2, MOST_READ_AT_ONCE + 2):
            asked = [ToolCall("GetLiveContext", json.dumps({"area": str(call)})) for call in range(calls)]
            told = await home.read(asked, "")
            assert len(told) == min(calls, MOST_READ_AT_ONCE)
            assert all(one.endswith("(There is more: ask for less.)") for one in told)
            assert 0 <= sum(map(len, told)) - MOST_CHARACTERS < 100 * calls
        api.error = True
        assert "No exposed entities matched" in await reader.call("GetLiveContext", "{}", "")
        assert await reader.call("GetLiveContext", "[1]", "") == "The arguments are no JSON object."
        assert await reader.call("GetLiveContext", "{", "") == "The arguments are no JSON."
        assert reader.tools


async def test_home_assistant_is_known_by_the_address_of_its_name() -> None:
    there = AssistReader("http://localhost:8123", Secret(TOKEN))
    await there.look_up()
    assert "127.0.0.1" in there.addresses
    gone = AssistReader("http://nobody.invalid:8123", Secret(TOKEN))
    await gone.look_up()
    assert not gone.addresses


@in_virtual_time
async def test_a_name_that_led_nowhere_is_looked_up_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up, answers = list[float](), [OSError("no network yet"), [(2, 1, 6, "", ("192.0.2.7", 0))]]

    def getaddrinfo(*_: object, **__: object) -> Any:
        looked_up.append(asyncio.get_running_loop().time())
        if isinstance(answer := answers[min(len(looked_up), 2) - 1], OSError):
            raise answer
        return answer

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    reader = AssistReader("http://homeassistant.local:8123", Secret(TOKEN))
    for _ in range(120):
        await reader.look_up()
        assert bool(reader.addresses) is (len(looked_up) > 1)
        await asyncio.sleep(1.0)
    waited = [later - earlier for earlier, later in itertools.pairwise(looked_up)]
    assert waited == [pytest.approx(module.RETRY_SECONDS), pytest.approx(module.FRESH_SECONDS)]


async def test_a_satellite_is_told_to_ask_and_to_listen_unless_it_cannot() -> None:
    async with assist_api() as api, reader_of(api) as reader:
        api.listens = {SATELLITE}
        assert await reader.ask_aloud(SATELLITE, "Which one?")
        asked = {"entity_id": SATELLITE, "start_message": "Which one?", "preannounce": False}
        assert api.started == [asked]
        for other in ("assist_satellite.bedroom", "light.kitchen", "all", f"{SATELLITE},lock.door", ""):
            assert not await reader.ask_aloud(other, "Which one?")
        assert len(api.started) == 1
        assert api.paths == {"/api/services/assist_satellite/start_conversation"}


async def test_a_satellite_that_listens_for_long_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LISTENING_SECONDS", 0.05)
    async with assist_api(lambda api: api.listens.add(SATELLITE)) as api, reader_of(api) as reader:
        api.busy = 30.0
        asked = [asyncio.create_task(reader.ask_aloud(SATELLITE, "Which one?"))]
        async with asyncio.timeout(10):
            assert await asked[0]


async def test_an_address_of_the_websocket_leads_to_the_same_home() -> None:
    for url in (
        "http://h:8123",
        "http://h:8123/",
        "ws://h:8123/api/websocket",
        "http://h:8123/api/websocket",
    ):
        assert base_url(url) == "http://h:8123"
    assert base_url("http://supervisor/core/websocket") == "http://supervisor/core"
    assert base_url("https://h/ha") == "https://h/ha"


@pytest.mark.parametrize(
    "listing",
    [
        "",
        "- names: [1, 2]\n",
        "- 7\n",
        "- names: x\n  domain: [",
        "- &a\n  names: x\n- *a\n",
        "a: 1\n",
        "  ][",
    ],
)
def test_an_overview_that_is_none_tells_little_and_breaks_nothing(listing: str) -> None:
    assert len(overview_in(f"{OVERVIEW}\n{listing}").names) <= 1
    assert overview_in(listing).names == ()


def test_long_lists_of_names_go_on_in_the_next_line() -> None:
    aliases = ", ".join(f"a lamp with the long name number {number}" for number in range(9))
    folded = aliases.replace("4,", "4,\n   ")
    told = overview_in(f"Static Context: {OVERVIEW}\n- names: {folded}\n  domain: light\nMore rules.\n")
    assert list(told.names) == aliases.split(", ")
    assert json.dumps(sorted(told.kinds["a lamp with the long name number 8"])) == '["light"]'
