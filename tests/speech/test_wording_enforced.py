"""A service that answers, paraphrases or drops words is asked again until the text was said, once."""

import asyncio

import pytest

from tests.speech.test_service import speak
from tests.support.service import running_service, target_states
from tests.support.word_engines import word_engines
from tests.support.word_sounds import words_in, words_of
from wyoming_azure_realtime import errors
from wyoming_azure_realtime.emulator.faults import Fault, Faults, Way, WrongWords
from wyoming_azure_realtime.settings.model import Deadlines, Settings
from wyoming_azure_realtime.speech.requests import SynthesisRequest

TEXT = "the kitchen light is on and the window is open"
WAYS = pytest.mark.parametrize("how", ["answer", "paraphrase", "drop_word"])


@WAYS
async def test_what_is_heard_is_the_text(how: Way) -> None:
    faults = Faults(wrong_words=WrongWords(how=how, times=2), generation_pace=0.05)
    async with running_service(faults=faults, engines=word_engines()) as running:
        heard = await speak(running, TEXT)
        assert words_in(heard) == words_of(TEXT)
        (turn,) = running.turns
        assert (turn.outcome, turn.mismatches, turn.attempts) == ("completed", 2, 3)
        assert running.service.mismatches == {"gpt-realtime/alloy": 2}


@WAYS
async def test_a_session_that_said_something_else_is_used_again_when_it_has_left_off(how: Way) -> None:
    faults = Faults(wrong_words=WrongWords(how=how, times=1))
    async with running_service(faults=faults, engines=word_engines()) as running:
        await speak(running, TEXT)
        await speak(running, TEXT)
        asked = [session.counts["response.create"] for session in running.server.record.sessions]
        assert [count for count in asked if count] == [3]


async def test_a_service_that_never_says_the_text_is_an_error_where_no_other_voice_is() -> None:
    faults = Faults(wrong_words=WrongWords(how="answer"))
    async with running_service(faults=faults, engines=word_engines()) as running:
        async with asyncio.timeout(15):
            with pytest.raises(errors.ContentMismatch):
                await speak(running, TEXT)
        assert running.turns[0].outcome == "content-mismatch"
        assert running.turns[0].audio_seconds == 0


async def test_it_is_asked_more_strictly_each_time() -> None:
    faults = Faults(wrong_words=WrongWords(how="answer", times=2))
    async with running_service(faults=faults, engines=word_engines()) as running:
        await speak(running, TEXT)
        assert running.turns[0].attempts == 3


async def test_a_drift_is_no_reason_to_set_a_target_aside() -> None:
    faults = Faults(wrong_words=WrongWords(how="answer", times=2))
    async with running_service(faults=faults, engines=word_engines()) as running:
        await speak(running, TEXT)
        assert target_states(running.service)["speaking"] == {"default": "good"}


async def test_drift_and_broken_responses_together_lose_no_word() -> None:
    faults = Faults(
        wrong_words=WrongWords(how="drop_word", probability=0.4),
        missing_response_done=Fault(probability=0.1),
        generation_pace=0.02,
        seed=3,
    )
    settings = Settings(deadlines=Deadlines(between_audio=0.3, first_audio=0.5))
    async with running_service(faults=faults, engines=word_engines(5), settings=settings) as running:
        for _ in range(20):
            assert words_in(await speak(running, TEXT)) == words_of(TEXT)


async def test_markup_is_not_spoken_and_its_words_are() -> None:
    async with running_service(engines=word_engines()) as running:
        heard = await speak(running, "**the kitchen** light `is` _on_")
        assert words_in(heard) == words_of("the kitchen light is on")


async def test_ssml_is_honoured() -> None:
    text = "<speak>the light<break time='800ms'/>is on</speak>"
    async with running_service(engines=word_engines()) as running:
        heard = await speak(running, text)
        assert words_in(heard) == words_of("the light is on")
        assert bytes(round(0.7 * 48_000)) in heard


async def test_malformed_ssml_says_where() -> None:
    async with running_service(engines=word_engines()) as running:
        with pytest.raises(errors.InvalidRequest, match="line 1"):
            await speak(running, "<speak>the light</spaek>")


async def test_a_silent_sender_is_not_waited_for() -> None:
    async with running_service(engines=word_engines()) as running:
        async with running.service.synthesize(SynthesisRequest("test")) as synthesis:
            await synthesis.write("let me look. ")
            async with asyncio.timeout(3):
                audio = synthesis.audio()
                assert await anext(audio)
            synthesis.finish()
            async for _ in audio:
                pass
