"""Speech that is made before it is asked for, over the real engine and pool, in virtual time."""

import asyncio

from tests.support.scripted_channel import Scripted, scripted_service
from tests.support.virtual_time import in_virtual_time
from wyoming_azure_realtime.speech.ahead import MOST_AHEAD, MOST_UNASKED, UNASKED_SECONDS, PreparedSpeech
from wyoming_azure_realtime.speech.requests import SynthesisRequest

HOUSE = "10.0.0.2"
REQUEST = SynthesisRequest("wyoming", client=HOUSE)
TEXT = "It is raining."


async def spoken(running: Scripted, *parts: str, whole: str = TEXT) -> PreparedSpeech:
    """Speech of a text that came in these parts."""
    speech = running.service.speech_ahead(HOUSE)
    assert speech is not None
    speech.begin()
    for part in parts:
        await speech.write(part)
    await speech.finish(whole)
    speech.offer()
    await asyncio.sleep(1.0)
    return speech


def asked(running: Scripted, text: str | None, request: SynthesisRequest = REQUEST) -> PreparedSpeech | None:
    return running.service.prepared_speech(request, text)


@in_virtual_time
async def test_who_never_asked_for_speech_gets_none_and_who_did_gets_it_at_once() -> None:
    async with scripted_service() as running:
        assert running.service.speech_ahead(HOUSE) is None
        assert asked(running, TEXT) is None
        await spoken(running, "\nIt is", " raining", ". ")
        assert running.requests == 1
        assert running.service.may_have_prepared(REQUEST, "It is")
        assert not running.service.may_have_prepared(REQUEST, "It was")
        speech = asked(running, TEXT)
        assert speech is not None
        async with speech:
            assert b"".join([pcm async for pcm in speech.audio()])
        assert asked(running, TEXT) is None
        [turn] = running.turns
        assert (turn.outcome, turn.prepared, turn.requests, turn.characters) == (
            "completed",
            True,
            1,
            len(TEXT),
        )
        assert turn.first_result_seconds is not None
        assert turn.first_result_seconds < 0.1


@in_virtual_time
async def test_what_is_asked_for_otherwise_is_not_given() -> None:
    others = [
        SynthesisRequest("wyoming", client="10.0.0.3"),
        SynthesisRequest("wyoming", voice="cedar", client=HOUSE),
        SynthesisRequest("wyoming", language="de", client=HOUSE),
        SynthesisRequest("wyoming", text_format="ssml", client=HOUSE),
    ]
    async with scripted_service() as running:
        asked(running, None)
        await spoken(running, TEXT)
        for request in others:
            assert asked(running, TEXT, request) is None
        for text in ("It is raining", f"{TEXT} ", TEXT.lower()):
            assert asked(running, text) is None
        running.service.choose_voice("cedar")
        assert asked(running, TEXT) is None


@in_virtual_time
async def test_unasked_speech_is_freed_and_after_two_none_is_made_until_the_next_request() -> None:
    async with scripted_service() as running:
        asked(running, None)
        for number in range(MOST_UNASKED):
            await spoken(running, TEXT)
            await asyncio.sleep(UNASKED_SECONDS - 1.5)
            assert running.service.may_have_prepared(REQUEST, "")
            await asyncio.sleep(1.0)
            assert not running.service.may_have_prepared(REQUEST, "")
            assert [turn.outcome for turn in running.turns] == ["unclaimed"] * (number + 1)
        assert running.service.speech_ahead(HOUSE) is None
        assert asked(running, TEXT) is None
        assert running.service.speech_ahead(HOUSE) is not None


@in_virtual_time
async def test_where_voices_take_turns_none_is_made_that_would_be_paid_twice() -> None:
    async with scripted_service() as running:
        made = list[bool]()
        for voice in ("cedar", "marin", "cedar", "marin", "marin", "marin"):
            asked(running, TEXT, SynthesisRequest("wyoming", voice=voice, client=HOUSE))
            speech = running.service.speech_ahead(HOUSE)
            made.append(speech is not None)
            if speech is not None:
                speech.drop()
        assert made == [True, False, False, False, True, True]


@in_virtual_time
async def test_the_text_that_counts_is_the_last_one_and_is_spoken_once() -> None:
    async with scripted_service() as running:
        asked(running, None)
        await spoken(running, "I will look. ", whole=TEXT)
        assert running.turns[0].outcome == "unclaimed"
        await spoken(running, TEXT)
        assert [turn.outcome for turn in running.turns] == ["unclaimed", "unclaimed"]
        assert asked(running, "I will look.") is None
        speech = asked(running, TEXT)
        assert speech is not None
        assert asked(running, TEXT) is None
        async with speech:
            pass


@in_virtual_time
async def test_who_hears_speech_hears_it_to_its_end_though_the_answer_it_was_made_for_is_not_wanted() -> None:
    async with scripted_service() as running:
        asked(running, None)
        speech = running.service.speech_ahead(HOUSE)
        assert speech is not None
        speech.begin()
        await speech.finish(TEXT)  # for somebody who may yet go on speaking
        other = running.service.speech_ahead(HOUSE)
        assert other is not None
        other.begin()
        await other.finish(TEXT)
        other.offer()
        assert asked(running, TEXT) is speech
        async with asyncio.timeout(UNASKED_SECONDS * 3), speech:
            audio = speech.audio()
            assert await anext(audio)
            speech.offer()
            speech.drop()
            await asyncio.sleep(UNASKED_SECONDS + 1)
            assert b"".join([pcm async for pcm in audio])
        assert [turn.outcome for turn in running.turns] == ["unclaimed", "completed"]


@in_virtual_time
async def test_only_few_are_made_at_a_time() -> None:
    async with scripted_service() as running:
        asked(running, None)
        for number in range(MOST_AHEAD):
            await spoken(running, f"It is {number}.", whole=f"It is {number}.")
        assert running.service.speech_ahead(HOUSE) is None
        await running.service.end_ahead()
        assert len(running.turns) == MOST_AHEAD
