from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.providers.registry import PROVIDERS, provider_of
from wyoming_azure_realtime.realtime.dialects.base import SessionKind
from wyoming_azure_realtime.settings.addresses import is_private
from wyoming_azure_realtime.settings.model import Target

PREVIEW = "2025-04-01-preview"


def target(endpoint: str, **more: Any) -> Target:
    return Target(endpoint=endpoint, realtime_deployment="my-rt", **more)


def upgrade_url(target: Target, kind: SessionKind) -> str:
    return provider_of(target).upgrade_url(kind)


@pytest.mark.parametrize(
    ("endpoint", "base"),
    [
        ("https://r.openai.azure.com", "wss://r.openai.azure.com/openai/v1/realtime"),
        ("https://r.openai.azure.com/", "wss://r.openai.azure.com/openai/v1/realtime"),
        ("https://r.openai.azure.com///", "wss://r.openai.azure.com/openai/v1/realtime"),
        ("https://R.OpenAI.Azure.com", "wss://R.OpenAI.Azure.com/openai/v1/realtime"),
        ("HTTPS://r.openai.azure.com", "wss://r.openai.azure.com/openai/v1/realtime"),
        ("https://r.services.ai.azure.com", "wss://r.services.ai.azure.com/openai/v1/realtime"),
        (
            "https://r.cognitiveservices.azure.com/",
            "wss://r.cognitiveservices.azure.com/openai/v1/realtime",
        ),
        ("https://r.openai.azure.us", "wss://r.openai.azure.us/openai/v1/realtime"),
        ("https://gw.example", "wss://gw.example/openai/v1/realtime"),
        ("https://gw.example:8443/team/speech/", "wss://gw.example:8443/team/speech/openai/v1/realtime"),
        ("https://gw.example/api/v1", "wss://gw.example/api/v1/openai/v1/realtime"),
        ("https://gw.example/myopenai", "wss://gw.example/myopenai/openai/v1/realtime"),
        ("https://r.openai.azure.com/openai", "wss://r.openai.azure.com/openai/v1/realtime"),
        ("https://r.openai.azure.com/openai/", "wss://r.openai.azure.com/openai/v1/realtime"),
        ("https://r.openai.azure.com/openai/v1", "wss://r.openai.azure.com/openai/v1/realtime"),
        ("https://r.openai.azure.com/openai/v1/", "wss://r.openai.azure.com/openai/v1/realtime"),
        ("https://r.openai.azure.com/openai/v1/realtime", "wss://r.openai.azure.com/openai/v1/realtime"),
        (
            "https://r.openai.azure.com/openai/realtime?api-version=2025-04-01-preview&deployment=d",
            "wss://r.openai.azure.com/openai/v1/realtime",
        ),
        ("https://gw.example/team/openai/v1/realtime/", "wss://gw.example/team/openai/v1/realtime"),
        ("https://gw.example/team//openai", "wss://gw.example/team/openai/v1/realtime"),
        ("http://127.0.0.1:8080", "ws://127.0.0.1:8080/openai/v1/realtime"),
        ("http://127.9.8.7:8080/", "ws://127.9.8.7:8080/openai/v1/realtime"),
        ("http://localhost:1/x", "ws://localhost:1/x/openai/v1/realtime"),
        ("http://[::1]:8080", "ws://[::1]:8080/openai/v1/realtime"),
        ("https://10.0.0.5", "wss://10.0.0.5/openai/v1/realtime"),
        ("http://10.0.0.5:8080", "ws://10.0.0.5:8080/openai/v1/realtime"),
        ("ws://gpu:8080/openai/v1/realtime", "ws://gpu:8080/openai/v1/realtime"),
        ("wss://r.openai.azure.com/openai/v1/realtime", "wss://r.openai.azure.com/openai/v1/realtime"),
    ],
)
def test_whatever_users_have_becomes_the_ga_address(endpoint: str, base: str) -> None:
    assert upgrade_url(target(endpoint), "realtime") == f"{base}?model=my-rt"
    assert upgrade_url(target(endpoint), "transcription") == f"{base}?intent=transcription"


@pytest.mark.parametrize(
    ("endpoint", "base"),
    [
        ("https://r.openai.azure.com/", "wss://r.openai.azure.com/openai/realtime"),
        ("https://r.openai.azure.com/openai/v1", "wss://r.openai.azure.com/openai/realtime"),
        ("https://gw.example/team/openai/realtime", "wss://gw.example/team/openai/realtime"),
        ("http://127.0.0.1:8080", "ws://127.0.0.1:8080/openai/realtime"),
    ],
)
def test_the_preview_has_a_path_and_parameters_of_its_own(endpoint: str, base: str) -> None:
    version = "api-version=2025-04-01-preview"
    preview = target(endpoint, api_version=f" {PREVIEW} ")
    assert upgrade_url(preview, "realtime") == f"{base}?{version}&deployment=my-rt"
    assert upgrade_url(preview, "transcription") == f"{base}?{version}&intent=transcription"


@pytest.mark.parametrize(
    ("endpoint", "more", "base"),
    [
        ("https://api.openai.com", {}, "wss://api.openai.com/v1/realtime"),
        ("https://api.openai.com/v1", {}, "wss://api.openai.com/v1/realtime"),
        ("https://api.openai.com/v1/realtime?model=x", {}, "wss://api.openai.com/v1/realtime"),
        ("https://eu.api.openai.com/v1/", {}, "wss://eu.api.openai.com/v1/realtime"),
        ("https://gw.example/llm", {"service": "openai"}, "wss://gw.example/llm/v1/realtime"),
        ("https://gw.example/openai/v1", {"service": "openai"}, "wss://gw.example/openai/v1/realtime"),
        ("http://127.0.0.1:9/v1", {"service": "openai"}, "ws://127.0.0.1:9/v1/realtime"),
    ],
)
def test_openais_own_host_has_a_path_of_its_own(endpoint: str, more: dict[str, Any], base: str) -> None:
    assert upgrade_url(target(endpoint, **more), "realtime") == f"{base}?model=my-rt"
    assert upgrade_url(target(endpoint, **more), "transcription") == f"{base}?intent=transcription"


@pytest.mark.parametrize("service", PROVIDERS)
@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "r.openai.azure.com",
        "//r.openai.azure.com",
        "https://",
        "https:///openai",
        "ftp://r.openai.azure.com",
        "http://r.openai.azure.com",
        "http://8.8.8.8:8080",
        "ws://134744072:8080",
        "http://127.0.0.1.evil.example",
        "http://127.evil.example",
        "http://localhost.evil.example",
        "http://0.0.0.0:80",
        "https://[::1",
        "https://r.example:99999",
        "https://r.example:https",
    ],
)
def test_other_addresses_are_refused_whatever_the_service(endpoint: str, service: str) -> None:
    with pytest.raises(SettingsError):
        upgrade_url(target(endpoint, service=service), "realtime")


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://user:hunter2@r.openai.azure.com",
        "user:hunter2@r.openai.azure.com",
        "ws://r.openai.azure.com/openai/realtime?api-key=hunter2",
        "http://r.example/?api-key=hunter2",
    ],
)
@pytest.mark.parametrize("service", ["auto", *PROVIDERS])
def test_secrets_in_an_address_are_refused_and_not_repeated(endpoint: str, service: str) -> None:
    with pytest.raises(SettingsError) as caught:
        upgrade_url(target(endpoint, service=service), "realtime")
    assert "hunter2" not in str(caught.value)


@given(st.text(max_size=30) | st.from_regex(r"https?://[^/]{0,10}(/.{0,10})?", fullmatch=True))
def test_any_text_is_an_address_or_a_settings_error(endpoint: str) -> None:
    try:
        url = upgrade_url(target(endpoint), "realtime")
    except SettingsError:
        return
    parts = urlsplit(url)
    assert parts.scheme == "wss" or is_private(parts.hostname or "")
    assert parts.path.endswith("/openai/v1/realtime")


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=20))
def test_any_deployment_name_survives_the_address(deployment: str) -> None:
    url = upgrade_url(
        Target(endpoint="https://r.openai.azure.com", realtime_deployment=deployment), "realtime"
    )
    assert parse_qs(urlsplit(url).query, keep_blank_values=True) == {"model": [deployment]}
    assert urlsplit(url).fragment == ""
