import pytest

from tests.support.http_door import INFO, SYNTHESIZE, http_door

TEXT = {"text": "hello"}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_with_a_token_only_its_holders_are_served() -> None:
    async with http_door(token="right-token") as door:
        assert (await door.get(INFO, headers=bearer("right-token"))).status == 200
        assert (await door.post(SYNTHESIZE, json=TEXT, headers=bearer("right-token"))).status == 200
        assert (await door.get(INFO, headers={"Authorization": "bearer  right-token"})).status == 200


@pytest.mark.parametrize(
    "headers",
    [{}, bearer("wrong"), bearer(""), bearer("right-token-and-more"), {"Authorization": "right-token"},
     {"Authorization": "Basic right-token"}, bearer("right-tokén")],
)  # fmt: skip
async def test_anybody_else_is_asked_for_it(headers: dict[str, str]) -> None:
    async with http_door(token="right-token") as door:
        answer = await door.get(INFO, headers=headers)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json["code"] == "unauthorized"
    assert "right-token" not in answer.body.decode()


async def test_without_the_token_not_even_the_paths_are_told() -> None:
    async with http_door(token="right-token") as door:
        assert (await door.get("/nowhere")).status == 401
        assert (await door.get(SYNTHESIZE)).status == 401


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "", "http://127.0.0.1:1", "http://[", "file://"]
)
@pytest.mark.parametrize("token", ["", "right-token"])
async def test_web_pages_of_another_origin_are_refused(origin: str, token: str) -> None:
    async with http_door(token=token) as door:
        answer = await door.post(SYNTHESIZE, json=TEXT, headers={"Origin": origin, **bearer(token)})
        assert door.running.turns == []
    assert answer.status == 403
    assert answer.json["code"] == "forbidden"
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_a_page_of_the_same_origin_is_served() -> None:
    async with http_door() as door:
        origin = f"http://127.0.0.1:{door.server.port}"
        assert (await door.post(SYNTHESIZE, json=TEXT, headers={"Origin": origin})).status == 200


async def test_a_preflight_is_not_answered_with_permission() -> None:
    async with http_door() as door:
        asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
        answer = await door.ask("OPTIONS", SYNTHESIZE, headers=asked)
    assert answer.status == 403
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize("host", ["rebound.example", "rebound.example:5000", "192.168.1.9", "[", "user@"])
async def test_a_foreign_host_name_is_refused_where_there_is_no_token(host: str) -> None:
    async with http_door() as door:
        answer = await door.post(SYNTHESIZE, json=TEXT, headers={"Host": host, "Origin": f"http://{host}"})
        assert door.running.turns == []
    assert answer.status == 403


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:5000", "127.0.0.1:80", "[::1]:5000", "127.8.8.8"])
async def test_every_name_of_this_machine_s_loopback_is_served(host: str) -> None:
    async with http_door() as door:
        assert (await door.get(INFO, headers={"Host": host})).status == 200


async def test_with_a_token_any_host_name_is_served() -> None:
    async with http_door(token="t") as door:
        assert (await door.get(INFO, headers={"Host": "speech.example", **bearer("t")})).status == 200


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None]
)
async def test_bodies_that_a_browser_sends_unasked_are_refused(kind: str | None) -> None:
    headers = {"Content-Type": kind} if kind else {}
    async with http_door() as door:
        client_chooses = {"skip_auto_headers": ["Content-Type"]}
        answer = await door.post(SYNTHESIZE, data=b'{"text": "hi"}', headers=headers, **client_chooses)
    assert answer.status == 415
    assert answer.headers["Accept-Post"] == "application/json"
    assert "application/json" in answer.json["detail"]
