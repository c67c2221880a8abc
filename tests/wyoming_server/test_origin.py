import asyncio
import socket
from ipaddress import ip_address

import pytest

from wyoming_azure_realtime.wyoming_server.origin import Origin


class Told(asyncio.BaseTransport):
    """A transport that knows this much."""

    def __init__(self, peername: object, sock: object = None) -> None:
        super().__init__({"peername": peername, "socket": sock})


@pytest.mark.parametrize(
    ("peername", "peer", "address"),
    [
        (("192.168.1.20", 5), "192.168.1.20:5", "192.168.1.20"),
        (("2001:db8::1", 5, 0, 0), "[2001:db8::1]:5", "2001:db8::1"),
        (("fe80::1%eth0", 5, 0, 2), "[fe80::1]:5", "fe80::1"),
        (("::ffff:192.168.1.20", 5, 0, 0), "192.168.1.20:5", "192.168.1.20"),
    ],
)
def test_a_client_over_tcp_has_an_address_and_a_port(peername: tuple[object, ...], peer: str, address: str):
    with socket.socket() as sock:
        assert Origin.of(Told(peername, sock)) == Origin(peer, ip_address(address), True)


def test_others_have_none():
    with socket.socket() as sock:
        assert Origin.of(Told("", sock)) == Origin("a client on the unix socket", None, True)
    assert Origin.of(Told(None)) == Origin("the client on stdio", None, False)
