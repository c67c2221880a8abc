import asyncio
import logging
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
    plan,
)

LOOPBACK = TcpAddress("127.0.0.1", 45678)


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


async def test_a_port_is_announced_with_its_real_address_and_withdrawn_on_stop():
    async with network() as heard:
        discovery = Discovery(Settings(name="test-announced"), [LOOPBACK])
        discovery.start()
        try:
            await eventually(lambda: heard.has("test-announced"))
            info = await heard.info("test-announced")
            assert (info.port, info.parsed_addresses()) == (45678, ["127.0.0.1"])
        finally:
            await discovery.stop()
        await eventually(lambda: not heard.has("test-announced"))


async def test_a_name_that_is_taken_is_changed():
    async with network() as heard:
        first = Discovery(Settings(name="test-taken"), [LOOPBACK])
        second = Discovery(Settings(name="test-taken"), [TcpAddress("127.0.0.1", 45679)])
        try:
            first.start()
            await eventually(lambda: heard.has("test-taken"))
            second.start()
            await eventually(lambda: heard.has("test-taken-2"))
            assert (await heard.info("test-taken")).port == 45678
            assert (await heard.info("test-taken-2")).port == 45679
        finally:
            await asyncio.gather(first.stop(), second.stop())


async def test_nothing_is_announced_when_it_is_switched_off_or_there_is_no_port():
    for discovery in (Discovery(Settings(enabled=False), [LOOPBACK]), Discovery(Settings(), [])):
        discovery.start()
        await discovery.stop()
        assert not [task for task in asyncio.all_tasks() if task.get_name() == "zeroconf"]


async def test_stopping_before_anything_was_announced_is_quick():
    discovery = Discovery(Settings(name="test-quick"), [LOOPBACK])
    discovery.start()
    async with asyncio.timeout(5):
        await discovery.stop()


def warnings(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_without_a_network_there_is_one_warning(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(ifaddr, "get_adapters", list)
    nowhere = Discovery(Settings(name="test-nowhere"), [TcpAddress("0.0.0.0", 45678)])
    nowhere.start()
    await eventually(lambda: warnings(caplog))
    await nowhere.stop()
    [line] = warnings(caplog)
    assert "may not find this server" in line.getMessage()
    assert line.exc_info is None


async def test_sockets_that_cannot_send_are_one_warning_and_none_of_zeroconf(caplog):
    async with network() as heard:
        discovery = Discovery(Settings(name="test-mute"), [LOOPBACK])
        discovery.start()
        try:
            await eventually(lambda: heard.has("test-mute"))
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
        ServiceAnnouncement("home", 10300, ("192.0.2.7",)),
        ServiceAnnouncement("home-10301", 10301, ("192.0.2.7",)),
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
