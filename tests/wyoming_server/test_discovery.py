import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import ifaddr
import pytest
from hypothesis import given
from hypothesis import strategies as st
from zeroconf import ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from tests.support.wyoming_peer import eventually
from wyoming_azure_realtime.settings.addresses import TcpAddress
from wyoming_azure_realtime.settings.model import Zeroconf as Settings
from wyoming_azure_realtime.wyoming_server.discovery import (
    SERVICE_TYPE,
    Discovery,
    ServiceAnnouncement,
    default_name,
    interface_addresses,
    plan,
)

LOOPBACK = TcpAddress("127.0.0.1", 10300)
OTHER = TcpAddress("127.0.0.1", 45679)
OWN = f"test-{os.getpid()}"
"""What names begin with: other runs of these tests hear the same loopback."""


class Network:
    """What a listener on loopback's multicast hears."""

    def __init__(self, zeroconf: AsyncZeroconf) -> None:
        self._zeroconf = zeroconf
        self.names: set[str] = set()

    def changed(
        self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange
    ) -> None:
        if state_change is ServiceStateChange.Removed:
            self.names.discard(name)
        else:
            self.names.add(name)

    async def info(self, name: str) -> AsyncServiceInfo:
        info = AsyncServiceInfo(SERVICE_TYPE, f"{name}.{SERVICE_TYPE}")
        assert await info.async_request(self._zeroconf.zeroconf, 3000)
        return info

    def has(self, name: str) -> bool:
        return f"{name}.{SERVICE_TYPE}" in self.names


@asynccontextmanager
async def network() -> AsyncIterator[Network]:
    try:
        zeroconf = AsyncZeroconf(["127.0.0.1"])
    except OSError:
        pytest.skip("this machine has no multicast on loopback")
    heard = Network(zeroconf)
    browser = AsyncServiceBrowser(zeroconf.zeroconf, [SERVICE_TYPE], handlers=[heard.changed])
    try:
        yield heard
    finally:
        await browser.async_cancel()
        await zeroconf.async_close()


async def test_a_port_is_announced_with_its_real_address_and_withdrawn_on_stop() -> None:
    async with network() as heard:
        discovery = Discovery(Settings(name=f"{OWN}-announced"), [LOOPBACK])
        discovery.start()
        try:
            await eventually(lambda: heard.has(f"{OWN}-announced"))
            info = await heard.info(f"{OWN}-announced")
            assert (info.port, info.parsed_addresses()) == (10300, ["127.0.0.1"])
        finally:
            await discovery.stop()
        await eventually(lambda: not heard.has(f"{OWN}-announced"))


async def test_a_name_that_is_taken_is_changed() -> None:
    async with network() as heard:
        first = Discovery(Settings(name=f"{OWN}-taken"), [OTHER])
        second = Discovery(Settings(name=f"{OWN}-taken-45679"), [LOOPBACK])
        try:
            first.start()
            await eventually(lambda: heard.has(f"{OWN}-taken-45679"))
            second.start()
            await eventually(lambda: heard.has(f"{OWN}-taken-45679-2"))
            assert (await heard.info(f"{OWN}-taken-45679")).port == 45679
            assert (await heard.info(f"{OWN}-taken-45679-2")).port == 10300
        finally:
            await asyncio.gather(first.stop(), second.stop())


@pytest.mark.parametrize("order", [(LOOPBACK, OTHER), (OTHER, LOOPBACK)], ids=["first", "last"])
async def test_two_servers_on_one_host_have_the_same_names_whoever_starts_first(
    order: tuple[TcpAddress, TcpAddress],
) -> None:
    name = f"{OWN}-two-{order[0].port}"
    async with network() as heard:
        servers = [Discovery(Settings(name=name), [address]) for address in order]
        try:
            servers[0].start()
            await eventually(lambda: any(name in announced for announced in heard.names))
            servers[1].start()
            await eventually(lambda: heard.has(name) and heard.has(f"{name}-45679"))
            assert (await heard.info(name)).port == 10300
            assert (await heard.info(f"{name}-45679")).port == 45679
        finally:
            await asyncio.gather(*(server.stop() for server in servers))


async def test_nothing_is_announced_when_it_is_switched_off_or_there_is_no_port() -> None:
    for discovery in (Discovery(Settings(enabled=False), [LOOPBACK]), Discovery(Settings(), [])):
        discovery.start()
        await discovery.stop()
        assert not [task for task in asyncio.all_tasks() if task.get_name() == "zeroconf"]


async def test_stopping_before_anything_was_announced_is_quick() -> None:
    discovery = Discovery(Settings(name=f"{OWN}-quick"), [LOOPBACK])
    discovery.start()
    async with asyncio.timeout(5):
        await discovery.stop()


def warnings(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_without_a_network_there_is_one_warning(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ifaddr, "get_adapters", list)
    nowhere = Discovery(Settings(name=f"{OWN}-nowhere"), [TcpAddress("0.0.0.0", 45678)])
    nowhere.start()
    await eventually(lambda: warnings(caplog))
    await nowhere.stop()
    [line] = warnings(caplog)
    assert "may not find this server" in line.getMessage()
    assert line.exc_info is None


async def test_sockets_that_cannot_send_are_one_warning_and_none_of_zeroconf(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with network() as heard:
        discovery = Discovery(Settings(name=f"{OWN}-mute"), [LOOPBACK])
        discovery.start()
        try:
            await eventually(lambda: heard.has(f"{OWN}-mute"))
            error = OSError(101, "Network is unreachable")
            for number in range(3):  # as zeroconf's listener reports it
                logging.getLogger("zeroconf").warning(
                    f"Error with socket {number}: %s", error, exc_info=error
                )
        finally:
            await discovery.stop()
    [line] = warnings(caplog)
    assert "Network is unreachable" in line.getMessage()
    assert line.exc_info is None


INTERFACES = {
    "lo": ["127.0.0.1", "::1"],
    "eth0": ["192.0.2.7", "2001:db8::7", "fe80::7"],
    "docker0": ["172.17.0.1"],
}


def addresses(*hosts: str, interfaces: dict[str, list[str]] = INTERFACES) -> tuple[str, ...]:
    [announcement] = plan("name", [TcpAddress(host, 10300) for host in hosts], interfaces)
    return announcement.addresses


def test_behind_a_wildcard_stand_the_real_addresses_of_its_family() -> None:
    assert addresses("0.0.0.0") == ("192.0.2.7",)
    assert addresses("::") == ("2001:db8::7",)
    assert addresses("0.0.0.0", "::") == ("192.0.2.7", "2001:db8::7")


def test_an_address_of_its_own_is_announced_as_it_is() -> None:
    assert addresses("192.0.2.7") == ("192.0.2.7",)
    assert addresses("fe80::7%eth0") == ("fe80::7",)


def test_a_link_local_address_is_announced_only_when_there_is_no_better() -> None:
    assert addresses("0.0.0.0", interfaces={"eth0": ["169.254.1.2", "192.0.2.7"]}) == ("192.0.2.7",)
    assert addresses("0.0.0.0", interfaces={"lo": ["127.0.0.1"], "eth0": ["169.254.1.2"]}) == ("169.254.1.2",)


VIRTUAL = ["docker0", "docker_gwbridge", "br-0123456789ab", "podman1", "veth12ab", "virbr0", "vnet3",
           "hassio", "lxcbr0", "lxdbr0", "cni0", "flannel.1", "cali0", "kube-ipvs0", "wg0", "wg-home",
           "tailscale0", "ztabcdefgh", "tun0", "tap0", "utun4", "ppp0", "vboxnet0", "vmnet8", "sit0",
           "vEthernet (WSL)"]  # fmt: skip
REAL = ["eth0", "enp3s0", "end0", "wlan0", "wlp2s0", "br-lan", "br0", "br-guest", "vmbr0", "bond0", "eth0.20",
        "en0", "br-0123456789a", "Ethernet 2"]  # fmt: skip


@pytest.mark.parametrize("name", VIRTUAL)
def test_virtual_networks_and_tunnels_are_announced_only_when_there_is_nothing_else(name: str) -> None:
    assert addresses("0.0.0.0", interfaces={name: ["172.17.0.1"]}) == ("172.17.0.1",)
    assert addresses("0.0.0.0", interfaces={"lo": ["127.0.0.1"], name: ["172.17.0.1"]}) == ("172.17.0.1",)
    assert addresses("0.0.0.0", interfaces={name: ["172.17.0.1"], "x0": ["192.0.2.7"]}) == ("192.0.2.7",)


@pytest.mark.parametrize("name", REAL)
def test_real_interfaces_are_announced_bridges_too(name: str) -> None:
    assert addresses("0.0.0.0", interfaces={name: ["192.0.2.7"], "x0": ["192.0.2.8"]}) == (
        "192.0.2.7",
        "192.0.2.8",
    )


def test_this_machine_s_default_route_comes_first() -> None:
    interfaces = interface_addresses()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("198.51.100.1", 9))
        except OSError:
            pytest.skip("this machine has no default route")
        source = probe.getsockname()[0]
    if any(source in found for found in interfaces.values()):  # else it is a VPN's
        assert source in next(iter(interfaces.values()))


def test_loopback_is_announced_only_when_there_is_nothing_else() -> None:
    assert addresses("0.0.0.0", interfaces={"lo": ["127.0.0.1"]}) == ("127.0.0.1",)
    assert addresses("127.0.0.1", "::1") == ("127.0.0.1", "::1")
    assert addresses("127.0.0.1", "192.0.2.7") == ("192.0.2.7",)


def test_without_any_network_there_is_nothing_to_announce() -> None:
    assert addresses("0.0.0.0", interfaces={}) == ()


def test_every_port_is_announced_under_a_name_of_its_own() -> None:
    bound = [TcpAddress("0.0.0.0", 10300), TcpAddress("0.0.0.0", 10301), TcpAddress("127.0.0.1", 10302)]
    assert plan("home", bound, INTERFACES) == [
        ServiceAnnouncement("home", 10300, ("192.0.2.7",)),
        ServiceAnnouncement("home-10301", 10301, ("192.0.2.7",)),
    ]


def test_the_default_name_is_stable_and_differs_between_machines_of_the_same_host_name() -> None:
    assert default_name("box.lan", "id-1") == default_name("box", "id-1")
    assert default_name("box", "id-1") != default_name("box", "id-2")
    assert default_name("box", "id-1").startswith("azure-realtime-box-")
    assert "id-1" not in default_name("box", "id-1")


@given(
    name=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=100),
    ports=st.sets(st.sampled_from([1, 10300, 10301, 65535]), min_size=1),
)
def test_any_name_becomes_labels_of_dns_one_for_each_port(name: str, ports: set[int]) -> None:
    announcements = plan(name, [TcpAddress("0.0.0.0", port) for port in ports], INTERFACES)
    assert len({announcement.name for announcement in announcements}) == len(ports)
    for announcement in announcements:
        assert len(announcement.name.encode()) <= 63
        assert "." not in announcement.name
