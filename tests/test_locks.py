"""The locks fit what pyproject.toml asks for, and say how they are made."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = {
    "config/requirements.lock": [
        *PROJECT["project"]["dependencies"],
        *PROJECT["project"]["optional-dependencies"]["local-small"],
    ],
    "config/addon/requirements.lock": [
        *PROJECT["project"]["dependencies"],
        *PROJECT["project"]["optional-dependencies"]["local-small"],
        *(one for one in PROJECT["project"]["optional-dependencies"]["local"] if "[" not in one),
    ],
    "config/build.lock": PROJECT["build-system"]["requires"],
}
TOOLS = ROOT / ".ci" / "tools.txt"  # which is in the checkout only
if TOOLS.exists():
    LOCKS[".ci/tools.lock"] = [line for line in TOOLS.read_text().splitlines() if not line.startswith("#")]
# what the images run
PLACE = {"python_version": "3.13", "python_full_version": "3.13.0", "platform_machine": "x86_64"}


def pins(text: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9._-]+)==([^\s;]+)(?: ; .*)? \\$", text, re.MULTILINE))


@pytest.mark.parametrize(("lock", "asked"), LOCKS.items(), ids=LOCKS)
def test_what_is_pinned_is_what_the_project_asks_for(lock: str, asked: list[str]) -> None:
    pinned = pins((ROOT / lock).read_text())
    wanted = [Requirement(line) for line in asked]
    wanted = [one for one in wanted if not one.marker or one.marker.evaluate(PLACE)]
    assert wanted
    for one in wanted:
        assert one.specifier.contains(pinned[one.name]), one


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_digests_and_the_first_lines_say_how_they_were_made(lock: str) -> None:
    text = (ROOT / lock).read_text()
    command = "".join(re.findall(r"^#    *(.*?)\\?$", text, re.MULTILINE))
    assert "--generate-hashes" in command
    assert f"--output-file {lock}" in command
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(blocks) == len(pins(text))
    assert all("--hash=sha256:" in block for block in blocks)


@pytest.mark.skipif(not TOOLS.exists(), reason="scripts of CI are in the checkout only")
def test_ci_installs_its_own_tools_by_their_digests() -> None:
    files = [*TOOLS.parent.iterdir(), *(ROOT / ".github" / "workflows").glob("*.yml")]
    named = re.compile(r"^(?!#).* install .*--requirement.*$", re.MULTILINE)
    commands = [line for file in files for line in named.findall(file.read_text().replace("\\\n", ""))]
    assert len(commands) >= 5
    assert [command for command in commands if "--require-hashes" not in command] == []
    # what is not in a file is the product with its tests, or a client that it is tried with
    bare = re.compile(r"pip\"? install (?!.*--require)(?:-\S+ |--\S+ )*(.*)$", re.MULTILINE)
    others = {name for file in files for name in bare.findall(file.read_text())}
    assert others <= {"wyoming", "wyoming pyyaml", '"${wheels[0]}[local,test]"', "'.[local,test]'"}
