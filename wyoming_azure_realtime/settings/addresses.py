"""Addresses that users write: URIs of listeners, `host:port`, networks. Texts in, typed addresses out. Pure.

A text that is no address raises ValueError with the reason as a clause ("it has no valid host").
"""

import ipaddress
import re
from dataclasses import dataclass

from wyoming_azure_realtime.errors import InvalidRequest

LOCAL, ANY = "local", "any"
"""Names of networks: those of the home, and all."""

EMBEDDED = "embedded"
"""Among the addresses of fallbacks: the embedded backend."""

# sun_path holds 108 bytes on Linux, 104 elsewhere, one of them for the end
MAX_UNIX_PATH = 103

_HOME_NAMES = (".local", ".internal", ".home.arpa")  # RFC 6762, ICANN 2024, RFC 8375
_SINGLE_NAME = re.compile(r"[a-z_][a-z0-9_-]*")  # digits, or 0x and digits, are an address in other clothes
_SHARED = ipaddress.IPv4Network("100.64.0.0/10")  # RFC 6598; of VPNs such as Tailscale, too

_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_.])?")
_PORT = re.compile(r"[0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class TcpAddress:
    """Host (a name or an IP address, without brackets) and port; port 0 takes a free one."""

    host: str
    port: int

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return is_loopback(self.host)

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class UnixAddress:
    """The path of a socket."""

    path: str


@dataclass(frozen=True, slots=True)
class StdioAddress:
    """Standard input and output: one client."""


Address = TcpAddress | UnixAddress | StdioAddress
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


def parse_uri(uri: str) -> Address:
    """The address of a Wyoming URI. Raises ValueError with the reason."""
    scheme, separator, rest = uri.partition("://")
    match scheme.lower() if separator else "":
        case "tcp":
            return parse_host_port(rest.removesuffix("/"))
        case "unix":
            return _unix(rest)
        case "stdio" if rest in ("", "/"):
            return StdioAddress()
    raise ValueError("it is no address that begins with tcp://, unix:// or stdio://")


def parse_host_port(text: str) -> TcpAddress:
    """`host:port`, an IPv6 address in brackets. Raises ValueError with the reason."""
    host, separator, port = text.rpartition(":")
    if not separator or not _PORT.fullmatch(port) or int(port) > 65535:
        raise ValueError("it does not end with a port from 0 to 65535")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
        if not _is_ipv6(host):
            raise ValueError("what stands in brackets is no IPv6 address")
    elif ":" in host:
        raise ValueError("an IPv6 address needs brackets: [::1]:5000")
    elif not _HOST.fullmatch(host):
        raise ValueError("it has no valid host")
    return TcpAddress(host, int(port))


def parse_network(text: str) -> IpNetwork:
    """A network or a single address; IPv4 within IPv6 counts as IPv4. Raises ValueError with the reason."""
    try:
        network = ipaddress.ip_network(text)
    except ValueError as error:
        raise ValueError(_why_no_network(text)) from error
    mapped = network[0].ipv4_mapped if isinstance(network, ipaddress.IPv6Network) else None
    if mapped is not None and network.prefixlen >= 96:
        return ipaddress.IPv4Network((mapped, network.prefixlen - 96))
    return network


def is_loopback(host: str) -> bool:
    """Whether a host, which is a name or an IP address, can only mean this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_private(host: str) -> bool:
    """Whether a host can only be at home: a private address, or a name that no public DNS has."""
    try:
        address = _plain(host)
    except ValueError:
        name = host.lower().rstrip(".")
        return bool(_SINGLE_NAME.fullmatch(name)) or name.endswith(_HOME_NAMES)
    shared = isinstance(address, ipaddress.IPv4Address) and address in _SHARED
    return (address.is_private and not address.is_unspecified) or shared


def is_address(host: str) -> bool:
    """Whether it is an IP address, rather than a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def same_host(peer: str, address: str) -> bool:
    """Whether a connection's other end has this address; IPv4 within IPv6 counts as IPv4."""
    try:
        return _plain(peer) == _plain(address)
    except ValueError:
        return False


def server_address(uri: str) -> TcpAddress | UnixAddress:
    """Where a client finds a running server; a URI of tcp or unix. Raises `InvalidRequest`."""
    try:
        address = parse_uri(uri)
    except ValueError as error:
        raise InvalidRequest(f"'{uri}' is no address of a Wyoming server: {error}.") from error
    if isinstance(address, TcpAddress | UnixAddress):
        return address
    raise InvalidRequest("A server on stdio has its one client already.", advice="Name one on tcp or unix.")


def _plain(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    address = ipaddress.ip_address(text)
    return getattr(address, "ipv4_mapped", None) or address


def _unix(path: str) -> UnixAddress:
    if not path:
        raise ValueError("it has no path")
    if len(path.encode()) > MAX_UNIX_PATH:
        raise ValueError(f"its path is longer than {MAX_UNIX_PATH} bytes")
    return UnixAddress(path)


def _why_no_network(text: str) -> str:
    try:
        return f"that address is in the network {ipaddress.ip_interface(text).network}"
    except ValueError:
        return "it is no network and no address"


def _is_ipv6(host: str) -> bool:
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return True


def every_family(host: str) -> tuple[str, ...]:
    """The hosts to listen on for one: whoever writes `::` means every address, of both families."""
    return ("::", "0.0.0.0") if host == "::" else (host,)  # noqa: S104 - as it was asked for
