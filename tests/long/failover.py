"""The first target goes down in the middle of traffic, then both do, then they come back: nothing is lost.

Commands are spoken and recognised all the while. The first target refuses for a minute, then accepts and
says nothing any more; then the second goes down as well, and the embedded backend takes over, ears included;
then both are back, and traffic must be on the first again by itself.
Run with `python -m tests.long.failover`.
"""

import argparse
import asyncio
import random
import sys
import time
from collections import Counter
from collections.abc import Mapping

from tests.support.callers import NoAnswer
from tests.support.command_engines import command_engines, recordings
from tests.support.figures import say, spread, verdict
from tests.support.home_commands import plain
from tests.support.house import House, house
from tests.support.traffic import KINDS, Asked, Kind, turns
from wyoming_azure_realtime.audio.pcm import REALTIME
from wyoming_azure_realtime.emulator.faults import NO_FAULTS, Faults, RefusedUpgrade

REFUSES = Faults(refused_upgrade=RefusedUpgrade(status=503))
MUTE = Faults(handshake_ms=3_600_000)
COMMANDS = 6
LANES = 3
DEADLINE = 30.0
RETURN_SECONDS = 75.0  # a target is set aside for a minute at most
# a seam may cost a little; a word is more than that
SAME_LENGTH = 0.08
OTHER_VOICE = 1.5
"""By how much the embedded voice may speak longer: it is another one."""


class Traffic:
    """People who ask all the time; `asked` is what they asked since the last look."""

    def __init__(self, home: House, sounds: Mapping[str, bytes]) -> None:
        self._home = home
        self._sounds = sounds
        self._caller = turns([home.wyoming, home.http])
        self._asked: list[Asked] = []
        self._seen = 0
        self.misses: list[str] = []
        self.same_length = SAME_LENGTH

    async def lane(self, number: int) -> None:
        """One of them, for ever."""
        chance = random.Random(number)
        while True:
            kind, text = chance.choice(KINDS), chance.choice(list(self._sounds))
            self._asked.append(await self._ask(kind, text))
            await asyncio.sleep(chance.uniform(0, 0.3))

    async def phase(self, name: str, seconds: float) -> None:
        """Let it go on for a while and say how it went."""
        await asyncio.sleep(seconds)
        asked, self._asked = self._asked, []
        say(f"{name}: {len(asked)} requests, by {dict(self.targets())}, waited: {spread(waits(asked))}")
        self.misses += [f"{name}: {one}" for one in asked if not one.right]
        self.misses += [f"{name}: {wait:.1f} s" for wait in waits(asked) if wait > DEADLINE]

    def targets(self) -> Counter[str]:
        """Who served the turns that ended since the last look."""
        ended = self._home.turns()
        fresh, self._seen = ended[self._seen :], len(ended)
        return Counter(turn.target for turn in fresh)

    async def back_on_the_first(self) -> None:
        """Wait until the first target alone serves."""
        began = time.monotonic()
        while time.monotonic() < began + RETURN_SECONDS:
            self.targets()
            await asyncio.sleep(2)
            if set(self.targets()) == {"first"}:
                say(f"on the first target again {time.monotonic() - began:.0f} s after both were back")
                return
        self.misses.append(f"not on the first target again after {RETURN_SECONDS:g} s")

    async def _ask(self, kind: Kind, text: str) -> Asked:
        began, caller = time.monotonic(), self._caller()
        try:
            if kind == "recognition":
                heard = await caller.hear(self._sounds[text], pace=0.2, fmt=REALTIME)
                wrong = "" if plain(heard.text) == plain(text) else f"'{text}' was heard as '{heard.text}'"
                return Asked(kind, began, heard.seconds, heard.seconds, wrong=wrong)
            spoken = await caller.speak(text)
            share = len(spoken.pcm) / len(self._sounds[text])
            wrong = "" if abs(share - 1) < self.same_length else f"'{text}' was {share:.0%} as long"
            return Asked(kind, began, spoken.first, spoken.seconds, spoken.hush, wrong=wrong)
        except NoAnswer as error:
            seconds = time.monotonic() - began
            return Asked(kind, began, seconds=seconds, error=str(error), broken_off=error.heard)


def waits(asked: list[Asked]) -> list[float]:
    """How long people waited for what was right."""
    return [one.waited for one in asked if one.right]


async def run(down: float, mute: float, both: float, *, back: bool = True) -> list[str]:
    """What was missed. How many seconds the first target refuses and is mute, and both are down."""
    sounds = await recordings(COMMANDS)
    fallback = {"asr": ["embedded"], "tts": ["embedded"]}
    async with house(engines=command_engines(sounds), targets=2, fallback=fallback) as home:
        await home.settled()
        traffic = Traffic(home, sounds)
        lanes = [asyncio.create_task(traffic.lane(number)) for number in range(LANES)]
        await traffic.phase("all well", min(3.0, down))
        home.take_down(0, REFUSES)
        await traffic.phase(f"first refuses for {down:g} s", down)
        if mute:
            home.server.faults = NO_FAULTS
            await traffic.back_on_the_first()
            home.take_down(0, MUTE)
            await traffic.phase(f"first is mute for {mute:g} s", mute)
        home.take_down(1, REFUSES)
        traffic.same_length = OTHER_VOICE
        await traffic.phase(f"both are down for {both:g} s", both)
        home.servers[0].faults = home.servers[1].faults = NO_FAULTS
        if back:
            await traffic.back_on_the_first()
            traffic.same_length = SAME_LENGTH
            await traffic.phase("all well again", 3)
        for lane in lanes:
            lane.cancel()
        return [*traffic.misses, *home.tracebacks()]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--down", type=float, default=60.0, help="seconds that the first target refuses")
    parser.add_argument("--mute", type=float, default=30.0, help="seconds that it answers nothing")
    parser.add_argument("--both", type=float, default=30.0, help="seconds that both are down")
    args = parser.parse_args()
    return verdict(asyncio.run(run(args.down, args.mute, args.both)))


if __name__ == "__main__":
    sys.exit(main())
