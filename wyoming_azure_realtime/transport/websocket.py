"""The WebSocket, and what a refused upgrade or a closed socket means (vendor reference).

The one place where exceptions of the WebSocket library and of the system become errors of this package.
"""

import asyncio
import math
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidProxy, InvalidStatus, InvalidURI

from wyoming_azure_realtime._version import __version__
from wyoming_azure_realtime.errors import (
    AuthenticationFailed,
    BackendError,
    ConnectFailed,
    DeploymentNotFound,
    ProtocolViolation,
    RateLimited,
    SessionLost,
    UnsupportedVersion,
)
from wyoming_azure_realtime.realtime.failures import retry_after
from wyoming_azure_realtime.settings.addresses import is_loopback

KEY_ADVICE = "Check the API key and that it belongs to this endpoint."
REFRESH_ADVICE = "Check the identity that the token is for, and the target's token_scope."
ROLE_ADVICE = "Assign the role 'Cognitive Services OpenAI User'; a change takes about five minutes."
NETWORK_ADVICE = "Check the network rules (firewall, private endpoint) of the resource."
DEPLOYMENT_ADVICE = (
    "Check the deployment's name in the resource and the AZURE_OPENAI_…_DEPLOYMENT settings; "
    "a new deployment takes up to five minutes."
)
VERSION_ADVICE = "Leave AZURE_OPENAI_API_VERSION empty (GA), or check the endpoint's address."
PATH_ADVICE = f"{DEPLOYMENT_ADVICE} Or the endpoint's address is wrong."

# Bad payload, policy, too big, and the vendor's own refusals: the same again would end the same way.
FINAL_CLOSES = frozenset({1002, 1003, 1007, 1008, 1009, 1010, 3000, 4000})


def from_connect(error: BaseException, deployment: str) -> BackendError:
    """Why no connection came about."""
    if isinstance(error, InvalidStatus):
        response = error.response
        return from_status(response.status_code, response.headers, bytes(response.body or b""), deployment)
    if isinstance(error, TimeoutError):
        return ConnectFailed("The service did not accept the connection in time.")
    if isinstance(error, InvalidURI):
        return ConnectFailed("The endpoint is no valid address.")
    if isinstance(error, ConnectionClosed):
        return from_close(error)
    if isinstance(error, OSError):
        return ConnectFailed(f"The service cannot be reached: {error.strerror or type(error).__name__}.")
    if isinstance(error, InvalidHandshake):
        return ConnectFailed(f"The service's answer is no WebSocket ({type(error).__name__}).")
    return ConnectFailed(f"The connection failed ({type(error).__name__}).")


def from_status(status: int, headers: Mapping[str, str], body: bytes, deployment: str) -> BackendError:
    """Why an upgrade was refused."""
    code, message = _code_and_message(body)
    detail = f"HTTP {status}: {message}" if message else f"HTTP {status}"
    lacks_role = code == "PermissionDenied" or "lacks the required" in message
    match status:
        case 400 if "notsupported" in code.lower():
            return DeploymentNotFound(
                f"Deployment '{deployment}' cannot do this ({detail}).", advice=DEPLOYMENT_ADVICE
            )
        case 400:
            return UnsupportedVersion(f"Invalid API version or address ({detail}).", advice=VERSION_ADVICE)
        case 401 | 403 if lacks_role:
            return AuthenticationFailed(f"Permission denied ({detail}).", advice=ROLE_ADVICE)
        case 401 if "token" in message:
            return AuthenticationFailed(f"Access denied ({detail}).", advice=REFRESH_ADVICE)
        case 401:
            return AuthenticationFailed(f"Access denied ({detail}).", advice=KEY_ADVICE)
        case 403:
            return AuthenticationFailed(f"Forbidden ({detail}).", advice=NETWORK_ADVICE)
        case 404:
            advice = DEPLOYMENT_ADVICE if code == "DeploymentNotFound" else PATH_ADVICE
            return DeploymentNotFound(f"Deployment '{deployment}' not found ({detail}).", advice=advice)
        case 429:
            return RateLimited(f"Rate limit exceeded ({detail}).", retry_after=_wait(headers, message))
    if 300 <= status < 400:
        return ConnectFailed(
            f"The endpoint redirects ({detail}).", advice="Set the final address.", status=status
        )
    if 400 <= status < 500 and status != 408:
        return ProtocolViolation(f"The service refused the connection ({detail}).")
    return ConnectFailed(f"The service refused the connection ({detail}).", status=status)


def from_close(error: ConnectionClosed) -> BackendError:
    """Why an open socket ended."""
    frame = error.rcvd or error.sent  # without the first, the end came from this side
    code = frame.code if frame else 1006
    reason = frame.reason[:200] if frame else ""
    if "invalid_api_key" in reason:
        return AuthenticationFailed("The service refused the API key.", advice=KEY_ADVICE)
    if "beta_api_shape_disabled" in reason:
        return UnsupportedVersion(
            "Invalid API version: the preview API is switched off.", advice=VERSION_ADVICE
        )
    ended = f"The session ended (close code {code}{': ' + reason if reason else ''})."
    return ProtocolViolation(ended) if code in FINAL_CLOSES else SessionLost(ended)


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


LARGEST_FRAME = 16 << 20  # the service sends whole items with their audio; the library's default is 1 MiB


class _NoRedirects(connect):
    """Redirects are not followed: the credentials in the headers are meant for one host."""

    def process_redirect(self, exc: Exception) -> Exception:
        return exc


class WebSocketConnection:
    """One open socket that carries text frames. Every method raises errors of this package only."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    @classmethod
    async def open(
        cls, url: str, headers: dict[str, str], *, within: float, deployment: str
    ) -> "WebSocketConnection":
        """Connect, in `within` seconds. `deployment` is named in the error when there is none."""
        options: dict[str, Any] = {"proxy": None} if is_loopback(urlsplit(url).hostname or "") else {}
        try:
            socket = await _NoRedirects(
                url,
                additional_headers=headers,
                user_agent_header=f"wyoming-azure-realtime/{__version__}",
                compression=None,
                max_size=LARGEST_FRAME,
                open_timeout=within,
                close_timeout=1.0,
                **options,
            )
        except Exception as error:  # noqa: BLE001 - whatever it is, it is translated here
            # a proxy's address may hold its password
            cause = None if isinstance(error, InvalidProxy) else error
            raise from_connect(error, deployment) from cause
        return cls(socket)

    @property
    def closed(self) -> bool:
        """Whether the socket has ended, from either side."""
        return self._socket.state.name != "OPEN"

    async def send(self, frame: bytes) -> None:
        """One text frame."""
        try:
            await self._socket.send(frame, text=True)
        except ConnectionClosed as error:
            raise from_close(error) from error

    async def receive(self) -> str | bytes:
        """The next frame."""
        try:
            return await self._socket.recv(decode=False)
        except ConnectionClosed as error:
            raise from_close(error) from error

    async def answers(self, within: float) -> bool:
        """Whether a ping is answered within `within` seconds; False when the socket has ended."""
        try:
            async with asyncio.timeout(within):
                await (await self._socket.ping())
        except (TimeoutError, ConnectionClosed):
            return False
        return True

    async def wait_closed(self) -> None:
        """Until the socket has ended."""
        await self._socket.wait_closed()

    async def close(self) -> None:
        """Close it, waiting at most a second for the other side."""
        await self._socket.close()
