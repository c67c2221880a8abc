"""What the service's `error` events and failed results mean, as errors of this package.

Codes and messages: the vendor's error reference and field reports. A code that is not listed is a refusal of
something we thought right: a `ProtocolViolation`.
"""

import math
import re

from wyoming_azure_realtime.errors import (
    AuthenticationFailed,
    BackendError,
    DeploymentNotFound,
    ProtocolViolation,
    RateLimited,
    SessionLost,
    UnsupportedVersion,
)
from wyoming_azure_realtime.realtime.shapes import ErrorDetail

# Answers to something that had already ended by itself.
HARMLESS = frozenset({"response_cancel_not_active", "item_delete_invalid_item_id"})

_TIME = r"([0-9]+(?:\.[0-9]+)?) ?(ms|s|m|h)?"
_TRY_AGAIN = re.compile(rf"(?:try again|retry) (?:in|after) ((?:{_TIME})+)", re.IGNORECASE)
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "": 1.0}


def retry_after(message: str) -> float | None:
    """Seconds in "try again in 1.5s", "Please retry after 20 seconds", "in 300ms", "in 1m12s"."""
    found = _TRY_AGAIN.search(message)
    if not found:
        return None
    times = re.findall(_TIME, found[1].lower())
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in times)
    return seconds if math.isfinite(seconds) else None


def from_error(detail: ErrorDetail) -> BackendError:
    """The error that an `error` event or a failed response stands for."""
    message = (detail.message or "The service reported an error without a message.")[:500]
    match detail.code:
        case "session_expired":
            return SessionLost(message)
        case "rate_limit_exceeded":
            return RateLimited(message, retry_after=retry_after(message))
        case "insufficient_quota":
            return RateLimited(message, advice="Check the billing and quota of the resource.")
        case "invalid_api_key":
            return AuthenticationFailed(message, advice="Check the API key of the target.")
        case "beta_api_shape_disabled":
            return UnsupportedVersion(
                f"Invalid API version: {message}",
                advice="Leave AZURE_OPENAI_API_VERSION empty to use the GA API.",
            )
        case "missing_model" | "invalid_model" | "model_not_found":
            return DeploymentNotFound(message, advice="Check the deployment's name and its model.")
    if detail.type == "server_error" or detail.code == "server_error":
        return SessionLost(message)
    return ProtocolViolation(message)
