"""Settings from the command line over the environment over a YAML file over defaults.

The only place that is handed the environment.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from wyoming_azure_realtime.settings.convert import to_settings
from wyoming_azure_realtime.settings.environment import config_file, from_command_line, from_environment
from wyoming_azure_realtime.settings.files import read_text
from wyoming_azure_realtime.settings.model import Settings
from wyoming_azure_realtime.settings.options import Given
from wyoming_azure_realtime.settings.tree import DEFAULT, Branch, origins, overlay
from wyoming_azure_realtime.settings.validate import validate
from wyoming_azure_realtime.settings.walk import values

Uses = Literal["azure", "embedded"]

# What a flag or a variable says about every listener also counts for the default one.
_GENERAL = {"recognition": "language", "speech": "voice"}


@dataclass(frozen=True, slots=True)
class Loaded:
    """Valid settings, where each value came from, and the backend that follows from them."""

    settings: Settings
    sources: Mapping[str, str]
    uses: Uses

    def given(self, key: str) -> bool:
        """Whether somebody chose the value of `key`, be it the default one."""
        return self.sources.get(key, DEFAULT) != DEFAULT


def load(argv_values: Mapping[str, Given | None], environ: Mapping[str, str]) -> Loaded:
    """Read, merge and check. Raises `SettingsError`, whatever is in the file or in the variables."""
    strong = overlay(from_environment(environ), from_command_line(argv_values))
    given = overlay(_from_file(argv_values, environ), strong)
    _generals_win(given, strong)
    return resolve(given)


def resolve(given: Branch) -> Loaded:
    """The valid settings that a tree of texts gives. Raises `SettingsError`."""
    settings = to_settings(given)
    written = dict(origins(given))
    sources = {key: _source(key, written) for key, _ in values(settings)}
    uses = _backend(settings, written)
    validate(settings, sources, uses)
    return Loaded(settings, sources, uses)


def _from_file(argv_values: Mapping[str, Given | None], environ: Mapping[str, str]) -> Branch:
    name, origin = config_file(argv_values, environ)
    if not name:
        return Branch("")
    from wyoming_azure_realtime.settings.yaml_file import read_tree  # noqa: PLC0415 - a slow import

    return read_tree(read_text(name, origin=origin), name)


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
