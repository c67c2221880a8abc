"""What an option is: a key of the settings, its names in the environment, its flag, and help for it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

PREFIX = "WYOMING_AZURE_REALTIME_"

Given = str | Sequence[str]
"""What a flag or a variable holds; only a flag that may be repeated gives more than one text."""

YES = ("true", "yes", "on", "1")
NO = ("false", "no", "off", "0")


class Unreadable(ValueError):
    """An option's text has a form that it may not have; the message says which forms there are."""


Expand = Callable[[Given], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Option:
    """One row of the options table.

    `names`: environment variables, the first that is set counts. `expand`: from a text to keys and their
    texts, where that is not simply `key`.
    """

    key: str
    help: str
    names: tuple[str, ...]
    flag: str = ""
    metavar: str = ""
    expand: Expand | None = None

    @property
    def destination(self) -> str:
        """The flag's name in what argparse returns."""
        return self.flag.removeprefix("--").replace("-", "_")

    def values(self, given: Given) -> Mapping[str, str]:
        """Keys and their texts. Raises `Unreadable`."""
        if self.expand is not None:
            return self.expand(given)
        return {self.key: given if isinstance(given, str) else given[-1]}


def environment_name(key: str) -> str:
    """`recognition.max_seconds` is `WYOMING_AZURE_REALTIME_RECOGNITION_MAX_SECONDS`."""
    return PREFIX + key.replace("targets[0]", "target").replace(".", "_").upper()


def read_switch(text: str) -> bool:
    """True or false as people write it. Raises `Unreadable`."""
    word = text.strip().lower()
    if word in YES:
        return True
    if word in NO:
        return False
    raise Unreadable("true or false")


def listeners(given: Given) -> Mapping[str, str]:
    """One or several URIs, separated by commas or spaces where they share a text."""
    uris = given.replace(",", " ").split() if isinstance(given, str) else given
    if not uris:
        raise Unreadable("one or several URIs, such as tcp://0.0.0.0:10300")
    return {f"listeners[{index}].uri": uri for index, uri in enumerate(uris)}


def zeroconf(given: Given) -> Mapping[str, str]:
    """A switch, or the name to announce."""
    text = given if isinstance(given, str) else given[-1]
    try:
        return {"zeroconf.enabled": "true" if read_switch(text) else "false"}
    except Unreadable:
        return {"zeroconf.enabled": "true", "zeroconf.name": text}


def use_realtime_api(given: Given) -> Mapping[str, str]:
    """True: Azure is required. False: the embedded backend."""
    text = given if isinstance(given, str) else given[-1]
    return {"backend": "azure" if read_switch(text) else "embedded"}


def nearest(name: str, known: Sequence[str]) -> str:
    """Advice for a name that does not exist: the one that was probably meant, or nothing."""
    import difflib  # noqa: PLC0415 - only when something is wrong

    close = difflib.get_close_matches(name[:200], known, n=1)
    return f"Did you mean {close[0]}?" if close else ""
