"""What to tell the local network: names and addresses, decided without touching it."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from wyoming_azure_realtime.settings.addresses import TcpAddress

SERVICE_TYPE = "_wyoming._tcp.local."
_MAX_LABEL = 63  # bytes of a DNS label
# bridges of containers and virtual machines: others on the network have the same addresses on their own
_BRIDGES = re.compile(r"(docker|podman|br-|veth|virbr|vnet|cni|flannel|hassio|lxc|lxd)")

IpAddress = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Announcement:
    """One service: its instance name, its port, and the addresses to reach it at."""

    name: str
    port: int
    addresses: tuple[str, ...]


def default_name(host_name: str, machine: str) -> str:
    """A name that stays the same and differs between hosts. `machine`: what identifies this one."""
    digest = hashlib.sha256(f"wyoming-azure-realtime {machine}".encode()).hexdigest()[:6]
    return f"azure-realtime-{host_name.partition('.')[0] or 'host'}-{digest}"


def plan(
    name: str, bound: Sequence[TcpAddress], interfaces: Mapping[str, Iterable[str]]
) -> list[Announcement]:
    """One announcement per port. `interfaces`: the addresses of each network interface of this machine.

    A port that only this machine reaches is announced only when there is no other.
    """
    ports: dict[int, list[IpAddress]] = {}
    for address in bound:
        ports.setdefault(address.port, []).append(_ip(address.host))
    if any(not _is_local(hosts) for hosts in ports.values()):
        ports = {port: hosts for port, hosts in ports.items() if not _is_local(hosts)}
    return [
        Announcement(
            _label(name if at == 0 else f"{name}-{port}"), port, tuple(_reachable(hosts, interfaces))
        )
        for at, (port, hosts) in enumerate(ports.items())
    ]


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
    own = {name: [_ip(text) for text in found] for name, found in interfaces.items()}
    outside = [address for name, found in own.items() if not _BRIDGES.match(name) for address in found]
    if any(not address.is_loopback for address in outside):
        return outside
    return [address for found in own.values() for address in found]


def _best(addresses: list[IpAddress]) -> list[IpAddress]:
    """Home Assistant ignores link-local addresses, and loopback means another machine to everybody else."""
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
