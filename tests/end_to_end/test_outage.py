"""What the log of the real program says of an outage: hundreds of failures are two lines."""

import asyncio
import re

from tests.support.callers import NoAnswer
from tests.support.eventually import eventually
from tests.support.house import House, house
from wyoming_azure_realtime.emulator.faults import NO_FAULTS, Faults, RefusedUpgrade

REFUSES = Faults(refused_upgrade=RefusedUpgrade(status=503))
REQUESTS = 20
ENDED = re.compile(r"Target 'first' works again after \d+ s, (\d+) sessions refused")


async def ask(home: House) -> bool:
    try:
        await home.wyoming.speak("The light is on.")
    except NoAnswer:
        return False
    return True


def lines_of_sessions(log: list[str]) -> list[str]:
    """All that is neither a turn's line nor a door's."""
    about = re.compile(r"session|target|tries again|refused", re.IGNORECASE)
    return [
        line
        for line in log
        if about.search(line) and "Synthesis " not in line and "was answered with" not in line
    ]


async def test_an_outage_is_one_line_when_it_begins_and_one_when_it_ends() -> None:
    async with house(deadlines={"request": 1.0}) as home:
        assert await ask(home)
        before, upgrades = len(home.program.log), home.upgrades
        home.take_down(0, REFUSES)
        assert await asyncio.gather(*(ask(home) for _ in range(REQUESTS))) == [False] * REQUESTS
        await eventually(lambda: len(home.turns()) == REQUESTS + 1)
        begun = lines_of_sessions(home.program.log[before:])
        assert ["Target 'first' fails: " in line for line in begun] == [True]
        refused = home.upgrades - upgrades
        assert refused > 2
        home.server.faults = NO_FAULTS
        assert await ask(home)
        await eventually(lambda: len(lines_of_sessions(home.program.log[before:])) > 1)
        ended = ENDED.search(lines_of_sessions(home.program.log[before:])[1])
        assert ended is not None
        assert refused <= int(ended[1]) <= home.upgrades - upgrades
        assert len(lines_of_sessions(home.program.log[before:])) == 2
