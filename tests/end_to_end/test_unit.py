"""The systemd unit: what it forbids is nothing that the program needs."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.program import started
from tests.support.stock_client import use
from tests.support.unit_sandbox import supported

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "config" / "wyoming-azure-realtime.service"
DOORS = ("--uri", "tcp://127.0.0.1:0", "--http", "127.0.0.1:0")
WRITABLE_CODE = "import mmap; mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC)"

needs_seccomp = pytest.mark.skipif(not supported(), reason="needs libseccomp and systemd-analyze")


def confined(*command: str) -> list[str]:
    return [sys.executable, "-m", "tests.support.unit_sandbox", str(UNIT), *command]


@needs_seccomp
async def test_under_its_filters_the_program_speaks_hears_and_ends_in_order() -> None:
    program = (sys.executable, "-m", "wyoming_azure_realtime", *DOORS)
    async with started(*confined(*program), cwd=ROOT) as running:
        await use(await running.uri())
        assert await running.stop() == 0
    assert not re.search("Traceback|Operation not permitted", "\n".join(running.log))


@needs_seccomp
@pytest.mark.parametrize("forbidden", [WRITABLE_CODE, "import socket; socket.socket(socket.AF_PACKET)"])
def test_the_filters_do_filter(forbidden: str) -> None:
    done = subprocess.run(
        confined(sys.executable, "-c", forbidden), capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert re.search("PermissionError|Address family not supported", done.stderr)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_understands_all_of_it(tmp_path: Path) -> None:
    text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", UNIT.read_text(), flags=re.MULTILINE)
    (tmp_path / UNIT.name).write_text(text)
    command = ["systemd-analyze", "verify", "--man=no", "--generators=no", str(tmp_path / UNIT.name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
