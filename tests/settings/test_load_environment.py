from pathlib import Path

import pytest

from tests.support.settings_sources import AZURE, loaded
from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.settings.declaration import values
from wyoming_azure_realtime.settings.load import variables
from wyoming_azure_realtime.settings.model import Secret, Settings, Target


def test_a_variable_sets_its_setting_and_is_remembered_as_its_source() -> None:
    result = loaded({"RECOGNITION_MAX_SECONDS": "90"})
    assert result.settings.recognition.max_seconds == 90
    expected = "environment WYOMING_AZURE_REALTIME_RECOGNITION_MAX_SECONDS"
    assert result.sources["recognition.max_seconds"] == expected


def test_the_short_names_mean_the_same_as_the_long_ones() -> None:
    short = {"LANGUAGE": "en-GB", "VOICE": "echo", "HTTP": "off", "DEBUG": "1", "URI": "stdio://"}
    long = {
        "RECOGNITION_LANGUAGE": "en-GB",
        "SPEECH_VOICE": "echo",
        "HTTP_LISTEN": "off",
        "LOG_DEBUG": "1",
        "LISTENERS": "stdio://",
    }
    assert loaded(short).settings == loaded(long).settings != Settings()


def test_lists_and_pairs_are_separated_by_commas() -> None:
    settings = loaded(
        {"EMBEDDED_NAMES": "Luna, Sol,", "SPEECH_SUBSTITUTES": "nova=marin, wendy = sage"}
    ).settings
    assert settings.embedded.names == ("Luna", "Sol")
    assert settings.speech.substitutes == {"fable": "ballad", "nova": "marin", "onyx": "ash", "wendy": "sage"}


def test_an_empty_variable_counts_as_unset() -> None:
    assert loaded(dict.fromkeys((*AZURE, "VOICE", "USE_REALTIME_API"), "")).uses == "embedded"


@pytest.mark.parametrize("name", ["RECOGNITION_MAX_SECS", "AZURE_OPENAI_KEY", "recognition_max_seconds", ""])
def test_an_unknown_name_of_ours_is_an_error(name: str) -> None:
    with pytest.raises(SettingsError, match=r"Unknown key 'WYOMING_AZURE_REALTIME_"):
        loaded({f"WYOMING_AZURE_REALTIME_{name}": "x"} if name.startswith("AZURE") else {name: "x"})


def test_a_misspelt_name_brings_the_one_that_was_meant() -> None:
    with pytest.raises(SettingsError, match="Did you mean WYOMING_AZURE_REALTIME_RECOGNITION_MAX_SECONDS"):
        loaded({"RECOGNITION_MAX_SECS": "1"})


@pytest.mark.parametrize(
    "name",
    [
        "SERVICE_HOST",
        "SERVICE_PORT",
        "SERVICE_PORT_WYOMING",
        "PORT",
        "PORT_10300_TCP",
        "PORT_10300_TCP_PROTO",
        "PORT_10300_TCP_PORT",
        "PORT_10300_TCP_ADDR",
    ],
)
def test_what_kubernetes_injects_for_a_service_of_this_name_is_no_setting(name: str) -> None:
    assert loaded({name: "tcp://10.0.0.1:10300"}).settings == Settings()


def test_names_of_others_are_not_looked_at() -> None:
    assert loaded({"AZURE_OPENAI_SOMETHING": "x", "USE_SOMETHING": "x"}).settings == Settings()


def test_every_secret_can_come_from_a_file() -> None:
    found = [key for key, value in values(Settings(targets=(Target(),))) if isinstance(value, Secret)]
    assert set(found) == {
        "targets[0].key",
        "redis_password",
        "http.token",
        "home_assistant.token",
        "conversation.token",
    }
    assert {name for name in variables() if name.endswith("_FILE")} == {
        "AZURE_OPENAI_KEY_FILE",
        "AZURE_OPENAI_API_KEY_FILE",
        "WYOMING_AZURE_REALTIME_TARGET_KEY_FILE",
        "WYOMING_AZURE_REALTIME_REDIS_PASSWORD_FILE",
        "WYOMING_AZURE_REALTIME_HTTP_TOKEN_FILE",
        "WYOMING_AZURE_REALTIME_HOME_ASSISTANT_TOKEN_FILE",
        "WYOMING_AZURE_REALTIME_CONVERSATION_TOKEN_FILE",
    }


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_the_newline_at_the_end_of_a_secrets_file_is_no_part_of_it(tmp_path: Path, end: str) -> None:
    (tmp_path / "key").write_bytes(f"a key{end}".encode())
    environ = {**AZURE, "AZURE_OPENAI_KEY": "", "AZURE_OPENAI_KEY_FILE": str(tmp_path / "key")}
    result = loaded(environ)
    assert result.settings.targets[0].key == Secret("a key")
    assert result.sources["targets[0].key"] == "environment AZURE_OPENAI_KEY_FILE"


def test_a_secret_and_its_file_together_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="AZURE_OPENAI_KEY and AZURE_OPENAI_KEY_FILE are both set"):
        loaded({**AZURE, "AZURE_OPENAI_KEY_FILE": str(tmp_path / "key")})


def test_a_secrets_file_that_cannot_be_read_is_named_with_its_variable(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere.*HTTP_TOKEN_FILE.*No such file"):
        loaded({"HTTP_TOKEN_FILE": str(tmp_path / "nowhere")})


def test_an_empty_secrets_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("\n")
    with pytest.raises(SettingsError, match=r"HTTP_TOKEN_FILE.*empty"):
        loaded({"HTTP_TOKEN_FILE": str(tmp_path / "key")})


def test_only_secrets_have_files() -> None:
    with pytest.raises(SettingsError, match="Unknown key"):
        loaded({"VOICE_FILE": "/x"})


def test_our_own_name_wins_over_the_general_one() -> None:
    environ = {**AZURE, "AZURE_OPENAI_API_KEY": "second", "TARGET_ENDPOINT": "https://mine.example"}
    target = loaded(environ).settings.targets[0]
    assert (target.endpoint, target.key) == ("https://mine.example", Secret("a-key"))


def test_azure_openai_api_key_is_another_name_for_the_key() -> None:
    target = loaded({**AZURE, "AZURE_OPENAI_KEY": "", "AZURE_OPENAI_API_KEY": "second"}).settings.targets[0]
    assert target.key == Secret("second")
