"""`speak` and `transcribe` against a real Wyoming server in this process."""

import asyncio
import io
import math
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.wyoming_events import vowel
from tests.support.wyoming_peer import wyoming_door
from wyoming_azure_realtime.audio.pcm import MAX_WAV_BYTES, AudioFormat, read_wav, write_wav
from wyoming_azure_realtime.cli import main
from wyoming_azure_realtime.commands import players

SPOKEN = AudioFormat(24000, 2, 1)
RECORDING = write_wav(AudioFormat(16000, 2, 1), vowel(1000))


async def run(*arguments: str) -> int:
    """The exit code of a command, in a thread of its own beside the server."""
    async with asyncio.timeout(30):
        return await asyncio.to_thread(main, arguments)


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """Puts bytes on standard input."""

    def put(data: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    return put


def wav(path: Path) -> str:
    file = path / "said.wav"
    file.write_bytes(RECORDING)
    return str(file)


async def test_a_text_is_spoken_into_a_file(tmp_path: Path) -> None:
    out = tmp_path / "hello.wav"
    async with wyoming_door() as door:
        assert await run("speak", "Hello.", "-o", str(out), "--uri", door.uri, "--voice", "echo") == 0
        await door.outcomes()
        assert door.behind.turns[0].voice == "echo"
    fmt, pcm = read_wav(out.read_bytes())
    assert fmt == SPOKEN
    assert len(pcm) > 0


async def test_a_text_from_standard_input_is_spoken_to_standard_output(
    capsysbinary: pytest.CaptureFixture[bytes], stdin: Callable[[bytes], None]
) -> None:
    stdin("Grüß Gott.\n".encode())
    async with wyoming_door() as door:
        assert await run("speak", "-", "-o", "-", "--uri", door.uri) == 0
    fmt, pcm = read_wav(capsysbinary.readouterr().out)
    assert fmt == SPOKEN
    assert len(pcm) > 0


async def test_a_file_is_transcribed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with wyoming_door() as door:
        assert await run("transcribe", wav(tmp_path), "--uri", door.uri, "--language", "de") == 0
        await door.outcomes()
        assert door.behind.turns[0].language == "de"
    assert capsys.readouterr().out == "turn on the kitchen lights\n"


async def test_a_file_of_floating_point_is_transcribed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "float.wav"
    frames = struct.pack("<8000f", *(0.3 * math.sin(at * at / 900) for at in range(8000)))
    file.write_bytes(write_wav(AudioFormat(8000, 4, 1, "float"), frames))
    async with wyoming_door() as door:
        assert await run("transcribe", str(file), "--uri", door.uri) == 0
        await door.outcomes()
        assert door.behind.turns[0].audio_seconds == pytest.approx(1, abs=0.001)
    assert capsys.readouterr().out == "turn on the kitchen lights\n"


async def test_standard_input_is_transcribed(
    capsys: pytest.CaptureFixture[str], stdin: Callable[[bytes], None]
) -> None:
    stdin(RECORDING)
    async with wyoming_door() as door:
        assert await run("transcribe", "-", "--uri", door.uri) == 0
    assert capsys.readouterr().out == "turn on the kitchen lights\n"


async def test_what_the_server_refuses_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "hello.wav"
    async with wyoming_door() as door:
        assert await run("speak", "Hello.", "-o", str(out), "--uri", door.uri, "--voice", "wendy") == 2
    err = capsys.readouterr().err
    assert "wendy" in err
    assert len(err.splitlines()) == 1
    assert not out.exists()


async def test_a_file_that_cannot_be_written_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "nowhere" / "hello.wav")
    async with wyoming_door() as door:
        assert await run("speak", "Hello.", "-o", out, "--uri", door.uri) == 2
    assert capsys.readouterr().err == f"'{out}' cannot be written: No such file or directory.\n"


class TestWithoutServer:
    NOWHERE = ("--uri", "tcp://127.0.0.1:9")

    @pytest.mark.parametrize("uri", ["tcp://127.0.0.1:9", "unix:///nowhere.sock"])
    async def test_a_server_that_is_not_there_is_told_in_one_line(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], uri: str
    ) -> None:
        for command in (("speak", "hi", "-o", str(tmp_path / "x.wav")), ("transcribe", wav(tmp_path))):
            assert await run(*command, "--uri", uri) == 2
            out, err = capsys.readouterr()
            assert f"No Wyoming server listens on {uri}" in err
            assert len(err.splitlines()) == 1
            assert out == ""
        assert not (tmp_path / "x.wav").exists()

    @pytest.mark.parametrize("uri", ["nonsense", "stdio://", "http://127.0.0.1:9"])
    async def test_an_address_that_is_none_is_told_in_one_line(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], uri: str
    ) -> None:
        assert await run("speak", "hi", "-o", str(tmp_path / "x.wav"), "--uri", uri) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1

    @pytest.mark.parametrize(
        ("content", "told"),
        [
            (None, "cannot be read: No such file or directory."),
            (b"", "This is not a WAV file"),
            (b"RIFF", "This is not a WAV file"),
            (b"ID3" + bytes(100), "This is not a WAV file"),
        ],
    )
    async def test_a_file_that_is_missing_or_no_wav_is_told_before_anyone_is_asked(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, told: str
    ) -> None:
        file = tmp_path / "x.wav"
        if content is not None:
            file.write_bytes(content)
        assert await run("transcribe", str(file), *self.NOWHERE) == 2
        err = capsys.readouterr().err
        assert told in err
        assert len(err.splitlines()) == 1

    async def test_a_directory_is_no_file(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert await run("transcribe", str(tmp_path), *self.NOWHERE) == 2
        assert "it is a directory" in capsys.readouterr().err

    async def test_input_has_an_end(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert await run("transcribe", "/dev/zero", *self.NOWHERE) == 2
        assert f"more than {MAX_WAV_BYTES} bytes" in capsys.readouterr().err

    async def test_text_that_is_none_is_refused(
        self, capsys: pytest.CaptureFixture[str], stdin: Callable[[bytes], None]
    ) -> None:
        for data, told in (
            (b"\xfc", "The text is not UTF-8 (byte 0).\n"),
            ("Hi".encode("utf-16"), "The text is UTF-16: save it as UTF-8.\n"),
        ):
            stdin(data)
            assert await run("speak", "-", "-o", "-", *self.NOWHERE) == 2
            assert capsys.readouterr().err == told
        assert await run("speak", "\udcff", "-o", "-", *self.NOWHERE) == 2
        assert capsys.readouterr().err == "The text is not UTF-8.\n"

    @pytest.mark.parametrize(
        ("name", "converts"),
        [
            ("my song.mp3", "ffmpeg -i '{0}/my song.mp3' -ac 1 -ar 24000 -c:a pcm_s16le '{0}/my song.wav'"),
            ("said.wav", "ffmpeg -i {0}/said.wav -ac 1 -ar 24000 -c:a pcm_s16le {0}/said-converted.wav"),
        ],
    )
    @pytest.mark.parametrize(
        "data", [b"ID3\x04\0\0\0\0\x02\x01" + bytes(9000), b"nothing that is known here"]
    )
    async def test_a_file_of_another_kind_is_told_the_line_that_converts_it(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, converts: str, data: bytes
    ) -> None:
        (tmp_path / name).write_bytes(data)
        assert await run("transcribe", str(tmp_path / name), *self.NOWHERE) == 2
        err = capsys.readouterr().err
        assert converts.format(tmp_path) in err
        assert ("MP3" in err) == (data[:3] == b"ID3")


class TestPlaying:
    """`speak` without a file."""

    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """The only folder in which programs are looked for."""
        monkeypatch.setenv("PATH", str(tmp_path))
        return tmp_path

    @staticmethod
    def install(folder: Path, name: str, script: str) -> None:
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)

    async def test_it_is_played_by_the_first_player_that_can(self, folder: Path) -> None:
        self.install(folder, "paplay", "exit 1")  # no sound server runs
        self.install(folder, "aplay", f'/bin/cp "$2" {folder}/heard; echo "$1" > {folder}/option')
        self.install(folder, "ffplay", f"/bin/touch {folder}/not-needed")
        async with wyoming_door() as door:
            assert await run("speak", "Hello.", "--uri", door.uri) == 0
        assert read_wav((folder / "heard").read_bytes())[0] == SPOKEN
        assert (folder / "option").read_text() == "-q\n"
        assert not (folder / "not-needed").exists()

    async def test_nothing_is_asked_of_the_server_where_there_is_no_player(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        async with wyoming_door() as door:
            assert await run("speak", "Hello.", "--uri", door.uri) == 2
            assert not door.behind.turns
        err = capsys.readouterr().err
        assert "such as -o hello.wav" in err
        assert "aplay" in err

    async def test_players_that_cannot_are_named(
        self, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.install(folder, "aplay", "exit 1")
        async with wyoming_door() as door:
            assert await run("speak", "Hello.", "--uri", door.uri) == 2
        assert capsys.readouterr().err == "The sound could not be played (aplay). Name a file with -o.\n"

    @pytest.mark.parametrize(
        ("started", "uri", "line"),
        [
            (
                ".venv/bin/wyoming-azure-realtime",
                "",
                '.venv/bin/wyoming-azure-realtime speak "Hello" -o hello.wav',
            ),
            ("/no/where", "tcp://h:1", 'wyoming-azure-realtime speak --uri tcp://h:1 "Hello" -o hello.wav'),
            (
                "/x y/__main__.py",
                "",
                f'{sys.executable} -m wyoming_azure_realtime speak "Hello" -o hello.wav',
            ),
        ],
    )
    def test_what_is_to_be_typed_is_what_can_be_typed(
        self, monkeypatch: pytest.MonkeyPatch, started: str, uri: str, line: str
    ) -> None:
        monkeypatch.setattr(sys, "argv", [started])
        monkeypatch.setattr(players, "_CONTAINERS", ())
        assert players.speak_command(uri) == line

    def test_where_it_is_found_the_name_will_do_and_a_player_needs_no_file(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.install(folder, "wyoming-azure-realtime", "")
        self.install(folder, "aplay", "")
        monkeypatch.setattr(players, "_CONTAINERS", ())
        monkeypatch.setattr(sys, "argv", [str(folder / "wyoming-azure-realtime")])
        assert players.speak_command("") == 'wyoming-azure-realtime speak "Hello"'

    def test_in_a_container_it_is_said_how_to_get_into_it(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.install(folder, "wyoming-azure-realtime", "")
        monkeypatch.setattr(players, "_CONTAINERS", (str(folder),))
        monkeypatch.setattr(sys, "argv", [str(folder / "wyoming-azure-realtime")])
        told = players.speak_command("")
        assert told == 'docker exec CONTAINER wyoming-azure-realtime speak "Hello" -o - > hello.wav'

    def test_who_works_in_a_container_types_there_what_was_typed_before(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(players, "_CONTAINERS", (str(folder),))
        monkeypatch.setattr(sys, "argv", [".venv/bin/wyoming-azure-realtime"])
        told = players.speak_command("")
        assert told == '.venv/bin/wyoming-azure-realtime speak "Hello" -o hello.wav'
