"""What the page is told of turns, figures and costs, at once and live."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.eventually import eventually
from tests.support.http_door import RECOGNIZE, SAID, SYNTHESIZE, Door, base64_of, http_door
from tests.support.spoken_words import speaking
from wyoming_azure_realtime.accounting.sqlite_file import SqliteFile
from wyoming_azure_realtime.audio.pcm import REALTIME, silence
from wyoming_azure_realtime.emulator.engines import sink_engines
from wyoming_azure_realtime.emulator.faults import Faults, RefusedUpgrade
from wyoming_azure_realtime.http_api.history_routes import MOST_CLIENTS, MOST_WAITING, Feed, LiveClient
from wyoming_azure_realtime.http_api.server import PREFIX
from wyoming_azure_realtime.observe import TurnEnded, TurnRecord
from wyoming_azure_realtime.settings.model import Deadlines, History, Settings

TURNS, LIVE = f"{PREFIX}/turns", f"{PREFIX}/turns/live"
FIGURES, COSTS = f"{PREFIX}/figures", f"{PREFIX}/costs"
TEXT = "The kitchen lights are on."
SOON = Settings(deadlines=Deadlines(request=1.0))


async def speak(door: Door, text: str = TEXT) -> None:
    assert (await door.post(SYNTHESIZE, json={"text": text})).status == 200


async def hear(door: Door) -> None:
    audio = base64_of(speaking(1, REALTIME) + silence(600))
    assert (await door.post(RECOGNIZE, json={"audioData": audio})).status == 200


class Events:
    """Server-sent events, as a browser reads them."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def next(self) -> tuple[str, Any]:
        name, data = "", ""
        async with asyncio.timeout(20):
            while True:
                line = (await self._response.content.readline()).decode().rstrip("\n")
                if line.startswith("event: "):
                    name = line[7:]
                elif line.startswith("data: "):
                    data = line[6:]
                elif not line and name:
                    return name, msgspec.json.decode(data)
                elif self._response.content.at_eof():
                    raise EOFError

    async def named(self, name: str) -> Any:
        while True:
            found, data = await self.next()
            if found == name:
                return data


def feed_of(door: Door) -> Feed:
    routes = door.server._history
    assert routes is not None
    return routes._feed


@asynccontextmanager
async def listening(door: Door, **headers: str) -> AsyncIterator[Events]:
    async with door.client.get(LIVE, headers=headers) as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == "text/event-stream"
        yield Events(response)


async def test_a_turn_tells_when_where_and_for_how_much_but_not_what_was_said() -> None:
    async with http_door(engines=sink_engines((SAID,))) as door:
        await speak(door)
        await hear(door)
        answer = await door.get(TURNS)
        heard, spoken = answer.json["turns"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert (heard["kind"], spoken["kind"]) == ("recognition", "synthesis")
    for turn in (heard, spoken):
        assert turn["door"] == "http"
        assert turn["target"] == "default"
        assert turn["outcome"] == "completed"
        assert turn["error"] == ""
        assert turn["attempts"] == 1
        assert turn["cost"]["currency"] == "USD"
        assert turn["cost"]["amount"] > 0
        assert abs(turn["startedAt"] - time.time()) < 600
        assert "text" not in turn
        assert "fallback" not in turn
    assert spoken["voice"] == "alloy"
    first = spoken["seconds"]
    assert 0 <= first["inputEnd"] <= first["firstResult"] <= first["result"] <= first["total"]
    assert first["audio"] > 0
    then = heard["seconds"]
    assert 0 <= then["inputEnd"] <= then["result"] <= then["total"]
    assert then["audio"] > 1.5
    for word in ("kitchen", "lights"):
        assert word in TEXT
        assert word in SAID
        assert word.encode() not in answer.body


async def test_what_was_said_is_told_only_where_the_settings_ask_for_it() -> None:
    async with http_door(engines=sink_engines((SAID,)), rules=History(texts=True)) as door:
        await speak(door)
        await hear(door)
        heard, spoken = (await door.get(TURNS)).json["turns"]
    assert (heard["text"], spoken["text"]) == (SAID, TEXT)


async def test_a_turn_that_failed_tells_the_sentence() -> None:
    async with http_door(faults=Faults(refused_upgrade=RefusedUpgrade(status=401)), settings=SOON) as door:
        answer = await door.post(SYNTHESIZE, json={"text": TEXT})
        (turn,) = (await door.get(TURNS)).json["turns"]
    assert answer.status >= 500
    assert turn["outcome"] == answer.json["code"]
    assert turn["error"] == answer.json["detail"]
    assert turn["cost"] is None
    assert turn["seconds"]["total"] >= 0
    assert "firstResult" not in turn["seconds"]


async def test_turns_survive_the_program_and_are_forgotten_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    async with http_door(state=SqliteFile(path), rules=History(texts=True)) as door:
        for number in range(3):
            await speak(door, f"number {number}")
        before = (await door.get(TURNS)).json["turns"]
    async with http_door(state=SqliteFile(path)) as door:
        await speak(door, "one more")
        newest, *others = (await door.get(TURNS)).json["turns"]
        assert others == before
        assert newest["startedAt"] >= others[0]["startedAt"]
        assert (await door.get(f"{TURNS}?limit=2")).json["turns"] == [newest, others[0]]
        counts = (await door.get(FIGURES)).json["series"]["firstAudio"]["count"]
        assert sum(filter(None, counts)) == 4
        await eventually(lambda: door.history._ledger.keeper and not door.history._ledger.keeper.writing)
        assert b"number 1" in path.read_bytes() + path.with_name(f"{path.name}-wal").read_bytes()
        assert (await door.ask("DELETE", TURNS)).status == 204
        assert (await door.get(TURNS)).json == {"turns": []}
    assert b"number 1" not in path.read_bytes()


async def test_without_a_history_nothing_is_remembered() -> None:
    async with http_door(rules=History(turns=0)) as door:
        await speak(door)
        assert (await door.get(TURNS)).json == {"turns": []}


async def test_whoever_listens_hears_of_each_turn_as_it_ends() -> None:
    async with http_door() as door:
        await speak(door)
        async with listening(door) as events:
            name, first = await events.next()
            assert (name, len(first["turns"])) == ("turns", 1)
            await speak(door)
            turn = await events.named("turn")
            assert turn["id"] != first["turns"][0]["id"]
            assert await events.named("figures") == {}
        again = (await door.get(TURNS)).json["turns"]
    assert again == [turn, *first["turns"]]


async def test_what_has_changed_is_told_and_not_more_often_than_once_a_second() -> None:
    feed = Feed()
    with feed.client() as client:
        for _ in range(1000):
            feed.tell("status", b"{}")
            feed.tell("figures", b"{}")
        messages = client.messages()
        async with asyncio.timeout(20):
            found = [await anext(messages), await anext(messages)]
        assert found == [b"event: figures\ndata: {}\n\n", b"event: status\ndata: {}\n\n"]
        feed.tell("status", b"{}")
        loop = asyncio.get_running_loop()
        assert feed._timer is not None
        assert feed._timer.when() - loop.time() > 0.5
        feed.close()
        assert [message async for message in messages] == []


async def test_no_more_than_so_many_listen_and_a_place_becomes_free_again() -> None:
    async with http_door() as door:
        async with asyncio.timeout(20):
            others = [await door.client.get(LIVE) for _ in range(MOST_CLIENTS)]
        refused = await door.get(LIVE)
        assert refused.status == 429
        assert refused.json["code"] == "too-many-requests"
        assert int(refused.headers["Retry-After"]) > 0
        feed = feed_of(door)
        others[0].close()
        await eventually(lambda: len(feed._clients) < MOST_CLIENTS)
        async with door.client.get(LIVE) as one:
            assert one.status == 200
        for other in others:
            other.close()


async def test_a_client_that_does_not_read_is_dropped_and_nobody_waits_for_it() -> None:
    async with http_door() as door:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.server.port, limit=1024)
        writer.write(f"GET {LIVE} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        assert b"200 OK" in await reader.readuntil(b"\n")
        feed = feed_of(door)
        await eventually(lambda: len(feed._clients) == 1)
        (client,) = feed._clients
        body = b"x" * 100_000
        while not client.dropped:
            feed.tell("turn", body)
            assert len(client._waiting) <= MOST_WAITING
            await asyncio.sleep(0)
        await speak(door)
        writer.close()
        await eventually(lambda: not feed._clients)


def test_what_waits_for_a_client_is_bounded() -> None:
    client = LiveClient()
    held = []
    for _ in range(MOST_WAITING + 1):
        client.put(b"x")
        held.append((client.dropped, len(client._waiting)))
    assert held == [*((False, number) for number in range(1, MOST_WAITING + 1)), (True, 0)]


async def test_the_server_stops_at_once_although_somebody_listens() -> None:
    async with http_door() as door, listening(door) as events:
        await events.next()
        began = time.monotonic()
        await door.server.stop()
        with pytest.raises(EOFError):
            await events.named("nothing of this name")
    assert time.monotonic() - began < 10


ANSWERED = TurnRecord(
    id="a",
    kind="answer",
    door="http",
    target="default",
    model="gpt-realtime",
    voice="alloy",
    language="en",
    started_at=0.0,
    audio_seconds=2.0,
    characters=20,
    first_result_seconds=2.5,
    total_seconds=3.0,
    attempts=1,
    outcome="completed",
    input_end=2.0,
)
"""To somebody who spoke for two seconds."""


async def test_figures_count_what_happened_by_minute_and_by_quarter_of_an_hour() -> None:
    async with http_door(engines=sink_engines((SAID,))) as door:
        await speak(door)
        await speak(door)
        await hear(door)
        door.running.observer.report(TurnEnded(replace(ANSWERED, started_at=time.time())))
        for span, step, length in (("hour", 60, 60), ("day", 900, 96)):
            told = (await door.get(f"{FIGURES}?span={span}")).json
            assert (told["span"], told["step"]) == (span, step)
            assert told["from"] % step == 0
            assert told["from"] + step * length > time.time() - 60
            series = told["series"]
            lists = [*series["transcript"].values(), *series["firstAudio"].values()]
            lists += [*series["sessions"].values(), series["retries"], series["mismatches"]]
            assert {len(values) for values in lists} == {length}
            assert sum(filter(None, series["firstAudio"]["count"])) == 2
            assert sum(filter(None, series["transcript"]["count"])) == 1
            assert [value for value in series["answer"]["p50"] if value] == [0.5]
            percentiles = [value for value in series["firstAudio"]["p95"] if value is not None]
            assert percentiles
            assert 0 < max(percentiles) < 60
            assert series["sessions"]["open"][-1] >= series["sessions"]["idle"][-1] >= 1
            assert series["transcript"]["p50"][0] is None


async def test_costs_are_those_of_the_turns(tmp_path: Path) -> None:
    async with http_door(engines=sink_engines((SAID,)), state=SqliteFile(tmp_path / "state.sqlite")) as door:
        await speak(door)
        await hear(door)
        turns = (await door.get(TURNS)).json["turns"]
        told = (await door.get(COSTS)).json
    total = sum(turn["cost"]["amount"] for turn in turns)
    assert told["currency"] == "USD"
    assert told["today"] == pytest.approx(total, abs=2e-4)
    assert sum(told["byKind"].values()) == pytest.approx(total, abs=2e-4)
    assert set(told["byKind"]) == {"recognition", "synthesis"}
    assert set(told["byModel"]) == {"gpt-realtime", "whisper-1"}
    assert told["cap"] == {"day": None, "month": None, "action": "warn"}
    assert told["monthLikeToday"] == pytest.approx(30 * total, rel=0.2)
    assert len(told["days"]) == 31
    assert told["days"][-1] == {"date": time.strftime("%Y-%m-%d"), "amount": told["today"]}
    assert told["days"][0]["amount"] == 0


@pytest.mark.parametrize("path", [TURNS, LIVE, FIGURES, COSTS])
async def test_they_need_the_token_and_a_page_from_here(path: str) -> None:
    async with http_door(token="a-token") as door:
        assert (await door.get(path)).status == 401
        headers = {"Authorization": "Bearer a-token", "Origin": "https://evil.example"}
        assert (await door.get(path, headers=headers)).status == 403


WRONG = st.dictionaries(
    st.sampled_from(["limit", "span", "x", ""]),
    st.one_of(st.integers().map(str), st.text(max_size=20), st.sampled_from(["hour", "day", "100", "1e3"])),
)


async def test_whatever_is_asked_for_is_answered_or_refused() -> None:
    async with http_door() as door:

        @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(st.sampled_from([TURNS, FIGURES]), WRONG)
        def asked(path: str, query: dict[str, str]) -> None:
            questions.append((path, query))

        questions: list[tuple[str, dict[str, str]]] = []
        asked()
        for path, query in questions:
            answer = await door.get(path, params=query)
            assert answer.status in (200, 400), (path, query)
            limit = query.get("limit", "100")
            if path == TURNS and answer.status == 200:
                assert set(query) <= {"limit"}
                assert 1 <= float(limit) <= 1000
            if answer.status == 400:
                assert answer.json["code"] == "invalid-request"
