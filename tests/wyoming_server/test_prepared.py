"""Answers and speech made before they are asked for, over the real door, the real service and an emulator.

A stand-in for Home Assistant says what it says: sound to be recognized, the text of the transcript to be
handled, the text that it was given to be spoken, each over a connection of its own.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from tests.support.assist import Assist, request, transcript
from tests.support.eventually import eventually
from tests.support.spoken_words import FIRST_CLAUSE, SECOND_CLAUSE, speech, spoken_engines, text_of
from tests.support.wyoming_events import PCM_16K
from tests.support.wyoming_peer import wyoming_door
from wyoming_azure_realtime.emulator.answer_table import TableAnswers
from wyoming_azure_realtime.emulator.faults import Failure, Faults
from wyoming_azure_realtime.settings.model import HomeConversation, Settings

SOUND = speech(FIRST_CLAUSE, before=300, after=800)
TEXT = text_of(FIRST_CLAUSE.split())
ANSWER = "The lights in the kitchen are on already, as far as I know."
CALLS = [{"name": "HassTurnOn", "arguments": {"say~": "They are on.", "domain": ["light"], "area": "here"}}]
HOME = Settings(conversation=HomeConversation(rooms={"d-kitchen": "Kitchen", "d-bedroom": "Bedroom"}))
ALONE = Settings(conversation=HomeConversation(rooms=HOME.conversation.rooms, history=0))
SLOW = Faults(first_token_ms=60_000)


@asynccontextmanager
async def home(
    entry: dict[str, Any],
    settings: Settings = HOME,
    also: Mapping[str, dict[str, Any]] = MappingProxyType({}),
) -> AsyncIterator["Home"]:
    """`entry`: what is answered to the sound; `also`: to other texts, or where that does not fit."""
    table = [{"heard": TEXT, **entry}, *({"heard": text, **other} for text, other in also.items())]
    answers = TableAnswers({"answers": table, "otherwise": "I have no answer to that."})
    engines = replace(spoken_engines(), answers=answers)
    async with wyoming_door(engines=engines, settings=settings) as door:
        yield Home(door)


class Home(Assist):
    """With usual words and satellites."""

    async def heard_until(self, answers_done: int) -> str:
        """What is recognized when so many answers are there before the sound stops."""
        return await self.recognize(SOUND, answers_done=answers_done)

    async def hears(self) -> str:
        """What is recognized of a sound that stops at once."""
        return await self.recognize(SOUND)

    async def asked(self, text: str = TEXT, satellite: str = "kitchen", address: str = "127.0.0.1") -> str:
        """The text of the answer, or the name of the intent."""
        answer = await self.handle(text, satellite, address)
        return str(answer.get("text") if answer["type"] != "intent" else answer["name"])

    async def settle_in(self) -> int:
        """A first turn, in which nothing is prepared; how much of its answer is heard."""
        return len(await self.speak(await self.asked(await self.hears())))


async def test_a_command_that_is_asked_about_is_answered_and_spoken_from_what_was_made_ahead() -> None:
    async with home({"text": ANSWER}) as house:
        sound = await house.settle_in()
        read = house.answers.read_aloud
        async with house.speaking(SOUND) as peer:
            await eventually(lambda: house.answers.done == 2 and house.answers.read_aloud > read)
            text = await transcript(peer)
        assert await house.asked(text) == ANSWER
        assert len(await house.speak(ANSWER)) > 0.8 * sound
        assert house.answers.done == 2
        for kind in ("answer", "synthesis"):
            await eventually(lambda: min(len(house.turns("answer")), len(house.turns("synthesis"))) == 2)
            ends = [(turn.outcome, turn.prepared) for turn in house.turns(kind)]
            assert ends == [("completed", False), ("completed", True)]


async def test_what_nobody_asks_about_is_called_off_and_changes_nothing() -> None:
    async with home({"calls": CALLS}) as house:
        await house.hears()
        assert await house.asked() == "HassTurnOn"
        house.door.behind.server.faults = SLOW
        assert await house.hears() == TEXT
        await eventually(lambda: house.answers.cancelled)
        await eventually(lambda: len(house.turns("answer")) == 2)
        assert [turn.outcome for turn in house.turns("answer")] == ["completed", "unclaimed"]
        assert house.answers.open == 0
        house.door.behind.server.faults = Faults()
        assert await house.asked() == "HassTurnOn"
        assert house.answers.done == 2


async def test_nothing_is_made_ahead_for_those_who_only_hear_and_speak_here_or_do_not_want_it() -> None:
    for settings in (HOME, Settings(conversation=HomeConversation(prepare="off"))):
        async with home({"text": ANSWER}, settings) as house:
            if settings is not HOME:
                await house.settle_in()
            done = house.answers.done, house.answers.read_aloud
            for _ in range(3):
                await house.hears()
                await house.speak("Good evening.")
            assert (house.answers.done, house.answers.open) == (done[0], 0)
            assert not any(turn.prepared for turn in house.door.behind.turns)


async def test_whoever_goes_on_speaking_is_answered_to_the_whole() -> None:
    whole = text_of(f"{FIRST_CLAUSE} {SECOND_CLAUSE}".split())
    async with home({"text": "To the first half alone."}, also={whole: {"text": ANSWER}}) as house:
        await house.settle_in()
        async with house.speaking(SOUND) as peer:
            await eventually(lambda: house.answers.done == 2)
            await peer.send("audio-chunk", PCM_16K, speech(SECOND_CLAUSE, after=800))
            await eventually(lambda: house.answers.done == 3)
            text = await transcript(peer)
        assert text == whole
        assert await house.asked(text) == ANSWER
        assert house.answers.done == 3
        await eventually(lambda: len(house.turns("answer")) == 3)
        assert sorted(turn.outcome for turn in house.turns("answer")) == [
            "completed",
            "completed",
            "unclaimed",
        ]


async def test_two_rooms_with_the_same_words_at_the_same_moment_get_their_own_each() -> None:
    async with home({"calls": CALLS}, ALONE) as house:
        await house.hears()
        await house.asked()
        await asyncio.gather(house.heard_until(3), house.heard_until(3))
        rooms = await asyncio.gather(*(house.handle(TEXT, room) for room in ("kitchen", "bedroom")))
        areas = [{one["name"]: one["value"] for one in room["entities"]}["area"] for room in rooms]
        assert areas == ["Kitchen", "Bedroom"]
        await eventually(lambda: len(house.turns("answer")) == 3)
        assert all(turn.outcome == "completed" for turn in house.turns("answer"))
        assert house.answers.done == 3


async def test_a_stranger_with_the_same_text_takes_nothing_away() -> None:
    async with home({"text": ANSWER}) as house:
        await house.settle_in()
        text = await house.heard_until(2)
        assert await house.asked(text, address="127.0.0.2") == ANSWER
        assert house.answers.done == 3
        assert await house.asked(text) == ANSWER
        assert house.answers.done == 3
        assert await house.asked(text) == ANSWER
        assert house.answers.done == 4


async def test_another_conversation_than_was_thought_of_is_answered_anew() -> None:
    remembers = {"text": "As I said.", "after": "/on already/"}
    async with home(remembers, also={TEXT: {"text": ANSWER}}) as house:
        await house.settle_in()
        text = await house.heard_until(2)
        assert await house.asked(text, satellite="bedroom") == ANSWER
        text = await house.heard_until(4)
        assert await house.asked(text, satellite="bedroom") == "As I said."
        assert house.answers.done == 4
        await eventually(lambda: len(house.turns("answer")) == 4)
        assert [turn.outcome for turn in house.turns("answer")].count("unclaimed") == 1


async def test_an_answer_that_fails_ahead_is_made_when_it_is_asked_for() -> None:
    async with home({"text": ANSWER}) as house:
        await house.settle_in()
        house.door.behind.server.faults = Faults(failed_response=Failure(type="", code="content_filter"))
        async with house.speaking(SOUND) as peer:
            await eventually(lambda: len(house.turns("answer")) == 2)
            house.door.behind.server.faults = Faults()
            text = await transcript(peer)
        assert await house.asked(text) == ANSWER
        assert [turn.outcome for turn in house.turns("answer")][1] == "content-refused"


async def test_whoever_leaves_after_the_claim_makes_the_service_leave_off() -> None:
    async with home({"text": ANSWER}) as house:
        await house.settle_in()
        house.door.behind.server.faults = SLOW
        text = await house.hears()
        async with house.door.peer() as peer:
            await peer.send("transcript", request(text, "kitchen"))
        await eventually(lambda: house.answers.cancelled)
        await eventually(lambda: len(house.turns("answer")) == 2)
        assert house.turns("answer")[1].outcome == "cancelled"


async def test_speech_of_another_text_or_voice_is_spoken_as_usual() -> None:
    async with home({"text": ANSWER}) as house:
        await house.settle_in()
        await house.asked(await house.heard_until(2))
        assert await house.speak(ANSWER[:-1])
        assert await house.speak(f"{ANSWER} Now.")
        async with house.door.peer() as peer:
            await peer.send("synthesize", {"text": ANSWER, "voice": {"name": "cedar"}})
            await peer.until("audio-stop")
        await eventually(lambda: len(house.turns("synthesis")) == 4)
        assert [turn.prepared for turn in house.turns("synthesis")] == [False] * 4
