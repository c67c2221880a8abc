"""Addresses: from what users have in their settings to the URL of an upgrade request. Pure."""

from typing import Literal
from urllib.parse import urlencode, urlsplit, urlunsplit

from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.realtime.dialects import Dialect
from wyoming_azure_realtime.realtime.dialects.base import SessionKind
from wyoming_azure_realtime.settings.model import Target

# Paths that people copy along with the host; longest first.
_COPIED = ("/openai/v1/realtime", "/openai/realtime", "/openai/v1", "/v1/realtime", "/openai", "/v1")
_OPENAI_PATH = "/v1/realtime"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")

HostKind = Literal["azure", "openai"]


def host_kind(target: Target) -> HostKind:
    """Whose paths and headers apply: told by the settings, else by the host's name."""
    if target.host_kind != "auto":
        return target.host_kind
    host = urlsplit(target.endpoint).hostname or ""
    return "openai" if host == "api.openai.com" or host.endswith(".api.openai.com") else "azure"


def upgrade_url(target: Target, dialect: Dialect, kind: SessionKind) -> str:
    """`wss://…` for one kind of session; `ws://` only on loopback. Raises `SettingsError`."""
    parts = urlsplit(target.endpoint)
    scheme = {"https": "wss", "http": "ws"}.get(parts.scheme)
    if scheme is None or not parts.hostname:
        raise SettingsError(f"Endpoint '{target.endpoint}' is no https:// address.")
    if scheme == "ws" and not is_loopback(parts.hostname):
        raise SettingsError(f"Endpoint '{target.endpoint}' is http://, which is allowed on loopback only.")
    path = _prefix(parts.path) + _path(target, dialect)
    query = urlencode(dialect.query(kind, target.realtime_deployment))
    return urlunsplit((scheme, parts.netloc, path, query, ""))


def is_loopback(host: str) -> bool:
    """Whether the host's name can only mean this machine."""
    return host in _LOOPBACK or host.startswith("127.")


def _prefix(path: str) -> str:
    path = path.rstrip("/")
    for copied in _COPIED:
        if path.endswith(copied):
            return path.removesuffix(copied)
    return path


def _path(target: Target, dialect: Dialect) -> str:
    if host_kind(target) == "azure":
        return dialect.azure_path
    if dialect.name != "ga":
        raise SettingsError(
            "Invalid API version: OpenAI's own host speaks the GA API only.",
            advice="Leave AZURE_OPENAI_API_VERSION empty or set it to v1.",
        )
    return _OPENAI_PATH
