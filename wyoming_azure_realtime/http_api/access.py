"""Who may use the HTTP API: a trusted proxy, who has the token or is logged in, no page of another origin."""

import hmac
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Middleware

from wyoming_azure_realtime.http_api.logins import COOKIE, Logins
from wyoming_azure_realtime.http_api.problems import Handler
from wyoming_azure_realtime.settings.addresses import is_loopback, same_host
from wyoming_azure_realtime.settings.model import Secret

OPEN_PATHS = frozenset({"/health", "/readyz"})
"""Paths that reveal nothing and need no token."""

LOGIN = "/login"
PAGE = "/page/"
"""Where the page's files are: the login needs them, and they are the same for everybody."""

_ACCESS = web.RequestKey("access", str)
_SAFE = frozenset({"GET", "HEAD"})


def guard(token: Secret, trusted_proxy: str = "", logins: Logins | None = None) -> Middleware:
    """Middleware that refuses with 401 or 403, and leads browsers without a login to it.

    Requests from `trusted_proxy` (an IP address) are served unchecked: the proxy authenticates its users, by
    a cookie that no foreign page can send. Without a token, other requests are served from loopback only.
    `logins`: whose cookies stand for the token; None: nobody's.
    """

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if trusted_proxy and same_host(request.remote or "", trusted_proxy):
            request[_ACCESS] = "proxy"
            return await handler(request)
        _refuse_foreign_pages(request, named_hosts=bool(token))
        if request.path in OPEN_PATHS or (token and _leads_in(request.path)):
            return await handler(request)
        if not token:
            if not is_loopback(request.remote or ""):
                raise web.HTTPForbidden(
                    text="Without a token this service answers this machine and its proxy only."
                )
        elif _has(token, request):
            request[_ACCESS] = "token"
        elif _is_logged_in(logins, request):
            request[_ACCESS] = "cookie"
        else:
            if request.path == "/" and logins is not None and request.method in _SAFE:
                return web.Response(status=303, headers={"Location": "login", "Cache-Control": "no-store"})
            raise web.HTTPUnauthorized(
                text="This service needs its token. Send the header 'Authorization: Bearer …'.",
                headers={"WWW-Authenticate": "Bearer"},
            )
        return await handler(request)

    return check


def access_of(request: web.Request) -> str:
    """Why a request is served: for the `proxy`, the `token`, a login (`cookie`), or the machine (`local`)."""
    access: str = request.get(_ACCESS, "local")
    return access


def _leads_in(path: str) -> bool:
    return path == LOGIN or path.startswith(PAGE)


def _has(token: Secret, request: web.Request) -> bool:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    return scheme.lower() == "bearer" and is_token(token, given.strip())


def is_token(token: Secret, given: str) -> bool:
    """Whether this is the token; takes as long whatever it is."""
    return hmac.compare_digest(given.encode(errors="surrogateescape"), token.reveal().encode())


def _is_logged_in(logins: Logins | None, request: web.Request) -> bool:
    """By the cookie, which a browser sends along without being asked.

    So whatever changes something, or keeps talking, must come from a page, and the page from here.
    """
    if logins is None or not logins.knows(request.cookies.get(COOKIE, "")):
        return False
    harmless = request.method in _SAFE and "Upgrade" not in request.headers
    if not harmless and "Origin" not in request.headers:
        raise web.HTTPForbidden(text="With a login this needs the header 'Origin', which browsers send.")
    return True


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
