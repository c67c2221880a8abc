import os
import subprocess
import sys
from collections.abc import Callable
from typing import Never

import pytest

from tests.support.program import clean_environment
from wyoming_azure_realtime._version import __version__
from wyoming_azure_realtime.cli import COMMANDS, main
from wyoming_azure_realtime.commands import server
from wyoming_azure_realtime.errors import (
    AddressInUse,
    BackendTimeout,
    ConnectFailed,
    SettingsError,
    TranscriptionFailed,
    UnknownVoice,
)
from wyoming_azure_realtime.settings.model import all_options


@pytest.fixture(autouse=True)
def nothing_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in set(os.environ) - set(clean_environment({})):
        monkeypatch.delenv(name)


def test_version_and_help_are_printed_without_loading_what_a_server_needs() -> None:
    program = (
        "import sys; from wyoming_azure_realtime.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: print(sorted({'asyncio', 'numpy', 'websockets', 'yaml'} & set(sys.modules)))"
    )
    for arguments, text in (
        (["--version"], __version__),
        (["--help"], "--uri"),
        (["speak", "--help"], "--voice"),
    ):
        out = subprocess.run(
            [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True
        ).stdout
        assert text in out
        assert out.splitlines()[-1] == "[]"


def test_the_module_runs_like_the_program() -> None:
    command = [sys.executable, "-m", "wyoming_azure_realtime", "--version"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == __version__


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert f"usage: wyoming-azure-realtime {command}" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["serve"], ["settings"]])
def test_every_option_of_the_table_is_a_flag(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([*arguments, "--help"])
    out = capsys.readouterr().out
    assert all(option.flag in out for option in all_options())
    assert "--no-zeroconf" in out


def test_help_without_a_command_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    out = capsys.readouterr().out
    assert all(f"  {command} " in out for command in COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["dance"], "unrecognized arguments: dance"),
        (["--nonsense"], "unrecognized arguments: --nonsense"),
        (["--uri"], "argument --uri: expected one argument"),
        (["--ur", "x"], "unrecognized arguments: --ur x"),
        (["--zeroconf", "--no-zeroconf"], "not allowed with argument"),
        (["--uri", "http://x"], "listeners[0].uri is 'http://x'"),
        (["--config", "/nowhere.yaml"], "No such file"),
        (["settings", "--backend", "cloud"], "Allowed: auto, azure or embedded"),
        (["settings", "--language", "\udcff"], "recognition.language is not text"),
        (["speak", "-o", "x.wav"], "the following arguments are required: TEXT"),
        (["transcribe"], "the following arguments are required: FILE"),
        (["backend", "--port", "x"], "--port is 'x'"),
        (["backend", "--transcript-ms", "x"], "No such fault"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert told in err
    assert len(err.splitlines()) == 1
    assert out == ""


def test_the_settings_are_printed_with_what_flags_say(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["settings", "--voice", "echo", "--no-zeroconf", "--uri", "stdio://", "--debug"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if "  " in line]
    lines = {key: rest for key, *rest in rows}
    assert lines["speech.voice"] == ["echo", "command", "line", "--voice"]
    assert lines["zeroconf.enabled"] == ["false", "command", "line", "--zeroconf"]
    assert lines["listeners[0].uri"] == ["stdio://", "command", "line", "--uri"]
    assert lines["log.debug"] == ["true", "command", "line", "--debug"]


def test_the_environment_is_read(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WYOMING_AZURE_REALTIME_VOICE", "sage")
    assert main(["settings"]) == 0
    assert "environment WYOMING_AZURE_REALTIME_VOICE" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SettingsError("It cannot be.", advice="Change it."), 2),
        (AddressInUse("It cannot be.", advice="Change it."), 2),
        (UnknownVoice("It cannot be.", advice="Change it."), 2),
        (ConnectFailed("It cannot be.", advice="Change it."), 2),
        (TranscriptionFailed("It cannot be.", advice="Change it."), 1),
        (BackendTimeout("It cannot be.", advice="Change it."), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_how_a_command_ends_is_told_by_the_exit_code(
    error: BaseException, code: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # the only way to have every error at will
    monkeypatch.setattr(server, "run_settings", _raising(error))
    assert main(["settings"]) == code
    assert capsys.readouterr().err == ("" if code == 130 else "It cannot be. Change it.\n")


def test_what_nobody_expected_is_exit_code_1_and_reported_with_its_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(server, "run_settings", _raising(ZeroDivisionError("a bug")))
    assert main(["settings"]) == 1
    assert "ZeroDivisionError: a bug" in caplog.text
    assert capsys.readouterr().out == ""


def test_a_reader_that_goes_away_is_no_reason_for_a_traceback() -> None:
    command = f"{sys.executable} -m wyoming_azure_realtime settings --uri stdio://"
    shell = subprocess.run(
        ["sh", "-c", f"({command}; echo code $? >&2) | true"],
        capture_output=True,
        text=True,
        check=True,
        env=clean_environment({"PYTHONUNBUFFERED": "1"}),
    )
    assert shell.stderr.splitlines() in (["code 0"], ["code 1"])


def _raising(error: BaseException) -> Callable[[object], Never]:
    def run(args: object) -> Never:
        raise error

    return run
