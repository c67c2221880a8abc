# ruff: noqa: RUF001 - the symbols of the phonetic alphabet are meant
"""The language model of a home: trigrams and pronunciations for the recognizer, built once and cached.

In: the names of a home, and a pronouncing dictionary. Out: two files, an ARPA model and a dictionary.

The cache has one folder for each model, named after a hash of everything that goes into it; at most four
are kept. A folder is built under another name and then renamed, so that several processes may build at
the same time; a damaged one is built again.
"""

import contextlib
import dataclasses
import hashlib
import importlib.metadata
import itertools
import math
import os
import re
import shutil
import tempfile
import time
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from wyoming_azure_realtime.errors import SpeechServiceError
from wyoming_azure_realtime.offline.espeak import engine
from wyoming_azure_realtime.offline.sentences import SLOT, draw_sentences, draw_slot_sentences

SENTENCES = 60_000
# so many more have the slot for names of a session: enough to expect it wherever a name can stand
_SLOT_SENTENCES = 12_000

_INGREDIENTS = ("home-assistant-intents", "hassil", "pocketsphinx", "espeakng-loader")
# what decides on the contents of a model, beside the versions of the packages above
_GENERATORS = ("language_model.py", "sentences.py", "home.toml")
_ARPA, _DICTIONARY, _SUMMARY = "home.arpa", "home.dict", "summary.json"
_BUILDING, _NAME = ".building-", re.compile("[0-9a-f]{24}")
_MODELS_KEPT = 4
_ABANDONED_AFTER = 3600.0

Pronunciations = dict[str, list[str]]
"""For each word its pronunciations, each a line of phones of the CMU dictionary."""


@dataclass(frozen=True)
class LanguageModel:
    """Two files for the decoder. `unsayable`: words of the home's names without a pronunciation."""

    arpa: Path
    dictionary: Path
    unsayable: tuple[str, ...]
    built: bool


class _Summary(msgspec.Struct, frozen=True):
    checksums: dict[str, str]
    unsayable: tuple[str, ...]


@contextlib.contextmanager
def language_model(
    names: tuple[str, ...], phones: Path, cache: Path | None = None
) -> Iterator[LanguageModel]:
    """Provide the files of a model for a home with these names, while the context lasts.

    `phones`: the pronouncing dictionary. Where the cache cannot be written, the model is built in a temporary
    folder each time.
    """
    key = cache_key((names, SENTENCES, _SLOT_SENTENCES), _INGREDIENTS, _GENERATORS)
    folder = (cache or default_cache()) / key
    if (found := _load(folder)) is not None:
        yield found
        return
    with contextlib.ExitStack() as stack:
        try:
            built = _build_into_cache(names, phones, folder)
        except OSError:
            temporary = stack.enter_context(tempfile.TemporaryDirectory(prefix="home-model-"))
            built = _build(names, phones, Path(temporary))
        yield built


def default_cache() -> Path:
    """Return the user's cache folder for language models, by the XDG base directory specification."""
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not base.is_absolute():
        base = Path("~/.cache").expanduser()
    return base / "wyoming-azure-realtime" / "language-models"


def why_not_kept(folder: Path) -> str:
    """Why nothing can be kept in a cache folder, as a part of a sentence; empty if it can."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except OSError as error:
        return error.strerror or type(error).__name__


def cache_key(made_of: Sequence[object], packages: Iterable[str], files: Iterable[str]) -> str:
    """Return a name for what is made of these values, of packages by version and files beside this one."""
    digest = hashlib.sha256(msgspec.json.encode(made_of))
    for name in packages:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            digest.update(f"{name}={importlib.metadata.version(name)}\n".encode())
    for file in files:
        digest.update(Path(__file__).with_name(file).read_bytes())
    return digest.hexdigest()[:24]


def _build_into_cache(names: tuple[str, ...], phones: Path, folder: Path) -> LanguageModel:
    folder.parent.mkdir(parents=True, exist_ok=True)
    _tidy(folder.parent)
    aside = Path(tempfile.mkdtemp(prefix=_BUILDING, dir=folder.parent))
    try:
        _build(names, phones, aside)
        # an existing folder is damaged, or another process has just finished it
        if _load(folder) is None:
            shutil.rmtree(folder, ignore_errors=True)
            with contextlib.suppress(OSError):
                aside.rename(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    if (model := _load(folder)) is None:
        raise OSError(f"{folder} cannot be written")
    return dataclasses.replace(model, built=True)


def _build(names: tuple[str, ...], phones: Path, folder: Path) -> LanguageModel:
    drawn = [*draw_sentences(names, SENTENCES), *draw_slot_sentences(_SLOT_SENTENCES)]
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
    """Return the model in `folder`; None when there is none, or its checksums are wrong."""
    try:
        summary = msgspec.json.decode((folder / _SUMMARY).read_bytes(), type=_Summary)
        found = {name: _checksum((folder / name).read_bytes()) for name in (_ARPA, _DICTIONARY)}
    except (OSError, msgspec.MsgspecError):
        return None
    if found != summary.checksums:
        return None
    with contextlib.suppress(OSError):
        # the time of last use decides which models are removed
        os.utime(folder)
    return _model(folder, summary)


def _model(folder: Path, summary: _Summary) -> LanguageModel:
    return LanguageModel(folder / _ARPA, folder / _DICTIONARY, summary.unsayable, built=False)


def _checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _tidy(cache: Path) -> None:
    """Remove the models not used for longest, and the folders of interrupted builds."""
    # what else is kept in the cache has other names
    ours = (path for path in cache.iterdir() if path.name.startswith(_BUILDING) or _NAME.fullmatch(path.name))
    used = sorted(ours, key=lambda folder: folder.stat().st_mtime, reverse=True)
    models = [folder for folder in used if not folder.name.startswith(_BUILDING)]
    abandoned = time.time() - _ABANDONED_AFTER
    leftovers = [f for f in used if f not in models and f.stat().st_mtime < abandoned]
    for folder in [*models[_MODELS_KEPT - 1 :], *leftovers]:
        shutil.rmtree(folder, ignore_errors=True)


_START, _END = "<s>", "</s>"
_ORDER = 3
# how ARPA writes that the start of a sentence is never predicted
_NEVER = -99.0

Gram = tuple[str, ...]


class TrigramModel:
    """A trigram model with Witten-Bell smoothing: how probable a word is after the two words before it.

    Witten and Bell (1991): after a history seen n times with t different followers, the share t / (n + t) of
    the probability goes to the distribution of the shorter history.
    """

    def __init__(self, sentences: Iterable[list[str]]) -> None:
        self._counts: list[Counter[Gram]] = [Counter() for _ in range(_ORDER)]
        for sentence in sentences:
            marked = (_START, *sentence, _END)
            for order, counts in enumerate(self._counts, start=1):
                counts.update(zip(*(marked[offset:] for offset in range(order)), strict=False))
        del self._counts[0][(_START,)]
        self._seen: defaultdict[Gram, int] = defaultdict(int)
        self._followers: defaultdict[Gram, int] = defaultdict(int)
        for counts in self._counts:
            for gram, count in counts.items():
                self._seen[gram[:-1]] += count
                self._followers[gram[:-1]] += 1

    def probability(self, gram: Gram) -> float:
        """Probability of the last word of `gram` after the words before it."""
        if not gram:
            return 1 / max(1, len(self._counts[0]))
        history = gram[:-1]
        shorter = self.probability(gram[1:])
        if history not in self._seen:
            return shorter
        seen, followers = self._seen[history], self._followers[history]
        return (self._counts[len(gram) - 1][gram] + followers * shorter) / (seen + followers)

    def arpa(self) -> Iterator[str]:
        """Yield the lines of the model's ARPA file."""
        tables = [sorted(counts) for counts in self._counts]
        tables[0] = sorted([*tables[0], (_START,)])
        yield "\\data\\"
        for order, grams in enumerate(tables, start=1):
            yield f"ngram {order}={len(grams)}"
        for order, grams in enumerate(tables, start=1):
            yield f"\n\\{order}-grams:"
            for gram in grams:
                yield self._line(gram)
        yield "\n\\end\\"

    def _line(self, gram: Gram) -> str:
        logarithm = _NEVER if gram == (_START,) else math.log10(self.probability(gram))
        line = f"{logarithm:.4f}\t{' '.join(gram)}"
        if gram not in self._seen:
            return line
        followers = self._followers[gram]
        return f"{line}\t{math.log10(followers / (self._seen[gram] + followers)):.4f}"


# espeak-ng's IPA for American English; longer symbols before their beginnings
_ARPABET = {
    "tʃ": "CH",
    "dʒ": "JH",
    "aɪ": "AY",
    "aʊ": "AW",
    "eɪ": "EY",
    "oʊ": "OW",
    "ɔɪ": "OY",
    "n̩": "AH N",
    "əl": "AH L",
    "oː": "AO",
    "a": "AA",
    "ɑ": "AA",
    "ɒ": "AA",
    "æ": "AE",
    "ʌ": "AH",
    "ə": "AH",
    "ɐ": "AH",
    "ɔ": "AO",
    "o": "OW",
    "e": "EY",
    "ɛ": "EH",
    "ɜ": "ER",
    "ɚ": "ER",
    "ɝ": "ER",
    "i": "IY",
    "ɪ": "IH",
    "ᵻ": "IH",
    "u": "UW",
    "ʊ": "UH",
    "y": "Y UW",
    "b": "B",
    "d": "D",
    "ð": "DH",
    "f": "F",
    "ɡ": "G",
    "h": "HH",
    "j": "Y",
    "k": "K",
    "x": "K",
    "l": "L",
    "ɫ": "L",
    "m": "M",
    "n": "N",
    "ŋ": "NG",
    "p": "P",
    "ɹ": "R",
    "r": "R",
    "s": "S",
    "ʃ": "SH",
    "t": "T",
    "ɾ": "T",
    "ʔ": "T",
    "θ": "TH",
    "v": "V",
    "w": "W",
    "z": "Z",
    "ʒ": "ZH",
}
_SYMBOL = re.compile("|".join(_ARPABET))


def pronounce(vocabulary: Iterable[str], dictionary: Path) -> Pronunciations:
    """Look words up in `dictionary` and derive the rest from its spelling; some words have none."""
    spelled = set(vocabulary)
    known = _distinct(_lookup(spelled, dictionary))
    for word in sorted(spelled - known.keys()):
        if phones := sound_out(word):
            known[word] = [phones]
    return known


def sound_out(word: str) -> str:
    """The phones of a word by espeak-ng's spelling rules; empty for other scripts, or without espeak-ng."""
    if not all(unicodedata.name(letter, "").startswith(("LATIN", "APOSTROPHE")) for letter in word):
        return ""
    try:
        symbols = engine().phonemes(word)
    except SpeechServiceError:
        return ""
    return " ".join(_ARPABET[match[0]] for symbol in symbols for match in _SYMBOL.finditer(symbol))


def _lookup(vocabulary: set[str], dictionary: Path) -> Pronunciations:
    found: defaultdict[str, list[str]] = defaultdict(list)
    with dictionary.open(encoding="utf-8") as lines:
        for line in lines:
            entry, _, phones = line.rstrip().partition(" ")
            # second and later pronunciations are written word(2), word(3)
            word = entry.partition("(")[0]
            if word in vocabulary:
                found[word].append(phones)
    return dict(found)


def _distinct(found: Pronunciations) -> Pronunciations:
    """Drop a second pronunciation that is another word's first one ("tv" pronounced as "television")."""
    first = {ways[0]: word for word, ways in found.items()}
    return {
        word: [phones for phones in ways if phones == ways[0] or first.get(phones, word) == word]
        for word, ways in found.items()
    }
