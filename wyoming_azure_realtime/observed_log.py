"""The log as a subscriber of the observer: what is worth a line, and how many lines there may be.

Neither strangers nor a service that fails can fill the log: lines about clients are limited per minute and
kind, and an outage of a target is a line when it begins, one every ten minutes, and one when it ends.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from wyoming_azure_realtime.errors import (
    DeploymentNotFound,
    RateLimited,
    SpeechServiceError,
    UnsupportedVersion,
)
from wyoming_azure_realtime.logs import FIELDS, MOST_LINES, TURN, log_causes
from wyoming_azure_realtime.observe import (
    CANCELLED,
    UNCLAIMED,
    ClientRefused,
    FallbackInUse,
    ObservedEvent,
    RequestRefused,
    SessionClosed,
    SessionDelayed,
    SessionOpened,
    SessionRefused,
    TargetChanged,
    TurnEnded,
    TurnKind,
    TurnRecord,
    Warned,
)

_LOGGER = logging.getLogger(__name__)

LINES, WINDOW = 5, 60.0
"""So many lines of a kind in so many seconds; the rest is only counted."""

STILL_SECONDS = 600.0
"""Between two lines about an outage that goes on."""

LONGEST_SENTENCE = 500
"""Characters of an error in a line."""

_GOOD_ENDS = ("completed", "empty", CANCELLED, UNCLAIMED)

MOST_TURNS, MOST_OTHERS = 10_000, 400
"""Lines a minute about turns that were completed, and others: strangers can have any number that fail."""

_OF_ONE_KIND = (DeploymentNotFound.code, UnsupportedVersion.code, RateLimited.code)
"""Refusals that concern one deployment: a session of the other kind does not disprove them."""


class ObservedLog:
    """Writes the lines; subscribe its `write`. `clock`: seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._limit = _LineLimit()
        self._outages: dict[str, _Outage] = {}

    def write(self, event: ObservedEvent) -> None:
        """Write the lines that `event` is worth. Requests to the service are in the line of their turn."""
        match event:
            case TurnEnded(record):
                _write_turn(record)
            case SessionRefused(target, kind, error):
                _LOGGER.debug("No session for %s at '%s': %s", kind, target, error)
                log_causes(_LOGGER, error)
                self._fails(target, kind, error, refused=True)
            case SessionOpened(target, kind, seconds):
                _LOGGER.debug("A session for %s at '%s' opened in %.2f s", kind, target, seconds)
                self._works(target, kind, trusted=False)
            case SessionDelayed(target, kind, seconds):
                _LOGGER.warning(
                    "Requests for %s wait %.0f s: target '%s' has got all new connections that it takes in a "
                    "minute (connections_per_minute)",
                    kind,
                    seconds,
                    target,
                )
            case SessionClosed(target, kind, reason, seconds):
                _LOGGER.debug(
                    "A session for %s at '%s' is over (%s) after %.0f s", kind, target, reason, seconds
                )
            case TargetChanged(target, kind, working, error):
                label = f"Fallback '{target}'" if event.fallback else f"Target '{target}'"
                if working:
                    self._works(target, kind, trusted=True, label=label)
                else:
                    self._fails(target, kind, error, label=label)
            case FallbackInUse(name, kind):
                does = "hears" if kind == "recognition" else "speaks"
                _LOGGER.warning("While no target answers, the fallback '%s' %s", name, does)
            case ClientRefused(door, bound, message, level):
                self._write_limited(f"{door} {bound}", message, level)
            case RequestRefused(door, kind, error):
                _LOGGER.debug("A request for %s over %s was refused: %s", kind, door, error)
            case Warned(_, message):
                _LOGGER.warning("%s", message)

    def _write_limited(self, kind: str, message: str, level: int) -> None:
        if not message:
            return
        left_out = self._limit.left_out(kind, self._clock())
        if left_out is not None:
            _LOGGER.log(level, "%s%s", message, _more(left_out, "that were not logged"))

    def _fails(
        self,
        target: str,
        kind: TurnKind,
        error: SpeechServiceError | None,
        *,
        refused: bool = False,
        label: str = "",
    ) -> None:
        label = label or f"Target '{target}'"
        now = self._clock()
        reason = str(error) if error else "it was set aside"
        outage = self._outages.get(target)
        if outage is None:
            outage = self._outages[target] = _Outage(began=now, line_at=now)
            outage.left_out = self._limit.left_out(f"target {target}", now)
        new = outage.add(kind, error.code if error else "", refused=refused)
        if not outage.written:
            # one that is over at once, again and again, is not written; one that lasts is
            if outage.left_out is not None or now - outage.began >= WINDOW:
                if outage.left_out is None:
                    self._limit.written_after_all(f"target {target}")
                outage.written, outage.line_at = True, now
                more = _more(outage.left_out or 0, "outages that were over at once")
                _LOGGER.warning("%s fails: %s%s", label, reason, more)
        elif now - outage.line_at >= STILL_SECONDS:
            outage.line_at = now
            _LOGGER.warning(
                "%s still fails after %s, %s: %s",
                label,
                _duration(now - outage.began),
                outage.count,
                reason,
            )
        elif new:
            _LOGGER.warning("%s fails in another way: %s", label, reason)

    def _works(self, target: str, kind: TurnKind, *, trusted: bool, label: str = "") -> None:
        outage = self._outages.get(target)
        if outage is None or not outage.is_over(kind, trusted=trusted):
            return
        del self._outages[target]
        if outage.written:
            lasted = _duration(self._clock() - outage.began)
            _LOGGER.info("%s works again after %s, %s", label or f"Target '{target}'", lasted, outage.count)


@dataclass(slots=True)
class _Outage:
    """Since when a target fails, and how.

    `left_out`: see `_LineLimit`. `failing`: by kind, why its sessions were refused. `aside`: the kinds whose
    sessions were not refused, but that failed all the same.
    """

    began: float
    line_at: float
    written: bool = False
    left_out: int | None = None
    refused: int = 0
    failing: dict[TurnKind, str] = field(default_factory=dict)
    aside: set[TurnKind] = field(default_factory=set)
    codes: set[str] = field(default_factory=set)

    @property
    def count(self) -> str:
        return f"{self.refused} session{'' if self.refused == 1 else 's'} refused"

    def add(self, kind: TurnKind, code: str, *, refused: bool) -> bool:
        """One more failure; whether it is of another sort than all before it."""
        if refused:
            self.refused += 1
            self.failing[kind] = code
            self.aside.discard(kind)
        elif kind not in self.failing:
            self.aside.add(kind)
        # to be set aside for what was seen already, or for nothing in particular, is no news
        new = bool(code) and code not in self.codes
        self.codes.add(code)
        return new

    def is_over(self, kind: TurnKind, *, trusted: bool) -> bool:
        """Whether nothing fails any more, after a session of this kind opened, or it is `trusted` again."""
        if trusted:
            self.aside.discard(kind)
        self.failing = {
            other: code for other, code in self.failing.items() if other != kind and code in _OF_ONE_KIND
        }
        return not self.failing and not self.aside


@dataclass(slots=True)
class _Window:
    began: float
    lines: int = 0


class _LineLimit:
    """At most `LINES` lines of a kind in `WINDOW` seconds. There are as many windows as kinds."""

    def __init__(self) -> None:
        self._windows: dict[str, _Window] = {}

    def left_out(self, kind: str, now: float) -> int | None:
        """How many lines were left out before this one; None: it must be left out as well."""
        window = self._windows.get(kind)
        before = 0
        if window is None or now - window.began >= WINDOW:
            before = max(0, window.lines - LINES) if window else 0
            window = self._windows[kind] = _Window(now)
        window.lines += 1
        return before if window.lines <= LINES else None

    def written_after_all(self, kind: str) -> None:
        """The last line that had to be left out was not."""
        self._windows[kind].lines -= 1


def _write_turn(turn: TurnRecord) -> None:
    """One line per turn; what was said is not in it."""
    first = f"{turn.first_result_seconds * 1000:.0f}" if turn.first_result_seconds is not None else "-"
    _LOGGER.log(
        logging.INFO if turn.outcome in _GOOD_ENDS else logging.WARNING,
        "%s %s over %s (%s%s) by %s: %s, %.1f s of audio, first result after %s ms, %.0f ms in all%s",
        turn.kind.capitalize(),
        turn.id,
        turn.door,
        turn.voice or turn.model,
        f", {turn.language}" if turn.language else "",
        turn.target or "nobody",
        turn.outcome,
        turn.audio_seconds,
        first,
        turn.total_seconds * 1000,
        _and_more(turn),
        extra={FIELDS: _fields(turn), MOST_LINES: MOST_TURNS if turn.outcome == "completed" else MOST_OTHERS},
    )
    if turn.error is not None:
        log_causes(_LOGGER, turn.error)


def _and_more(turn: TurnRecord) -> str:
    """What not every turn's line needs."""
    parts = (
        ", prepared" if turn.prepared else "",
        f", {turn.attempts} attempts" if turn.attempts > 1 else "",
        f", {turn.requests} requests" if turn.requests > 1 else "",
        f", not the text {turn.mismatches} times" if turn.mismatches else "",
        f", {turn.last_resorts} pieces by last resort" if turn.last_resorts else "",
        f", {turn.cost}" if turn.cost else "",
        f". {_one_line(str(turn.error))}" if turn.error else "",
    )
    return "".join(parts)


def _fields(turn: TurnRecord) -> dict[str, object]:
    """The same and more for a log that programs read."""
    left_out = ("id", "usage", "error", "cost", "started_at", "text")
    fields = {name: getattr(turn, name) for name in turn.__dataclass_fields__ if name not in left_out}
    cost = turn.cost
    money = {
        "cost": cost.amount if cost else None,
        "currency": cost.currency if cost else None,
        "cost_estimated": bool(cost and cost.estimated),
        "cost_unpriced": bool(cost and cost.unpriced),
    }
    why = {"error": _one_line(str(turn.error))} if turn.error else {}
    return {TURN: turn.id, "event": "turn", **fields, **money, **why}


def _one_line(text: str) -> str:
    """What a service says in an error must neither break nor fill the log."""
    return " ".join(text[:LONGEST_SENTENCE].split())


def _more(number: int, what: str) -> str:
    return f" (after {number} more {what})" if number else ""


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
