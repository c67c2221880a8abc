"""Upgrade requests, judged without a socket. What each refusal says is written under `tests/wire`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_azure_realtime.emulator.models import ServerOptions
from wyoming_azure_realtime.emulator.upgrade import Admitted, Dismissed, RefusedWithHttp, decide_upgrade

GA = "/openai/v1/realtime?model=gpt-realtime"
KEY = "kéy with all sorts"

TARGETS = st.builds(
    "{}{}?{}".format,
    st.sampled_from(["", "/gw", "/openai"]) | st.text(max_size=5),
    st.sampled_from(["/openai/v1/realtime", "/openai/realtime", "/v1/realtime", "/realtime", "//[", ""]),
    st.lists(
        st.sampled_from(["model", "deployment", "intent", "api-version", "api-key"]).flatmap(
            lambda name: st.sampled_from(
                ["gpt-realtime", "transcription", "2025-04-01-preview", "whisper-1", "%ff"]
            ).map(lambda value: f"{name}={value}")
        )
        | st.text(max_size=6),
        max_size=4,
    ).map("&".join),
)
HEADERS = st.dictionaries(
    st.sampled_from(["api-key", "authorization", "openai-beta"]),
    st.sampled_from(["right", "Bearer right", "Bearer", "bearer  wrong", "realtime=v1", "é\udcff"])
    | st.text(max_size=8),
)


@given(TARGETS, HEADERS, st.sampled_from([None, "right"]))
def test_any_request_gets_a_verdict(target: str, headers: dict[str, str], key: str | None) -> None:
    verdict = decide_upgrade(target, headers, ServerOptions(key=key))
    if isinstance(verdict, RefusedWithHttp):
        assert verdict.status in (400, 401, 404)
        assert verdict.encoded().startswith(b"{")
    elif isinstance(verdict, Dismissed):
        assert 3000 <= verdict.close_code <= 4000
    else:
        assert key is None or any("right" in text for text in [target, *headers.values()])


@pytest.mark.parametrize(
    "headers", [{"api-key": KEY}, {"authorization": f"Bearer {KEY}"}, {"authorization": f"bearer {KEY}"}]
)
def test_a_key_is_opaque(headers: dict[str, str]) -> None:
    assert isinstance(decide_upgrade(GA, headers, ServerOptions(key=KEY)), Admitted)


@pytest.mark.parametrize("headers", [{}, {"api-key": ""}, {"api-key": KEY + "x"}, {"authorization": KEY}])
def test_anything_but_the_key_is_refused(headers: dict[str, str]) -> None:
    verdict = decide_upgrade(GA, headers, ServerOptions(key=KEY))
    assert isinstance(verdict, RefusedWithHttp)
    assert verdict.status == 401


def test_without_a_key_of_its_own_the_server_takes_any() -> None:
    for headers in ({}, {"api-key": "anything"}, {"authorization": "Bearer anything"}):
        assert isinstance(decide_upgrade(GA, headers, ServerOptions()), Admitted)


def test_the_key_shows_in_no_repr() -> None:
    assert "secret-key" not in repr(ServerOptions(key="secret-key"))


@pytest.mark.parametrize("prefix", ["/gw", "gw/", "/gw/"])
def test_a_prefix_is_one_however_it_is_written(prefix: str) -> None:
    options = ServerOptions(path_prefix=prefix)
    assert isinstance(decide_upgrade("/gw" + GA, {}, options), Admitted)
    assert isinstance(decide_upgrade(GA, {}, options), RefusedWithHttp)
    assert isinstance(decide_upgrade("/gwen" + GA, {}, options), RefusedWithHttp)
