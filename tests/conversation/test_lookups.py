"""Answers that need to know how the home is: looked up in Home Assistant, which acts, and never changed."""

import json
import logging
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.support.assist_api import TOKEN, AssistApi, assist_api
from tests.support.eventually import eventually
from tests.support.service import Running, running_service
from wyoming_azure_realtime.conversation.agent import ConversationRequest, Reply
from wyoming_azure_realtime.conversation.answering import MOST_READINGS
from wyoming_azure_realtime.emulator.engines import Answer, AnswerRequest, FunctionCall, sink_engines
from wyoming_azure_realtime.home_assistant import reader as reader_module
from wyoming_azure_realtime.home_assistant.reader import AssistReader
from wyoming_azure_realtime.settings.model import Deadlines, HomeConversation, Secret, Settings

LOOKUP = FunctionCall("GetLiveContext", {"domain": ["light"]})
KITCHEN = "assist_satellite.kitchen"


class Model:
    """Answers by `think`, from what was asked and found so far; keeps every request."""

    def __init__(self, think: Callable[[str, list[str]], Answer]) -> None:
        self.requests: list[AnswerRequest] = []
        self._think = think

    async def answer(self, request: AnswerRequest) -> Answer:
        self.requests.append(request)
        found = [item.text for item in request.items if item.text.startswith("Result of ")]
        return self._think(request.question.text, found)

    def reads_aloud(self, instructions: str) -> bool | None:
        return None


def curious(asked: str, found: list[str]) -> Answer:
    """Looks up the lights before it says anything of them, or does something in the room."""
    if not found:
        early = FunctionCall("HassTurnOn", {"say": "Too early.", "name": "Kitchen light"})
        return Answer("", (LOOKUP, early))
    states = dict(re.findall(r"- names: '?([^',\n]+).*?\n  domain: light\n  state: '(\w+)'", found[-1]))
    if asked == "if it is dark make light here":
        return Answer("", (FunctionCall("HassTurnOn", {"say": "Lit.", "area": "here", "domain": ["light"]}),))
    return Answer(f"The kitchen light is {states.get('Kitchen light', 'out of sight')}.")


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_module, "ANSWER_SECONDS", 30.0)
    monkeypatch.setattr(reader_module, "LISTENING_SECONDS", 30.0)


@asynccontextmanager
async def told_home(
    model: Model, token: str = TOKEN, **conversation: Any
) -> AsyncIterator[tuple[Running, AssistApi]]:
    """The service with a reader, and the Home Assistant that it reads."""
    settings = Settings(
        conversation=HomeConversation(deadline=60.0, **conversation), deadlines=Deadlines(first_audio=30.0)
    )
    async with assist_api() as api:
        api.rooms = {"device-kitchen": "Kitchen"}
        reader = AssistReader(api.url, Secret(token), 30.0)
        try:
            engines = sink_engines(answers=model)
            async with running_service(engines=engines, settings=settings, home_reader=reader) as running:
                yield running, api
        finally:
            await reader.close()


async def ask(running: Running, text: str, client: str = "127.0.0.1", **more: str) -> Reply:
    conversation = running.service.conversation
    assert conversation is not None
    given = {"device_id": "device-kitchen", "wyoming_version": "1.10.2", **more}
    return await conversation.answer(ConversationRequest("test", text, "en", client=client, **given))


async def test_how_something_is_is_looked_up_and_told_from_that() -> None:
    model = Model(curious)
    async with told_home(model) as (running, api):
        assert await ask(running, "is the kitchen light on") == Reply("The kitchen light is on.")
        api.states = api.states.replace("state: 'on'", "state: 'off'")
        assert await ask(running, "is the kitchen light on") == Reply("The kitchen light is off.")
        first, second = running.turns
    assert (first.requests, second.requests, first.outcome) == (2, 2, "completed")
    assert api.calls()[-1] == ("homeassistant__GetLiveContext", {"domain": ["light"]})
    asked, again, *_ = model.requests
    assert (asked.instructions, asked.tools) == (again.instructions, again.tools)
    assert "Stove lamp" in asked.instructions
    assert {tool["name"] for tool in asked.tools} >= {"GetLiveContext", "HassTurnOn", "HassGetState"}
    assert again.items[-1].text == "is the kitchen light on"
    assert json.dumps(LOOKUP.arguments, separators=(",", ":")) in again.items[-2].text


async def test_what_is_to_be_done_is_done_after_the_lookup_in_the_room_that_home_assistant_knows() -> None:
    async with told_home(Model(curious)) as (running, api):
        reply = await ask(running, "if it is dark make light here")
        done = [(intent.name, dict(intent.slots), intent.say) for intent in reply.intents]
        assert done == [("HassTurnOn", {"area": "Kitchen", "domain": ["light"]}, "Lit.")]
        other = await ask(running, "if it is dark make light here", device_id="device-elsewhere")
        assert other == Reply("In which room?")
        assert {name for name, _ in api.calls()} == {"homeassistant__GetLiveContext"}
        assert not api.started


async def test_what_home_assistant_offers_under_the_name_of_an_intent_stays_an_intent() -> None:
    status = FunctionCall("HassTimerStatus", {"say": "Well."})
    model = Model(lambda asked, found: Answer("", (status,)))
    async with told_home(model) as (running, api):
        api.tools.append({"name": "intent__HassTimerStatus", "annotations": {"readOnlyHint": True}})
        assert [intent.name for intent in (await ask(running, "how long")).intents] == ["HassTimerStatus"]
        assert "intent__HassTimerStatus" not in {name for name, _ in api.calls()}
    names = [tool["name"] for tool in model.requests[0].tools]
    assert "GetLiveContext" in names
    assert len(names) == len({*names})


async def test_a_model_that_only_looks_up_is_stopped() -> None:
    model = Model(lambda asked, found: Answer("", (LOOKUP,)))
    async with told_home(model) as (running, _):
        assert await ask(running, "is the light on") == Reply("I cannot do that.", understood=False)
    assert len(model.requests) == MOST_READINGS + 1


async def test_what_needs_a_yes_is_known_by_its_kind() -> None:
    gate = FunctionCall("HassTurnOn", {"say": "Open.", "name": "Big gate"})
    async with told_home(Model(lambda asked, found: Answer("", (gate,)))) as (running, _):
        assert await ask(running, "go", satellite_id="s") == Reply("Big gate: are you sure?")
        [intent] = (await ask(running, "yes", satellite_id="s")).intents
        assert intent.slots == {"name": "Big gate"}


@pytest.mark.parametrize("spoil", [{"status": 404}, {"status": 502}, {"raw": {"tools/list": b"no"}}])
async def test_without_an_answer_of_home_assistant_the_conversation_goes_on(spoil: dict[str, Any]) -> None:
    model = Model(lambda asked, found: Answer("Hello."))
    async with told_home(model) as (running, api):
        for name, value in spoil.items():
            setattr(api, name, value)
        assert await ask(running, "hello") == Reply("Hello.")
    assert "GetLiveContext" not in {tool["name"] for tool in model.requests[0].tools}


async def test_a_lookup_that_fails_is_told_the_model() -> None:
    model = Model(lambda asked, found: Answer(found[-1][-60:]) if found else Answer("", (LOOKUP,)))
    async with told_home(model) as (running, api):
        await ask(running, "is the light on")
        api.raw = {"tools/call": b"nothing of use"}
        reply = await ask(running, "is the light on")
    assert reply.text.endswith("Home Assistant did not answer.")


async def test_with_a_token_only_home_assistant_is_answered() -> None:
    model = Model(curious)
    async with told_home(model) as (running, api):
        for stranger in ("192.0.2.7", "fe80::1%eth0", "::ffff:192.0.2.7", "nonsense"):
            reply = await ask(running, "is the kitchen light on", client=stranger)
            assert reply == Reply("I cannot answer at the moment.", understood=False)
        assert not model.requests
        assert not api.asked
        for known in ("127.0.0.1", "::1", "::ffff:127.0.0.1", ""):
            assert (await ask(running, "is the kitchen light on", client=known)).understood
    async with told_home(model, allow=("192.0.2.7",)) as (running, _):
        assert (await ask(running, "is the kitchen light on", client="192.0.2.7")).understood
        assert not (await ask(running, "is the kitchen light on", client="127.0.0.1")).understood


def asks_back(asked: str, found: list[str]) -> Answer:
    return Answer("It is done." if asked == "thanks" else "Which lamp do you mean?")


async def test_after_a_question_a_satellite_that_can_listens_again() -> None:
    model = Model(asks_back)
    async with told_home(model, listen_again=True) as (running, api):
        api.listens = {KITCHEN}
        assert await ask(running, "light", satellite_id=KITCHEN) == Reply("")
        assert [one["start_message"] for one in api.started] == ["Which lamp do you mean?"]
        assert await ask(running, "light", satellite_id="assist_satellite.old") == Reply(
            "Which lamp do you mean?"
        )
        assert await ask(running, "light") == Reply("Which lamp do you mean?")
        assert await ask(running, "thanks", satellite_id=KITCHEN) == Reply("It is done.")
        assert len(api.started) == 1
        told = [item.text for item in model.requests[-1].items]
        assert "Which lamp do you mean?" in told


async def test_no_satellite_listens_again_unless_that_was_switched_on() -> None:
    async with told_home(Model(asks_back)) as (running, api):
        api.listens = {KITCHEN}
        assert await ask(running, "light", satellite_id=KITCHEN) == Reply("Which lamp do you mean?")
        assert not api.started


async def test_nothing_of_the_home_or_of_what_is_said_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "wyoming_azure_realtime")
    async with told_home(Model(curious)) as (running, api):
        await ask(running, "is the kitchen light on")
        api.status = 500
        await ask(running, "is the kitchen light on")
    async with told_home(Model(curious), token="another-token") as (running, _):
        await ask(running, "is the kitchen light on")
    for secret in (TOKEN, "another-token", "kitchen light", "Stove lamp", "The kitchen light is"):
        assert secret not in caplog.text


async def test_what_is_answered_ahead_is_looked_up_ahead_and_done_when_it_is_asked_for() -> None:
    model, text = Model(curious), "if it is dark make light here"
    async with told_home(model) as (running, api):
        conversation = running.service.conversation
        assert conversation is not None
        for turn in (1, 2):  # ahead only for those who asked about what was recognized before
            recognition = conversation.hear("127.0.0.1", "en")
            assert recognition is not None
            recognition.drafted(text)
            if turn == 2:
                await eventually(lambda: len(model.requests) == 4)
                assert len(api.calls()) == 3  # the overview, and two lookups
            recognition.transcribed(text)
            reply = await ask(running, text)
            assert [intent.slots["area"] for intent in reply.intents] == ["Kitchen"]
        assert len(model.requests) == 4
        assert not api.started
