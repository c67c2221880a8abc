"""What all clients of a server together may use: who may connect, how much memory and time.

`ServerState` holds it for all connections: the registry of connections of all doors, those of this server
and the tasks of their requests, the buffer budget (memory for received bytes), the fair scheduler (time)
and the counts of what was refused. Limits on one client alone are where they apply: size of an event in
`events`, idle time in `connection`, a client that does not read in `event_writer`.
"""

import asyncio
import functools
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_interface, ip_network
from typing import Protocol

import ifaddr

from wyoming_azure_realtime.admission.connections import ConnectionRegistry, Member, Refusals, host_of
from wyoming_azure_realtime.settings.addresses import ANY, LOCAL, IpNetwork, parse_network
from wyoming_azure_realtime.settings.model import Limits
from wyoming_azure_realtime.wyoming_server.event_writer import SessionHolder, StallReaper

IpAddress = IPv4Address | IPv6Address

SLICE = 0.001
"""Seconds for which the events of one client are handled at once, while the others wait."""

ROUND = 0.003
"""Seconds for which all of those who send much are handled, until all sockets are looked at again.

Whether somebody speaks in what they sent is found out beyond that, and takes twice as long.
"""

_INTERFACES_SECONDS = 5.0
"""Seconds for which the interfaces count as unchanged: reading them blocks all clients for a millisecond."""

_READ_BYTES = 64 << 10

LOCAL_NETWORKS = tuple(
    ip_network(text)
    for text in (
        *("127.0.0.0/8", "::1/128"),  # this machine
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),  # RFC 1918, RFC 4193
        *("169.254.0.0/16", "fe80::/10"),  # link-local
        "100.64.0.0/10",  # RFC 6598: carriers, and overlays such as Tailscale
    )
)
"""What `local` stands for in `allowed_networks`, beside the networks that this machine is in."""


# Who may connect.


@functools.lru_cache(maxsize=1024)
def unmapped(host: str) -> IpAddress:
    """The address without its scope; an IPv4 address that is mapped into IPv6 becomes IPv4 again."""
    address = ip_address(host.partition("%")[0])
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address


@dataclass(frozen=True, slots=True)
class ClientAddress:
    """Where a client comes from.

    `peer`: its name in the log. `ip`: None unless it came by TCP. `remote`: through a socket, not stdio.
    """

    peer: str
    ip: IpAddress | None
    remote: bool

    @classmethod
    def of(cls, transport: asyncio.BaseTransport) -> "ClientAddress":
        """The address of the client at the other end of a transport."""
        remote = transport.get_extra_info("socket") is not None
        name = transport.get_extra_info("peername")
        if not isinstance(name, tuple):
            return cls("a client on the unix socket" if remote else "the client on stdio", None, remote)
        address = unmapped(name[0])
        host = f"[{address}]" if address.version == 6 else str(address)
        return cls(f"{host}:{name[1]}", address, remote)


def machine_networks() -> Sequence[IpNetwork]:
    """The networks that this machine is in now; none of them is the whole world."""
    texts = (
        f"{(ip.ip if isinstance(ip.ip, str) else ip.ip[0]).partition('%')[0]}/{ip.network_prefix}"
        for adapter in ifaddr.get_adapters()
        for ip in adapter.ips
    )
    networks = (ip_interface(text).network for text in texts)
    return [network for network in networks if network.prefixlen]


class AccessList:
    """The setting `allowed_networks`, for clients that come by TCP. Raises ValueError for a wrong network.

    `machine`: the networks that this machine is in; read at most every few seconds, and only for addresses
    that nothing else allows.
    """

    def __init__(
        self,
        allowed: Sequence[str],
        machine: Callable[[], Iterable[IpNetwork]] = machine_networks,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._allowed = tuple(allowed)
        self._anybody = ANY in allowed
        self._local = LOCAL in allowed
        listed = [parse_network(text) for text in allowed if text not in (ANY, LOCAL)]
        self._networks = (*listed, *(LOCAL_NETWORKS if self._local else ()))
        self._machine = machine
        self._clock = clock
        self._machine_networks: Iterable[IpNetwork] = ()
        self._read_at = float("-inf")

    def admits(self, address: IpAddress) -> bool:
        """Whether a client with this address may connect."""
        if self._anybody or any(address in network for network in self._networks):
            return True
        return self._local and any(address in network for network in self._current_networks())

    def refusal(self, client: ClientAddress) -> str:
        """Why a client may not connect, and how to change that; empty if it may."""
        if client.ip is not None and self.admits(client.ip):
            return ""
        advice = self.advice(client.ip) if client.ip is not None else ""
        return f"{client.peer} refused: it is in none of the allowed networks. {advice}".rstrip()

    def advice(self, address: IpAddress) -> str:
        """How to change the settings so that this address may connect."""
        return (
            f"To allow it, set WYOMING_AZURE_REALTIME_ALLOWED_NETWORKS={self.with_added(address)}"
            " (in a settings file: allowed_networks)."
        )

    def with_added(self, address: IpAddress) -> str:
        """The setting's text that would admit this address as well."""
        return ",".join((*self._allowed, str(address)))

    def _current_networks(self) -> Iterable[IpNetwork]:
        now = self._clock()
        if now - self._read_at >= _INTERFACES_SECONDS:
            self._read_at = now
            self._machine_networks = tuple(self._machine())
        return self._machine_networks


# The connections of this server.


class Client(SessionHolder, Member, Protocol):
    """A connection of this server, as far as stopping it needs."""

    @property
    def unsent(self) -> bool:
        """Whether something written waits for the client to read it."""

    def close_after_request(self) -> None:
        """Answer the request in progress, then close."""

    def fail_request(self) -> None:
        """Answer the request in progress with an error, because the server stops."""

    def abort(self) -> None:
        """Close at once."""


class Clients:
    """The connections of all listeners of this server, and the tasks that answer their requests.

    `sessions`: how many requests can be served at a time.
    """

    def __init__(self, sessions: int) -> None:
        self._clients: dict[Client, None] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stall_reaper = StallReaper(sessions, lambda: len(self._tasks), lambda: self._clients)
        self._empty = asyncio.Event()
        self._empty.set()

    def add(self, client: Client) -> None:
        """A connection was admitted."""
        self._clients[client] = None
        self._empty.clear()

    def remove(self, client: Client) -> None:
        """It has ended."""
        self._clients.pop(client, None)
        if not self._clients:
            self._empty.set()

    def open(self) -> list[Client]:
        """Every connection that is open."""
        return list(self._clients)

    def start_task(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Run the task of a request. A cancelled task may end a little later than its connection."""
        task = asyncio.get_running_loop().create_task(work, name="wyoming request")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._stall_reaper.check()
        return task

    async def wait_until_empty(self) -> None:
        """Wait until no connection is open. Without a time limit: the caller sets one."""
        await self._empty.wait()

    async def wait_for_tasks(self, seconds: float) -> None:
        """Wait until no request is in progress, at most so many seconds."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)


# How much memory and time.


class BufferHolder(Protocol):
    """A connection with bytes of events that are incomplete or have to wait. `address`: of its client."""

    address: str

    def drop_buffered(self) -> None:
        """Forget these bytes: all connections together have too many."""


class BufferBudget:
    """At most `most` bytes of unfinished events in all connections; beyond, one of them drops its.

    It is one of the address that has most; there the one whose event is unfinished for longest, among those
    that have at least nine tenths of their average. So whoever hoards loses, and not somebody whose
    chunk comes in two packets.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._total = 0
        self._sizes: dict[BufferHolder, int] = {}  # in the order in which they began to hold something

    def hold(self, holder: BufferHolder, size: int) -> None:
        """From now on `holder` has so many bytes. May call `drop_buffered` of any holder."""
        self._total += size - self._sizes.get(holder, 0)
        if size:
            self._sizes[holder] = size
        else:
            self._sizes.pop(holder, None)
        while self._total > self._most:
            loser = self._loser()
            self._total -= self._sizes.pop(loser)
            loser.drop_buffered()

    def _loser(self) -> BufferHolder:
        by_host: dict[str, int] = {}
        for holder, size in self._sizes.items():
            host = host_of(holder.address)
            by_host[host] = by_host.get(host, 0) + size
        heaviest = max(by_host, key=by_host.__getitem__)
        those = {holder: size for holder, size in self._sizes.items() if host_of(holder.address) == heaviest}
        return next(
            holder for holder, size in those.items() if 10 * size * len(those) >= 9 * by_host[heaviest]
        )


class FairScheduler:
    """A queue of connections whose events wait, so that one that sends much does not hold up the others.

    One of them runs, for about `SLICE` seconds; then all sockets are looked at before the next one runs.
    Whoever has sent much asks first whether it is `crowded`.
    """

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], None]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._round_ends: float | None = None

    def crowded(self) -> bool:
        """Whether others have had all the time that there is before all sockets are looked at again."""
        loop = asyncio.get_running_loop()
        if self._round_ends is not None:
            return loop.time() > self._round_ends
        self._round_ends = loop.time() + ROUND
        loop.call_soon(self._end_round)
        return False

    def _end_round(self) -> None:
        self._round_ends = None

    def queue(self, callback: Callable[[], None]) -> None:
        """Call `callback` once, after those that were queued before."""
        self._waiting.append(callback)
        if self._timer is None:
            self._wait()

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(SLICE, self._run_next)

    def _run_next(self) -> None:
        self._timer = None
        callback = self._waiting.popleft()
        if self._waiting:
            self._wait()
        callback()


@dataclass(frozen=True, slots=True)
class ServerState:
    """What all connections of a server share.

    `registry`: of the connections of all doors. `read_buffer`: where received bytes are put, whatever the
    connection, to be consumed at once; allocating one for every read would cost more than all the rest.
    """

    limits: Limits
    registry: ConnectionRegistry
    clients: Clients
    buffer_budget: BufferBudget
    scheduler: FairScheduler
    read_buffer: memoryview = field(default_factory=lambda: memoryview(bytearray(_READ_BYTES)))

    @classmethod
    def new(cls, limits: Limits, sessions: int, registry: ConnectionRegistry) -> "ServerState":
        """For a server without connections that can serve `sessions` requests at a time."""
        return cls(limits, registry, Clients(sessions), BufferBudget(limits.max_unfinished), FairScheduler())

    @property
    def refusals(self) -> Refusals:
        """What was refused to clients."""
        return self.registry.refusals
