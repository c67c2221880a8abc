"""What is released is what was tested, under a version that the changelogs tell of."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from wyoming_azure_realtime._version import __version__

ROOT = Path(__file__).parents[1]
WORKFLOW = ROOT / ".github" / "workflows" / "release.yml"
in_the_checkout = pytest.mark.skipif(not WORKFLOW.exists(), reason="workflows are in the checkout only")


def jobs() -> Any:
    return yaml.safe_load(WORKFLOW.read_text())["jobs"]


def before(name: str) -> set[str]:
    """All jobs that have to succeed before this one starts."""
    needs = jobs()[name].get("needs", [])
    direct = {needs} if isinstance(needs, str) else set(needs)
    return direct.union(*(before(other) for other in direct))


def runs(name: str) -> str:
    return " ".join(step.get("run", "") for step in jobs()[name]["steps"])


def test_the_changelog_begins_with_this_version_or_with_what_is_not_released_yet() -> None:
    first = re.search(
        r"^## \[(.+?)\](?: - \d{4}-\d{2}-\d{2})?$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE
    )
    assert first
    assert first[1] in {"Unreleased", __version__}


SECTIONS = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]


def test_every_version_s_changes_are_in_the_sections_of_keep_a_changelog_in_their_order() -> None:
    versions = re.split(r"^## ", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)[1:]
    for version in versions:
        sections = re.findall(r"^### (.*)$", version, re.MULTILINE)
        assert sections == [name for name in SECTIONS if name in sections]
        for section in re.split(r"^### .*$", version, flags=re.MULTILINE)[1:]:
            assert section.lstrip().startswith("- ")


@in_the_checkout
def test_only_a_version_that_both_changelogs_tell_of_is_released() -> None:
    said = runs("build")
    assert "CHANGELOG.md" in said.split()
    assert "config/addon/CHANGELOG.md" in said.split()
    assert "wyoming_azure_realtime/_version.py" in said.split()


@in_the_checkout
def test_a_package_that_names_another_repository_is_not_released() -> None:
    (check,) = [step for step in jobs()["build"]["steps"] if "pyproject.toml" in step.get("run", "")]
    assert check["env"] == {"REPOSITORY": "${{ github.repository }}"}
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    (source,) = [line for line in lines if line.startswith("Source = ")]
    repository = source.removeprefix('Source = "https://github.com/').removesuffix('"')

    def passes(name: str) -> bool:
        environ = {**os.environ, "REPOSITORY": name}
        command = ["sh", "-c", check["run"]]
        done = subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, check=False)
        return done.returncode == 0

    assert passes(repository)
    assert not passes("somebody/else")


@in_the_checkout
def test_the_wheel_is_tested_on_both_ends_of_the_pythons_before_anything_is_published() -> None:
    assert jobs()["test"]["strategy"]["matrix"]["python"] == ["3.11", "3.13"]
    assert ".ci/installed python dist" in runs("test")
    publishing = [name for name, job in jobs().items() if "write" in job["permissions"].values()]
    assert len(publishing) == 4
    assert all("test" in before(name) for name in publishing)


@in_the_checkout
def test_the_image_is_used_on_both_kinds_of_machines_before_it_is_pushed_and_named() -> None:
    machines = {row["platform"]: row["machine"] for row in jobs()["image"]["strategy"]["matrix"]["include"]}
    assert machines == {"amd64": "ubuntu-24.04", "arm64": "ubuntu-24.04-arm"}
    said = runs("image")
    assert said.index(".ci/image") < said.index("push=true")
    assert {"image", "publish"} <= before("tag")


@in_the_checkout
def test_where_the_index_is_told_who_publishes_nothing_else_runs() -> None:
    with_token = [name for name, job in jobs().items() if "id-token" in job["permissions"]]
    assert with_token == ["publish"]
    assert jobs()["publish"]["permissions"] == {"id-token": "write"}
    assert runs("publish").strip() == ""
