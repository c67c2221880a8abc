"""Announces the Wyoming ports to the local network by zeroconf, so that Home Assistant finds the server.

`plan` decides what is announced, from addresses alone; `Discovery` does it in the background. Nothing waits
for this and nothing depends on it: where multicast is impossible, one warning says so.
"""

import asyncio
import hashlib
import logging
import re
import secrets
import socket
import uuid
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import ifaddr
from zeroconf import Error as ZeroconfError
from zeroconf import InterfaceChoice, IPVersion
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from wyoming_azure_realtime.settings.addresses import TcpAddress
from wyoming_azure_realtime.settings.model import Zeroconf
from wyoming_azure_realtime.wyoming_server.limits import IpAddress

_LOGGER = logging.getLogger(__name__)

SERVICE_TYPE = "_wyoming._tcp.local."
_MAX_LABEL = 63  # bytes of a DNS label
# bridges of containers and virtual machines: others on the network have the same addresses on their own
_BRIDGES = re.compile(r"(docker|podman|br-|veth|virbr|vnet|cni|flannel|hassio|lxc|lxd)")

_REFRESH_SECONDS = 30.0
"""Seconds after which changed addresses are noticed: a network may come up after the server."""

_UNREGISTER_SECONDS = 2.0
_MAX_START_DELAY = 250  # ms, as RFC 6762 section 8.1 has it


@dataclass(frozen=True, slots=True)
class ServiceAnnouncement:
    """One service: its instance name, its port, and the addresses to reach it at."""

    name: str
    port: int
    addresses: tuple[str, ...]


class Discovery:
    """Announces every TCP port in the background until stopped."""

    def __init__(self, settings: Zeroconf, bound: Sequence[TcpAddress]) -> None:
        self._name = settings.name
        self._bound = bound if settings.enabled else ()
        self._task: asyncio.Task[None] | None = None
        self._warned = False
        self._senders = 0
        self._failed_sockets: set[str] = set()

    def start(self) -> None:
        """Begin to announce; returns at once. Call it when the ports accept connections."""
        if self._bound:
            self._task = asyncio.get_running_loop().create_task(self._keep_announced(), name="zeroconf")

    async def stop(self) -> None:
        """Withdraw the announcements, and end; takes at most 4 seconds."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task], timeout=2 * _UNREGISTER_SECONDS)

    async def _keep_announced(self) -> None:
        logger = logging.getLogger("zeroconf")
        logger.addFilter(self._filter_log)
        try:
            while True:
                try:
                    await self._announce(self._plan())
                except (OSError, ZeroconfError) as error:
                    self._warn(str(error) or type(error).__name__)
                except Exception:  # the server must run on
                    _LOGGER.exception("Announcing hit a bug")
                await asyncio.sleep(_REFRESH_SECONDS)
        finally:
            logger.removeFilter(self._filter_log)

    async def _announce(self, announcements: list[ServiceAnnouncement]) -> None:
        """Announce until the addresses change."""
        if not any(announcement.addresses for announcement in announcements):
            raise OSError("there is no network")
        network = self._open()
        try:
            await network.zeroconf.async_wait_for_start()
            self._senders = len(network.zeroconf.engine.senders)
            # two servers that start together must not look for a free name at the same instant
            await asyncio.sleep(secrets.randbelow(_MAX_START_DELAY) / 1000)
            for announcement in announcements:
                if announcement.addresses:
                    await _register(network, announcement)
            await self._changed(announcements)
        finally:
            for withdraw in (network.async_unregister_all_services, network.async_close):
                with suppress(TimeoutError, OSError, ZeroconfError):
                    await asyncio.wait_for(withdraw(), _UNREGISTER_SECONDS)

    async def _changed(self, announcements: list[ServiceAnnouncement]) -> None:
        """Wait until the announcements would be others. There is no portable event for that."""
        while self._plan() == announcements:  # noqa: ASYNC110
            await asyncio.sleep(_REFRESH_SECONDS)

    def _plan(self) -> list[ServiceAnnouncement]:
        return plan(self._name or _name_of_this_machine(), self._bound, interface_addresses())

    def _open(self) -> AsyncZeroconf:
        """Join the multicast groups where the ports are reachable: everywhere, or on what is bound."""
        hosts = [address.host for address in self._bound if not address.loopback]
        hosts = hosts or [address.host for address in self._bound]
        versions = {":" in host for host in hosts}
        version = IPVersion.All if len(versions) > 1 else (IPVersion.V4Only, IPVersion.V6Only)[versions.pop()]
        if not {"0.0.0.0", "::"}.isdisjoint(hosts):  # noqa: S104 - compared, not bound
            return AsyncZeroconf(InterfaceChoice.All, ip_version=version)
        return AsyncZeroconf(hosts, ip_version=version)

    def _filter_log(self, record: logging.LogRecord) -> bool:
        """Zeroconf reports every socket that cannot send; it matters, once, when no socket can."""
        if record.levelno < logging.WARNING:
            return True
        failed = record.exc_info and record.exc_info[1]
        if isinstance(failed, OSError):
            self._failed_sockets.add(record.msg)  # it names the socket
            if 0 < self._senders <= len(self._failed_sockets):
                self._warn(str(failed))
        _LOGGER.debug("zeroconf: %s", record.getMessage())
        return False

    def _warn(self, reason: str) -> None:
        level = logging.DEBUG if self._warned else logging.WARNING
        self._warned = True
        _LOGGER.log(level, "Home Assistant may not find this server by itself (zeroconf): %s", reason)


def plan(
    name: str, bound: Sequence[TcpAddress], interfaces: Mapping[str, Iterable[str]]
) -> list[ServiceAnnouncement]:
    """One announcement per port. `interfaces`: the addresses of each network interface of this machine.

    A port that only this machine reaches is announced only when there is no other.
    """
    ports: dict[int, list[IpAddress]] = {}
    for address in bound:
        ports.setdefault(address.port, []).append(_ip(address.host))
    if any(not _is_local(hosts) for hosts in ports.values()):
        ports = {port: hosts for port, hosts in ports.items() if not _is_local(hosts)}
    return [
        ServiceAnnouncement(
            _label(name if at == 0 else f"{name}-{port}"), port, tuple(_reachable(hosts, interfaces))
        )
        for at, (port, hosts) in enumerate(ports.items())
    ]


def default_name(host_name: str, machine: str) -> str:
    """A name that stays the same and differs between hosts. `machine`: what identifies this one."""
    digest = hashlib.sha256(f"wyoming-azure-realtime {machine}".encode()).hexdigest()[:6]
    return f"azure-realtime-{host_name.partition('.')[0] or 'host'}-{digest}"


def interface_addresses() -> dict[str, list[str]]:
    """The addresses of every network interface of this machine, by the interface's name."""
    return {
        adapter.nice_name: [ip.ip if isinstance(ip.ip, str) else ip.ip[0] for ip in adapter.ips]
        for adapter in ifaddr.get_adapters()
    }


def _reachable(hosts: list[IpAddress], interfaces: Mapping[str, Iterable[str]]) -> list[str]:
    """The real addresses behind what is bound, best kind only."""
    real: list[IpAddress] = [host for host in hosts if not host.is_unspecified]
    families = {host.version for host in hosts if host.is_unspecified}
    if families:
        real += [
            address
            for address in _interface_addresses(interfaces)
            if address.version in families and address not in real
        ]
    return [str(address) for address in _best(real)]


def _interface_addresses(interfaces: Mapping[str, Iterable[str]]) -> list[IpAddress]:
    by_name = {name: [_ip(text) for text in found] for name, found in interfaces.items()}
    outside = [address for name, found in by_name.items() if not _BRIDGES.match(name) for address in found]
    if any(not address.is_loopback for address in outside):
        return outside
    return [address for found in by_name.values() for address in found]


def _best(addresses: list[IpAddress]) -> list[IpAddress]:
    """Home Assistant ignores link-local addresses, and loopback means another machine to all others."""
    routable = [a for a in addresses if not (a.is_link_local or a.is_loopback)]
    return routable or [a for a in addresses if a.is_link_local] or addresses


def _is_local(hosts: list[IpAddress]) -> bool:
    return all(host.is_loopback for host in hosts)


def _ip(text: str) -> IpAddress:
    return ip_address(text.partition("%")[0])


def _label(name: str) -> str:
    """A name as a DNS label can hold it."""
    plain = re.sub(r"[\x00-\x1f\x7f.]+", "-", name)
    return plain.encode()[:_MAX_LABEL].decode(errors="ignore")


async def _register(network: AsyncZeroconf, announcement: ServiceAnnouncement) -> None:
    info = AsyncServiceInfo(
        SERVICE_TYPE,
        f"{announcement.name}.{SERVICE_TYPE}",
        port=announcement.port,
        parsed_addresses=list(announcement.addresses),
        # not the default, the instance name: if that is taken, the other host's addresses would be mixed in
        server=f"wyoming-{secrets.token_hex(6)}.local.",
    )
    await (await network.async_register_service(info, allow_name_change=True))
    where = ", ".join(announcement.addresses)
    _LOGGER.info("Announced as '%s': port %d at %s", _instance(info), announcement.port, where)


def _instance(info: AsyncServiceInfo) -> str:
    """The name it got in the end."""
    return str(info.name).removesuffix(f".{SERVICE_TYPE}")


def _name_of_this_machine() -> str:
    """The default name. Containers may have no machine id, but the address of a network card."""
    try:
        machine = Path("/etc/machine-id").read_text().strip()
    except OSError:
        machine = ""
    return default_name(socket.gethostname(), machine or f"{uuid.getnode():012x}")
