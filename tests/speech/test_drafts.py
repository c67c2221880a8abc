"""What was said is recognised at every pause, and said once more as a whole where it went on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest

from tests.speech.test_service import SAID, SIXTEEN, recognise
from tests.support.eventually import eventually
from tests.support.room_sounds import pcm, slam
from tests.support.service import Running, running_service
from tests.support.spoken_words import (
    FIRST_CLAUSE,
    MISHEARD,
    ONE_WORD,
    SECOND_CLAUSE,
    SpokenUtterance,
    SpokenWords,
    speaking,
    speech,
    spoken_engines,
    text_of,
)
from wyoming_azure_realtime import errors
from wyoming_azure_realtime.emulator.engines import EngineHints, Engines
from wyoming_azure_realtime.emulator.faults import Fault, Faults
from wyoming_azure_realtime.settings.model import Deadlines, Recognition, Settings
from wyoming_azure_realtime.speech.requests import Partial, RecognitionRequest
from wyoming_azure_realtime.speech.requests import RecognitionResult as Recognised

MODELS = ("whisper-1", "gpt-4o-transcribe", "gpt-realtime-whisper", "gpt-live-transcribe", "gpt-transcribe")
WORDS = f"{FIRST_CLAUSE} {SECOND_CLAUSE}".split()
BETWEEN = len(FIRST_CLAUSE.split()) - 1
COMMIT = "input_audio_buffer.commit"
COMMAND = speech(FIRST_CLAUSE, before=200, after=700)
TEXT = text_of(FIRST_CLAUSE.split())


def clauses(*pauses: tuple[int, int]) -> bytes:
    """All the words, with pauses of so many milliseconds after the words of these numbers."""
    lengths = [60] * (len(WORDS) - 1)
    for place, ms in pauses:
        lengths[place] = ms
    return speech(WORDS, lengths, before=200, after=700)


def commits(running: Running) -> int:
    return sum(session.counts[COMMIT] for session in running.server.record.sessions)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    "pauses",
    [[], [(BETWEEN, 400)], [(BETWEEN, 800)], [(BETWEEN, 1500)], [(0, 300), (BETWEEN, 400), (6, 600)]],
    ids=["none", "0.4 s", "0.8 s", "1.5 s", "three"],
)
async def test_pauses_change_no_word(model: str, pauses: list[tuple[int, int]]) -> None:
    engines = spoken_engines(MISHEARD)
    async with running_service(engines=engines, transcription_deployment=model) as running:
        assert (await recognise(running, clauses(*pauses)))[-1].text == text_of(WORDS)
        assert 1 <= commits(running) <= 1 + len(pauses)


async def test_the_transcript_is_there_before_the_audio_ends() -> None:
    async with running_service(engines=spoken_engines()) as running:
        async with running.service.recognize(RecognitionRequest("test")) as utterance:
            utterance.begin(SIXTEEN)
            utterance.write(COMMAND)
            await eventually(lambda: bool(running.server.record.sessions) and commits(running) == 1)
            await eventually(lambda: utterance._passes[0].done)
            running.server.faults = Faults(silent_transcript=Fault())  # nothing more is told
            utterance.finish()
            async with asyncio.timeout(5):
                results = [result async for result in utterance.results()]
            assert results[-1] == Recognised(TEXT, "en")
        assert commits(running) == 1


@pytest.mark.parametrize("after", [0, 100, 300, 700])
async def test_without_drafts_there_is_one_commit_at_the_end(after: int) -> None:
    settings = Settings(recognition=Recognition(draft_after=0))
    async with running_service(engines=spoken_engines(), settings=settings) as running:
        assert (await recognise(running, speech(FIRST_CLAUSE, after=after)))[-1].text == TEXT
        assert commits(running) == 1


@pytest.mark.parametrize("ms", range(100, 260, 10))
async def test_short_as_it_may_be_what_was_said_is_sent(ms: int) -> None:
    audio = speaking(ms / 1000)
    async with running_service() as running:
        assert (await recognise(running, audio))[-1].text == SAID
        assert sum(session.audio_bytes for session in running.server.record.sessions) == len(audio) * 3 // 2


@pytest.mark.parametrize("chunk", [160, 321, 5000, 48_001, 1_000_000])
async def test_speech_that_goes_on_within_one_chunk_is_not_lost(chunk: int) -> None:
    audio = clauses((BETWEEN, 800))
    async with running_service(engines=spoken_engines()) as running:
        async with running.service.recognize(RecognitionRequest("test")) as utterance:
            utterance.begin(SIXTEEN)
            for at in range(0, len(audio), chunk):
                utterance.write(audio[at : at + chunk])
                await asyncio.sleep(0)
            utterance.finish()
            results = [result async for result in utterance.results()]
        assert results[-1].text == text_of(WORDS)


async def test_a_word_after_a_slam_after_a_pause_is_heard() -> None:
    audio = COMMAND + pcm(slam(-14)) + bytes(6400) + speech(ONE_WORD, after=100)
    async with running_service(engines=spoken_engines()) as running:
        assert (await recognise(running, audio))[-1].text == text_of([*FIRST_CLAUSE.split(), ONE_WORD])


async def test_quiet_is_not_even_sent() -> None:
    generator = np.random.default_rng(1)
    dither = generator.integers(-3, 4, 32_000, dtype=np.int16).astype("<i2").tobytes()
    async with running_service(engines=spoken_engines()) as running:
        for audio in (bytes(64_000), dither):
            assert (await recognise(running, audio))[-1].text == ""
        await eventually(lambda: bool(running.server.record.sessions))
        assert all(session.audio_bytes == 0 for session in running.server.record.sessions)


async def test_what_the_resampler_holds_is_part_of_a_draft() -> None:
    audio = speech(ONE_WORD, after=205)
    async with running_service(engines=spoken_engines()) as running:
        async with running.service.recognize(RecognitionRequest("test")) as utterance:
            utterance.begin(SIXTEEN)
            at = 0
            while not commits(running):
                utterance.write(audio[at : at + 320])
                await asyncio.sleep(0.001)
                at += 320
                assert at <= len(audio), "there should have been a draft by now"
            sent = running.server.record.sessions[0].audio_bytes
            assert abs(sent - at * 3 // 2) <= 2


async def test_partial_text_goes_on_where_it_was() -> None:
    async with running_service(
        engines=spoken_engines(), transcription_deployment="gpt-live-transcribe"
    ) as running:
        results = await recognise(running, clauses((BETWEEN, 600)))
        told = "".join(result.text for result in results if isinstance(result, Partial))
        assert told in (text_of(WORDS), TEXT)


class NeverTheWhole(SpokenWords):
    """Answers for short recordings only."""

    @asynccontextmanager
    async def utterance(self, hints: EngineHints) -> AsyncIterator[SpokenUtterance]:
        yield Impatient({})


class Impatient(SpokenUtterance):
    async def finish(self) -> str:
        if len(self._pcm) > 48_000 * 3:
            await asyncio.sleep(60)
        return await super().finish()


async def test_joined_drafts_stand_in_for_a_whole_that_never_comes() -> None:
    settings = Settings(deadlines=Deadlines(request=1.5, transcript=0.3))
    engines = Engines(recognizer=NeverTheWhole(), synthesizer=spoken_engines().synthesizer)
    async with running_service(engines=engines, settings=settings) as running:
        results = await recognise(running, clauses((BETWEEN, 600)))
        assert results[-1].text == f"{TEXT} {text_of(SECOND_CLAUSE.split())}"


async def test_without_a_draft_a_whole_that_never_comes_is_an_error() -> None:
    settings = Settings(deadlines=Deadlines(request=0.8, transcript=0.3))
    engines = Engines(recognizer=NeverTheWhole(), synthesizer=spoken_engines().synthesizer)
    async with running_service(engines=engines, settings=settings) as running:
        with pytest.raises(errors.BackendTimeout):
            await recognise(running, clauses())


async def test_leaving_while_a_draft_is_under_way_leaves_nothing_behind() -> None:
    async with running_service(engines=spoken_engines()) as running:
        async with running.service.recognize(RecognitionRequest("test")) as utterance:
            utterance.begin(SIXTEEN)
            utterance.write(clauses((BETWEEN, 600)))
            utterance.write(speech(SECOND_CLAUSE))
        assert running.turns[0].outcome == "cancelled"
        names = {task.get_coro().__qualname__ for task in asyncio.all_tasks()}  # type: ignore[union-attr]
        assert not any(name.startswith("TranscriptionPass.") for name in names)
