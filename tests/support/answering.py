"""A service that answers in writing, as a script: a table from what was asked to words and calls of tools."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from tests.support.scripted_channel import (
    Script,
    Scripted,
    ScriptedChannel,
    created,
    done,
    new_id,
    scripted_service,
)
from wyoming_azure_realtime.admission.connections import connection_registry
from wyoming_azure_realtime.observe import Observer
from wyoming_azure_realtime.realtime import client_events as client
from wyoming_azure_realtime.realtime import server_events as server
from wyoming_azure_realtime.realtime.shapes import Response
from wyoming_azure_realtime.settings.model import Limits, Listener, Profile, Settings
from wyoming_azure_realtime.wyoming_server.server import WyomingServer

Calls = Sequence[tuple[str, Mapping[str, Any]]]
Model = Callable[[str, client.ResponseCreate], str | Calls]
"""From what was asked, and the whole request, to a text or calls with their arguments."""

USAGE = {
    "total_tokens": 3050,
    "input_tokens": 3000,
    "output_tokens": 50,
    "input_token_details": {"text_tokens": 3000, "cached_tokens": 2800},
    "output_token_details": {"text_tokens": 50},
}


def asked_of(request: client.ResponseCreate) -> str:
    """What the person said last."""
    parameters: Any = request.response
    return str(parameters.input[-1].content[0].text)


def heard_before(request: client.ResponseCreate) -> list[tuple[str, str]]:
    """Who said what before, system messages left out."""
    parameters: Any = request.response
    told = [(item.role, item.content[0].text) for item in parameters.input[:-1]]
    return [one for one in told if one[0] != "system"]


def table(answers: Mapping[str, str | Calls]) -> Model:
    """A model that knows these requests alone."""
    return lambda asked, request: answers.get(asked, "I have no answer to that.")


def written(text: str, response: str, words_apart: float = 0.0) -> list[tuple[float, server.ServerEvent]]:
    """A text word by word, each with the seconds that it comes after the first."""
    place: dict[str, Any] = {"response_id": response, "item_id": f"item_{response}"}
    words = [f"{word} " for word in text.split(" ")]
    words[-1] = words[-1][:-1]
    deltas = [
        (number * words_apart, server.TextDelta(delta=word, **place)) for number, word in enumerate(words)
    ]
    return [*deltas, (len(words) * words_apart, server.TextDone(text=text, **place))]


def called(calls: Calls, response: str) -> list[tuple[float, server.ServerEvent]]:
    """Calls as they come, each with its item."""
    events: list[tuple[float, server.ServerEvent]] = []
    for place, (name, arguments) in enumerate(calls):
        item = {"id": f"call_{response}_{place}", "type": "function_call", "name": name, "arguments": ""}
        spot: dict[str, Any] = {"response_id": response, "output_index": place}
        full = {**item, "arguments": json.dumps(arguments), "status": "completed"}
        events += [
            (0.0, server.OutputItemAdded(item=item, **spot)),
            (
                0.0,
                server.FunctionCallArgumentsDone(
                    item_id=str(item["id"]), call_id=f"c{place}", arguments=json.dumps(arguments), **spot
                ),
            ),
            (0.0, server.OutputItemDone(item=full, **spot)),
        ]
    return events


def service_that_answers(model: Model, first: float = 0.35, words_apart: float = 0.02) -> Script:
    """Answers `first` seconds after the request; leaves off when it is told to."""
    cancelled: set[str] = set()

    def script(channel: ScriptedChannel, event: client.ClientEvent) -> None:
        match event:
            case client.ResponseCreate():
                response, answer = new_id(), model(asked_of(event), event)
                channel.says(created(event, response))
                events = (
                    written(answer, response, words_apart)
                    if isinstance(answer, str)
                    else called(answer, response)
                )
                events.append((events[-1][0], _done(response)))
                for after, together in itertools.groupby(events, key=lambda one: one[0]):
                    # timers of the same moment have no order among each other
                    _later(channel, response, cancelled, [event for _, event in together], first + after)
            case client.ResponseCancel():
                if (response_id := event.response_id or "") not in cancelled:
                    cancelled.add(response_id)
                    channel.says(done(response_id, "cancelled"), after=0.02)

    return script


def _done(response: str) -> server.ServerEvent:
    finished: Any = done(response)
    return server.ResponseDone(response=Response(id=response, status=finished.response.status, usage=USAGE))


def _later(
    channel: ScriptedChannel,
    response: str,
    cancelled: set[str],
    events: Sequence[server.ServerEvent],
    after: float,
) -> None:
    def say() -> None:
        if response not in cancelled:
            channel.says(*events)

    asyncio.get_running_loop().call_later(after, say)


@asynccontextmanager
async def conversation_door(
    script: Script, settings: Settings | None = None, *, home_names: Sequence[str] = ()
) -> AsyncIterator[tuple[Scripted, WyomingServer]]:
    """A Wyoming server on a free port, over a scripted service."""
    async with scripted_service(script, settings, home_names=home_names) as running:
        server_ = WyomingServer(
            running.service,
            [Listener(uri="tcp://127.0.0.1:0")],
            {"default": Profile()},
            Limits(),
            connection_registry(Limits(), Observer()),
        )
        await server_.start()
        try:
            yield running, server_
        finally:
            await server_.stop()
