"""Runs the systemd unit under systemd itself, booted in a container of its own, and uses what it starts.

    mmdebstrap --variant=minbase --include=systemd-sysv,dbus,python3-venv,ca-certificates bookworm BASE
    python -m tests.long.unit_use BASE WHEEL FOLDER

FOLDER is where BASE is copied to and the wheel installed as the unit's comment says. Needs root and
systemd-nspawn (Debian: systemd-container). Once with a key, as the unit is shipped, and once as the demo.
"""

import argparse
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.long.image_steps import lent

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "config" / "wyoming-azure-realtime.service"
NAME = UNIT.stem
PROGRAM = "/opt/wyoming-azure-realtime/bin/wyoming-azure-realtime"
CLIENT = f"cd / && {PROGRAM.rpartition('/')[0]}/python -m tests.support.stock_client tcp://127.0.0.1:10300"
KEY = "a-key-for-the-unit"
ENVIRON = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"]
# what the unit says to remove where there is no key
WITH_KEY = re.compile(r"^(LoadCredential|Environment=AZURE_OPENAI_KEY_FILE)=.*\n", re.MULTILINE)


def install(base: Path, wheel: Path, root: Path, unit: Path) -> None:
    """The program, the unit and its key, where the unit's comment says."""
    subprocess.run(["cp", "--archive", "--reflink=auto", base, root], check=True)
    shutil.copy(wheel, root / "tmp")
    venv = PROGRAM.removesuffix(f"/bin/{NAME}")
    pip = f"python3 -m venv {venv} && {venv}/bin/pip install --quiet '/tmp/{wheel.name}[local]'"
    with lent(root):
        subprocess.run(["chroot", root, *ENVIRON, "sh", "-c", pip], check=True)
    (root / "tests/support").mkdir(parents=True)
    shutil.copy(ROOT / "tests/support/stock_client.py", root / "tests/support")
    (root / "etc/wyoming-azure-realtime").mkdir()
    (root / "etc/wyoming-azure-realtime/key").write_text(KEY)
    (root / "etc/wyoming-azure-realtime/key").chmod(0o600)
    (root / "etc/wyoming-azure-realtime/environment").write_text(
        "AZURE_OPENAI_ENDPOINT=http://127.0.0.1:8080\n"
    )
    shutil.copy(unit, root / "etc/systemd/system" / UNIT.name)


class Machine:
    """A system that has been booted."""

    def __init__(self, leader: int) -> None:
        self.enter = ["nsenter", f"--target={leader}", "--all", "--root", "--wd", *ENVIRON]

    def run(self, *words: str) -> str:
        """What a command prints in there. Raises CalledProcessError."""
        done = subprocess.run([*self.enter, *words], stdout=subprocess.PIPE, text=True, check=True)
        return done.stdout.strip()

    def shown(self, what: str) -> str:
        """One of the unit's properties."""
        return self.run("systemctl", "show", NAME, f"--property={what}", "--value")


@contextmanager
def booted(root: Path) -> Iterator[Machine]:
    """It, with systemd as process 1 and without a network."""
    flags = ["--quiet", "--register=no", "--keep-unit", "--private-network", "--console=pipe"]
    silent = subprocess.DEVNULL
    command = ["systemd-nspawn", *flags, f"--directory={root}", "--boot"]
    process = subprocess.Popen(command, stdin=silent, stdout=silent, stderr=silent)
    try:
        time.sleep(5)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        machine = Machine(int(children[0]))
        subprocess.run([*machine.enter, "systemctl", "is-system-running", "--wait"], check=False)
        yield machine
    finally:
        process.terminate()
        process.wait(60)


def used(machine: Machine) -> str:
    """What the stock client heard, whose the program was, and how it ended."""
    since = machine.run("date", "+%Y-%m-%d %H:%M:%S")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "start", NAME)
    heard = machine.run("sh", "-c", f"until {PROGRAM} check 2> /dev/null; do sleep 0.2; done; {CLIENT}")
    status = machine.run("cat", f"/proc/{machine.shown('MainPID')}/status")
    assert re.search(r"^CapEff:\s+0+$", status, re.MULTILINE)
    assert re.search(r"^Seccomp:\s+2$", status, re.MULTILINE)
    assert not re.search(r"^Uid:\s+0\b", status, re.MULTILINE)
    machine.run("systemctl", "stop", NAME)
    assert (machine.shown("Result"), machine.shown("ExecMainStatus")) == ("success", "0")
    log = machine.run("journalctl", "--no-pager", f"--unit={NAME}", f"--since={since}")
    assert not re.search(r" (WARNING|ERROR) |Traceback", log), log
    return f"{heard}; nobody's, filtered; ended in order"


def without_key(root: Path) -> None:
    """As the unit's comment says for the embedded demo."""
    unit = root / "etc/systemd/system" / UNIT.name
    unit.write_text(WITH_KEY.sub("", unit.read_text()))
    (root / "etc/wyoming-azure-realtime/environment").unlink()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("base", "wheel", "folder"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--unit", type=Path, default=UNIT)
    given = parser.parse_args()
    install(given.base, given.wheel, given.folder, given.unit)
    with booted(given.folder) as machine:
        backend = ["systemd-run", "--quiet", "--unit=backend", PROGRAM, "backend"]
        machine.run(*backend, "--port=8080", f"--key={KEY}")
        print("with a key:", used(machine), flush=True)
        without_key(given.folder)
        print("embedded:", used(machine), flush=True)


if __name__ == "__main__":
    main()
