"""Answers over real sockets: every dialect of the service, and the embedded backend without a model."""

from typing import Any

import msgspec
import pytest

from tests.support.service import PREVIEW, Running, running_service
from wyoming_azure_realtime.conversation.agent import ConversationRequest, Reply
from wyoming_azure_realtime.emulator.answer_table import TableAnswers
from wyoming_azure_realtime.emulator.engines import sink_engines
from wyoming_azure_realtime.emulator.faults import (
    Disconnect,
    Failure,
    Fault,
    Faults,
    RefusedUpgrade,
    Shortened,
)
from wyoming_azure_realtime.offline.answers import HomeAnswers
from wyoming_azure_realtime.settings.model import Deadlines, HomeConversation, Settings

HOME = Settings(conversation=HomeConversation(rooms={"d": "Kitchen"}))
KITCHEN: dict[str, Any] = {"device_id": "d", "satellite_id": "s", "wyoming_version": "1.10.2"}
TABLE = {
    "answers": [
        {"heard": "what is the capital of France", "text": "It is Paris."},
        {
            "heard": "lights please",
            "calls": [
                {
                    "name": "HassTurnOn",
                    "arguments": {"say~": "They are on.", "domain": ["light"], "area": "here"},
                }
            ],
        },
        {
            "heard": "cook and sleep",
            "calls": [
                {"name": "HassTurnOn", "arguments": {"say~": "Lit.", "name": "Kitchen light"}},
                {"name": "HassTurnOff", "arguments": {"say~": "Dark.", "name": "Bedroom light"}},
            ],
        },
        {"heard": "what is my name", "after": "/my name is (\\w+)/", "text": "You are \\1."},
    ],
    "otherwise": "I have no answer to that.",
}


async def ask(running: Running, text: str, language: str = "en") -> Reply:
    conversation = running.service.conversation
    assert conversation is not None
    return await conversation.answer(ConversationRequest("test", text, language, **KITCHEN))


def done(reply: Reply) -> list[tuple[str, dict[str, Any], str]]:
    return [(intent.name, dict(intent.slots), intent.say) for intent in reply.intents]


@pytest.mark.parametrize(
    "target",
    [{}, {"api_version": PREVIEW}, {"service": "voice_live"}, {"service": "openai"}],
    ids=["ga", "preview", "voice_live", "openai"],
)
async def test_words_calls_and_what_was_said_before_are_understood_by_every_dialect(
    target: dict[str, Any],
) -> None:
    engines = sink_engines(answers=TableAnswers(TABLE))
    async with running_service(engines=engines, settings=HOME, **target) as running:
        assert await ask(running, "what is the capital of France") == Reply("It is Paris.")
        assert done(await ask(running, "lights please")) == [
            ("HassTurnOn", {"domain": ["light"], "area": "Kitchen"}, "They are on.")
        ]
        assert done(await ask(running, "cook and sleep")) == [
            ("HassTurnOn", {"name": "Kitchen light"}, "Lit."),
            ("HassTurnOff", {"name": "Bedroom light"}, "Dark."),
        ]
        await ask(running, "my name is Alice")
        assert await ask(running, "what is my name") == Reply("You are Alice.")
        assert {turn.outcome for turn in running.turns} == {"completed"}
        assert {turn.attempts for turn in running.turns} == {1}
        assert len(running.turns) == 5


async def test_the_embedded_backend_answers_by_home_assistants_own_sentences() -> None:
    engines = sink_engines(answers=HomeAnswers())
    patient = Settings(conversation=HomeConversation(deadline=120.0))  # its sentences are loaded meanwhile
    async with running_service(
        engines=engines, settings=patient, home_names=lambda: ["Kitchen light"], service="embedded"
    ) as running:
        [(name, slots, say)] = done(await ask(running, "turn on the kitchen light"))
        assert (name, slots) == ("HassTurnOn", {"name": "Kitchen light"})
        assert say
        assert (await ask(running, "what is three plus four")).text == "That is 7."
        assert (await ask(running, "who was Goethe")).text.startswith("I cannot answer that.")


@pytest.mark.parametrize(
    "faults",
    [
        Faults(refused_upgrade=RefusedUpgrade(times=1)),
        Faults(closed_response=Disconnect(times=1)),
        Faults(failed_response=Failure(times=1)),
        Faults(error_in_response=Failure(times=1)),
        Faults(empty_response=Fault(times=1)),
        Faults(shortened_response=Shortened(times=1)),
        Faults(missing_response_done=Fault(times=1)),
        Faults(duplicate_event=Fault(), unknown_event=Fault(), late_event=Fault()),
    ],
    ids=lambda faults: next(
        name for name in faults.__struct_fields__ if isinstance(getattr(faults, name), Fault)
    ),
)
async def test_whatever_goes_wrong_at_the_service_an_action_goes_out_once(faults: Faults) -> None:
    settings = msgspec.structs.replace(HOME, deadlines=Deadlines(between_audio=0.5))
    engines = sink_engines(answers=TableAnswers(TABLE))
    async with running_service(engines=engines, settings=settings, faults=faults) as running:
        for _ in range(2):
            assert done(await ask(running, "lights please")) == [
                ("HassTurnOn", {"domain": ["light"], "area": "Kitchen"}, "They are on.")
            ]
        assert [turn.outcome for turn in running.turns] == ["completed"] * 2
