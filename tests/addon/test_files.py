"""What the Supervisor reads fits what the program does."""

import json
import re
from pathlib import Path
from typing import Any, get_args

import msgspec
import numpy as np
import pytest
import yaml

from tests.support.addon_pictures import FOLDER, SIZES, draw, read_png
from wyoming_azure_realtime._version import __version__
from wyoming_azure_realtime.addon import options
from wyoming_azure_realtime.addon.options import load_options
from wyoming_azure_realtime.providers.voices import GA_VOICES
from wyoming_azure_realtime.settings.declaration import OtherForm, bare
from wyoming_azure_realtime.settings.model import Recognition, Secret, all_options

ROOT = FOLDER.parents[1]
CONFIG = yaml.safe_load((FOLDER / "config.yaml").read_text())
SCHEMA = CONFIG["schema"]
SECRETS = {"key", "http_token"}
DECLARED = {option.key: option for option in all_options() if not isinstance(option.setting, OtherForm)}
SETTINGS = {option: f"targets[0].{option}" for option in options.TARGET} | options.OPTIONS
"""The options that are one setting each."""


def translation(language: str) -> Any:
    return yaml.safe_load((FOLDER / "translations" / f"{language}.yaml").read_text(encoding="utf-8"))


def choices(element: str) -> tuple[str, ...]:
    found = re.fullmatch(r"list\((.*)\)\??", element)
    assert found
    return tuple(found[1].split("|"))


def test_the_add_on_is_the_only_one_and_where_the_supervisor_looks() -> None:
    found = [path for path in ROOT.rglob("config.*") if path.suffix in {".yaml", ".yml", ".json"}]
    assert [path for path in found if not any(part.startswith(".") for part in path.parts)] == [
        FOLDER / "config.yaml"
    ]
    assert (ROOT / "repository.yaml").is_file()


def test_its_version_is_the_program_s() -> None:
    assert CONFIG["version"] == __version__
    assert f"## {__version__}\n" in (FOLDER / "CHANGELOG.md").read_text()


def test_the_form_has_the_options_that_the_program_reads() -> None:
    assert tuple(sorted(SCHEMA)) == tuple(sorted(options.KNOWN))
    assert set(SCHEMA["more_targets"][0]) == {"name", *options.TARGET}
    assert set(SCHEMA["other_settings"][0]) == {"name", "value"}


def element(kind: Any) -> str | tuple[str, ...]:
    """What the form has to have for a setting of this type: the element, or how it may begin for a text."""
    info = msgspec.inspect.type_info(kind)
    match bare(kind), info:
        case declared, _ if declared is Secret:
            return "password"
        case declared, msgspec.inspect.LiteralType():
            return f"list({'|'.join(get_args(declared))})"
        case _, msgspec.inspect.FloatType() | msgspec.inspect.IntType():
            name = "float" if isinstance(info, msgspec.inspect.FloatType) else "int"
            return f"{name}({info.ge:g},{info.le:g})"
        case _, msgspec.inspect.BoolType():
            return "bool"
    return ("str", "match(", "list(")


@pytest.mark.parametrize(("option", "key"), SETTINGS.items())
def test_an_option_has_the_type_the_bounds_and_the_default_of_its_setting(option: str, key: str) -> None:
    declared = DECLARED[key]
    schema = SCHEMA[option]
    if isinstance(schema, list):
        assert bare(declared.kind) == tuple[str, ...]
        assert schema == ["str?"]
        return
    expected = element(declared.kind)
    if isinstance(expected, str):
        assert schema.removesuffix("?") == expected
    assert schema.startswith(expected)
    if option in CONFIG["options"]:
        default = declared.default
        assert CONFIG["options"][option] == (default.reveal() if isinstance(default, Secret) else default)


def test_further_targets_have_the_elements_of_the_first_one() -> None:
    row = SCHEMA["more_targets"][0]
    for option in options.TARGET:
        kind, first = row[option].removesuffix("?"), SCHEMA[option].removesuffix("?")
        # only a first target may be without an address: then there is none
        assert kind == first or (option, kind) == ("endpoint", "match(^https?://.+$)")


def test_secrets_are_passwords() -> None:
    elements = {**SCHEMA, **{f"more {name}": kind for name, kind in SCHEMA["more_targets"][0].items()}}
    passwords = {name for name, kind in elements.items() if str(kind).startswith("password")}
    assert passwords == SECRETS | {"more key"}


def test_the_choices_are_those_that_exist() -> None:
    assert choices(SCHEMA["voice"]) == GA_VOICES
    assert choices(SCHEMA["ends_command"]) == tuple(options.CHOICES["ends_command"][1])


def test_the_supervisor_asks_for_exactly_those_options_that_have_a_value_at_first() -> None:
    # it starts nothing while a required one is missing
    required = {name for name, kind in SCHEMA.items() if not str(kind).rstrip("']").endswith("?")}
    assert required == set(CONFIG["options"])


def test_the_options_that_are_not_settings_begin_as_if_they_were_not_there(tmp_path: Path) -> None:
    others = set(CONFIG["options"]) - set(SETTINGS)
    assert others == {"home_names", "home_states", "ends_command", "drafts", "more_targets", "other_settings"}
    for name in others:
        (tmp_path / "options.json").write_text(json.dumps({name: CONFIG["options"][name]}))
        loaded, notices = load_options(tmp_path, {})
        (tmp_path / "options.json").write_text("{}")
        assert (loaded.settings, notices) == (load_options(tmp_path, {})[0].settings, [])


def test_the_form_as_it_begins_starts_the_program(tmp_path: Path) -> None:
    (tmp_path / "options.json").write_text(json.dumps(CONFIG["options"]))
    loaded, notices = load_options(tmp_path, {})
    assert (loaded.uses, notices) == ("embedded", [])
    assert loaded.settings.recognition == Recognition()


@pytest.mark.parametrize("language", ["en", "de"])
def test_everything_in_the_form_is_explained(language: str) -> None:
    texts = translation(language)
    assert set(texts["configuration"]) == set(SCHEMA)
    for option, kind in SCHEMA.items():
        explained = texts["configuration"][option]
        assert explained["name"]
        assert explained["description"]
        if isinstance(kind, list) and isinstance(kind[0], dict):
            assert set(explained["fields"]) == set(kind[0])
    assert set(texts["network"]) == set(CONFIG["ports"])


def test_the_ports_are_the_program_s_and_closed_to_the_outside() -> None:
    assert CONFIG["ports"] == {f"{options.WYOMING_PORT}/tcp": None, f"{options.HTTP_PORT}/tcp": None}
    assert CONFIG["ingress_port"] == options.HTTP_PORT
    assert CONFIG["watchdog"] == f"tcp://[HOST]:[PORT:{options.WYOMING_PORT}]"
    assert CONFIG["discovery"] == ["wyoming"]


@pytest.mark.parametrize(
    "right", ["full_access", "host_network", "docker_api", "privileged", "hassio_api", "map"]
)
def test_it_asks_for_no_right_that_it_does_not_need(right: str) -> None:
    assert right not in CONFIG


@pytest.mark.parametrize("name", SIZES)
def test_the_pictures_are_what_is_drawn(name: str) -> None:
    drawn, width_height = draw(*SIZES[name]).astype(int), SIZES[name]
    kept = read_png((FOLDER / name).read_bytes())
    assert kept.shape == (width_height[1], width_height[0], 4)
    assert np.abs(kept.astype(int) - drawn).max() <= 1


def test_the_lock_pins_everything_that_the_package_needs_with_digests() -> None:
    text = (FOLDER / "requirements.lock").read_text()
    pins = re.findall(r"^([a-z0-9-]+)==\S+ \\\n    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)
    assert len(pins) == len(re.findall(r"^\S", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE), re.MULTILINE))
    project = (ROOT / "pyproject.toml").read_text()
    required = re.findall(r'^    "([a-z-]+)>=', project[: project.index("entra =")], re.MULTILINE)
    assert not set(required) - set(pins)
    assert "://" not in text
