"""What types cannot say: whether values are possible, and possible together.

A key's syntax is checked whatever the backend; targets only when they are used.
"""

import logging
import re
from typing import Literal

from wyoming_azure_realtime.settings.addresses import (
    ANY,
    LOCAL,
    NETWORK_FORMS,
    URI_FORMS,
    StdioAddress,
    is_address,
    is_loopback,
    parse_host_port,
    parse_network,
    parse_uri,
)
from wyoming_azure_realtime.settings.convert import impossible, quote
from wyoming_azure_realtime.settings.model import Settings
from wyoming_azure_realtime.settings.tree import DEFAULT, Sources
from wyoming_azure_realtime.settings.validate_home import check_home
from wyoming_azure_realtime.settings.validate_speech import check_speech
from wyoming_azure_realtime.settings.validate_targets import check_targets

MAX_LISTENERS = 64
MAX_NETWORKS = 1000

_PROFILE_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
_TOKEN = re.compile(r"[!-~]+")
_WIDE = re.compile(r"\d{4}")
_LABEL_BYTES = 63


def validate(settings: Settings, sources: Sources, uses: Literal["azure", "embedded"]) -> None:
    """Raise `SettingsError` for the first value that cannot be. Reads nothing, connects to nothing."""
    _check_profiles(settings, sources)
    _check_listeners(settings, sources)
    _check_networks(settings, sources)
    _check_http(settings, sources)
    _check_pool(settings, sources)
    _check_zeroconf(settings, sources)
    check_home(settings, sources)
    _check_log(settings, sources)
    if uses == "azure":
        check_targets(settings, sources)
    check_speech(settings, sources, uses)


def _check_profiles(settings: Settings, sources: Sources) -> None:
    for name in settings.profiles:
        if not _PROFILE_NAME.fullmatch(name):
            source = _anywhere(sources, f"profiles.{name}.")
            raise impossible(
                "profiles", f"given a profile named {quote(name)}", source, "letters, digits, - and _"
            )


def _check_listeners(settings: Settings, sources: Sources) -> None:
    if not 1 <= len(settings.listeners) <= MAX_LISTENERS:
        told = f"a list of {len(settings.listeners)}"
        raise impossible("listeners", told, _of(sources, "listeners"), f"1 to {MAX_LISTENERS} listeners")
    taken: dict[object, str] = {}
    for index, listener in enumerate(settings.listeners):
        key = f"listeners[{index}].uri"
        try:
            address = parse_uri(listener.uri)
        except ValueError as error:
            told = f"{quote(listener.uri)}, but {error}"
            raise impossible(key, told, _of(sources, key), URI_FORMS) from error
        free = not isinstance(address, StdioAddress) and getattr(address, "port", None) == 0
        if not free and address in taken:
            told = f"{quote(listener.uri)}, which {taken[address]} has already"
            raise impossible(key, told, _of(sources, key), "an address of its own")
        taken[address] = key
        if listener.profile not in settings.profiles:
            key = f"listeners[{index}].profile"
            known = ", ".join(sorted(settings.profiles))
            raise impossible(
                key, quote(listener.profile), _of(sources, key), f"a profile that exists: {known}"
            )


def _check_networks(settings: Settings, sources: Sources) -> None:
    networks, source = settings.allowed_networks, _of(sources, "allowed_networks")
    if not 1 <= len(networks) <= MAX_NETWORKS:
        told = f"a list of {len(networks)}"
        raise impossible("allowed_networks", told, source, f"1 to {MAX_NETWORKS} of {NETWORK_FORMS}")
    for text in networks:
        if text in (LOCAL, ANY):
            continue
        try:
            parse_network(text)
        except ValueError as error:
            told = f"a list with {quote(text)}, but {error}"
            raise impossible("allowed_networks", told, source, NETWORK_FORMS) from error


def _check_http(settings: Settings, sources: Sources) -> None:
    http, source = settings.http, _of(sources, "http.listen")
    token = http.token.reveal()
    if token and not _TOKEN.fullmatch(token):
        told = "a text that no HTTP header can carry"
        raise impossible("http.token", told, _of(sources, "http.token"), "printable ASCII without spaces")
    if http.listen == "off":
        return
    try:
        address = parse_host_port(http.listen)
    except ValueError as error:
        told = f"{quote(http.listen)}, but {error}"
        raise impossible("http.listen", told, source, "HOST:PORT, such as 127.0.0.1:5000, or off") from error
    # from this machine itself any web page in a browser could come
    if http.trusted_proxy and (not is_address(http.trusted_proxy) or is_loopback(http.trusted_proxy)):
        told, source = quote(http.trusted_proxy), _of(sources, "http.trusted_proxy")
        raise impossible(
            "http.trusted_proxy", told, source, "another machine's IP address, such as 192.168.1.2"
        )
    if not address.loopback and not token and not http.trusted_proxy:
        raise impossible(
            "http.listen",
            f"{quote(http.listen)}, which other machines can reach, and there is no token",
            source,
            "an address on loopback, or any with WYOMING_AZURE_REALTIME_HTTP_TOKEN (or http.token) set",
        )


def _check_pool(settings: Settings, sources: Sources) -> None:
    pool = settings.pool
    if pool.min_size > pool.max_size:
        told = f"{pool.min_size}, more than pool.max_size"
        raise impossible("pool.min_size", told, _of(sources, "pool.min_size"), f"at most {pool.max_size}")


def _check_zeroconf(settings: Settings, sources: Sources) -> None:
    name = settings.zeroconf.name
    if len(name.encode()) > _LABEL_BYTES or not name.isprintable():
        source = _of(sources, "zeroconf.name")
        raise impossible(
            "zeroconf.name", quote(name), source, f"up to {_LABEL_BYTES} bytes of printable text"
        )


def _check_log(settings: Settings, sources: Sources) -> None:
    text = settings.log.format
    record = logging.makeLogRecord({"msg": "", "asctime": "", "message": ""})
    try:
        logging.PercentStyle(text).validate()
        # a width of thousands of digits would be as many spaces
        usable = text != "" and not _WIDE.search(text) and isinstance(text % vars(record), str)
    except (ValueError, TypeError, KeyError, OverflowError):
        usable = False
    if not usable:
        allowed = "a format with %(…)s fields of Python's logging, such as %(levelname)s and %(message)s"
        raise impossible("log.format", quote(text), _of(sources, "log.format"), allowed)


def _of(sources: Sources, key: str) -> str:
    return sources.get(key, DEFAULT)


def _anywhere(sources: Sources, prefix: str) -> str:
    inside = (source for key, source in sources.items() if key.startswith(prefix))
    return next((source for source in inside if source != DEFAULT), DEFAULT)
