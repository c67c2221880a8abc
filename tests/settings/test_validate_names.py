from pathlib import Path

import pytest

from tests.support.settings_sources import complaint, from_yaml, loaded
from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.settings.model import ModelFacts

LISTS = pytest.mark.parametrize(
    ("variable", "key"),
    [("EMBEDDED_NAMES", r"embedded\.names"), ("RECOGNITION_NAMES", r"recognition\.names")],
)


@LISTS
@pytest.mark.parametrize("names", ["42", "x" * 61, "a\tb"])
def test_names_of_the_home_are_words(variable: str, key: str, names: str) -> None:
    with pytest.raises(SettingsError, match=f"{key} is a list with"):
        loaded({variable: names})


@LISTS
def test_there_are_not_endlessly_many_names(variable: str, key: str) -> None:
    with pytest.raises(SettingsError, match=f"{key} is a list of 1001 .*at most 1000"):
        loaded({variable: ",".join(["x"] * 1001)})


def test_names_are_given_in_their_order() -> None:
    assert loaded({"RECOGNITION_NAMES": "Luna, Büro,Sol"}).settings.recognition.names == (
        "Luna",
        "Büro",
        "Sol",
    )


def test_a_model_is_described_by_what_differs(tmp_path: Path) -> None:
    text = (
        "recognition: {models: {gpt-next: {keywords: true, partials: while_speaking, retires: 2028-12-31}}}"
    )
    models = from_yaml(tmp_path, text).settings.recognition.models
    assert models == {"gpt-next": ModelFacts(keywords=True, partials="while_speaking", retires="2028-12-31")}


@pytest.mark.parametrize(
    ("models", "message"),
    [
        ("{two words: {}}", r"recognition\.models is given a model named 'two words'"),
        ("{gpt-next: {retires: soon}}", r"recognition\.models\.gpt-next\.retires is 'soon'.*2028-12-31"),
        ("{gpt-next: {retires: 20281231}}", r"retires is '20281231'"),
        ("{gpt-next: {hints: all}}", r"Unknown key 'recognition\.models\.gpt-next\.hints'.*keywords"),
        ("{gpt-next: {partials: often}}", r"partials is 'often'.*while_speaking"),
        ("{gpt-next: yes}", r"recognition\.models\.gpt-next is a single text"),
    ],
)
def test_a_description_of_a_model_that_makes_no_sense_is_refused(
    tmp_path: Path, models: str, message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        from_yaml(tmp_path, f"recognition: {{models: {models}}}")


def test_there_are_not_endlessly_many_models(tmp_path: Path) -> None:
    many = ", ".join(f"m{number}: {{}}" for number in range(101))
    with pytest.raises(SettingsError, match=r"recognition\.models is a mapping of 101"):
        from_yaml(tmp_path, f"recognition: {{models: {{{many}}}}}")


@pytest.mark.parametrize(
    "url",
    ["http://homeassistant.local:8123", "https://home.example/prefix/", "http://supervisor/core/websocket"],
)
def test_home_assistant_is_anywhere(url: str) -> None:
    assert loaded({"HOME_ASSISTANT_URL": url}).settings.home_assistant.url == url


@pytest.mark.parametrize(
    "url",
    [
        "homeassistant.local:8123",
        "ws://homeassistant.local:8123",
        "http://",
        "http://me:hunter2@homeassistant.local",
        "http://homeassistant.local/?token=hunter2",
        "http://homeassistant.local/#hunter2",
        "http://home assistant.local",
        "http://home:99999",
    ],
)
def test_what_can_be_no_home_assistant_is_refused_and_not_repeated(url: str) -> None:
    message = complaint(lambda: loaded({"HOME_ASSISTANT_URL": url}))
    assert message.startswith("home_assistant.url is ")
    assert "HOME_ASSISTANT_URL" in message
    assert "hunter2" not in message


def test_a_token_is_one_word_and_is_not_shown() -> None:
    message = complaint(lambda: loaded({"HOME_ASSISTANT_TOKEN": "two words"}))
    assert message.startswith("home_assistant.token is a text that is no token")
    assert "two words" not in message


def test_a_token_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("hunter2\n")
    found = loaded({"HOME_ASSISTANT_TOKEN_FILE": str(tmp_path / "token")})
    assert found.settings.home_assistant.token.reveal() == "hunter2"
    assert "hunter2" not in repr(found.settings)
