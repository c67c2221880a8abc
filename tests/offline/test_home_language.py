"""What people say to a home, counted."""

import math
import os
import shutil
import time
from pathlib import Path

import pytest

from wyoming_azure_realtime.offline import home_language as module
from wyoming_azure_realtime.offline.home_language import HomeLanguage, examples, home_language
from wyoming_azure_realtime.offline.language_model import TrigramModel
from wyoming_azure_realtime.offline.sentences import SLOT

SENTENCES = [
    text.split()
    for text in ("turn on the light", "turn on the fan", "turn off the light", "stop", "turn on the light")
]


@pytest.fixture(autouse=True)
def few_sentences(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SENTENCES", 400)
    monkeypatch.setattr(module, "_SLOT_SENTENCES", 100)


def test_it_counts_as_the_other_language_model_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_OTHER_SHARE", 0.0001)
    dictionary, language = TrigramModel(SENTENCES), HomeLanguage.of(SENTENCES)
    for sentence in (*SENTENCES, ["turn", "off", "the", "fan"], ["light", "the", "stop"]):
        marked = ("<s>", *sentence, "</s>")
        grams = [marked[max(0, place - 2) : place + 1] for place in range(1, len(marked))]
        expected = sum(math.log(dictionary.probability(gram)) for gram in grams)
        assert language.log_probability(sentence) == pytest.approx(expected, abs=0.05)


def test_a_command_is_likelier_than_what_sounds_like_it() -> None:
    language, _ = home_language(())
    assert said(language, "turn on the lights") > said(language, "turn on the lice")
    assert said(language, f"turn on the {SLOT}") > said(language, "turn on the zorbin lamp")


def test_what_is_no_command_loses_no_more_than_so_much_for_each_word() -> None:
    language = HomeLanguage.of(SENTENCES)
    words = ["colourless", "green", "ideas", "sleep"]
    assert language.log_probability(words * 2) == pytest.approx(2 * language.log_probability(words), rel=0.2)
    assert language.log_probability([]) < 0


def test_it_is_made_once_for_each_home_and_then_loaded(tmp_path: Path) -> None:
    made, was_made = home_language(("Luna",), tmp_path)
    loaded, again = home_language(("Luna",), tmp_path)
    assert (was_made, again) == (True, False)
    assert home_language((), tmp_path)[1]
    assert loaded.examples == made.examples
    assert (
        said(loaded, "turn on luna")
        == said(made, "turn on luna")
        > said(home_language((), tmp_path)[0], "turn on luna")
    )


def test_a_damaged_one_is_made_again_and_few_are_kept(tmp_path: Path) -> None:
    home_language((), tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:1000])
    assert home_language((), tmp_path)[1]
    for age in range(5):
        older = shutil.copy(file, tmp_path / f"words-{age}.npz")
        os.utime(older, (time.time() - 100 * (age + 1),) * 2)
    home_language(("Luna",), tmp_path)
    kept = {path.name for path in tmp_path.iterdir()}
    assert kept > {file.name, "words-0.npz"}
    assert len(kept) == 4
    assert not home_language(("Luna",), tmp_path)[1]


def test_where_it_cannot_be_kept_it_is_made_each_time(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert home_language((), tmp_path / "file")[1]
    assert home_language((), tmp_path / "file")[1]


def test_examples_are_short_telling_and_different() -> None:
    chosen = examples([*SENTENCES * 3, ["turn", "on", SLOT], ["word"] * 30], 3)
    assert chosen[-1] == "turn on the light"
    assert len(set(chosen)) == 3
    assert not any(SLOT in text or "word" in text for text in chosen)


def said(language: HomeLanguage, text: str) -> float:
    return language.log_probability(text.split())
