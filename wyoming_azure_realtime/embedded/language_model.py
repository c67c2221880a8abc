"""The recogniser's language model of a home, built once and kept in a cache folder.

The cache has one folder per model, named after a hash of everything that goes into it. Folders are built
aside and renamed into place, so processes may build at the same time; what is damaged is built anew.
"""

import contextlib
import dataclasses
import hashlib
import importlib.metadata
import itertools
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from wyoming_azure_realtime.embedded import home_templates, ngram, pronunciation, sentences, templates
from wyoming_azure_realtime.embedded.ngram import TrigramModel
from wyoming_azure_realtime.embedded.pronunciation import Pronunciations, pronounce
from wyoming_azure_realtime.embedded.sentences import SLOT, HomeVocabulary

SENTENCES = 60_000
# so many more with a name that is told later: enough to be expected wherever a name can stand
_SLOT_SENTENCES = 12_000

_INGREDIENTS = ("home-assistant-intents", "hassil", "pocketsphinx", "espeakng-loader")
_GENERATORS = (home_templates, templates, sentences, ngram, pronunciation)
_ARPA, _DICTIONARY, _SUMMARY = "home.arpa", "home.dict", "summary.json"
_BUILDING = ".building-"
_MODELS_KEPT = 4
_ABANDONED_AFTER = 3600.0


@dataclass(frozen=True)
class LanguageModel:
    """Two files for the decoder. `unsayable`: words of the home's names that nobody knows how to say."""

    arpa: Path
    dictionary: Path
    unsayable: tuple[str, ...]
    built: bool


class _Summary(msgspec.Struct, frozen=True):
    checksums: dict[str, str]
    unsayable: tuple[str, ...]


@contextlib.contextmanager
def language_model(home: HomeVocabulary, phones: Path, cache: Path | None = None) -> Iterator[LanguageModel]:
    """Have the model's files while they are loaded. `phones`: the pronouncing dictionary to look words up in.

    Where the cache cannot be written the model is built in a temporary folder, each time.
    """
    folder = (cache or default_cache()) / _key(home)
    if (found := _load(folder)) is not None:
        yield found
        return
    with contextlib.ExitStack() as stack:
        try:
            built = _build_into_cache(home, phones, folder)
        except OSError:
            temporary = stack.enter_context(tempfile.TemporaryDirectory(prefix="home-model-"))
            built = _build(home, phones, Path(temporary))
        yield built


def default_cache() -> Path:
    """Return the user's cache folder for language models, by the XDG base directory specification."""
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not base.is_absolute():
        base = Path("~/.cache").expanduser()
    return base / "wyoming-azure-realtime" / "language-models"


def _key(home: HomeVocabulary) -> str:
    digest = hashlib.sha256(msgspec.json.encode([home.names, home.areas, SENTENCES, _SLOT_SENTENCES]))
    for name in _INGREDIENTS:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            digest.update(f"{name}={importlib.metadata.version(name)}\n".encode())
    for module in _GENERATORS:
        digest.update(Path(str(module.__file__)).read_bytes())
    return digest.hexdigest()[:24]


def _build_into_cache(home: HomeVocabulary, phones: Path, folder: Path) -> LanguageModel:
    folder.parent.mkdir(parents=True, exist_ok=True)
    _tidy(folder.parent)
    aside = Path(tempfile.mkdtemp(prefix=_BUILDING, dir=folder.parent))
    try:
        _build(home, phones, aside)
        # what is in the way is damaged, or another process has just finished it
        if _load(folder) is None:
            shutil.rmtree(folder, ignore_errors=True)
            with contextlib.suppress(OSError):
                aside.rename(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    if (model := _load(folder)) is None:
        raise OSError(f"{folder} cannot be written")
    return dataclasses.replace(model, built=True)


def _build(home: HomeVocabulary, phones: Path, folder: Path) -> LanguageModel:
    drawn = [*sentences.sentences(home, SENTENCES), *sentences.slot_sentences(_SLOT_SENTENCES)]
    vocabulary = set(itertools.chain.from_iterable(drawn)) - {SLOT}
    sounds = pronounce(vocabulary, phones)
    known = {*sounds, SLOT}
    sayable = (sentence for sentence in drawn if known.issuperset(sentence))
    contents = {
        _ARPA: "\n".join(TrigramModel(sayable).arpa()).encode(),
        _DICTIONARY: "\n".join(_dictionary(sounds)).encode(),
    }
    summary = _Summary(
        checksums={name: _checksum(content) for name, content in contents.items()},
        unsayable=tuple(sorted(vocabulary - sounds.keys())),
    )
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    (folder / _SUMMARY).write_bytes(msgspec.json.encode(summary))
    return _model(folder, summary)


def _dictionary(sounds: Pronunciations) -> Iterator[str]:
    for word, ways in sorted(sounds.items()):
        for number, phones in enumerate(ways, start=1):
            yield f"{word if number == 1 else f'{word}({number})'} {phones}"


def _load(folder: Path) -> LanguageModel | None:
    """Return the model in `folder`, None when there is none or it is not what was written."""
    try:
        summary = msgspec.json.decode((folder / _SUMMARY).read_bytes(), type=_Summary)
        found = {name: _checksum((folder / name).read_bytes()) for name in (_ARPA, _DICTIONARY)}
    except (OSError, msgspec.MsgspecError):
        return None
    if found != summary.checksums:
        return None
    with contextlib.suppress(OSError):
        # tells the models in use from those to be thrown away
        os.utime(folder)
    return _model(folder, summary)


def _model(folder: Path, summary: _Summary) -> LanguageModel:
    return LanguageModel(folder / _ARPA, folder / _DICTIONARY, summary.unsayable, built=False)


def _checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _tidy(cache: Path) -> None:
    """Remove models long unused, and what interrupted builds left behind."""
    used = sorted(cache.iterdir(), key=lambda folder: folder.stat().st_mtime, reverse=True)
    models = [folder for folder in used if not folder.name.startswith(_BUILDING)]
    abandoned = time.time() - _ABANDONED_AFTER
    leftovers = [f for f in used if f not in models and f.stat().st_mtime < abandoned]
    for folder in [*models[_MODELS_KEPT - 1 :], *leftovers]:
        shutil.rmtree(folder, ignore_errors=True)
