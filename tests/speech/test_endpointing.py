"""What is said of an utterance while it goes on: drafts, and whether anything came after them."""

from collections.abc import Callable

import pytest

from tests.support.room_sounds import Sound, click, fan, pcm, pink, white
from tests.support.spoken_words import FIRST_CLAUSE, ONE_WORD, speech
from wyoming_azure_realtime.audio.pcm import AudioFormat
from wyoming_azure_realtime.speech.endpointing import Endpointing, EndpointingRules

MICROPHONE = AudioFormat(16_000, 2, 1)
CHUNK = 320
"""10 ms, as Home Assistant sends them."""


def drafts(audio: bytes) -> tuple[int, bool]:
    """How many drafts there were, and whether anything was heard after the last one, at any time."""
    turn, count, went_on = Endpointing(MICROPHONE, EndpointingRules()), 0, False
    for at in range(0, len(audio), CHUNK):
        turn.feed(audio[at : at + CHUNK])
        if turn.pausing:
            turn.drafted()
            count, went_on = count + 1, False
        went_on = went_on or (count > 0 and turn.goes_on)
    return count, went_on


@pytest.mark.parametrize("before", range(0, 400, 17))
def test_after_a_draft_quiet_is_nothing_that_was_said(before: int) -> None:
    assert drafts(speech(ONE_WORD, before=before, after=3000)) == (1, False)


@pytest.mark.parametrize("before", [0, 500])
@pytest.mark.parametrize("noise", [white, pink, fan])
def test_noise_that_begins_is_at_most_one_draft(
    noise: Callable[[float, float, int], Sound], before: int
) -> None:
    assert drafts(bytes(32 * before) + pcm(noise(8.0, -35, 2))) in ((1, False), (0, False))


def test_a_word_after_a_draft_goes_on() -> None:
    audio = speech(FIRST_CLAUSE, before=200, after=500)
    assert drafts(audio + speech(ONE_WORD)) == (1, True)
    assert drafts(audio + speech(ONE_WORD, after=500)) == (2, False)


def test_a_sound_that_is_no_speech_does_not_make_a_draft_stale() -> None:
    audio = speech(FIRST_CLAUSE, before=200, after=1500) + pcm(click()) + bytes(32_000)
    assert drafts(audio) == (1, False)


def decided(audio: bytes, rules: EndpointingRules, *, patient: bool) -> list[tuple[str, int]]:
    """What is decided at which byte, by who asks after every chunk or only when there may be an answer."""
    turn, found = Endpointing(MICROPHONE, rules), list[tuple[str, int]]()
    unheard, enough = b"", 0
    for at in range(0, len(audio), CHUNK):
        unheard += audio[at : at + CHUNK]
        if len(unheard) >= enough:
            turn.feed(unheard)
            unheard, enough = b"", turn.bytes_until_decision(0.1) if patient else 0
            if turn.pausing:
                turn.drafted()
                found.append(("draft", at))
            if turn.ended or turn.too_long:
                return [*found, ("end", at)]
    return found


@pytest.mark.parametrize(
    "rules",
    [EndpointingRules(), EndpointingRules(draft=0.15, end=0.7), EndpointingRules(end=0.25, longest=2)],
)
@pytest.mark.parametrize("before", [0, 130, 1010])
@pytest.mark.parametrize("after", [190, 200, 400, 900])
def test_who_listens_to_much_at_once_decides_as_soon(
    rules: EndpointingRules, before: int, after: int
) -> None:
    audio = speech(FIRST_CLAUSE, before=before, after=after) + speech(ONE_WORD, after=1500)
    at_once = decided(audio, rules, patient=False)
    assert at_once
    assert decided(audio, rules, patient=True) == at_once
