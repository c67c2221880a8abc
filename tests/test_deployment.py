"""The image, the unit and the samples for compose, Kubernetes and HAProxy fit the program."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.dockerfile import Instruction, read_dockerfile, stages
from wyoming_azure_realtime._version import __version__
from wyoming_azure_realtime.cli import COMMANDS
from wyoming_azure_realtime.privileges import UID
from wyoming_azure_realtime.settings.load import load, variables
from wyoming_azure_realtime.settings.model import Limits, Target
from wyoming_azure_realtime.wyoming_server.limits import LOCAL_NETWORKS

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / "config"
IMAGES = {"image": ROOT / "Dockerfile", "add-on": CONFIG / "addon" / "Dockerfile"}
UNIT = CONFIG / "wyoming-azure-realtime.service"
WITH_KEY = CONFIG / "compose.azure.yaml"
OURS = re.compile(r"\b(?:AZURE_OPENAI|WYOMING_AZURE_REALTIME)_[A-Z_]+[A-Z]\b")


def final(path: Path) -> list[Instruction]:
    return list(stages(read_dockerfile(path)))[-1][1]


def compose() -> Any:
    return yaml.safe_load((CONFIG / "compose.yaml").read_text())


def with_key(given: dict[str, str]) -> dict[str, str]:
    """The environment of both compose files together, with `given` as the file beside them has it."""
    service = yaml.safe_load(WITH_KEY.read_text())["services"]["speech"]
    environ = {**compose()["services"]["speech"]["environment"], **service["environment"]}
    found = {name: re.fullmatch(r"\$\{(\w+):([-?])(.*)\}", text) for name, text in environ.items()}
    filled = {
        name: given[match[1]] if match[2] == "?" else given.get(match[1], match[3])
        for name, match in found.items()
        if match
    }
    return {**environ, **filled}


def kubernetes() -> dict[str, Any]:
    return {part["kind"]: part for part in yaml.safe_load_all((CONFIG / "kubernetes.yaml").read_text())}


def pod() -> Any:
    return kubernetes()["Deployment"]["spec"]["template"]["spec"]


@pytest.mark.parametrize(
    "path",
    [
        *IMAGES.values(),
        UNIT,
        ROOT / "README.md",
        ROOT / "SECURITY.md",
        CONFIG / "compose.yaml",
        WITH_KEY,
        CONFIG / "kubernetes.yaml",
    ],
    ids=lambda path: path.name,
)
def test_every_variable_in_them_exists(path: Path) -> None:
    assert set(OURS.findall(path.read_text(encoding="utf-8"))) <= set(variables())


@pytest.mark.parametrize("path", IMAGES.values(), ids=IMAGES)
class TestImages:
    def test_nothing_is_compiled_and_everything_from_elsewhere_has_its_digest(self, path: Path) -> None:
        for step in read_dockerfile(path):
            for command in re.findall(r"pip install [^&]*", step.text):
                released = '"wyoming-azure-realtime==' in command
                assert "--only-binary :all:" in command or "/wheels/" in command
                assert "--require-hashes" in command or "/wheels/" in command or released
            assert not re.search(r"apt-get|gcc|build-essential", step.text)

    def test_it_is_small_since_nothing_of_the_building_remains(self, path: Path) -> None:
        assert [step.flags["from"] for step in final(path) if step.name == "COPY" and "from" in step.flags]
        assert not [step for step in final(path) if "pip" in step.text]

    def test_both_are_built_on_the_same_python(self, path: Path) -> None:
        assert {s.words[0] for s in read_dockerfile(path) if s.name == "FROM"} == {"python:3.13-slim"}

    def test_it_starts_the_program_itself_which_hears_signals_and_its_health_is_asked(
        self, path: Path
    ) -> None:
        start = next(step for step in final(path) if step.name == "ENTRYPOINT")
        assert start.words[0] == "wyoming-azure-realtime"
        health = next(step for step in final(path) if step.name == "HEALTHCHECK")
        assert health.text.endswith('CMD ["wyoming-azure-realtime", "check"]')
        assert {"check", *start.words[1:]} <= set(COMMANDS)

    def test_the_licences_that_it_owes_are_in_it(self, path: Path) -> None:
        assert any("common-licenses/GPL-3" in step.text for step in final(path) if step.name == "RUN")


def test_the_image_is_nobody_s_root() -> None:
    assert next(step.text for step in final(IMAGES["image"]) if step.name == "USER") == f"{UID}:{UID}"


def test_what_the_image_is_built_from_may_be_sent_to_the_engine() -> None:
    let_in = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    sent = [
        step for step in read_dockerfile(IMAGES["image"]) if step.name == "COPY" and "from" not in step.flags
    ]
    assert {word for step in sent for word in step.words[:-1]} == set(let_in)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_the_unit_is_exposed_to_little() -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=25", str(UNIT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-200:]


def seconds(text: str) -> float:
    found = re.fullmatch(r"(\d+)s?", str(text))
    assert found
    return float(found[1])


def test_everywhere_there_is_more_time_to_stop_than_the_program_takes() -> None:
    unit = re.search(r"TimeoutStopSec=(\d+)", UNIT.read_text())
    assert unit
    assert seconds(unit[1]) > Limits().stop
    assert seconds(compose()["services"]["speech"]["stop_grace_period"]) > Limits().stop
    environ = {item["name"]: item["value"] for item in pod()["containers"][0]["env"]}
    pause = float(pod()["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
    stop = float(environ["WYOMING_AZURE_REALTIME_LIMITS_STOP"])
    assert pod()["terminationGracePeriodSeconds"] > pause + stop


def test_secrets_are_files() -> None:
    for path in (CONFIG / "compose.yaml", WITH_KEY, CONFIG / "kubernetes.yaml", UNIT):
        assert not re.search(r"(_KEY|_TOKEN)\b\s*[:=]", path.read_text())


def test_containers_run_as_nobody_on_a_file_system_that_they_cannot_write() -> None:
    service, container = compose()["services"]["speech"], pod()["containers"][0]
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert pod()["securityContext"]["runAsUser"] == UID
    assert container["image"].endswith(f":{__version__}")


def test_compose_starts_the_demo_by_itself_and_azure_with_the_second_file(tmp_path: Path) -> None:
    assert load({}, compose()["services"]["speech"]["environment"]).uses == "embedded"
    (tmp_path / "key").write_text("a-secret\n")
    environ = with_key({"AZURE_OPENAI_ENDPOINT": "https://example.openai.azure.com"})
    (secret,) = yaml.safe_load(WITH_KEY.read_text())["services"]["speech"]["secrets"]
    assert environ["AZURE_OPENAI_KEY_FILE"] == f"/run/secrets/{secret}"
    loaded = load({}, {**environ, "AZURE_OPENAI_KEY_FILE": str(tmp_path / "key")})
    assert (loaded.uses, loaded.settings.targets[0].key.reveal()) == ("azure", "a-secret")


def test_the_samples_name_the_default_deployments() -> None:
    in_pods = {item["name"]: item["value"] for item in pod()["containers"][0]["env"]}
    for environ in (in_pods, with_key({"AZURE_OPENAI_ENDPOINT": ""})):
        assert environ["AZURE_OPENAI_REALTIME_DEPLOYMENT"] == Target().realtime_deployment
        assert environ["AZURE_OPENAI_TRANSCRIPTION_DEPLOYMENT"] == Target().transcription_deployment


READ = """
import os, sys
from wyoming_azure_realtime.settings.load import load
uid, key = sys.argv[1:]
environ = {"AZURE_OPENAI_ENDPOINT": "https://example.openai.azure.com", "AZURE_OPENAI_KEY_FILE": key}
load({}, environ)  # all is imported while the program's folder can be read, which others may not enter
os.setgroups([]), os.setgid(int(uid)), os.setuid(int(uid))
print(load({}, environ).uses)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_the_key_that_compose_is_given_can_be_read_by_the_user_in_the_container_alone() -> None:
    said = re.search(r"sudo install -m (\d+) -o (\d+) -g (\d+) \S+ config/(\S+)", WITH_KEY.read_text())
    assert said
    secrets = yaml.safe_load(WITH_KEY.read_text())["secrets"]
    assert [secret["file"] for secret in secrets.values()] == [f"./{said[4]}"]

    def read(uid: int) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", READ, str(uid), str(key)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    with tempfile.TemporaryDirectory() as folder:  # not pytest's, which other users may not enter
        Path(folder).chmod(0o755)
        key = Path(folder) / "key"
        key.write_text("a-secret")
        key.chmod(int(said[1], 8))
        os.chown(key, int(said[2]), int(said[3]))
        assert read(UID).stdout == "azure\n"
        assert "cannot be read: Permission denied" in read(UID + 1).stderr


def test_haproxy_lets_in_whom_the_servers_would() -> None:
    text = (CONFIG / "haproxy.cfg").read_text()
    listed = re.findall(r"^ *acl home src (.+)$", text, re.MULTILINE)
    assert {ip_network(one) for line in listed for one in line.split()} == set(LOCAL_NETWORKS)
    assert "tcp-request connection reject unless home\n" in text


def test_the_service_finds_its_pods() -> None:
    labels = kubernetes()["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert kubernetes()["Service"]["spec"]["selector"].items() <= labels.items()
    assert kubernetes()["Service"]["spec"]["sessionAffinity"] == "ClientIP"
    assert kubernetes()["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"].items() <= labels.items()


HOOKS = ROOT / ".pre-commit-config.yaml"


@pytest.mark.skipif(not HOOKS.exists(), reason="hooks are in the checkout only")
def test_what_checks_a_commit_has_the_versions_that_ci_has() -> None:
    tools = set((ROOT / ".ci" / "tools.txt").read_text().splitlines())
    hooks = yaml.safe_load(HOOKS.read_text())["repos"][0]["hooks"]
    used = {package for hook in hooks for package in hook.get("additional_dependencies", ())}
    assert used
    assert used <= tools


WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.mark.skipif(not WORKFLOWS, reason="workflows are in the checkout only")
def test_workflows_use_actions_by_their_digest_and_grant_nothing_that_a_job_does_not_name() -> None:
    for path in WORKFLOWS:
        text = path.read_text()
        used = re.findall(r"uses: (\S+)( # v\S+)?", text)
        assert used
        assert [name for name, version in used if not re.search(r"@[0-9a-f]{40}$", name) or not version] == []
        workflow = yaml.safe_load(text)
        assert workflow["permissions"] == {}
        assert all(job["permissions"] and job["timeout-minutes"] for job in workflow["jobs"].values())
