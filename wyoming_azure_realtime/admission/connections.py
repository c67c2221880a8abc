"""The connections of all doors: how many there may be, and which of them makes room for a new one.

A stranger can hold a connection for nothing. So at a limit it is not the new one that is refused while
another is not in use: one that has sent nothing goes first, then one that has sent a part of its first
request, one that is being closed anyway, one without a request, and last one whose client has not gone on
with its request for `STALL_SECONDS`; of several the one that has been so for longest.
"""

import asyncio
import logging
import resource
from collections import Counter
from collections.abc import Mapping
from enum import IntEnum
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Protocol

import msgspec

from wyoming_azure_realtime.observe import ClientRefused, Observer
from wyoming_azure_realtime.settings.model import Limits

_LOGGER = logging.getLogger(__name__)

CONNECTIONS = "limits.max_connections"
PER_ADDRESS = "limits.max_per_address"

STALL_SECONDS = 2.0
"""How long a client may leave its request unfinished while there is no room for others."""

_SEARCH_SECONDS = 0.1
"""Between two searches among the connections with a request: looking at a thousand takes a while."""

_IPV6_HOST_BITS = 64

_OTHER_FILES = 256
"""File descriptors for sessions, listeners, files and whatever a library opens."""


class Stage(IntEnum):
    """What a connection is doing, in the order in which they make room."""

    SILENT = 0
    """Nothing was received from it."""

    INCOMPLETE = 1
    """A part of its first event or of a request's head was."""

    CLOSING = 2
    """Nothing more will be sent to it."""

    IDLE = 3
    """Between two requests."""

    BUSY = 4
    """A request is in progress."""


class Member(Protocol):
    """A connection, as the registry needs it.

    `door`: which server it is of, for the log; `peer`: the client's name there; `address`: its IP address,
    empty unless it came by TCP.
    """

    door: str
    peer: str
    address: str

    @property
    def awaited_since(self) -> float | None:
        """Since when its request waits for more from the client, by the loop's clock; None if it does not."""

    def abort(self) -> None:
        """Close at once."""


class Refusals:
    """Counts what was refused to clients, for each limit or rule, and reports it to the observer."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._counts: Counter[str] = Counter()

    @property
    def counts(self) -> Mapping[str, int]:
        """Number of refusals so far, for each limit, rule or error code."""
        return dict(self._counts)

    def count(self, bound: str) -> None:
        """Count one refusal without a log line."""
        self.report(bound, "")

    def report(
        self, bound: str, message: str, level: int = logging.WARNING, *, door: str = "wyoming"
    ) -> None:
        """Count one refusal and log `message` at `level`."""
        self._counts[bound] += 1
        self._observer.report(ClientRefused(door, str(bound), message, level))

    def __str__(self) -> str:
        return ", ".join(f"{bound}: {number}" for bound, number in sorted(self._counts.items()))


class _Group:
    """Connections by their stage, each in the order in which they came to it."""

    def __init__(self) -> None:
        self._stages: tuple[dict[Member, None], ...] = tuple({} for _ in Stage)

    def __len__(self) -> int:
        return sum(map(len, self._stages))

    def add(self, connection: Member, stage: Stage) -> None:
        self._stages[stage][connection] = None

    def discard(self, connection: Member, stage: Stage) -> None:
        self._stages[stage].pop(connection, None)

    def unused(self) -> Member | None:
        """The one that makes room first; None if all have a request."""
        for stage in self._stages[: Stage.BUSY]:
            if stage:
                return next(iter(stage))
        return None

    def stalled(self, latest: float) -> Member | None:
        """The one whose client has been awaited for longest, if that is since `latest` or before."""
        waits = (
            (since, number, connection)
            for number, connection in enumerate(self._stages[Stage.BUSY])
            if (since := connection.awaited_since) is not None and since <= latest
        )
        longest = min(waits, default=None, key=lambda wait: wait[:2])
        return longest and longest[2]


class ConnectionRegistry:
    """The connections of all doors, limited in all and for each address.

    A host with IPv6 has a whole network of addresses: those of a network of 64 bits count as one.
    """

    def __init__(self, limits: Limits, refusals: Refusals) -> None:
        self._most = limits.max_connections
        self._most_per_address = limits.max_per_address
        self.refusals = refusals
        self._stages: dict[Member, Stage] = {}
        self._all = _Group()
        self._by_address: dict[str, _Group] = {}
        self._searched_at = float("-inf")

    def __len__(self) -> int:
        return len(self._stages)

    def admit(self, newcomer: Member) -> bool:
        """Add a connection; False when there is no room for it."""
        address = host_of(newcomer.address)
        group = self._by_address.get(address)
        crowded = bool(address) and group is not None and len(group) >= self._most_per_address
        if crowded and not self._make_room(newcomer, PER_ADDRESS, group or self._all):
            return False
        if len(self._stages) >= self._most and not self._make_room(newcomer, CONNECTIONS, self._all):
            return False
        self._put(newcomer, Stage.SILENT)
        return True

    def enter(self, connection: Member, stage: Stage) -> None:
        """From now on the connection is in this stage. Nothing happens to one that was not admitted."""
        before = self._stages.get(connection)
        if before is not None and before is not stage and before is not Stage.CLOSING:
            self.remove(connection)
            self._put(connection, stage)

    def stage_of(self, connection: Member) -> Stage | None:
        """None for one that was not admitted, or has gone."""
        return self._stages.get(connection)

    def remove(self, connection: Member) -> None:
        """Forget a connection that has ended."""
        stage = self._stages.pop(connection, None)
        if stage is None:
            return
        address = host_of(connection.address)
        group = self._by_address[address]
        group.discard(connection, stage)
        self._all.discard(connection, stage)
        if not len(group):
            del self._by_address[address]

    def _put(self, connection: Member, stage: Stage) -> None:
        self._stages[connection] = stage
        self._all.add(connection, stage)
        self._by_address.setdefault(host_of(connection.address), _Group()).add(connection, stage)

    def _make_room(self, newcomer: Member, bound: str, group: _Group) -> bool:
        """Close one connection of a group. False when all are in use."""
        oldest, reason = group.unused(), "it is not in use"
        if oldest is None:
            oldest, reason = self._stalled(group), "its request does not go on"
        if oldest is None:
            message = f"{newcomer.peer} refused: {bound} is reached"
            self.refusals.report(bound, message, door=newcomer.door)
            return False
        message = f"{oldest.peer} closed: {reason}, and {bound} is reached"
        self.refusals.report(bound, message, door=oldest.door)
        self.remove(oldest)
        oldest.abort()
        return True

    def _stalled(self, group: _Group) -> Member | None:
        now = asyncio.get_running_loop().time()
        if now - self._searched_at < _SEARCH_SECONDS:
            return None
        found = group.stalled(now - STALL_SECONDS)
        if found is None:
            self._searched_at = now
        return found


def host_of(address: str) -> str:
    """What counts as one address: an IPv4 address, or an IPv6 network of 64 bits; empty if it is none."""
    if ":" not in address:
        return address
    plain = ip_address(address.partition("%")[0])
    if not isinstance(plain, IPv6Address) or plain.ipv4_mapped:
        return str(plain.ipv4_mapped if isinstance(plain, IPv6Address) else plain)
    return str(ip_network((plain, _IPV6_HOST_BITS), strict=False))


def connection_registry(limits: Limits, observer: Observer) -> ConnectionRegistry:
    """A registry without connections, for as many as the system allows; `observer` gets what is refused."""
    possible = msgspec.structs.replace(limits, max_connections=room_for(limits.max_connections))
    return ConnectionRegistry(possible, Refusals(observer))


def room_for(connections: int) -> int:
    """How many connections are possible; raises the system's limit of open files as far as that is needed."""
    soft, hard = (_number(limit) for limit in resource.getrlimit(resource.RLIMIT_NOFILE))
    needed = connections + _OTHER_FILES
    if soft < needed:
        soft = _raised(min(needed, hard), soft)
    if soft >= needed:
        return connections
    possible = max(soft - _OTHER_FILES, soft // 2)
    _LOGGER.warning(
        "Only %d connections are possible instead of limits.max_connections = %d: "
        "the system lets this process open %d files (ulimit -n)",
        possible,
        connections,
        soft,
    )
    return possible


def _raised(needed: int, soft: int) -> int:
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    except (OSError, ValueError):  # some systems grant less than they promise
        return soft
    return needed


def _number(limit: int) -> int:
    return 1 << 30 if limit == resource.RLIM_INFINITY else limit
