"""How names sound."""

from pathlib import Path

import pytest

from wyoming_azure_realtime.offline import decoder as name_sounds
from wyoming_azure_realtime.offline.decoder import NameSounds


@pytest.fixture
def dictionary(tmp_path: Path) -> Path:
    path = tmp_path / "some.dict"
    path.write_text("a AH\na(2) EY\nlamp L AE M P\nrouter R UW T ER\nrouter(2) R AW T ER\n")
    return path


def test_a_name_is_its_words_in_each_way_of_saying_them(dictionary: Path) -> None:
    assert NameSounds(dictionary).ways(("A router", "Lamp")) == [
        ("A router", "AH R UW T ER"),
        ("A router", "AH R AW T ER"),
        ("A router", "EY R UW T ER"),
        ("A router", "EY R AW T ER"),
        ("Lamp", "L AE M P"),
    ]


def test_a_new_word_is_sounded_out(dictionary: Path) -> None:
    assert NameSounds(dictionary).ways(("Zorbin lamp",)) == [("Zorbin lamp", "Z AO R B IH N L AE M P")]


@pytest.mark.parametrize("name", ["", "!", "\u0434\u043e\u043c lamp"])
def test_what_nobody_can_say_is_left_out(dictionary: Path, name: str) -> None:
    assert NameSounds(dictionary).ways((name, "lamp")) == [("lamp", "L AE M P")]


def test_known_words_are_not_looked_up_again_and_few_are_kept(
    dictionary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(name_sounds, "WORDS_KEPT", 2)
    sounds = NameSounds(dictionary)
    sounds.ways(("a", "lamp"))
    dictionary.write_text("router Z\n")
    assert sounds.ways(("lamp",)) == [("lamp", "L AE M P")]
    assert sounds.ways(("router",)) == [("router", "Z")]
    assert sounds.ways(("lamp",)) == [("lamp", "L AE M P")]
    assert sounds.ways(("a",)) != [("a", "AH"), ("a", "EY")]
