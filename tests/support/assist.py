"""A stand-in for Home Assistant's pipeline at a Wyoming door: each step over a connection of its own."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from wyoming.event import Event, async_read_event

from tests.support.eventually import eventually
from tests.support.wyoming_events import PCM_16K
from tests.support.wyoming_peer import Door, Peer
from wyoming_azure_realtime.emulator.responses import AnswerRecord
from wyoming_azure_realtime.observe import TurnRecord

ANSWER_SECONDS = 60
"""For which an answer is waited for."""

TERMINAL = ("handled", "not-handled", "intent", "error")
"""Events that end a request in words."""


class Assist:
    """Says what Home Assistant says."""

    def __init__(self, door: Door) -> None:
        self.door = door

    @property
    def answers(self) -> AnswerRecord:
        """What the service has counted."""
        return self.door.behind.server.record.answers

    def turns(self, kind: str) -> list[TurnRecord]:
        """Those of a kind that are over."""
        return [turn for turn in self.door.behind.turns if turn.kind == kind]

    @asynccontextmanager
    async def speaking(self, sound: bytes) -> AsyncIterator[Peer]:
        """Somebody has spoken this, 16 kHz PCM16 mono, and the sound has not stopped."""
        async with self.door.peer() as peer:
            await peer.send("transcribe", {"language": "en"})
            await peer.send("audio-start", PCM_16K)
            await peer.send("audio-chunk", PCM_16K, sound)
            yield peer

    async def recognize(self, sound: bytes, *, answers_done: int = 0) -> str:
        """The transcript; the sound does not stop before so many answers are there."""
        async with self.speaking(sound) as peer:
            await eventually(lambda: self.answers.done >= answers_done)
            return await transcript(peer)

    async def handle(self, text: str, satellite: str, address: str = "127.0.0.1") -> dict[str, Any]:
        """What the one answer says, with its type, to whoever asks from that address."""
        [answer] = await self.answers_to(text, satellite, address)
        return {"type": answer.type, **answer.data}

    async def answers_to(self, text: str, satellite: str, address: str = "127.0.0.1") -> Sequence[Event]:
        """All events that end the request, before the answer to a ping behind it."""
        async with self.door.peer(address) as peer:
            await peer.send("transcript", request(text, satellite))
            found: list[Event] = []
            async with asyncio.timeout(ANSWER_SECONDS):
                while not found:
                    event = await async_read_event(peer.reader)
                    assert event is not None
                    found += [event] if event.type in TERMINAL else []
            await peer.send("ping")
            rest = await peer.until("pong")
            return [*found, *(event for event in rest if event.type in TERMINAL)]

    @asynccontextmanager
    async def speech_of(self, text: str) -> AsyncIterator[Peer]:
        """Ask for speech of a text as Home Assistant streams one that it has as a whole."""
        async with self.door.peer() as peer:
            await peer.send("synthesize-start", {})
            await peer.send("synthesize-chunk", {"text": text})
            await peer.send("synthesize", {"text": text})
            await peer.send("synthesize-stop")
            yield peer

    async def speak(self, text: str) -> bytes:
        """The speech, 24 kHz PCM16 mono. Fails if there is an error."""
        async with self.speech_of(text) as peer:
            events = await peer.until("synthesize-stopped")
        assert "error" not in [event.type for event in events]
        return b"".join(event.payload or b"" for event in events)


def request(text: str, satellite: str) -> dict[str, Any]:
    """What is asked about a text."""
    context = {
        "conversation_id": f"c-{satellite}",
        "satellite_id": satellite,
        "device_id": f"d-{satellite}",
    }
    return {"text": text, "language": "en", "context": context}


async def transcript(peer: Peer) -> str:
    """End the sound; the text."""
    await peer.send("audio-stop")
    return str((await peer.until("transcript"))[-1].data["text"])
