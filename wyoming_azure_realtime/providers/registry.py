"""Which service a target is at: the one function that everybody asks."""

from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.providers.azure_openai import AzureOpenAi
from wyoming_azure_realtime.providers.base import Provider, split
from wyoming_azure_realtime.providers.embedded import EmbeddedService
from wyoming_azure_realtime.providers.openai import OpenAi
from wyoming_azure_realtime.settings.model import Target

AUTO = "auto"
"""The endpoint tells the service; a host that is nobody's is an Azure resource, or a gateway to one."""

PROVIDERS: dict[str, type[Provider]] = {
    provider.service: provider for provider in (AzureOpenAi, OpenAi, EmbeddedService)
}


def provider_of(target: Target) -> Provider:
    """The target's service. Raises `SettingsError` for an unknown one, or an endpoint that is no address."""
    if target.service == AUTO:
        return _at(target.endpoint)(target)
    try:
        return PROVIDERS[target.service](target)
    except KeyError as error:
        raise SettingsError(
            f"Target '{target.name}' names an unknown service: {target.service[:60]!r}.",
            advice=f"Allowed: {service_names()}.",
        ) from error


def service_names() -> str:
    """What `targets[].service` may be, in words."""
    *first, last = (AUTO, *PROVIDERS)
    return f"{', '.join(first)} or {last}"


def _at(endpoint: str) -> type[Provider]:
    parts = split(endpoint)
    found = (one for one in PROVIDERS.values() if one.is_at(parts.hostname or "", parts.path))
    return next(found, AzureOpenAi)
