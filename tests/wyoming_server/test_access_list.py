from ipaddress import ip_address, ip_network

from wyoming_azure_realtime.settings.addresses import IpNetwork
from wyoming_azure_realtime.wyoming_server.access_list import AccessList
from wyoming_azure_realtime.wyoming_server.interfaces import addresses, prefixes

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


def test_a_network_that_the_machine_joins_may_connect_and_one_that_it_left_may_not():
    machine = Machine()
    gate = AccessList(["local"], machine.look, lambda: machine.now)
    assert not gate.admits(STRANGER)
    machine.networks = [ip_network("203.0.113.0/24")]
    machine.now = 6
    assert gate.admits(STRANGER)
    machine.networks = []
    machine.now = 12
    assert not gate.admits(STRANGER)


def test_a_flood_of_strangers_makes_it_look_once_in_a_while():
    machine = Machine()
    gate = AccessList(["local"], machine.look, lambda: machine.now)
    for at in range(10_000):
        machine.now = at / 1000
        assert not gate.admits(STRANGER)
    assert machine.looks == 2


def test_it_says_what_would_let_a_stranger_in():
    assert "_ALLOWED_NETWORKS=local,203.0.113.7 " in AccessList(["local"]).advice(STRANGER)


def test_this_machine_is_in_the_networks_of_its_own_addresses():
    own = prefixes()
    assert all(network.prefixlen for network in own)
    for texts in addresses().values():
        for text in texts:
            assert any(ip_address(text.partition("%")[0]) in network for network in own)
