"""Names that a model was told to expect never become text by themselves."""

from tests.speech.test_service import recognise
from tests.support.room_sounds import click, nothing, pcm
from tests.support.service import running_service
from tests.support.spoken_words import ONE_WORD, speech
from wyoming_azure_realtime.emulator.engines import sink_engines
from wyoming_azure_realtime.settings.model import Recognition, Settings

NAMES = ("Zorbin lamp", "Quixel fan", "Marnie's room")
SETTINGS = Settings(recognition=Recognition(names=NAMES))
ECHO = sink_engines([", ".join(NAMES)])
TICK = pcm(nothing(0.3)) + pcm(click()) + pcm(nothing(0.3))


async def test_an_echo_of_the_names_is_no_text_where_nobody_spoke():
    async with running_service(engines=ECHO, settings=SETTINGS) as running:
        assert (await recognise(running, TICK))[-1].text == ""


async def test_somebody_who_says_them_is_heard():
    async with running_service(engines=ECHO, settings=SETTINGS) as running:
        assert (await recognise(running, speech(ONE_WORD)))[-1].text == ", ".join(NAMES)


async def test_other_text_is_told_even_where_nobody_seems_to_have_spoken():
    async with running_service(engines=sink_engines(["Zorbin lamp on"]), settings=SETTINGS) as running:
        assert (await recognise(running, TICK))[-1].text == "Zorbin lamp on"
