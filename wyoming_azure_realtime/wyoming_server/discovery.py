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
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import ifaddr
from zeroconf import Error as ZeroconfError
from zeroconf import InterfaceChoice, IPVersion, ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from wyoming_azure_realtime.settings.addresses import TcpAddress
from wyoming_azure_realtime.settings.model import Zeroconf as ZeroconfSettings
from wyoming_azure_realtime.wyoming_server.limits import IpAddress

_LOGGER = logging.getLogger(__name__)

SERVICE_TYPE = "_wyoming._tcp.local."
_MAX_LABEL = 63  # bytes of a DNS label
# networks of containers and virtual machines, whose addresses others have on their own; and VPNs and tunnels,
# which Home Assistant need not have. Docker's bridges are br- and 12 hexadecimal digits; br-lan is real.
_VIRTUAL = re.compile(
    r"docker|podman|br-[0-9a-f]{12}$|veth|virbr|vnet|vboxnet|vmnet|hassio|lxc|lxd|incus|nerdctl|vethernet"
    r"|cni|flannel|cali|cilium|kube|weave|nodelocaldns"
    r"|wg|tailscale|zt[0-9a-z]{8}|tun|tap|utun|ppp|ipsec|nebula|nordlynx|proton|cloudflarewarp"
    r"|gre|sit\d|ip6tnl|ipip|vti|vxlan|geneve|dummy",
    re.IGNORECASE,
)
_USUAL_PORT = 10300
# addresses of RFC 5737 and 3849, which are nowhere: the way to them is the default route
_ANYWHERE = ((socket.AF_INET, "203.0.113.1"), (socket.AF_INET6, "2001:db8:ffff::1"))
_POINT_TO_POINT = 0x10  # Linux, IFF_POINTOPOINT

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

    def __init__(self, settings: ZeroconfSettings, bound: Sequence[TcpAddress]) -> None:
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
    """One announcement per port. `interfaces`: the addresses of each network interface, the best one first.

    A port that only this machine reaches is announced only when there is no other. All but Wyoming's usual
    port are part of the name: so several servers on one host have names of their own whichever starts first,
    and Home Assistant, which knows a server by its name, does not mistake one for another.
    """
    ports: dict[int, list[IpAddress]] = {}
    for address in bound:
        ports.setdefault(address.port, []).append(_ip(address.host))
    if any(not _is_local(hosts) for hosts in ports.values()):
        ports = {port: hosts for port, hosts in ports.items() if not _is_local(hosts)}
    return [
        ServiceAnnouncement(_label(name, port), port, tuple(_reachable(hosts, interfaces)))
        for port, hosts in ports.items()
    ]


def default_name(host_name: str, machine: str) -> str:
    """A name that stays the same and differs between hosts. `machine`: what identifies this one."""
    digest = hashlib.sha256(f"wyoming-azure-realtime {machine}".encode()).hexdigest()[:6]
    return f"azure-realtime-{host_name.partition('.')[0] or 'host'}-{digest}"


def interface_addresses() -> dict[str, list[str]]:
    """The addresses of every network interface of this machine, by its name; that of the default route first.

    Links to a single other machine, as VPNs are whatever their name, are left out.
    """
    interfaces = {
        adapter.nice_name: [ip.ip if isinstance(ip.ip, str) else ip.ip[0] for ip in adapter.ips]
        for adapter in ifaddr.get_adapters()
        if not _is_point_to_point(adapter.nice_name)
    }
    sources = [_source_address(family, address) for family, address in _ANYWHERE]
    ranks = {
        name: min((sources.index(text) for text in found if text in sources), default=len(sources))
        for name, found in interfaces.items()
    }
    return dict(sorted(interfaces.items(), key=lambda interface: ranks[interface[0]]))


def _source_address(family: socket.AddressFamily, address: str) -> str:
    """The address of this machine from which packets go to `address`; empty if none would. Sends nothing."""
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 9))
            return str(probe.getsockname()[0])
    except OSError:
        return ""


def _is_point_to_point(name: str) -> bool:
    """As far as Linux tells; elsewhere False."""
    try:
        return bool(int(Path("/sys/class/net", name, "flags").read_text(), 16) & _POINT_TO_POINT)
    except (OSError, ValueError):
        return False


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
    outside = [address for name, found in by_name.items() if not _VIRTUAL.match(name) for address in found]
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


def _label(name: str, port: int) -> str:
    """A name as a DNS label can hold it, with the port unless that is the usual one."""
    plain = re.sub(r"[\x00-\x1f\x7f.]+", "-", name)
    ending = "" if port == _USUAL_PORT else f"-{port}"
    return plain.encode()[: _MAX_LABEL - len(ending)].decode(errors="ignore") + ending


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


async def heard_on(ports: Collection[int], within: float, *, loopback: bool = False) -> str:
    """An announcement of a server of this machine on one of these ports, as the network has it; or nothing.

    `loopback`: listen on loopback alone, as servers announce themselves that nobody else reaches. Takes
    `within` seconds at most, and little more to leave. Raises `OSError` where there is no multicast.
    """
    own = {text for found in interface_addresses().values() for text in found}
    names: asyncio.Queue[str] = asyncio.Queue()
    network = AsyncZeroconf(["127.0.0.1"] if loopback else InterfaceChoice.All)

    def changed(zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:
        if state_change is ServiceStateChange.Added:
            names.put_nowait(name)

    try:
        AsyncServiceBrowser(network.zeroconf, [SERVICE_TYPE], handlers=[changed])  # ends with the network
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                while True:
                    info = AsyncServiceInfo(SERVICE_TYPE, await names.get())
                    if (
                        not await info.async_request(network.zeroconf, 1000 * within)
                        or info.port not in ports
                    ):
                        continue
                    if where := [text for text in info.parsed_addresses() if text in own]:
                        return f"'{_instance(info)}' at {', '.join(where)}"
    finally:
        with suppress(TimeoutError, OSError, ZeroconfError):
            await asyncio.wait_for(network.async_close(), _UNREGISTER_SECONDS)
    return ""


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
