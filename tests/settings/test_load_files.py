import os

import pytest

from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.settings.load import MAX_BYTES, read_text


def read(path) -> str:
    return read_text(str(path), origin="--config")


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path):
    (tmp_path / "x").write_bytes(b"\xef\xbb\xbfa: \xc3\xbc")
    assert read(tmp_path / "x") == "a: ü"


def test_the_largest_file_is_read_and_one_byte_more_is_refused(tmp_path):
    (tmp_path / "x").write_bytes(b"x" * MAX_BYTES)
    assert len(read(tmp_path / "x")) == MAX_BYTES
    (tmp_path / "x").write_bytes(b"x" * (MAX_BYTES + 1))
    with pytest.raises(SettingsError, match="larger"):
        read(tmp_path / "x")


def test_a_missing_file_is_named_together_with_what_named_it(tmp_path):
    with pytest.raises(SettingsError, match=r"nowhere.*--config.*No such file"):
        read(tmp_path / "nowhere")


def test_what_is_no_regular_file_is_refused_without_waiting_for_it(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, "/dev/zero"):
        with pytest.raises(SettingsError, match="regular"):
            read(path)


def test_other_encodings_are_refused(tmp_path):
    (tmp_path / "x").write_bytes("a: ü".encode("latin-1"))
    with pytest.raises(SettingsError, match="UTF-8"):
        read(tmp_path / "x")


@pytest.mark.parametrize("name", ["a\0b", "\udcff", "x" * 5000])
def test_a_name_that_no_file_can_have_is_a_settings_error(name):
    with pytest.raises(SettingsError):
        read(name)
