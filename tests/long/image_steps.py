"""Executes a Dockerfile without a container engine: each RUN and COPY, in copies of a clean root file system.

    mmdebstrap --variant=minbase --include=python3-venv,ca-certificates trixie BASE
    python -m tests.long.image_steps BASE FOLDER

BASE stands for every image that FROM names: it has Debian and the Python that Debian ships. FOLDER/final is
then what the image would hold; what only describes the image (ENV, USER and so on) is in FOLDER/image.json.
`python -m tests.long.image_use FOLDER` runs it.

For the add-on: `--dockerfile config/addon/Dockerfile --context config/addon --build-arg BUILD_VERSION=…`, and
if that version is not released yet `--build-arg PIP_FIND_LINKS=…`, the address of a web server that has it.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.dockerfile import Instruction, read_dockerfile, stages

ROOT = Path(__file__).parents[2]
# where a step downloads, the machine's own certificates and package index are the ones to use
FROM_HOST = ("/etc/resolv.conf", "/etc/ssl/certs/ca-certificates.crt", "/etc/pip.conf")


class Stage:
    """One stage's file system, and what its instructions say about how to run it."""

    def __init__(self, base: Path, folder: Path, arguments: dict[str, str]) -> None:
        self.folder = folder
        self.facts: dict[str, object] = {}
        self.environ = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
        self._arguments = arguments
        subprocess.run(["cp", "--archive", "--reflink=auto", base, folder], check=True)
        python = folder / "usr/local/bin/python"
        if not python.exists():
            python.symlink_to("/usr/bin/python3")

    def follow(self, step: Instruction, context: Path, others: dict[str, "Stage"]) -> None:
        """Carry out one instruction."""
        match step.name:
            case "RUN":
                self._run(step.text)
            case "COPY":
                source = others[step.flags["from"]].folder if "from" in step.flags else context
                self._copy(source, *step.words)
            case "ENV":
                for name, value in re.findall(r"(\w+)=(\S+)", step.text):
                    self.environ[name] = value.replace("$PATH", self.environ["PATH"])
            case "ARG":
                name, _, default = step.text.partition("=")
                self.environ[name] = self._arguments.get(name, default.strip('"'))
            case "HEALTHCHECK":
                self.facts[step.name] = json.loads(step.text.removeprefix("CMD "))
            case name:
                self.facts[name] = step.words

    def _run(self, command: str) -> None:
        print("RUN", command[:100], flush=True)
        settings = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        settings.pop("PIP_FIND_LINKS", None)  # a folder of the machine's
        with lent(self.folder):
            subprocess.run(
                ["chroot", self.folder, "/bin/sh", "-c", command], env=settings | self.environ, check=True
            )

    def _copy(self, source: Path, *words: str) -> None:
        *files, target = words
        print("COPY", *files, target, flush=True)
        into = self.folder / target.lstrip("/")
        for file in files:
            found = source / file.lstrip("/")
            place = into / found.name if target.endswith("/") else into
            place.parent.mkdir(parents=True, exist_ok=True)
            command = ["cp", "--archive", "--no-target-directory", str(found), str(place)]
            subprocess.run(command, check=True)


@contextmanager
def lent(folder: Path) -> Iterator[None]:
    """What a step needs of this machine to download, taken away again."""
    places = {Path(path): folder / path.lstrip("/") for path in FROM_HOST}
    before = {place: place.read_bytes() if place.exists() else None for place in places.values()}
    for source, place in places.items():
        if source.exists():
            shutil.copy(source, place)
    try:
        yield
    finally:
        for place, content in before.items():
            place.unlink(missing_ok=True)
            if content is not None:
                place.write_bytes(content)


def execute(dockerfile: Path, context: Path, base: Path, folder: Path, arguments: dict[str, str]) -> str:
    """Every stage in order; the last one's file system is `folder`/final. What describes the image."""
    made: dict[str, Stage] = {}
    for name, steps in stages(read_dockerfile(dockerfile)):
        stage = made[name] = Stage(base, folder / (name or "final"), arguments)
        for step in steps:
            stage.follow(step, context, made)
    final = made[""]
    facts = json.dumps({"ENV": final.environ, **final.facts}, indent=2)
    (folder / "image.json").write_text(facts)
    return facts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("base", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--dockerfile", type=Path, default=ROOT / "Dockerfile")
    parser.add_argument("--context", type=Path, default=ROOT)
    parser.add_argument("--build-arg", action="append", default=[], metavar="NAME=VALUE")
    given = parser.parse_args()
    arguments = dict(pair.split("=", 1) for pair in given.build_arg)
    print(execute(given.dockerfile, given.context, given.base, given.folder, arguments))


if __name__ == "__main__":
    main()
