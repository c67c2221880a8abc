"""The samples under `config/` and docs/settings.md hold every setting, and nothing that does not exist."""

import re
from difflib import unified_diff
from pathlib import Path

import pytest

from tests.settings.reference import COMMAND, EXAMPLES, ROOT, documents
from tests.support.settings_sources import AZURE
from wyoming_azure_realtime.settings.declaration import Option, OtherForm, allowed, values
from wyoming_azure_realtime.settings.load import Loaded, load, variables
from wyoming_azure_realtime.settings.model import Settings, Target, all_options

CONFIG, PAGE = ROOT / "config", ROOT / "docs" / "settings.md"
# `# ` begins prose; a setting follows its # at once, or indented by two spaces and more
SETTING = re.compile(r"^#(?=[^\s#]|  )", re.MULTILINE)


def uncommented(name: str) -> str:
    text = (CONFIG / name).read_text(encoding="utf-8")
    return "\n".join(line for line in SETTING.sub("", text).splitlines() if not line.startswith("#"))


@pytest.fixture
def everything(tmp_path: Path) -> Loaded:
    (tmp_path / "all.yaml").write_text(uncommented("settings.sample.yaml"))
    return load({"config": str(tmp_path / "all.yaml")}, {})


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_the_file_is_what_the_declarations_give(path: Path) -> None:
    text = documents()[path]
    old, new = path.read_text(encoding="utf-8").splitlines(), text.splitlines()
    assert list(unified_diff(old, new, lineterm="", n=0)) == [], f"run: {COMMAND}"
    assert COMMAND in text


def test_the_settings_sample_as_it_is_changes_nothing() -> None:
    result = load({"config": str(CONFIG / "settings.sample.yaml")}, {})
    assert result.settings == Settings()
    assert set(result.sources.values()) == {"default"}


def test_the_settings_sample_holds_every_setting(everything: Loaded) -> None:
    # an empty list has no line of its own, the others have
    missing = {key for key, source in everything.sources.items() if source == "default"}
    assert missing == set()
    assert set(everything.sources) == {key for key, _ in values(Settings(targets=(Target(),)))}


def test_the_settings_sample_shows_the_defaults(everything: Loaded) -> None:
    defaults = dict(values(Settings(targets=(Target(),))))
    shown = dict(values(everything.settings))
    assert {key for key in defaults if shown[key] != defaults[key]} == set(EXAMPLES)


def test_the_environment_sample_names_every_variable_once() -> None:
    names = [line.partition("=")[0] for line in uncommented("environment.sample").splitlines() if line]
    assert sorted(names) == sorted(variables())


def test_the_environment_sample_as_it_is_sets_nothing() -> None:
    lines = (CONFIG / "environment.sample").read_text(encoding="utf-8").splitlines()
    assert all(line.startswith("#") or not line for line in lines)


def test_every_line_of_the_environment_sample_works_by_itself(tmp_path: Path) -> None:
    (tmp_path / "_FILE").write_text("a-secret")
    (tmp_path / "_CONFIG").write_text("backend: auto")
    for line in filter(None, uncommented("environment.sample").splitlines()):
        name, _, value = line.partition("=")
        assert value
        for kind in ("_FILE", "_CONFIG"):
            value = str(tmp_path / kind) if name.endswith(kind) else value
        without = {key: text for key, text in AZURE.items() if not name.startswith(key)}
        assert load({}, {**without, name: value}).uses == "azure"


def block(key: str) -> str:
    """What the reference page says about one setting, on one line."""
    text = PAGE.read_text(encoding="utf-8")
    found = re.search(rf"^##+ `{re.escape(key)}`\n(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, key
    return " ".join(found[1].split())


@pytest.mark.parametrize("option", all_options(), ids=lambda option: option.key)
def test_the_page_says_of_every_setting_what_it_does_costs_and_takes(option: Option) -> None:
    described = block(option.key)
    setting = option.setting
    for text in (setting.help, setting.cost, option.flag, *option.names):
        assert text in described
    if not isinstance(setting, OtherForm):
        assert setting.more in described
        assert "Value: " not in described or f"Value: {allowed(option.kind)}." in described


def test_the_page_lists_what_costs_money_with_links_to_it() -> None:
    text = PAGE.read_text(encoding="utf-8")
    headings = {re.sub(r"[^\w-]", "", line.lower()) for line in re.findall(r"^##+ (.+)$", text, re.MULTILINE)}
    links = re.findall(r"\]\(#([^)]+)\)", text)
    assert set(links) <= headings
    assert len(links) == len([option for option in all_options() if option.setting.cost])


def test_the_page_leads_to_files_that_exist() -> None:
    for target in re.findall(r"\]\((\.\./[^)]+)\)", PAGE.read_text(encoding="utf-8")):
        assert (PAGE.parent / target).resolve().is_file()
