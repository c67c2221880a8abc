"""The login of the page: a cookie that stands for the token, and what it does not do."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.cookies import SimpleCookie
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import BaseTestServer, TestServer
from hypothesis import given
from hypothesis import strategies as st

from wyoming_azure_realtime.admission.connections import connection_registry
from wyoming_azure_realtime.admission.memory import MemoryBudget
from wyoming_azure_realtime.http_api.access import LOGIN, PAGE, guard
from wyoming_azure_realtime.http_api.connections import HttpConnections
from wyoming_azure_realtime.http_api.logins import (
    COOKIE,
    LASTS_SECONDS,
    MOST_LOGINS,
    MOST_TRIES,
    MOST_TRIES_OF_ONE,
    TRIES_SECONDS,
    Logins,
)
from wyoming_azure_realtime.http_api.page_routes import PAGE_HEADERS, PageRoutes, page_files
from wyoming_azure_realtime.http_api.problems import Handler, problems
from wyoming_azure_realtime.observe import ObservedEvent, Observer
from wyoming_azure_realtime.settings.model import Limits, Secret

TOKEN = "the-right-token"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class House:
    """A door with a page, whose clients seem to come from `peer`."""

    def __init__(self, server: BaseTestServer, client: aiohttp.ClientSession, clock: Clock) -> None:
        self.server = server
        self.client = client
        self.clock = clock
        self.peer = "192.168.1.7"
        self.events: list[ObservedEvent] = []

    @property
    def origin(self) -> str:
        return str(self.server.make_url("/")).rstrip("/")

    async def ask(self, method: str, path: str, **more: object) -> tuple[aiohttp.ClientResponse, bytes]:
        async with self.client.request(method, path, allow_redirects=False, **more) as answer:  # type: ignore[arg-type]
            return answer, await answer.read()

    async def log_in(self, token: str = TOKEN, **headers: str) -> aiohttp.ClientResponse:
        headers = {"Origin": self.origin, **headers}
        answer, _ = await self.ask("POST", "/login", data={"token": token}, headers=headers)
        return answer


def write_page(folder: Path) -> Path:
    (folder / "texts").mkdir()
    (folder / "index.html").write_text('<html data-l="$languages">page $version</html>')
    (folder / "login.html").write_text('<form data-l="$languages">$money</form>')
    (folder / "main.js").write_text("$languages")
    (folder / "secret.key").write_text("secret")
    (folder / "texts" / "de.json").write_text('{"a": "$languages"}')
    (folder / "texts" / "en.json").write_text("{}")
    (folder.parent / "outside.js").write_text("outside")
    return folder


@asynccontextmanager
async def house(tmp_path: Path, token: str = TOKEN) -> AsyncIterator[House]:
    folder = tmp_path / "page"
    folder.mkdir()
    clock = Clock()
    logins = Logins(clock)
    page = PageRoutes(Secret(token), logins, page_files(write_page(folder)))
    guarding = guard(Secret(token), logins=logins)

    @web.middleware
    async def pretend(request: web.Request, handler: Handler) -> web.StreamResponse:
        if there.peer:
            matched = request.match_info
            request = request.clone(remote=there.peer)
            request._match_info = matched
        return await guarding(request, handler)

    async def served(request: web.Request) -> web.Response:
        return web.Response(text="served")

    events: list[ObservedEvent] = []
    limits = Limits()
    connections = HttpConnections(connection_registry(limits, Observer()), MemoryBudget(limits.memory))
    application = web.Application(middlewares=[problems(Observer(events.append)), connections.track, pretend])
    application.add_routes(
        [
            web.get("/", page.index),
            web.get(f"{PAGE}{{path:.+}}", page.file),
            web.get(LOGIN, page.login_form),
            web.post(LOGIN, page.login),
            web.post("/logout", page.logout),
            web.route("*", "/api/{what}", served),
        ]
    )
    async with (
        TestServer(application) as server,
        aiohttp.ClientSession(server.make_url("/"), cookie_jar=aiohttp.CookieJar(unsafe=True)) as client,
    ):
        there = House(server, client, clock)
        there.events = events
        yield there


async def test_the_token_gets_a_cookie_that_opens_everything(tmp_path: Path) -> None:
    async with house(tmp_path) as there:
        before, _ = await there.ask("GET", "/api/info")
        lead, _ = await there.ask("GET", "/")
        form, body = await there.ask("GET", "/login")
        answer = await there.log_in()
        page, text = await there.ask("GET", "/")
        after, _ = await there.ask("GET", "/api/info")
    assert (before.status, lead.status, lead.headers["Location"]) == (401, 303, "login")
    assert (form.status, body) == (200, b'<form data-l="de en">$money</form>')
    assert form.headers["Content-Security-Policy"] == PAGE_HEADERS["Content-Security-Policy"]
    assert (answer.status, answer.headers["Location"]) == (303, "./")
    assert (page.status, text) == (200, b'<html data-l="de en">page $version</html>')
    assert after.status == 200


async def test_the_cookie_is_not_the_token_and_no_script_or_other_site_gets_it(tmp_path: Path) -> None:
    async with house(tmp_path) as there:
        plain = SimpleCookie((await there.log_in()).headers["Set-Cookie"])[COOKIE]
        encrypted = await there.log_in(**{"X-Forwarded-Proto": "https"})
    assert (plain["httponly"], plain["samesite"], plain["path"]) == (True, "Strict", "/")
    assert float(plain["max-age"]) == LASTS_SECONDS == 30 * 86400
    assert not plain["secure"]
    assert TOKEN not in plain.value
    assert len(plain.value) > 40
    assert SimpleCookie(encrypted.headers["Set-Cookie"])[COOKIE]["secure"]


@pytest.mark.parametrize("token", ["", "wrong", f"{TOKEN}x", TOKEN[:-1], "ü", "\0", "%00" * 20])
async def test_a_wrong_token_gets_nothing_and_is_not_told(
    token: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with house(tmp_path) as there:
        answer = await there.log_in(token)
        after, _ = await there.ask("GET", "/api/info")
    assert (answer.status, answer.headers["Location"]) == (303, "login?failed=token")
    assert "Set-Cookie" not in answer.headers
    assert after.status == 401
    assert TOKEN not in caplog.text
    assert TOKEN not in repr(there.events)
    if len(token) > 3:
        assert token not in caplog.text


async def test_who_logs_out_is_out(tmp_path: Path) -> None:
    async with house(tmp_path) as there:
        cookie = SimpleCookie((await there.log_in()).headers["Set-Cookie"])[COOKIE].value
        out, _ = await there.ask("POST", "/logout", headers={"Origin": there.origin})
        again, _ = await there.ask("GET", "/api/info", headers={"Cookie": f"{COOKIE}={cookie}"})
    assert (out.status, out.headers["Location"]) == (303, "login")
    assert again.status == 401


async def test_a_login_lasts_for_thirty_days(tmp_path: Path) -> None:
    async with house(tmp_path) as there:
        await there.log_in()
        there.clock.now += LASTS_SECONDS - 1
        assert (await there.ask("GET", "/api/info"))[0].status == 200
        there.clock.now += 2
        assert (await there.ask("GET", "/api/info"))[0].status == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 403),
        ({"Origin": "here"}, 200),
    ],
)
async def test_with_the_cookie_only_a_page_from_here_changes_anything(
    headers: dict[str, str], status: int, tmp_path: Path
) -> None:
    async with house(tmp_path) as there:
        await there.log_in()
        if headers.get("Origin") == "here":
            headers = {"Origin": there.origin}
        for method in ("POST", "PUT", "DELETE"):
            answer, _ = await there.ask(method, "/api/settings", headers=headers)
            assert answer.status == status
        upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", **headers}
        answer, _ = await there.ask("GET", "/api/live", headers=upgrade)
        assert answer.status == status


async def test_a_foreign_page_cannot_log_anybody_in(tmp_path: Path) -> None:
    async with house(tmp_path) as there:
        answer = await there.log_in(Origin="https://evil.example")
    assert answer.status == 403
    assert "Set-Cookie" not in answer.headers


async def test_who_guesses_waits_and_others_do_not(tmp_path: Path) -> None:
    async with house(tmp_path) as there:
        for _ in range(MOST_TRIES_OF_ONE):
            assert (await there.log_in("wrong")).status == 303
        limited = await there.log_in()
        assert limited.status == 429
        assert 0 < int(limited.headers["Retry-After"]) <= TRIES_SECONDS
        assert limited.headers["Content-Type"].startswith("text/html")
        assert "failed=often" in limited.headers["Refresh"]
        assert "Set-Cookie" not in limited.headers
        there.peer = "192.168.1.8"
        assert (await there.log_in()).headers["Location"] == "./"
        there.peer = "192.168.1.7"
        there.clock.now += TRIES_SECONDS
        assert (await there.log_in()).headers["Location"] == "./"


async def test_a_login_needs_a_form_of_bounded_size(tmp_path: Path) -> None:
    async with house(tmp_path) as there:
        answer = await there.log_in("x" * 5000)
    assert answer.status == 413


async def test_without_a_token_there_is_nothing_to_log_in_to(tmp_path: Path) -> None:
    async with house(tmp_path, token="") as there:
        there.peer = ""
        for method in ("GET", "POST"):
            answer, _ = await there.ask(method, "/login")
            assert (answer.status, answer.headers["Location"]) == (303, "./")
        there.peer = "192.168.1.7"
        for path in ("/page/main.js", "/login", "/"):
            answer, _ = await there.ask("GET", path, headers={"Host": "127.0.0.1"})
            assert answer.status == 403


async def test_files_of_the_page_are_served_and_asked_for_anew_only_when_they_change(tmp_path: Path) -> None:
    async with house(tmp_path) as there:
        first, body = await there.ask("GET", "/page/main.js")
        tag = first.headers["ETag"]
        again, nothing = await there.ask("GET", "/page/main.js", headers={"If-None-Match": tag})
        changed, _ = await there.ask("GET", "/page/main.js", headers={"If-None-Match": '"other"'})
        texts, _ = await there.ask("GET", "/page/texts/de.json")
    assert (first.status, body, first.headers["Cache-Control"]) == (200, b"$languages", "no-cache")
    assert first.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert first.headers["X-Content-Type-Options"] == "nosniff"
    assert (again.status, nothing, again.headers["ETag"]) == (304, b"", tag)
    assert changed.status == 200
    assert texts.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    "path",
    [
        "../outside.js",
        "%2e%2e/outside.js",
        "..%2foutside.js",
        "texts/../../outside.js",
        "/etc/passwd",
        "texts",
        "texts/",
        "secret.key",
        "index.html",
        "login.html",
        "main.js%00",
        "main.js/",
        "..\\outside.js",
    ],
)
async def test_nothing_but_the_page_s_files_is_served(path: str, tmp_path: Path) -> None:
    async with house(tmp_path) as there:
        reader_host = there.server.host
        reader, writer = await asyncio.open_connection(reader_host, there.server.port)
        writer.write(f"GET /page/{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        async with asyncio.timeout(10):
            answer = await reader.read()
        writer.close()
    assert answer.startswith((b"HTTP/1.1 404", b"HTTP/1.1 400")), answer
    assert b"outside" not in answer.partition(b"\r\n\r\n")[2]
    assert b"secret" not in answer.partition(b"\r\n\r\n")[2]


def test_there_are_never_more_logins_than_a_bound() -> None:
    logins = Logins(Clock())
    values = [logins.begin() for _ in range(MOST_LOGINS + 3)]
    assert [logins.knows(value) for value in values] == [False] * 3 + [True] * MOST_LOGINS
    assert not logins.knows("")


@given(st.lists(st.tuples(st.integers(0, 60), st.sampled_from(["10.0.0.1", "10.0.0.2", "2001:db8::1"]))))
def test_nobody_tries_more_often_than_allowed(tries: list[tuple[int, str]]) -> None:
    clock = Clock()
    logins, allowed = Logins(clock), list[tuple[float, str]]()
    for pause, address in tries:
        clock.now += pause
        wait = logins.wait(address)
        assert 0 <= wait <= TRIES_SECONDS
        if not wait:
            logins.failed(address)
            allowed.append((clock.now, address))
        recent = [who for at, who in allowed if at > clock.now - TRIES_SECONDS]
        assert len(recent) <= MOST_TRIES
        assert all(recent.count(who) <= MOST_TRIES_OF_ONE for who in recent)


def test_all_together_try_no_more_often_than_allowed() -> None:
    clock = Clock()
    logins = Logins(clock)
    for number in range(MOST_TRIES):
        assert logins.wait(f"10.0.0.{number}") == 0
        logins.failed(f"10.0.0.{number}")
    assert logins.wait("10.9.9.9") == TRIES_SECONDS


def test_one_network_of_ipv6_is_one_guesser() -> None:
    logins = Logins(Clock())
    for number in range(MOST_TRIES_OF_ONE):
        logins.failed(f"2001:db8:0:1::{number:x}")
    assert logins.wait("2001:db8:0:1:ffff::9")
    assert not logins.wait("2001:db8:0:2::1")
