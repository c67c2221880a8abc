import json
import socket
import ssl
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from websockets.datastructures import Headers
from websockets.exceptions import (
    ConnectionClosedError,
    ConnectionClosedOK,
    InvalidHandshake,
    InvalidMessage,
    InvalidStatus,
    InvalidUpgrade,
    InvalidURI,
)
from websockets.frames import Close
from websockets.http11 import Response

from wyoming_azure_realtime import errors
from wyoming_azure_realtime.transport.websocket import from_close, from_connect, from_status

Expected = type[errors.BackendError]


def refused(status: int, body: object = b"", headers: dict[str, str] | None = None) -> errors.BackendError:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return from_status(status, Headers(headers or {}), raw, "my-deployment")


def coded(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


NOT_SUPPORTED = "The realtime operation does not work with the specified model."
TOKEN = "Unauthorized. Access token is missing, invalid, audience is incorrect (x), or have expired."
LACKS = "The principal `p` lacks the required data action `a`."

# The vendor's table of refused upgrades: status, body, error, retryable, words in it
UPGRADES: list[tuple[int, object, Expected, bool, str]] = [
    (
        400,
        coded("OpperationNotSupported", NOT_SUPPORTED),
        errors.DeploymentNotFound,
        False,
        "'my-deployment'",
    ),
    (400, coded("OperationNotSupported", NOT_SUPPORTED), errors.DeploymentNotFound, False, NOT_SUPPORTED),
    (400, coded("BadRequest", "api-version"), errors.UnsupportedVersion, False, "Invalid API version"),
    (400, coded("400", "deployment"), errors.UnsupportedVersion, False, "AZURE_OPENAI_API_VERSION"),
    (
        401,
        coded("401", "Access denied due to invalid"),
        errors.AuthenticationFailed,
        False,
        "Check the API key",
    ),
    (401, {"statusCode": 401, "message": TOKEN}, errors.AuthenticationFailed, False, "token_scope"),
    (401, coded("PermissionDenied", LACKS), errors.AuthenticationFailed, False, "role"),
    (403, coded("PermissionDenied", LACKS), errors.AuthenticationFailed, False, "role"),
    (403, coded("403", LACKS), errors.AuthenticationFailed, False, "role"),
    (403, coded("403", "Public access is disabled."), errors.AuthenticationFailed, False, "network rules"),
    (403, coded("403", "Virtual Network/Firewall"), errors.AuthenticationFailed, False, "network rules"),
    (
        404,
        coded("DeploymentNotFound", "The API deployment for this resource does not exist."),
        errors.DeploymentNotFound,
        False,
        "Deployment 'my-deployment' not found",
    ),
    (404, coded("404", "Resource not found"), errors.DeploymentNotFound, False, "address is wrong"),
    (429, coded("429", "Please retry after 7 seconds."), errors.RateLimited, True, "retry after 7"),
    (431, b"", errors.ProtocolViolation, False, "HTTP 431"),
    (405, b"", errors.ProtocolViolation, False, "HTTP 405"),
    (408, b"", errors.ConnectFailed, True, "HTTP 408"),
    (500, b"<html><body>oops</body></html>", errors.ConnectFailed, True, "HTTP 500"),
    (502, b"", errors.ConnectFailed, True, "HTTP 502"),
    (503, coded("503", "Busy."), errors.ConnectFailed, True, "Busy."),
    (504, b"null", errors.ConnectFailed, True, "HTTP 504"),
    (302, b"", errors.ConnectFailed, True, "redirects"),
    (200, b"hello", errors.ConnectFailed, True, "HTTP 200"),
]


@pytest.mark.parametrize(("status", "body", "expected", "retryable", "words"), UPGRADES)
def test_every_refused_upgrade_of_the_reference_has_a_meaning(
    status: int, body: object, expected: Expected, retryable: bool, words: str
):
    error = refused(status, body)
    assert type(error) is expected
    assert error.retryable is retryable
    assert words in str(error)
    if isinstance(error, errors.ConnectFailed):
        assert error.status == status


@pytest.mark.parametrize("status", [*range(400, 408), *range(409, 429), 451, 499])
def test_a_clients_mistake_is_final(status: int):
    assert not refused(status).retryable


@pytest.mark.parametrize("status", [500, 501, 502, 503, 504, 507, 520, 599, 700])
def test_a_services_trouble_passes(status: int):
    assert refused(status).retryable


@pytest.mark.parametrize(
    ("headers", "message", "seconds"),
    [
        ({"retry-after": "7"}, "", 7.0),
        ({"Retry-After": "7"}, "Please retry after 20 seconds.", 7.0),
        ({"retry-after-ms": "1500", "retry-after": "2"}, "", 1.5),
        ({"retry-after-ms": "soon", "retry-after": "2"}, "", 2.0),
        ({"retry-after": "-3"}, "", 0.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, "Please retry after 20 seconds.", 20.0),
        ({"retry-after": "nan"}, "", None),
        ({"retry-after": "inf"}, "try again in 2s", 2.0),
        ({}, "Please retry after 20 seconds.", 20.0),
        ({}, "", None),
    ],
)
def test_a_rate_limit_says_how_long_to_wait(headers: dict[str, str], message: str, seconds: float | None):
    error = refused(429, coded("429", message), headers)
    assert isinstance(error, errors.RateLimited)
    assert error.retry_after == seconds


def test_a_header_given_twice_is_no_answer():
    headers = Headers([("retry-after", "1"), ("retry-after", "2")])
    error = from_status(429, headers, b"", "d")
    assert isinstance(error, errors.RateLimited)
    assert error.retry_after is None


@given(
    status=st.integers(100, 999),
    body=st.binary(max_size=100)
    | st.text(max_size=100).map(lambda text: json.dumps({"error": text}).encode()),
    wait=st.text(max_size=20),
)
@example(status=400, body=b"[" * 60_000, wait="")
@example(status=400, body=b'{"error":' * 20_000, wait="")
@example(status=400, body=b'{"error":{"code":["x"],"message":{"a":1}}}', wait="")
@example(status=400, body=b'{"error":{"code":"\xff"}}', wait="")
@example(status=400, body=b'{"error":[1]}', wait="")
@example(status=404, body=b'{"message":null,"code":null}', wait="")
def test_any_answer_is_an_error_of_ours(status: int, body: bytes, wait: str):
    error = from_status(status, {"retry-after": wait}, body, "d")
    assert isinstance(error, errors.BackendError)
    assert len(str(error)) < 800


def test_a_long_message_is_cut():
    assert len(str(refused(500, coded("500", "x" * 60_000)))) < 500


# The vendor's table of close codes: code, reason, error, retryable
CLOSES: list[tuple[int, str, Expected, bool]] = [
    (1000, "", errors.SessionLost, True),
    (1001, "Your session hit the maximum duration of 60 minutes.", errors.SessionLost, True),
    (1007, "", errors.ProtocolViolation, False),
    (1008, "", errors.ProtocolViolation, False),
    (1009, "", errors.ProtocolViolation, False),
    (1011, "", errors.SessionLost, True),
    (1012, "", errors.SessionLost, True),
    (1013, "", errors.SessionLost, True),
    (3000, "invalid_request_error.invalid_api_key", errors.AuthenticationFailed, False),
    (3000, "invalid_request_error.missing_model", errors.ProtocolViolation, False),
    (4000, "invalid_request_error.beta_api_shape_disabled", errors.UnsupportedVersion, False),
    (4000, "invalid_request_error", errors.ProtocolViolation, False),
    (4999, "", errors.SessionLost, True),
]


@pytest.mark.parametrize(("code", "reason", "expected", "retryable"), CLOSES)
def test_every_close_code_of_the_reference_has_a_meaning(
    code: int, reason: str, expected: Expected, retryable: bool
):
    error = from_close(ConnectionClosedError(Close(code, reason), None))
    assert type(error) is expected
    assert error.retryable is retryable


def test_a_lost_session_says_how_it_ended():
    closed = ConnectionClosedOK(Close(1001, "maximum duration"), Close(1001, ""), True)
    assert from_close(closed).message == "The session ended (close code 1001: maximum duration)."


def test_a_connection_that_breaks_is_a_lost_session():
    error = from_close(ConnectionClosedError(None, None))
    assert type(error) is errors.SessionLost
    assert "1006" in error.message


def test_a_missed_pong_is_a_lost_session():
    error = from_close(ConnectionClosedError(None, Close(1011, "keepalive ping timeout")))
    assert type(error) is errors.SessionLost
    assert "keepalive ping timeout" in error.message


def test_a_reason_is_cut():
    assert len(from_close(ConnectionClosedError(Close(1011, "x" * 5000), None)).message) < 300


@pytest.mark.parametrize(
    ("error", "expected", "words"),
    [
        (TimeoutError("timed out"), errors.ConnectFailed, "in time"),
        (
            ConnectionRefusedError(111, "Connect call failed ('10.0.0.1', 443)"),
            errors.ConnectFailed,
            "reached",
        ),
        (OSError("Multiple exceptions: [Errno 111] …"), errors.ConnectFailed, "reached"),
        (socket.gaierror(-2, "Name or service not known"), errors.ConnectFailed, "not known"),
        (ssl.SSLCertVerificationError(1, "certificate verify failed"), errors.ConnectFailed, "certificate"),
        (InvalidURI("https://secret", "nonsense"), errors.ConnectFailed, "no valid address"),
        (InvalidMessage("did not receive a valid HTTP response"), errors.ConnectFailed, "no WebSocket"),
        (InvalidUpgrade("Upgrade", "h2c"), errors.ConnectFailed, "no WebSocket"),
        (InvalidHandshake("odd"), errors.ConnectFailed, "no WebSocket"),
        (ConnectionClosedError(None, None), errors.SessionLost, "1006"),
        (ValueError("the key is hunter2"), errors.ConnectFailed, "ValueError"),
        (ImportError("python-socks is required"), errors.ConnectFailed, "ImportError"),
        (InvalidStatus(Response(401, "", Headers(), b"")), errors.AuthenticationFailed, "HTTP 401"),
        (InvalidStatus(Response(204, "", Headers())), errors.ConnectFailed, "HTTP 204"),
    ],
)
def test_whatever_goes_wrong_while_connecting_is_an_error_of_ours(
    error: Exception, expected: Expected, words: str
):
    translated = from_connect(error, "d")
    assert type(translated) is expected
    assert words in str(translated)
    assert "secret" not in str(translated)
    assert "hunter2" not in str(translated)
