"""Addresses: from what users have in their settings to the URL of an upgrade request. Pure."""

from ipaddress import ip_address
from typing import Literal
from urllib.parse import SplitResult, urlencode, urlsplit, urlunsplit

from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.realtime.dialects import Dialect
from wyoming_azure_realtime.realtime.dialects.base import SessionKind
from wyoming_azure_realtime.settings.model import Target

HostKind = Literal["azure", "openai"]

_OPENAI_PATH = "/v1/realtime"
# Paths that people copy along with the host; longest first.
_COPIED: dict[HostKind, tuple[str, ...]] = {
    "azure": ("/openai/v1/realtime", "/openai/realtime", "/openai/v1", "/openai"),
    "openai": ("/v1/realtime", "/v1"),
}


def host_kind(target: Target) -> HostKind:
    """Whose paths and headers apply: told by the settings, else by the host's name."""
    if target.host_kind != "auto":
        return target.host_kind
    host = _split(target.endpoint).hostname or ""
    return "openai" if host == "api.openai.com" or host.endswith(".api.openai.com") else "azure"


def upgrade_url(target: Target, dialect: Dialect, kind: SessionKind) -> str:
    """`wss://…` for one kind of session; `ws://` only on loopback. Raises `SettingsError`."""
    parts = _split(target.endpoint)
    shown = target.endpoint.partition("?")[0]
    scheme = {"https": "wss", "http": "ws"}.get(parts.scheme)
    if scheme is None or not parts.hostname:
        raise SettingsError(f"Endpoint '{shown}' is no https:// address.")
    if scheme == "ws" and not is_loopback(parts.hostname):
        raise SettingsError(f"Endpoint '{shown}' is http://, which is allowed on loopback only.")
    path = _prefix(parts.path, host_kind(target)) + _path(target, dialect)
    query = urlencode(dialect.query(kind, target.realtime_deployment))
    return urlunsplit((scheme, parts.netloc, path, query, ""))


def is_loopback(host: str) -> bool:
    """Whether the host's name can only mean this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _split(endpoint: str) -> SplitResult:
    """The parts of an address. Secrets have no place in it, so an offending one is not repeated."""
    if "@" in endpoint:
        raise SettingsError("The endpoint must not contain a user name or a password.")
    try:
        parts = urlsplit(endpoint)
        _ = parts.port  # raises where it is no number
    except ValueError as error:
        raise SettingsError(f"The endpoint is no valid address ({error}).") from error
    return parts


def _prefix(path: str, kind: HostKind) -> str:
    path = path.rstrip("/")
    copied = next((end for end in _COPIED[kind] if path.endswith(end)), "")
    return path.removesuffix(copied).rstrip("/")


def _path(target: Target, dialect: Dialect) -> str:
    if host_kind(target) == "azure":
        return dialect.azure_path
    if dialect.name != "ga":
        raise SettingsError(
            "Invalid API version: OpenAI's own host speaks the GA API only.",
            advice="Leave AZURE_OPENAI_API_VERSION empty or set it to v1.",
        )
    return _OPENAI_PATH
