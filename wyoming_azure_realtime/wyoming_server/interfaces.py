"""The network interfaces of this machine, as the system has them now."""

from collections.abc import Iterator
from ipaddress import IPv4Interface, IPv6Interface, ip_interface

import ifaddr

from wyoming_azure_realtime.settings.addresses import IpNetwork


def addresses() -> dict[str, list[str]]:
    """The addresses of every network interface."""
    return {
        adapter.nice_name: [_text(address) for address in adapter.ips] for adapter in ifaddr.get_adapters()
    }


def prefixes() -> tuple[IpNetwork, ...]:
    """The networks that this machine is in; none of them is the whole world."""
    return tuple(interface.network for interface in _interfaces() if interface.network.prefixlen)


def _interfaces() -> Iterator[IPv4Interface | IPv6Interface]:
    for adapter in ifaddr.get_adapters():
        for address in adapter.ips:
            yield ip_interface(f"{_text(address).partition('%')[0]}/{address.network_prefix}")


def _text(address: ifaddr.IP) -> str:
    return address.ip if isinstance(address.ip, str) else address.ip[0]
