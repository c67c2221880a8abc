import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.protocol import State

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
from wyoming_azure_realtime.transport.failures import Asked
from wyoming_azure_realtime.transport.session import RealtimeSession
from wyoming_azure_realtime.transport.websocket import open_websocket

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
        session = RealtimeSession(await open_websocket(url, {}, within=5.0, asked=Asked("d")), dialect, kind)
        try:
            yield session, server
        finally:
            await session.close()


async def test_a_ga_session_is_greeted_configured_and_acknowledged() -> None:
    script = [*greeting(expires_at=1_900_000_000), Linger()]
    async with session_of(script) as (session, server):
        await session.configure(SPEAKS)
        assert (session.id, session.expires_at) == ("sess_1", 1_900_000_000)
        assert (session.hints, session.items) == (Hints(), set())
    (update,) = server.received
    assert update["event_id"] == "configure"
    assert update["session"]["type"] == "realtime"
    assert update["session"]["audio"]["output"]["voice"] == "marin"


async def test_a_preview_session_is_greeted_configured_and_acknowledged() -> None:
    script: Script = [
        Send({"type": "session.created", "session": {"id": "sess_1", "expires_at": 1_900_000_000}}),
        Expect("session.update"),
        Send({"type": "session.updated", "session": {"id": "sess_1"}}),
        Linger(),
    ]
    async with session_of(script, PREVIEW) as (session, server):
        await session.configure(SPEAKS)
        assert (session.id, session.expires_at) == ("sess_1", 1_900_000_000)
    assert server.received[0]["session"]["voice"] == "marin"


async def test_a_preview_transcription_session_has_events_of_its_own() -> None:
    flat = PREVIEW.server_to_wire({"type": "session.created", "session": TRANSCRIPTION_SESSION})
    assert flat is not None
    script: Script = [
        Send(flat),
        Expect("transcription_session.update"),
        Send({**flat, "type": "transcription_session.updated"}),
        Linger(),
    ]
    async with session_of(script, PREVIEW, "transcription") as (session, _server):
        await session.configure(HEARS)
        assert session.id == "sess_2"


async def test_unknown_and_senseless_events_are_skipped_while_configuring(
    caplog: pytest.LogCaptureFixture,
) -> None:
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
async def test_an_end_of_life_that_makes_no_sense_is_none(expires_at: Any) -> None:
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
async def test_a_refused_configuration_is_an_error(code: str, expected: type[errors.BackendError]) -> None:
    refusal = {"type": "invalid_request_error", "code": code, "message": "No.", "event_id": "configure"}
    script: Script = [
        created(),
        Expect("session.update"),
        Send({"type": "error", "error": refusal}),
        Linger(),
    ]
    async with session_of(script) as (session, _server):
        with pytest.raises(errors.BackendError) as caught:
            await session.configure(SPEAKS)
        assert type(caught.value) is expected


async def test_a_key_that_is_refused_after_the_upgrade_is_an_authentication_failure() -> None:
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
async def test_an_end_while_configuring_is_an_error(
    script: Script, expected: type[errors.BackendError]
) -> None:
    async with session_of(script) as (session, _server):
        with pytest.raises(expected):
            await session.configure(SPEAKS)


async def test_events_travel_in_the_dialect_of_the_session() -> None:
    delta = PREVIEW.server_to_wire(server_event("response.output_audio.delta"))
    script: Script = [Send(delta), Expect("transcription_session.update"), Linger()]
    async with session_of(script, PREVIEW) as (session, server):
        event = await session.receive()
        assert isinstance(event, got.AudioDelta)
        assert event.delta == b"\x00\x01\x02\x03"
        await session.send(send.SessionUpdate(session=Session(type="transcription")))
        await server.heard.wait()
    assert server.received == [{"type": "transcription_session.update", "session": {}}]


async def test_unknown_events_are_handed_on_and_senseless_ones_are_not() -> None:
    script: Script = [
        Send("]"),
        Send({"type": "brand.new"}),
        Send({"type": None}),
        Send(json.dumps({"type": "input_audio_buffer.cleared"})),
        Linger(),
    ]
    async with session_of(script) as (session, _server):
        assert await session.receive() == got.UnknownEvent(type="brand.new")
        assert isinstance(await session.receive(), got.BufferCleared)


APPEND = send.InputAudioBufferAppend(audio=bytes(480))


async def test_who_sends_hears_what_was_said_before_the_end() -> None:
    said = Send({"type": "error", "error": {"code": "invalid_api_key", "message": "Wrong"}})
    async with session_of([said, Close(4000)]) as (session, _server):
        await session.wait_closed()
        with pytest.raises(errors.AuthenticationFailed, match="Wrong"):
            await session.send(APPEND)


class EndedSocket:
    """As the library's where sending finds the end first: one reader at a time."""

    state = State.OPEN
    read_by = 0

    async def send(self, _frame: bytes, *, text: bool) -> None:
        raise ConnectionClosedError(None, None)

    async def recv(self, *, decode: bool) -> bytes:
        self.read_by += 1
        assert self.read_by == 1, "one reader at a time"
        await asyncio.sleep(0.01)
        raise ConnectionClosedError(None, None)


async def test_who_sends_leaves_reading_to_whoever_reads() -> None:
    session = RealtimeSession(cast("Any", EndedSocket()), GA, "transcription")
    reading = asyncio.create_task(session.receive())
    await asyncio.sleep(0)
    for attempt in (session.send(APPEND), reading):
        with pytest.raises(errors.SessionLost, match="1006"):
            await attempt


async def test_a_field_that_cannot_be_read_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    bad = Send({**server_event("response.done"), "response": {"id": 7, "output": "the secret words"}})
    async with session_of([bad, bad, Linger()]) as (session, _server):
        for _ in range(2):
            event = await session.receive()
            assert isinstance(event, got.ResponseDone)
            assert event.response.id == "7"
    (record,) = caplog.records
    assert "a response.done.response.output that is not understood" in record.message
    assert "secret" not in caplog.text


async def test_events_above_a_mebibyte_are_accepted() -> None:
    text = "x" * (5 << 20)
    script: Script = [Send({**server_event("response.output_text.delta"), "delta": text}), Linger()]
    async with session_of(script) as (session, _server):
        event = await session.receive()
        assert isinstance(event, got.TextDelta)
        assert event.delta == text


async def test_an_event_without_any_sense_of_size_ends_the_session_for_good() -> None:
    async with session_of([Send("x" * (17 << 20)), Linger()]) as (session, _server):
        with pytest.raises(errors.ProtocolViolation, match="1009"):
            await session.receive()


@pytest.mark.parametrize(
    ("step", "expected", "words"),
    [
        (Close(1001, "Your session hit the maximum duration of 60 minutes."), errors.SessionLost, "duration"),
        (Close(1011, "internal"), errors.SessionLost, "1011"),
        (Close(3000, "invalid_request_error.invalid_api_key"), errors.AuthenticationFailed, "key"),
        (
            Close(4000, "invalid_request_error.beta_api_shape_disabled"),
            errors.UnsupportedVersion,
            "Invalid API version",
        ),
        (Drop(), errors.SessionLost, "1006"),
    ],
)
async def test_an_end_from_the_other_side_is_told_to_reader_and_writer(
    step: Close | Drop, expected: type[errors.BackendError], words: str
) -> None:
    async with session_of([step]) as (session, _server):
        await session.wait_closed()
        assert session.closed
        for attempt in (session.receive(), session.send(send.InputAudioBufferClear())):
            with pytest.raises(errors.BackendError) as caught:
                await attempt
            assert type(caught.value) is expected
            assert words in str(caught.value)


async def test_what_came_before_the_end_is_still_read() -> None:
    async with session_of([Send({"type": "one"}), Send({"type": "two"}), Close()]) as (session, _server):
        await session.wait_closed()
        assert await session.receive() == got.UnknownEvent(type="one")
        assert await session.receive() == got.UnknownEvent(type="two")
        with pytest.raises(errors.SessionLost):
            await session.receive()


async def test_a_session_shows_its_state_and_nothing_secret() -> None:
    async with session_of([*greeting(), Linger()]) as (session, _server):
        assert repr(session) == "<session ? realtime ga>"
        await session.configure(SPEAKS)
        assert repr(session) == "<session sess_1 realtime ga>"
        await session.close()
        assert repr(session) == "<session sess_1 realtime ga closed>"
        assert session.closed
        await session.wait_closed()


async def test_a_service_whose_events_have_all_the_same_id_is_heard_whole() -> None:
    texts = ["one", "two", "two", "three"]
    script: Script = [
        *(
            Send({**server_event("response.output_text.delta"), "event_id": "event_1", "delta": text})
            for text in texts
        ),
        Linger(),
    ]
    async with session_of(script) as (session, _):
        received = [await session.receive() for _ in texts]
        assert [event.delta for event in received if isinstance(event, got.TextDelta)] == texts


async def test_a_ping_is_answered_by_a_server_that_is_there() -> None:
    async with session_of([*greeting(), Linger()]) as (session, _server):
        await session.configure(SPEAKS)
        assert await session.answers(5.0)
        await session.close()
        assert not await session.answers(5.0)


async def test_a_server_that_does_not_answer_a_ping_is_waited_for_so_long_and_no_longer() -> None:
    back = asyncio.Event()
    async with session_of([Ignore(back), Linger()]) as (session, _server):
        assert not await session.answers(0.05)
        assert not session.closed
        back.set()
        assert await session.answers(5.0)


async def test_an_end_during_a_ping_is_no_answer() -> None:
    back = asyncio.Event()
    async with session_of([Ignore(back), Drop()]) as (session, _server):
        answer = asyncio.create_task(session.answers(5.0))
        await asyncio.sleep(0)
        back.set()
        assert not await answer


async def test_who_sends_to_a_session_that_ends_leaves_its_last_words_to_who_receives() -> None:
    async with session_of([*greeting(), Linger()]) as (session, _):
        await session.configure(SPEAKS)
        receiving = asyncio.create_task(session.receive())
        await asyncio.sleep(0)
        assert await session._last_words() is None
        await session.close()
        with pytest.raises(errors.BackendError):
            await receiving
