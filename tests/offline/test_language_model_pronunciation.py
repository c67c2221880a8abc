from pathlib import Path

import pytest

from wyoming_azure_realtime.offline.language_model import pronounce, sound_out

# the phones of pocketsphinx's American English model
PHONES = {
    *("AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW"),
    *("B", "CH", "D", "DH", "F", "G", "HH", "JH", "K", "L", "M", "N", "NG", "P", "R", "S", "SH", "T", "TH"),
    *("V", "W", "Y", "Z", "ZH"),
}


@pytest.fixture
def dictionary(tmp_path: Path) -> Path:
    path = tmp_path / "words.dict"
    path.write_text(
        "lamp L AE M P\nread R EH D\nread(2) R IY D\ntelevision T EH L\ntv T IY V IY\ntv(2) T EH L\nlamps L\n"
    )
    return path


def test_words_of_the_dictionary_have_all_its_pronunciations(dictionary: Path) -> None:
    assert pronounce({"lamp", "read"}, dictionary) == {"lamp": ["L AE M P"], "read": ["R EH D", "R IY D"]}


def test_a_pronunciation_that_is_rather_another_words_is_dropped(dictionary: Path) -> None:
    assert pronounce({"tv", "television"}, dictionary) == {"tv": ["T IY V IY"], "television": ["T EH L"]}
    assert pronounce({"tv"}, dictionary) == {"tv": ["T IY V IY", "T EH L"]}


def test_other_words_are_sounded_out(dictionary: Path) -> None:
    assert pronounce({"ecobee"}, dictionary) == {"ecobee": ["EH K OW B IY"]}


@pytest.mark.parametrize(
    ("word", "phones"),
    [
        ("unpause", "AH N P AO Z"),
        ("zigbee", "Z IH G B IY"),
        ("roomba", "R UW M B AH"),
        ("jukebox", "JH UW K B AA K S"),
    ],
)
def test_sounding_out_is_close_to_what_a_dictionary_would_say(word: str, phones: str) -> None:
    assert sound_out(word) == phones


@pytest.mark.parametrize("word", ["wohnzimmer", "küche", "café", "xylophone", "o'brien", "nguyen", "rhythm"])
def test_any_latin_word_sounds_in_the_models_phones(word: str) -> None:
    phones = sound_out(word).split()
    assert len(phones) >= 2
    assert set(phones) <= PHONES


def test_words_in_other_scripts_are_left_out(dictionary: Path) -> None:
    japanese = "\N{CJK UNIFIED IDEOGRAPH-65E5}\N{CJK UNIFIED IDEOGRAPH-672C}"
    assert pronounce({japanese, "lamp"}, dictionary).keys() == {"lamp"}
