"""What types cannot say: whether values are possible, possible together, and known to the speech service.

The form of a value is checked whatever the backend is, targets only when they are used. Reads nothing and
connects to nothing. The words for what is allowed are those of the model, where it has them.
"""

import re
from collections.abc import Iterator
from datetime import date
from typing import Literal

from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.providers.azure_openai import EmbeddedService
from wyoming_azure_realtime.providers.base import Provider
from wyoming_azure_realtime.providers.languages import matches
from wyoming_azure_realtime.providers.registry import AUTO, PROVIDERS, provider_of, service_names
from wyoming_azure_realtime.providers.voices import COMMON_VOICES
from wyoming_azure_realtime.settings.addresses import (
    ANY,
    EMBEDDED,
    LOCAL,
    StdioAddress,
    TcpAddress,
    is_address,
    is_loopback,
    parse_host_port,
    parse_network,
    parse_uri,
)
from wyoming_azure_realtime.settings.checked import (
    PRINTABLE,
    WORD,
    Checked,
    check_conversation,
    check_cost,
    check_home_assistant,
    check_log,
    unusable,
)
from wyoming_azure_realtime.settings.declaration import Path, render
from wyoming_azure_realtime.settings.model import Settings, Target
from wyoming_azure_realtime.settings.tree import DEFAULT, Sources, quote

MAX_NAME = 60
"""Characters of a name in the home."""

MOST_LISTED = 20
"""Voices that a message names; Azure has 700."""

_DEPLOYMENTS = ("name", "realtime_deployment", "transcription_deployment")
_KEY = re.compile(r"[!-~]([ -~]*[!-~])?")
_PATH = re.compile(r"(/[A-Za-z0-9._~%-]+)+")
_PROFILE_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")
_MANNER = re.compile(r"[\w+%.-]{0,40}", re.ASCII)
_SUBSTITUTED = re.compile(r"[a-z0-9_]{1,40}")
_LABEL_BYTES = 63


def validate(settings: Settings, sources: Sources, uses: Literal["azure", "embedded"]) -> None:
    """Raise `SettingsError` for the first value that cannot be."""
    checked = Checked(settings, sources)
    _check_profiles(checked)
    _check_listeners(checked)
    _check_networks(checked)
    _check_http(checked)
    _check_pool(checked)
    _check_zeroconf(checked)
    _check_fallback(checked)
    _check_names(checked, ("embedded", "names"), settings.embedded.names)
    _check_names(checked, ("recognition", "names"), settings.recognition.names)
    _check_models(checked)
    _check_manners(checked)
    check_home_assistant(checked)
    check_conversation(checked)
    check_log(checked)
    check_cost(checked)
    if uses == "azure":
        _check_targets(checked)
    provider = provider_of(settings.targets[0]) if uses == "azure" else EmbeddedService(Target())
    _check_voices(checked, provider)
    _check_languages(checked, provider)


def _check_profiles(checked: Checked) -> None:
    for name in checked.settings.profiles:
        if not _PROFILE_NAME.fullmatch(name):
            given = f"given a profile named {quote(name)}"
            raise checked.error(("profiles",), given, at=("profiles", name))


def _check_listeners(checked: Checked) -> None:
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


def _check_networks(checked: Checked) -> None:
    for text in checked.settings.allowed_networks:
        if text in (LOCAL, ANY):
            continue
        try:
            parse_network(text)
        except ValueError as error:
            raise checked.error(("allowed_networks",), f"a list with {quote(text)}, but {error}") from error


def _check_http(checked: Checked) -> None:
    http = checked.settings.http
    token, path = http.token.reveal(), ("http", "listen")
    if not PRINTABLE.fullmatch(token):
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


def _check_pool(checked: Checked) -> None:
    pool = checked.settings.pool
    if pool.min_size > pool.max_size:
        value = f"{pool.min_size}, more than pool.max_size"
        raise checked.error(("pool", "min_size"), value, f"at most {pool.max_size}")


def _check_fallback(checked: Checked) -> None:
    settings = checked.settings
    ours = {getattr(parse_uri(listener.uri), "port", None) for listener in settings.listeners}
    for use in ("asr", "tts"):
        path: Path = ("fallback", use)
        entries: tuple[str, ...] = getattr(settings.fallback, use)
        for entry in entries:
            if entries.count(entry) > 1:
                raise checked.error(path, f"a list with {quote(entry)} twice")
            if entry == EMBEDDED:
                continue
            try:
                address = parse_uri(entry)
            except ValueError as error:
                raise checked.error(path, f"a list with {quote(entry)}, but {error}") from error
            port = getattr(address, "port", None)
            if isinstance(address, StdioAddress) or port == 0:
                raise checked.error(path, f"a list with {quote(entry)}")
            if isinstance(address, TcpAddress) and address.loopback and port in ours:
                raise checked.error(path, f"a list with {quote(entry)}, which is this server itself")


def _check_zeroconf(checked: Checked) -> None:
    name = checked.settings.zeroconf.name
    if len(name.encode()) > _LABEL_BYTES or not name.isprintable():
        raise checked.error(("zeroconf", "name"), quote(name))


def _check_names(checked: Checked, path: Path, names: tuple[str, ...]) -> None:
    for name in names:
        if not any(char.isalpha() for char in name) or len(name) > MAX_NAME or not name.isprintable():
            raise checked.error(path, f"a list with {quote(name)}")


def _check_models(checked: Checked) -> None:
    for name, facts in checked.settings.recognition.models.items():
        path: Path = ("recognition", "models", name)
        if not WORD.fullmatch(name):
            raise checked.error(path[:-1], f"given a model named {quote(name)}", at=path)
        if facts.retires and not _is_date(facts.retires):
            raise checked.error((*path, "retires"), quote(facts.retires))


def _check_manners(checked: Checked) -> None:
    speech, recognition = checked.settings.speech, checked.settings.recognition
    for name in ("style", "pitch", "volume"):
        if not _MANNER.fullmatch(getattr(speech, name)):
            raise checked.error(("speech", name), quote(getattr(speech, name)))
    reason = unusable(speech.lexicon, "https://") if speech.lexicon else ""
    if reason:
        raise checked.error(("speech", "lexicon"), reason)
    for path, tags in (
        (("speech", "accents"), speech.accents),
        (("recognition", "also_spoken"), recognition.also_spoken),
    ):
        for tag in tags:
            if not _LANGUAGE.fullmatch(tag):
                raise checked.error(path, f"a list with {quote(tag)}")


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _check_targets(checked: Checked) -> None:
    targets = checked.settings.targets
    if not targets:
        raise _incomplete(checked, Target(), 0)
    names: set[str] = set()
    for index, target in enumerate(targets):
        if not target.endpoint or (_needs_key(target) and not target.key):
            raise _incomplete(checked, target, index)
        _check_target(checked, target, ("targets", index))
        if target.name in names:
            once_more = f"{quote(target.name)} once more"
            raise checked.error(("targets", index, "name"), once_more, "a name that no other target has")
        names.add(target.name)


def _needs_key(target: Target) -> bool:
    provider = PROVIDERS.get(target.service)
    return target.auth != "entra" and (provider is None or provider.needs_key)


def _check_target(checked: Checked, target: Target, path: Path) -> None:
    reason = unusable(target.endpoint, "https://", sockets=True)
    if reason:
        raise checked.error((*path, "endpoint"), reason)
    if target.key and not _KEY.fullmatch(target.key.reveal()):
        raise checked.error((*path, "key"), "a text that no HTTP header can carry")
    for field in _DEPLOYMENTS:
        if not WORD.fullmatch(getattr(target, field)):
            raise checked.error((*path, field), quote(getattr(target, field)))
    for field in ("cheaper_deployment", "answer_deployment"):
        name = getattr(target, field)
        if name and not WORD.fullmatch(name):
            raise checked.error((*path, field), quote(name))
    if target.token_scope and not WORD.fullmatch(target.token_scope):
        raise checked.error((*path, "token_scope"), quote(target.token_scope))
    _check_deployments(checked, target, (*path, "also_transcribes"))
    _check_server(checked, target, path)
    if target.service not in (AUTO, *PROVIDERS):
        raise checked.error((*path, "service"), quote(target.service), service_names())
    try:
        _ = provider_of(target).dialect
    except SettingsError as error:
        version = (*path, "api_version")
        message = f"Invalid API version {quote(target.api_version)} "
        place = f"({render(version)}, {checked.source(version)})."
        raise SettingsError(message + place, advice=error.advice) from error
    provider_of(target).check()
    for name, endpoint in target.custom_voices.items():
        if not (WORD.fullmatch(name) and WORD.fullmatch(endpoint)):
            pair = f"{quote(name)} with {quote(endpoint)}"
            raise checked.error((*path, "custom_voices"), pair)


def _check_server(checked: Checked, target: Target, path: Path) -> None:
    """What a target says of a server beyond its service."""
    if target.path and not _PATH.fullmatch(target.path):
        raise checked.error((*path, "path"), quote(target.path))
    for voice in target.voices:
        if not WORD.fullmatch(voice):
            raise checked.error((*path, "voices"), f"a list with {quote(voice)}")


def _check_deployments(checked: Checked, target: Target, path: Path) -> None:
    for name, model in target.also_transcribes.items():
        if not (WORD.fullmatch(name) and WORD.fullmatch(model)):
            pair = f"{quote(name)} with {quote(model)}"
            raise checked.error(path, pair, "names of deployments and their models, both without spaces")
        if name == target.transcription_deployment:
            value = f"{quote(name)}, which is the transcription_deployment already"
            raise checked.error(path, value, "further deployments")


def _incomplete(checked: Checked, target: Target, index: int) -> SettingsError:
    missing = []
    if not target.endpoint:
        missing.append("AZURE_OPENAI_ENDPOINT" if index == 0 else f"targets[{index}].endpoint")
    if not target.key and _needs_key(target):
        missing.append("AZURE_OPENAI_KEY" if index == 0 else f"targets[{index}].key")
    sources = (checked.source(path) for path in (("backend",), ("targets",)))
    chosen = next((source for source in sources if source != DEFAULT), DEFAULT)
    return SettingsError(
        "Azure OpenAI endpoint and API key are required.",
        advice=f"Set {' and '.join(missing)} (Azure was chosen by {chosen}), "
        "or start with --backend embedded to run without Azure.",
    )


def _check_voices(checked: Checked, provider: Provider) -> None:
    accepted = provider.voices
    substitutes, path = checked.settings.speech.substitutes, ("speech", "substitutes")
    for name, voice in substitutes.items():
        if name in accepted or not _SUBSTITUTED.fullmatch(name):
            raise checked.error(path, f"given for {quote(name)}")
        if provider.understood_voice(voice) not in (*accepted, *COMMON_VOICES):
            raise checked.error((*path, name), quote(voice), f"one of {', '.join(accepted)}", at=path)
    voices = (*provider.offered_voices((checked.settings.recognition.language,)), *substitutes)
    listed = voices if len(voices) <= MOST_LISTED else (*voices[:MOST_LISTED], "or another of them")
    for key, voice in _chosen(checked.settings, "speech", "voice"):
        if not (provider.understands(voice) or provider.understood_voice(voice) in substitutes):
            raise checked.error(key, quote(voice), f"one of {', '.join(listed)}")


def _check_languages(checked: Checked, provider: Provider) -> None:
    more = checked.settings.recognition.more_languages
    for language in more:
        if not _LANGUAGE.fullmatch(language):
            raise checked.error(("recognition", "more_languages"), f"a list with {quote(language)}")
    offers = (*provider.all_languages, *more)
    for path, language in _chosen(checked.settings, "recognition", "language"):
        known = any(matches(offered, language) for offered in offers)
        if not known or not _LANGUAGE.fullmatch(language):
            plain = sorted({code for code in offers if "-" not in code})
            raise checked.error(path, quote(language), f"{', '.join(plain)}, with or without a region")
    spoken = checked.settings.speech.language
    if spoken and not _LANGUAGE.fullmatch(spoken):
        raise checked.error(("speech", "language"), quote(spoken), "a language such as de or pt-BR")


def _chosen(settings: Settings, section: str, field: str) -> Iterator[tuple[Path, str]]:
    """The value that counts in general, then those of the profiles that have one."""
    yield (section, field), getattr(getattr(settings, section), field)
    for name, profile in settings.profiles.items():
        if getattr(profile, field):
            yield ("profiles", name, field), getattr(profile, field)
