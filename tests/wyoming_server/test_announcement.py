from hypothesis import given
from hypothesis import strategies as st

from wyoming_azure_realtime.settings.addresses import TcpAddress
from wyoming_azure_realtime.wyoming_server.announcement import Announcement, default_name, plan

INTERFACES = {
    "lo": ["127.0.0.1", "::1"],
    "eth0": ["192.0.2.7", "2001:db8::7", "fe80::7"],
    "docker0": ["172.17.0.1"],
}


def addresses(*hosts: str, interfaces: dict[str, list[str]] = INTERFACES) -> tuple[str, ...]:
    [announcement] = plan("name", [TcpAddress(host, 10300) for host in hosts], interfaces)
    return announcement.addresses


def test_behind_a_wildcard_stand_the_real_addresses_of_its_family():
    assert addresses("0.0.0.0") == ("192.0.2.7",)
    assert addresses("::") == ("2001:db8::7",)
    assert addresses("0.0.0.0", "::") == ("192.0.2.7", "2001:db8::7")


def test_an_address_of_its_own_is_announced_as_it_is():
    assert addresses("192.0.2.7") == ("192.0.2.7",)
    assert addresses("fe80::7%eth0") == ("fe80::7",)


def test_a_link_local_address_is_announced_only_when_there_is_no_better():
    assert addresses("0.0.0.0", interfaces={"eth0": ["169.254.1.2", "192.0.2.7"]}) == ("192.0.2.7",)
    assert addresses("0.0.0.0", interfaces={"lo": ["127.0.0.1"], "eth0": ["169.254.1.2"]}) == ("169.254.1.2",)


def test_bridges_of_containers_are_announced_only_when_there_is_nothing_else():
    assert addresses("0.0.0.0", interfaces={"docker0": ["172.17.0.1"]}) == ("172.17.0.1",)


def test_loopback_is_announced_only_when_there_is_nothing_else():
    assert addresses("0.0.0.0", interfaces={"lo": ["127.0.0.1"]}) == ("127.0.0.1",)
    assert addresses("127.0.0.1", "::1") == ("127.0.0.1", "::1")
    assert addresses("127.0.0.1", "192.0.2.7") == ("192.0.2.7",)


def test_without_any_network_there_is_nothing_to_announce():
    assert addresses("0.0.0.0", interfaces={}) == ()


def test_every_port_is_announced_under_a_name_of_its_own():
    bound = [TcpAddress("0.0.0.0", 10300), TcpAddress("0.0.0.0", 10301), TcpAddress("127.0.0.1", 10302)]
    assert plan("home", bound, INTERFACES) == [
        Announcement("home", 10300, ("192.0.2.7",)),
        Announcement("home-10301", 10301, ("192.0.2.7",)),
    ]


def test_the_default_name_is_stable_and_differs_between_machines_of_the_same_host_name():
    assert default_name("box.lan", "id-1") == default_name("box", "id-1")
    assert default_name("box", "id-1") != default_name("box", "id-2")
    assert default_name("box", "id-1").startswith("azure-realtime-box-")
    assert "id-1" not in default_name("box", "id-1")


@given(name=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=100))
def test_any_name_becomes_one_label_of_dns(name: str):
    [announcement] = plan(name, [TcpAddress("0.0.0.0", 1)], INTERFACES)
    assert len(announcement.name.encode()) <= 63
    assert "." not in announcement.name
