"""Writes what users read about settings, from their declarations: samples in config/ and docs/settings.md.

Run `python -m tests.settings.reference` after a change to settings/model.py or settings/service.py.
"""

import functools
import json
import re
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import msgspec
import yaml

from wyoming_azure_realtime.addon import options as form
from wyoming_azure_realtime.settings.declaration import (
    PREFIX,
    Option,
    OtherForm,
    SettingsModel,
    allowed,
    bare,
    kind_at,
)
from wyoming_azure_realtime.settings.load import shown
from wyoming_azure_realtime.settings.model import CONFIG, Secret, Settings, all_options
from wyoming_azure_realtime.settings.tree import parse

ROOT = Path(__file__).parents[2]
COMMAND = "python -m tests.settings.reference"
WIDTH = 108
"""Of a line, beside what begins a comment."""

EXAMPLES = ("targets[0].endpoint", "targets[0].key")
"""Shown by an example in the sample of a settings file, since a target cannot do without them."""

OPTIONS = {option.key: option for option in all_options() if not isinstance(option.setting, OtherForm)}

SETTINGS_SAMPLE = f"""\
# Settings of wyoming-azure-realtime, for --config FILE (or WYOMING_AZURE_REALTIME_CONFIG=FILE).
#
# Everything is commented out. What you see is the default, except in `targets`, which is empty by default.
# Remove the leading # of what you want to change, and of the line that begins its section.
# The command line wins over the environment, the environment over this file.
# `wyoming-azure-realtime settings` prints what counts in the end, and where each value comes from.
#
# This file is made by `{COMMAND}`.
"""

ENVIRONMENT_SAMPLE = f"""\
# Environment of wyoming-azure-realtime, for `docker run --env-file`, compose's `env_file` or systemd.
#
# Remove the leading # of what you want to set. An empty value counts as unset. The command line wins over
# these, these over the settings file. A misspelt WYOMING_AZURE_REALTIME_… name is an error.
# Several names below one comment mean the same; the upper one counts. Lists are separated by commas.
# `wyoming-azure-realtime settings` prints what counts in the end, and where each value comes from.
#
# This file is made by `{COMMAND}`; docs/settings.md says more about each of them.
"""

REFERENCE = f"""\
<!-- Made by `{COMMAND}`. Change the texts in wyoming_azure_realtime/settings/, not here. -->

# Settings

Every setting has a default, and most homes change only a few of them: the address, the key and the
deployments of the Azure resource, the language, and the voice. This page lists all of them.
`wyoming-azure-realtime settings` prints the values that are in effect, and where each one comes from.

## How to set them

A setting can be given in four places. An upper one in this list wins over a lower one:

1. **Command line**: a flag such as `--voice echo`. Only some settings have one; `--help` lists them.
2. **Environment variable**: such as `WYOMING_AZURE_REALTIME_VOICE=echo`. An empty one counts as not set. If a
   setting has several variables, the first one of them that is set counts. Commas separate the items of a
   list (`Luna,Sol`) and pairs (`nova=coral,onyx=ash`).
   [config/environment.sample](../config/environment.sample) has all variables.
3. **Settings file** in YAML, which `--config FILE` or `WYOMING_AZURE_REALTIME_CONFIG` names. A dot in the
   name of a setting is a level of the file: `speech.voice` is the line `voice: echo` below `speech:`.
   [config/settings.sample.yaml](../config/settings.sample.yaml) has all settings.
4. **Default**.

The **add-on** of Home Assistant has a form with the settings that most homes need; *Add-on* below says what
the form calls them. All others can be given by their names there, under *Other settings*.

What is unknown or impossible is refused when the program starts, with one sentence that says what is wrong,
where it was given, and what is allowed.

**Keys and tokens** are never shown in logs and messages. It is best to keep them in files: add `_FILE` to the
name of the variable, and give it the name of the file (`AZURE_OPENAI_KEY_FILE=/run/secrets/key`). In the
settings file, add `_file` to the name of the setting (`key_file: key`); a relative name counts from the
folder of the settings file.

In the names below, `[0]` is the first item of a list (`[1]` the second one), and `NAME` is a name that you
choose. Variables exist for the first target only.

## What costs money

The service bills the audio and the text that it gets and gives. The embedded backend is free. These settings
can change the bill:

"""


def documents() -> dict[Path, str]:
    """The whole text of every file that is made of the declarations."""
    return {
        ROOT / "config" / "settings.sample.yaml": SETTINGS_SAMPLE + "\n".join(_file(Settings)) + "\n",
        ROOT / "config" / "environment.sample": ENVIRONMENT_SAMPLE + "\n".join(_environment()) + "\n",
        ROOT / "docs" / "settings.md": REFERENCE + "\n".join(_reference()) + "\n",
    }


def title(model: type[SettingsModel]) -> str:
    """What its docstring calls a section: the text up to the first colon or full stop."""
    return re.split(r"[.:](?=\s|$)", model.__doc__ or "")[0]


def introduction(model: type[SettingsModel]) -> str:
    """A section's docstring on one line."""
    return " ".join((model.__doc__ or "").split())


def section_in(kind: Any) -> type[SettingsModel] | None:
    """The section that a type is, or of which it is a list or a mapping."""
    kinds = (bare(kind), *get_args(bare(kind)))
    return next((one for one in kinds if isinstance(one, type) and issubclass(one, SettingsModel)), None)


def section_of(option: Option) -> type[SettingsModel]:
    """The section that an option stands for, or else in which it is declared."""
    path = parse(option.key.replace(".NAME", "[0]"))
    found = (section_in(kind_at(Settings, path[:length])) for length in range(len(path), 0, -1))
    return next(filter(None, found), Settings)


def by_section(declared: Iterable[Option]) -> dict[type[SettingsModel], list[Option]]:
    """The same options, those of a section together."""
    sections: dict[type[SettingsModel], list[Option]] = {}
    for option in declared:
        sections.setdefault(section_of(option), []).append(option)
    return sections


def has_limits(option: Option) -> bool:
    """Whether its type says more than that it is some text, or true or false."""
    return allowed(option.kind) not in ("a text", "true or false", "a list of texts")


# --- config/settings.sample.yaml ---


def _file(model: type[SettingsModel], prefix: str = "", indent: str = "", dash: str = "") -> Iterator[str]:
    """A section's lines. `dash`: before its first setting, as the first one of an item of a list."""
    for field in msgspec.structs.fields(model):
        key, kind = f"{prefix}{field.name}", bare(field.type)
        section = section_in(kind)
        if not indent:
            yield ""
        yield from _comment(_file_comment(key, section))
        start = f"#{indent}{dash}{field.name}:"
        indent, dash = indent + " " * len(dash), ""
        default = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
        if section is None:
            yield from _file_value(start, key, default, indent)
        elif section is kind:
            yield start
            yield from _file(section, f"{key}.", f"{indent}  ")
        elif get_origin(kind) is tuple:
            yield start
            yield from _file(section, f"{key}[0].", f"{indent}  ", "- ")
        elif not default:
            yield f"{start} {{}}"
        else:
            yield start
            yield f"#{indent}  default:"
            yield from _file(section, f"{key}.NAME.", f"{indent}    ")


def _file_comment(key: str, section: type[SettingsModel] | None) -> str:
    option = OPTIONS.get(key)
    if option is None or key == "zeroconf":
        assert section is not None
        return introduction(section)
    setting = option.setting
    sentences = [setting.help, setting.more]
    if has_limits(option) and section is None:
        possible = re.sub(r"^a (whole )?number ", "", allowed(option.kind))
        sentences.append(f"Allowed: {possible}.")
    if option.secret:
        name = (*setting.variables, *option.names)[0]
        file = f"{option.key.rpartition('.')[2]}_file"
        sentences.append(
            f"Rather than here, keep it in {name}, or in a file that {name}_FILE or {file} names."
        )
    if setting.cost:
        sentences.append(f"Cost: {setting.cost}")
    return " ".join(filter(None, sentences))


def _file_value(start: str, key: str, default: Any, indent: str) -> Iterator[str]:
    if key in EXAMPLES:
        default = OPTIONS[key].setting.example
    if default is msgspec.NODEFAULT:
        default = "tcp://0.0.0.0:10300"
    if isinstance(default, tuple):
        yield f"{start} [{', '.join(map(_plain, default))}]"
    elif isinstance(default, dict) and default:
        yield start
        yield from (f"#{indent}  {name}: {_plain(value)}" for name, value in default.items())
    elif isinstance(default, dict):
        yield f"{start} {{}}"
    else:
        yield f"{start} {_plain(default)}"


def _plain(value: Any) -> str:
    """A value as YAML."""
    if isinstance(value, str | Secret):
        text = value if isinstance(value, str) else value.reveal()
        return text if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_./:-]*", text) else json.dumps(text)
    return shown(value)


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in _wrapped(text)]


# --- config/environment.sample ---


def _environment() -> Iterator[str]:
    yield ""
    yield from _comment(CONFIG.setting.help)
    yield f"#{CONFIG.names[0]}={CONFIG.setting.example}"
    for section, declared in by_section(option for option in all_options() if option.names).items():
        yield from ("", f"# --- {title(section)} ---", "")
        for option in declared:
            yield from _comment(_environment_comment(option))
            yield from _environment_lines(option)


def _environment_lines(option: Option) -> Iterator[str]:
    for name in option.names:
        yield f"#{name}={_environment_value(option)}"
        if option.secret:
            yield f"#{name}_FILE=/run/secrets/{name.removeprefix(PREFIX).lower()}"


def _environment_comment(option: Option) -> str:
    sentences = [option.setting.help]
    if get_origin(bare(option.kind)) is Literal and not isinstance(option.setting, OtherForm):
        sentences.append(f"Allowed: {allowed(option.kind)}.")
    if option.secret:
        sentences.append("Or a file that holds it: one of the two, not both.")
    return " ".join(sentences)


def _environment_value(option: Option) -> str:
    value = option.setting.example or option.default
    if isinstance(value, dict):
        return ",".join(f"{name}={item}" for name, item in value.items())
    if isinstance(value, str):
        return value
    return ",".join(value) if isinstance(value, tuple) else shown(value)


# --- docs/settings.md ---


def _reference() -> Iterator[str]:
    for option in OPTIONS.values():
        if option.setting.cost:
            yield from _wrapped(f"[`{option.key}`](#{_anchor(option.key)}): {option.setting.cost}", "- ")
    for section, declared in by_section(OPTIONS.values()).items():
        whole = section_in(declared[0].kind)
        name = declared[0].key if whole else declared[0].key.rpartition(".")[0]
        yield from ("", f"## `{name}`" if name else "## General")
        if name:
            yield from ("", *_wrapped(introduction(section)))
        for option in declared:
            if option is not declared[0] or not whole:
                yield from ("", f"### `{option.key}`")
            yield from _described(option)


def _described(option: Option) -> Iterator[str]:
    setting = option.setting
    yield from ("", *_wrapped(f"{setting.help} {setting.more}"))
    if setting.cost:
        yield from ("", *_wrapped(f"**Cost:** {setting.cost}"))
    facts = list(_facts(option))
    if facts:
        yield ""
    for fact in facts:
        yield from _wrapped(fact, "- ")


def _facts(option: Option) -> Iterator[str]:
    if section_in(option.kind) is None:
        yield f"Value: {allowed(option.kind)}. Default: {_default(option)}."
    elif option.names:
        yield f"Default: `{option.setting.example}`."
    if option.names:
        yield f"Variable: {', '.join(f'`{name}`' for name in option.names)}"
    if option.flag:
        yield f"Flag: `{' '.join(filter(None, (option.flag, option.metavar)))}`"
    for other in all_options():
        if isinstance(other.setting, OtherForm) and other.key == option.key:
            yield f"Other variable: `{other.names[0]}`, {other.setting.help}"
    for name in _form_names(option.key):
        yield f"Add-on: *{name}*"


def _wrapped(text: str, start: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=start,
        subsequent_indent=" " * len(start),
        break_on_hyphens=False,
        break_long_words=False,
    )


def _default(option: Option) -> str:
    if option.required:
        return "none, it has to be given"
    if isinstance(option.default, tuple | dict | str | Secret) and not option.default:
        return "empty"
    return f"`{shown(option.default)}`"


@functools.cache
def _form_texts() -> dict[str, dict[str, str]]:
    """The name of each of the form's options, and what it says about it."""
    path = ROOT / "config" / "addon" / "translations" / "en.yaml"
    texts: dict[str, dict[str, str]] = yaml.safe_load(path.read_text(encoding="utf-8"))["configuration"]
    return texts


def _form_names(key: str) -> Iterator[str]:
    """What the add-on's form calls a setting."""
    names = _form_texts()
    keys = {option: f"targets[0].{option}" for option in form.TARGET} | form.OPTIONS
    keys |= {option: setting for option, (setting, _) in form.CHOICES.items()}
    yield from (names[option]["name"] for option, setting in keys.items() if setting == key)


def _anchor(key: str) -> str:
    """GitHub's for a heading."""
    return re.sub(r"[^\w-]", "", key.lower())


if __name__ == "__main__":
    for path, text in documents().items():
        path.write_text(text, encoding="utf-8")
        print(path.relative_to(ROOT))
