"""Answers and speech made before they are asked for, over the real door, the real service and an emulator.

A stand-in for Home Assistant says what it says: sound to be recognized, the text of the transcript to be
handled, the text that it was given to be spoken, each over a connection of its own.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from tests.support.eventually import eventually
from tests.support.spoken_words import FIRST_CLAUSE, speech, spoken_engines, text_of
from tests.support.wyoming_events import PCM_16K
from tests.support.wyoming_peer import Door, Peer, wyoming_door
from wyoming_azure_realtime.emulator.answer_table import TableAnswers
from wyoming_azure_realtime.emulator.faults import Faults
from wyoming_azure_realtime.emulator.responses import AnswerRecord
from wyoming_azure_realtime.observe import TurnRecord
from wyoming_azure_realtime.settings.model import HomeConversation, Settings

SOUND = speech(FIRST_CLAUSE, before=300)
TEXT = text_of(FIRST_CLAUSE.split())
QUIET = bytes(32_000 * 8 // 10)
ANSWER = "The lights in the kitchen are on already, as far as I know."
CALLS = [{"name": "HassTurnOn", "arguments": {"say~": "They are on.", "domain": ["light"], "area": "here"}}]
HOME = Settings(conversation=HomeConversation(rooms={"d-kitchen": "Kitchen", "d-bedroom": "Bedroom"}))
SLOW = Faults(first_token_ms=60_000)


@asynccontextmanager
async def home(entry: dict[str, Any], settings: Settings = HOME, **more: Any) -> AsyncIterator["Home"]:
    """`entry`: what is answered to the sound."""
    answers = TableAnswers({"answers": [{"heard": TEXT, **entry}], "otherwise": "I have no answer to that."})
    engines = replace(spoken_engines(), answers=answers)
    async with wyoming_door(engines=engines, settings=settings, **more) as door:
        yield Home(door)


class Home:
    """What Home Assistant does with a door."""

    def __init__(self, door: Door) -> None:
        self.door = door

    @property
    def answers(self) -> AnswerRecord:
        return self.door.behind.server.record.answers

    def turns(self, kind: str) -> list[TurnRecord]:
        return [turn for turn in self.door.behind.turns if turn.kind == kind]

    @asynccontextmanager
    async def speaking(self, sound: bytes = SOUND + QUIET) -> AsyncIterator[Peer]:
        """Somebody has spoken, and is quiet now; the sound has not stopped."""
        async with self.door.peer() as peer:
            await peer.send("transcribe", {"language": "en"})
            await peer.send("audio-start", PCM_16K)
            await peer.send("audio-chunk", PCM_16K, sound)
            yield peer

    async def recognize(self, sound: bytes = SOUND + QUIET) -> str:
        async with self.speaking(sound) as peer:
            await peer.send("audio-stop")
            return str((await peer.until("transcript"))[-1].data["text"])

    async def handle(self, text: str = TEXT, satellite: str = "kitchen") -> dict[str, Any]:
        """What the one answer says, with its type."""
        context = {
            "conversation_id": f"c-{satellite}",
            "satellite_id": satellite,
            "device_id": f"d-{satellite}",
        }
        async with self.door.peer() as peer:
            await peer.send("transcript", {"text": text, "language": "en", "context": context})
            while (event := await peer.event()) is not None:
                if event.type in ("handled", "not-handled", "intent"):
                    return {"type": event.type, **event.data}
        raise AssertionError("no answer")

    async def speak(self, text: str) -> int:
        """How many bytes of speech there are."""
        async with self.door.peer() as peer:
            await peer.send("synthesize-start", {})
            await peer.send("synthesize-chunk", {"text": text})
            await peer.send("synthesize", {"text": text})
            await peer.send("synthesize-stop")
            return sum(len(event.payload or b"") for event in await peer.until("synthesize-stopped"))

    async def settle_in(self) -> int:
        """A first turn, in which nothing is prepared; how much of its answer is heard."""
        text = await self.recognize()
        said = await self.handle(text)
        return await self.speak(said["text"])


async def test_a_command_that_is_asked_about_is_answered_and_spoken_from_what_was_made_ahead() -> None:
    async with home({"text": ANSWER}) as house:
        sound = await house.settle_in()
        assert (house.answers.done, house.answers.read_aloud) == (1, 1)
        async with house.speaking() as peer:
            await eventually(lambda: (house.answers.done, house.answers.read_aloud) == (2, 2))
            await peer.send("audio-stop")
            text = (await peer.until("transcript"))[-1].data["text"]
        assert (await house.handle(text))["text"] == ANSWER
        assert await house.speak(ANSWER) == sound
        assert (house.answers.done, house.answers.read_aloud) == (2, 2)
        await eventually(lambda: len(house.door.behind.turns) == 6)
        for kind in ("answer", "synthesis"):
            assert [(turn.outcome, turn.prepared) for turn in house.turns(kind)] == [
                ("completed", False),
                ("completed", True),
            ]
