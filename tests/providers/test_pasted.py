"""Endpoints and keys as people paste them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.providers.pasted import pasted_endpoint, pasted_key

HOME = "https://home.openai.azure.com"
KEY = "0123456789abcdefABCDEF"


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        (HOME, HOME),
        (f"{HOME}/", HOME),
        (f'  "{HOME}/"  \n', HOME),
        (f"\u201c{HOME}\u201d", HOME),
        (f"Target URI: {HOME}/openai/v1/realtime?model=gpt-realtime", HOME),
        (f"AZURE_OPENAI_ENDPOINT='{HOME}'", HOME),
        ("home.openai.azure.com", HOME),
        ("home", HOME),
        ("wss://home.openai.azure.com/openai/realtime?api-version=2025-04-01-preview&deployment=a", HOME),
        ("https://home.openai.azure.com/openai/\nrealtime?api-version=2025-04-01-preview", HOME),
        (f"{HOME}/openai/deployments/my-voice/chat/completions?api-version=2024-10-21", HOME),
        ("HTTPS://Home.OpenAI.Azure.com", HOME),
        (
            "https://home.services.ai.azure.com/api/projects/first-project",
            "https://home.services.ai.azure.com",
        ),
        (
            "wss://home.services.ai.azure.com/voice-live/realtime?api-version=2026-07-15&model=gpt-4.1-nano",
            "https://home.services.ai.azure.com/voice-live",
        ),
        ("https://api.openai.com/v1", "https://api.openai.com"),
        ("https://gateway.example/speech/openai/v1/realtime", "https://gateway.example/speech"),
        ("https://gateway.example:8443/speech", "https://gateway.example:8443/speech"),
        ("localhost:8000/v1", "http://localhost:8000"),
        ("ws://192.168.1.5:8080/v1/realtime", "http://192.168.1.5:8080"),
        ("[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_an_address(text: str, endpoint: str) -> None:
    assert pasted_endpoint(text).endpoint == endpoint


def test_what_else_the_address_says() -> None:
    found = pasted_endpoint(f"{HOME}/openai/realtime?api-version=2025-04-01-preview&deployment=my-voice")
    assert (found.api_version, found.deployment) == ("2025-04-01-preview", "my-voice")
    found = pasted_endpoint(f"{HOME}/openai/deployments/my-voice/x?api-version=v1")
    assert (found.api_version, found.deployment) == ("", "my-voice")
    assert pasted_endpoint(f"{HOME}/openai/v1/realtime?model=gpt-realtime").deployment == "gpt-realtime"


@pytest.mark.parametrize("text", ["", "  ", "https://", "https://user:password@host", "https://host:port"])
def test_what_is_none(text: str) -> None:
    with pytest.raises(SettingsError):
        pasted_endpoint(text)


@pytest.mark.parametrize(
    "text",
    [
        KEY,
        f" {KEY} \r\n",
        f'"{KEY}"',
        f"'{KEY}',",
        f"{KEY[:9]}\n  {KEY[9:]}",
        f"AZURE_OPENAI_KEY={KEY}",
        f'export AZURE_OPENAI_API_KEY="{KEY}"',
        f"api-key: {KEY}",
        f"Bearer {KEY}",
        f"\u200b{KEY}\ufeff",
    ],
)
def test_a_key(text: str) -> None:
    assert pasted_key(text) == KEY


PARTS = (
    "https://",
    "0",
    ",",
    "/openai",
    "/v1",
    "#",
    "a.b",
    "/voice-live",
    "/x",
    "?",
    "'",
    ":",
    "@",
    "[",
    "]",
    ";",
)


@given(st.text() | st.lists(st.sampled_from(PARTS)).map("".join))
def test_any_text_is_an_address_or_a_settings_error(text: str) -> None:
    try:
        found = pasted_endpoint(text).endpoint
    except SettingsError:
        return
    assert found.startswith(("http://", "https://"))
    assert found == pasted_endpoint(found).endpoint
