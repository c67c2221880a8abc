"""A conversation over Wyoming, with the events of the `wyoming` package as the judge of what comes back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from wyoming.asr import Transcript
from wyoming.client import AsyncTcpClient
from wyoming.event import Event, Eventable
from wyoming.handle import Handled, HandledChunk, HandledStart, HandledStop, NotHandled
from wyoming.info import Describe, Info
from wyoming.intent import Entity, Intent, IntentsStart, IntentsStop

from tests.support.answering import Calls, conversation_door, service_that_answers, table
from tests.support.scripted_channel import ScriptedChannel, created
from tests.support.wyoming_peer import Peer, eventually, wyoming_door
from wyoming_azure_realtime.observe import SessionOpened
from wyoming_azure_realtime.realtime import client_events as client
from wyoming_azure_realtime.settings.model import HomeConversation, Settings
from wyoming_azure_realtime.wyoming_server.server import WyomingServer

HOME = Settings(conversation=HomeConversation(rooms={"d": "Kitchen"}, deadline=20.0))
ANSWERS: dict[str, str | Calls] = {
    "what is the capital of France": "It is  Paris. 🙂",
    "lights please": [("HassTurnOn", {"say": "They are on.", "domain": ["light"], "area": "here"})],
    "cook and sleep": [
        ("HassTurnOn", {"say": "The kitchen is lit.", "name": "Kitchen light"}),
        ("HassTurnOff", {"say": "The bedroom is dark.", "name": "Bedroom light"}),
    ],
    "silently": [("HassTurnOn", {"say": "", "name": "Fan"})],
}
TERMINAL = ("handled", "not-handled", "error", "intents-stop")
CONTEXT = {"conversation_id": "c", "device_id": "d", "satellite_id": "s"}


@asynccontextmanager
async def connected(server: WyomingServer) -> AsyncIterator[Peer]:
    address = server.tcp_addresses[0]
    reader, writer = await asyncio.open_connection(address.host, address.port)
    try:
        yield Peer(reader, writer)
    finally:
        writer.transport.abort()


async def talk(server: WyomingServer, *events: Eventable) -> list[Event]:
    """What a client of the package reads until it has its answer, and what follows it at once."""
    address = server.tcp_addresses[0]
    heard: list[Event] = []
    async with asyncio.timeout(20), AsyncTcpClient(address.host, address.port) as peer:
        for event in events:
            await peer.write_event(event.event())
        in_list = False
        while event := await peer.read_event():
            heard.append(event)
            in_list = in_list or event.type == "intents-start"
            if event.type in TERMINAL or (event.type == "intent" and not in_list):
                break
        if event is not None and heard[0].type == "handled-start":
            last = await peer.read_event()
            assert last is not None
            heard.append(last)
    return heard


def said(text: str, **more: Any) -> Transcript:
    return Transcript(text, **({"language": "en", "context": CONTEXT} | more))


async def test_answers_and_intents_are_those_of_the_package() -> None:
    async with conversation_door(service_that_answers(table(ANSWERS), 0.01, 0.0), HOME) as (_, server):
        start, chunk, whole, stop = await talk(server, said("what is the capital of France"))
        assert HandledStart.is_type(start.type)
        assert HandledStop.is_type(stop.type)
        assert HandledChunk.from_event(chunk).text == Handled.from_event(whole).text == "It is  Paris. 🙂"

        [lights] = await talk(server, said("lights please"))
        assert Intent.from_event(lights) == Intent(
            "HassTurnOn", [Entity("domain", "light"), Entity("area", "Kitchen")], text="They are on."
        )
        first, *both, last = await talk(server, said("cook and sleep"))
        assert IntentsStart.is_type(first.type)
        assert IntentsStop.is_type(last.type)
        assert [(one.name, one.entities, one.text) for one in map(Intent.from_event, both)] == [
            ("HassTurnOn", [Entity("name", "Kitchen light")], "The kitchen is lit."),
            ("HassTurnOff", [Entity("name", "Bedroom light")], "The bedroom is dark."),
        ]
        [silent] = await talk(server, said("silently"))
        assert Intent.from_event(silent).text is None

        _, _, room, _ = await talk(server, said("lights please", context=None))
        assert Handled.from_event(room).text == "In which room?"
        [nothing] = await talk(server, said("Never mind."))
        assert Handled.from_event(nothing).text == ""


async def test_requests_follow_each_other_on_one_connection() -> None:
    async with conversation_door(service_that_answers(table(ANSWERS), 0.01, 0.0), HOME) as (_, server):
        async with connected(server) as peer:
            for text in ("what is the capital of France", "never mind"):
                await peer.send("transcript", {"text": text, "context": CONTEXT})
            heard = [event.type for event in await peer.until("handled-stop") + await peer.until("handled")]
            assert heard == ["handled-start", "handled-chunk", "handled", "handled-stop", "handled"]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({}, "I cannot do that."),
        ({"text": None}, "I cannot do that."),
        ({"text": 5, "language": "de"}, "I cannot do that."),
        ({"text": "", "language": "de"}, "Das kann ich nicht."),
        ({"text": "x" * 5000, "language": 7}, "I cannot do that."),
        ({"text": " ", "language": "fr", "context": "none"}, "Je ne peux pas faire cela."),
    ],
)
async def test_what_is_no_request_is_answered_with_a_sentence(data: dict[str, Any], sentence: str) -> None:
    async with conversation_door(service_that_answers(table(ANSWERS)), HOME) as (running, server):
        async with connected(server) as peer:
            await peer.send("transcript", data)
            [answer] = await peer.until("not-handled")
        assert NotHandled.from_event(answer).text == sentence
        assert running.requests == 0


def silent(channel: ScriptedChannel, event: client.ClientEvent) -> None:
    """Begins to answer and says nothing."""
    if isinstance(event, client.ResponseCreate):
        channel.says(created(event, "r"))


async def test_a_service_that_is_silent_is_a_sentence_in_time() -> None:
    settings = Settings(conversation=HomeConversation(deadline=1.0))
    async with conversation_door(silent, settings) as (_, server):
        [answer] = await talk(server, said("hello", language="de"))
        assert NotHandled.from_event(answer).text == "Ich kann gerade nicht antworten."


async def test_a_server_that_stops_says_so_in_a_sentence() -> None:
    async with conversation_door(silent, HOME) as (running, server):
        asking = asyncio.create_task(talk(server, said("hello")))
        await eventually(lambda: running.requests)
        await server.stop(within=0.5)
        [answer] = await asking
        assert NotHandled.from_event(answer).text == "I cannot answer at the moment."


async def test_whoever_leaves_makes_the_service_leave_off_at_once() -> None:
    async with conversation_door(silent, HOME) as (running, server):
        async with connected(server) as peer:
            await peer.send("transcript", {"text": "hello"})
            await eventually(lambda: running.requests)
        await eventually(
            lambda: any(
                isinstance(event, client.ResponseCancel)
                for channel in running.channels
                for event in channel.sent
            )
        )
        await eventually(lambda: running.turns)
        assert [turn.outcome for turn in running.turns] == ["cancelled"]


@pytest.mark.parametrize("actions", [True, False])
async def test_describe_offers_a_program_that_knows_every_language(actions: bool) -> None:
    settings = Settings(conversation=HomeConversation(actions=actions))
    async with conversation_door(silent, settings) as (_, server):
        [answer] = await talk_once(server, Describe())
        [program] = Info.from_event(answer).handle
    assert (program.name, program.installed) == ("azure-realtime", True)
    assert [tag for model in program.models for tag in model.languages] == []
    assert program.supports_home_control is actions
    assert program.supports_handled_streaming


async def test_where_it_is_switched_off_nothing_is_offered_and_a_request_is_a_sentence() -> None:
    settings = Settings(conversation=HomeConversation(enabled=False))
    async with conversation_door(silent, settings) as (running, server):
        [answer] = await talk_once(server, Describe())
        assert Info.from_event(answer).handle == []
        [refused] = await talk(server, said("hello"))
        assert NotHandled.is_type(refused.type)
        assert running.requests == 0


@pytest.mark.parametrize("service", ["azure_openai", "voice_live"])
async def test_who_never_asks_has_the_same_turns_sessions_and_offer_as_without_it(service: str) -> None:
    seen = []
    for enabled in (True, False):
        settings = Settings(conversation=HomeConversation(enabled=enabled))
        async with wyoming_door(settings=settings, service=service) as door:
            for number in range(3):
                async with door.peer() as peer:
                    await peer.send("synthesize", {"text": f"Number {number} is on."})
                    await peer.until("audio-stop")
                    await peer.utter()
                    await peer.until("transcript")
            assert await door.outcomes(6) == ["completed"] * 6
            [answer] = await talk_once(door.server, Describe())
            turns = [(turn.kind, turn.requests, dict(turn.usage)) for turn in door.behind.turns]
            opened = {event.kind for event in door.behind.events if isinstance(event, SessionOpened)}
            seen.append((turns, opened, Info.from_event(answer).to_dict()))
    (served, opened, offer), (served_without, opened_without, offer_without) = seen
    assert served == served_without
    assert opened == opened_without == {"recognition", "synthesis"}
    assert len(offer["handle"]) == 1
    assert {**offer, "handle": []} == {**offer_without, "handle": []}


async def talk_once(server: WyomingServer, event: Eventable) -> list[Event]:
    address = server.tcp_addresses[0]
    async with asyncio.timeout(20), AsyncTcpClient(address.host, address.port) as peer:
        await peer.write_event(event.event())
        answer = await peer.read_event()
        assert answer is not None
        return [answer]
