"""What a request has kept is let go of at its end, not whenever the garbage collector comes by."""

import asyncio
import gc
import weakref
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest

from tests.support.eventually import eventually
from tests.support.service import running_service
from tests.support.spoken_words import FIRST_CLAUSE, ONE_WORD, speech, spoken_engines
from wyoming_azure_realtime.admission.memory import MemoryBudget
from wyoming_azure_realtime.audio.pcm import AudioFormat
from wyoming_azure_realtime.errors import TooManyRequests
from wyoming_azure_realtime.speech.requests import RecognitionRequest, SynthesisRequest
from wyoming_azure_realtime.speech.synthesis import Synthesis

SIXTEEN = AudioFormat(16_000, 2, 1)


@pytest.fixture(autouse=True)
def no_garbage_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("leave", ["at the end", "in the middle"])
async def test_the_sound_of_a_command_is_let_go_of(leave: str) -> None:
    audio = speech(FIRST_CLAUSE, before=100, after=600) + speech(ONE_WORD, after=300)
    async with running_service(engines=spoken_engines()) as running:
        async with running.service.recognize(RecognitionRequest("test")) as utterance:
            recording = weakref.ref(utterance._recording)
            utterance.begin(SIXTEEN)
            for at in range(0, len(audio), 320):
                utterance.write(audio[at : at + 320])
                await asyncio.sleep(0)
            if leave == "at the end":
                utterance.finish()
                async for _ in utterance.results():
                    pass
        del utterance
        kept = recording()
        assert kept is None or len(kept) == 0
        del kept
        if leave == "at the end":  # and the object itself, as soon as the session is given back
            await eventually(lambda: recording() is None)


async def test_an_answer_is_let_go_of() -> None:
    async with running_service() as running:
        async with running.service.synthesize(SynthesisRequest("test")) as synthesis:
            await synthesis.write("Hello there.")
            synthesis.finish()
            started = weakref.WeakSet(synthesis._started)
            async for _ in synthesis.audio():
                started.update(synthesis._started)
        del synthesis
        await asyncio.sleep(0)
        assert not started


LONG = "One sentence follows the other, and nobody knows why it goes on for so long. " * 12


async def ask(synthesis: Synthesis) -> None:
    await synthesis.write(LONG)
    synthesis.finish()


async def read(synthesis: Synthesis) -> int:
    return sum([len(pcm) async for pcm in synthesis.audio()])


async def test_speech_that_nobody_fetches_makes_room_for_others() -> None:
    async with running_service() as running:
        service = running.service
        house, stranger = (SynthesisRequest("test", client=f"192.0.2.{host}") for host in (1, 2))
        service.memory = MemoryBudget(1 << 40)
        async with AsyncExitStack() as stack:
            unread = [await stack.enter_async_context(service.synthesize(stranger)) for _ in range(4)]
            for one in unread:
                await ask(one)
            await eventually(lambda: service.memory.held > 2_000_000)
            service.memory._most = service.memory.held + 100_000
            async with service.synthesize(house) as fetched:
                await ask(fetched)
                assert await read(fetched) > 2_000_000
            ends = await asyncio.gather(*map(read, unread), return_exceptions=True)
            assert [one for one in ends if isinstance(one, TooManyRequests) and "limits.memory" in str(one)]
        assert service.memory.held == 0
