"""A connection's input: when events are handled, when the socket is read, and what is not kept."""

import asyncio
import gc
import weakref
from typing import Any, ClassVar, cast

from tests.support.admission import registry_of
from tests.support.memory_transport import MemoryTransport
from tests.support.wyoming_events import event_bytes
from tests.support.wyoming_peer import eventually
from wyoming_azure_realtime.settings.model import Limits
from wyoming_azure_realtime.wyoming_server.connection import ClientConnection
from wyoming_azure_realtime.wyoming_server.dispatcher import ListenerService, RequestHandler
from wyoming_azure_realtime.wyoming_server.events import Event
from wyoming_azure_realtime.wyoming_server.limits import ServerState


class Recorder(RequestHandler):
    """Takes every event unless it is busy; its request never ends."""

    event_types = frozenset("abx")
    last_event_type = ""
    holds_session = False
    taken: ClassVar[dict[str, list[str]]]
    busy: ClassVar[bool]

    def take(self, event: Event) -> bool:
        if not Recorder.busy:
            Recorder.taken.setdefault(self._client, []).append(event.type)
            self.input_open = event.type != "b"
        return not Recorder.busy

    async def run(self) -> None:
        await asyncio.get_running_loop().create_future()


def state(limits: Limits | None = None) -> ServerState:
    return ServerState.new(limits or Limits(), sessions=16, registry=registry_of())


def connected(shared: ServerState, address: str = "") -> tuple[ClientConnection, MemoryTransport]:
    handlers = dict.fromkeys(Recorder.event_types, Recorder)
    connection = ClientConnection(ListenerService(cast("Any", None), b"", handlers), shared)
    wire = MemoryTransport(address)
    connection.connection_made(wire)
    Recorder.taken, Recorder.busy = {}, False
    return connection, wire


def taken(address: str = "") -> list[str]:
    return Recorder.taken.get(address, [])


async def test_an_event_that_must_wait_keeps_those_behind_it_unread_until_it_is_handled() -> None:
    connection, wire = connected(state())
    Recorder.busy = True
    connection.data_received(event_bytes("a") + event_bytes("a"))
    assert (taken(), wire.reads) == ([], False)
    Recorder.busy = False
    connection.resume_events()
    assert (taken(), wire.reads) == (["a", "a"], True)
    connection.connection_lost(None)


async def test_a_client_that_is_not_read_while_it_waits_for_an_answer_is_probed_at_once() -> None:
    connection, wire = connected(state())
    connection.data_received(event_bytes("b"))
    assert (wire.reads, wire.written) == (True, b"")
    connection.data_received(event_bytes("a"))
    assert (wire.reads, wire.written) == (False, b" ")
    connection.connection_lost(None)


async def test_clients_that_send_much_take_turns_and_lose_nothing() -> None:
    shared, (one, other) = state(), ("192.0.2.1", "192.0.2.2")
    (first, wire), (second, _) = connected(shared, one), connected(shared, other)
    count = 20_000
    first.data_received(event_bytes("x") * count)
    second.data_received(event_bytes("x") * count)
    assert 0 < len(taken(one)) < count
    read_before = wire.reads
    first.resume_events()  # not before it is its turn
    assert len(taken(one)) < count
    await eventually(lambda: len(taken(one)) == len(taken(other)) == count)
    assert (read_before, wire.reads) == (False, True)
    first.connection_lost(None)
    second.connection_lost(None)


async def test_a_client_that_is_gone_before_its_turn_is_forgotten() -> None:
    shared = state()
    connection, wire = connected(shared)
    connection.data_received(event_bytes("x") * 20_000)
    assert not wire.reads
    count = len(taken())
    connection.connection_lost(None)
    gone = weakref.ref(connection)
    del connection
    later = asyncio.Event()
    shared.scheduler.queue(later.set)
    await asyncio.wait_for(later.wait(), 5)
    assert len(taken()) == count
    await asyncio.sleep(0)  # its task has been cancelled and is over
    gc.collect()
    assert gone() is None


async def test_much_input_that_is_discarded_is_read_slowly() -> None:
    connection, wire = connected(state())
    connection.close_after_request()
    connection.data_received(event_bytes("x") * 10)
    read_before = wire.reads
    connection.data_received(bytes(1 << 16))
    assert (read_before, wire.reads) == (True, False)
    await eventually(lambda: wire.reads)
    assert taken() == []
    connection.connection_lost(None)


async def test_what_is_malformed_is_refused_with_its_bound() -> None:
    shared = state()
    connection, _ = connected(shared)
    connection.data_received(b'{"type": "x", "payload_length": 10000000000}\n')
    assert shared.refusals.counts == {"limits.max_payload": 1}
    connection.connection_lost(None)


async def test_the_largest_holder_drops_its_bytes_when_all_together_hold_too_many() -> None:
    shared = state(Limits(max_unfinished=1 << 20, max_payload=1 << 20))
    (large, at_large), (small, at_small) = connected(shared), connected(shared)
    half = b'{"type": "x", "payload_length": 1000000}\n' + bytes(600_000)
    large.data_received(half)
    assert shared.refusals.counts == {}
    small.data_received(half[:-100_000])
    assert shared.refusals.counts == {"limits.max_unfinished": 1}
    assert b"error" in at_large.written
    assert at_small.written == b""
    large.connection_lost(None)
    small.connection_lost(None)
