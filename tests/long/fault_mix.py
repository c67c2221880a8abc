"""Ten kinds of trouble, each at five in a hundred, and nobody notices but by the time it takes.

Recognitions and syntheses, several at a time, over every door. Each answer must come within the deadline of a
request and must be right: every word once, none damaged, and not a sample of the utterance lost. Printed is
how much longer requests took for each fault that they met. Run with `python -m tests.long.fault_mix`.
"""

import argparse
import asyncio
import random
import sys
from collections import defaultdict
from typing import Any

from tests.support.figures import median, say, spread, verdict
from tests.support.house import House, house
from tests.support.traffic import KINDS, Asked, Kind, ask, in_lanes, turns
from tests.support.turn_lines import Turn
from tests.support.word_engines import NO_DRAFTS
from wyoming_azure_realtime.emulator.faults import (
    Disconnect,
    Failure,
    Fault,
    Faults,
    RefusedUpgrade,
    Shortened,
    Stall,
)

SHARE = 0.05
DEADLINE = 30.0
WORDS = 8
PACE = 0.1  # seconds that a second of sound takes, either way
# an upload of `WORDS` has about so many events after the first 300 ms, each of them an occasion
UPLOAD_EVENTS = 32
CHANGE_SECONDS = 0.25
NORMAL = Faults(generation_pace=PACE, transcript_ms=50, handshake_ms=50)
_IN_UPLOAD = "in mid-upload"
_NOT_HEARD = "The recogniser gave up."
_LIMITED = "Rate limit reached. Please try again in 2s."

# what a failure in the log tells of its fault; the first that fits
FAULTS = {
    "refused upgrade 429": "HTTP 429",
    "refused upgrade 503": "HTTP 503",
    "drop in mid-upload": _IN_UPLOAD,
    "dropped socket": "close code 1006",
    "stalled transcript": "Transcription timeout",
    "failed transcription": _NOT_HEARD,
    "stalled audio": "did not come in time",
    "rate-limited response": "Rate limit reached",
    "server_error event": "The server had an error",
    "response cut short": "ended as incomplete",
}


def trouble(chance: random.Random) -> Faults:
    """Every fault at its share. Upgrades have one fault only, so that it is now the one and now the other."""
    refused = RefusedUpgrade(status=chance.choice((429, 503)), probability=2 * SHARE)
    somewhere = chance.randint(100, 1500)
    return Faults(
        seed=chance.randrange(2**32),
        generation_pace=PACE,
        transcript_ms=NORMAL.transcript_ms,
        handshake_ms=NORMAL.handshake_ms,
        refused_upgrade=refused,
        closed_upload=Disconnect(
            code=1011, reason=_IN_UPLOAD, after_ms=300, probability=SHARE / UPLOAD_EVENTS
        ),
        closed_after_commit=Disconnect(code=1006, probability=SHARE),
        silent_transcript=Fault(probability=SHARE),
        failed_transcript=Failure(message=_NOT_HEARD, probability=SHARE),
        closed_response=Disconnect(code=1006, after_ms=somewhere, probability=SHARE),
        silent_audio=Stall(after_ms=somewhere, probability=SHARE),
        failed_response=Failure(
            type="tokens", code="rate_limit_exceeded", message=_LIMITED, probability=SHARE
        ),
        error_in_response=Failure(probability=SHARE),
        shortened_response=Shortened(after_ms=somewhere, probability=SHARE),
    )


async def keep_changing(home: House, chance: random.Random) -> None:
    """Other places and other upgrades, again and again."""
    while True:
        home.server.faults = trouble(chance)
        await asyncio.sleep(CHANGE_SECONDS)


class Run:
    """Requests of one house."""

    def __init__(self, home: House, parallel: int) -> None:
        self._home = home
        self._parallel = parallel
        self._chance = random.Random(3)
        self._caller = turns([home.wyoming, home.streaming, home.http])

    async def each_way(self, count: int) -> list[Asked]:
        """So many of both kinds."""
        asked: list[Asked] = []
        told = 0
        async for over in in_lanes(2 * count, self._parallel, self._ask):
            asked += over
            if len(asked) >= told + 200:
                told = len(asked)
                say(f"{told:5} requests, {sum(not one.right for one in asked)} not right")
        return asked

    async def _ask(self, number: int) -> Asked:
        kind = KINDS[number % 2]
        return await ask(kind, self._caller(), self._chance, words=WORDS, pace=PACE)


def judged(asked: list[Asked]) -> list[str]:
    """Everything right and in time; what breaks off after a part was heard is counted apart."""
    wrong = [one for one in asked if not one.right]
    late = [one for one in asked if one.right and one.waited > DEADLINE]
    broken_off = [one for one in wrong if one.broken_off]
    say(f"{len(asked)} requests: {len(asked) - len(wrong)} right, {len(late)} of them late; not right:")
    say(f"  {len(broken_off)} broken off after a part was heard, {len(wrong) - len(broken_off)} others")
    others = [str(one) for one in wrong if not one.broken_off]
    return [*others, *(f"late by {one.waited - DEADLINE:.1f} s" for one in late), *map(str, broken_off)]


def report(turns_: list[Turn], usual: dict[Kind, float]) -> None:
    """How much longer turns took for what they met; several things at once are on a line of their own."""
    for kind in KINDS:
        added: defaultdict[str, list[float]] = defaultdict(list)
        for turn in turns_:
            if turn.kind == kind and turn.outcome == "completed":
                met = {fault_of(failure) for failure in turn.failures}
                name = "several" if len(turn.failures) > 1 else next(iter(met), "none")
                added[name].append(turn.seconds - usual[kind])
        say(f"{kind}, added to {usual[kind] * 1000:.0f} ms:")
        for name, seconds in sorted(added.items()):
            say(f"  {name:22} {len(seconds):5}  {spread(seconds)}")
        everything = [one for seconds in added.values() for one in seconds]
        say(f"  {'all':22} {len(everything):5}  {spread(everything)}")


def fault_of(failure: str) -> str:
    """Which fault made it."""
    return next((name for name, sign in FAULTS.items() if sign in failure), f"other: {failure[:60]}")


async def run(requests: int, parallel: int, *, calm_requests: int, **settings: Any) -> list[str]:
    """What was missed. `settings`: those of a house."""
    # only then does the log say what an attempt failed with
    async with house(faults=NORMAL, log={"debug": True}, recognition=NO_DRAFTS, **settings) as home:
        await home.settled()
        mix = Run(home, parallel)
        await mix.each_way(calm_requests)
        calm = home.turns()
        usual: dict[Kind, float] = {
            kind: median([turn.seconds for turn in calm if turn.kind == kind]) for kind in KINDS
        }
        changing = asyncio.create_task(keep_changing(home, random.Random(5)))
        asked = await mix.each_way(requests)
        changing.cancel()
        report(home.turns()[len(calm) :], usual)
        return [*judged(asked), *home.tracebacks()]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=1000, help="each way (default 1000)")
    parser.add_argument("--parallel", type=int, default=10)
    parser.add_argument("--service", choices=("azure_openai", "voice_live"), default="azure_openai")
    args = parser.parse_args()
    calm = max(20, args.requests // 10)
    return verdict(asyncio.run(run(args.requests, args.parallel, calm_requests=calm, service=args.service)))


if __name__ == "__main__":
    sys.exit(main())
