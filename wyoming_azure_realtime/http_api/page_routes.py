"""The page for people: its files, as they are in the folder `page`, and the login to it.

Everything is read when this module is loaded; what is not in the folder then is not there. The page gets all
that it shows from the other routes.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath
from urllib.parse import parse_qs

from aiohttp import web

from wyoming_azure_realtime.http_api import bodies
from wyoming_azure_realtime.http_api.access import is_token
from wyoming_azure_realtime.http_api.bodies import BodyLimits
from wyoming_azure_realtime.http_api.logins import COOKIE, LASTS_SECONDS, Logins
from wyoming_azure_realtime.settings.model import Secret

PAGE_HEADERS: Mapping[str, str] = {
    # only these files run, nothing comes from elsewhere, and only pages of the same origin may frame it
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
        "media-src blob:; worker-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'self'"
    ),
    # with no-referrer a browser would send its own form as from nowhere: Origin: null
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}

LOGIN_BODY = BodyLimits(max_bytes=4096, between=5.0, total=10.0)
INDEX, FORM = "index.html", "login.html"

LANGUAGES = "$languages"
"""In HTML: the codes of the languages that the page has texts in, `de en`, stand here when it is served."""

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".webmanifest": "application/manifest+json",
}


@dataclass(frozen=True, slots=True)
class PageFile:
    """One file. `tag`: changes with its content."""

    body: bytes
    content_type: str
    tag: str


def _read(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        name = f"{prefix}{entry.name}"
        if entry.is_dir():
            yield from _read(entry, f"{name}/")
        elif PurePosixPath(name).suffix in _TYPES:
            yield name, entry.read_bytes()


def page_files(folder: Traversable) -> Mapping[str, PageFile]:
    """The files of a folder that a browser may get, by their paths in it: `main.js`, `texts/de.json`."""
    there = dict(_read(folder)) if folder.is_dir() else {}
    codes = sorted(PurePosixPath(name).stem for name in there if name.startswith("texts/"))
    languages = " ".join(codes).encode()
    found: dict[str, PageFile] = {}
    for name, content in there.items():
        is_html = name.endswith(".html")
        body = content.replace(LANGUAGES.encode(), languages) if is_html else content
        tag = hashlib.sha256(body).hexdigest()[:20]
        found[name] = PageFile(body, _TYPES[PurePosixPath(name).suffix], tag)
    return found


FILES = page_files(files(__package__) / "page")


class PageRoutes:
    """The page at `/`, its files below `/page/`, and the login, whose `token` is that of the API."""

    def __init__(self, token: Secret, logins: Logins, page: Mapping[str, PageFile] = FILES) -> None:
        self._token = token
        self._logins = logins
        self._page = page

    async def index(self, request: web.Request) -> web.StreamResponse:
        """The page itself."""
        return self._answer(request, INDEX)

    async def file(self, request: web.Request) -> web.StreamResponse:
        """One of its files."""
        name = request.match_info["path"]
        if name in (INDEX, FORM):  # whose links are right at the root only
            raise web.HTTPNotFound
        return self._answer(request, name)

    async def login_form(self, request: web.Request) -> web.StreamResponse:
        """The form that asks for the token; without one, the page."""
        return self._form() if self._token else _to("./")

    async def login(self, request: web.Request) -> web.StreamResponse:
        """The form as it was sent. The right token gets a cookie; a wrong one counts."""
        if not self._token:
            return _to("./")
        address = request.remote or ""
        if wait := self._logins.wait(address):
            # a browser goes on to the form that says so
            more = {"Retry-After": str(wait), "Refresh": "0; url=login?failed=often"}
            return self._form(429, more)
        body = await bodies.read(request, LOGIN_BODY)
        given = parse_qs(body.decode(errors="replace"), max_num_fields=8).get("token", [""])[0]
        if self._logins.wait(address) or not is_token(self._token, given.strip()):
            self._logins.failed(address)
            return _to("login?failed=token")
        response = _to("./")
        response.set_cookie(
            COOKIE,
            self._logins.begin(),
            max_age=int(LASTS_SECONDS),
            httponly=True,
            samesite="Strict",
            secure=_is_encrypted(request),
        )
        return response

    async def logout(self, request: web.Request) -> web.StreamResponse:
        """Forget the login."""
        self._logins.end(request.cookies.get(COOKIE, ""))
        response = _to("login")
        response.del_cookie(COOKIE, httponly=True, samesite="Strict")
        return response

    def _form(self, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
        form = self._file(FORM)
        more = {"Content-Type": form.content_type, "Cache-Control": "no-store", **(headers or {})}
        return web.Response(status=status, body=form.body, headers={**PAGE_HEADERS, **more})

    def _answer(self, request: web.Request, name: str) -> web.Response:
        """A file, or that it is as it was: a browser asks each time, and gets it when it has changed."""
        file = self._file(name)
        headers = {**PAGE_HEADERS, "Cache-Control": "no-cache", "ETag": f'"{file.tag}"'}
        if any(known.value == file.tag for known in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        return web.Response(body=file.body, headers={**headers, "Content-Type": file.content_type})

    def _file(self, name: str) -> PageFile:
        file = self._page.get(name)
        if file is None:
            raise web.HTTPNotFound
        return file


def _to(place: str) -> web.Response:
    """Go on there; relative, since a proxy may serve all of it below a path."""
    return web.Response(status=303, headers={"Location": place, "Cache-Control": "no-store"})


def _is_encrypted(request: web.Request) -> bool:
    """Whether the browser came by https, as far as it or a proxy says so. Who lies about it harms itself."""
    origin, proxied = request.headers.get("Origin", ""), request.headers.get("X-Forwarded-Proto", "")
    return request.secure or origin.lower().startswith("https:") or proxied.lower() == "https"
