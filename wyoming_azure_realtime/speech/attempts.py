"""One request's way through failures: which target now, whether again, and after how long. Pure.

Attempts are limited by the request's deadline and by nothing else. A session that failed is replaced by
another one of the same target first; a target that failed twice, that has no session to give, or that cannot
heal by itself, by the next.
"""

from collections import Counter

from wyoming_azure_realtime.errors import PoolTimeout, RateLimited, SpeechServiceError
from wyoming_azure_realtime.settings.model import Target
from wyoming_azure_realtime.speech.targets import Targets, unreachable

TRIES_PER_TARGET = 2
LONGEST_WAIT = 2.0
FIRST_WAIT = 0.1


class Attempts:
    """`choose` a target, try, and report `failed` or `succeeded`; until `deadline`, in the given time."""

    def __init__(self, targets: Targets) -> None:
        self._targets = targets
        self._tries: Counter[str] = Counter()
        self._avoid: set[str] = set()
        self._target = ""
        self.deadline = float("inf")
        self.last_error: SpeechServiceError | None = None

    def choose(self) -> Target:
        """Where to try next."""
        target = self._targets.choose(self._avoid)
        self._target = target.name
        return target

    def succeeded(self) -> None:
        """The work is done."""
        self._targets.succeeded(self._target)

    def failed(self, error: SpeechServiceError, now: float) -> float:
        """How many seconds to wait before the next attempt. Raises `error` when there is none."""
        self.last_error = error
        self._targets.failed(self._target, error, now)
        self._tries[self._target] += 1
        hopeless = isinstance(error, RateLimited | PoolTimeout) or unreachable(error) or not error.retryable
        if hopeless or self._tries[self._target] % TRIES_PER_TARGET == 0:
            elsewhere = self._targets.others(self._target, self._avoid)
            self._avoid.add(self._target)
            if elsewhere:
                return 0.0
            if not error.retryable:
                raise error
            self._avoid.clear()
        wait = self._wait(error)
        if now + wait >= self.deadline:
            raise error
        return wait

    def _wait(self, error: SpeechServiceError) -> float:
        if isinstance(error, RateLimited) and error.retry_after is not None:
            return error.retry_after
        tries = self._tries.total()
        return 0.0 if tries == 1 else min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (tries - 2))
