"""What types cannot say: whether values are possible, possible together, and known to the speech service.

The form of a value is checked whatever the backend is, targets only when they are used. Reads nothing and
connects to nothing. The words for what is allowed are those of the model, where it has them.
"""

import logging
import re
from collections.abc import Iterator
from datetime import date
from typing import Literal
from urllib.parse import urlsplit

from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.providers.base import Provider, matches
from wyoming_azure_realtime.providers.embedded import EmbeddedService
from wyoming_azure_realtime.providers.registry import AUTO, PROVIDERS, provider_of, service_names
from wyoming_azure_realtime.settings.addresses import (
    ANY,
    LOCAL,
    StdioAddress,
    is_address,
    is_loopback,
    parse_host_port,
    parse_network,
    parse_uri,
)
from wyoming_azure_realtime.settings.declaration import Path, allowed, kind_at, render
from wyoming_azure_realtime.settings.model import Settings, Target
from wyoming_azure_realtime.settings.tree import DEFAULT, Sources, impossible, quote

MAX_NAME = 60
"""Characters of a name in the home."""

_DEPLOYMENTS = ("name", "realtime_deployment", "transcription_deployment")
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_.])?|[0-9a-f:.]+")
_PRINTABLE = re.compile(r"[!-~]*")
_WORD = re.compile(r"[!-~]{1,128}")
_KEY = re.compile(r"[!-~]([ -~]*[!-~])?")
_PROFILE_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")
_SUBSTITUTED = re.compile(r"[a-z0-9_]{1,40}")
_WIDE = re.compile(r"\d{4}")
_LABEL_BYTES = 63


def validate(settings: Settings, sources: Sources, uses: Literal["azure", "embedded"]) -> None:
    """Raise `SettingsError` for the first value that cannot be."""
    checked = _Checked(settings, sources)
    _check_profiles(checked)
    _check_listeners(checked)
    _check_networks(checked)
    _check_http(checked)
    _check_pool(checked)
    _check_zeroconf(checked)
    _check_names(checked, ("embedded", "names"), settings.embedded.names)
    _check_names(checked, ("recognition", "names"), settings.recognition.names)
    _check_models(checked)
    _check_home_assistant(checked)
    _check_log(checked)
    if uses == "azure":
        _check_targets(checked)
    provider = provider_of(settings.targets[0]) if uses == "azure" else EmbeddedService(Target())
    _check_voices(checked, provider)
    _check_languages(checked, provider)


class _Checked:
    """Settings, where their values came from, and the errors for those that cannot be."""

    def __init__(self, settings: Settings, sources: Sources) -> None:
        self.settings = settings
        self.sources = sources

    def source(self, path: Path) -> str:
        """Where a value came from; of a section, where its first value did that somebody chose."""
        key = render(path)
        if key in self.sources:
            return self.sources[key]
        inside = (self.sources[other] for other in self.sources if other.startswith((f"{key}.", f"{key}[")))
        return next((source for source in inside if source != DEFAULT), DEFAULT)

    def error(self, path: Path, value: str, possible: str = "", *, at: Path = ()) -> SettingsError:
        """`value`: what it is, in words. `possible`: if not as in the model. `at`: where it was given."""
        possible = possible or allowed(kind_at(Settings, path))
        return impossible(render(path), value, self.source(at or path), possible)


def _check_profiles(checked: _Checked) -> None:
    for name in checked.settings.profiles:
        if not _PROFILE_NAME.fullmatch(name):
            given = f"given a profile named {quote(name)}"
            raise checked.error(("profiles",), given, at=("profiles", name))


def _check_listeners(checked: _Checked) -> None:
    taken: dict[object, str] = {}
    profiles = checked.settings.profiles
    for index, listener in enumerate(checked.settings.listeners):
        path: Path = ("listeners", index, "uri")
        try:
            address = parse_uri(listener.uri)
        except ValueError as error:
            raise checked.error(path, f"{quote(listener.uri)}, but {error}") from error
        free = not isinstance(address, StdioAddress) and getattr(address, "port", None) == 0
        if not free and address in taken:
            twice = f"{quote(listener.uri)}, which {taken[address]} has already"
            raise checked.error(path, twice, "an address that no other listener has")
        taken[address] = render(path)
        if listener.profile not in profiles:
            exists = f"a profile that exists: {', '.join(sorted(profiles))}"
            raise checked.error(("listeners", index, "profile"), quote(listener.profile), exists)


def _check_networks(checked: _Checked) -> None:
    for text in checked.settings.allowed_networks:
        if text in (LOCAL, ANY):
            continue
        try:
            parse_network(text)
        except ValueError as error:
            raise checked.error(("allowed_networks",), f"a list with {quote(text)}, but {error}") from error


def _check_http(checked: _Checked) -> None:
    http = checked.settings.http
    token, path = http.token.reveal(), ("http", "listen")
    if not _PRINTABLE.fullmatch(token):
        raise checked.error(("http", "token"), "a text that no HTTP header can carry")
    if http.listen == "off":
        return
    try:
        address = parse_host_port(http.listen)
    except ValueError as error:
        raise checked.error(path, f"{quote(http.listen)}, but {error}") from error
    # from this machine itself any web page in a browser could come
    if http.trusted_proxy and (not is_address(http.trusted_proxy) or is_loopback(http.trusted_proxy)):
        raise checked.error(("http", "trusted_proxy"), quote(http.trusted_proxy))
    if not address.loopback and not token and not http.trusted_proxy:
        raise checked.error(
            path,
            f"{quote(http.listen)}, which other machines can reach, and there is no token",
            "an address on loopback, or any with WYOMING_AZURE_REALTIME_HTTP_TOKEN (or http.token) set",
        )


def _check_pool(checked: _Checked) -> None:
    pool = checked.settings.pool
    if pool.min_size > pool.max_size:
        value = f"{pool.min_size}, more than pool.max_size"
        raise checked.error(("pool", "min_size"), value, f"at most {pool.max_size}")


def _check_zeroconf(checked: _Checked) -> None:
    name = checked.settings.zeroconf.name
    if len(name.encode()) > _LABEL_BYTES or not name.isprintable():
        raise checked.error(("zeroconf", "name"), quote(name))


def _check_names(checked: _Checked, path: Path, names: tuple[str, ...]) -> None:
    for name in names:
        if not any(char.isalpha() for char in name) or len(name) > MAX_NAME or not name.isprintable():
            raise checked.error(path, f"a list with {quote(name)}")


def _check_models(checked: _Checked) -> None:
    for name, facts in checked.settings.recognition.models.items():
        path: Path = ("recognition", "models", name)
        if not _WORD.fullmatch(name):
            raise checked.error(path[:-1], f"given a model named {quote(name)}", at=path)
        if facts.retires and not _is_date(facts.retires):
            raise checked.error((*path, "retires"), quote(facts.retires))


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _check_home_assistant(checked: _Checked) -> None:
    home = checked.settings.home_assistant
    reason = _unusable(home.url, "http:// or https://") if home.url else ""
    if reason:
        raise checked.error(("home_assistant", "url"), reason)
    if not _PRINTABLE.fullmatch(home.token.reveal()):
        raise checked.error(("home_assistant", "token"), "a text that is no token")


def _check_log(checked: _Checked) -> None:
    text = checked.settings.log.format
    record = logging.makeLogRecord({"msg": "", "asctime": "", "message": ""})
    try:
        logging.PercentStyle(text).validate()
        # a width of thousands of digits would be as many spaces
        usable = text != "" and not _WIDE.search(text) and isinstance(text % vars(record), str)
    except (ValueError, TypeError, KeyError, OverflowError):
        usable = False
    if not usable:
        raise checked.error(("log", "format"), quote(text))


def _check_targets(checked: _Checked) -> None:
    targets = checked.settings.targets
    if not targets:
        raise _incomplete(checked, Target(), 0)
    names: set[str] = set()
    for index, target in enumerate(targets):
        if not target.endpoint or (target.auth != "entra" and not target.key):
            raise _incomplete(checked, target, index)
        _check_target(checked, target, ("targets", index))
        if target.name in names:
            once_more = f"{quote(target.name)} once more"
            raise checked.error(("targets", index, "name"), once_more, "a name that no other target has")
        names.add(target.name)


def _check_target(checked: _Checked, target: Target, path: Path) -> None:
    reason = _unusable(target.endpoint, "https://")
    if reason:
        raise checked.error((*path, "endpoint"), reason)
    if target.key and not _KEY.fullmatch(target.key.reveal()):
        raise checked.error((*path, "key"), "a text that no HTTP header can carry")
    for field in _DEPLOYMENTS:
        if not _WORD.fullmatch(getattr(target, field)):
            raise checked.error((*path, field), quote(getattr(target, field)))
    if target.token_scope and not _WORD.fullmatch(target.token_scope):
        raise checked.error((*path, "token_scope"), quote(target.token_scope))
    _check_deployments(checked, target, (*path, "also_transcribes"))
    if target.service not in (AUTO, *PROVIDERS):
        raise checked.error((*path, "service"), quote(target.service), service_names())
    try:
        _ = provider_of(target).dialect
    except SettingsError as error:
        version = (*path, "api_version")
        message = f"Invalid API version {quote(target.api_version)} "
        place = f"({render(version)}, {checked.source(version)})."
        raise SettingsError(message + place, advice=error.advice) from error


def _check_deployments(checked: _Checked, target: Target, path: Path) -> None:
    for name, model in target.also_transcribes.items():
        if not (_WORD.fullmatch(name) and _WORD.fullmatch(model)):
            pair = f"{quote(name)} with {quote(model)}"
            raise checked.error(path, pair, "names of deployments and their models, both without spaces")
        if name == target.transcription_deployment:
            value = f"{quote(name)}, which is the transcription_deployment already"
            raise checked.error(path, value, "further deployments")


def _unusable(url: str, schemes: str) -> str:
    """Why nothing can connect there, or nothing. Does not repeat what may hold a password.

    `schemes`: how it may begin, in words; without http:// among them it may on loopback only.
    """
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        return "no address"
    if parts.username is not None or parts.password is not None or "@" in url:
        return "an address with a user or a password in it"
    if "?" in url or "#" in url:
        return "an address with a query or a fragment"
    if parts.scheme not in ("https", "http") or port == 0 or not _HOST.fullmatch(host):
        # without a scheme it may be a key in the wrong place
        return f"{quote(url)}, which is no {schemes} address" if "://" in url else f"no {schemes} address"
    if not _PRINTABLE.fullmatch(parts.path):
        return f"{quote(url)}, whose path has spaces or letters beyond ASCII"
    if parts.scheme == "http" and "http://" not in schemes and not is_loopback(host):
        return f"{quote(url)}, which would send the key in the clear"
    return ""


def _incomplete(checked: _Checked, target: Target, index: int) -> SettingsError:
    missing = []
    if not target.endpoint:
        missing.append("AZURE_OPENAI_ENDPOINT" if index == 0 else f"targets[{index}].endpoint")
    if not target.key and target.auth != "entra":
        missing.append("AZURE_OPENAI_KEY" if index == 0 else f"targets[{index}].key")
    sources = (checked.source(path) for path in (("backend",), ("targets",)))
    chosen = next((source for source in sources if source != DEFAULT), DEFAULT)
    return SettingsError(
        "Azure OpenAI endpoint and API key are required.",
        advice=f"Set {' and '.join(missing)} (Azure was chosen by {chosen}), "
        "or start with --backend embedded to run without Azure.",
    )


def _check_voices(checked: _Checked, provider: Provider) -> None:
    accepted = provider.voices
    substitutes, path = checked.settings.speech.substitutes, ("speech", "substitutes")
    for name, voice in substitutes.items():
        if name in accepted or not _SUBSTITUTED.fullmatch(name):
            raise checked.error(path, f"given for {quote(name)}")
        if voice not in accepted:
            raise checked.error((*path, name), quote(voice), f"one of {', '.join(accepted)}", at=path)
    voices = (*accepted, *substitutes)
    for key, voice in _chosen(checked.settings, "speech", "voice"):
        if provider.understood_voice(voice) not in voices:
            raise checked.error(key, quote(voice), f"one of {', '.join(voices)}")


def _check_languages(checked: _Checked, provider: Provider) -> None:
    for path, language in _chosen(checked.settings, "recognition", "language"):
        known = any(matches(offered, language) for offered in provider.languages)
        if not known or not _LANGUAGE.fullmatch(language):
            plain = sorted({code for code in provider.languages if "-" not in code})
            raise checked.error(path, quote(language), f"{', '.join(plain)}, with or without a region")


def _chosen(settings: Settings, section: str, field: str) -> Iterator[tuple[Path, str]]:
    """The value that counts in general, then those of the profiles that have one."""
    yield (section, field), getattr(getattr(settings, section), field)
    for name, profile in settings.profiles.items():
        if getattr(profile, field):
            yield ("profiles", name, field), getattr(profile, field)
