"""Settings from the command line over the environment over a YAML file over defaults; and how they are shown.

`load` takes flags and the environment, and gives valid settings with the source of every value. This is the
only module that gets the environment, and the only one that reads files (256 KiB at most).
"""

import json
import re
import stat
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args, get_origin

from msgspec.structs import fields, replace

from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.providers.registry import provider_of
from wyoming_azure_realtime.settings.declaration import (
    PREFIX,
    Given,
    NotUtf8,
    Option,
    SettingsModel,
    Unreadable,
    bare,
    nearest,
    utf8_text,
    values,
)
from wyoming_azure_realtime.settings.mistakes import mistakes
from wyoming_azure_realtime.settings.model import CONFIG, Secret, Settings, all_options
from wyoming_azure_realtime.settings.tree import (
    DEFAULT,
    Branch,
    Leaf,
    Node,
    convert,
    origins,
    overlay,
    parse,
    put,
    read_yaml,
)
from wyoming_azure_realtime.settings.validate import validate

Uses = Literal["azure", "embedded"]

MAX_BYTES = 256 * 1024
"""Of a settings file, and of a file with a secret."""

IN_FILE = "_file"
"""At the end of a secret's name in a settings file: the name of a file that holds it."""

# What a flag or a variable says about every listener also counts for the default one.
_GENERAL = {"recognition": "language", "speech": "voice"}

# What Kubernetes and old Docker links put into the environment when a service is called like this program.
_INJECTED = re.compile(r"SERVICE_(HOST|PORT(_.+)?)|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?|NAME")

_HEAD = ("SETTING", "VALUE", "SOURCE")
_WIDEST = 44


@dataclass(frozen=True, slots=True)
class Loaded:
    """Valid settings, where each value came from, and the backend that follows from them.

    `warnings`: what is probably meant otherwise, a sentence each.
    """

    settings: Settings
    sources: Mapping[str, str]
    uses: Uses
    warnings: tuple[str, ...] = ()

    def given(self, key: str) -> bool:
        """Whether somebody chose the value of `key`, be it the default one."""
        return self.sources.get(key, DEFAULT) != DEFAULT


def load(argv_values: Mapping[str, Given | None], environ: Mapping[str, str]) -> Loaded:
    """Read, merge and check. Raises `SettingsError`, whatever is in the file or in the variables."""
    strong = overlay(from_environment(environ), from_command_line(argv_values))
    given = overlay(_from_file(argv_values, environ), strong)
    _generals_win(given, strong)
    return resolve(given, environ)


def resolve(given: Branch, environ: Mapping[str, str] = MappingProxyType({})) -> Loaded:
    """The valid settings that a tree of texts gives. Raises `SettingsError`.

    `environ`: where further variables may be that somebody mistook for ours.
    """
    settings = convert(given, Settings)
    written = dict(origins(given))
    sources = {key: _source(key, written) for key, _ in values(settings)}
    settings = with_models(settings, written)
    uses = _backend(settings, written)
    seen = mistakes(settings, sources, environ, variables())
    try:
        validate(settings, sources, uses)
    except SettingsError as error:
        error.advice = " ".join(filter(None, (error.advice, *seen)))
        raise
    return Loaded(settings, sources, uses, tuple(seen))


def from_environment(environ: Mapping[str, str]) -> Branch:
    """What the variables say. Empty counts as unset. Raises `SettingsError`."""
    _refuse_unknown(environ)
    tree = Branch("environment")
    for option in all_options():
        for name in option.names:
            text, source = _variable(option, name, environ)
            if text:
                _apply(tree, option, text, source)
                break
    return tree


def from_command_line(given: Mapping[str, Given | None]) -> Branch:
    """What the flags say; None counts as not given. Raises `SettingsError`."""
    tree = Branch("command line")
    for option in all_options():
        value = given.get(option.destination) if option.flag else None
        if value is not None:
            _apply(tree, option, value, f"command line {option.flag}")
    return tree


def variables() -> Sequence[str]:
    """Every variable that is read, in the model's order."""
    names = [*CONFIG.names]
    for option in all_options():
        names += option.names
        if option.secret:
            names += [f"{name}_FILE" for name in option.names]
    return names


def read_text(name: str, *, origin: str) -> str:
    """The whole text of a small, regular file in UTF-8. Raises `SettingsError`.

    `origin` is the option or variable that named it, for the message.
    """
    try:
        data = _read(Path(name))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise SettingsError(
            f"The file {name!r} that {origin} names cannot be read: {reason}.",
            advice="Name a file that exists and that this user may read.",
        ) from error
    if len(data) > MAX_BYTES:
        raise SettingsError(f"The file {name!r} that {origin} names is larger than {MAX_BYTES} bytes.")
    try:
        return utf8_text(data)
    except NotUtf8 as error:
        raise SettingsError(f"The file {name!r} that {origin} names {error}.") from error


def report(loaded: Loaded) -> str:
    """The settings in effect as aligned lines: key, value, source. Secrets are masked."""
    rows = [_HEAD, *((key, shown(value), loaded.sources[key]) for key, value in values(loaded.settings))]
    widths = [min(max(len(row[column]) for row in rows), _WIDEST) for column in (0, 1)]
    lines = [f"{key:{widths[0]}}  {value:{widths[1]}}  {source}".rstrip() for key, value, source in rows]
    warnings = [f"Warning: {warning}" for warning in loaded.warnings]
    return "\n".join([*warnings, f"Backend in use: {loaded.uses}", "", *lines])


def shown(value: Any) -> str:
    """A setting's value on one line. A secret is masked."""
    if isinstance(value, Secret):
        return "***" if value else '""'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else str(value)
    if isinstance(value, str):
        # control characters of a terminal are shown, not obeyed
        return value if value.isprintable() and value.strip() == value and value else json.dumps(value)
    if isinstance(value, dict):
        return ", ".join(f"{name}={item}" for name, item in value.items()) or "(none)"
    return ", ".join(map(str, value)) or "(none)" if isinstance(value, tuple) else str(value)


def _from_file(argv_values: Mapping[str, Given | None], environ: Mapping[str, str]) -> Branch:
    """The tree of the settings file; an empty one if none is named."""
    (variable,) = CONFIG.names
    name, origin = environ.get(variable, ""), f"environment {variable}"
    given = argv_values.get(CONFIG.destination)
    if isinstance(given, str):
        name, origin = given, f"command line {CONFIG.flag}"
    if not name:
        return Branch("")
    tree = read_yaml(read_text(name, origin=origin), name)
    _read_secrets(tree, Settings, Path(name).parent)
    return tree


def _read_secrets(node: Node, kind: Any, folder: Path) -> None:
    """Where the file names another one that holds a secret (`key_file` for `key`), put the secret there.

    A relative name counts from `folder`, where the settings file is. Raises `SettingsError`.
    """
    kind = bare(kind)
    if not isinstance(node, Branch):
        return
    if get_origin(kind) in (tuple, dict):
        for child in node.children.values():
            _read_secrets(child, get_args(kind)[-1 if get_origin(kind) is dict else 0], folder)
    elif isinstance(kind, type) and issubclass(kind, SettingsModel):
        for declared in fields(kind):
            if bare(declared.type) is Secret:
                _read_secret(node, declared.name, folder)
            elif declared.name in node.children:
                _read_secrets(node.children[declared.name], declared.type, folder)


def _read_secret(section: Branch, name: str, folder: Path) -> None:
    named = section.children.pop(f"{name}{IN_FILE}", None)
    if named is None:
        return
    if not isinstance(named, Leaf):
        raise SettingsError(f"{name}{IN_FILE} is no name of a file ({named.source}).")
    if name in section.children:
        raise SettingsError(
            f"{name} and {name}{IN_FILE} are both given ({named.source}), and only one of them can count.",
            advice="Remove one of the two.",
        )
    file = str(folder / named.text)
    section.children[name] = Leaf(_secret_in(file, named.source), f"{named.source}, in file {file}")


def _generals_win(given: Branch, strong: Branch) -> None:
    """Forget what the file says about the default profile where a flag or a variable says otherwise."""
    profiles = given.children.get("profiles")
    default = profiles.children.get("default") if isinstance(profiles, Branch) else None
    for section, field in _GENERAL.items():
        stronger = strong.children.get(section)
        if isinstance(default, Branch) and isinstance(stronger, Branch) and field in stronger.children:
            default.children.pop(field, None)


def _source(key: str, written: Mapping[str, str]) -> str:
    """A list or mapping of texts comes from where its first item does."""
    if key in written:
        return written[key]
    inside = (source for path, source in written.items() if path.startswith((f"{key}.", f"{key}[")))
    return next(inside, DEFAULT)


def _backend(settings: Settings, written: Mapping[str, str]) -> Uses:
    if settings.backend != "auto":
        return settings.backend
    return "azure" if any(key.startswith("targets[") for key in written) else "embedded"


def with_models(settings: Settings, written: Collection[str]) -> Settings:
    """The same, where a target whose models nobody named has those that its service is best used with."""
    targets = list(settings.targets)
    for index, target in enumerate(targets):
        with suppress(SettingsError):  # what is impossible is reported by `validate`
            usual = provider_of(target).default_models
            missing = {key: name for key, name in usual.items() if f"targets[{index}].{key}" not in written}
            targets[index] = replace(target, **missing)
    return replace(settings, targets=tuple(targets))


def _variable(option: Option, name: str, environ: Mapping[str, str]) -> tuple[str, str]:
    """The text that a variable holds, or for a secret the file that it names; and the source."""
    text, source = environ.get(name, ""), f"environment {name}"
    file = environ.get(f"{name}_FILE", "") if option.secret else ""
    if not file:
        return text, source
    if text:
        raise SettingsError(
            f"{name} and {name}_FILE are both set, and only one of them can count.",
            advice="Remove one of the two from the environment.",
        )
    source = f"{source}_FILE"
    return _secret_in(file, source), source


def _secret_in(file: str, origin: str) -> str:
    """The secret that is all of a file, but for the end of its line. Raises `SettingsError`."""
    text = read_text(file, origin=origin).rstrip("\r\n")
    if not text:
        raise SettingsError(f"The file {file!r} that {origin} names is empty.")
    return text


def _apply(tree: Branch, option: Option, given: Given, source: str) -> None:
    try:
        texts = option.values(given)
    except Unreadable as error:
        raise SettingsError(
            f"{option.key} is {str(given)[:80]!r} ({source}).", advice=f"Allowed: {error}."
        ) from error
    for key, text in texts.items():
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


def _read(path: Path) -> bytes:
    # a pipe could keep us waiting for ever, a device never ends
    if not stat.S_ISREG(path.stat().st_mode):
        raise ValueError("it is no regular file")
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)
