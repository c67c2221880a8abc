"""The conversation agent over the real engine and pool, and a scripted service, in virtual time."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from tests.support.answering import Calls, asked_of, heard_before, service_that_answers, table
from tests.support.scripted_channel import Script, Scripted, ScriptedChannel, created, done, scripted_service
from tests.support.virtual_time import in_virtual_time
from wyoming_azure_realtime.conversation.agent import LONGEST_REQUEST, ConversationRequest, Reply
from wyoming_azure_realtime.observe import RequestJudged
from wyoming_azure_realtime.realtime import client_events as client
from wyoming_azure_realtime.realtime.session_config import SpeechConfig
from wyoming_azure_realtime.realtime.shapes import StatusDetails
from wyoming_azure_realtime.settings.model import Cost, HomeConversation, Settings

NEWEST = "1.10.2"
HOME = Settings(
    conversation=HomeConversation(rooms={"device-kitchen": "Kitchen", "device-bedroom": "Bedroom"})
)
UNAVAILABLE = Reply("I cannot answer at the moment.", understood=False)
PARIS = {"what is the capital of France": "It is Paris."}
LIGHTS: Mapping[str, str | Calls] = {
    "lights please": [("HassTurnOn", {"say": "The lights are on.", "domain": ["light"], "area": "here"})],
    "open up": [("HassTurnOff", {"say": "The front door is unlocked.", "name": "Front door"})],
}


async def ask(running: Scripted, text: str, **more: Any) -> Reply:
    conversation = running.service.conversation
    assert conversation is not None
    given = {"language": "en", "client": "10.0.0.2", "wyoming_version": NEWEST} | more
    return await conversation.answer(ConversationRequest("test", text, **given))


@in_virtual_time
async def test_a_question_is_answered_in_the_words_of_the_model_and_the_turn_is_recorded() -> None:
    async with scripted_service(service_that_answers(table(PARIS))) as running:
        assert await ask(running, "what is the capital of France") == Reply("It is Paris.")
        [turn] = running.turns
        [judged] = [event for event in running.events if isinstance(event, RequestJudged)]
    assert (turn.kind, turn.outcome, turn.requests, turn.language) == ("answer", "completed", 1, "en")
    assert judged.kind == "answer"
    assert judged.usage["input_token_details"]["cached_tokens"] == 2800
    assert turn.total_seconds < 5


@in_virtual_time
async def test_the_session_that_speaks_answers_too_unless_another_model_is_to() -> None:
    async with scripted_service(service_that_answers(table(PARIS))) as running:
        running.service.warm()
        await asyncio.sleep(1)
        before = len(running.channels)
        await ask(running, "what is the capital of France")
        speaking = [one for one in running.channels if isinstance(one.config, SpeechConfig)]
        assert len({one.config for one in speaking}) == 1
        assert sum(one.requests for one in running.channels[:before]) == 1


@in_virtual_time
async def test_an_action_is_for_home_assistant_in_the_room_of_whoever_asks() -> None:
    async with scripted_service(service_that_answers(table(LIGHTS)), HOME) as running:
        rooms = []
        for device in ("device-bedroom", "device-kitchen"):
            reply = await ask(running, "lights please", device_id=device)
            [intent] = reply.intents
            rooms.append(intent.slots["area"])
            assert (reply.text, intent.name, intent.say) == ("", "HassTurnOn", "The lights are on.")
        assert rooms == ["Bedroom", "Kitchen"]
        assert await ask(running, "lights please") == Reply("In which room?")


@in_virtual_time
async def test_two_rooms_at_once_each_get_their_own() -> None:
    async with scripted_service(service_that_answers(table(LIGHTS)), HOME) as running:
        replies = await asyncio.gather(
            *(
                ask(running, "lights please", device_id=f"device-{room}", satellite_id=room)
                for room in ("kitchen", "bedroom")
            )
        )
    assert [reply.intents[0].slots["area"] for reply in replies] == ["Kitchen", "Bedroom"]


@in_virtual_time
async def test_a_door_opens_after_a_yes_of_the_same_satellite_and_once() -> None:
    async with scripted_service(service_that_answers(table({**LIGHTS, **PARIS})), HOME) as running:
        hall: dict[str, Any] = {"satellite_id": "hall"}
        assert await ask(running, "open up", **hall) == Reply("Front door: are you sure?")
        assert not (await ask(running, "yes please", satellite_id="kitchen")).intents
        assert not (await ask(running, "yes please", **hall, client="10.9.9.9")).intents
        [intent] = (await ask(running, "Yes, please.", **hall)).intents
        assert (intent.name, dict(intent.slots)) == ("HassTurnOff", {"name": "Front door"})
        assert not (await ask(running, "yes please", **hall)).intents
        requests = running.requests
        await ask(running, "open up", **hall)
        assert await ask(running, "no", **hall) == Reply("All right, I leave it as it is.")
        assert running.requests == requests + 1
        assert not (await ask(running, "yes please", **hall)).intents


@in_virtual_time
async def test_a_question_that_waits_opens_nothing_any_more_where_actions_are_switched_off() -> None:
    hall, none = {"satellite_id": "hall"}, Settings(conversation=HomeConversation(actions=False))
    async with scripted_service(service_that_answers(table(LIGHTS))) as running:
        assert await ask(running, "open up", **hall) == Reply("Front door: are you sure?")
        await asyncio.sleep(1.0)
        async with scripted_service(service_that_answers(table(LIGHTS)), none) as other:
            former, conversation = running.service.conversation, other.service.conversation
            assert former is not None
            assert conversation is not None
            conversation.go_on_from(former)
            assert not (await ask(other, "yes please", **hall)).intents
        assert (await ask(running, "yes please", **hall)).intents


@pytest.mark.parametrize("language", ["", "hr"])
@in_virtual_time
async def test_a_door_needs_a_yes_too_where_nobody_knows_the_language_in_which_it_has_its_name(
    language: str,
) -> None:
    names = ("Haustür", "Porte d'entrée", "Haustürlicht", "Lampe")
    answers: dict[str, Calls] = {name: [("HassTurnOff", {"say": "Ok.", "name": name})] for name in names}
    async with scripted_service(service_that_answers(table(answers)), home_names=names) as running:
        done = [bool((await ask(running, name, language=language)).intents) for name in names]
        assert done == [False, False, True, True]


@in_virtual_time
async def test_a_question_waits_for_its_yes_until_something_else_is_said_or_a_minute_has_passed() -> None:
    async with scripted_service(service_that_answers(table({**LIGHTS, **PARIS})), HOME) as running:
        hall: dict[str, Any] = {"satellite_id": "hall"}
        await ask(running, "open up", **hall)
        assert await ask(running, "what is the capital of France", **hall) == Reply("It is Paris.")
        assert not (await ask(running, "yes", **hall)).intents
        await ask(running, "open up", **hall)
        await asyncio.sleep(61)
        assert not (await ask(running, "yes", **hall)).intents


def knows_names(asked: str, request: client.ResponseCreate) -> str:
    told = [text for role, text in heard_before(request) if role == "user" and "my name is" in text]
    if asked == "what is my name":
        return f"You are {told[-1].split()[-1]}." if told else "I do not know your name."
    return "Nice to meet you."


@in_virtual_time
async def test_each_satellite_has_its_own_history_which_lasts_five_minutes() -> None:
    async with scripted_service(service_that_answers(knows_names)) as running:
        await ask(running, "my name is Alice", satellite_id="kitchen", conversation_id="1")
        await ask(running, "my name is Robert", satellite_id="bedroom", conversation_id="2")
        other_id = await ask(running, "what is my name", satellite_id="kitchen", conversation_id="3")
        assert other_id.text == "You are Alice."
        assert (await ask(running, "what is my name", satellite_id="bedroom")).text == "You are Robert."
        assert (await ask(running, "what is my name")).text == "I do not know your name."
        elsewhere = await ask(running, "what is my name", satellite_id="kitchen", client="10.0.0.9")
        assert elsewhere.text == "I do not know your name."
        await asyncio.sleep(301)
        assert (await ask(running, "what is my name", satellite_id="kitchen")).text.startswith("I do not")


@in_virtual_time
async def test_what_was_done_and_said_is_told_the_model_and_what_failed_is_not() -> None:
    seen: list[list[tuple[str, str]]] = []

    def model(asked: str, request: client.ResponseCreate) -> str | Calls:
        seen.append(heard_before(request))
        return LIGHTS.get(asked, "Well.")

    async with scripted_service(service_that_answers(model), HOME) as running:
        where: dict[str, Any] = {"satellite_id": "s", "device_id": "device-kitchen"}
        await ask(running, "lights please", **where)
        await ask(running, "and now", **where)
    assert seen[1] == [("user", "lights please"), ("assistant", "The lights are on.")]


@in_virtual_time
async def test_history_survives_the_sessions() -> None:
    async with scripted_service(service_that_answers(knows_names)) as running:
        await ask(running, "my name is Alice", satellite_id="hall")
        running.lose()
        assert (await ask(running, "what is my name", satellite_id="hall")).text == "You are Alice."


@pytest.mark.parametrize("text", ["never mind", "Never mind!", "forget it"])
@in_virtual_time
async def test_never_mind_is_silence_and_costs_nothing(text: str) -> None:
    async with scripted_service(service_that_answers(table({}))) as running:
        assert await ask(running, text) == Reply("")
        assert running.requests == len(running.turns) == 0


@pytest.mark.parametrize("text", ["", "   ", "x" * (LONGEST_REQUEST + 1)])
@in_virtual_time
async def test_what_is_no_request_costs_nothing(text: str) -> None:
    async with scripted_service(service_that_answers(table({}))) as running:
        assert await ask(running, text) == Reply("I cannot do that.", understood=False)
        assert running.requests == 0


def fails(status: str, reason: str) -> Script:
    def script(channel: ScriptedChannel, event: client.ClientEvent) -> None:
        if isinstance(event, client.ResponseCreate):
            channel.says(created(event, "r"))
            channel.says(done("r", status, status_details=StatusDetails(reason=reason)), after=0.1)

    return script


def silent(channel: ScriptedChannel, event: client.ClientEvent) -> None:
    """Answers nothing."""


@pytest.mark.parametrize(
    "script",
    [silent, fails("failed", "x"), fails("incomplete", "content_filter"), fails("completed", "")],
    ids=["silent", "failed", "refused", "empty"],
)
@pytest.mark.parametrize(
    ("language", "sentence"),
    [("en", UNAVAILABLE.text), ("de-DE", "Ich kann gerade nicht antworten."), ("xx", UNAVAILABLE.text)],
)
@in_virtual_time
async def test_whatever_fails_there_is_a_sentence_in_time(
    script: Script, language: str, sentence: str
) -> None:
    async with scripted_service(script, Settings(conversation=HomeConversation(deadline=6.0))) as running:
        began = asyncio.get_running_loop().time()
        assert await ask(running, "hello", language=language) == Reply(sentence, understood=False)
        assert asyncio.get_running_loop().time() - began <= 6.0
        [turn] = running.turns
    assert turn.outcome not in ("completed", "cancelled")


@in_virtual_time
async def test_a_session_that_breaks_in_mid_answer_is_replaced_and_acts_once() -> None:
    broken: list[ScriptedChannel] = []
    good = service_that_answers(table(LIGHTS))

    def script(channel: ScriptedChannel, event: client.ClientEvent) -> None:
        if isinstance(event, client.ResponseCreate) and not broken:
            broken.append(channel)
            channel.says(created(event, "r"))
            channel.drops(after=0.2)
        else:
            good(channel, event)

    async with scripted_service(script, HOME) as running:
        reply = await ask(running, "lights please", device_id="device-kitchen")
        assert len(reply.intents) == 1
        [turn] = running.turns
    assert (turn.attempts, turn.outcome) == (2, "completed")


@in_virtual_time
async def test_another_target_answers_while_one_fails() -> None:
    good = service_that_answers(table(PARIS))

    def script(channel: ScriptedChannel, event: client.ClientEvent) -> None:
        if channel.config.target == "second":
            good(channel, event)

    async with scripted_service(script, names=("first", "second")) as running:
        assert await ask(running, "what is the capital of France") == Reply("It is Paris.")
        [turn] = running.turns
    assert turn.target == "second"


@in_virtual_time
async def test_whoever_leaves_makes_the_service_leave_off() -> None:
    async with scripted_service(service_that_answers(table(PARIS), first=5.0)) as running:
        asking = asyncio.create_task(ask(running, "what is the capital of France"))
        await asyncio.sleep(1.0)
        asking.cancel()
        await asyncio.sleep(0.3)
        sent = [event for channel in running.channels for event in channel.sent]
        assert any(isinstance(event, client.ResponseCancel) for event in sent)
        [turn] = running.turns
        assert turn.outcome == "cancelled"
        await asyncio.gather(asking, return_exceptions=True)


@pytest.mark.parametrize(("action", "goes_on"), [("mute", False), ("fallback", False), ("warn", True)])
@in_virtual_time
async def test_a_limit_holds_for_answers_and_cached_tokens_cost_less(action: str, goes_on: bool) -> None:
    cost = msgspec.convert({"day": 0.001, "action": action}, Cost)
    async with scripted_service(service_that_answers(table(PARIS)), cost=cost) as running:
        question = "what is the capital of France"
        assert (await ask(running, question)).understood  # 200 tokens at 4, 2800 at 0.4, 50 at 16 $ a million
        asked = running.requests
        assert (await ask(running, question)).understood is goes_on
        assert running.requests == asked + goes_on
        first, second = running.turns
    assert first.cost is not None
    assert first.cost.amount == pytest.approx((200 * 4 + 2800 * 0.4 + 50 * 16) / 1e6)
    assert second.outcome == ("completed" if goes_on else "spending-limit")


@in_virtual_time
async def test_an_answer_that_met_its_limit_ends_with_a_whole_sentence() -> None:
    cut = StatusDetails(reason="max_output_tokens")
    message = {"type": "message", "content": [{"type": "output_text", "text": "One. Two! And then the"}]}

    def script(channel: ScriptedChannel, event: client.ClientEvent) -> None:
        if isinstance(event, client.ResponseCreate):
            channel.says(created(event, "r"))
            channel.says(done("r", "incomplete", status_details=cut, output=[message]), after=0.1)

    async with scripted_service(script) as running:
        assert await ask(running, "tell me") == Reply("One. Two!")


@in_virtual_time
async def test_without_actions_no_tools_are_offered_and_no_call_is_carried_out() -> None:
    requests: list[client.ResponseCreate] = []

    def model(asked: str, request: client.ResponseCreate) -> str | Calls:
        requests.append(request)
        return LIGHTS["lights please"]

    settings = Settings(conversation=HomeConversation(actions=False, rooms={"d": "Kitchen"}))
    async with scripted_service(service_that_answers(model), settings) as running:
        assert await ask(running, asked, device_id="d") == Reply("I cannot do that.", understood=False)
    parameters: Any = requests[0].response
    assert parameters.tools == []


asked = "lights please"


@in_virtual_time
async def test_the_settings_reach_the_model() -> None:
    seen: list[Any] = []

    def model(asked: str, request: client.ResponseCreate) -> str:
        seen.append(request.response)
        assert asked_of(request) == asked
        return "Yes."

    settings = Settings(
        conversation=HomeConversation(instructions="You are Ada.", effort="minimal", max_tokens=99)
    )
    async with scripted_service(service_that_answers(model), settings, home_names=["Lamp"]) as running:
        await ask(running, "hello", language="sv")
    [parameters] = seen
    assert "You are Ada." in parameters.instructions
    assert "Lamp" in parameters.instructions
    assert parameters.reasoning == {"effort": "minimal"}
    assert parameters.max_output_tokens == 99
    assert parameters.input[-2].content[0].text == "The person speaks Swedish."


@pytest.mark.parametrize(
    ("client_address", "answered"),
    [("192.168.1.7", True), ("::ffff:192.168.1.7", True), ("192.168.2.7", False), ("", True), ("x", False)],
)
@in_virtual_time
async def test_only_those_who_are_allowed_are_answered(client_address: str, answered: bool) -> None:
    settings = Settings(conversation=HomeConversation(allow=("192.168.1.0/24",)))
    async with scripted_service(service_that_answers(table(PARIS)), settings) as running:
        reply = await ask(running, "what is the capital of France", client=client_address)
        assert reply == (Reply("It is Paris.") if answered else UNAVAILABLE)
        assert running.requests == int(answered)


@in_virtual_time
async def test_an_old_home_assistant_is_asked_for_known_names_alone() -> None:
    calls: Calls = [("HassTurnOn", {"say": "On.", "name": "Closet light"})]
    script = service_that_answers(table({"closet": calls}))
    async with scripted_service(script, home_names=["Lamp"]) as running:
        refused = await ask(running, "closet", wyoming_version="1.5.4")
        assert refused == Reply("I know nothing by the name of Closet light.", understood=False)
        assert (await ask(running, "closet")).intents


@in_virtual_time
async def test_nothing_is_offered_or_asked_where_it_is_switched_off() -> None:
    settings = Settings(conversation=HomeConversation(enabled=False))
    async with scripted_service(service_that_answers(table({})), settings) as running:
        assert running.service.conversation is None


@in_virtual_time
async def test_what_people_say_is_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for script in (service_that_answers(table({"a secret": "another secret"})), silent):
        async with scripted_service(script, Settings(conversation=HomeConversation(deadline=3.0))) as running:
            await ask(running, "a secret")
    assert "secret" not in caplog.text


@in_virtual_time
async def test_a_model_that_thinks_for_a_while_is_waited_for_and_asked_once() -> None:
    async with scripted_service(service_that_answers(table(PARIS), first=4.5)) as running:
        assert await ask(running, "what is the capital of France") == Reply("It is Paris.")
        assert running.requests == 1


@pytest.mark.parametrize(
    ("after", "others", "noted"),
    [(1.0, (), True), (60.0, (), False), (1.0, ("bedroom",), False), (1.0, ("",), True)],
)
@in_virtual_time
async def test_who_speaks_while_the_only_satellite_still_does_has_interrupted_it(
    after: float, others: tuple[str, ...], noted: bool
) -> None:
    seen: list[Any] = []

    def model(asked: str, request: client.ResponseCreate) -> str:
        seen.append(request.response)
        return "Once upon a time there was a lamp. It shone all night." if asked == "a story" else "Well."

    async with scripted_service(service_that_answers(model)) as running:
        conversation = running.service.conversation
        assert conversation is not None
        for other in others:
            await ask(running, "hello", satellite_id=other, conversation_id="typed")
        await ask(running, "a story", satellite_id="kitchen")
        await asyncio.sleep(after)
        conversation.hear("10.9.9.9", "en")
        conversation.hear("10.0.0.2", "en")
        await ask(running, "go on", satellite_id="kitchen")
    told = [(item.role, item.content[0].text) for item in seen[-1].input]
    assert (("system", "(interrupted)") in told) is noted
    if noted:
        place = told.index(("system", "(interrupted)"))
        assert told[place - 1] == ("assistant", "Once upon a time there was a lamp. It shone all night.")
