"""Who may use the HTTP API: a trusted proxy, clients with the token, and no web page of another origin."""

import hmac
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Middleware

from wyoming_azure_realtime.http_api.problems import Handler
from wyoming_azure_realtime.settings.addresses import is_loopback, same_host
from wyoming_azure_realtime.settings.model import Secret

OPEN_PATHS = frozenset({"/health"})
"""Paths that reveal nothing and need no token."""


def guard(token: Secret, trusted_proxy: str = "") -> Middleware:
    """Middleware that refuses with 401 or 403.

    Requests from `trusted_proxy` (an IP address) are served unchecked: the proxy authenticates its users, by
    a cookie that no foreign page can send. Without a token, other requests are served from loopback only.
    """

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not (trusted_proxy and same_host(request.remote or "", trusted_proxy)):
            _refuse_strangers(token, request)
        return await handler(request)

    return check


def _refuse_strangers(token: Secret, request: web.Request) -> None:
    _refuse_foreign_pages(request, named_hosts=bool(token))
    if request.path in OPEN_PATHS:
        return
    if token:
        _demand(token, request)
    elif not is_loopback(request.remote or ""):
        raise web.HTTPForbidden(text="Without a token this service answers this machine and its proxy only.")


def _demand(token: Secret, request: web.Request) -> None:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    expected = token.reveal().encode()
    same = hmac.compare_digest(given.strip().encode(errors="surrogateescape"), expected)
    if scheme.lower() != "bearer" or not same:
        raise web.HTTPUnauthorized(
            text="This service needs its token. Send the header 'Authorization: Bearer …'.",
            headers={"WWW-Authenticate": "Bearer"},
        )


def _refuse_foreign_pages(request: web.Request, *, named_hosts: bool) -> None:
    """No page on the internet may use a visitor's loopback, not through a host name that points there either.

    Without a token only loopback is served, so any other host name is an attack (DNS rebinding).
    """
    host = request.headers.get("Host", "")
    origin = request.headers.get("Origin")
    if origin is not None and _netloc(origin) != host.lower():
        raise web.HTTPForbidden(text="Web pages of another origin may not use this service.")
    if host and not named_hosts and not is_loopback(_hostname(host)):
        raise web.HTTPForbidden(
            text="Without a token this service answers to localhost, 127.0.0.1 and [::1] only."
        )


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
