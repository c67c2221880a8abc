"""When a session may be opened: pauses after failures, and how many a minute a service takes. Pure."""

from collections import defaultdict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from wyoming_azure_realtime.errors import SpeechServiceError

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 300.0

MINUTE = 60.0
SPARE_SHARE = 0.5  # of a minute's connections that may be opened for nobody; the others are for requests


@dataclass(slots=True)
class Backoff:
    """How long to leave a failing key alone before warming it again, and the error of its last opening.

    The pause doubles with every failure in a row. A row ends when nothing failed for `LONGEST_PAUSE`.
    """

    until: float = 0.0
    delay: float = 0.0
    error: SpeechServiceError | None = None

    def failed(self, now: float) -> None:
        """Record another failure."""
        self.delay = min(LONGEST_PAUSE, self.delay * 2) if self.lasts(now) else FIRST_PAUSE
        self.until = now + self.delay

    def lasts(self, now: float) -> bool:
        """Whether another failure would belong to the same row."""
        return bool(self.delay) and now < self.until + LONGEST_PAUSE


def unlimited(_key: Any) -> int | None:
    """Any number a minute."""
    return None


class ConnectionRates:
    """Counts openings of the last minute, by group; `most` says how many a key's group may have."""

    def __init__(self, most: Callable[[Any], int | None], group: Callable[[Any], Hashable]) -> None:
        self._most = most
        self._group = group
        self._times: dict[Hashable, deque[float]] = defaultdict(deque)  # of keys with a limit alone
        self._delayed: set[Hashable] = set()

    def opens(self, key: Any, now: float) -> None:
        """A connection is being made."""
        if self._most(key) is not None:
            self._times[self._group(key)].append(now)

    def allow(self, key: Any, now: float, *, spare: bool = False) -> bool:
        """Whether there may be one more. `spare`: nobody waits for it."""
        most = self._most(key)
        if most is None:
            return True
        times = self._times[self._group(key)]
        while times and now >= times[0] + MINUTE:
            times.popleft()
        allowed = len(times) < (max(1, int(most * SPARE_SHARE)) if spare else most)
        if allowed and not spare:
            self._delayed.discard(self._group(key))
        return allowed

    def delays(self, key: Any, now: float) -> float | None:
        """Seconds that the group's requests wait from now on; None if that was said already."""
        group = self._group(key)
        if group in self._delayed:
            return None
        self._delayed.add(group)
        return self._times[group][0] + MINUTE - now

    def reason(self, key: Any) -> str:
        """Why a request got none, if its group has to wait; else empty."""
        if self._group(key) not in self._delayed:
            return ""
        return f"; its target takes {self._most(key)} new connections a minute."

    def wake_times(self, now: float) -> list[float]:
        """When the groups may have one more again."""
        return [times[0] + MINUTE for times in self._times.values() if times and times[0] + MINUTE > now]
