"""`speak` and `transcribe` against a real Wyoming server in this process."""

import asyncio
import io
import sys
from pathlib import Path

import pytest

from tests.support.wyoming_peer import wyoming_door
from wyoming_azure_realtime.audio.pcm import MAX_WAV_BYTES, AudioFormat, read_wav, write_wav
from wyoming_azure_realtime.cli import main

SPOKEN = AudioFormat(24000, 2, 1)
RECORDING = write_wav(AudioFormat(16000, 2, 1), b"\x01\x10" * 16000)


async def run(*arguments: str) -> int:
    """The exit code of a command, in a thread of its own beside the server."""
    async with asyncio.timeout(30):
        return await asyncio.to_thread(main, arguments)


@pytest.fixture
def stdin(monkeypatch):
    """Puts bytes on standard input."""

    def put(data: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    return put


def wav(path: Path) -> str:
    file = path / "said.wav"
    file.write_bytes(RECORDING)
    return str(file)


async def test_a_text_is_spoken_into_a_file(tmp_path):
    out = tmp_path / "hello.wav"
    async with wyoming_door() as door:
        assert await run("speak", "Hello.", "-o", str(out), "--uri", door.uri, "--voice", "echo") == 0
        await door.outcomes()
        assert door.behind.turns[0].voice == "echo"
    fmt, pcm = read_wav(out.read_bytes())
    assert fmt == SPOKEN
    assert len(pcm) > 0


async def test_a_text_from_standard_input_is_spoken_to_standard_output(capsysbinary, stdin):
    stdin("Grüß Gott.\n".encode())
    async with wyoming_door() as door:
        assert await run("speak", "-", "-o", "-", "--uri", door.uri) == 0
    fmt, pcm = read_wav(capsysbinary.readouterr().out)
    assert fmt == SPOKEN
    assert len(pcm) > 0


async def test_a_file_is_transcribed(tmp_path, capsys):
    async with wyoming_door() as door:
        assert await run("transcribe", wav(tmp_path), "--uri", door.uri, "--language", "de") == 0
        await door.outcomes()
        assert door.behind.turns[0].language == "de"
    assert capsys.readouterr().out == "turn on the kitchen lights\n"


async def test_standard_input_is_transcribed(capsys, stdin):
    stdin(RECORDING)
    async with wyoming_door() as door:
        assert await run("transcribe", "-", "--uri", door.uri) == 0
    assert capsys.readouterr().out == "turn on the kitchen lights\n"


async def test_what_the_server_refuses_is_told_in_one_line(tmp_path, capsys):
    out = tmp_path / "hello.wav"
    async with wyoming_door() as door:
        assert await run("speak", "Hello.", "-o", str(out), "--uri", door.uri, "--voice", "wendy") == 2
    err = capsys.readouterr().err
    assert "wendy" in err
    assert len(err.splitlines()) == 1
    assert not out.exists()


async def test_a_file_that_cannot_be_written_is_told_in_one_line(tmp_path, capsys):
    out = str(tmp_path / "nowhere" / "hello.wav")
    async with wyoming_door() as door:
        assert await run("speak", "Hello.", "-o", out, "--uri", door.uri) == 2
    assert capsys.readouterr().err == f"'{out}' cannot be written: No such file or directory.\n"


class TestWithoutServer:
    NOWHERE = ("--uri", "tcp://127.0.0.1:9")

    @pytest.mark.parametrize("uri", ["tcp://127.0.0.1:9", "unix:///nowhere.sock"])
    async def test_a_server_that_is_not_there_is_told_in_one_line(self, tmp_path, capsys, uri):
        for command in (("speak", "hi", "-o", str(tmp_path / "x.wav")), ("transcribe", wav(tmp_path))):
            assert await run(*command, "--uri", uri) == 2
            out, err = capsys.readouterr()
            assert f"No Wyoming server listens on {uri}" in err
            assert len(err.splitlines()) == 1
            assert out == ""
        assert not (tmp_path / "x.wav").exists()

    @pytest.mark.parametrize("uri", ["nonsense", "stdio://", "http://127.0.0.1:9"])
    async def test_an_address_that_is_none_is_told_in_one_line(self, tmp_path, capsys, uri):
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
        self, tmp_path, capsys, content, told
    ):
        file = tmp_path / "x.wav"
        if content is not None:
            file.write_bytes(content)
        assert await run("transcribe", str(file), *self.NOWHERE) == 2
        err = capsys.readouterr().err
        assert told in err
        assert len(err.splitlines()) == 1

    async def test_a_directory_is_no_file(self, tmp_path, capsys):
        assert await run("transcribe", str(tmp_path), *self.NOWHERE) == 2
        assert "it is a directory" in capsys.readouterr().err

    async def test_input_has_an_end(self, capsys):
        assert await run("transcribe", "/dev/zero", *self.NOWHERE) == 2
        assert f"more than {MAX_WAV_BYTES} bytes" in capsys.readouterr().err

    async def test_text_that_is_none_is_refused(self, capsys, stdin):
        stdin(b"\xff\xfe")
        assert await run("speak", "-", "-o", "-", *self.NOWHERE) == 2
        assert await run("speak", "\udcff", "-o", "-", *self.NOWHERE) == 2
        assert capsys.readouterr().err == "The text is not UTF-8.\n" * 2
