"""An hour of sounds that are there to cost money: every bound of a command holds.

Taps, bangs, alternating tones, hums, music and noise, now and then a word; in commands of a minute, which
client and server end by turns, at services that answer soon or late, rightly, always the same or never twice
the same. In virtual time over the real service: an hour takes some minutes. Run with
`python -m tests.long.hostile_hour`.
"""

import argparse
import itertools
import random
import sys

from tests.support.command_costs import SOUNDS, Cost, Sound, Transcriber, cost
from tests.support.figures import say, verdict

_OFTEN = ("tap", "tap", "bang", "tones", "tones", "hum", "noise", "quiet", "quiet", "quiet", "word")
_NEVER_TWICE = itertools.count()
_SERVICES = {
    "hears words": None,
    "says one thing": lambda: "turn on the lights",
    "hears nothing": lambda: "",
    "invents": lambda: f"invention {next(_NEVER_TWICE)}",
}


def command(chance: random.Random, seconds: float) -> list[Sound]:
    """Sounds that fill so many seconds."""
    sounds, left = [], seconds
    while left > 0:
        sounds.append(SOUNDS[chance.choice(_OFTEN)](chance))
        left -= len(sounds[-1].pcm) / 32_000
    return sounds[:-1]


def judged(number: int, service: str, what: Cost, *, server_ends: bool) -> list[str]:
    """What exceeds a bound. Of a service that invents, only the budget itself is one."""
    misses = what.exceeded(pauses=12 if service == "invents" else None)
    return [f"command {number}, {service}, server ends: {server_ends}: {miss}" for miss in misses]


def run(minutes: float, seed: int = 0) -> list[str]:
    """What was missed."""
    chance, misses = random.Random(seed), list[str]()
    left, number, recorded, sent, requests = 60.0 * minutes, 0, 0.0, 0.0, 0
    while left > 0:
        service = list(_SERVICES)[number % len(_SERVICES)]
        server_ends, seconds = number % 8 >= 4, min(left, 58.0)
        sounds = command(chance, seconds)
        script = Transcriber(sounds, chance.choice((0.05, 0.45, 3.0)), _SERVICES[service])
        what = cost(sounds, script, server_ends=server_ends)
        misses += judged(number, service, what, server_ends=server_ends)
        recorded, sent, requests = recorded + what.recorded, sent + what.sent, requests + what.requests
        left, number = left - seconds, number + 1
    say(f"{number} commands, {recorded:.0f} s recorded, {sent:.0f} s sent, {requests} transcriptions")
    return misses


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    return verdict(run(asked.minutes, asked.seed))


if __name__ == "__main__":
    sys.exit(main())
