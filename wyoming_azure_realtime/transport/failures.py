"""What it means when no connection comes about, an upgrade is refused, or a socket closes (vendor reference).

The one place that knows which error of this package an exception of the WebSocket library or the system is.
Each says the cause and the cure in one line, which users see as it stands.
"""

import math
import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from socket import gaierror
from urllib.parse import urljoin, urlsplit

import msgspec
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidMessage,
    InvalidProxy,
    InvalidProxyStatus,
    InvalidStatus,
    InvalidURI,
    ProxyError,
)

from wyoming_azure_realtime.errors import (
    AuthenticationFailed,
    BackendError,
    ConnectFailed,
    DeploymentNotFound,
    ProtocolViolation,
    QuotaExceeded,
    RateLimited,
    SessionLost,
    UnsupportedVersion,
    WrongEndpoint,
)
from wyoming_azure_realtime.realtime.failures import QUOTA_ADVICE, from_reason, retry_after

KEY_ADVICE = "Check the API key and that it belongs to this endpoint."
REFRESH_ADVICE = "Check the identity that the token is for, and the target's token_scope."
USUAL_ROLE = "Cognitive Services OpenAI User"
ROLE_ADVICE = "Assign the role '{role}'; a change takes about five minutes."
NETWORK_ADVICE = "Check the network rules (firewall, private endpoint) of the resource."
DEPLOYMENT_ADVICE = (
    "Check its name in the resource and in {setting}; a new deployment takes up to five minutes."
)
VERSION_ADVICE = "Leave AZURE_OPENAI_API_VERSION empty (GA), or check the endpoint's address."
PATH_ADVICE = f"{DEPLOYMENT_ADVICE} Or the endpoint's address is wrong."
PORTAL_ADVICE = (
    "Open the endpoint in a browser on this network: a login page (captive portal) or a proxy may be in "
    "between, or the endpoint's address is wrong."
)
CLOCK_ADVICE = "Check this machine's clock, which says {today}; if it is right, the certificate is wrong."
NAME_ADVICE = "Check the endpoint's address; or a login page of the network or a proxy answers in its place."
AUTHORITY_ADVICE = (
    "If it is your own, or that of a proxy in your network, name the file of its authority in SSL_CERT_FILE; "
    "else somebody answers in the service's place."
)

# Bad payload, policy, too big, and the vendor's own refusals: the same again would end the same way.
FINAL_CLOSES = frozenset({1002, 1003, 1007, 1008, 1009, 1010, 3000, 4000})

# Going away, restart, overload and breaks on the way: they say nothing about what was asked for.
PASSING_CLOSES = frozenset({1001, 1005, 1006, 1012, 1013, 1014, 1015})

# What OpenSSL calls an answer that is no TLS.
_NO_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "PACKET_LENGTH", "RECORD_LAYER")
_NOT_YET_VALID, _EXPIRED, _OTHER_NAMES = 9, 10, (62, 63, 64)  # OpenSSL's X509_V_ERR_…
_NETWORK_LOGIN = 511  # RFC 6585


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for, in the words of the sentence that says why it was refused.

    `deployment` and the `setting` that names it; `role`: that a token's owner needs.
    """

    deployment: str
    setting: str = "AZURE_OPENAI_REALTIME_DEPLOYMENT"
    role: str = USUAL_ROLE

    @property
    def what(self) -> str:
        """The deployment, and what it is for."""
        use = "Transcription" if "TRANSCRIPTION" in self.setting else "Speaking"
        return f"{use} deployment '{self.deployment}'"


@dataclass(frozen=True, slots=True)
class Route:
    """How the service is reached: the endpoint's `host` and `port`; a `proxy` and the `variable` naming it.

    `secure`: by TLS. `connected`: so far it was got, until nobody answered. No field holds a secret.
    """

    host: str = ""
    port: int = 443
    secure: bool = True
    proxy: str = ""
    variable: str = ""
    connected: bool = False

    @property
    def endpoint(self) -> str:
        """Its address."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def via(self) -> str:
        """The proxy, as users know it."""
        return f"The proxy {self.proxy} ({self.variable})"


def from_connect(error: BaseException, asked: Asked, way: Route) -> BackendError:
    """Why no connection came about."""
    match error:
        case InvalidStatus():
            response = error.response
            body = bytes(response.body or b"")
            return from_status(response.status_code, response.headers, body, asked, way)
        case ProxyError() | InvalidProxy():
            return _from_proxy(error, way)
        case TimeoutError():
            return _from_timeout(way)
        case InvalidURI():
            return ConnectFailed("The endpoint is no valid address.")
        case ConnectionClosed():
            return from_close(error)
        case ssl.SSLError():
            return _from_tls(error, way)
        case OSError():
            return _from_network(error, way)
        case InvalidMessage() if error.__cause__ and not isinstance(error.__cause__, EOFError):
            return WrongEndpoint(
                f"What answers at {way.endpoint} is no WebSocket and no HTTP (InvalidMessage).",
                advice="Check the endpoint's port; where the service has TLS, begin it with https://.",
            )
        case InvalidHandshake():
            return ConnectFailed(f"The service's answer is no WebSocket ({type(error).__name__}).")
    return ConnectFailed(f"The connection failed ({type(error).__name__}).")


def _from_timeout(way: Route) -> ConnectFailed:
    through = f" through {way.via[0].lower()}{way.via[1:]}" if way.proxy else ""
    if way.connected:
        return ConnectFailed(
            f"{way.endpoint} took the connection{through}, but did not answer in time.",
            advice="A firewall or a proxy may hold the answer back, or the service is overloaded.",
        )
    return ConnectFailed(
        f"{way.endpoint} did not accept the connection in time{through}.",
        advice="A firewall may be in the way; check the endpoint's address, the network and its DNS.",
    )


def _from_network(error: OSError, way: Route) -> ConnectFailed:
    """No connection to the endpoint; or to the proxy, which has to be reached before it."""
    reason = _reason(error)
    if way.proxy and not way.connected:
        return ConnectFailed(
            f"{way.via} cannot be reached: {reason}.",
            advice=f"Start it, correct {way.variable}, or name the endpoint's host in NO_PROXY.",
        )
    if isinstance(error, gaierror):
        return ConnectFailed(
            f"The host '{way.host}' is not known: {reason}.",
            advice="Check the endpoint's spelling, and this machine's network and DNS.",
        )
    if isinstance(error, ConnectionRefusedError):
        advice = "Check the endpoint's host and port, and that the service runs there."
    else:
        advice = "Check the endpoint's address and port, this machine's network and its firewall."
    return ConnectFailed(f"{way.endpoint} cannot be reached: {reason}.", advice=advice)


def _reason(error: OSError) -> str:
    """In the system's words; asyncio has its own, and puts several into one text."""
    if isinstance(error, gaierror):
        return error.strerror or "no such name"
    if found := error.errno or re.search(r"\[Errno (\d+)\]", str(error)):
        return os.strerror(found if isinstance(found, int) else int(found[1]))
    return error.strerror or type(error).__name__


def _from_proxy(error: ProxyError | InvalidProxy, way: Route) -> BackendError:
    if isinstance(error, InvalidProxy):  # its text may hold a password
        return WrongEndpoint(f"{way.variable or 'A variable'} holds no valid address of a proxy.")
    if not isinstance(error, InvalidProxyStatus):
        return ConnectFailed(
            f"{way.via} gives no valid answer ({type(error).__name__}).",
            advice=f"Check {way.variable}, or name the endpoint's host in NO_PROXY.",
        )
    status = error.response.status_code
    refusal = f"{way.via} does not connect to {way.endpoint} (HTTP {status})."
    if status == 407:
        return AuthenticationFailed(refusal, advice=f"It wants a user and a password in {way.variable}.")
    return ConnectFailed(
        refusal, advice="Check the proxy's rules, or name the endpoint's host in NO_PROXY.", status=status
    )


def _from_tls(error: ssl.SSLError, way: Route) -> BackendError:
    """Errors that Python raises by itself lack what OpenSSL says."""
    if not isinstance(error, ssl.SSLCertVerificationError):
        reason = getattr(error, "reason", None) or type(error).__name__
        if any(word in reason for word in _NO_TLS):
            return WrongEndpoint(
                f"What answers at {way.endpoint} does not speak TLS ({reason}).",
                advice="Check the endpoint's port; where the service has no TLS, begin it with http://.",
            )
        return ConnectFailed(
            f"The TLS connection with {way.endpoint} broke off ({reason}).",
            advice="Check the endpoint's port, and whether a firewall or a proxy is in between.",
        )
    said = getattr(error, "verify_message", "it cannot be verified").rstrip(".")
    code = getattr(error, "verify_code", 0)
    if code in (_NOT_YET_VALID, _EXPIRED):
        happened = "has expired" if code == _EXPIRED else "is not yet valid"
        advice = CLOCK_ADVICE.format(today=datetime.now(UTC).date().isoformat())
    elif code in _OTHER_NAMES:
        happened, advice = f"is for another name: {said}", NAME_ADVICE
    else:
        happened, advice = f"is not trusted: {said}", AUTHORITY_ADVICE
    return WrongEndpoint(f"The certificate of {way.endpoint} {happened}.", advice=advice)


def from_status(
    status: int, headers: Mapping[str, str], body: bytes, asked: Asked, way: Route = Route()
) -> BackendError:
    """Why an upgrade was refused."""
    code, message = _code_and_message(body)
    detail = f"HTTP {status}: {message}" if message else f"HTTP {status}"
    lacks_role = code == "PermissionDenied" or "lacks the required" in message
    advice = DEPLOYMENT_ADVICE.format(setting=asked.setting)
    match status:
        case 400 if "notsupported" in code.lower():
            return DeploymentNotFound(f"{asked.what} cannot do this ({detail}).", advice=advice)
        case 400:
            return UnsupportedVersion(f"Invalid API version or address ({detail}).", advice=VERSION_ADVICE)
        case 401 | 403 if lacks_role:
            role = ROLE_ADVICE.format(role=asked.role)
            return AuthenticationFailed(f"Permission denied ({detail}).", advice=role)
        case 401 if "token" in message:
            return AuthenticationFailed(f"Access denied ({detail}).", advice=REFRESH_ADVICE)
        case 401:
            return AuthenticationFailed(f"Access denied ({detail}).", advice=KEY_ADVICE)
        case 403:
            return AuthenticationFailed(f"Forbidden ({detail}).", advice=NETWORK_ADVICE)
        case 404:
            missing = code == "DeploymentNotFound"
            advice = advice if missing else PATH_ADVICE.format(setting=asked.setting)
            return DeploymentNotFound(f"{asked.what} not found ({detail}).", advice=advice, missing=missing)
        case 429 if code == "insufficient_quota":
            return QuotaExceeded(f"The quota is used up ({detail}).", advice=QUOTA_ADVICE)
        case 429:
            return RateLimited(f"Rate limit exceeded ({detail}).", retry_after=_wait(headers, message))
    if status < 400 or status == _NETWORK_LOGIN:
        return _from_somebody_else(status, headers, body, way)
    if status < 500 and status != 408:
        return ProtocolViolation(f"The service refused the connection ({detail}).")
    advice = "That is a fault of the service, or of a gateway before it: see the service's status page."
    return ConnectFailed(f"The service refused the connection ({detail}).", advice=advice, status=status)


def _from_somebody_else(status: int, headers: Mapping[str, str], body: bytes, way: Route) -> WrongEndpoint:
    """An answer that no such service gives: a page, or the way to one."""
    if 300 <= status < 400:
        where = _place_of(headers, way)
        return WrongEndpoint(
            f"The endpoint redirects{where} (HTTP {status}).",
            advice="If that is the service, set it as the endpoint; else open the endpoint in a browser on "
            "this network: a login page (captive portal) may be in between.",
        )
    title = _title(body)
    what = "a web page" if title or b"<html" in body[:4096].lower() else "something else"
    shown = f": '{title}'" if title else ""
    return WrongEndpoint(
        f"At {way.endpoint} {what} answers in place of the service (HTTP {status}{shown}).",
        advice=PORTAL_ADVICE,
    )


def _place_of(headers: Mapping[str, str], way: Route) -> str:
    """Where a redirect leads, without what may be secret in it."""
    try:
        base = f"{'https' if way.secure else 'http'}://{way.endpoint}"
        url = urlsplit(urljoin(base, headers["location"]))
        port = f":{url.port}" if url.port else ""
    except (LookupError, ValueError):  # absent, given twice, or no address
        return ""
    place = f"{url.scheme}://{url.hostname or ''}{port}{url.path}"
    return f" to {place[:200]}" if place.isprintable() else ""


def _title(body: bytes) -> str:
    found = re.search(rb"<title[^>]{0,200}>([^<]{1,400})", body[:65536], re.IGNORECASE)
    words = unescape(found[1].decode(errors="replace")).split() if found else []
    return "".join(character for character in " ".join(words)[:80] if character.isprintable())


def from_close(error: ConnectionClosed) -> BackendError:
    """Why an open socket ended."""
    frame = error.rcvd or error.sent  # without the first, the end came from this side
    code = frame.code if frame else 1006
    reason = frame.reason[:200] if frame else ""
    ended = f"The session ended (close code {code}{': ' + reason if reason else ''})."
    if meant := from_reason(reason, ended):
        return meant
    return ProtocolViolation(ended) if code in FINAL_CLOSES else SessionLost(ended, close_code=code)


def _code_and_message(body: bytes) -> tuple[str, str]:
    """Out of a body that may be JSON of two shapes, HTML, or nothing."""
    try:
        decoded = msgspec.json.decode(body[:65536])
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return "", ""
    error = decoded.get("error", decoded) if isinstance(decoded, dict) else None
    if not isinstance(error, dict):
        return "", ""
    return str(error.get("code") or ""), str(error.get("message") or "")[:300]


def _wait(headers: Mapping[str, str], message: str) -> float | None:
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers[name]) * scale
        except (LookupError, ValueError):  # absent, given twice, or a date
            continue
        if math.isfinite(seconds):
            return max(0.0, seconds)
    return retry_after(message)
