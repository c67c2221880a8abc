import argparse

import pytest
from msgspec.structs import fields

from wyoming_azure_realtime.commands import backend
from wyoming_azure_realtime.emulator.faults import Faults, RefusedUpgrade, WrongWords
from wyoming_azure_realtime.emulator.models import ServerOptions
from wyoming_azure_realtime.errors import SettingsError


def options(*arguments: str) -> ServerOptions:
    parser = argparse.ArgumentParser()
    backend.add_backend_arguments(parser)
    return backend.server_options(vars(parser.parse_args(arguments)))


def test_without_flags_it_is_as_the_server_is_by_default() -> None:
    assert options() == ServerOptions()


def test_options_of_the_server_are_flags() -> None:
    given = options(
        "--port", "8123", "--key", "k", "--transcription-sockets", "false", "--send-seconds", "1.5"
    )
    assert given == ServerOptions(port=8123, key="k", transcription_sockets=False, send_seconds=1.5)


def test_every_fault_is_a_flag() -> None:
    parser = argparse.ArgumentParser()
    backend.add_backend_arguments(parser)
    for fault in fields(Faults):
        assert f"--{fault.name.replace('_', '-')} " in parser.format_usage() + " "


def test_faults_take_details_or_none_and_latencies_a_number() -> None:
    given = options("--transcript-ms", "300", "--refused-upgrade", "status=429,times=1", "--wrong-words")
    assert given.faults == Faults(
        transcript_ms=300, refused_upgrade=RefusedUpgrade(status=429, times=1), wrong_words=WrongWords()
    )


def test_deployments_have_models() -> None:
    given = options("--deployment", "voice=gpt-realtime", "--deployment", "ears=whisper-1")
    assert given.deployments.models == {"voice": "gpt-realtime", "ears": "whisper-1"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("--port", "many"),
        ("--transcription-sockets", "perhaps"),
        ("--deployment", "voice"),
        ("--deployment", "=whisper-1"),
        ("--refused-upgrade", "status=often"),
        ("--refused-upgrade", "mood=bad"),
    ],
)
def test_what_makes_no_sense_is_a_settings_error(arguments: tuple[str, ...]) -> None:
    with pytest.raises(SettingsError):
        options(*arguments)
