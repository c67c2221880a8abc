"""Uses what image_steps built, as an engine would run it: alone, confined, unable to write its own files.

    python -m tests.long.image_use FOLDER
    python -m tests.long.image_use FOLDER --options config/addon/config.yaml

It runs in namespaces of its own: as process 1, with no network but loopback, the root file system read-only.
An image that names a user runs as that user without any capability; the add-on as root with what Docker
leaves to root, beside a Supervisor. `--options`: an options.json, or the form whose defaults it has.
"""

import argparse
import asyncio
import fcntl
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from tests.support.stock_client import use
from tests.support.tiny_supervisor import tiny_supervisor

URI = "tcp://127.0.0.1:10300"
LARGEST = 250
"""Megabytes of the whole image, uncompressed, as engines count them."""

SLIM = 125
"""Megabytes of python:3.13-slim when unpacked, about; not those of the base that stood for it here."""

START_SECONDS, STOP_SECONDS = 60, 10
# what Docker leaves to root
DOCKER = (
    *("chown", "dac_override", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap", "setfcap"),
    *("net_bind_service", "net_raw", "sys_chroot", "mknod", "audit_write"),
)
DEVICES = ("null", "zero", "full", "random", "urandom")
LICENCES = ("LICENSE", "NOTICE", "GPL-3", "LGPL-2.1")
UNWANTED = re.compile(r"(gcc|g\+\+|cc|clang|as|ld|make|cmake|pip[0-9.]*)")


class Image:
    """A tree with what describes it."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "final"
        facts = json.loads((folder / "image.json").read_text())
        self.environ: dict[str, str] = facts["ENV"]
        self.health: list[str] = facts["HEALTHCHECK"]
        self.start: list[str] = [*facts["ENTRYPOINT"], *facts.get("CMD", [])]
        self.folder: str = facts.get("WORKDIR", ["/"])[0]
        self.user: str = facts.get("USER", [""])[0]

    def command(self, words: list[str]) -> list[str]:
        """These words, executed in the tree by the image's user with its rights alone."""
        user, _, group = (self.user or "0:0").partition(":")
        kept = "" if self.user else "".join(f",+{name}" for name in DOCKER)
        rights = ["--no-new-privs", "--inh-caps=-all", f"--bounding-set=-all{kept}"]
        who = ["--reuid", user, "--regid", group or user, "--clear-groups"]
        move = ["sh", "-c", 'cd "$0" && exec "$@"', self.folder]
        return ["chroot", str(self.root), "setpriv", *who, *rights, *move, *words]

    def started(self, log: Path) -> "subprocess.Popen[bytes]":
        """The image's own start, as process 1 among processes of its own."""
        inside = ["unshare", "--pid", "--fork", "--kill-child", f"--mount-proc={self.root}/proc"]
        with log.open("wb") as file:
            command = [*inside, *self.command(self.start)]
            return subprocess.Popen(command, env=self._environ(), stdout=file, stderr=file)

    def runs(self, *words: str) -> bool:
        """Whether this succeeds inside."""
        command = self.command(list(words))
        done = subprocess.run(command, env=self._environ(), capture_output=True, check=False)
        return done.returncode == 0

    def _environ(self) -> dict[str, str]:
        token = {} if self.user else {"SUPERVISOR_TOKEN": "a-token"}
        return self.environ | token


def _mount(*words: str | Path) -> None:
    subprocess.run(["mount", *words], check=True)


def mounted(image: Image, scratch: Path, options: str) -> None:
    """Lay out the tree as an engine does. Only in a mount namespace of its own."""
    root = image.root
    for name in ("proc", "dev", "tmp", "data"):
        (root / name).mkdir(exist_ok=True)
    hosts = scratch / "hosts"
    hosts.write_text(f"127.0.0.1 localhost supervisor {socket.gethostname()}\n")
    (root / "etc/hosts").touch()
    _mount("--bind", root, root)
    _mount("--bind", hosts, root / "etc/hosts")
    _mount("-o", "remount,ro,bind", root)
    _mount("-t", "tmpfs", "tmpfs", root / "tmp")
    _mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", root / "dev")
    for device in DEVICES:
        (root / "dev" / device).touch()
        _mount("--bind", f"/dev/{device}", root / "dev" / device)
    owner = "uid={},gid={},".format(*image.user.split(":")) if image.user else ""
    _mount("-t", "tmpfs", "-o", f"{owner}mode=755", "tmpfs", root / "data")
    if options:
        (root / "data/options.json").write_text(options)
        (root / "data/options.json").chmod(0o600)


def loopback_up() -> None:
    """A new network namespace has it, but down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh22x", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP


@contextmanager
def running(image: Image, log: Path) -> Iterator[int]:
    """The number of the program's process; it is killed if it does not end before."""
    outer = image.started(log)
    try:
        until = time.monotonic() + START_SECONDS
        while not image.runs(*image.health):
            assert outer.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.2)
        children = Path(f"/proc/{outer.pid}/task/{outer.pid}/children")
        yield int(children.read_text().split()[0])
        assert outer.wait(STOP_SECONDS) == 0, log.read_text()
    finally:
        outer.kill()
        outer.wait()


def stopped(pid: int) -> str:
    """How long it took to end when told to."""
    began = time.monotonic()
    os.kill(pid, signal.SIGTERM)
    while Path(f"/proc/{pid}/status").exists():
        assert time.monotonic() - began < STOP_SECONDS, "it does not end"
        time.sleep(0.02)
    return f"{time.monotonic() - began:.1f} s after SIGTERM"


def confinement(pid: int) -> str:
    """Whose it is, with no capability left and none to come."""
    status = dict(re.findall(r"^(\w+):\s+(.*)$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE))
    assert set(status["Uid"].split()) == {"10300"}, status["Uid"]
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0
    assert status["NoNewPrivs"] == "1"
    return "user 10300, no capability"


def read_only(image: Image, pid: int) -> str:
    """That nothing can be written but what may be."""
    mounts = [line.split() for line in Path(f"/proc/{pid}/mounts").read_text().splitlines()]
    (options,) = [options for _, place, _, options, *_ in mounts if place == "/"]
    assert "ro" in options.split(","), options
    assert not image.runs("touch", "/opt/wyoming-azure-realtime/a-file")
    assert image.runs("touch", "/tmp/a-file")
    return "the root file system is read-only"


def licences(image: Image) -> str:
    """The texts that it owes."""
    there = {path.name for path in (image.root / "usr/share/doc/wyoming-azure-realtime").iterdir()}
    package = (image.root / "opt").glob("*/lib/*/site-packages/wyoming_azure_realtime-*/licenses/*")
    there |= {path.name for path in package}
    assert there >= set(LICENCES), there
    return ", ".join(LICENCES)


def leftovers(image: Image) -> str:
    """Nothing of the building, nothing of this machine."""
    places = [image.root / place for place in ("usr/bin", "usr/local/bin")]
    places += (image.root / "opt").glob("*/bin")
    found = [path for place in places for path in place.iterdir() if UNWANTED.fullmatch(path.name)]
    found += (image.root / "opt").glob("*/lib/*/site-packages/pip*")
    found += (image.root / path for path in ("etc/pip.conf", "root/.cache") if (image.root / path).exists())
    assert not found, found
    return "no compiler, no pip"


def size(image: Image) -> str:
    """What is added to the base, and the whole with the base that it will have."""
    paths = [image.root / "opt", image.root / "usr/share/doc/wyoming-azure-realtime"]
    command = ["du", "--summarize", "--block-size=1", "--total", *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    added = int(done.stdout.splitlines()[-1].split()[0]) / 1e6
    assert added + SLIM < LARGEST, added
    return f"{added:.0f} MB, about {added + SLIM:.0f} MB with its base"


def page() -> str:
    """The add-on's page as the Supervisor asks for it."""
    with urllib.request.urlopen("http://127.0.0.1:8099/", timeout=10) as answer:
        assert b"<td>embedded</td>" in answer.read()
    return "served"


def checks(image: Image, pid: int, told: list[Any]) -> Iterator[tuple[str, Callable[[], str]]]:
    """Everything in order; the last one ends it."""
    yield "stock client", lambda: f"it speaks, and heard {asyncio.run(use(URI))!r}"
    yield "health", lambda: "asked inside: well" if image.runs(*image.health) else ""
    yield "confinement", lambda: confinement(pid)
    yield "file system", lambda: read_only(image, pid)
    yield "licences", lambda: licences(image)
    yield "leftovers", lambda: leftovers(image)
    yield "size", lambda: size(image)
    if not image.user:
        yield "page", page
        yield "discovery", lambda: f"the Supervisor was told of {told[0]['config']['uri']}" if told else ""
    yield "end", lambda: stopped(pid)


def inside(folder: Path, options: str) -> None:
    """Everything, in namespaces that are ours."""
    image = Image(folder)
    loopback_up()
    with TemporaryDirectory() as scratch, tiny_supervisor() as told:
        mounted(image, Path(scratch), options)
        with running(image, Path(scratch, "log")) as pid:
            for name, check in checks(image, pid, told):
                found = check()
                assert found, f"{name}: failed\n{Path(scratch, 'log').read_text()}"
                print(f"{name:<14}{found}", flush=True)


def options_in(path: Path | None) -> str:
    """An options.json's text."""
    if path is None:
        return ""
    text = path.read_text()
    return json.dumps(yaml.safe_load(text)["options"]) if path.suffix == ".yaml" else text


def run(folder: Path, options: Path | None = None) -> str:
    """What was found. Raises CalledProcessError when something is not as it should be."""
    own = ["unshare", "--mount", "--net", "--propagation", "private"]
    again = [sys.executable, "-m", __spec__.name, str(folder), "--inside"]
    given = ["--options", str(options)] if options else []
    done = subprocess.run([*own, *again, *given], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--options", type=Path)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside:
        inside(given.folder.resolve(), options_in(given.options))
    else:
        print(run(given.folder, given.options), end="")


if __name__ == "__main__":
    main()
