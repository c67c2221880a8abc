"""What every service has, and in what they differ. Addresses, models and voices have tests of their own."""

import pytest

from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.providers.base import Provider
from wyoming_azure_realtime.providers.registry import PROVIDERS, provider_of
from wyoming_azure_realtime.settings.model import Secret, Target

KEY = "k3y/with+odd=chars"
PREVIEW = "2025-04-01-preview"


@pytest.fixture(params=PROVIDERS)
def provider(request: pytest.FixtureRequest) -> Provider:
    return provider_of(Target(endpoint="https://r.example", key=Secret(KEY), service=request.param))


def test_it_says_whose_it_is(provider: Provider) -> None:
    assert provider.label
    assert provider.documentation.startswith("https://")


def test_it_offers_something_to_every_client(provider: Provider) -> None:
    assert provider.languages
    assert provider.voices
    assert all(provider.voice_languages(voice) for voice in provider.voices)
    assert provider.transcription_models or provider.own_models
    assert provider.dialect.name in {"ga", "preview", "voice_live"}


def test_the_key_travels_in_exactly_one_header_as_it_stands(provider: Provider) -> None:
    ((name, value),) = provider.key_headers().items()
    assert (name, value) in [("api-key", KEY), ("Authorization", f"Bearer {KEY}")]


@pytest.mark.parametrize(
    ("service", "auth", "header"),
    [
        ("azure_openai", "key", "api-key"),
        ("azure_openai", "bearer", "Authorization"),
        ("openai", "key", "Authorization"),
        ("openai", "bearer", "Authorization"),
        ("voice_live", "key", "api-key"),
        ("voice_live", "bearer", "Authorization"),
        ("embedded", "key", "api-key"),
        ("embedded", "bearer", "Authorization"),
    ],
)
def test_each_service_has_its_header(service: str, auth: str, header: str) -> None:
    target = Target(service=service, auth=auth, key=Secret(KEY))  # type: ignore[arg-type]
    assert [*provider_of(target).key_headers()] == [header]


def test_a_key_stays_out_of_the_address(provider: Provider) -> None:
    assert KEY not in provider.upgrade_url("realtime") + provider.upgrade_url("transcription")


def test_the_scope_of_tokens_is_the_services_unless_the_target_has_one(provider: Provider) -> None:
    other = "ai" if provider.service == "voice_live" else "cognitiveservices"
    assert provider.token_scope == f"https://{other}.azure.com/.default"
    own = Target(service=provider.service, token_scope="https://own.example/.default")
    assert provider_of(own).token_scope == "https://own.example/.default"


@pytest.mark.parametrize(
    ("service", "version", "dialect"),
    [
        ("azure_openai", "", "ga"),
        ("azure_openai", "v1", "ga"),
        ("azure_openai", PREVIEW, "preview"),
        ("openai", "", "ga"),
        ("openai", "v1", "ga"),
        ("voice_live", "", "voice_live"),
        ("voice_live", "2025-10-01", "voice_live"),
        ("embedded", "", "ga"),
        ("embedded", PREVIEW, "preview"),
    ],
)
def test_the_version_selects_the_dialect(service: str, version: str, dialect: str) -> None:
    assert provider_of(Target(service=service, api_version=version)).dialect.name == dialect


@pytest.mark.parametrize("version", ["v2", "latest", "2023-05-15"])
def test_a_version_that_no_service_has_is_refused(provider: Provider, version: str) -> None:
    with pytest.raises(SettingsError, match=f"Invalid API version '{version}'"):
        _ = provider_of(Target(service=provider.service, api_version=version)).dialect


def test_openai_has_no_preview_and_says_so() -> None:
    with pytest.raises(SettingsError) as caught:
        _ = provider_of(Target(service="openai", api_version=PREVIEW)).dialect
    assert "OpenAI speaks the GA API only" in caught.value.advice


def test_a_speed_is_what_sessions_accept(provider: Provider) -> None:
    for wanted, given in [(1.0, 1.0), (0.1, provider.slowest), (1.5, 1.5), (4.0, 1.5), (0.7, 0.7)]:
        assert provider.speed(wanted) == given


def test_the_demo_speaks_english_and_leaves_noise_to_others() -> None:
    demo, real = PROVIDERS["embedded"], PROVIDERS["azure_openai"]
    assert {language.split("-")[0] for language in demo.languages} == {"en"}
    assert set(demo.languages) < set(real.languages)
    assert [demo.reduces_noise, real.reduces_noise] == [False, True]
