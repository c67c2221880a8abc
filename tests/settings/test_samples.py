"""The samples under `config/` hold every setting, and nothing that does not exist."""

import re
from pathlib import Path

import pytest

from tests.support.settings_sources import AZURE
from wyoming_azure_realtime.settings.environment import variables
from wyoming_azure_realtime.settings.load import load
from wyoming_azure_realtime.settings.model import Settings, Target
from wyoming_azure_realtime.settings.walk import values

CONFIG = Path(__file__).parents[2] / "config"
# `# ` begins prose; a setting follows its # at once, or indented by two spaces and more
SETTING = re.compile(r"^#(?=[^\s#]|  )", re.MULTILINE)
EXAMPLES = {"targets[0].endpoint", "targets[0].key"}


def uncommented(name: str) -> str:
    text = (CONFIG / name).read_text(encoding="utf-8")
    return "\n".join(line for line in SETTING.sub("", text).splitlines() if not line.startswith("#"))


@pytest.fixture
def everything(tmp_path):
    (tmp_path / "all.yaml").write_text(uncommented("settings.sample.yaml"))
    return load({"config": str(tmp_path / "all.yaml")}, {})


def test_the_settings_sample_as_it_is_changes_nothing():
    result = load({"config": str(CONFIG / "settings.sample.yaml")}, {})
    assert result.settings == Settings()
    assert set(result.sources.values()) == {"default"}


def test_the_settings_sample_holds_every_setting(everything):
    # an empty list has no line of its own, the others have
    missing = {key for key, source in everything.sources.items() if source == "default"}
    assert missing == set()
    assert set(everything.sources) == {key for key, _ in values(Settings(targets=(Target(),)))}


def test_the_settings_sample_shows_the_defaults(everything):
    defaults = dict(values(Settings(targets=(Target(),))))
    shown = dict(values(everything.settings))
    assert {key for key in defaults if shown[key] != defaults[key]} == EXAMPLES


def test_the_environment_sample_names_every_variable_once():
    names = [line.partition("=")[0] for line in uncommented("environment.sample").splitlines() if line]
    assert sorted(names) == sorted(variables())


def test_the_environment_sample_as_it_is_sets_nothing():
    lines = (CONFIG / "environment.sample").read_text(encoding="utf-8").splitlines()
    assert all(line.startswith("#") or not line for line in lines)


def test_every_line_of_the_environment_sample_works_by_itself(tmp_path):
    (tmp_path / "_FILE").write_text("a-secret")
    (tmp_path / "_CONFIG").write_text("backend: auto")
    for line in filter(None, uncommented("environment.sample").splitlines()):
        name, _, value = line.partition("=")
        for kind in ("_FILE", "_CONFIG"):
            value = str(tmp_path / kind) if name.endswith(kind) else value
        without = {key: text for key, text in AZURE.items() if not name.startswith(key)}
        assert load({}, {**without, name: value}).uses == "azure"
