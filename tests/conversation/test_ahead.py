"""What is answered before it is asked for, and what is not, over a scripted service in virtual time."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.answering import service_that_answers, table
from tests.support.scripted_channel import HONEST, Scripted, ScriptedChannel, scripted_service
from tests.support.virtual_time import in_virtual_time
from wyoming_azure_realtime.conversation.agent import ConversationRequest, Reply
from wyoming_azure_realtime.conversation.ahead import RecognitionAhead
from wyoming_azure_realtime.conversation.recognized import CLAIM_SECONDS, MOST_AHEAD, MOST_UNCLAIMED
from wyoming_azure_realtime.observe import ObservedEvent, TurnEnded
from wyoming_azure_realtime.realtime import client_events as client
from wyoming_azure_realtime.settings.model import HomeConversation, Settings
from wyoming_azure_realtime.speech.requests import SynthesisRequest
from wyoming_azure_realtime.turns.budget import Allowance, Unlimited

HOUSE = "10.0.0.2"
TABLE = table({"how are you": "Well.", "open up": [("HassTurnOff", {"say": "Open.", "name": "Front door"})]})


@dataclass
class House:
    """One Home Assistant, which asks about what it had recognized."""

    running: Scripted

    def hear(self, text: str = "how are you", *, final: bool = True, client: str = HOUSE) -> RecognitionAhead:
        """Something is recognized."""
        conversation = self.running.service.conversation
        assert conversation is not None
        recognition = conversation.hear(client, "en")
        assert recognition is not None
        (recognition.transcribed if final else recognition.drafted)(text)
        return recognition

    async def ask(self, text: str = "how are you", satellite: str = "hall") -> Reply:
        """And asked about."""
        conversation = self.running.service.conversation
        assert conversation is not None
        request = ConversationRequest("wyoming", text, "en", "", satellite, "d", HOUSE, "1.10.2")
        return await conversation.answer(request)

    async def settle_in(self) -> None:
        """From now on, answers are made ahead."""
        self.hear()
        await self.ask()

    async def begun(self, text: str) -> bool:
        """Whether an answer is begun when this is heard."""
        before = self.running.requests
        recognition = self.hear(text, final=False)
        await asyncio.sleep(1.0)
        recognition.gone()
        await asyncio.sleep(1.0)
        return self.running.requests > before


@in_virtual_time
async def test_the_answer_is_there_when_it_is_asked_for() -> None:
    async with scripted_service(service_that_answers(TABLE)) as running:
        house, loop = House(running), asyncio.get_running_loop()
        await house.settle_in()
        recognition = house.hear(final=False)
        await asyncio.sleep(2.0)
        recognition.transcribed("how are you")
        began = loop.time()
        assert await house.ask() == Reply("Well.")
        assert loop.time() - began < 0.01
        assert [(turn.outcome, turn.prepared) for turn in running.turns] == [
            ("completed", False),
            ("completed", True),
        ]
        assert running.turns[1].first_result_seconds == 0.0


@in_virtual_time
async def test_what_needs_no_model_is_not_begun() -> None:
    async with scripted_service(service_that_answers(TABLE), home_names=["Front door"]) as running:
        house = House(running)
        await house.settle_in()
        assert await house.begun("how are you")
        for text in ("", "never mind", "x" * 3000):
            assert not await house.begun(text)
        assert await house.ask("open up") == Reply("Front door: are you sure?")
        assert not await house.begun("yes please")
        assert (await house.ask("yes please")).intents


@in_virtual_time
async def test_nothing_is_begun_at_a_limit_of_spending_nor_while_no_target_works(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with scripted_service(service_that_answers(TABLE)) as running:
        house = House(running)
        await house.settle_in()
        with monkeypatch.context() as limit:
            limit.setattr(Unlimited, "left", lambda self, kind: Allowance(()))
            assert not await house.begun("how are you")
        assert await house.begun("how are you")


@in_virtual_time
async def test_few_are_made_at_a_time_and_none_after_some_in_vain() -> None:
    async with scripted_service(service_that_answers(TABLE)) as running:
        house = House(running)
        await house.settle_in()
        before = running.requests
        for number in range(MOST_AHEAD + 2):
            house.hear(f"how are you {number}")
        await asyncio.sleep(CLAIM_SECONDS - 0.1)
        assert running.requests - before == MOST_AHEAD
        await asyncio.sleep(1.0)
        outcomes = [turn.outcome for turn in running.turns if turn.prepared]
        assert outcomes.count("unclaimed") == MOST_AHEAD >= MOST_UNCLAIMED
        assert not await house.begun("how are you")


@in_virtual_time
async def test_none_is_made_while_satellites_talk_in_turn_and_again_when_one_talks_alone() -> None:
    async with scripted_service(service_that_answers(TABLE)) as running:
        house, turns = House(running), list[bool]()
        for satellite in ("hall", "attic") * 4 + ("hall",) * 3:
            before = running.requests
            house.hear()
            await asyncio.sleep(1.0)
            turns.append(running.requests > before)
            assert await house.ask(satellite=satellite) == Reply("Well.")
        assert turns == [False, True, True, True, False, False, False, False, False, False, True]


@in_virtual_time
async def test_who_leaves_just_when_the_answer_is_there_leaves_no_speech_of_it_behind() -> None:
    request, answers = SynthesisRequest("wyoming", client=HOUSE), service_that_answers(TABLE)

    def speaks_too(channel: ScriptedChannel, event: client.ClientEvent) -> None:
        parameters: Any = event.response if isinstance(event, client.ResponseCreate) else None
        (answers if parameters and parameters.output_modalities == ["text"] else HONEST)(channel, event)

    async with scripted_service(speaks_too) as running:
        house, asking = House(running), list[asyncio.Task[Reply]]()

        def leave(event: ObservedEvent) -> None:
            if isinstance(event, TurnEnded) and event.record.kind == "answer" and asking:
                asking.pop().cancel()

        running.observer.subscribe(leave)
        await house.settle_in()
        assert running.service.prepared_speech(request, None) is None  # now it is known who speaks
        for _ in range(MOST_AHEAD):
            house.hear()
            asking.append(left := asyncio.create_task(house.ask()))
            await asyncio.gather(left, return_exceptions=True)
            assert left.cancelled()
        await asyncio.sleep(1.0)
        assert not running.service.may_have_prepared(request, "")
        house.hear()
        assert await house.ask() == Reply("Well.")
        assert running.service.may_have_prepared(request, "")


@in_virtual_time
async def test_other_settings_know_whom_it_is_worth_it_for() -> None:
    other_settings = Settings(conversation=HomeConversation(max_tokens=100))
    async with scripted_service(service_that_answers(TABLE)) as running:
        await House(running).settle_in()
        await asyncio.sleep(1.0)
        async with scripted_service(service_that_answers(TABLE), other_settings) as other:
            house = House(other)
            assert not await house.begun("how are you")
            assert other.service.conversation is not None
            assert running.service.conversation is not None
            other.service.conversation.go_on_from(running.service.conversation)
            assert await house.begun("how are you")
