"""Checks of what is known about the home: its names, its models, its Home Assistant."""

import re
from datetime import date
from urllib.parse import urlsplit

from wyoming_azure_realtime.settings.convert import impossible, quote
from wyoming_azure_realtime.settings.model import Settings
from wyoming_azure_realtime.settings.tree import DEFAULT, Sources

MAX_NAMES = 1000
MAX_NAME = 60
MAX_MODELS = 100

_TOKEN = re.compile(r"[!-~]+")
_MODEL = re.compile(r"[!-~]{1,128}")


def check_home(settings: Settings, sources: Sources) -> None:
    """Raise `SettingsError` for the first value that cannot be."""
    _check_names("embedded.names", settings.embedded.names, sources)
    _check_names("recognition.names", settings.recognition.names, sources)
    _check_models(settings, sources)
    _check_home_assistant(settings, sources)


def _check_names(key: str, names: tuple[str, ...], sources: Sources) -> None:
    source = sources.get(key, DEFAULT)
    if len(names) > MAX_NAMES:
        raise impossible(key, f"a list of {len(names)}", source, f"at most {MAX_NAMES} names")
    for name in names:
        if not any(char.isalpha() for char in name) or len(name) > MAX_NAME or not name.isprintable():
            allowed = f"names of up to {MAX_NAME} characters with letters in them"
            raise impossible(key, f"a list with {quote(name)}", source, allowed)


def _check_models(settings: Settings, sources: Sources) -> None:
    models = settings.recognition.models
    inside = (source for key, source in sources.items() if key.startswith("recognition.models."))
    source = next((source for source in inside if source != DEFAULT), DEFAULT)
    if len(models) > MAX_MODELS:
        raise impossible("recognition.models", f"{len(models)} models", source, f"at most {MAX_MODELS}")
    for name, facts in models.items():
        if not _MODEL.fullmatch(name):
            told = f"given a model named {quote(name)}"
            raise impossible("recognition.models", told, source, "names without spaces")
        if facts.retires and not _is_date(facts.retires):
            key = f"recognition.models.{name}.retires"
            raise impossible(key, quote(facts.retires), sources.get(key, source), "a date such as 2028-12-31")


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _check_home_assistant(settings: Settings, sources: Sources) -> None:
    home = settings.home_assistant
    reason = _unusable(home.url) if home.url else ""
    if reason:
        source = sources.get("home_assistant.url", DEFAULT)
        allowed = "http://HOST:8123 or https://HOST, without user, password, query or fragment"
        raise impossible("home_assistant.url", reason, source, allowed)
    if home.token and not _TOKEN.fullmatch(home.token.reveal()):
        source = sources.get("home_assistant.token", DEFAULT)
        raise impossible(
            "home_assistant.token", "a text that is no token", source, "printable ASCII without spaces"
        )


def _unusable(url: str) -> str:
    """Why there can be no Home Assistant. Does not repeat what may hold a password."""
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:
        return "no address"
    if "@" in url or "?" in url or "#" in url:
        return "an address with a user, a password, a query or a fragment"
    if parts.scheme not in ("http", "https") or not host or port == 0 or not _TOKEN.fullmatch(url):
        return "no address that begins with http:// or https://"
    return ""
