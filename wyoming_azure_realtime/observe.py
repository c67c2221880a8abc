"""One place to observe: what turns, the pool, the doors and the providers report.

Whoever does something reports what happened as an event; whoever wants to know subscribes. The log
subscribes; counters, costs and the status page can. Nothing in an event tells what somebody said, except a
turn's record where the settings ask for it (`history.texts`).
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from wyoming_azure_realtime.errors import SpeechServiceError

TurnKind = Literal["recognition", "synthesis", "answer"]
"""What a turn is for: sound to text, text to sound, or a request to what is to be said or done."""

SESSION_KINDS: tuple[TurnKind, ...] = ("recognition", "synthesis")
"""What sessions are kept for. A session that speaks answers as well."""

CANCELLED = "cancelled"
"""Outcome of a turn that somebody called off."""

UNCLAIMED = "unclaimed"
"""Outcome of a turn that was begun ahead and that nobody asked for."""

MOST_WARNINGS = 1000
"""Keys for which a warning is remembered; what clients ask for is in some of them."""

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TurnCost:
    """What a turn has cost.

    `estimated`: the service gave no account of some of it; `unpriced`: some of it has no known price, and is
    not in the amount.
    """

    amount: float
    currency: str
    estimated: bool = False
    unpriced: bool = False

    def __str__(self) -> str:
        about = "about " if self.estimated else ""
        more = " and what has no known price" if self.unpriced else ""
        return f"{about}{self.amount:.4f} {self.currency}{more}"


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """One finished turn, whatever its end. Times are seconds; `started_at` is Unix time.

    `outcome`: `completed`, `empty`, `cancelled`, `unclaimed`, or the code of the error that ended it.
    `attempts`: sessions that were leased; `result_seconds`: from the end of a command to its text, if it came
    to that; `requests`: transcriptions or responses that were asked for; `mismatches`: responses that said
    something other than the text; `last_resorts`: pieces of a text that the service would not say, and that
    were spoken in another way or left out; `sessions`: sessions used up, not to be used again;
    `sent_seconds` and `received_seconds`: audio to and from the service, of all attempts together. `usage`:
    the tokens that the service reported for all of them, added up. `cost`: None if nothing was spent.
    `error`: what ended it, with its causes. `fallback`: who answered in place of the targets, if anybody did.
    `prepared`: it was begun before anybody asked for it; times count from when somebody did, if anybody.
    `text`: what was said, only where `history.texts` keeps it, and in no log.

    When things happened, in seconds from the turn's beginning, None where they did not: `end_of_speech`, the
    command was over, as far as its sound came as it was spoken; `input_end`, the sound or the text was there
    as a whole; `draft`, what was said until a pause was to be transcribed, for the last time.
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
    last_resorts: int = 0
    requests: int = 0
    sessions: int = 0
    sent_seconds: float = 0.0
    received_seconds: float = 0.0
    usage: Mapping[str, Any] = field(default_factory=dict)
    error: SpeechServiceError | None = field(default=None, compare=False, repr=False)
    result_seconds: float | None = None
    cost: TurnCost | None = None
    end_of_speech: float | None = None
    input_end: float | None = None
    draft: float | None = None
    fallback: str = ""
    text: str = field(default="", repr=False)
    prepared: bool = False


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
    `usage`: as the service reported it; empty if it did not. `heard_seconds`, `spoken_seconds`: audio to and
    from the service. `asked`: false if audio was sent, and nothing was asked for after all.
    """

    turn: str
    kind: TurnKind
    target: str
    deployment: str
    outcome: str
    usage: Mapping[str, Any] = field(default_factory=dict)
    heard_seconds: float = 0.0
    spoken_seconds: float = 0.0
    asked: bool = True


@dataclass(frozen=True, slots=True)
class TriedAgain:
    """A turn goes on with another attempt after a failure, or after a response that was not the text.

    `code`: that of the error; `before` and `now`: where it was tried and where it is tried next.
    """

    turn: str
    kind: TurnKind
    before: str
    now: str
    code: str


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
    """No session could be opened, after `seconds`."""

    target: str
    kind: TurnKind
    error: SpeechServiceError
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class SessionDelayed:
    """A request waits: the target has got all new connections that it takes in a minute.

    `seconds`: until it may get the next one.
    """

    target: str
    kind: TurnKind
    seconds: float


@dataclass(frozen=True, slots=True)
class TargetChanged:
    """A target was set aside for failing (`working` is false, `error` says why), or it works, maybe again.

    `fallback`: it is no target, but one of those that answer while none does.
    """

    target: str
    kind: TurnKind
    working: bool
    error: SpeechServiceError | None = None
    fallback: bool = False


@dataclass(frozen=True, slots=True)
class TargetState:
    """How a target is doing, for people.

    `since`, `next_try`: Unix time, None where there is none; `error`, `code`: why it fails, else empty.
    """

    state: Literal["untried", "good", "failing"]
    since: float | None = None
    error: str = ""
    code: str = ""
    next_try: float | None = None


@dataclass(frozen=True, slots=True)
class FallbackInUse:
    """No target answers: from now on this fallback does, until one works again."""

    name: str
    kind: TurnKind


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
    | TriedAgain
    | RequestRefused
    | SessionOpened
    | SessionClosed
    | SessionRefused
    | SessionDelayed
    | TargetChanged
    | FallbackInUse
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

    def of_a_part(self) -> "Observer":
        """Another one: its subscribers hear of a part of the program alone, and those here as well."""
        part = Observer(self.report)
        part._warned = self._warned
        return part

    def report(self, event: ObservedEvent) -> None:
        """Pass `event` on."""
        for subscriber in self._subscribers:
            try:
                subscriber(event)
            except Exception:
                _LOGGER.exception("A subscriber failed with %s", type(event).__name__)

    def warn_once(self, key: str, message: str) -> None:
        """Report `Warned`, unless it was reported for this `key` before, or for `MOST_WARNINGS` others."""
        if key not in self._warned and len(self._warned) < MOST_WARNINGS:
            self._warned.add(key)
            self.report(Warned(key, message))
