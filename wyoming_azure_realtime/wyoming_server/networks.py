"""Who may connect: decided from an address, the settings, and the networks this machine is in."""

import functools
from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from wyoming_azure_realtime.settings.addresses import ANY, LOCAL, IpNetwork, parse_network

IpAddress = IPv4Address | IPv6Address

HOME = tuple(
    ip_network(text)
    for text in (
        *("127.0.0.0/8", "::1/128"),  # this machine
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),  # RFC 1918, RFC 4193
        *("169.254.0.0/16", "fe80::/10"),  # link-local
        "100.64.0.0/10",  # RFC 6598: carriers, and overlays such as Tailscale
    )
)
"""What `local` stands for, beside the networks that this machine is in."""


@functools.lru_cache(maxsize=1024)
def unmapped(host: str) -> IpAddress:
    """An address without its scope, and as IPv4 if that is what it holds."""
    address = ip_address(host.partition("%")[0])
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address


class AllowedNetworks:
    """The setting `allowed_networks`, made ready to be asked. Raises ValueError for what is no network."""

    def __init__(self, allowed: Sequence[str]) -> None:
        self._allowed = tuple(allowed)
        self._anybody = ANY in allowed
        self._local = LOCAL in allowed
        named = [parse_network(text) for text in allowed if text not in (ANY, LOCAL)]
        self._networks = (*named, *(HOME if self._local else ()))

    def admits(self, address: IpAddress, own: Callable[[], Iterable[IpNetwork]]) -> bool:
        """Whether it may connect. `own`: this machine's networks, asked for only where they matter."""
        if self._anybody or any(address in network for network in self._networks):
            return True
        return self._local and any(address in network for network in own())

    def with_added(self, address: IpAddress) -> str:
        """The setting's text that would admit it, too."""
        return ",".join((*self._allowed, str(address)))
