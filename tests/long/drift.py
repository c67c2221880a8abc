"""A service that answers instead of reading is never heard to: every request is spoken word by word.

One response in five is an answer, one in ten a paraphrase, one in ten drops a word, from the beginning on or
after some words that are right. Requests of one word to forty, plain and streamed, over every door: each must
be heard as it was written, with nothing wrong, missing or doubled, and none may end in an error. But of what
the service says wrongly in all the attempts that a piece may cost words may be missing, and where that is the
only piece the client gets an error. The best of such attempts may hold a word that is not the text's: one for
each of these pieces, and of all words three in a thousand. Printed is what that costs against the same
requests to an honest service. Then, one at a time, how much later than a bare realtime client's the first
audio of an honest service is heard: under 40 ms by the median.
Run with `python -m tests.long.drift`.
"""

import argparse
import asyncio
import random
import sys
import time

from tests.long.pipeline import bare
from tests.support.callers import Caller, WyomingCaller
from tests.support.figures import median, say, spread, verdict
from tests.support.house import House, house
from tests.support.traffic import Asked, ask, in_lanes
from tests.support.word_sounds import sentences
from wyoming_azure_realtime.emulator.faults import NO_FAULTS, Faults, WrongWords

SHARE = 0.4
LENGTHS = (1, 2, 3, 5, 6, 8, 12, 20, 40)
RIGHT_WORDS = (0, 0, 0, 2, 4, 6, 8, 12)
PARALLEL = 10
CHANGE_SECONDS = 0.1
HONEST = Faults(first_audio_ms=100, generation_pace=0.15)
PACED = Faults(first_audio_ms=300, generation_pace=0.3)
ADDED, FOREIGN = 0.04, 0.003


class Run:
    """The same requests, again and again."""

    def __init__(self, home: House) -> None:
        self._home = home
        port = home.wyoming.port
        self._callers: list[Caller] = [
            home.wyoming,
            home.streaming,
            WyomingCaller(port, streams=True, between=0.03),
            home.http,
        ]

    async def some(self, count: int) -> list[Asked]:
        """So many, several at a time, in their order."""
        asked: dict[int, Asked] = {}

        async def request(number: int) -> Asked:
            chance = random.Random(number)
            caller: Caller = self._callers[number % len(self._callers)]
            asked[number] = await ask("synthesis", caller, chance, words=chance.choice(LENGTHS))
            return asked[number]

        async for _ in in_lanes(count, PARALLEL, request):
            pass
        return [asked[number] for number in range(count)]

    async def keep_changing(self, chance: random.Random) -> None:
        """Wrong from other places on, again and again."""
        while True:
            self._home.server.faults = Faults(
                seed=chance.randrange(2**32),
                first_audio_ms=HONEST.first_audio_ms,
                generation_pace=HONEST.generation_pace,
                wrong_words=WrongWords(how="any", probability=SHARE, right_words=chance.choice(RIGHT_WORDS)),
            )
            await asyncio.sleep(CHANGE_SECONDS)

    async def added(self, count: int) -> list[float]:
        """Seconds from a bare client's first audio to ours, one request after the other."""
        self._home.server.faults = PACED
        chance, added = random.Random(3), []
        for _ in range(count):
            text = sentences(chance, 6)
            usual = await bare(self._home, text)
            spoken = await self._home.wyoming.speak(text)
            added.append(spoken.first - usual)
        return added


def responses(home: House) -> int:
    """How often the service was asked, by sessions that it still remembers."""
    return sum(session.counts["response.create"] for session in home.server.record.sessions)


async def run(requests: int, pairs: int) -> list[str]:
    """What was missed."""
    async with house(faults=HONEST) as home:
        await home.settled()
        drift = Run(home)
        usual = await drift.some(requests)
        needed = responses(home)
        changing = asyncio.create_task(drift.keep_changing(random.Random(5)))
        began = time.monotonic()
        asked = await drift.some(requests)
        seconds = time.monotonic() - began
        changing.cancel()
        mismatches = sum((await home.http.mismatches()).values())
        home.server.faults = NO_FAULTS
        wrong = [str(one) for one in [*usual, *asked] if not one.right]
        resorts = await home.http.last_resorts()
        words = sum(random.Random(number).choice(LENGTHS) for number in range(requests))
        say(f"{requests} requests in {seconds:.0f} s, {mismatches} mismatches; not right: {len(wrong)}")
        say(f"  never said in all attempts, so that the best or nothing is heard: {resorts}")
        say(f"  responses asked for: {needed} of an honest service, {needed + mismatches} of this one")
        pairs_of = [
            (one, other) for one, other in zip(usual, asked, strict=True) if one.right and other.right
        ]
        say(f"  added to the first audio: {spread([other.first - one.first for one, other in pairs_of])}")
        say(f"  added to all silence:     {spread([other.waited - one.waited for one, other in pairs_of])}")
        added, costly = await drift.added(pairs), list[str]()
        say(f"an honest service, first audio later than a bare client's: {spread(added)}")
        if median(added) >= ADDED:
            costly = [f"the comparison costs {median(added) * 1000:.0f} ms"]
        foreign, failed = sum(one.foreign for one in asked), [str(one) for one in asked if one.broken_off]
        say(f"  words heard that are not the text's: {foreign} of {words}")
        # of a few hundred words, two are no more than chance
        few = foreign <= min(resorts, max(2, words * FOREIGN))
        misleading = [] if few else [f"{foreign} of {words} words are not the text's"]
        return [*(wrong if len(wrong) > resorts else failed), *misleading, *costly, *home.tracebacks()]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--pairs", type=int, default=20)
    args = parser.parse_args()
    return verdict(asyncio.run(run(args.requests, args.pairs)))


if __name__ == "__main__":
    sys.exit(main())
