"""What a refused upgrade and a closed socket mean (vendor reference: upgrade failures, close codes).

The one place where exceptions of the WebSocket library and of the system become errors of this package.
"""

from collections.abc import Mapping

import msgspec
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from wyoming_azure_realtime.errors import (
    AuthenticationFailed,
    BackendError,
    ConnectFailed,
    DeploymentNotFound,
    RateLimited,
    SessionLost,
    UnsupportedVersion,
)
from wyoming_azure_realtime.realtime.failures import retry_after

KEY_ADVICE = "Check the API key and that it belongs to this endpoint."
ROLE_ADVICE = "Assign the role 'Cognitive Services OpenAI User'; a change takes about five minutes."
NETWORK_ADVICE = "Check the network rules (firewall, private endpoint) of the resource."
DEPLOYMENT_ADVICE = (
    "Check the deployment's name in the resource and the AZURE_OPENAI_…_DEPLOYMENT settings; "
    "a new deployment takes up to five minutes."
)
VERSION_ADVICE = "Leave AZURE_OPENAI_API_VERSION empty (GA), or check the endpoint's address."


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
    said = f"HTTP {status}: {message}" if message else f"HTTP {status}"
    match status:
        case 400 if "notsupported" in code.lower():
            return DeploymentNotFound(
                f"Deployment '{deployment}' cannot do this ({said}).", advice=DEPLOYMENT_ADVICE
            )
        case 400:
            return UnsupportedVersion(f"Invalid API version or address ({said}).", advice=VERSION_ADVICE)
        case 401 if code == "PermissionDenied" or "lacks the required" in message:
            return AuthenticationFailed(f"Permission denied ({said}).", advice=ROLE_ADVICE)
        case 401:
            return AuthenticationFailed(f"Access denied ({said}).", advice=KEY_ADVICE)
        case 403:
            denied = code == "PermissionDenied"
            return AuthenticationFailed(
                f"Forbidden ({said}).", advice=ROLE_ADVICE if denied else NETWORK_ADVICE
            )
        case 404:
            return DeploymentNotFound(
                f"Deployment '{deployment}' not found ({said}).", advice=DEPLOYMENT_ADVICE
            )
        case 429:
            return RateLimited(f"Rate limit exceeded ({said}).", retry_after=_wait(headers, message))
    if 300 <= status < 400:
        return ConnectFailed(
            f"The endpoint redirects ({said}).", advice="Set the final address.", status=status
        )
    return ConnectFailed(f"The service refused the connection ({said}).", status=status)


def from_close(error: ConnectionClosed) -> BackendError:
    """Why an open socket ended."""
    frame = error.rcvd
    code = frame.code if frame else 1006
    reason = frame.reason[:200] if frame else ""
    if "invalid_api_key" in reason:
        return AuthenticationFailed("The service refused the API key.", advice=KEY_ADVICE)
    if "beta_api_shape_disabled" in reason:
        return UnsupportedVersion(
            "Invalid API version: the preview API is switched off.", advice=VERSION_ADVICE
        )
    return SessionLost(f"The session ended (close code {code}{': ' + reason if reason else ''}).")


def _code_and_message(body: bytes) -> tuple[str, str]:
    """Out of a body that may be JSON of two shapes, HTML, or nothing."""
    try:
        decoded = msgspec.json.decode(body[:65536])
    except msgspec.MsgspecError:
        return "", ""
    error = decoded.get("error", decoded) if isinstance(decoded, dict) else None
    if not isinstance(error, dict):
        return "", ""
    return str(error.get("code") or ""), str(error.get("message") or "")[:300]


def _wait(headers: Mapping[str, str], message: str) -> float | None:
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return max(0.0, float(headers[name]) * scale)
        except (KeyError, ValueError):
            continue
    return retry_after(message)
