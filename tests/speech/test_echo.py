"""What a model makes of silence and noise never becomes a command; what somebody says does."""

from typing import Literal

import pytest

from tests.speech.test_ended_turns import listened
from tests.speech.test_service import recognise
from tests.support.room_sounds import nothing, pcm, whisper
from tests.support.service import running_service
from tests.support.spoken_words import FIRST_CLAUSE, ONE_WORD, SECOND_CLAUSE, speech
from wyoming_azure_realtime.emulator.engines import sink_engines
from wyoming_azure_realtime.settings.model import Recognition, Settings

NAMES = ("Zorbin lamp", "Quixel fan", "Marnie's room")
PROMPT = "Lamps are called Luna and Sol."
SETTINGS = Settings(recognition=Recognition(names=NAMES, prompt=PROMPT))
BREATH = pcm(nothing(0.3)) + pcm(whisper("on")) + pcm(nothing(0.3))
SENTENCE = speech(f"{FIRST_CLAUSE} {SECOND_CLAUSE}")
INVENTED = (
    ", ".join(NAMES),
    "Quixel fan, Zorbin lamp.",
    "Marnie's room",
    PROMPT,
    "Luna and Sol",
    "Thank you.",
    "Thanks for watching!",
    "Untertitel der Amara.org-Community",
    "ご視聴ありがとうございました",
    "[BLANK_AUDIO]",
    "♪♪♪",
)


@pytest.mark.parametrize("text", INVENTED)
async def test_an_invention_is_no_text_where_nobody_spoke(text: str) -> None:
    async with running_service(engines=sink_engines([text]), settings=SETTINGS) as running:
        assert (await recognise(running, BREATH))[-1].text == ""
        assert running.turns[0].outcome == "empty"


@pytest.mark.parametrize("text", INVENTED[:-2])
async def test_somebody_who_says_it_is_heard(text: str) -> None:
    async with running_service(engines=sink_engines([text]), settings=SETTINGS) as running:
        assert (await recognise(running, SENTENCE))[-1].text == text


async def test_one_word_is_not_enough_for_a_whole_list() -> None:
    async with running_service(engines=sink_engines([", ".join(NAMES)]), settings=SETTINGS) as running:
        assert (await recognise(running, speech(ONE_WORD)))[-1].text == ""


async def test_other_text_is_told_even_where_nobody_seems_to_have_spoken() -> None:
    async with running_service(engines=sink_engines(["Zorbin lamp on"]), settings=SETTINGS) as running:
        assert (await recognise(running, BREATH))[-1].text == "Zorbin lamp on"


async def test_blanks_notes_and_dashes_around_a_command_are_left_out() -> None:
    engines = sink_engines(["  [BLANK_AUDIO] Zorbin lamp on. -\n"])
    async with running_service(engines=engines, settings=SETTINGS) as running:
        assert (await recognise(running, SENTENCE))[-1].text == "Zorbin lamp on."


@pytest.mark.parametrize("way", ["local", "server_vad"])
async def test_an_invention_does_not_end_a_command_that_the_server_ends(
    way: Literal["local", "server_vad"],
) -> None:
    ends = Recognition(names=NAMES, requires_external_vad=False, turn_end=way)
    sound = speech(ONE_WORD, before=300, after=1200) + speech(FIRST_CLAUSE, after=200)
    async with running_service(
        engines=sink_engines(["Thanks for watching!", "Zorbin lamp on"]),
        settings=Settings(recognition=ends),
    ) as running:
        text, seconds = await listened(running, sound)
        assert text == "Zorbin lamp on"
        assert seconds > len(sound) / 32_000
