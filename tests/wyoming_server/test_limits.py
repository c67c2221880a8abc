import asyncio
import logging
import socket
import time
from functools import partial
from ipaddress import ip_address
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.wyoming_peer import eventually
from wyoming_azure_realtime.admission.connections import Refusals
from wyoming_azure_realtime.errors import (
    AudioTooLong,
    BackendTimeout,
    SpeechServiceError,
    TextTooLong,
    TooManyRequests,
    UnknownVoice,
)
from wyoming_azure_realtime.observe import ClientRefused, ObservedEvent, Observer
from wyoming_azure_realtime.wyoming_server.dispatcher import bound_of
from wyoming_azure_realtime.wyoming_server.events import Bound, MalformedEvent
from wyoming_azure_realtime.wyoming_server.limits import (
    ROUND,
    BufferBudget,
    ClientAddress,
    Clients,
    FairScheduler,
)


def test_every_refusal_is_counted_under_its_bound_and_reported() -> None:
    events: list[ObservedEvent] = []
    refusals = Refusals(Observer(events.append))
    refusals.report(Bound.HEADER, "long")
    refusals.report(Bound.HEADER, "longer", logging.INFO)
    refusals.count(Bound.IDLE)
    assert refusals.counts == {"limits.max_header": 2, "limits.idle": 1}
    assert str(refusals) == "limits.idle: 1, limits.max_header: 2"
    assert events == [
        ClientRefused("wyoming", "limits.max_header", "long"),
        ClientRefused("wyoming", "limits.max_header", "longer", logging.INFO),
        ClientRefused("wyoming", "limits.idle"),
    ]


@pytest.mark.parametrize(
    ("error", "bound"),
    [
        (MalformedEvent("No."), "malformed"),
        (MalformedEvent("No.", bound=Bound.PAYLOAD), "limits.max_payload"),
        (AudioTooLong("No."), "recognition.max_seconds"),
        (TextTooLong("No."), "speech.max_characters"),
        (TooManyRequests("No."), "pool.max_waiting"),
        (UnknownVoice("No."), "unknown-voice"),
        (BackendTimeout("No."), ""),
    ],
)
def test_an_error_says_which_limit_the_client_exceeded(error: SpeechServiceError, bound: str) -> None:
    assert bound_of(error) == bound


class Known(asyncio.BaseTransport):
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
def test_a_client_over_tcp_has_an_address_and_a_port(
    peername: tuple[object, ...], peer: str, address: str
) -> None:
    with socket.socket() as sock:
        assert ClientAddress.of(Known(peername, sock)) == ClientAddress(peer, ip_address(address), True)


def test_others_have_none() -> None:
    with socket.socket() as sock:
        assert ClientAddress.of(Known("", sock)) == ClientAddress("a client on the unix socket", None, True)
    assert ClientAddress.of(Known(None)) == ClientAddress("the client on stdio", None, False)


class Holder:
    """Drops its bytes when it must."""

    def __init__(self, budget: BufferBudget, address: str = "192.0.2.1") -> None:
        self._budget = budget
        self.address = address
        self.size = 0
        self.dropped = 0

    def hold(self, size: int) -> None:
        self.size = size
        self._budget.hold(self, size)

    def drop_buffered(self) -> None:
        self.dropped += 1
        self.hold(0)


def test_whoever_hoards_for_longest_lets_go_and_not_whose_chunk_comes_in_two_packets() -> None:
    budget = BufferBudget(100)
    hoarders, small, innocent = [Holder(budget) for _ in range(9)], Holder(budget), Holder(budget)
    small.hold(2)
    for hoarder in hoarders:
        hoarder.hold(10)
    innocent.hold(12)
    assert [hoarder.dropped for hoarder in hoarders] == [1] + 8 * [0]
    assert (small.dropped, innocent.dropped) == (0, 0)


def test_it_is_somebody_of_the_address_that_has_most() -> None:
    budget = BufferBudget(100)
    house = Holder(budget, "192.0.2.9")
    house.hold(40)
    strangers = [Holder(budget, f"2001:db8::{at}") for at in range(4)]
    for stranger in strangers:
        stranger.hold(20)
    assert house.dropped == 0
    assert [stranger.dropped for stranger in strangers] == [1, 0, 0, 0]


def test_one_that_has_more_than_there_may_be_in_all_lets_go_itself() -> None:
    budget = BufferBudget(100)
    small, large = Holder(budget), Holder(budget)
    small.hold(20)
    large.hold(101)
    assert (small.dropped, large.dropped) == (0, 1)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 60)), max_size=60))
def test_there_is_never_more_than_there_may_be_and_nothing_is_taken_without_need(
    history: list[tuple[int, int]],
) -> None:
    budget = BufferBudget(100)
    holders = [Holder(budget) for _ in range(10)]
    for number, size in history:
        before = sum(holder.dropped for holder in holders)
        others = sum(holder.size for holder in holders) - holders[number].size
        holders[number].hold(size)
        assert sum(holder.size for holder in holders) <= 100
        assert (sum(holder.dropped for holder in holders) > before) is (others + size > 100)


async def test_the_clients_are_empty_again_when_everybody_has_gone() -> None:
    clients, client = Clients(sessions=16), cast("Any", object())
    await asyncio.wait_for(clients.wait_until_empty(), 1)
    clients.add(client)
    waiting = asyncio.create_task(clients.wait_until_empty())
    await asyncio.sleep(0)
    assert not waiting.done()
    clients.remove(client)
    clients.remove(client)
    await asyncio.wait_for(waiting, 1)


async def test_tasks_are_waited_for_but_not_for_ever() -> None:
    clients = Clients(sessions=16)
    task = clients.start_task(asyncio.sleep(60))
    await clients.wait_for_tasks(0.01)
    assert not task.done()
    task.cancel()
    await asyncio.wait_for(clients.wait_for_tasks(60), 1)


async def test_everybody_has_a_turn_in_the_order_in_which_they_came() -> None:
    scheduler, order = FairScheduler(), list[int]()
    for number in range(5):
        scheduler.queue(partial(order.append, number))
    assert order == []
    await eventually(lambda: len(order) == 5)
    assert order == [0, 1, 2, 3, 4]


async def test_others_run_between_one_turn_and_the_next() -> None:
    scheduler, order, others = FairScheduler(), [], 0
    for _ in range(20):
        scheduler.queue(lambda: order.append(others))
    while len(order) < 20:
        others += 1
        await asyncio.sleep(0)
    assert len(set(order)) == 20


async def test_those_who_send_much_have_a_bounded_time_until_all_sockets_are_looked_at() -> None:
    scheduler = FairScheduler()
    began = time.monotonic()
    while not scheduler.crowded():
        assert time.monotonic() < began + 60
    assert time.monotonic() - began >= ROUND
    await asyncio.sleep(0)
    assert not scheduler.crowded()


async def test_who_needs_more_than_one_turn_queues_again() -> None:
    scheduler, left = FairScheduler(), {"a": 3, "b": 2}
    order: list[str] = []

    def turn(name: str) -> None:
        order.append(name)
        left[name] -= 1
        if left[name]:
            scheduler.queue(lambda: turn(name))

    for name in left:
        scheduler.queue(partial(turn, name))
    await eventually(lambda: len(order) == 5)
    assert order == ["a", "b", "a", "b", "a"]
