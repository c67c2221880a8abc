from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_azure_realtime.wyoming_server.networks import AllowedNetworks, unmapped

OWN = (ip_network("198.51.100.0/24"), ip_network("2001:db8:1::/64"))


def admits(allowed: list[str], host: str) -> bool:
    return AllowedNetworks(allowed).admits(unmapped(host), lambda: OWN)


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"),
        *("10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.20", "fd12:3456::1", "::ffff:192.168.1.20"),
        *("169.254.1.1", "fe80::1", "fe80::1%eth0"),
        *("100.64.0.1", "100.127.255.255"),
        *("198.51.100.7", "::ffff:198.51.100.7", "2001:db8:1::5"),
    ],
)
def test_the_home_may_connect_by_default(host: str):
    assert admits(["local"], host)


@pytest.mark.parametrize(
    "host",
    [
        *("203.0.113.7", "8.8.8.8", "172.32.0.1", "100.128.0.1", "100.63.255.255", "198.51.101.7"),
        *("2001:db8:2::5", "2606:4700::1", "::ffff:203.0.113.7", "2002:c0a8:0101::1"),
    ],
)
def test_the_rest_of_the_world_may_not(host: str):
    assert not admits(["local"], host)


def test_what_is_listed_replaces_the_default():
    allowed = ["203.0.113.0/24", "2001:db8:2::7"]
    assert admits(allowed, "203.0.113.200")
    assert admits(allowed, "::ffff:203.0.113.200")
    assert admits(allowed, "2001:db8:2::7")
    assert not admits(allowed, "2001:db8:2::8")
    assert not admits(allowed, "192.168.1.20")
    assert not admits(allowed, "198.51.100.7")
    assert admits(["local", *allowed], "192.168.1.20")


def test_any_is_everybody():
    assert admits(["any"], "203.0.113.7")
    assert admits(["any"], "2606:4700::1")


def test_a_world_of_ipv4_does_not_hold_ipv6():
    assert not admits(["0.0.0.0/0"], "2606:4700::1")
    assert admits(["0.0.0.0/0"], "::ffff:8.8.8.8")


def test_the_machines_own_networks_are_looked_at_only_where_they_decide():
    asked: list[int] = []

    def own() -> tuple[()]:
        asked.append(1)
        return ()

    networks = AllowedNetworks(["local"])
    assert networks.admits(ip_address("192.168.1.20"), own)
    assert asked == []
    assert not networks.admits(ip_address("203.0.113.7"), own)
    assert asked == [1]
    assert not AllowedNetworks(["10.0.0.0/8"]).admits(ip_address("203.0.113.7"), own)
    assert asked == [1]


@given(st.ip_addresses())
def test_what_is_added_is_admitted(address: IPv4Address | IPv6Address):
    text = AllowedNetworks(["local"]).with_added(address)
    assert AllowedNetworks(text.split(",")).admits(unmapped(str(address)), lambda: ())
