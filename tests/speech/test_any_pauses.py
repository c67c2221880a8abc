"""Whatever is said with whatever pauses, however it is cut, whatever fails: the text is that of the whole."""

import asyncio
import random
from dataclasses import dataclass

import pytest

from tests.speech.test_drafts import MODELS, commits
from tests.speech.test_service import SIXTEEN
from tests.support.service import running_service
from tests.support.spoken_words import MISHEARD, VOCABULARY, speech, spoken_engines, text_of
from wyoming_azure_realtime.emulator.faults import Disconnect, Failure, Fault, Faults
from wyoming_azure_realtime.settings.model import Deadlines, Settings
from wyoming_azure_realtime.speech.endpointing import EndpointingRules
from wyoming_azure_realtime.speech.requests import RecognitionRequest, RecognitionResult
from wyoming_azure_realtime.speech.service import SpeechService

HASTY = Settings(deadlines=Deadlines(request=15.0, transcript=0.6))
SEEDS = range(12)
FAULTS = {
    "closed upload": lambda skip, times: Faults(
        closed_upload=Disconnect(skip=skip, times=times, after_ms=200)
    ),
    "closed after commit": lambda skip, times: Faults(closed_after_commit=Disconnect(skip=skip, times=times)),
    "failed transcript": lambda skip, times: Faults(failed_transcript=Failure(skip=skip, times=times)),
    "silent transcript": lambda skip, times: Faults(silent_transcript=Fault(skip=skip, times=times)),
}
LONG = round(EndpointingRules().draft * 1000) - 20
"""Milliseconds; shorter pauses are none. A word's own faint end adds some."""


@dataclass(frozen=True)
class Said:
    """Words, the pauses between them in milliseconds, and how the sound is cut and paced."""

    words: tuple[str, ...]
    pauses: tuple[int, ...]
    chunks: tuple[int, ...]
    waits: tuple[float, ...]
    after: int

    @property
    def real_pauses(self) -> int:
        """Which a draft may come of, the end included."""
        return sum(pause >= LONG for pause in self.pauses) + 1


def said(chance: random.Random) -> Said:
    """Anything that can be read back as one recognition of the whole."""
    words = tuple(chance.choices(VOCABULARY, k=chance.randint(1, 7)))
    return Said(
        words,
        tuple(chance.choice((60, 120, 260, 420, 800, 1500)) for _ in words[1:]),
        tuple(chance.choice((320, 640, 961, 2048, 3201, 16_000)) for _ in range(50)),
        tuple(chance.choice((0.0, 0.0, 0.0, 0.002, 0.01)) for _ in range(50)),
        chance.choice((0, 150, 300, 700)),
    )


FIRST = Said(VOCABULARY[:1], (), (3200,), (0.0,), 300)


async def heard(service: SpeechService, what: Said) -> str:
    audio = speech(what.words, what.pauses, before=200, after=what.after)
    async with asyncio.timeout(30), service.recognize(RecognitionRequest("test")) as utterance:
        utterance.begin(SIXTEEN)
        at = turn = 0
        while at < len(audio):
            size = what.chunks[turn % len(what.chunks)]
            utterance.write(audio[at : at + size])
            await asyncio.sleep(what.waits[turn % len(what.waits)])
            at, turn = at + size, turn + 1
        utterance.finish()
        last = [result async for result in utterance.results()][-1]
    assert isinstance(last, RecognitionResult)
    return last.text


@pytest.mark.parametrize("seed", SEEDS)
async def test_any_pauses_change_no_word(seed: int) -> None:
    chance = random.Random(seed)
    model = MODELS[seed % len(MODELS)]
    async with running_service(engines=spoken_engines(MISHEARD), transcription_deployment=model) as running:
        for _ in range(2):
            what, before = said(chance), commits(running)
            assert await heard(running.service, what) == text_of(what.words, MISHEARD), what
            assert 1 <= commits(running) - before <= 1 + what.real_pauses, what


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("model", MODELS)
async def test_nor_does_what_fails_meanwhile(model: str, fault: str) -> None:
    chance = random.Random(f"{model} {fault}")
    faults = FAULTS[fault](chance.randint(0, 2), chance.randint(1, 2))
    what = said(chance)
    async with running_service(
        engines=spoken_engines(MISHEARD), settings=HASTY, transcription_deployment=model
    ) as running:
        # of a deployment that never transcribed anything, two failures say that there is none
        assert await heard(running.service, FIRST) == text_of(FIRST.words, MISHEARD)
        running.server.faults = faults
        running.server.drop_sessions()
        assert await heard(running.service, what) == text_of(what.words, MISHEARD), (what, faults)
