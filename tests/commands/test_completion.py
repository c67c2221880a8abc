"""The completion, in the shells that it is for."""

import shutil
import subprocess
from pathlib import Path

import pytest

from wyoming_azure_realtime.cli import COMMANDS, main

_CALL = """
COMP_WORDS=({words})
COMP_CWORD={place}
_wyoming_azure_realtime
echo "${{COMPREPLY[@]}}"
"""
_SHELLS = {"bash": ["bash", "--norc"], "zsh": ["zsh", "-f"]}


def completed(shell: str, folder: Path, script: str, *words: str) -> set[str]:
    """What the shell offers for the last of the words behind the program's name."""
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    call = _CALL.format(
        words=" ".join(f"'{word}'" for word in ("wyoming-azure-realtime", *words)), place=len(words)
    )
    emulate = "emulate -L sh\n" if shell == "zsh" else ""
    (folder / "script").write_text(f"{script}\nrun() {{\n{emulate}{call}\n}}\nrun\n")
    environ = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(folder), "TERM": "dumb"}
    done = subprocess.run(
        [*_SHELLS[shell], str(folder / "script")],
        capture_output=True,
        text=True,
        check=True,
        env=environ,
        timeout=60,
    )
    assert done.stderr == ""
    # zsh leaves it to what calls the function to look at the beginning
    return {one for one in done.stdout.split() if one.startswith(words[-1])}


@pytest.mark.parametrize("shell", _SHELLS)
def test_commands_options_and_choices_are_completed(
    shell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert completed(shell, tmp_path, script, "") == set(COMMANDS)
    assert completed(shell, tmp_path, script, "s") == {name for name in COMMANDS if name[0] == "s"}
    assert {"--output", "--voice", "--uri"} <= completed(shell, tmp_path, script, "speak", "--")
    assert completed(shell, tmp_path, script, "speak", "hi", "--v") == {"--voice"}
    assert {"--zeroconf", "--config"} <= completed(shell, tmp_path, script, "--")
    assert completed(shell, tmp_path, script, "backend", "--engines", "") == {"local", "sink"}
    assert completed(shell, tmp_path, script, "completion", "z") == {"zsh"}
    assert completed(shell, tmp_path, script, "transcribe", "x") == set()  # files, by the shell itself


def test_another_shell_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "fish"]) == 2
    assert "choose from" in capsys.readouterr().err
