from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_azure_realtime.settings.addresses import IpNetwork
from wyoming_azure_realtime.wyoming_server.discovery import interface_addresses
from wyoming_azure_realtime.wyoming_server.limits import AccessList, machine_networks, unmapped

STRANGER = ip_address("203.0.113.7")


class Machine:
    """Its networks may change; it counts how often they were looked at."""

    def __init__(self) -> None:
        self.networks: list[IpNetwork] = []
        self.looks = 0
        self.now = 0.0

    def look(self) -> list[IpNetwork]:
        self.looks += 1
        return self.networks


def test_a_network_that_the_machine_joins_may_connect_and_one_that_it_left_may_not() -> None:
    machine = Machine()
    access_list = AccessList(["local"], machine.look, lambda: machine.now)
    assert not access_list.admits(STRANGER)
    machine.networks = [ip_network("203.0.113.0/24")]
    machine.now = 6
    assert access_list.admits(STRANGER)
    machine.networks = []
    machine.now = 12
    assert not access_list.admits(STRANGER)


def test_a_flood_of_strangers_makes_it_look_once_in_a_while() -> None:
    machine = Machine()
    access_list = AccessList(["local"], machine.look, lambda: machine.now)
    for at in range(10_000):
        machine.now = at / 1000
        assert not access_list.admits(STRANGER)
    assert machine.looks == 2


def test_it_says_what_would_let_a_stranger_in() -> None:
    assert "_ALLOWED_NETWORKS=local,203.0.113.7 " in AccessList(["local"]).advice(STRANGER)


def test_this_machine_is_in_the_networks_of_its_own_addresses() -> None:
    machine = machine_networks()
    assert all(network.prefixlen for network in machine)
    for texts in interface_addresses().values():
        for text in texts:
            assert any(ip_address(text.partition("%")[0]) in network for network in machine)


MACHINE = (ip_network("198.51.100.0/24"), ip_network("2001:db8:1::/64"))


def admits(allowed: list[str], host: str) -> bool:
    return AccessList(allowed, lambda: MACHINE).admits(unmapped(host))


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
def test_the_home_may_connect_by_default(host: str) -> None:
    assert admits(["local"], host)


@pytest.mark.parametrize(
    "host",
    [
        *("203.0.113.7", "8.8.8.8", "172.32.0.1", "100.128.0.1", "100.63.255.255", "198.51.101.7"),
        *("2001:db8:2::5", "2606:4700::1", "::ffff:203.0.113.7", "2002:c0a8:0101::1"),
    ],
)
def test_the_rest_of_the_world_may_not(host: str) -> None:
    assert not admits(["local"], host)


def test_what_is_listed_replaces_the_default() -> None:
    allowed = ["203.0.113.0/24", "2001:db8:2::7"]
    assert admits(allowed, "203.0.113.200")
    assert admits(allowed, "::ffff:203.0.113.200")
    assert admits(allowed, "2001:db8:2::7")
    assert not admits(allowed, "2001:db8:2::8")
    assert not admits(allowed, "192.168.1.20")
    assert not admits(allowed, "198.51.100.7")
    assert admits(["local", *allowed], "192.168.1.20")


def test_any_is_everybody() -> None:
    assert admits(["any"], "203.0.113.7")
    assert admits(["any"], "2606:4700::1")


def test_a_world_of_ipv4_does_not_hold_ipv6() -> None:
    assert not admits(["0.0.0.0/0"], "2606:4700::1")
    assert admits(["0.0.0.0/0"], "::ffff:8.8.8.8")


def test_the_machines_own_networks_are_looked_at_only_where_they_decide() -> None:
    asked: list[int] = []

    def machine() -> tuple[()]:
        asked.append(1)
        return ()

    access_list = AccessList(["local"], machine)
    assert access_list.admits(ip_address("192.168.1.20"))
    assert asked == []
    assert not access_list.admits(ip_address("203.0.113.7"))
    assert asked == [1]
    assert not AccessList(["10.0.0.0/8"], machine).admits(ip_address("203.0.113.7"))
    assert asked == [1]


@given(st.ip_addresses())
def test_what_is_added_is_admitted(address: IPv4Address | IPv6Address) -> None:
    text = AccessList(["local"]).with_added(address)
    assert AccessList(text.split(","), tuple).admits(unmapped(str(address)))
