"""Addresses: from what users have in their settings to the URL of an upgrade request. Pure."""

from collections.abc import Mapping, Sequence
from urllib.parse import SplitResult, urlencode, urlsplit, urlunsplit

from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.settings.addresses import is_loopback


def split(endpoint: str) -> SplitResult:
    """The parts of an endpoint. Raises `SettingsError`, which repeats no part that may be a secret."""
    if "@" in endpoint:
        raise SettingsError("The endpoint must not contain a user name or a password.")
    try:
        parts = urlsplit(endpoint)
        _ = parts.port  # raises where it is no number
    except ValueError as error:
        raise SettingsError(f"The endpoint is no valid address ({error}).") from error
    return parts


def websocket_url(endpoint: str, copied: Sequence[str], path: str, query: Mapping[str, str]) -> str:
    """`wss://…` at the endpoint; `ws://` on loopback only. Raises `SettingsError`.

    `copied`: paths of the service that people copy along with its host, the longest first. One of them at the
    endpoint's end is left out; what stands before it, such as a gateway's prefix, stays ahead of `path`.
    """
    parts = split(endpoint)
    shown = endpoint.partition("?")[0]
    scheme = {"https": "wss", "http": "ws"}.get(parts.scheme)
    if scheme is None or not parts.hostname:
        raise SettingsError(f"Endpoint '{shown}' is no https:// address.")
    if scheme == "ws" and not is_loopback(parts.hostname):
        raise SettingsError(f"Endpoint '{shown}' is http://, which is allowed on loopback only.")
    given = parts.path.rstrip("/")
    end = next((end for end in copied if given.endswith(end)), "")
    prefix = given.removesuffix(end).rstrip("/")
    return urlunsplit((scheme, parts.netloc, prefix + path, urlencode(query), ""))
