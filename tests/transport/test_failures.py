import errno
import json
import socket
import ssl
from dataclasses import replace
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
    InvalidProxy,
    InvalidProxyMessage,
    InvalidProxyStatus,
    InvalidStatus,
    InvalidUpgrade,
    InvalidURI,
)
from websockets.frames import Close
from websockets.http11 import Response

from wyoming_azure_realtime import errors
from wyoming_azure_realtime.transport.failures import Asked, Route, from_close, from_connect, from_status

Expected = type[errors.BackendError]


def refused(status: int, body: object = b"", headers: dict[str, str] | None = None) -> errors.BackendError:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return from_status(status, Headers(headers or {}), raw, Asked("my-deployment"))


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
        "Speaking deployment 'my-deployment' not found",
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
    (302, b"", errors.WrongEndpoint, False, "redirects"),
    (200, b"hello", errors.WrongEndpoint, False, "HTTP 200"),
]


@pytest.mark.parametrize(("status", "body", "expected", "retryable", "words"), UPGRADES)
def test_every_refused_upgrade_of_the_reference_has_a_meaning(
    status: int, body: object, expected: Expected, retryable: bool, words: str
) -> None:
    error = refused(status, body)
    assert type(error) is expected
    assert error.retryable is retryable
    assert words in str(error)
    if isinstance(error, errors.ConnectFailed):
        assert error.status == status


@pytest.mark.parametrize("status", [*range(400, 408), *range(409, 429), 451, 499])
def test_a_clients_mistake_is_final(status: int) -> None:
    assert not refused(status).retryable


@pytest.mark.parametrize("status", [500, 501, 502, 503, 504, 507, 520, 599, 700])
def test_a_services_trouble_passes(status: int) -> None:
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
def test_a_rate_limit_says_how_long_to_wait(
    headers: dict[str, str], message: str, seconds: float | None
) -> None:
    error = refused(429, coded("429", message), headers)
    assert isinstance(error, errors.RateLimited)
    assert error.retry_after == seconds


def test_a_header_given_twice_is_no_answer() -> None:
    headers = Headers([("retry-after", "1"), ("retry-after", "2")])
    error = from_status(429, headers, b"", Asked("d"))
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
def test_any_answer_is_an_error_of_ours(status: int, body: bytes, wait: str) -> None:
    error = from_status(status, {"retry-after": wait}, body, Asked("d"))
    assert isinstance(error, errors.BackendError)
    assert len(str(error)) < 800


def test_a_long_message_is_cut() -> None:
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
    (3000, "invalid_request_error.missing_model", errors.DeploymentNotFound, False),
    (4000, "invalid_request_error.beta_api_shape_disabled", errors.UnsupportedVersion, False),
    (4000, "invalid_request_error", errors.ProtocolViolation, False),
    (4000, "invalid_request_error.invalid_model", errors.DeploymentNotFound, False),
    (1008, "rate_limit_exceeded", errors.RateLimited, True),
    (4999, "", errors.SessionLost, True),
]


@pytest.mark.parametrize(("code", "reason", "expected", "retryable"), CLOSES)
def test_every_close_code_of_the_reference_has_a_meaning(
    code: int, reason: str, expected: Expected, retryable: bool
) -> None:
    error = from_close(ConnectionClosedError(Close(code, reason), None))
    assert type(error) is expected
    assert error.retryable is retryable


def test_a_lost_session_says_how_it_ended() -> None:
    closed = ConnectionClosedOK(Close(1001, "maximum duration"), Close(1001, ""), True)
    assert from_close(closed).message == "The session ended (close code 1001: maximum duration)."


def test_a_connection_that_breaks_is_a_lost_session() -> None:
    error = from_close(ConnectionClosedError(None, None))
    assert type(error) is errors.SessionLost
    assert "1006" in error.message


def test_a_missed_pong_is_a_lost_session() -> None:
    error = from_close(ConnectionClosedError(None, Close(1011, "keepalive ping timeout")))
    assert type(error) is errors.SessionLost
    assert "keepalive ping timeout" in error.message


def test_a_reason_is_cut() -> None:
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
        (ssl.SSLCertVerificationError(1, "certificate verify failed"), errors.WrongEndpoint, "certificate"),
        (InvalidURI("https://secret", "nonsense"), errors.ConnectFailed, "no valid address"),
        (InvalidMessage("did not receive a valid HTTP response"), errors.ConnectFailed, "no WebSocket"),
        (InvalidUpgrade("Upgrade", "h2c"), errors.ConnectFailed, "no WebSocket"),
        (InvalidHandshake("odd"), errors.ConnectFailed, "no WebSocket"),
        (ConnectionClosedError(None, None), errors.SessionLost, "1006"),
        (ValueError("the key is hunter2"), errors.ConnectFailed, "ValueError"),
        (ImportError("python-socks is required"), errors.ConnectFailed, "ImportError"),
        (InvalidStatus(Response(401, "", Headers(), b"")), errors.AuthenticationFailed, "HTTP 401"),
        (InvalidStatus(Response(204, "", Headers())), errors.WrongEndpoint, "HTTP 204"),
    ],
)
def test_whatever_goes_wrong_while_connecting_is_an_error_of_ours(
    error: Exception, expected: Expected, words: str
) -> None:
    translated = from_connect(error, Asked("d"), Route("service.example"))
    assert type(translated) is expected
    assert words in str(translated)
    assert "secret" not in str(translated)
    assert "hunter2" not in str(translated)


# --- in one sentence: what is wrong, and what to do about it

HERE = Route("service.example")
PROXIED = Route("service.example", proxy="proxy.example:3128", variable="HTTPS_PROXY")


def coming_from(error: Exception, way: Route = HERE) -> errors.BackendError:
    return from_connect(error, Asked("d"), way)


def unverified(code: int, words: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, words
    return error


@pytest.mark.parametrize(
    ("error", "way", "words"),
    [
        (
            ConnectionRefusedError(111, "Connect call failed ('1.2.3.4', 443)"),
            HERE,
            "service.example:443 cannot",
        ),
        (OSError("Multiple exceptions: [Errno 111] a, [Errno 101] b"), HERE, "Connection refused"),
        (OSError(errno.ENETUNREACH, "x"), HERE, "Network is unreachable"),
        (ConnectionRefusedError(111, ""), Route("::1", 8080), "[::1]:8080 cannot be reached"),
        (socket.gaierror(-2, "Name or service not known"), HERE, "The host 'service.example' is not known"),
        (ConnectionRefusedError(111, ""), PROXIED, "The proxy proxy.example:3128 (HTTPS_PROXY) cannot be"),
        (socket.gaierror(-2, "Name or service not known"), PROXIED, "The proxy proxy.example:3128"),
        (ConnectionResetError(104, ""), replace(PROXIED, connected=True), "service.example:443 cannot"),
        (TimeoutError(), HERE, "did not accept the connection in time. A firewall"),
        (TimeoutError(), PROXIED, "in time through the proxy proxy.example:3128"),
        (TimeoutError(), replace(HERE, connected=True), "took the connection, but did not answer in time"),
        (InvalidProxyMessage("odd"), PROXIED, "gives no valid answer"),
        (ssl.SSLEOFError(8, "EOF occurred in violation of protocol"), HERE, "broke off"),
    ],
)
def test_what_may_pass_is_named_and_tried_again(error: Exception, way: Route, words: str) -> None:
    said = coming_from(error, way)
    assert type(said) is errors.ConnectFailed
    assert words in str(said)
    assert said.advice


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (unverified(10, "certificate has expired"), "has expired. Check this machine's clock"),
        (unverified(9, "certificate is not yet valid"), "is not yet valid. Check this machine's clock"),
        (unverified(62, "Hostname mismatch, …"), "is for another name: Hostname mismatch"),
        (unverified(18, "self-signed certificate"), "is not trusted: self-signed certificate. If"),
        (unverified(20, "unable to get local issuer certificate"), "SSL_CERT_FILE"),
    ],
)
def test_a_certificate_is_told_by_what_is_wrong_with_it(error: Exception, words: str) -> None:
    said = coming_from(error)
    assert type(said) is errors.WrongEndpoint
    assert words in str(said)


@pytest.mark.parametrize(
    ("status", "expected"), [(407, errors.AuthenticationFailed), (403, errors.ConnectFailed)]
)
def test_a_proxy_that_refuses_is_named(status: int, expected: Expected) -> None:
    said = coming_from(InvalidProxyStatus(Response(status, "", Headers())), PROXIED)
    assert type(said) is expected
    assert f"(HTTPS_PROXY) does not connect to service.example:443 (HTTP {status})" in said.message


def test_a_proxy_that_is_no_address_is_told_without_its_password() -> None:
    said = coming_from(InvalidProxy("nonsense://user:hunter2@proxy", "scheme"), PROXIED)
    assert str(said) == "HTTPS_PROXY holds no valid address of a proxy."
    assert not said.retryable


def test_what_is_no_http_at_all_may_be_another_port() -> None:
    error = InvalidMessage("did not receive a valid HTTP response")
    error.__cause__ = ValueError("invalid HTTP status line")
    said = coming_from(error, Route("service.example", 80, secure=False))
    assert type(said) is errors.WrongEndpoint
    assert "https://" in said.advice


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("https://login.example:8443/portal?session=secret#x", " to https://login.example:8443/portal "),
        ("https://user:secret@login.example/", " to https://login.example/ "),
        ("/elsewhere?key=secret", " to https://service.example:443/elsewhere "),
        ("https://[secret/", "redirects (HTTP 302)"),
        ("https://evil.example/\x1b[31msecret", "redirects (HTTP 302)"),
        ("https://long.example/" + "x" * 5000, " to https://long.example/xxx"),
    ],
)
def test_a_redirect_says_where_to_and_no_secret(location: str, told: str) -> None:
    said = from_status(302, {"location": location}, b"", Asked("d"), HERE)
    assert told in said.message
    assert "secret" not in str(said)
    assert len(str(said)) < 500


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"<HTML><head><Title class='x'>\n Hotel &amp;  Spa\n</title>", "a web page answers in place of"),
        (b"<html><body>Welcome</body></html>", "a web page answers in place of the service (HTTP 200)"),
        (b'{"status": "ok"}', "something else answers in place of the service (HTTP 200)"),
        (b"<title>" + b"x" * 10_000, "(HTTP 200: 'xxx"),
        (b"<title>a\x1b[31mb\x00</title>", "(HTTP 200: 'a[31mb')"),
        (b"<title>\xff\xfe</title>", "a web page answers"),
    ],
)
def test_a_page_in_place_of_the_service_is_told_by_its_title(body: bytes, told: str) -> None:
    said = from_status(200, Headers(), body, Asked("d"), HERE)
    assert type(said) is errors.WrongEndpoint
    assert told in said.message
    assert said.message.isprintable()
    assert len(said.message) < 250


def test_a_quota_that_is_used_up_is_not_waited_for() -> None:
    said = refused(429, coded("insufficient_quota", "You exceeded your current quota."))
    assert type(said) is errors.QuotaExceeded
    assert not said.retryable
