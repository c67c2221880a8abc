"""One place to observe: what turns, the pool, the doors and the providers report.

Whoever does something reports what happened as an event; whoever wants to know subscribes. The log
subscribes; counters, costs and the status page can. Nothing in an event tells what somebody said.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from wyoming_azure_realtime.errors import SpeechServiceError

TurnKind = Literal["recognition", "synthesis"]
"""What a turn is for: sound to text, or text to sound."""

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """One finished turn, whatever its end. Times are seconds; `started_at` is Unix time.

    `outcome`: `completed`, `empty`, `cancelled`, or the code of the error that ended it. `attempts`: sessions
    that were leased; `requests`: transcriptions or responses that were asked for; `mismatches`: responses
    that said something other than the text; `sessions`: sessions used up, not to be used again after it;
    `sent_seconds` and `received_seconds`: audio to and from the service, of all attempts together. `usage`:
    the tokens that the service reported for all of them, added up. `error`: what ended it, with its causes.
    """

    id: str
    kind: TurnKind
    door: str
    target: str
    model: str
    voice: str
    language: str
    started_at: float
    audio_seconds: float
    characters: int
    first_result_seconds: float | None
    total_seconds: float
    attempts: int
    outcome: str
    mismatches: int = 0
    requests: int = 0
    sessions: int = 0
    sent_seconds: float = 0.0
    received_seconds: float = 0.0
    usage: Mapping[str, Any] = field(default_factory=dict)
    error: SpeechServiceError | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """A turn is over; its record is complete."""

    record: TurnRecord


@dataclass(frozen=True, slots=True)
class RequestSent:
    """A turn asked the service for a transcription or a response: this is what costs money."""

    turn: str
    kind: TurnKind
    target: str
    deployment: str


@dataclass(frozen=True, slots=True)
class RequestJudged:
    """The end of such a request.

    `outcome`: `completed`, `cancelled`, `abandoned` (its end was not awaited), or the code of an error.
    `usage`: as the service reported it; empty if it did not.
    """

    turn: str
    kind: TurnKind
    target: str
    deployment: str
    outcome: str
    usage: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RequestRefused:
    """A client's request was refused before there was a turn: an unknown voice, model or language."""

    door: str
    kind: TurnKind
    error: SpeechServiceError


@dataclass(frozen=True, slots=True)
class SessionOpened:
    """A session with the service is open and configured, after `seconds`."""

    target: str
    kind: TurnKind
    seconds: float


@dataclass(frozen=True, slots=True)
class SessionClosed:
    """A session is over, after `seconds` of life.

    `reason`: `expired`, `unused`, `displaced` (closed to make room), `lost` (it ended by itself), `silent`
    (it did not answer), `retired` (not to be used again after its turn), or `stopping`.
    """

    target: str
    kind: TurnKind
    reason: str
    seconds: float


@dataclass(frozen=True, slots=True)
class SessionRefused:
    """No session could be opened."""

    target: str
    kind: TurnKind
    error: SpeechServiceError


@dataclass(frozen=True, slots=True)
class TargetChanged:
    """A target was set aside for failing (`working` is false, `error` says why), or it is back."""

    target: str
    kind: TurnKind
    working: bool
    error: SpeechServiceError | None = None


@dataclass(frozen=True, slots=True)
class ClientRefused:
    """A door refused, closed or cut off a client. `bound`: the setting or the rule that decided it.

    `message`: one line for the log, or empty where it only counts; `level`: that line's level.
    """

    door: str
    bound: str
    message: str = ""
    level: int = logging.WARNING


@dataclass(frozen=True, slots=True)
class Warned:
    """Something that an operator should know, reported once for the life of the process."""

    key: str
    message: str


ObservedEvent = (
    TurnEnded
    | RequestSent
    | RequestJudged
    | RequestRefused
    | SessionOpened
    | SessionClosed
    | SessionRefused
    | TargetChanged
    | ClientRefused
    | Warned
)
Subscriber = Callable[[ObservedEvent], None]


class Observer:
    """Passes every reported event on to all subscribers, in the order in which they subscribed.

    A subscriber is called at once and must not wait. One that raises is logged and does not disturb whoever
    reported.
    """

    def __init__(self, *subscribers: Subscriber) -> None:
        self._subscribers = [*subscribers]
        self._warned: set[str] = set()

    def subscribe(self, subscriber: Subscriber) -> None:
        """Call `subscriber` with every event from now on."""
        self._subscribers.append(subscriber)

    def report(self, event: ObservedEvent) -> None:
        """Pass `event` on."""
        for subscriber in self._subscribers:
            try:
                subscriber(event)
            except Exception:
                _LOGGER.exception("A subscriber failed with %s", type(event).__name__)

    def warn_once(self, key: str, message: str) -> None:
        """Report `Warned`, unless it was reported for this `key` before."""
        if key not in self._warned:
            self._warned.add(key)
            self.report(Warned(key, message))
