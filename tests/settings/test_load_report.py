from pathlib import Path

from tests.support.settings_sources import AZURE, from_yaml, loaded
from wyoming_azure_realtime.settings.declaration import values
from wyoming_azure_realtime.settings.load import report


def test_it_says_which_backend_is_used() -> None:
    assert report(loaded()).startswith("Backend in use: embedded\n")
    assert report(loaded(AZURE)).startswith("Backend in use: azure\n")


def test_every_setting_has_a_line_with_value_and_source(tmp_path: Path) -> None:
    result = from_yaml(tmp_path, "speech:\n  speed: 1.25", {**AZURE, "DEBUG": "yes"}, voice="echo")
    lines = [line.split() for line in report(result).splitlines()[3:]]
    assert [line[0] for line in lines] == [key for key, _ in values(result.settings)]
    shown = {line[0]: (line[1], " ".join(line[2:])) for line in lines}
    assert shown["speech.voice"] == ("echo", "command line --voice")
    assert shown["speech.speed"] == ("1.25", f"file {tmp_path}/settings.yaml:2")
    assert shown["log.debug"] == ("true", "environment WYOMING_AZURE_REALTIME_DEBUG")
    assert shown["recognition.max_seconds"] == ("60", "default")
    assert shown["pool.max_lifetime"] == ("3300", "default")
    assert shown["recognition.prompt"] == ('""', "default")


def test_secrets_are_masked_and_absent_ones_are_seen_to_be_absent() -> None:
    text = report(loaded({**AZURE, "AZURE_OPENAI_KEY": "hunter2", "HTTP_TOKEN": ""}))
    assert "hunter2" not in text
    shown = {line.split()[0]: line.split()[1] for line in text.splitlines() if "." in line}
    assert shown["targets[0].key"] == "***"
    assert shown["http.token"] == '""'


def test_columns_are_aligned() -> None:
    head, *rows = report(loaded()).splitlines()[2:]
    at = head.index("VALUE")
    assert all(row[at - 1] == " " != row[at] for row in rows)


def test_control_characters_are_shown_and_not_obeyed() -> None:
    text = report(loaded({"RECOGNITION_PROMPT": "a\nb\x1b[2J"}))
    assert "\x1b" not in text
    assert r'"a\nb\u001b[2J"' in text
