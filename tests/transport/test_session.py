import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.support.realtime_samples import TRANSCRIPTION_SESSION, server_event
from tests.support.scripted_server import (
    Close,
    Drop,
    Expect,
    Ignore,
    Linger,
    Script,
    ScriptedServer,
    Send,
    created,
    greeting,
    scripted_server,
    updated,
)
from wyoming_azure_realtime import errors
from wyoming_azure_realtime.realtime import client_events as send
from wyoming_azure_realtime.realtime import server_events as got
from wyoming_azure_realtime.realtime.dialects import Dialect, GaDialect, PreviewDialect
from wyoming_azure_realtime.realtime.dialects.base import SessionKind
from wyoming_azure_realtime.realtime.session_config import Hints, SpeechConfig, TranscriptionConfig
from wyoming_azure_realtime.realtime.shapes import Session
from wyoming_azure_realtime.transport.session import RealtimeSession
from wyoming_azure_realtime.transport.websocket import WebSocketConnection

GA = GaDialect()
PREVIEW = PreviewDialect()
SPEAKS = SpeechConfig("t", "my-rt", "marin")
HEARS = TranscriptionConfig("t", "whisper-1", "whisper-1")


@asynccontextmanager
async def session_of(
    script: Script, dialect: Dialect = GA, kind: SessionKind = "realtime"
) -> AsyncIterator[tuple[RealtimeSession, ScriptedServer]]:
    async with scripted_server(script) as server, asyncio.timeout(5):
        url = server.url.replace("http", "ws", 1) + "/"
        session = RealtimeSession(
            await WebSocketConnection.open(url, {}, within=5.0, deployment="d"), dialect, kind
        )
        try:
            yield session, server
        finally:
            await session.close()


async def test_a_ga_session_is_greeted_configured_and_acknowledged():
    script = [*greeting(expires_at=1_900_000_000), Linger()]
    async with session_of(script) as (session, server):
        await session.configure(SPEAKS)
        assert (session.id, session.expires_at) == ("sess_1", 1_900_000_000)
        assert (session.hints, session.items) == (Hints(), set())
    (update,) = server.received
    assert update["event_id"] == "configure"
    assert update["session"]["type"] == "realtime"
    assert update["session"]["audio"]["output"]["voice"] == "marin"


async def test_a_preview_session_is_greeted_configured_and_acknowledged():
    script = [
        Send({"type": "session.created", "session": {"id": "sess_1", "expires_at": 1_900_000_000}}),
        Expect("session.update"),
        Send({"type": "session.updated", "session": {"id": "sess_1"}}),
        Linger(),
    ]
    async with session_of(script, PREVIEW) as (session, server):
        await session.configure(SPEAKS)
        assert (session.id, session.expires_at) == ("sess_1", 1_900_000_000)
    assert server.received[0]["session"]["voice"] == "marin"


async def test_a_preview_transcription_session_has_events_of_its_own():
    flat = PREVIEW.server_to_wire({"type": "session.created", "session": TRANSCRIPTION_SESSION})
    assert flat is not None
    script = [
        Send(flat),
        Expect("transcription_session.update"),
        Send({**flat, "type": "transcription_session.updated"}),
        Linger(),
    ]
    async with session_of(script, PREVIEW, "transcription") as (session, _server):
        await session.configure(HEARS)
        assert session.id == "sess_2"


async def test_unknown_and_senseless_events_are_skipped_while_configuring(caplog: pytest.LogCaptureFixture):
    script: Script = [
        Send({"type": "conversation.created", "conversation": {}}),
        Send("no JSON at all"),
        Send(b"\x00\xff"),
        Send({"type": "session.created", "session": "no session"}),
        created(),
        Send({"type": "rate_limits.updated"}),
        Expect("session.update"),
        Send({"type": "session.updated", "session": ["no session"]}),
        updated(expires_at="never"),
        Linger(),
    ]
    with caplog.at_level(logging.WARNING):
        async with session_of(script) as (session, _server):
            await session.configure(SPEAKS)
            assert session.expires_at is None
    assert len(caplog.records) == 4
    assert all(record.exc_info is None for record in caplog.records)


@pytest.mark.parametrize("expires_at", [None, "soon", 0, -1, [], {"a": 1}])
async def test_an_end_of_life_that_makes_no_sense_is_none(expires_at: Any):
    async with session_of([*greeting(expires_at=expires_at), Linger()]) as (session, _server):
        await session.configure(SPEAKS)
        assert session.expires_at is None


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("invalid_value", errors.ProtocolViolation),
        ("unknown_parameter", errors.ProtocolViolation),
        ("invalid_parameter", errors.ProtocolViolation),
        ("missing_model", errors.DeploymentNotFound),
        ("rate_limit_exceeded", errors.RateLimited),
        ("session_expired", errors.SessionLost),
    ],
)
async def test_a_refused_configuration_is_an_error(code: str, expected: type[errors.BackendError]):
    refusal = {"type": "invalid_request_error", "code": code, "message": "No.", "event_id": "configure"}
    script = [created(), Expect("session.update"), Send({"type": "error", "error": refusal}), Linger()]
    async with session_of(script) as (session, _server):
        with pytest.raises(errors.BackendError) as caught:
            await session.configure(SPEAKS)
        assert type(caught.value) is expected


async def test_a_key_that_is_refused_after_the_upgrade_is_an_authentication_failure():
    script: Script = [
        Send({"type": "error", "error": {"type": "invalid_request_error", "code": "invalid_api_key"}}),
        Close(3000, "invalid_request_error.invalid_api_key"),
    ]
    async with session_of(script) as (session, _server):
        with pytest.raises(errors.AuthenticationFailed):
            await session.configure(SPEAKS)


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ([Close(1000)], errors.SessionLost),
        ([created(), Expect("session.update"), Close(1000)], errors.SessionLost),
        ([Close(4000, "invalid_request_error.beta_api_shape_disabled")], errors.UnsupportedVersion),
    ],
)
async def test_an_end_while_configuring_is_an_error(script: Script, expected: type[errors.BackendError]):
    async with session_of(script) as (session, _server):
        with pytest.raises(expected):
            await session.configure(SPEAKS)


async def test_events_travel_in_the_dialect_of_the_session():
    delta = PREVIEW.server_to_wire(server_event("response.output_audio.delta"))
    script = [Send(delta), Expect("transcription_session.update"), Linger()]
    async with session_of(script, PREVIEW) as (session, server):
        event = await session.receive()
        assert isinstance(event, got.AudioDelta)
        assert event.delta == b"\x00\x01\x02\x03"
        await session.send(send.SessionUpdate(session=Session(type="transcription")))
        await server.heard.wait()
    assert server.received == [{"type": "transcription_session.update", "session": {}}]


async def test_unknown_events_are_handed_on_and_senseless_ones_are_not():
    script: Script = [
        Send("]"),
        Send({"type": "brand.new"}),
        Send({"type": "error"}),
        Send(json.dumps({"type": "input_audio_buffer.cleared"})),
        Linger(),
    ]
    async with session_of(script) as (session, _server):
        assert await session.receive() == got.UnknownEvent(type="brand.new")
        assert isinstance(await session.receive(), got.BufferCleared)


async def test_a_session_shows_its_state_and_nothing_secret():
    async with session_of([*greeting(), Linger()]) as (session, _server):
        assert repr(session) == "<session ? realtime ga>"
        await session.configure(SPEAKS)
        assert repr(session) == "<session sess_1 realtime ga>"
        await session.close()
        assert repr(session) == "<session sess_1 realtime ga closed>"
        assert session.closed
        await session.wait_closed()


async def test_a_service_whose_events_have_all_the_same_id_is_heard_whole():
    texts = ["one", "two", "two", "three"]
    script = [
        *(
            Send({**server_event("response.output_text.delta"), "event_id": "event_1", "delta": text})
            for text in texts
        ),
        Linger(),
    ]
    async with session_of(script) as (session, _):
        assert [(await session.receive()).delta for _ in texts] == texts


async def test_a_ping_is_answered_by_a_server_that_is_there():
    async with session_of([*greeting(), Linger()]) as (session, _server):
        await session.configure(SPEAKS)
        assert await session.answers(5.0)
        await session.close()
        assert not await session.answers(5.0)


async def test_a_server_that_does_not_answer_a_ping_is_waited_for_so_long_and_no_longer():
    back = asyncio.Event()
    async with session_of([Ignore(back), Linger()]) as (session, _server):
        assert not await session.answers(0.05)
        assert not session.closed
        back.set()
        assert await session.answers(5.0)


async def test_an_end_during_a_ping_is_no_answer():
    back = asyncio.Event()
    async with session_of([Ignore(back), Drop()]) as (session, _server):
        answer = asyncio.create_task(session.answers(5.0))
        await asyncio.sleep(0)
        back.set()
        assert not await answer
