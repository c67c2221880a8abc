"""What the service's `error` events and failed results mean, as errors of this package.

Codes and messages: the vendor's error reference and field reports. A code that is not listed is a refusal of
something we thought right: a `ProtocolViolation`.
"""

import math
import re

from wyoming_azure_realtime.errors import (
    AuthenticationFailed,
    BackendError,
    ContentRefused,
    DeploymentNotFound,
    ProtocolViolation,
    QuotaExceeded,
    RateLimited,
    SessionLost,
    UnsupportedVersion,
)
from wyoming_azure_realtime.realtime.shapes import ErrorDetail

QUOTA_ADVICE = "Check the billing and quota of the resource."

# Answers to what had already ended by itself; the last two are LocalAI's and speech-to-speech's about
# items to be deleted, which others say in words alone.
HARMLESS = frozenset(
    {
        "response_cancel_not_active",
        "item_delete_invalid_item_id",
        "invalid_item_id",
        "conversation_item_not_found",
    }
)
_DELETING = re.compile(r"(error deleting item|item to delete)\b", re.IGNORECASE)

# How the ids of this program's events end, whoever's turn they were of.
_OUR_IDS = re.compile(r".+-(hints|commit|delete|create|cancel)")


def is_harmless(error: ErrorDetail) -> bool:
    """Whether nothing is lost by it."""
    return bool(HARMLESS.intersection((error.code, error.type))) or bool(_DELETING.match(error.message or ""))


def is_about(error: ErrorDetail, turn_id: str) -> bool:
    """Whether it is for the turn that has the session: all that does not name an event of another turn.

    Services name no event, the one that they refuse, or one of their own.
    """
    event_id = error.event_id or ""
    return event_id.startswith(f"{turn_id}-") or not _OUR_IDS.fullmatch(event_id)


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
    known = _known(detail.code or "", message) or _known(detail.type or "", message)
    return known or ProtocolViolation(message)


def from_reason(reason: str, message: str) -> BackendError | None:
    """What a reason such as `invalid_request_error.invalid_api_key` of a close means; None if unknown."""
    return _known(reason.rpartition(".")[2].strip(), message)


def _known(code: str, message: str) -> BackendError | None:
    """What a code, a type or a number of HTTP's means."""
    match code:
        case "session_expired":
            return SessionLost(message)
        case "rate_limit_exceeded" | "rate_limit_error" | "session_limit_reached" | "429":
            return RateLimited(message, retry_after=retry_after(message))
        case "insufficient_quota":
            return QuotaExceeded(message, advice=QUOTA_ADVICE)
        case "content_filter" | "content_policy_violation":
            return ContentRefused(message)
        case "invalid_api_key" | "authentication_error" | "permission_error" | "401" | "403":
            return AuthenticationFailed(message, advice="Check the API key of the target.")
        case "beta_api_shape_disabled":
            return UnsupportedVersion(
                f"Invalid API version: {message}",
                advice="Leave AZURE_OPENAI_API_VERSION empty to use the GA API.",
            )
        case "missing_model" | "invalid_model" | "model_not_found" | "model_load_error" | "404":
            return DeploymentNotFound(message, advice="Check the deployment's name and its model.")
    if code in ("server_error", "api_error", "overloaded_error") or re.fullmatch(r"5[0-9][0-9]", code):
        return SessionLost(message)
    return None
