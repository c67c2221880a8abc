"""Requests of any kind: what a further kind needs, and what becomes of the rest of an answered one."""

import asyncio
from typing import Any, cast

import pytest
from wyoming.event import Event as WyomingEvent

from tests.support.admission import registry_of
from tests.support.fake_clock import on_a_fake_clock
from tests.support.memory_transport import MemoryTransport
from tests.support.wyoming_events import event_bytes
from tests.support.wyoming_peer import wyoming_door
from wyoming_azure_realtime.settings.model import Limits
from wyoming_azure_realtime.wyoming_server import server
from wyoming_azure_realtime.wyoming_server.connection import ClientConnection
from wyoming_azure_realtime.wyoming_server.dispatcher import ListenerService, RequestHandler
from wyoming_azure_realtime.wyoming_server.events import Event, Text, encode, read_data
from wyoming_azure_realtime.wyoming_server.limits import ServerState


class Echo(RequestHandler):
    """A third kind of request: repeats a text at once, though the client may still send more."""

    event_types = frozenset({"echo", "echo-more", "echo-stop"})
    last_event_type = "echo-stop"
    holds_session = False
    text = ""

    def take(self, event: Event) -> bool:
        self.text = read_data(event, Text).text
        return True

    async def run(self) -> None:
        self._writer.send(encode(WyomingEvent("echoed", {"text": self.text})))


async def test_a_further_kind_of_request_is_one_handler_and_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_HANDLERS", (*server._HANDLERS, Echo))
    async with wyoming_door() as door, door.peer() as peer:
        for text in ("first", "second"):
            await peer.send("echo", {"text": text})
            assert (await peer.until("echoed"))[-1].data["text"] == text
            await peer.send("echo-stop", {})
        await peer.utter()
        assert (await peer.until("transcript"))[-1].data["text"]


DRAIN = 5.0


def echo_connection() -> tuple[ClientConnection, MemoryTransport]:
    state = ServerState.new(Limits(drain=DRAIN), sessions=16, registry=registry_of())
    handlers = dict.fromkeys(Echo.event_types, Echo)
    connection = ClientConnection(ListenerService(cast("Any", None), b"", handlers), state)
    transport = MemoryTransport()
    connection.connection_made(transport)
    return connection, transport


@on_a_fake_clock
async def test_after_the_rest_of_an_answered_request_the_connection_stays() -> None:
    connection, transport = echo_connection()
    connection.data_received(event_bytes("echo", {"text": "a"}))
    await asyncio.sleep(0)
    connection.data_received(event_bytes("echo-more", {"text": "b"}) + event_bytes("echo-stop"))
    await asyncio.sleep(2 * DRAIN)
    assert not transport.aborted
    connection.data_received(event_bytes("echo", {"text": "c"}))
    await asyncio.sleep(0)
    assert [text in transport.written for text in (b'"a"', b'"b"', b'"c"')] == [True, False, True]
    connection.connection_lost(None)


@on_a_fake_clock
async def test_the_rest_of_an_answered_request_is_discarded_for_a_limited_time() -> None:
    connection, transport = echo_connection()
    connection.data_received(event_bytes("echo", {"text": "a"}))
    await asyncio.sleep(0.9 * DRAIN)
    aborted_before = transport.aborted
    await asyncio.sleep(0.2 * DRAIN)
    assert (aborted_before, transport.aborted) == (False, True)
    connection.connection_lost(None)


async def test_an_error_in_the_last_event_of_a_request_ends_our_side_at_once() -> None:
    connection, transport = echo_connection()
    connection.data_received(event_bytes("echo-stop", {"text": 5}))
    assert b"invalid-request" in transport.written
    assert transport.closed
    connection.connection_lost(None)


async def test_an_error_before_the_last_event_waits_for_it() -> None:
    connection, transport = echo_connection()
    connection.data_received(event_bytes("echo", {"text": 5}))
    assert b"invalid-request" in transport.written
    closed_before = transport.closed
    connection.data_received(event_bytes("echo-stop"))
    assert (closed_before, transport.closed) == (False, True)
    connection.connection_lost(None)
