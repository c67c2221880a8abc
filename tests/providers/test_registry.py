"""Which service a target is at."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.providers.registry import AUTO, PROVIDERS, provider_of, service_names
from wyoming_azure_realtime.settings.model import Target


@pytest.mark.parametrize(
    ("endpoint", "more", "service"),
    [
        ("", {}, "azure_openai"),
        ("https://r.openai.azure.com", {}, "azure_openai"),
        ("https://r.services.ai.azure.com", {}, "azure_openai"),
        ("https://gateway.example/team", {}, "azure_openai"),
        ("https://r.services.ai.azure.com/voice-live", {}, "voice_live"),
        ("https://r.cognitiveservices.azure.com/voice-live/realtime", {}, "voice_live"),
        ("https://r.cognitiveservices.azure.com", {"service": "voice_live"}, "voice_live"),
        ("http://127.0.0.1:1", {}, "azure_openai"),
        ("https://api.openai.com", {}, "openai"),
        ("https://API.OpenAI.com/v1", {}, "openai"),
        ("https://us.api.openai.com/v1", {}, "openai"),
        ("https://notapi.openai.com.evil.example", {}, "azure_openai"),
        ("https://xapi.openai.com", {}, "azure_openai"),
        ("https://api.openai.com", {"service": "azure_openai"}, "azure_openai"),
        ("http://127.0.0.1:1", {"service": "openai"}, "openai"),
        ("http://127.0.0.1:1", {"service": "embedded"}, "embedded"),
    ],
)
def test_the_service_shows_in_the_hosts_name_unless_settings_say(
    endpoint: str, more: dict[str, Any], service: str
) -> None:
    provider = provider_of(Target(endpoint=endpoint, **more))
    assert provider.service == service
    assert type(provider) is PROVIDERS[service]


def test_clients_are_told_of_the_backend_as_ever() -> None:
    assert [(name, provider.backend) for name, provider in PROVIDERS.items()] == [
        ("azure_openai", "azure"),
        ("openai", "openai"),
        ("voice_live", "azure"),
        ("speech_to_speech", "speech-to-speech"),
        ("localai", "localai"),
        ("speaches", "speaches"),
        ("xai", "xai"),
        ("embedded", "embedded"),
    ]


@pytest.mark.parametrize("service", ["azure", "bing", "", "AUTO", "Azure_OpenAI"])
def test_an_unknown_service_is_refused_with_those_that_exist(service: str) -> None:
    with pytest.raises(SettingsError) as caught:
        provider_of(Target(name="kitchen", service=service))
    assert caught.value.message == f"Target 'kitchen' names an unknown service: {service!r}."
    assert caught.value.advice == f"Allowed: {service_names()}."


@given(service=st.text(max_size=200), endpoint=st.text(max_size=40))
def test_any_text_is_a_service_or_one_short_line(service: str, endpoint: str) -> None:
    try:
        provider = provider_of(Target(service=service, endpoint=endpoint))
    except SettingsError as error:
        assert "\n" not in error.message  # noqa: PT017 - both outcomes are legal
        assert len(error.message) < 200  # noqa: PT017
    else:
        assert service in (AUTO, provider.service)


def test_two_providers_of_one_target_are_equal_and_of_two_they_are_not() -> None:
    here, there = Target(name="here"), Target(name="there")
    assert provider_of(here) == provider_of(here)
    assert provider_of(here) != provider_of(there)
    as_openai = Target(name="here", service="openai")
    assert provider_of(here) != PROVIDERS["openai"](here)
    assert provider_of(as_openai).target is as_openai
