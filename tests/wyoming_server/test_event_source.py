import asyncio
import weakref

from tests.support.wyoming_events import event_bytes
from tests.support.wyoming_peer import eventually
from wyoming_azure_realtime.observe import Observer
from wyoming_azure_realtime.settings.model import Limits
from wyoming_azure_realtime.wyoming_server.commons import ServerState
from wyoming_azure_realtime.wyoming_server.event_source import EventSource
from wyoming_azure_realtime.wyoming_server.events import Event
from wyoming_azure_realtime.wyoming_server.refusals import Overstepped


class Source(asyncio.Transport):
    """A transport that only remembers whether it is read from."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = True

    def pause_reading(self) -> None:
        self.reads = False

    def resume_reading(self) -> None:
        self.reads = True


class Listener:
    """Hears what it is told to hear."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.busy = False
        self.refused: list[str] = []
        self.blind = 0

    def hear(self, event: Event) -> bool:
        if not self.busy:
            self.heard.append(event.type)
        return not self.busy

    def refuse(self, error: Overstepped) -> None:
        self.refused.append(error.bound)

    def not_reading(self) -> None:
        self.blind += 1


def commons(limits: Limits | None = None) -> ServerState:
    return ServerState.within(limits or Limits(), sessions=16, observer=Observer())


def intake(shared: ServerState | None = None) -> tuple[EventSource, Source, Listener]:
    source, listener = Source(), Listener()
    return EventSource(shared or commons(), source, listener), source, listener


async def test_an_event_that_must_wait_keeps_those_behind_it_unread_until_it_is_heard():
    it, source, listener = intake()
    listener.busy = True
    it.feed(event_bytes("a") + event_bytes("b"))
    assert (listener.heard, source.reads, it.reading, listener.blind) == ([], False, False, 1)
    listener.busy = False
    it.hear()
    assert (listener.heard, source.reads, it.reading) == (["a", "b"], True, True)


async def test_who_sends_much_is_heard_in_turn_and_loses_nothing():
    shared = commons()
    (it, source, listener), (other, _, another) = intake(shared), intake(shared)
    count = 20_000
    it.feed(event_bytes("x") * count)
    other.feed(event_bytes("x") * count)
    assert 0 < len(listener.heard) < count
    assert not source.reads
    it.hear()  # not before it is its turn
    assert len(listener.heard) < count
    await eventually(lambda: len(listener.heard) == len(another.heard) == count)
    assert source.reads


async def test_a_client_that_is_gone_before_its_turn_is_forgotten():
    shared, source, listener = commons(), Source(), Listener()
    it = EventSource(shared, source, weakref.proxy(listener))
    it.feed(event_bytes("x") * 20_000)
    assert not source.reads
    it.close()
    del listener
    later = asyncio.Event()
    shared.turns.queue(later.set)
    await asyncio.wait_for(later.wait(), 5)


async def test_much_input_that_is_discarded_is_read_slowly():
    it, source, listener = intake()
    it.discard()
    it.feed(bytes(100))
    assert source.reads
    it.feed(bytes(1 << 16))
    assert not source.reads
    await eventually(lambda: source.reads)
    assert listener.heard == []


async def test_what_is_malformed_is_told_with_its_bound():
    it, _, listener = intake()
    it.feed(b'{"type": "x", "payload_length": 10000000000}\n')
    assert listener.refused == ["limits.max_payload"]


async def test_whoever_holds_most_lets_go_when_all_together_hold_too_much():
    shared = commons(Limits(max_unfinished=1 << 20, max_payload=1 << 20))
    (it, _, listener), (more, _, holder) = intake(shared), intake(shared)
    half = b'{"type": "x", "payload_length": 1000000}\n' + bytes(600_000)
    it.feed(half)
    assert listener.refused == []
    more.feed(half[:-100_000])
    assert (listener.refused, holder.refused) == (["limits.max_unfinished"], [])
