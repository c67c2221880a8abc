import asyncio
import sys

import pytest

from tests.support.entra import install_entra
from wyoming_azure_realtime.errors import AuthenticationFailed, SettingsError
from wyoming_azure_realtime.providers.registry import PROVIDERS, provider_of
from wyoming_azure_realtime.settings.model import Secret, Target
from wyoming_azure_realtime.transport import credentials as auth
from wyoming_azure_realtime.transport.credentials import Credentials, KeyCredentials, credentials_for

KEY = "k3y/with+odd=chars"


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        (Target(endpoint="https://r.openai.azure.com", key=Secret(KEY)), {"api-key": KEY}),
        (
            Target(endpoint="https://r.openai.azure.com", key=Secret(KEY), auth="bearer"),
            {"Authorization": f"Bearer {KEY}"},
        ),
        (Target(endpoint="https://api.openai.com/v1", key=Secret(KEY)), {"Authorization": f"Bearer {KEY}"}),
        (
            Target(endpoint="https://gw.example", key=Secret(KEY), service="openai"),
            {"Authorization": f"Bearer {KEY}"},
        ),
        (
            Target(endpoint="https://api.openai.com", key=Secret(KEY), service="azure_openai"),
            {"api-key": KEY},
        ),
        (Target(endpoint="http://127.0.0.1:1", key=Secret("")), {"api-key": ""}),
    ],
)
async def test_a_key_travels_in_exactly_one_header_as_it_stands(
    target: Target, headers: dict[str, str]
) -> None:
    credentials = credentials_for(provider_of(target))
    assert await credentials.headers() == headers
    await credentials.close()


@pytest.mark.parametrize("service", PROVIDERS)
def test_a_key_does_not_show_itself(service: str) -> None:
    target = Target(endpoint="https://r.example", key=Secret(KEY), service=service)
    provider = provider_of(target)
    credentials: Credentials = KeyCredentials(provider)
    for shown in (repr(credentials), repr(provider), str(provider), repr(target), f"{target.key}"):
        assert KEY not in shown


def test_entra_without_its_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "azure.identity.aio", None)  # as if it were not installed
    with pytest.raises(SettingsError) as caught:
        credentials_for(provider_of(Target(endpoint="https://r.openai.azure.com", auth="entra")))
    assert "wyoming-azure-realtime[entra]" in caught.value.advice


ENTRA = Target(
    endpoint="https://r.openai.azure.com", auth="entra", token_scope="https://ai.azure.com/.default"
)


async def test_entra_gives_a_fresh_token_for_the_scope_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    entra = install_entra(monkeypatch)
    credentials = credentials_for(provider_of(ENTRA))
    assert await credentials.headers() == {"Authorization": "Bearer token-1"}
    assert await credentials.headers() == {"Authorization": "Bearer token-2"}
    assert entra.scopes == ["https://ai.azure.com/.default"] * 2
    await credentials.close()
    assert entra.closed


async def test_a_token_that_cannot_be_had_says_what_to_check_and_not_what_was_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    install_entra(monkeypatch).failure = RuntimeError("client secret hunter2 is wrong")
    with pytest.raises(AuthenticationFailed) as caught:
        await credentials_for(provider_of(ENTRA)).headers()
    assert "RuntimeError" in caught.value.message
    assert "Cognitive Services OpenAI User" in caught.value.advice
    assert "hunter2" not in str(caught.value)


async def test_a_token_that_never_comes_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "TOKEN_SECONDS", 0.02)
    install_entra(monkeypatch).hangs = True
    async with asyncio.timeout(5):
        with pytest.raises(AuthenticationFailed, match="TimeoutError"):
            await credentials_for(provider_of(ENTRA)).headers()
