"""What the program's log says of its turns: their ends, and the failures on the way there."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

_AGAIN = re.compile(r"(?:Recognition|Synthesis) (\w+) tries again in [\d.]+ s after: (.*)")
_ENDED = re.compile(
    r"(Recognition|Synthesis) (\w+) over (\w+) \(.*\) by (\S+): ([\w-]+), ([\d.]+) s of audio, "
    r"first result after (\S+) ms, (\d+) ms in all"
)


@dataclass
class Turn:
    """One turn. Times are seconds; `failures` are the errors that it survived."""

    id: str
    kind: str = ""
    target: str = ""
    outcome: str = ""
    first: float | None = None
    seconds: float = 0.0
    failures: list[str] = field(default_factory=list)


def turns_in(log: Iterable[str]) -> list[Turn]:
    """The turns that have ended, in the order in which they did."""
    begun: dict[str, Turn] = {}
    ended: list[Turn] = []
    for line in log:
        if found := _AGAIN.search(line):
            begun.setdefault(found[1], Turn(found[1])).failures.append(found[2])
        elif found := _ENDED.search(line):
            turn = begun.pop(found[2], None) or Turn(found[2])
            turn.kind, turn.target, turn.outcome = found[1].lower(), found[4], found[5]
            turn.first = None if found[7] == "-" else float(found[7]) / 1000
            turn.seconds = float(found[8]) / 1000
            ended.append(turn)
    return ended
