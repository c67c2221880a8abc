"""What was refused: counted by the bound that it overstepped, told in the log without flooding it."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from wyoming_azure_realtime.errors import (
    AudioTooLong,
    InvalidRequest,
    RequestError,
    SpeechServiceError,
    TextTooLong,
    TooManyRequests,
)

_LOGGER = logging.getLogger(__name__)

_LINES, _WINDOW = 5, 60.0
"""So many lines of a kind in so many seconds; the rest is only counted."""


class Bound(StrEnum):
    """What was overstepped, by the setting's key where one decides."""

    NETWORKS = "allowed_networks"
    CONNECTIONS = "limits.max_connections"
    PER_ADDRESS = "limits.max_per_address"
    HEADER = "limits.max_header"
    DATA = "limits.max_data"
    PAYLOAD = "limits.max_payload"
    UNFINISHED = "limits.max_unfinished"
    IDLE = "limits.idle"
    WRITE = "limits.write"
    UTTERANCE = "recognition.max_seconds"
    TEXT = "speech.max_characters"
    SESSIONS = "pool.max_size"
    WAITING = "pool.max_waiting"
    MALFORMED = "malformed"


class Overstepped(InvalidRequest):
    """The client went beyond a `bound` of this door."""

    def __init__(self, message: str, *, advice: str = "", bound: Bound = Bound.MALFORMED) -> None:
        super().__init__(message, advice=advice)
        self.bound = bound


_BOUND_OF: dict[type[SpeechServiceError], Bound] = {
    AudioTooLong: Bound.UTTERANCE,
    TextTooLong: Bound.TEXT,
    TooManyRequests: Bound.WAITING,
}


def bound_of(error: SpeechServiceError) -> str:
    """What an error's cause overstepped: a Bound, the error's code, or nothing if it was not the client."""
    if isinstance(error, Overstepped):
        return error.bound
    return _BOUND_OF.get(type(error)) or (error.code if isinstance(error, RequestError) else "")


@dataclass(slots=True)
class _Window:
    begun: float
    lines: int = 0


class Refusals:
    """Counts, and lines in the log, of which some are left out when there are too many."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counts: Counter[str] = Counter()
        self._windows: dict[str, _Window] = {}

    @property
    def counts(self) -> Mapping[str, int]:
        """How many so far, by the bound."""
        return dict(self._counts)

    def count(self, bound: str) -> None:
        """One more, of which the log need not hear."""
        self._counts[bound] += 1

    def note(self, bound: str, told: str, level: int = logging.WARNING) -> None:
        """One more, and what to say about it."""
        self._counts[bound] += 1
        now = self._clock()
        window = self._windows.get(bound)
        if window is None or now - window.begun >= _WINDOW:
            left_out = max(0, window.lines - _LINES) if window else 0
            window = self._windows[bound] = _Window(now)
            told += f" (after {left_out} more that were not logged)" if left_out else ""
        window.lines += 1
        if window.lines <= _LINES:
            _LOGGER.log(level, "%s", told)

    def __str__(self) -> str:
        return ", ".join(f"{bound}: {number}" for bound, number in sorted(self._counts.items()))
