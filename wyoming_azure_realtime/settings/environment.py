"""Settings from variables and from the command line: the options table applied to names and texts."""

import re
from collections.abc import Mapping, Sequence

from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.settings.files import read_text
from wyoming_azure_realtime.settings.options import PREFIX, Given, Option, Unreadable, nearest
from wyoming_azure_realtime.settings.table import CONFIG, OPTIONS
from wyoming_azure_realtime.settings.tree import Branch, Leaf, parse, put

SECRETS = ("targets[0].key", "http.token", "home_assistant.token")

# What Kubernetes and old Docker links put into the environment when a service is called like this program.
_INJECTED = re.compile(r"SERVICE_(HOST|PORT(_.+)?)|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?|NAME")


def from_environment(environ: Mapping[str, str]) -> Branch:
    """What the variables say. Empty counts as unset. Raises `SettingsError`."""
    _refuse_unknown(environ)
    tree = Branch("environment")
    for option in OPTIONS:
        for name in option.names:
            text, source = _variable(option, name, environ)
            if text:
                _apply(tree, option, text, source)
                break
    return tree


def from_command_line(values: Mapping[str, Given | None]) -> Branch:
    """What the flags say; None counts as not given. Raises `SettingsError`."""
    tree = Branch("command line")
    for option in OPTIONS:
        given = values.get(option.destination) if option.flag else None
        if given is not None:
            _apply(tree, option, given, f"command line {option.flag}")
    return tree


def config_file(values: Mapping[str, Given | None], environ: Mapping[str, str]) -> tuple[str, str]:
    """The settings file and what named it; both empty without one."""
    given = values.get(CONFIG.destination)
    if isinstance(given, str):
        return given, f"command line {CONFIG.flag}"
    name = CONFIG.names[0]
    return environ.get(name, ""), f"environment {name}"


def variables() -> Sequence[str]:
    """Every variable that is read, in the table's order."""
    names = [*CONFIG.names]
    for option in OPTIONS:
        names += option.names
        if option.key in SECRETS:
            names += [f"{name}_FILE" for name in option.names]
    return names


def _variable(option: Option, name: str, environ: Mapping[str, str]) -> tuple[str, str]:
    text, source = environ.get(name, ""), f"environment {name}"
    file = environ.get(f"{name}_FILE", "") if option.key in SECRETS else ""
    if not file:
        return text, source
    if text:
        raise SettingsError(
            f"{name} and {name}_FILE are both set, and only one of them can count.",
            advice="Remove one of the two from the environment.",
        )
    source = f"{source}_FILE"
    text = read_text(file, origin=source).rstrip("\r\n")
    if not text:
        raise SettingsError(f"The file {file!r} that {source} names is empty.")
    return text, source


def _apply(tree: Branch, option: Option, given: Given, source: str) -> None:
    try:
        values = option.values(given)
    except Unreadable as error:
        raise SettingsError(
            f"{option.key} is {str(given)[:80]!r} ({source}).", advice=f"Allowed: {error}."
        ) from error
    for key, text in values.items():
        put(tree, parse(key), Leaf(text, source))


def _refuse_unknown(environ: Mapping[str, str]) -> None:
    known = variables()
    for name in sorted(environ):
        ours = name.removeprefix(PREFIX)
        if ours == name or name in known or _INJECTED.fullmatch(ours):
            continue
        raise SettingsError(
            f"Unknown key {name[:120]!r} (environment).",
            advice=nearest(name, known) or "'wyoming-azure-realtime settings' lists what there is.",
        )
