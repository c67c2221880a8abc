import os
import shutil
import threading
import time
from pathlib import Path

import pytest

from wyoming_azure_realtime.offline import language_model as module
from wyoming_azure_realtime.offline.language_model import default_cache, language_model
from wyoming_azure_realtime.offline.sentences import SLOT

# an empty one: every word is sounded out
DICTIONARY = Path(os.devnull)
NAMES = ("Zigbee Lamp", "\N{CJK UNIFIED IDEOGRAPH-65E5}")


@pytest.fixture(autouse=True)
def few_sentences(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SENTENCES", 500)
    monkeypatch.setattr(module, "_SLOT_SENTENCES", 200)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with the model of HOME, to be copied."""
    cache = tmp_path_factory.mktemp("built")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "SENTENCES", 500)
        patch.setattr(module, "_SLOT_SENTENCES", 200)
        contents(cache)
    return cache


@pytest.fixture
def cache(built: Path, tmp_path: Path) -> Path:
    return shutil.copytree(built, tmp_path / "cache")


def contents(cache: Path, names: tuple[str, ...] = NAMES) -> tuple[bytes, bytes, bool]:
    with language_model(names, DICTIONARY, cache) as model:
        return model.arpa.read_bytes(), model.dictionary.read_bytes(), model.built


def folders(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir())


def test_it_is_built_once_and_then_loaded(tmp_path: Path) -> None:
    *built, was_built = contents(tmp_path)
    *loaded, again = contents(tmp_path)
    assert (was_built, again) == (True, False)
    assert built == loaded
    assert len(folders(tmp_path)) == 1


def test_the_same_home_gives_the_same_files(cache: Path, tmp_path: Path) -> None:
    assert contents(cache)[:2] == contents(tmp_path / "again")[:2]


def test_every_word_of_the_model_is_in_the_dictionary(cache: Path) -> None:
    arpa, dictionary, _ = contents(cache)
    unigrams = arpa.decode().split("\\1-grams:\n")[1].split("\n\n")[0].splitlines()
    words = {line.split("\t")[1] for line in unigrams} - {"<s>", "</s>", SLOT}
    assert words <= {line.split(" ")[0] for line in dictionary.decode().splitlines()}
    assert {"zigbee", "lamp"} <= words


def test_names_nobody_can_say_are_reported_and_left_out(cache: Path) -> None:
    with language_model(NAMES, DICTIONARY, cache) as model:
        assert model.unsayable == ("\N{CJK UNIFIED IDEOGRAPH-65E5}",)


def test_another_home_has_another_model(cache: Path) -> None:
    assert contents(cache, ())[2]
    assert len(folders(cache)) == 2


@pytest.mark.parametrize(
    ("file", "damage"),
    [("home.arpa", b""), ("home.dict", None), ("summary.json", b"\xff\x00"), ("summary.json", b"{}")],
)
def test_a_damaged_model_is_built_anew(cache: Path, file: str, damage: bytes | None) -> None:
    *sound, _ = contents(cache)
    (path,) = cache.glob(f"*/{file}")
    path.unlink() if damage is None else path.write_bytes(damage)
    *mended, was_built = contents(cache)
    assert was_built
    assert mended == sound
    assert not contents(cache)[2]


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    occupied = tmp_path / "file"
    occupied.write_text("not a folder")
    with language_model(NAMES, DICTIONARY, occupied) as model:
        arpa, dictionary = model.arpa, model.dictionary
        assert arpa.exists()
        assert dictionary.exists()
    assert not arpa.parent.exists()
    assert occupied.read_text() == "not a folder"


def test_two_may_build_at_the_same_time(tmp_path: Path) -> None:
    found: list[tuple[bytes, bytes, bool]] = []
    threads = [threading.Thread(target=lambda: found.append(contents(tmp_path))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(found) == 2
    assert len({arpa for arpa, _, _ in found}) == 1
    assert len(folders(tmp_path)) == 1


def test_old_models_and_interrupted_builds_are_cleared_away(cache: Path) -> None:
    (model,) = cache.iterdir()
    for age in range(1, 7):
        copy = cache / f"{age:024x}"
        shutil.copytree(model, copy)
        os.utime(copy, (time.time() - 100 * age,) * 2)
    for name, age in ((".building-old", 7200), (".building-new", 60)):
        (cache / name).mkdir()
        os.utime(cache / name, (time.time() - age,) * 2)
    (cache / "voices").mkdir()
    contents(cache, ())
    left = folders(cache)
    assert ".building-new" in left
    assert ".building-old" not in left
    assert model.name in left
    assert "voices" in left
    assert len([name for name in left if not name.startswith(".")]) == 4 + 1


def test_the_default_cache_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache() == tmp_path / "wyoming-azure-realtime" / "language-models"
    monkeypatch.setenv("XDG_CACHE_HOME", "not/absolute")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert default_cache().is_relative_to(tmp_path / "home" / ".cache")
