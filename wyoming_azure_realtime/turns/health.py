"""How targets have been doing, and what people are told of it. Pure: time is given.

One that keeps failing is set aside, whether its sessions cannot be opened or requests fail. From time to time
it is due for a probe; as soon as anything succeeds there, it is as good as before. When every opening of the
last seconds has failed in the same way, it is known to be down.
"""

import copy
import weakref
from collections.abc import Iterable
from dataclasses import dataclass

from wyoming_azure_realtime.errors import (
    BackendError,
    ConnectFailed,
    PoolTimeout,
    QuotaExceeded,
    SpeechServiceError,
    TranscriptionFailed,
)
from wyoming_azure_realtime.observe import Observer, TargetChanged, TargetState, TurnKind

TOLERATED = 2  # failures in a row before a target is set aside
FIRST_ASIDE = 5.0
LONGEST_ASIDE = 60.0
FINAL_ASIDE = 120.0  # for a wrong key or a missing deployment, which heal by hand
KNOWN_SECONDS = 10.0
"""A target of which all openings failed in the same way for so long is known to be down."""


@dataclass(slots=True)
class RefusedOpenings:
    """Openings that failed in a row, all in the same way, since `began`.

    `error`: the last one's, without the frames in which it arose; `newest`: itself, while it is in use.
    """

    began: float
    error: SpeechServiceError
    newest: weakref.ref[SpeechServiceError]


@dataclass(slots=True)
class BackendHealth:
    """How a target has been doing.

    `failures`: in a row. `probe_at`: when to look whether it is back; None while it is trusted. `since`: when
    it began to be good, or to fail; None while nothing is known. `error`: why it fails, without the frames in
    which it arose. `known_to_work`: whether it works, as the observer knows; None: nothing. `proven`: it did
    what it was asked for.
    """

    failures: int = 0
    probe_at: float | None = None
    since: float | None = None
    error: SpeechServiceError | None = None
    known_to_work: bool | None = None
    proven: bool = False
    refusals: RefusedOpenings | None = None


class HealthRecord:
    """How services, known by name, have been doing at one kind of turn.

    The observer is told when one of them is set aside, and when it works, at first or again. `fallback`: they
    are no targets. Every `now` is in the event loop's time.
    """

    def __init__(
        self, names: Iterable[str], kind: TurnKind, observer: Observer, *, fallback: bool = False
    ) -> None:
        self.kind: TurnKind = kind
        self._observer = observer
        self._fallback = fallback
        self._health = {name: BackendHealth() for name in names}

    def is_trusted(self, name: str) -> bool:
        """Whether it is not set aside."""
        return self._health[name].probe_at is None

    def is_proven(self, name: str) -> bool:
        """Whether it has done what it was asked for, and was not set aside since."""
        return self._health[name].proven

    def succeeded(self, name: str, now: float, *, proven: bool = True) -> None:
        """Record a success: it is trusted from now on. Not `proven`: no more than a session was opened."""
        before = self._health[name]
        since = now if before.error or before.since is None else before.since
        self._health[name] = BackendHealth(since=since, known_to_work=True, proven=proven or before.proven)
        if before.known_to_work is False or (before.known_to_work is None and not self._fallback):
            self._observer.report(TargetChanged(name, self.kind, working=True, fallback=self._fallback))

    def probed(self, name: str, now: float) -> None:
        """A session could be opened to see whether it is back. What only a request tells, one may try."""
        health = self._health[name]
        if _only_requests_tell(health.error):
            health.probe_at, health.failures = None, TOLERATED - 1
        else:
            self.succeeded(name, now, proven=False)

    def failed(self, name: str, error: SpeechServiceError, now: float, *, at_once: bool = False) -> None:
        """Record a failure, which may set it aside, `at_once` in any case.

        What was told as a refused opening already counts once.
        """
        health = self._health[name]
        if at_once and health.probe_at is not None:
            return  # that was another request at the same time: nothing new is known
        counted = health.refusals is not None and health.refusals.newest() is error
        if at_once or not counted:
            health.failures += TOLERATED if at_once or unreachable(error) else 1
        self._judge(name, error, now)

    def opened(self, name: str, now: float) -> None:
        """A session was opened for whomever; after failures of openings alone that is a success."""
        health = self._health.get(name)
        if health is None:
            return
        if health.since is None or (health.refusals and health.error):
            self.succeeded(name, now, proven=False)
        else:
            health.refusals = None

    def refused(self, name: str, error: SpeechServiceError, now: float, seconds: float = 0.0) -> None:
        """No session could be opened for whomever, after `seconds`. A client's mistake says nothing."""
        health = self._health.get(name)
        if health is None or not isinstance(error, BackendError):
            return
        before = health.refusals
        began = before.began if before and before.error.code == error.code else now - seconds
        health.refusals = RefusedOpenings(began, copy.copy(error), weakref.ref(error))
        self._fails(health, error, now)
        if health.probe_at is None or now >= health.probe_at:  # else nothing new is known
            health.failures += TOLERATED if unreachable(error) else 1
            self._judge(name, error, now)

    def _judge(self, name: str, error: SpeechServiceError, now: float) -> None:
        """Set it aside, and for how long, after one more failure."""
        health = self._health[name]
        if not error.retryable:
            health.probe_at = now + FINAL_ASIDE
        elif health.failures >= TOLERATED:
            aside = FIRST_ASIDE * 2.0 ** min(health.failures - TOLERATED, 10)
            health.probe_at = now + min(LONGEST_ASIDE, aside)
        if health.probe_at is None:
            return
        health.proven = False
        self._fails(health, error, now)
        if health.known_to_work is not False:
            health.known_to_work = False
            changed = TargetChanged(name, self.kind, working=False, error=error, fallback=self._fallback)
            self._observer.report(changed)

    @staticmethod
    def _fails(health: BackendHealth, error: SpeechServiceError, now: float) -> None:
        if health.error is None:
            health.since = now
        if not isinstance(error, PoolTimeout) or health.error is None:  # which says less
            health.error = copy.copy(error)  # the copy holds no traceback, whose frames hold what was said

    def is_due(self, name: str, now: float) -> bool:
        """Whether it was set aside long enough to look whether it is back."""
        probe_at = self._health[name].probe_at
        return probe_at is not None and now >= probe_at

    def known(self, name: str) -> SpeechServiceError | None:
        """Why no session can be opened there; None if nothing is known to be wrong with that."""
        refusals = self._health[name].refusals
        return copy.copy(refusals.error) if refusals else None

    def is_known_down(self, name: str, now: float) -> bool:
        """Whether every opening of the last `KNOWN_SECONDS` has failed in the same way."""
        refusals = self._health[name].refusals
        return refusals is not None and now - refusals.began >= KNOWN_SECONDS

    def states(self, now: float, unix: float) -> dict[str, TargetState]:
        """The state of each. `unix`: what `now` is in Unix time."""
        return {name: _state_of(health, unix - now) for name, health in self._health.items()}


def _state_of(health: BackendHealth, offset: float) -> TargetState:
    since = None if health.since is None else round(health.since + offset)
    if health.error is None:
        return TargetState("untried" if since is None else "good", since)
    next_try = None if health.probe_at is None else round(health.probe_at + offset)
    return TargetState("failing", since, str(health.error), health.error.code, next_try)


def _only_requests_tell(error: SpeechServiceError | None) -> bool:
    """Whether a session may open all the same."""
    return isinstance(error, QuotaExceeded) or is_unexplained(error)


def is_unexplained(error: SpeechServiceError | None) -> bool:
    """Whether nothing was transcribed and the service says no cause, as where the deployment is missing."""
    return isinstance(error, TranscriptionFailed) and error.unexplained


def unreachable(error: SpeechServiceError) -> bool:
    """Whether nobody answered at all, not even with a refusal: it may take long to learn that again."""
    return isinstance(error, ConnectFailed) and not error.status
