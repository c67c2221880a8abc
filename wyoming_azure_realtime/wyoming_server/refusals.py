"""What was refused: counted by the bound that it overstepped, and reported."""

import logging
from collections import Counter
from collections.abc import Mapping
from enum import StrEnum

from wyoming_azure_realtime.errors import (
    AudioTooLong,
    InvalidRequest,
    RequestError,
    SpeechServiceError,
    TextTooLong,
    TooManyRequests,
)
from wyoming_azure_realtime.observe import ClientRefused, Observer

DOOR = "wyoming"


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


class Refusals:
    """Counts what was refused, by the bound, and reports it to the observer."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._counts: Counter[str] = Counter()

    @property
    def counts(self) -> Mapping[str, int]:
        """How many so far, by the bound."""
        return dict(self._counts)

    def count(self, bound: str) -> None:
        """One more, of which the log need not hear."""
        self.note(bound, "")

    def note(self, bound: str, message: str, level: int = logging.WARNING) -> None:
        """One more, and what to say about it."""
        self._counts[bound] += 1
        self._observer.report(ClientRefused(DOOR, str(bound), message, level))

    def __str__(self) -> str:
        return ", ".join(f"{bound}: {number}" for bound, number in sorted(self._counts.items()))
