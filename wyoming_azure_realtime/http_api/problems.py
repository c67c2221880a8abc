"""Errors as HTTP clients see them: RFC 9457 problem documents, with our stable `code` beside the status."""

import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import NamedTuple

import msgspec
from aiohttp import web
from aiohttp.typedefs import Middleware

from wyoming_azure_realtime import errors
from wyoming_azure_realtime.errors import (
    BackendError,
    InternalError,
    PoolError,
    RateLimited,
    RequestError,
    SpeechServiceError,
    TooManyRequests,
)
from wyoming_azure_realtime.observe import ClientRefused, Observer

_LOGGER = logging.getLogger(__name__)

DOOR = "http"
_LONGEST_PATH = 200

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ProblemStatus(NamedTuple):
    """A status, and after how many seconds another attempt makes sense (None: unknown)."""

    status: int
    retry_after: int | None = None


STATUSES: Mapping[type[SpeechServiceError], ProblemStatus] = {
    errors.SpeechServiceError: ProblemStatus(500),
    errors.InternalError: ProblemStatus(500),
    errors.SettingsError: ProblemStatus(500),
    errors.AddressInUse: ProblemStatus(500),
    errors.RequestError: ProblemStatus(400),
    errors.InvalidRequest: ProblemStatus(400),
    errors.UnsupportedAudio: ProblemStatus(400),
    errors.AudioTooLong: ProblemStatus(413),
    errors.TextTooLong: ProblemStatus(413),
    errors.UnknownModel: ProblemStatus(400),
    errors.UnknownVoice: ProblemStatus(400),
    errors.UnknownLanguage: ProblemStatus(400),
    errors.OutOfOrder: ProblemStatus(400),
    errors.ConversationOver: ProblemStatus(400),
    errors.PoolError: ProblemStatus(503),
    errors.PoolClosed: ProblemStatus(503, 10),
    errors.PoolTimeout: ProblemStatus(503, 5),
    errors.TooManyRequests: ProblemStatus(503, 5),
    errors.BackendError: ProblemStatus(502),
    errors.ConnectFailed: ProblemStatus(502, 5),
    errors.WrongEndpoint: ProblemStatus(502),
    # never 401: it is the server's key that was refused, not the client's
    errors.AuthenticationFailed: ProblemStatus(502),
    errors.DeploymentNotFound: ProblemStatus(502),
    errors.UnsupportedVersion: ProblemStatus(502),
    errors.RateLimited: ProblemStatus(429, 10),
    # nothing that the client could wait for
    errors.QuotaExceeded: ProblemStatus(502),
    errors.SpendingLimit: ProblemStatus(503),
    errors.SessionLost: ProblemStatus(502, 1),
    errors.ProtocolViolation: ProblemStatus(502),
    errors.TranscriptionFailed: ProblemStatus(502),
    errors.ResponseFailed: ProblemStatus(502),
    errors.ContentMismatch: ProblemStatus(502, 1),
    errors.ContentRefused: ProblemStatus(502),
    errors.NoSpeech: ProblemStatus(502, 1),
    errors.BackendTimeout: ProblemStatus(504, 5),
}

# Refusals of HTTP itself, by status.
_HTTP_CODES = {
    400: "invalid-request",
    401: "unauthorized",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    406: "not-acceptable",
    408: "request-timeout",
    413: "body-too-large",
    415: "unsupported-media-type",
    417: "expectation-failed",
    429: "too-many-requests",
}
# What decides about them, where it is not HTTP itself.
_BOUNDS = {401: "http.token", 403: "http.token", 413: "http.max_body"}
_HTTP_HEADERS = ("Allow", "WWW-Authenticate", "Accept-Post", "Retry-After")


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """The document. `title` is the status's own phrase (hence about:blank), `code` tells the cases apart."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    retryable: bool = False


def status_of(error: SpeechServiceError) -> ProblemStatus:
    """Status and pause for an error; a class that is not in the table has those of its nearest ancestor."""
    status = next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)
    if isinstance(error, RateLimited) and error.retry_after is not None:
        return status._replace(retry_after=max(1, math.ceil(error.retry_after)))
    return status


def problem_of(error: SpeechServiceError) -> web.Response:
    """The response for an error that ended a request."""
    status, retry_after = status_of(error)
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return _render(status, error.code, str(error), headers, retryable=error.retryable)


def _refusal(refusal: web.HTTPException) -> web.Response:
    headers = {name: refusal.headers[name] for name in _HTTP_HEADERS if name in refusal.headers}
    return _render(refusal.status, _code(refusal), _detail(refusal), headers)


def _code(refusal: web.HTTPException) -> str:
    return _HTTP_CODES.get(refusal.status, "http-error")


def _detail(refusal: web.HTTPException) -> str:
    match refusal:
        case web.HTTPNotFound():
            return (
                "There is nothing at this path. GET /api/speech-realtime/info shows what this service offers."
            )
        case web.HTTPMethodNotAllowed():
            return (
                f"This path does not take {refusal.method}. Use {', '.join(sorted(refusal.allowed_methods))}."
            )
    return refusal.text or refusal.reason


def _render(
    status: int, code: str, detail: str, headers: Mapping[str, str], *, retryable: bool = False
) -> web.Response:
    title = HTTPStatus(status).phrase
    problem = Problem(title=title, status=status, detail=detail, code=code, retryable=retryable)
    return web.Response(
        body=msgspec.json.encode(problem),
        status=status,
        headers=headers,
        content_type="application/problem+json",
    )


def problems(observer: Observer) -> Middleware:
    """Middleware: what a handler raises before its answer has begun becomes a problem document.

    `observer`: gets the requests that were the client's fault or too many at a time.
    """

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        what = f"{request.method} {request.rel_url.raw_path[:_LONGEST_PATH]}"
        logged = False  # in the line of a turn
        try:
            return await handler(request)
        except web.HTTPException as refusal:
            response = _refusal(refusal)
            reason, bound = refusal.reason, _BOUNDS.get(refusal.status) or _code(refusal)
        except SpeechServiceError as error:
            response = problem_of(error)
            reason = error.code
            bound = error.code if isinstance(error, RequestError | TooManyRequests) else ""
            logged = isinstance(error, BackendError | PoolError)
        except ConnectionError:
            raise
        except Exception as error:
            _LOGGER.exception("Unexpected error in %s", what)
            response = problem_of(InternalError.of(error))
            reason, bound = InternalError.code, ""
        level = logging.WARNING if response.status >= 500 else logging.INFO
        level = logging.DEBUG if logged else level
        message = f"{what}: {response.status} {reason}"
        if bound:
            observer.report(ClientRefused(DOOR, bound, message, level))
        else:
            _LOGGER.log(level, "%s", message)
        return response

    return answer
