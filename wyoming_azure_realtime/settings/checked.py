"""What the checks of settings share, and those of what surrounds the speech: costs, Home Assistant, the log.

Reads nothing and connects to nothing.
"""

import logging
import re
from urllib.parse import urlsplit

from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.settings.addresses import is_private, parse_network
from wyoming_azure_realtime.settings.declaration import Path, allowed, kind_at, render
from wyoming_azure_realtime.settings.model import Settings
from wyoming_azure_realtime.settings.tree import DEFAULT, Sources, impossible, quote

PRINTABLE = re.compile(r"[!-~]*")
WORD = re.compile(r"[!-~]{1,128}")
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_.])?|[0-9a-f:.]+")
_WIDE = re.compile(r"\d{4}")
_CURRENCY = re.compile(r"[A-Z]{3}")


class Checked:
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


def check_cost(checked: Checked) -> None:
    """Limits, prices, and where it is kept what was spent."""
    cost, state = checked.settings.cost, checked.settings.state
    if not _CURRENCY.fullmatch(cost.currency):
        raise checked.error(("cost", "currency"), quote(cost.currency))
    if cost.currency != "USD" and not cost.rate:
        value = f"not given, and cost.currency is {cost.currency}"
        raise checked.error(("cost", "rate"), value, f"how much {cost.currency} a US dollar is")
    for name in cost.prices:
        if not WORD.fullmatch(name):
            raise checked.error(("cost", "prices"), f"given for {quote(name)}", at=("cost", "prices", name))
    if "://" in state:
        reason = unusable(state.replace("redis", "http", 1), "redis:// or http://")
        if reason or not state.startswith(("redis://", "rediss://")):
            raise checked.error(("state",), "an address that is none of redis")
    elif not state.isprintable() or not state:
        raise checked.error(("state",), quote(state))


def check_home_assistant(checked: Checked) -> None:
    """Its address and its token."""
    home = checked.settings.home_assistant
    reason = unusable(home.url, "http:// or https://") if home.url else ""
    if reason:
        raise checked.error(("home_assistant", "url"), reason)
    if not PRINTABLE.fullmatch(home.token.reveal()):
        raise checked.error(("home_assistant", "token"), "a text that is no token")


def check_conversation(checked: Checked) -> None:
    """Who is answered, kinds and rooms that have names, and the token."""
    conversation = checked.settings.conversation
    if not PRINTABLE.fullmatch(conversation.token.reveal()):
        raise checked.error(("conversation", "token"), "a text that is no token")
    for text in conversation.allow:
        try:
            parse_network(text)
        except ValueError as error:
            value = f"a list with {quote(text)}, but {error}"
            raise checked.error(("conversation", "allow"), value) from error
    for kind in conversation.confirm:
        if not WORD.fullmatch(kind):
            raise checked.error(("conversation", "confirm"), f"a list with {quote(kind)}", "words")
    for one, room in conversation.rooms.items():
        if not (WORD.fullmatch(one) and room.strip() and room.isprintable()):
            value = f"given for {quote(one)} as {quote(room)}"
            raise checked.error(("conversation", "rooms"), value, "ids, each with a room's name")


def check_log(checked: Checked) -> None:
    """A format that writes every line."""
    text = checked.settings.log.format
    if text == "json":
        return
    record = logging.makeLogRecord({"msg": "", "asctime": "", "message": ""})
    try:
        logging.PercentStyle(text).validate()
        # a width of thousands of digits would be as many spaces
        usable = text != "" and not _WIDE.search(text) and isinstance(text % vars(record), str)
    except (ValueError, TypeError, KeyError, OverflowError):
        usable = False
    if not usable:
        raise checked.error(("log", "format"), quote(text))


def unusable(url: str, schemes: str, *, sockets: bool = False) -> str:
    """Why nothing can connect there, or nothing. Does not repeat what may hold a password.

    `schemes`: how it may begin, in words; without http:// among them it may on loopback and at home only.
    `sockets`: it may be written as a WebSocket's, too.
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
    known = parts.scheme in ("https", "http") or (sockets and parts.scheme in ("wss", "ws"))
    if not known or port == 0 or not _HOST.fullmatch(host):
        # without a scheme it may be a key in the wrong place
        return f"{quote(url)}, which is no {schemes} address" if "://" in url else f"no {schemes} address"
    if not PRINTABLE.fullmatch(parts.path):
        return f"{quote(url)}, whose path has spaces or letters beyond ASCII"
    if parts.scheme in ("http", "ws") and "http://" not in schemes and not is_private(host):
        return f"{quote(url)}, which would send the key in the clear"
    return ""
