"""Simulated trouble: that it strikes when it should, and what a client then sees."""

import asyncio
import contextlib
import itertools
import json
import time
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.support.realtime_peer import GA, Peer, hush, peer, tone
from wyoming_azure_realtime.emulator.engines import sink_engines
from wyoming_azure_realtime.emulator.faults import (
    RATE_LIMITED,
    Delay,
    Disconnect,
    Failure,
    Fault,
    FaultPlan,
    Faults,
    Oversized,
    RefusedUpgrade,
    Shortened,
    Stall,
    Way,
    WrongWords,
    parse,
)
from wyoming_azure_realtime.emulator.models import ServerOptions
from wyoming_azure_realtime.emulator.server import EmulatorServer
from wyoming_azure_realtime.errors import SettingsError

ONCE = 1
TRANSCRIPT = "conversation.item.input_audio_transcription"


@pytest.fixture
async def server() -> AsyncIterator[EmulatorServer]:
    async with EmulatorServer(ServerOptions(), sink_engines()) as server:
        yield server


@pytest.fixture
async def client(server: EmulatorServer) -> AsyncIterator[Peer]:
    async with peer(server.url) as client:
        yield client


def strikes(fault: Fault, occasions: int = 8, seed: int = 0) -> list[bool]:
    plan = FaultPlan(Faults(silent_commit=fault, seed=seed))
    return [plan.silent_commit() for _ in range(occasions)]


def test_a_fault_strikes_always_unless_it_is_told_when() -> None:
    assert strikes(Fault()) == [True] * 8


def test_a_fault_can_strike_once_later_or_every_so_often() -> None:
    assert strikes(Fault(times=1)) == [True] + [False] * 7
    assert strikes(Fault(skip=2, times=2)) == [False, False, True, True] + [False] * 4
    assert strikes(Fault(every=3)) == [False, False, True] * 2 + [False] * 2


@given(st.integers(), st.floats(0, 1))
def test_chance_repeats_itself_with_the_same_seed(seed: int, probability: float) -> None:
    fault = Fault(probability=probability)
    assert strikes(fault, 30, seed) == strikes(fault, 30, seed)


def test_chance_is_about_as_likely_as_it_should_be() -> None:
    assert 400 < sum(strikes(Fault(probability=0.5), 1000)) < 600


def test_options_are_read_from_lines() -> None:
    faults = parse(["transcript_ms=300", "refused_upgrade:status=429,retry_after=3,times=1", "silent_commit"])
    assert faults == Faults(
        transcript_ms=300,
        refused_upgrade=RefusedUpgrade(status=429, retry_after=3, times=1),
        silent_commit=Fault(),
    )


@pytest.mark.parametrize(
    "line",
    [
        "weather",
        "silent_commit:often=1",
        "transcript_ms=soon",
        "transcript_ms=-1",
        "silent_commit:every=0",
        "refused_upgrade:status=200",
        "wrong_words:how=no",
    ],
)
def test_options_that_do_not_exist_are_named(line: str) -> None:
    with pytest.raises(SettingsError, match="No such fault"):
        parse([line])


@given(st.text())
def test_any_line_is_faults_or_a_settings_error(line: str) -> None:
    with contextlib.suppress(SettingsError):
        assert isinstance(parse([line]), Faults)


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (RefusedUpgrade(status=401), 401, "401"),
        (RefusedUpgrade(status=404), 404, "DeploymentNotFound"),
        (RefusedUpgrade(status=429, retry_after=7), 429, "429"),
        (RefusedUpgrade(), 503, "503"),
    ],
)
async def test_an_upgrade_is_refused_once(
    server: EmulatorServer, fault: RefusedUpgrade, status: int, code: str
) -> None:
    server.faults = Faults(refused_upgrade=_once(fault))
    with pytest.raises(InvalidStatus) as refused:
        await connect(server.url.replace("http", "ws") + GA)
    response = refused.value.response
    assert (response.status_code, json.loads(response.body or b"")["error"]["code"]) == (status, code)
    assert response.headers.get("retry-after") == ("7" if status == 429 else None)
    async with peer(server.url):
        assert server.record.refused == {status: 1}


async def test_a_deployment_can_be_missing_for_a_while(server: EmulatorServer) -> None:
    server.faults = Faults(unknown_deployment=Fault(times=1))
    with pytest.raises(InvalidStatus):
        await connect(server.url.replace("http", "ws") + GA)
    async with peer(server.url):
        pass


async def test_latencies_are_kept(server: EmulatorServer) -> None:
    server.faults = Faults(handshake_ms=60, configuration_ms=70, transcript_ms=80, first_audio_ms=90)
    began = time.monotonic()
    async with peer(server.url) as client:
        assert time.monotonic() - began >= 0.06
        assert await _seconds(client.configure(transcription={"model": "whisper-1"})) >= 0.07
        await client.append(tone(100))
        await client.commit()
        assert await _seconds(client.until(f"{TRANSCRIPT}.completed")) >= 0.08
        await client.speak("a")
        assert await _seconds(client.until("response.output_audio.delta")) >= 0.09


async def test_generation_keeps_its_pace(server: EmulatorServer, client: Peer) -> None:
    server.faults = Faults(generation_pace=0.5)
    await client.speak("a" * 10)  # 600 ms of sound
    assert await _seconds(client.until("response.done")) > 0.2


@pytest.mark.parametrize(("code", "reason"), [(1001, "going"), (1011, ""), (4000, "odd"), (1006, "")])
async def test_a_response_is_cut_in_the_middle(
    server: EmulatorServer, client: Peer, code: int, reason: str
) -> None:
    server.faults = Faults(closed_response=Disconnect(code=code, reason=reason, after_ms=200, times=ONCE))
    await client.speak("a" * 20)
    assert (await _end(client))[0] == code
    assert 200 <= len(client.audio()) / 48 < 1200
    assert "response.done" not in client.types()
    async with peer(server.url) as another:
        await another.speak("a")
        await another.until("response.done")


async def test_an_upload_is_cut(server: EmulatorServer, client: Peer) -> None:
    server.faults = Faults(closed_upload=Disconnect(code=1011, after_ms=300))
    await client.configure()
    for _ in range(3):
        await client.append(tone(100))
    assert (await _end(client))[0] == 1011


async def test_the_socket_is_cut_after_a_commit(server: EmulatorServer, client: Peer) -> None:
    server.faults = Faults(closed_after_commit=Disconnect(), transcript_ms=1000)
    await client.configure(transcription={"model": "whisper-1"})
    await client.append(tone(100))
    await client.commit()
    assert (await _end(client))[0] == 1006
    assert "input_audio_buffer.committed" in client.types()


@pytest.mark.parametrize("name", ["silent_configuration", "silent_commit", "silent_transcript"])
async def test_silence_is_of_one_thing_only(server: EmulatorServer, client: Peer, name: str) -> None:
    fault: dict[str, Any] = {name: Fault(times=ONCE)}
    server.faults = Faults(**fault)
    update = {
        "type": "realtime",
        "audio": {"input": {"turn_detection": None, "transcription": {"model": "whisper-1"}}},
    }
    await client.send("session.update", session=update)
    await client.send("session.update", session=update)
    for _ in range(2):
        await client.append(tone(200))
        await client.commit()
    completed = await client.until(f"{TRANSCRIPT}.completed")
    seen = client.types()
    committed = [event["item_id"] for event in client.seen if event["type"] == "input_audio_buffer.committed"]
    assert completed["item_id"] == committed[1 if name == "silent_transcript" else 0]
    assert seen.count("session.updated") == (1 if name == "silent_configuration" else 2)
    assert seen.count("input_audio_buffer.committed") == (1 if name == "silent_commit" else 2)


@pytest.mark.parametrize(
    ("faults", "last"),
    [
        (Faults(silent_response=Fault(times=ONCE)), "session.updated"),
        (Faults(silent_audio=Stall(after_ms=100, times=ONCE)), "response.output_audio.delta"),
        (Faults(error_in_response=Failure(times=ONCE)), "error"),
        (Faults(missing_response_done=Fault(times=ONCE)), "response.output_item.done"),
    ],
)
async def test_a_response_that_stops_coming_can_still_be_followed_by_another(
    server: EmulatorServer, client: Peer, faults: Faults, last: str
) -> None:
    await client.configure()
    server.faults = faults
    await client.speak("a" * 10)
    while client.types()[-1] != last:
        await client.receive()
    await client.speak("another", metadata={"n": "2"})
    response = (await client.until("response.done"))["response"]
    assert (response["metadata"], response["status"]) == ({"n": "2"}, "completed")
    assert client.types().count("response.created") == (1 if faults.silent_response else 2)


async def test_a_configuration_is_refused(server: EmulatorServer, client: Peer) -> None:
    server.faults = Faults(refused_configuration=Failure(code="invalid_value", type="invalid_request_error"))
    await client.send("session.update", event_id="x", session={"type": "realtime"})
    error = (await client.until("error"))["error"]
    assert (error["code"], error["event_id"]) == ("invalid_value", "x")


async def test_a_transcription_fails(server: EmulatorServer, client: Peer) -> None:
    server.faults = Faults(failed_transcript=Failure(code="audio_unintelligible", type="transcription_error"))
    await client.configure(transcription={"model": "whisper-1"})
    await client.append(tone(100))
    await client.commit()
    failed = await client.until(f"{TRANSCRIPT}.failed")
    assert failed["error"]["code"] == "audio_unintelligible"
    assert f"{TRANSCRIPT}.completed" not in client.types()


@pytest.mark.parametrize(
    ("faults", "status", "details"),
    [
        (
            Faults(failed_response=RATE_LIMITED),
            "failed",
            {
                "type": "failed",
                "error": {
                    "type": "tokens",
                    "code": "rate_limit_exceeded",
                    "message": "Rate limit reached. Please try again in 2s.",
                    "param": None,
                    "event_id": None,
                },
            },
        ),
        (
            Faults(shortened_response=Shortened(reason="content_filter", after_ms=100)),
            "incomplete",
            {"type": "incomplete", "reason": "content_filter"},
        ),
        (Faults(empty_response=Fault()), "completed", None),
    ],
)
async def test_a_response_ends_otherwise_than_it_should(
    server: EmulatorServer, client: Peer, faults: Faults, status: str, details: object
) -> None:
    server.faults = faults
    await client.speak("a" * 20)
    response = (await client.until("response.done"))["response"]
    assert (response["status"], response["status_details"]) == (status, details)
    assert len(client.audio()) < 20 * 60 * 48


@pytest.mark.parametrize("how", ["answer", "paraphrase", "drop_word"])
async def test_other_words_are_spoken_than_were_asked_for(
    server: EmulatorServer, client: Peer, how: Way
) -> None:
    server.faults = Faults(wrong_words=WrongWords(how=how))
    await client.speak("turn on the kitchen lights")
    response = (await client.until("response.done"))["response"]
    said = response["output"][0]["content"][0]["transcript"]
    assert said != "turn on the kitchen lights"
    assert len(client.audio()) == len(said) * 60 * 48


async def test_words_may_become_others_in_mid_response(server: EmulatorServer, client: Peer) -> None:
    server.faults = Faults(wrong_words=WrongWords(how="any", right_words=3))
    said = set()
    for _ in range(20):
        await client.speak("turn on the kitchen lights and the heating")
        response = (await client.until("response.done"))["response"]
        said.add(response["output"][0]["content"][0]["transcript"])
    assert said == {
        "turn on the Sure, I can help you with that. What would you like me to do?",
        "turn on the Well, kitchen lamps plus your heating",
        "turn on the kitchen lights the heating",
    }


async def test_audio_may_trail_in_after_its_end(server: EmulatorServer, client: Peer) -> None:
    server.faults = Faults(late_audio=Fault())
    await client.speak("a" * 10)
    await client.until("response.done")
    done = client.types().index("response.output_audio.done")
    assert "response.output_audio.delta" in client.types()[done:]
    assert len(client.audio()) == 10 * 60 * 48


async def test_events_come_twice_late_unknown_or_huge(server: EmulatorServer, client: Peer) -> None:
    server.faults = Faults(
        duplicate_event=Fault(every=2),
        unknown_event=Fault(),
        late_event=Fault(every=3),
        oversized_frame=Oversized(),
    )
    await client.speak("hello there")
    await client.until("response.done")
    ids = [event["event_id"] for event in client.seen if event["type"] != "session.weather.updated"]
    assert "session.weather.updated" in client.types()
    following = list(itertools.pairwise(ids))
    assert any(first == second for first, second in following)  # twice
    assert any(second in ids[: ids.index(first)] for first, second in following)  # late
    assert max(len(json.dumps(event)) for event in client.seen) > 1024 * 1024


async def test_a_session_expires_early(server: EmulatorServer) -> None:
    server.faults = Faults(session_seconds=0.2)
    async with peer(server.url) as client:
        await client.append(hush(100))
        assert await client.closed() == (1001, "Your session hit the maximum duration of 60 minutes.")
        assert client.seen[-1]["error"]["code"] == "session_expired"


def _once(fault: RefusedUpgrade) -> RefusedUpgrade:
    return RefusedUpgrade(status=fault.status, retry_after=fault.retry_after, times=1)


async def _seconds(work: Awaitable[object]) -> float:
    began = time.monotonic()
    async with asyncio.timeout(10):
        await work
    return time.monotonic() - began


async def _end(client: Peer) -> tuple[int | None, str | None]:
    try:
        return await client.closed()
    except ConnectionClosed:
        return client.socket.close_code, client.socket.close_reason


async def test_one_late_transcript_is_overtaken_by_the_next(server: EmulatorServer, client: Peer) -> None:
    server.faults = Faults(delayed_transcript=Delay(ms=200, times=ONCE))
    await client.configure(transcription={"model": "whisper-1"})
    for _ in range(2):
        await client.append(tone(100))
        await client.commit()
    done = [(await client.until(f"{TRANSCRIPT}.completed"))["item_id"] for _ in range(2)]
    committed = [event["item_id"] for event in client.seen if event["type"] == "input_audio_buffer.committed"]
    assert done == committed[::-1]
