"""What people paste where an endpoint and a key are asked for, as portals and shells show them. Pure."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlunsplit

from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.providers.base import split
from wyoming_azure_realtime.settings.addresses import is_loopback, is_private

QUOTES = "\"'`“”„\u2018\u2019«»"
_ENDS = f"{QUOTES},;/"
"""What may stand behind an address and is no part of it."""

_SCHEME = re.compile(r"(https?|wss?)://", re.IGNORECASE)
_RESOURCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{1,62}")
_DATE = re.compile(r"20\d\d-\d\d-\d\d(-preview)?")
_DEPLOYMENT = re.compile(r"/deployments/([^/]+)")
_KEYS_NAME = re.compile(r"^\s*((export\s+)?[A-Z]+(_[A-Z]+)+\s*=|([Aa]pi-)?[Kk]ey\s*:|[Bb]earer\s)")

# Where the part of a path begins that is the service's, and not a gateway's own; the rest stays.
_SERVICE_PATHS = re.compile(r"/(openai|api/projects|v1)(/.*|$)|(?<=/voice-live)/.*")


@dataclass(frozen=True, slots=True)
class PastedEndpoint:
    """An address as settings have it; of its query and its path, the API's version and a deployment."""

    endpoint: str
    api_version: str = ""
    deployment: str = ""


def pasted_endpoint(text: str) -> PastedEndpoint:
    """Understand an address: a whole Target URI, a bare host, the name of a resource, with quotes and blanks.

    Raises `SettingsError` where there is none in it.
    """
    plain = _without_blanks(text)
    if found := _SCHEME.search(plain):
        plain = plain[found.start() :]
    elif _RESOURCE.fullmatch(plain) and not is_loopback(plain):
        plain = f"https://{plain}.openai.azure.com"
    else:
        host = split(f"//{plain}").hostname or ""
        plain = f"{'http' if is_private(host) else 'https'}://{plain}"
    parts = split(plain)
    path = parts.path
    while (shorter := _SERVICE_PATHS.sub("", path.rstrip(_ENDS))) != path:
        path = shorter
    host = parts.netloc.lower() if path else parts.netloc.lower().rstrip(_ENDS)
    if not (parts.hostname and split(f"//{host}").hostname):
        raise SettingsError("That is no address.", advice="Copy the endpoint of the resource, https://….")
    scheme = {"wss": "https", "ws": "http"}.get(parts.scheme.lower(), parts.scheme.lower())
    query = parse_qs(parts.query)
    version = query.get("api-version", [""])[0]
    named = [*query.get("deployment", ()), *query.get("model", ()), *_DEPLOYMENT.findall(parts.path)]
    return PastedEndpoint(
        urlunsplit((scheme, host, path, "", "")),
        version if _DATE.fullmatch(version) else "",
        next(iter(named), ""),
    )


def pasted_key(text: str) -> str:
    """The key itself: without quotes, blanks and line breaks, and without the name that stands before it."""
    return _without_blanks(_KEYS_NAME.sub("", text))


def _without_blanks(text: str) -> str:
    return "".join(char for char in text if not char.isspace() and char.isprintable()).strip(QUOTES + ",;")
