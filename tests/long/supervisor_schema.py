"""The add-on's files by the Supervisor's own schemas, and every option through its validator into settings.

    python -m tests.long.supervisor_schema CHECKOUT

CHECKOUT: the sources of home-assistant/supervisor. Of what they need, these packages have to be installed:
aiodns, aiohttp, atomicwrites-homeassistant, attrs, awesomeversion, ciso8601, orjson, pyudev and voluptuous.
"""

import __future__

import json
import logging
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType, SimpleNamespace
from typing import Any

import yaml

from wyoming_azure_realtime.addon.options import (
    KNOWN,
    MORE_TARGETS,
    OPTIONS,
    OTHER_SETTINGS,
    TARGET,
    load_options,
)
from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.settings.declaration import values
from wyoming_azure_realtime.settings.model import Secret

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "config" / "addon"
HOME = ("http://supervisor/core", "a-token")

TEXTS: dict[str, list[Any]] = {
    "key": ["0123456789abcdef"],
    "name": ["second"],
    "realtime_deployment": ["speaks"],
    "transcription_deployment": ["hears"],
    "endpoint": ["https://home.openai.azure.com", "http://127.0.0.1:8080/prefix"],
    "api_version": ["v1", "2024-10-01-preview"],
    "language": ["de-AT"],
    "http_token": ["0123456789abcdef"],
    "other_settings": [[{"name": "deadlines.request", "value": "12"}], []],
}
"""What to try where not any text will do."""

# an option's value counts only beside these
BESIDE = {"endpoint": "https://speech.openai.azure.com", "key": "the key"}


class Brackets(SourceFileLoader):
    """Reads sources for Python 3.14, where `except A, B:` needs no brackets, in older ones."""

    # typeshed knows only the static method that this one overrides
    def source_to_code(self, data: bytes, path: str, *, _optimize: int = -1) -> CodeType:  # type: ignore[override]
        text = re.sub(rb"^(\s*except )(\w[\w.]*(?:, \w[\w.]*)+):", rb"\1(\2):", data, flags=re.MULTILINE)
        # annotations are not evaluated before they are asked for, as in 3.14
        flags = __future__.annotations.compiler_flag
        code: CodeType = compile(text, path, "exec", flags=flags, dont_inherit=True, optimize=_optimize)
        return code


def let_in(checkout: Path) -> SimpleNamespace:
    """The Supervisor's modules that judge an add-on."""

    def finder(path: str) -> FileFinder:
        if not Path(path).is_relative_to(checkout):
            raise ImportError(path)
        return FileFinder(path, (Brackets, SOURCE_SUFFIXES))

    if sys.version_info < (3, 14):
        sys.path_hooks.insert(0, finder)
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(checkout))
    # one schema of it is wanted; by itself it would import all the rest
    store = sys.modules["supervisor.store"] = ModuleType("supervisor.store")
    store.__path__ = [str(checkout / "supervisor" / "store")]
    return SimpleNamespace(
        store=import_module("supervisor.store.validate"),
        apps=import_module("supervisor.apps.validate"),
        options=import_module("supervisor.apps.options"),
        json=import_module("supervisor.utils.json"),
        Invalid=import_module("voluptuous").Invalid,
    )


class Said(logging.Handler):
    """What the Supervisor warns of."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []
        logging.getLogger("supervisor").addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def right(name: str, kind: Any) -> list[Any]:
    """Values that the form's element should take."""
    if name in TEXTS:
        return TEXTS[name]
    match kind:
        case [str(inner)]:
            return [right(name, inner) * 2, []]
        case [dict(fields)]:
            least = {field: right(field, inner)[0] for field, inner in fields.items() if inner[-1] != "?"}
            rows = [
                least | {field: value} for field, inner in fields.items() for value in right(field, inner)
            ]
            return [[row] for row in rows] + [rows, []]
    found = re.match(r"(\w+)(?:\((.*)\))?", kind)
    assert found
    match found[1]:
        case "list":
            return found[2].split("|")
        case "bool":
            return [True, False]
        case "int" | "float":
            number = {"int": int, "float": float}[found[1]]
            low, high = map(number, found[2].split(","))
            return [low, (low + high) / 2 if number is float else (low + high) // 2, high]
        case "str" | "password":
            return ["some: words, “quoted”"]
    raise ValueError(f"{name}: no values are known for {kind}")


def wrong(name: str, kind: Any) -> list[Any]:
    """Values that the form's element should refuse."""
    match kind:
        case [str()]:
            return ["no list", [5]]
        case [dict(fields)]:
            least = {field: right(field, inner)[0] for field, inner in fields.items() if inner[-1] != "?"}
            partial = [{field: least[field] for field in least if field != left_out} for left_out in least]
            return ["no list", *([row] for row in partial)]
    found = re.match(r"(\w+)(?:\((.*)\))?", kind)
    assert found
    match found[1]:
        case "int" | "float":
            low, high = map(float, found[2].split(","))
            return [low - 1, high + 1, "much"]
        case "str" | "password":
            return [5, ["text"]]
    return ["not this one"]


def at(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Settings that an option should become, with their values."""
    if name in OPTIONS:
        yield OPTIONS[name], value
    elif name in TARGET:
        yield f"targets[0].{name}", value
    elif name == MORE_TARGETS:
        for number, row in enumerate(value, 1):
            yield from ((f"targets[{number}].{field}", text) for field, text in row.items())
    elif name == OTHER_SETTINGS:
        yield from ((row["name"], float(row["value"])) for row in value)


@dataclass
class Check:
    """The Supervisor's judgement, and what is not as it should be; what is, is printed."""

    supervisor: SimpleNamespace
    bad: list[str] = field(default_factory=list)

    def file(self, path: Path, schema: Any) -> dict[str, Any]:
        """What the Supervisor takes of a file, which should be all of it."""
        written = yaml.safe_load(path.read_text(encoding="utf-8"))
        taken: dict[str, Any] = schema(json.loads(json.dumps(written)))
        self.bad += [f"{path.name}: {key} is not known" for key in set(written) - set(taken)]
        print(f"{path.relative_to(ROOT)}: {len(written)} keys, {len(set(written) & set(taken))} known")
        return taken

    def files(self) -> dict[str, Any]:
        """All of them; the add-on's configuration is what comes back."""
        self.file(ROOT / "repository.yaml", self.supervisor.store.SCHEMA_REPOSITORY_CONFIG)
        for path in sorted((FOLDER / "translations").glob("*.yaml")):
            self.file(path, self.supervisor.apps.SCHEMA_APP_TRANSLATIONS)
        return self.file(FOLDER / "config.yaml", self.supervisor.apps.SCHEMA_APP_CONFIG)

    def options(self, config: dict[str, Any]) -> None:
        """Every option of the form, through the Supervisor's validator and file, becomes its setting."""
        schema = config["schema"]
        shown = {node["name"] for node in self.supervisor.options.UiOptions(None)(schema)}
        self.bad += [f"not in the form: {name}" for name in set(schema) ^ shown]
        self.bad += [f"not in form and program: {name}" for name in set(schema) ^ set(KNOWN)]
        validator = self.supervisor.options.AppOptions(None, schema, config["name"], config["slug"]).validate
        self.settings(validator(config["options"]))
        print("the form as it begins: loads")
        base = config["options"] | BESIDE
        before = self.settings(validator(base))
        taken = refused = 0
        for name, kind in schema.items():
            effects = 0
            for value in right(name, kind):
                try:
                    after = self.settings(validator(base | {name: value}))
                except (self.supervisor.Invalid, SettingsError) as error:
                    self.bad.append(f"{name} = {value!r}: {error}")
                    continue
                taken += 1
                effects += after != before
                for key, wanted in at(name, value):
                    if after[key] != wanted:
                        self.bad.append(f"{name} = {value!r} became {after[key]!r}")
            self.bad += [] if effects else [f"{name} changes nothing"]
            accepted = [value for value in wrong(name, kind) if self.takes(validator, base | {name: value})]
            self.bad += [f"{name} = {value!r} is not refused" for value in accepted]
            refused += len(wrong(name, kind)) - len(accepted)
        print(f"{len(schema)} options: {taken} values loaded as what they are, {refused} wrong ones refused")
        self.settings(validator(base | {"an_option_of_another_version": "text"}))
        print("an option of another version: left out, the rest loads")

    def settings(self, options: dict[str, Any]) -> dict[str, Any]:
        """The program's settings, of a file as the Supervisor writes it."""
        with tempfile.TemporaryDirectory() as folder:
            self.supervisor.json.write_json_file(Path(folder) / "options.json", options)
            loaded, notices = load_options(Path(folder), {}, HOME)
        self.bad += notices
        return {key: plain(value) for key, value in values(loaded.settings)}

    def takes(self, validator: Any, options: dict[str, Any]) -> bool:
        """Whether the Supervisor would write these options."""
        try:
            validator(options)
        except self.supervisor.Invalid:
            return False
        return True


def plain(value: Any) -> Any:
    """A setting as an option has it."""
    if isinstance(value, Secret):
        return value.reveal()
    return list(value) if isinstance(value, tuple) else value


def main() -> None:
    said = Said()
    check = Check(let_in(Path(sys.argv[1]).resolve()))
    config = check.files()
    check.bad += said.lines
    check.options(config)
    print(*(check.bad or ["All is as the Supervisor wants it."]), sep="\n")
    sys.exit(bool(check.bad))


if __name__ == "__main__":
    main()
