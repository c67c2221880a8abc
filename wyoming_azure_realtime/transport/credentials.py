"""Credentials, as the headers of one upgrade request. Exactly one of key and token is ever sent."""

import asyncio
from typing import Any, Protocol

from wyoming_azure_realtime.errors import AuthenticationFailed, SettingsError
from wyoming_azure_realtime.providers.base import Provider

TOKEN_SECONDS = 15.0


class Credentials(Protocol):
    """The source of the headers of an upgrade; asked at every connect, since tokens expire."""

    async def headers(self) -> dict[str, str]:
        """Header names and values. Raises `AuthenticationFailed`."""

    async def close(self) -> None:
        """Release what is held."""


class KeyCredentials:
    """The target's key, in the header that its service expects."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    async def headers(self) -> dict[str, str]:
        """The key is opaque: it is sent as it stands."""
        return self._provider.key_headers()

    async def close(self) -> None:
        """Nothing is held."""


class EntraCredentials:
    """A fresh Entra ID token per connect, from the environment's identity (extra `entra`)."""

    def __init__(self, provider: Provider) -> None:
        try:
            from azure.identity.aio import DefaultAzureCredential  # noqa: PLC0415 - heavy, only on request
        except ImportError as error:
            raise SettingsError(
                "Entra ID needs a package that is not installed.",
                advice="Install the 'entra' extra: pip install 'wyoming-azure-realtime[entra]'.",
            ) from error
        self._credential: Any = DefaultAzureCredential()
        self._provider = provider

    async def headers(self) -> dict[str, str]:
        """The library caches tokens and renews them before they expire."""
        try:
            async with asyncio.timeout(TOKEN_SECONDS):
                token = await self._credential.get_token(self._provider.token_scope)
        except Exception as error:  # noqa: BLE001 - the library documents no closed set
            raise AuthenticationFailed(
                f"No Entra ID token could be had ({type(error).__name__}).",
                advice="Check the managed identity or the AZURE_CLIENT_ID, AZURE_TENANT_ID and "
                f"AZURE_CLIENT_SECRET variables, and the role '{self._provider.role}'.",
            ) from None  # the cause may hold claims and what the identity provider answered
        return {"Authorization": f"Bearer {token.token}"}

    async def close(self) -> None:
        """Close the library's own HTTP session."""
        await self._credential.close()


def credentials_for(provider: Provider) -> Credentials:
    """The credentials that the target's settings name, as its service takes them."""
    return EntraCredentials(provider) if provider.target.auth == "entra" else KeyCredentials(provider)
