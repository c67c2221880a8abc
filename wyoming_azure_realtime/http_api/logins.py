"""Logins: cookies that stand for the token in a browser, and how often somebody may try to get one.

In memory only: whoever was logged in when the program ended logs in again. Pure: time is given.
"""

import hashlib
import ipaddress
import math
import secrets
import time
from collections import deque
from collections.abc import Callable

COOKIE = "wyoming-azure-realtime"
LASTS_SECONDS = 30 * 86400.0
MOST_LOGINS = 256
"""Logins at a time; the oldest ends for one more."""

TRIES_SECONDS = 60.0
MOST_TRIES, MOST_TRIES_OF_ONE = 30, 5
"""Wrong tokens in `TRIES_SECONDS`, of all and of one address."""


class Logins:
    """Who is logged in. `clock`: seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ends: dict[bytes, float] = {}  # by hash, so that no id can be found by how long it takes
        self._tries: deque[tuple[float, str]] = deque(maxlen=MOST_TRIES)

    def begin(self) -> str:
        """A new login: the cookie's value."""
        value = secrets.token_urlsafe(32)
        while len(self._ends) >= MOST_LOGINS:
            del self._ends[next(iter(self._ends))]
        self._ends[_hash(value)] = self._clock() + LASTS_SECONDS
        return value

    def knows(self, value: str) -> bool:
        """Whether it is the cookie of a login that lasts."""
        return bool(value) and self._ends.get(_hash(value), -math.inf) > self._clock()

    def end(self, value: str) -> None:
        """Log out."""
        self._ends.pop(_hash(value), None)

    def wait(self, address: str) -> int:
        """Seconds until this address may try again; 0: now."""
        now, one = self._clock(), _network(address)
        while self._tries and self._tries[0][0] <= now - TRIES_SECONDS:
            self._tries.popleft()
        own = [at for at, who in self._tries if who == one]
        oldest = 0.0
        if len(own) >= MOST_TRIES_OF_ONE:
            oldest = own[-MOST_TRIES_OF_ONE]
        elif len(self._tries) >= MOST_TRIES:
            oldest = self._tries[0][0]
        else:
            return 0
        return max(1, math.ceil(oldest + TRIES_SECONDS - now))

    def failed(self, address: str) -> None:
        """Somebody there gave a wrong token."""
        self._tries.append((self._clock(), _network(address)))


def _hash(value: str) -> bytes:
    return hashlib.sha256(value.encode(errors="surrogateescape")).digest()


def _network(address: str) -> str:
    """Whoever has one address of IPv6 has the 2^64 beside it."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
