"""One piece of work's way through failures: which backend now, whether again, and after how long. Pure.

Attempts are limited by a deadline and by the budget. A session that failed is replaced by another one of the
same backend first; a backend that failed twice, that has no session to give, or that cannot heal by itself,
by the next.
"""

from collections import Counter

from wyoming_azure_realtime.errors import PoolTimeout, RateLimited, SpeechServiceError
from wyoming_azure_realtime.settings.model import Target
from wyoming_azure_realtime.turns.backends import Backends, unreachable

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
