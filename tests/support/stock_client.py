"""One check for every way to run the server, by the stock `wyoming` client: it is there, speaks and hears.

python -m tests.support.stock_client tcp://127.0.0.1:10300
"""

import asyncio
import sys

from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncClient
from wyoming.event import Event, Eventable
from wyoming.info import Describe, Info
from wyoming.tts import Synthesize

SENTENCE = "Turn on the kitchen lights"
SECONDS = 60


async def _ask(uri: str, last: type[Eventable], *events: Event) -> list[Event]:
    """Every answer up to one of the kind `last`."""
    answers: list[Event] = []
    async with asyncio.timeout(SECONDS), AsyncClient.from_uri(uri) as client:
        for event in events:
            await client.write_event(event)
        while not answers or not last.is_type(answers[-1].type):
            event = await client.read_event()
            assert event is not None, "it hung up"
            assert event.type != "error", event.data
            answers.append(event)
    return answers


async def use(uri: str) -> str:
    """What it heard of what it spoke; nothing if it only speaks. Raises AssertionError."""
    info = Info.from_event((await _ask(uri, Info, Describe().event()))[-1])
    assert info.tts, "it offers no speech synthesis"
    spoken = await _ask(uri, AudioStop, Synthesize(SENTENCE).event())
    start = next(AudioStart.from_event(event) for event in spoken if AudioStart.is_type(event.type))
    chunks = [AudioChunk.from_event(event) for event in spoken if AudioChunk.is_type(event.type)]
    seconds = sum(chunk.seconds for chunk in chunks)
    assert 0.5 < seconds < 10, f"it spoke for {seconds} seconds"
    if not info.asr:
        return ""
    sound = [start.event(), *(chunk.event() for chunk in chunks), AudioStop().event()]
    heard = Transcript.from_event((await _ask(uri, Transcript, Transcribe().event(), *sound))[-1]).text
    assert heard.lower().rstrip(".") == SENTENCE.lower(), f"it heard {heard!r}"
    return heard


if __name__ == "__main__":
    print("It speaks, and heard:", asyncio.run(use(sys.argv[1])) or "(it does not hear)")
