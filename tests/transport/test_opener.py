import asyncio
import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.entra import install_entra
from tests.support.realtime_samples import REALTIME_SESSION
from tests.support.scripted_server import (
    Close,
    Deaf,
    Drop,
    Expect,
    Linger,
    Refuse,
    Script,
    Send,
    created,
    greeting,
    scripted_server,
    updated,
)
from wyoming_azure_realtime import errors
from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.providers.azure_openai import AzureOpenAi
from wyoming_azure_realtime.providers.registry import PROVIDERS
from wyoming_azure_realtime.realtime.dialects import PreviewDialect
from wyoming_azure_realtime.realtime.session_config import SpeechConfig, TranscriptionConfig
from wyoming_azure_realtime.settings.model import Deadlines, Secret, Target
from wyoming_azure_realtime.transport.session import SessionOpener, TargetOpener

SPEAKS = SpeechConfig("t", "my-rt", "alloy")
HEARS = TranscriptionConfig("t", "my-ears", "whisper-1")
PATIENT = Deadlines()
NO_UPGRADE = Deadlines(upgrade=0.1)
NO_CONFIGURATION = Deadlines(configuration=0.1)

NOT_REALTIME = Refuse(
    400, json.dumps({"error": {"code": "OpperationNotSupported", "message": "No."}}).encode()
)
BAD_REQUEST = Refuse(400, b"")
NO_DEPLOYMENT = Refuse(404, json.dumps({"error": {"code": "DeploymentNotFound", "message": "No."}}).encode())
NO_PATH = Refuse(404, json.dumps({"error": {"code": "404", "message": "Resource not found"}}).encode())
TRANSCRIBES: Script = [*greeting("transcription"), Linger()]
CONVERSES: Script = [*greeting("realtime"), Linger()]


def target(url: str, **more: Any) -> Target:
    return Target(name="t", endpoint=url, key=Secret("hunter2"), realtime_deployment="my-rt", **more)


def opener(url: str, deadlines: Deadlines = PATIENT, **more: Any) -> TargetOpener:
    return TargetOpener(target(url, **more), deadlines)


async def test_a_speaking_session_is_a_conversation_with_the_realtime_deployment() -> None:
    async with scripted_server(CONVERSES) as server:
        session = await opener(server.url).open(SPEAKS)
        assert (session.kind, session.closed) == ("realtime", False)
        await session.close()
    (request,) = server.requests
    assert request.path == "/openai/v1/realtime?model=my-rt"
    assert request.headers["api-key"] == "hunter2"


async def test_a_hearing_session_is_a_transcription_session_that_names_its_deployment_inside() -> None:
    async with scripted_server(TRANSCRIBES) as server:
        session = await opener(server.url).open(HEARS)
        assert session.kind == "transcription"
        await session.close()
    assert server.requests[0].path == "/openai/v1/realtime?intent=transcription"
    update = server.received[0]["session"]
    assert update["type"] == "transcription"
    assert update["audio"]["input"]["transcription"] == {"model": "my-ears"}


async def test_the_preview_has_an_address_and_a_shape_of_its_own() -> None:
    dialect = PreviewDialect()
    flat = dialect.server_to_wire({"type": "session.created", "session": REALTIME_SESSION})
    assert flat is not None
    script: Script = [
        Send(flat),
        Expect("session.update"),
        Send({**flat, "type": "session.updated"}),
        Linger(),
    ]
    async with scripted_server(script) as server:
        session = await opener(server.url, api_version="2025-04-01-preview").open(SPEAKS)
        await session.close()
    assert server.requests[0].path == "/openai/realtime?api-version=2025-04-01-preview&deployment=my-rt"
    assert server.received[0]["session"]["modalities"] == ["text", "audio"]


async def test_openais_own_host_takes_the_key_as_a_bearer_token() -> None:
    async with scripted_server(CONVERSES) as server:
        session = await opener(server.url, service="openai").open(SPEAKS)
        await session.close()
    (request,) = server.requests
    assert request.path == "/v1/realtime?model=my-rt"
    assert request.headers["Authorization"] == "Bearer hunter2"
    assert "api-key" not in request.headers


ASKED: Script = [created(), Expect("session.update")]
REFUSALS: dict[str, Script] = {
    "not for realtime": [NOT_REALTIME],
    "bad request": [BAD_REQUEST],
    "no deployment": [NO_DEPLOYMENT],
    "no path": [NO_PATH],
    "not allowed": [Refuse(405)],
    "an error without a code": [
        *ASKED,
        Send({"type": "error", "error": {"type": "invalid_session_type", "code": None, "message": "No."}}),
        Linger(),
    ],
    "an error of its own": [*ASKED, Send({"type": "error", "error": {"code": 500, "type": 7}}), Linger()],
    "an error instead of a greeting": [Send({"type": "error", "error": {"code": "missing_model"}}), Linger()],
    "a close instead of a greeting": [Close(4000, "invalid_request_error.missing_model")],
    "a close instead of an acknowledgement": [*ASKED, Close(1000)],
    "a crash": [*ASKED, Close(1011)],
    "a policy": [*ASKED, Close(1008, "transcription is off")],
}


@pytest.mark.parametrize("refusal", REFUSALS)
async def test_where_no_transcription_session_can_be_had_a_conversation_transcribes(refusal: str) -> None:
    asked = REFUSALS[refusal].count(Expect("session.update"))
    async with scripted_server(REFUSALS[refusal], CONVERSES, CONVERSES) as server:
        one = opener(server.url)
        for _ in range(2):  # and the second time nobody asks again
            session = await one.open(HEARS)
            assert session.kind == "realtime"
            await session.close()
    assert [request.path.partition("?")[2] for request in server.requests] == [
        "intent=transcription",
        "model=my-rt",
        "model=my-rt",
    ]
    assert server.received[asked]["session"]["audio"]["input"]["transcription"] == {"model": "my-ears"}
    assert server.received[asked]["session"]["type"] == "realtime"


async def test_a_refusal_is_not_remembered_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wyoming_azure_realtime.transport.session.REFUSAL_SECONDS", 0.0)
    async with scripted_server([NOT_REALTIME], CONVERSES, TRANSCRIBES) as server:
        one = opener(server.url)
        for kind in ("realtime", "transcription"):
            session = await one.open(HEARS)
            assert session.kind == kind
            await session.close()


@pytest.mark.parametrize("model", ["gpt-realtime-whisper", "gpt-live-transcribe-2026-07-28"])
async def test_models_that_hear_in_transcription_sessions_alone_are_not_tried_in_conversations(
    model: str,
) -> None:
    async with scripted_server([NOT_REALTIME]) as server:
        with pytest.raises(errors.DeploymentNotFound, match="'my-ears' cannot do this"):
            await opener(server.url).open(TranscriptionConfig("t", "my-ears", model))


async def test_a_service_may_complain_of_a_field_and_take_the_rest(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    complaint = {"type": "error", "error": {"message": "Specifying `speed` is not supported."}}
    script: Script = [*ASKED, Send(complaint), Send(complaint), updated(), Linger()]
    async with scripted_server(script) as server:
        await (await opener(server.url).open(SPEAKS)).close()
    assert "Specifying `speed` is not supported." in caplog.text


@pytest.mark.parametrize(
    ("said", "close", "expected"),
    [
        ({"code": "invalid_api_key"}, Close(3000, "invalid_request_error.invalid_api_key"), "authentication"),
        ({"code": "invalid_model"}, Close(4000, "invalid_request_error.invalid_model"), "deployment"),
        ({"code": "beta_api_shape_disabled"}, Close(4000), "unsupported-version"),
        ({"message": "No."}, Close(4000, "invalid_request_error.invalid_model"), "protocol"),
        (
            {"message": "All 1 session slots are in use.", "type": "session_limit_reached"},
            Close(1008),
            "rate",
        ),
    ],
)
@pytest.mark.parametrize("greeted", [False, True])
async def test_what_is_said_behind_the_upgrade_is_the_error_at_once(
    said: dict[str, str], close: Close, expected: str, greeted: bool
) -> None:
    first = [created()] if greeted else []
    async with scripted_server([*first, Send({"type": "error", "error": said}), close]) as server:
        with pytest.raises(errors.BackendError) as caught:
            await opener(server.url).open(SPEAKS)
    assert caught.value.code.startswith(expected) or (greeted and caught.value.code == "deployment-not-found")
    assert not isinstance(caught.value, errors.BackendTimeout)


async def test_a_service_that_hears_in_conversations_is_asked_for_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Conversing(AzureOpenAi):
        service = "conversing"
        transcribes_over = "realtime"

    monkeypatch.setitem(PROVIDERS, Conversing.service, Conversing)
    async with scripted_server(CONVERSES) as server:
        session = await opener(server.url, service="conversing").open(HEARS)
        assert session.kind == "realtime"
        await session.close()
    assert [request.path.partition("?")[2] for request in server.requests] == ["model=my-rt"]


async def test_what_one_target_refuses_another_may_allow() -> None:
    async with scripted_server([NOT_REALTIME], CONVERSES) as poor, scripted_server(TRANSCRIBES) as rich:
        targets = [target(poor.url), Target(name="u", endpoint=rich.url, key=Secret("k"))]
        both = SessionOpener(targets, PATIENT)
        first = await both(HEARS)
        second = await both(TranscriptionConfig("u", "my-ears", "whisper-1"))
        assert (first.kind, second.kind) == ("realtime", "transcription")
        await first.close()
        await second.close()
        await both.close()


async def test_a_conversation_that_is_refused_as_well_is_not_remembered() -> None:
    async with scripted_server([NOT_REALTIME], [NO_DEPLOYMENT], TRANSCRIBES) as server:
        one = opener(server.url)
        with pytest.raises(errors.DeploymentNotFound, match="'my-rt' not found"):
            await one.open(HEARS)
        session = await one.open(HEARS)
        assert session.kind == "transcription"
        await session.close()


async def test_where_both_deployments_are_missing_the_one_that_hears_is_named_for_hearing() -> None:
    async with scripted_server([NO_DEPLOYMENT], [NO_DEPLOYMENT], [NO_DEPLOYMENT]) as server:
        one = opener(server.url)
        with pytest.raises(errors.DeploymentNotFound, match="Transcription deployment 'my-ears' not found"):
            await one.open(HEARS)
        with pytest.raises(errors.DeploymentNotFound, match="Speaking deployment 'my-rt' not found"):
            await one.open(SPEAKS)


async def test_without_a_realtime_deployment_there_is_nothing_to_fall_back_to() -> None:
    async with scripted_server([NO_DEPLOYMENT]) as server:
        one = TargetOpener(
            Target(name="t", endpoint=server.url, key=Secret("k"), realtime_deployment=""), PATIENT
        )
        with pytest.raises(errors.DeploymentNotFound, match="'my-ears' not found"):
            await one.open(HEARS)


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [
        (Refuse(401), errors.AuthenticationFailed),
        (Refuse(403), errors.AuthenticationFailed),
        (Refuse(429), errors.RateLimited),
        (Refuse(503), errors.ConnectFailed),
        (Refuse(302, headers={"Location": "/elsewhere"}), errors.WrongEndpoint),
        (Drop(), errors.SessionLost),
        (Close(1012), errors.SessionLost),
    ],
)
async def test_other_refusals_are_no_reason_to_fall_back(
    refusal: Refuse | Drop | Close, expected: type[errors.BackendError]
) -> None:
    async with scripted_server([refusal]) as server:
        with pytest.raises(errors.BackendError) as caught:
            await opener(server.url).open(HEARS)
    assert type(caught.value) is expected


ERROR = Send({"type": "error", "error": {"type": "invalid_request_error", "code": "invalid_value"}})
FAILURES: dict[str, tuple[Script, Deadlines, type[errors.BackendError]]] = {
    "the upgrade is never answered": ([Deaf()], NO_UPGRADE, errors.ConnectFailed),
    "no greeting": ([Linger()], NO_CONFIGURATION, errors.BackendTimeout),
    "a greeting that makes no sense": (
        [Send({"type": "session.greeted", "session": 1}), Linger()],
        NO_CONFIGURATION,
        errors.BackendTimeout,
    ),
    "no acknowledgement": (
        [created(), Expect("session.update"), Linger()],
        NO_CONFIGURATION,
        errors.BackendTimeout,
    ),
    "a refused configuration": (
        [created(), Expect("session.update"), ERROR, Linger()],
        PATIENT,
        errors.ProtocolViolation,
    ),
    "a close instead of a greeting": ([Close(1011)], PATIENT, errors.SessionLost),
    "a close instead of an acknowledgement": (
        [created(), Expect("session.update"), Close(1000)],
        PATIENT,
        errors.SessionLost,
    ),
    "a broken connection": ([created(), Drop()], PATIENT, errors.SessionLost),
}


@pytest.mark.parametrize("case", FAILURES)
async def test_whatever_goes_wrong_is_an_error_by_its_deadline_and_leaves_no_socket(case: str) -> None:
    script, deadlines, expected = FAILURES[case]
    async with scripted_server(script) as server, asyncio.timeout(5):
        with pytest.raises(errors.BackendError) as caught:
            await opener(server.url, deadlines).open(SPEAKS)
        assert type(caught.value) is expected
        assert "hunter2" not in str(caught.value)
        await server.all_gone()


@pytest.mark.parametrize("script", [[Deaf()], [Linger()], [created(), Expect("session.update"), Linger()]])
async def test_a_cancelled_opening_leaves_no_socket(script: Script) -> None:
    async with scripted_server(script) as server:
        opening = asyncio.create_task(opener(server.url, PATIENT).open(SPEAKS))
        await (server.heard if len(script) > 1 else server.asked).wait()
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        await server.all_gone()


async def test_an_opening_cancelled_at_any_moment_leaves_no_socket() -> None:
    async with asyncio.timeout(20), scripted_server(*([CONVERSES] * 500)) as server:
        for moment in range(500):
            opening = asyncio.create_task(opener(server.url, PATIENT).open(SPEAKS))
            for _ in range(moment):
                await asyncio.sleep(0)
            opening.cancel()
            await asyncio.wait([opening])
            if not opening.cancelled():
                await opening.result().close()
                break
        assert moment > 10


async def test_a_token_is_fetched_for_every_connect(monkeypatch: pytest.MonkeyPatch) -> None:
    entra = install_entra(monkeypatch)
    async with scripted_server(CONVERSES, CONVERSES, [Refuse(401)]) as server:
        one = opener(server.url, auth="entra")
        for _ in range(2):
            await (await one.open(SPEAKS)).close()
        with pytest.raises(errors.AuthenticationFailed):
            await one.open(SPEAKS)
        await one.close()
    tokens = [request.headers["Authorization"] for request in server.requests]
    assert tokens == ["Bearer token-1", "Bearer token-2", "Bearer token-3"]
    assert all("api-key" not in request.headers for request in server.requests)
    assert entra.closed


async def test_without_a_token_nothing_is_connected(monkeypatch: pytest.MonkeyPatch) -> None:
    install_entra(monkeypatch).failure = RuntimeError("no identity")
    async with scripted_server() as server:
        with pytest.raises(errors.AuthenticationFailed, match="No Entra ID token"):
            await opener(server.url, auth="entra").open(HEARS)
    assert server.requests == []


@pytest.mark.parametrize(
    "impossible",
    [
        {"url": "http://example.com"},
        {"url": "nonsense"},
        {"url": "https://r.example", "api_version": "2020-01-01"},
        {"url": "https://api.openai.com", "api_version": "2025-04-01-preview"},
    ],
)
def test_an_impossible_target_is_found_at_the_start(impossible: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        opener(**impossible)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://192.168.1.20:8765", True),
        ("ws://gpu.local:8765", True),
        ("https://192.168.1.20", False),
        ("http://127.0.0.1:8765", False),
    ],
)
def test_what_travels_in_the_clear_is_told_once(
    url: str, told: bool, caplog: pytest.LogCaptureFixture
) -> None:
    opener(url)
    warned = [record.message for record in caplog.records if "in the clear" in record.message]
    assert len(warned) == told
    assert all(urlsplit(url).netloc in message and "hunter2" not in message for message in warned)


async def test_sessions_open_side_by_side() -> None:
    scripts = [[*greeting(), Linger()] for _ in range(5)]
    async with scripted_server(*scripts) as server:
        one = opener(server.url, PATIENT)
        sessions = await asyncio.gather(*(one.open(SPEAKS) for _ in range(5)))
        await asyncio.gather(*(session.close() for session in sessions))
