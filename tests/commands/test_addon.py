import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from wyoming_azure_realtime.privileges import become_unprivileged

SCRIPT = """
import os, sys
from pathlib import Path
from wyoming_azure_realtime.privileges import become_unprivileged
folder = Path(sys.argv[1]) / "data" / "cache"
assert become_unprivileged(10300, folder)
assert os.getresuid() == os.getresgid() == (10300,) * 3 and os.getgroups() == []
(folder / "file").write_text("mine")
try:
    os.setuid(0)
except PermissionError:
    print("for good")
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give it up")
def test_root_gives_itself_up_for_good_with_a_folder_of_its_own() -> None:
    with tempfile.TemporaryDirectory() as name:  # not pytest's, which other users may not enter
        Path(name).chmod(0o755)
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, name], capture_output=True, text=True, check=False
        )
        assert (done.stdout, done.stderr) == ("for good\n", "")
        assert (Path(name) / "data" / "cache" / "file").stat().st_uid == 10300


@pytest.mark.skipif(os.geteuid() == 0, reason="for those who are not root")
def test_who_is_not_root_stays_who_it_is(tmp_path: Path) -> None:
    assert not become_unprivileged(10300, tmp_path / "cache")
    assert (tmp_path / "cache").is_dir()
