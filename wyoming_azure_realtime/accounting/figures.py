"""What people look at as plots: how long they waited in the last hour and day, sessions, retries, mismatches.

Rings of counted stretches of time in memory, of a fixed size whatever happens. Pure: time is given.
"""

import math
from array import array
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from wyoming_azure_realtime.observe import TurnKind

Span = Literal["hour", "day"]
SPANS: tuple[Span, ...] = get_args(Span)
STEPS: Mapping[Span, tuple[int, int]] = {"hour": (60, 60), "day": (900, 96)}
"""Seconds of a stretch, and how many stretches there are."""

MOST_DELAYS = 64
"""Of a stretch, that percentiles are made of: the latest."""


@dataclass(slots=True)
class Delays:
    """Seconds that people waited in a stretch of time."""

    count: int = 0
    latest: "array[float]" = field(default_factory=lambda: array("f"))

    def add(self, seconds: float) -> None:
        """Count one."""
        if len(self.latest) < MOST_DELAYS:
            self.latest.append(seconds)
        else:
            self.latest[self.count % MOST_DELAYS] = seconds
        self.count += 1

    def percentile(self, share: float) -> float | None:
        """So that this share waited no longer; None where nobody did."""
        ordered = sorted(self.latest)
        return round(ordered[math.ceil(share * len(ordered)) - 1], 3) if ordered else None


@dataclass(slots=True)
class Stretch:
    """What happened in a stretch of time. `sessions`: open and idle ones, when that was looked at last."""

    number: int
    delays: dict[TurnKind, Delays] = field(
        default_factory=lambda: {kind: Delays() for kind in get_args(TurnKind)}
    )
    sessions: tuple[int, int] | None = None
    retries: int = 0
    mismatches: int = 0


class Ring:
    """The latest `length` stretches of `step` seconds in which something happened."""

    def __init__(self, step: int, length: int) -> None:
        self.step = step
        self.length = length
        self._stretches: deque[Stretch] = deque(maxlen=length)

    def at(self, now: float) -> Stretch:
        """The stretch of this moment. A clock that went back counts in the latest one."""
        number = int(now // self.step)
        if not self._stretches or self._stretches[-1].number < number:
            self._stretches.append(Stretch(number))
        return self._stretches[-1]

    def before(self, now: float) -> list[Stretch | None]:
        """All stretches up to now, the oldest first; None where nothing happened."""
        last = int(now // self.step)
        known = {stretch.number: stretch for stretch in self._stretches}
        return [known.get(number) for number in range(last - self.length + 1, last + 1)]


class Timelines:
    """The figures of the last hour and day. `clock`: Unix time.

    `sessions` may be set to what tells how many sessions are open, and how many of them wait.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._rings = {span: Ring(*STEPS[span]) for span in SPANS}
        self.sessions: Callable[[], tuple[int, int]] = lambda: (0, 0)

    def add_turn(self, kind: TurnKind, delay: float | None, at: float | None = None) -> None:
        """A turn ended now, or `at` that time, in order. `delay`: see `Delays`; None: there was nothing."""
        for ring in self._rings.values():
            stretch = ring.at(self._clock() if at is None else at)
            if delay is not None:
                stretch.delays[kind].add(delay)
        if at is None:
            self.sample()

    def add_retry(self) -> None:
        """An attempt followed a failed one."""
        for ring in self._rings.values():
            ring.at(self._clock()).retries += 1

    def add_mismatch(self) -> None:
        """A response was not the text."""
        for ring in self._rings.values():
            ring.at(self._clock()).mismatches += 1

    def sample(self) -> None:
        """Look how many sessions there are."""
        now, sessions = self._clock(), self.sessions()
        for ring in self._rings.values():
            ring.at(now).sessions = sessions

    def series(self, span: Span) -> dict[str, Any]:
        """What plots show: seconds that people waited, and numbers; None where nothing happened."""
        self.sample()
        now, ring = self._clock(), self._rings[span]
        stretches = ring.before(now)
        sessions = _carried([stretch.sessions if stretch else None for stretch in stretches])
        return {
            "span": span,
            "step": ring.step,
            "from": (int(now // ring.step) - ring.length + 1) * ring.step,
            "series": {
                "transcript": _percentiles(stretches, "recognition"),
                "firstAudio": _percentiles(stretches, "synthesis"),
                "answer": _percentiles(stretches, "answer"),
                "sessions": {
                    "open": [one[0] if one else None for one in sessions],
                    "idle": [one[1] if one else None for one in sessions],
                },
                "retries": [stretch.retries if stretch else None for stretch in stretches],
                "mismatches": [stretch.mismatches if stretch else None for stretch in stretches],
            },
        }


def _percentiles(stretches: list[Stretch | None], kind: TurnKind) -> dict[str, list[Any]]:
    delays = [stretch.delays[kind] if stretch else Delays() for stretch in stretches]
    return {
        "p50": [one.percentile(0.5) for one in delays],
        "p95": [one.percentile(0.95) for one in delays],
        "count": [one.count or None for one in delays],
    }


def _carried(sessions: list[tuple[int, int] | None]) -> list[tuple[int, int] | None]:
    """Sessions stay as they are until something happens."""
    latest: tuple[int, int] | None = None
    found = []
    for one in sessions:
        latest = one or latest
        found.append(latest)
    return found
