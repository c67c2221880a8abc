"""The program with a service that will not say what it is asked to, and the real voice of this machine."""

from typing import Any

import pytest

from tests.support.callers import NoAnswer
from tests.support.eventually import eventually
from tests.support.house import house
from wyoming_azure_realtime.emulator.faults import Faults, RefusedUpgrade, WrongWords

TEXT = "Die Temperatur im Wohnzimmer beträgt heute zwanzig Grad und das Fenster ist offen."


@pytest.mark.parametrize(
    "faults",
    [Faults(wrong_words=WrongWords(how="answer")), Faults(refused_upgrade=RefusedUpgrade(status=401))],
    ids=["other words", "wrong key"],
)
async def test_the_real_voice_of_this_machine_speaks(faults: Faults) -> None:
    speech: dict[str, Any] = {"last_resort": "embedded"}
    async with house(faults=faults, speech=speech, deadlines={"request": 3.0}) as home:
        spoken = await home.wyoming.speak(TEXT)
        assert 3.0 < len(spoken.pcm) / 48_000 < 10.0
        await eventually(lambda: len(home.turns()) > 0)
        told = [line for line in home.program.log if "Last resort: local-voice" in line]
        assert len(told) == (faults.wrong_words is not None)  # an outage has its line already
        assert not [line for line in home.program.log if "Temperatur" in line]
        assert home.turns()[0].outcome == "completed"
        assert not home.tracebacks()


async def test_nobody_speaks_where_that_is_forbidden() -> None:
    async with house(faults=Faults(wrong_words=WrongWords(how="answer"))) as home:
        with pytest.raises(NoAnswer):
            await home.wyoming.speak("the kitchen light is on")
