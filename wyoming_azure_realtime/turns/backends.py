"""Which target a turn goes to: by preference, and by how the targets have been doing. Pure: time is given.

A target that keeps failing is set aside. From time to time it is due for a probe; as soon as anything
succeeds there, it is as good as before.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from wyoming_azure_realtime.errors import (
    ConnectFailed,
    PoolTimeout,
    RateLimited,
    SettingsError,
    SpeechServiceError,
)
from wyoming_azure_realtime.observe import Observer, TargetChanged, TurnKind
from wyoming_azure_realtime.settings.model import Target

TOLERATED = 2  # failures in a row before a target is set aside
FIRST_ASIDE = 5.0
LONGEST_ASIDE = 60.0
FINAL_ASIDE = 120.0  # for a wrong key or a missing deployment, which heal by hand


@dataclass(slots=True)
class BackendHealth:
    """How a target has been doing. `probe_at`: when to look whether it is back; None while it is trusted."""

    failures: int = 0
    probe_at: float | None = None


class Backends:
    """The targets for one kind of turn in order of preference, with their health.

    The observer is told when one of them is set aside, and when it is back.
    """

    def __init__(self, targets: Sequence[Target], kind: TurnKind, observer: Observer) -> None:
        if not targets:
            raise SettingsError("No target is configured.")
        self._kind = kind
        self._observer = observer
        self._targets = tuple(targets)
        self._health = {target.name: BackendHealth() for target in targets}

    @property
    def first(self) -> Target:
        """The preferred one, however it has been doing."""
        return self._targets[0]

    def choose(self, avoid: Collection[str] = ()) -> Target:
        """The first that is trusted and not avoided; else the first not avoided; else the first."""
        willing = [target for target in self._targets if target.name not in avoid]
        trusted = [target for target in willing if self._health[target.name].probe_at is None]
        return (trusted or willing or self._targets)[0]

    def others(self, name: str, avoid: Collection[str]) -> bool:
        """Whether there is a target besides `name` that is not avoided."""
        return any(target.name != name and target.name not in avoid for target in self._targets)

    def succeeded(self, name: str) -> None:
        """Record a success at target `name`: it is trusted from now on."""
        was_aside = self._health[name].probe_at is not None
        self._health[name] = BackendHealth()
        if was_aside:
            self._observer.report(TargetChanged(name, self._kind, working=True))

    def failed(self, name: str, error: SpeechServiceError, now: float) -> None:
        """Record a failure at target `name`, which may set it aside. `now` is in the time of `due`."""
        health = self._health[name]
        was_trusted = health.probe_at is None
        health.failures += TOLERATED if unreachable(error) else 1
        if not error.retryable:
            health.probe_at = now + FINAL_ASIDE
        elif health.failures >= TOLERATED:
            aside = FIRST_ASIDE * 2.0 ** min(health.failures - TOLERATED, 10)
            health.probe_at = now + min(LONGEST_ASIDE, aside)
        if was_trusted and health.probe_at is not None:
            self._observer.report(TargetChanged(name, self._kind, working=False, error=error))

    def due(self, now: float) -> list[Target]:
        """Targets that were set aside long enough to look whether they are back."""
        return [target for target in self._targets if self._due(target.name, now)]

    def states(self) -> dict[str, str]:
        """Every target's state in a word, for `/info`."""
        return {
            name: "good" if health.probe_at is None else "set aside" for name, health in self._health.items()
        }

    def _due(self, name: str, now: float) -> bool:
        probe_at = self._health[name].probe_at
        return probe_at is not None and now >= probe_at


def unreachable(error: SpeechServiceError) -> bool:
    """Whether nobody answered at all, not even with a refusal: it may take long to learn that again."""
    return isinstance(error, ConnectFailed) and not error.status


TRIES_PER_TARGET = 2
LONGEST_WAIT = 2.0
FIRST_WAIT = 0.1


class Retry:
    """`choose` a target and try; after a failure ask `failed` whether and when to try again."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends
        self._tries: Counter[str] = Counter()
        self._avoid: set[str] = set()
        self._target = ""
        self.last_error: SpeechServiceError | None = None

    def choose(self) -> Target:
        """Where to try next."""
        target = self._backends.choose(self._avoid)
        self._target = target.name
        return target

    def succeeded(self) -> None:
        """The service did what it was asked for."""
        self._backends.succeeded(self._target)

    def failed(self, error: SpeechServiceError, now: float, deadline: float) -> float:
        """Seconds to wait before the next attempt.

        Raises `error` when there is none: it would begin at `deadline` or later, or nothing heals the error.
        """
        self.last_error = error
        self._backends.failed(self._target, error, now)
        self._tries[self._target] += 1
        hopeless = isinstance(error, RateLimited | PoolTimeout) or unreachable(error) or not error.retryable
        if hopeless or self._tries[self._target] % TRIES_PER_TARGET == 0:
            elsewhere = self._backends.others(self._target, self._avoid)
            self._avoid.add(self._target)
            if elsewhere:
                return 0.0
            if not error.retryable:
                raise error
            self._avoid.clear()
        wait = self._wait(error)
        if now + wait >= deadline:
            raise error
        return wait

    def _wait(self, error: SpeechServiceError) -> float:
        if isinstance(error, RateLimited) and error.retry_after is not None:
            return error.retry_after
        tries = self._tries.total()
        return 0.0 if tries == 1 else min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (tries - 2))
