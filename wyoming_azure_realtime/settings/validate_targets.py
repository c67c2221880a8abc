"""Checks of targets: address, credentials, API version, names."""

import re
from urllib.parse import urlsplit

from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.providers.registry import AUTO, PROVIDERS, provider_of, service_names
from wyoming_azure_realtime.settings.addresses import is_loopback
from wyoming_azure_realtime.settings.convert import impossible, quote
from wyoming_azure_realtime.settings.model import Settings, Target
from wyoming_azure_realtime.settings.tree import DEFAULT, Sources

MAX_TARGETS = 16

_ENDPOINT = "https://HOST, or http:// on loopback; without user, password, query or fragment"
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_.])?|[0-9a-f:.]+")
_PATH = re.compile(r"[!-~]*")
_KEY = re.compile(r"[!-~]([ -~]*[!-~])?")
_NAME = re.compile(r"[!-~]{1,128}")
MAX_DEPLOYMENTS = 20

_NAMES = ("name", "realtime_deployment", "transcription_deployment", "token_scope")
_MAY_BE_EMPTY = ("token_scope",)


def check_targets(settings: Settings, sources: Sources) -> None:
    """Raise `SettingsError` for the first target that cannot work, or when there is none."""
    if not settings.targets:
        raise _incomplete(Target(), 0, sources)
    if len(settings.targets) > MAX_TARGETS:
        told = f"a list of {len(settings.targets)}"
        raise impossible("targets", told, _of(sources, "targets[0].name"), f"at most {MAX_TARGETS}")
    names: set[str] = set()
    for index, target in enumerate(settings.targets):
        _check(target, index, sources)
        if target.name in names:
            key = f"targets[{index}].name"
            raise impossible(key, f"{quote(target.name)} once more", _of(sources, key), "a name of its own")
        names.add(target.name)


def _check(target: Target, index: int, sources: Sources) -> None:
    if not target.endpoint or (target.auth != "entra" and not target.key):
        raise _incomplete(target, index, sources)
    key = f"targets[{index}].endpoint"
    reason = _unusable(target.endpoint)
    if reason:
        raise impossible(key, reason, _of(sources, key), _ENDPOINT)
    key = f"targets[{index}].key"
    if target.key and not _KEY.fullmatch(target.key.reveal()):
        raise impossible(key, "a text that no HTTP header can carry", _of(sources, key), "printable ASCII")
    for field in _NAMES:
        key, text = f"targets[{index}].{field}", getattr(target, field)
        if not (_NAME.fullmatch(text) or (not text and field in _MAY_BE_EMPTY)):
            raise impossible(
                key, quote(text), _of(sources, key), "1 to 128 printable characters without spaces"
            )
    _check_deployments(target, index, sources)
    _check_service(target, index, sources)


def _check_deployments(target: Target, index: int, sources: Sources) -> None:
    key, further = f"targets[{index}].also_transcribes", target.also_transcribes
    if len(further) > MAX_DEPLOYMENTS:
        told = f"given for {len(further)} deployments"
        raise impossible(key, told, _of(sources, key), f"at most {MAX_DEPLOYMENTS}")
    for name, model in further.items():
        if not (_NAME.fullmatch(name) and _NAME.fullmatch(model)):
            told = f"{quote(name)} with {quote(model)}"
            allowed = "names of deployments and their models, both without spaces"
            raise impossible(key, told, _of(sources, key), allowed)
        if name == target.transcription_deployment:
            told = f"{quote(name)}, which is the transcription_deployment already"
            raise impossible(key, told, _of(sources, key), "further deployments")


def _check_service(target: Target, index: int, sources: Sources) -> None:
    """That there is such a service, and that it has this version of its API."""
    key = f"targets[{index}].service"
    if target.service not in (AUTO, *PROVIDERS):
        raise impossible(key, quote(target.service), _of(sources, key), service_names())
    key = f"targets[{index}].api_version"
    try:
        _ = provider_of(target).dialect
    except SettingsError as error:
        message = f"Invalid API version {quote(target.api_version)} ({key}, {_of(sources, key)})."
        raise SettingsError(message, advice=error.advice) from error


def _unusable(endpoint: str) -> str:
    """Why nothing can connect there, or nothing. Does not repeat what may hold a password."""
    try:
        parts = urlsplit(endpoint)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        return "no address"
    if parts.username is not None or parts.password is not None or "@" in endpoint:
        return "an address with a user or a password in it"
    if "?" in endpoint or "#" in endpoint:
        return "an address with a query or a fragment"
    if parts.scheme not in ("https", "http") or port == 0 or not _HOST.fullmatch(host):
        # without a scheme it may be a key in the wrong place
        return (
            f"{quote(endpoint)}, which is no https:// address" if "://" in endpoint else "no https:// address"
        )
    if not _PATH.fullmatch(parts.path):
        return f"{quote(endpoint)}, whose path has spaces or letters beyond ASCII"
    if parts.scheme == "http" and not is_loopback(host):
        return f"{quote(endpoint)}, which would send the key in the clear"
    return ""


def _incomplete(target: Target, index: int, sources: Sources) -> SettingsError:
    missing = []
    if not target.endpoint:
        missing.append("AZURE_OPENAI_ENDPOINT" if index == 0 else f"targets[{index}].endpoint")
    if not target.key and target.auth != "entra":
        missing.append("AZURE_OPENAI_KEY" if index == 0 else f"targets[{index}].key")
    chosen = [_of(sources, "backend")] + [sources[key] for key in sources if key.startswith("targets[")]
    why = next((source for source in chosen if source != DEFAULT), DEFAULT)
    return SettingsError(
        "Azure OpenAI endpoint and API key are required.",
        advice=f"Set {' and '.join(missing)} (Azure was chosen by {why}), "
        "or start with --backend embedded to run without Azure.",
    )


def _of(sources: Sources, key: str) -> str:
    return sources.get(key, DEFAULT)
