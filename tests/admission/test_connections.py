import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fake_clock import FakeClockLoop, on_a_fake_clock
from wyoming_azure_realtime.admission.connections import (
    STALL_SECONDS,
    ConnectionRegistry,
    Refusals,
    Stage,
    host_of,
)
from wyoming_azure_realtime.observe import Observer
from wyoming_azure_realtime.observed_log import ObservedLog
from wyoming_azure_realtime.settings.model import Limits


class Client:
    """A connection that only remembers how it ended."""

    door = "test"

    def __init__(self, peer: str, address: str = "192.0.2.1") -> None:
        self.peer = peer
        self.address = address
        self.aborted = False
        self.awaited_since: float | None = None

    def __repr__(self) -> str:
        return self.peer

    def abort(self) -> None:
        self.aborted = True


def registry_of(most: int, per_address: int = 1000) -> ConnectionRegistry:
    limits = Limits(max_connections=most, max_per_address=per_address)
    return ConnectionRegistry(limits, Refusals(Observer(ObservedLog().write)))


def clients(number: int, address: str = "192.0.2.1") -> list[Client]:
    return [Client(f"{address}:{at}", address) for at in range(number)]


def enter(registry: ConnectionRegistry, stage: Stage, *those: Client) -> None:
    for client in those:
        registry.enter(client, stage)


async def test_at_the_limit_the_oldest_that_has_said_nothing_makes_room() -> None:
    registry, them = registry_of(3), clients(5)
    assert all(registry.admit(client) for client in them[:3])
    enter(registry, Stage.BUSY, them[0])
    assert registry.admit(them[3])
    assert registry.admit(them[4])
    assert [client.aborted for client in them] == [False, True, True, False, False]
    assert len(registry) == 3
    assert registry.refusals.counts == {"limits.max_connections": 2}


async def test_whoever_is_furthest_from_being_served_makes_room_first() -> None:
    registry, them = registry_of(5), clients(10)
    assert all(registry.admit(client) for client in them[:5])
    for client, stage in zip(them, (Stage.BUSY, Stage.IDLE, Stage.CLOSING, Stage.INCOMPLETE), strict=False):
        registry.enter(client, stage)
    gone = []
    for newcomer in them[5:9]:
        assert registry.admit(newcomer)
        registry.enter(newcomer, Stage.BUSY)
        gone.append(next(at for at, client in enumerate(them) if client.aborted and at not in gone))
    assert gone == [4, 3, 2, 1]
    assert not registry.admit(them[9])


async def test_of_idle_ones_it_is_the_one_that_was_idle_for_longest() -> None:
    registry, them = registry_of(3), clients(4)
    assert all(registry.admit(client) for client in them[:3])
    enter(registry, Stage.IDLE, *them[:3])
    enter(registry, Stage.BUSY, them[0])
    enter(registry, Stage.IDLE, them[0])
    assert registry.admit(them[3])
    assert [client.aborted for client in them] == [False, True, False, False]


async def test_when_everybody_is_served_a_newcomer_is_refused_with_a_log_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    registry, them = registry_of(2), clients(3)
    assert all(registry.admit(client) for client in them[:2])
    enter(registry, Stage.BUSY, *them[:2])
    assert not registry.admit(them[2])
    assert "192.0.2.1:2 refused: limits.max_connections is reached" in caplog.text
    registry.remove(them[0])
    assert registry.admit(them[2])


@on_a_fake_clock
async def test_a_request_that_its_client_does_not_go_on_with_makes_room_after_a_while() -> None:
    registry, them = registry_of(3), clients(5)
    assert all(registry.admit(client) for client in them[:3])
    enter(registry, Stage.BUSY, *them[:3])
    them[0].awaited_since, them[1].awaited_since = 1.0, 0.5
    await asyncio.sleep(0.5 + STALL_SECONDS)
    assert registry.admit(them[3])
    registry.enter(them[3], Stage.BUSY)
    assert not registry.admit(them[4])
    assert [client.aborted for client in them] == [False, True, False, False, False]


@on_a_fake_clock
async def test_who_knocks_without_a_pause_does_not_make_all_be_looked_at_each_time() -> None:
    registry, them = registry_of(3), clients(300)
    looks = 0

    class Watched(Client):
        @property
        def awaited_since(self) -> float | None:
            nonlocal looks
            looks += 1
            return None

        @awaited_since.setter
        def awaited_since(self, value: float | None) -> None:
            """It is never awaited."""

    busy = [Watched(str(at)) for at in range(3)]
    assert all(registry.admit(client) for client in busy)
    enter(registry, Stage.BUSY, *busy)
    assert not any(registry.admit(client) for client in them)
    assert looks == 3


async def test_one_address_has_a_limit_of_its_own_and_its_own_connections_make_room() -> None:
    registry, others, them = registry_of(100, per_address=2), clients(3, "192.0.2.9"), clients(4)
    assert registry.admit(others[0])
    assert all(registry.admit(client) for client in them[:3])
    assert [client.aborted for client in them] == [True, False, False, False]
    assert not others[0].aborted
    enter(registry, Stage.BUSY, them[1], them[2])
    assert not registry.admit(them[3])
    assert registry.admit(others[1])
    assert registry.refusals.counts == {"limits.max_per_address": 2}


async def test_a_host_with_ipv6_has_no_more_addresses_than_one_with_ipv4() -> None:
    registry = registry_of(100, per_address=2)
    them = [Client(str(at), f"2001:db8:0:1::{at:x}") for at in range(1, 5)]
    assert all(registry.admit(client) for client in them)
    assert [client.aborted for client in them] == [True, True, False, False]
    assert registry.admit(Client("a neighbour", "2001:db8:0:2::1"))
    assert len(registry) == 3


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("", ""),
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8::1:2:3:4", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_what_counts_as_one_address(address: str, host: str) -> None:
    assert host_of(address) == host


async def test_clients_on_this_machines_own_ways_are_limited_in_all_only() -> None:
    registry, them = registry_of(5, per_address=1), clients(5, "")
    assert all(registry.admit(client) for client in them)


@given(
    st.lists(
        st.tuples(st.sampled_from(["admit", *Stage, "go"]), st.integers(0, 30)),
        max_size=200,
    )
)
def test_no_history_goes_beyond_a_limit_or_refuses_while_there_is_room_to_make(
    history: list[tuple[str | Stage, int]],
) -> None:
    async def live() -> None:
        registry, present = registry_of(6, per_address=4), dict[int, Client]()
        for what, number in history:
            client = present.get(number)
            if what == "admit" and client is None:
                newcomer = Client(str(number), f"192.0.2.{number % 2}")
                near = [one for one in present.values() if one.address == newcomer.address]
                there = near if len(near) >= 4 else list(present.values())
                unused = [one for one in there if registry.stage_of(one) is not Stage.BUSY]
                if registry.admit(newcomer):
                    present[number] = newcomer
                else:
                    assert not unused
            elif client is not None and what == "go":
                registry.remove(client)
            elif client is not None and isinstance(what, Stage):
                registry.enter(client, what)
            present = {key: one for key, one in present.items() if registry.stage_of(one) is not None}
            assert len(registry) == len(present) <= 6
            for address in ("192.0.2.0", "192.0.2.1"):
                assert sum(one.address == address for one in present.values()) <= 4
            assert not any(one.aborted for one in present.values())

    with asyncio.Runner(loop_factory=FakeClockLoop) as runner:
        runner.run(live())


async def test_who_is_being_closed_is_not_served_again() -> None:
    registry, client = registry_of(1), Client("a")
    registry.admit(client)
    registry.enter(client, Stage.CLOSING)
    registry.enter(client, Stage.BUSY)
    assert registry.stage_of(client) is Stage.CLOSING
    registry.remove(client)
    registry.remove(client)
    registry.enter(client, Stage.BUSY)
    assert registry.stage_of(client) is None
    assert len(registry) == 0
