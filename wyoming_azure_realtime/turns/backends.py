"""Which target a turn goes to: by preference, and by how the targets have been doing. Pure: time is given.

A target that is set aside is asked only where there is no other. One that is known to be down is tried once
and quickly; nobody waits for it long.
"""

import copy
from collections import Counter
from collections.abc import Collection, Sequence

from wyoming_azure_realtime.errors import (
    BackendTimeout,
    ConnectFailed,
    PoolTimeout,
    RateLimited,
    SessionLost,
    SettingsError,
    SpeechServiceError,
    SpendingLimit,
)
from wyoming_azure_realtime.observe import Observer, TurnKind
from wyoming_azure_realtime.settings.model import Target
from wyoming_azure_realtime.turns.health import HealthRecord, is_unexplained, unreachable


class Backends(HealthRecord):
    """The targets for one kind of turn in order of preference, with their health."""

    def __init__(
        self, targets: Sequence[Target], kind: TurnKind, observer: Observer, *, fallback: bool = False
    ) -> None:
        if not targets:
            raise SettingsError("No target is configured.")
        super().__init__((target.name for target in targets), kind, observer, fallback=fallback)
        self._targets = tuple(targets)

    @property
    def first(self) -> Target:
        """The preferred one, however it has been doing."""
        return self._targets[0]

    @property
    def targets(self) -> tuple[Target, ...]:
        """All of them, in order of preference."""
        return self._targets

    def limited_to(self, names: Sequence[str] | None) -> "Backends":
        """Those of these names, in this order, with the health of all; None: these themselves."""
        if names is None:
            return self
        limited = copy.copy(self)
        by_name = {target.name: target for target in self._targets}
        limited._targets = tuple(by_name[name] for name in names if name in by_name)  # noqa: SLF001 - our own
        return limited

    @property
    def available(self) -> bool:
        """Whether there is any target; where spending has ended, there may be none."""
        return bool(self._targets)

    def choose(self, avoid: Collection[str] = ()) -> Target:
        """The first that is trusted and not avoided; else the first not avoided; else the first.

        Raises `SpendingLimit` where none is left.
        """
        if not self._targets:
            raise SpendingLimit(
                "No more may be spent on the cloud.",
                advice="A limit of cost.day or cost.month is reached, see cost.action.",
            )
        willing = [target for target in self._targets if target.name not in avoid]
        trusted = [target for target in willing if self.is_trusted(target.name)]
        return (trusted or willing or self._targets)[0]

    def others(self, name: str, avoid: Collection[str]) -> bool:
        """Whether there is a target besides `name` that is not avoided."""
        return any(target.name != name and target.name not in avoid for target in self._targets)

    def due(self, now: float) -> list[Target]:
        """Targets that were set aside long enough to look whether they are back."""
        return [target for target in self._targets if self.is_due(target.name, now)]

    def working(self, avoid: Collection[str] = ()) -> bool:
        """Whether a target that is not avoided is trusted."""
        return any(target.name not in avoid and self.is_trusted(target.name) for target in self._targets)

    def known_down(self, now: float, avoid: Collection[str] = ()) -> bool:
        """Whether there are targets that are not avoided, and all of them are known to be down."""
        names = [target.name for target in self._targets if target.name not in avoid]
        return bool(names) and all(self.is_known_down(name, now) for name in names)


class SessionSilent(SessionLost):
    """The session does not answer at all, not even a ping."""


def is_silence(error: SpeechServiceError) -> bool:
    """Whether nobody said what went wrong: then other sessions of the target may be as dead as this one."""
    return isinstance(error, BackendTimeout | SessionSilent)


TRIES_PER_TARGET = 2
LONGEST_WAIT = 2.0
FIRST_WAIT = 0.1
QUICK_SECONDS = 3.0
"""For which anybody waits for targets that are all known to be down."""


class Retry:
    """`choose` a target and try; after a failure ask `failed` whether and when to try again.

    `excluded`: targets that are never chosen; there must be others. `one_round`: somebody else answers if no
    target does, so nobody waits for one: each that is trusted is asked, and once more only where that takes
    no time. Those that failed are set aside.

    While all targets are known to be down, each is tried once and quickly, then their error is told.
    """

    def __init__(
        self, backends: Backends, excluded: Collection[str] = frozenset(), *, one_round: bool = False
    ) -> None:
        self._backends = backends
        self._one_round = one_round
        self._tries: Counter[str] = Counter()
        self._excluded = frozenset(excluded)
        self._avoid: set[str] = {*excluded}
        self._target = ""
        self._quick_until: float | None = None
        self.last_error: SpeechServiceError | None = None

    def choose(self) -> Target:
        """Where to try next."""
        target = self._backends.choose(self._avoid)
        self._target = target.name
        return target

    @property
    def others(self) -> bool:
        """Whether there is another target to go to if the chosen one fails."""
        return self._backends.others(self._target, self._avoid)

    def deadline(self, deadline: float, now: float) -> float:
        """By when there has to be a session: `deadline`, or soon while all targets are known to be down."""
        if not self._backends.known_down(now, self._excluded):
            self._quick_until = None
            return deadline
        if self._quick_until is None:
            self._quick_until = now + QUICK_SECONDS
        return min(deadline, self._quick_until)

    def late(self) -> SpeechServiceError:
        """The error for a session that was not there in time: why none can be opened, where that is known."""
        return self._backends.known(self._target) or PoolTimeout("No session could be opened in time.")

    def succeeded(self, now: float) -> None:
        """The service did what it was asked for."""
        self._backends.succeeded(self._target, now)

    def failed(self, error: SpeechServiceError, now: float, deadline: float) -> float:
        """Seconds to wait before the next attempt.

        Raises `error` when there is none: it would begin at `deadline` or later, or nothing heals the error.
        What failed before is raised where `error` only says that there was no time for another attempt.
        """
        cause = self.last_error if self.last_error and isinstance(error, PoolTimeout) else error
        self.last_error = cause
        self._tries[self._target] += 1
        proven = self._backends.is_proven(self._target)
        enough = self._is_hopeless(error) or self._tries[self._target] % TRIES_PER_TARGET == 0
        self._backends.failed(self._target, error, now, at_once=enough and self._one_round)
        if enough and self._one_round:
            self._avoid.add(self._target)
            if not self._backends.working(self._avoid):
                raise cause
            return 0.0
        quick = self._quick_until is not None
        if enough or quick:
            elsewhere = self._backends.others(self._target, self._avoid)
            self._avoid.add(self._target)
            if elsewhere:
                return 0.0
            if quick or not error.retryable or (is_unexplained(error) and not proven):
                raise cause
            self._avoid = {*self._excluded}
        if self._backends.known_down(now, self._excluded):
            return 0.0  # for one quick try of each
        wait = self._wait(error)
        if now + wait >= deadline:
            raise cause
        return wait

    def _is_hopeless(self, error: SpeechServiceError) -> bool:
        """Whether to try the same again at once would be in vain."""
        if isinstance(error, RateLimited | PoolTimeout) or unreachable(error) or not error.retryable:
            return True
        return self._one_round and (is_silence(error) or isinstance(error, ConnectFailed))

    def _wait(self, error: SpeechServiceError) -> float:
        if isinstance(error, RateLimited) and error.retry_after is not None:
            return error.retry_after
        tries = self._tries.total()
        return 0.0 if tries == 1 else min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (tries - 2))
