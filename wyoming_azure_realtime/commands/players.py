"""Playing sound by a program of this machine, and the commands that people are told to type."""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from wyoming_azure_realtime.audio.pcm import AudioFormat, duration_ms, write_wav
from wyoming_azure_realtime.errors import InvalidRequest

PROGRAM = "wyoming-azure-realtime"

_PLAYERS: dict[str, tuple[str, ...]] = {
    "pw-play": (),
    "paplay": (),
    "aplay": ("-q",),
    "afplay": (),
    "ffplay": ("-nodisp", "-autoexit", "-loglevel", "error"),
}
"""Each with what goes between it and the file's name; sound servers first, since they know where to."""

_SECONDS_BESIDE = 10.0
"""For which a player may take longer than the sound."""

_CONTAINERS = ("/.dockerenv", "/run/.containerenv")


def players() -> list[Sequence[str]]:
    """The commands that may play a file on this machine, the preferred first."""
    found = ((shutil.which(name), options) for name, options in _PLAYERS.items())
    return [(path, *options) for path, options in found if path]


def play(fmt: AudioFormat, pcm: bytes, commands: Sequence[Sequence[str]]) -> None:
    """Play it with the first of the commands that can. Raises InvalidRequest if none can."""
    within = duration_ms(len(pcm), fmt) / 1000 + _SECONDS_BESIDE
    with tempfile.TemporaryDirectory(prefix="speak-") as folder:
        file = Path(folder, "speech.wav")
        file.write_bytes(write_wav(fmt, pcm))
        if any(_plays([*command, str(file)], within) for command in commands):
            return
    names = ", ".join(Path(command[0]).name for command in commands)
    raise InvalidRequest(f"The sound could not be played ({names}).", advice="Name a file with -o.")


def no_player() -> InvalidRequest:
    """What is said where nothing can be played."""
    known = ", ".join(_PLAYERS)
    return InvalidRequest(
        "No program that plays sound is installed.",
        advice=f"Name a file, such as -o hello.wav, or install one of {known}.",
    )


def _plays(command: Sequence[str], within: float) -> bool:
    """Whether it ended well, in time."""
    quiet = subprocess.DEVNULL
    try:
        # a list of our own making, without a shell
        ended = subprocess.run(  # noqa: S603
            command, stdin=quiet, stdout=quiet, stderr=quiet, timeout=within, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return ended.returncode == 0


def speak_command(uri: str) -> str:
    """The line that lets a server speak once, as it is typed on this machine. `uri`: empty for the usual."""
    where = f" --uri {uri}" if uri else ""
    # in a container somebody types in a shell of their own as well, as it was started there
    if any(map(os.path.exists, _CONTAINERS)) and _typed() == PROGRAM:
        return f'docker exec CONTAINER {PROGRAM} speak{where} "Hello" -o - > hello.wav'
    file = "" if players() else " -o hello.wav"
    return f'{_typed()} speak{where} "Hello"{file}'


def _typed() -> str:
    """How this program was started: by its name where that is found, else by its path or by Python."""
    started = sys.argv[0]
    if Path(started).name == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m wyoming_azure_realtime"
    found = shutil.which(PROGRAM)
    if Path(started).name != PROGRAM or (found and Path(found).resolve() == Path(started).resolve()):
        return PROGRAM
    return shlex.quote(started)
