"""Which service a target is at: the one function that everybody asks."""

from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.providers.azure_openai import AzureOpenAi, EmbeddedService
from wyoming_azure_realtime.providers.base import Provider, split
from wyoming_azure_realtime.providers.openai import OpenAi
from wyoming_azure_realtime.providers.servers import LocalAi, Speaches, SpeechToSpeech, Xai
from wyoming_azure_realtime.providers.voice_live import VoiceLive
from wyoming_azure_realtime.settings.model import Target

AUTO = "auto"
"""The endpoint tells the service; a host that is nobody's is an Azure resource, or a gateway to one."""

_AZURES = (".azure.com", ".azure.us", ".azure.cn", ".azure-api.net")
"""Of Azure's hosts, those that have no service of their own are resources, or gateways to one."""

PROVIDERS: dict[str, type[Provider]] = {
    provider.service: provider
    for provider in (
        AzureOpenAi,
        OpenAi,
        VoiceLive,
        SpeechToSpeech,
        LocalAi,
        Speaches,
        Xai,
        EmbeddedService,
    )
}


def provider_of(target: Target) -> Provider:
    """The target's service. Raises `SettingsError` for an unknown one, or an endpoint that is no address."""
    if target.service == AUTO:
        return _at(target.endpoint)(target)
    try:
        return PROVIDERS[target.service](target)
    except KeyError as error:
        raise SettingsError(
            f"Target '{target.name}' names an unknown service: {repr(target.service)[:60]}.",
            advice=f"Allowed: {service_names()}.",
        ) from error


def tells_service(endpoint: str) -> bool:
    """Whether the address tells whose service it is, so that nobody has to be asked."""
    parts = split(endpoint)
    host = parts.hostname or ""
    return host.endswith(_AZURES) or any(one.is_at(host, parts.path) for one in PROVIDERS.values())


def service_names() -> str:
    """What `targets[].service` may be, in words."""
    *first, last = (AUTO, *PROVIDERS)
    return f"{', '.join(first)} or {last}"


def _at(endpoint: str) -> type[Provider]:
    parts = split(endpoint)
    found = (one for one in PROVIDERS.values() if one.is_at(parts.hostname or "", parts.path))
    return next(found, AzureOpenAi)
