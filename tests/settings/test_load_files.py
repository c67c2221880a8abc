import os
from pathlib import Path

import pytest

from tests.support.settings_sources import complaint, from_yaml
from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.settings.load import MAX_BYTES, read_text


def read(path: Path | str) -> str:
    return read_text(str(path), origin="--config")


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\xef\xbb\xbfa: \xc3\xbc")
    assert read(tmp_path / "x") == "a: ü"


def test_the_largest_file_is_read_and_one_byte_more_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x" * MAX_BYTES)
    assert len(read(tmp_path / "x")) == MAX_BYTES
    (tmp_path / "x").write_bytes(b"x" * (MAX_BYTES + 1))
    with pytest.raises(SettingsError, match="larger"):
        read(tmp_path / "x")


def test_a_missing_file_is_named_together_with_what_named_it(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere.*--config.*No such file"):
        read(tmp_path / "nowhere")


def test_what_is_no_regular_file_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, "/dev/zero"):
        with pytest.raises(SettingsError, match="regular"):
            read(path)


def test_other_encodings_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes("a: ü".encode("latin-1"))
    with pytest.raises(SettingsError, match="UTF-8"):
        read(tmp_path / "x")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_what_windows_saves_as_unicode_is_named(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "x").write_bytes("a: b".encode(encoding))
    with pytest.raises(SettingsError, match=r"--config.* is UTF-(16|32).*save it as UTF-8"):
        read(tmp_path / "x")


def test_a_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes("log: {debug: true}".encode("utf-8-sig"))
    read(tmp_path / "x")


@pytest.mark.parametrize("name", ["a\0b", "\udcff", "x" * 5000])
def test_a_name_that_no_file_can_have_is_a_settings_error(name: str) -> None:
    with pytest.raises(SettingsError):
        read(name)


class TestSecretsInFilesThatTheSettingsFileNames:
    def test_any_secret_may_be_in_one_beside_it(self, tmp_path: Path) -> None:
        (tmp_path / "key").write_text("the-key\n")
        (tmp_path / "token").write_text("the-token")
        text = (
            "targets: [{endpoint: 'https://home.openai.azure.com', key_file: key}]\n"
            f"http: {{token_file: '{tmp_path / 'token'}'}}\n"
        )
        found = from_yaml(tmp_path, text)
        assert found.settings.targets[0].key.reveal() == "the-key"
        assert found.settings.http.token.reveal() == "the-token"
        file = tmp_path / "settings.yaml"
        assert found.sources["targets[0].key"] == f"file {file}:1, in file {tmp_path / 'key'}"

    def test_a_variable_wins_over_it(self, tmp_path: Path) -> None:
        (tmp_path / "key").write_text("the-key\n")
        text = "targets: [{endpoint: 'https://home.openai.azure.com', key_file: key}]\n"
        found = from_yaml(tmp_path, text, {"AZURE_OPENAI_KEY": "another"})
        assert found.settings.targets[0].key.reveal() == "another"

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("http: {token_file: nowhere}", "cannot be read: No such file or directory."),
            ("http: {token_file: empty}", "is empty."),
            ("http: {token_file: [a]}", "token_file is no name of a file"),
            ("http: {token_file: empty, token: x}", "token and token_file are both given"),
            ("http: {listen_file: empty}", "Unknown key 'http.listen_file'"),
            ("speech: {voice_file: empty}", "Unknown key 'speech.voice_file'"),
        ],
    )
    def test_what_cannot_be_is_told(self, text: str, told: str, tmp_path: Path) -> None:
        (tmp_path / "empty").write_text("\n")
        assert told in complaint(lambda: from_yaml(tmp_path, text))
