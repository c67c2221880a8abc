"""How people talk to a home, for a recogniser that knows all words.

It tells which of several texts is the likelier command, and has sentences that show what to expect.

In: the sentences that `sentences` draws for a home. Out: probabilities of sentences, examples. Made once, in
a second or two, and kept in a cache folder under a hash of everything that goes into it.
"""

import contextlib
import itertools
import math
import os
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from wyoming_azure_realtime.offline.language_model import cache_key, default_cache
from wyoming_azure_realtime.offline.sentences import SLOT, draw_sentences, draw_slot_sentences

SENTENCES, _SLOT_SENTENCES = 30_000, 6_000
EXAMPLES = 24
_ORDER = 3
_BITS = 20
_END = 0
# the share of anything else than commands, and how many words that could be: what no command has costs a word
# this much and no more, so that other things that people say are not made into commands
_OTHER_SHARE, _OTHER_WORDS = 0.2, 400
_LONGEST_EXAMPLE, _SAMPLE = 9, 6_000
_KEPT = 4
_GENERATORS = ("home_language.py", "sentences.py", "home.toml")
_INGREDIENTS = ("home-assistant-intents", "hassil")

Keys = npt.NDArray[np.int64]


class HomeLanguage:
    """A trigram model with Witten-Bell smoothing (1991) in sorted arrays, a third of a dictionary.

    `examples`: sentences that together hold most of what is said to the home, the most telling one last.
    """

    def __init__(
        self, vocabulary: Sequence[str], grams: Sequence[tuple[Keys, Keys]], examples: Sequence[str]
    ) -> None:
        self.examples = tuple(examples)
        self._vocabulary = tuple(vocabulary)
        self._ids = {word: number for number, word in enumerate(vocabulary, start=1)}
        self._grams = tuple(grams)
        self._histories = [_histories(keys, counts) for keys, counts in grams]

    @classmethod
    def of(cls, sentences: Iterable[list[str]]) -> Self:
        """Count sentences."""
        drawn = list(sentences)
        vocabulary = sorted(set(itertools.chain.from_iterable(drawn)))
        ids = {word: number for number, word in enumerate(vocabulary, start=1)}
        numbers = [[ids[word] for word in sentence] for sentence in drawn]
        return cls(
            vocabulary,
            [_counted(numbers, order) for order in range(1, _ORDER + 1)],
            examples(drawn[:_SAMPLE]),
        )

    def __contains__(self, word: str) -> bool:
        return word in self._ids

    def log_probability(self, sentence: Sequence[str]) -> float:
        """Return the logarithm (to e) of how likely somebody says these words; `SLOT` for a name."""
        numbers = [self._ids.get(word, -1) for word in sentence]
        marked = [_END, *numbers, _END]
        other = _OTHER_SHARE / _OTHER_WORDS
        total = 0.0
        for place in range(1, len(marked)):
            gram = marked[max(0, place - _ORDER + 1) : place + 1]
            command = 0.0 if gram[-1] < 0 else self._probability(gram)
            total += math.log((1 - _OTHER_SHARE) * command + other)
        return total

    def _probability(self, gram: list[int]) -> float:
        """Of the last word after the words before it; a history with unknown words tells nothing."""
        while -1 in gram[:-1]:
            gram = gram[gram.index(-1) + 1 :]
        probability = 1 / (len(self._ids) + 1)
        for order in range(1, len(gram) + 1):
            part = gram[-order:]
            seen, followers = _found(self._histories[order - 1], _key(part[:-1]))
            if seen:
                count, _ = _found((self._grams[order - 1][0], self._grams[order - 1][1], None), _key(part))
                probability = (count + followers * probability) / (seen + followers)
        return probability

    def save(self, path: Path) -> None:
        """Write it, so that a reader finds all or nothing. Raises: OSError."""
        path.parent.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, Any] = {
            "vocabulary": np.array(self._vocabulary),
            "examples": np.array(self.examples),
            **{f"k{order}": keys for order, (keys, _) in enumerate(self._grams)},
            **{f"c{order}": counts for order, (_, counts) in enumerate(self._grams)},
        }
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".building-", delete=False) as file:
            try:
                np.savez(file, **arrays)
            except OSError:
                Path(file.name).unlink(missing_ok=True)
                raise
        Path(file.name).replace(path)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read it. Raises: OSError, ValueError, KeyError, BadZipFile."""
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            grams = [(file[f"k{order}"], file[f"c{order}"]) for order in range(_ORDER)]
            return cls(file["vocabulary"].tolist(), grams, file["examples"].tolist())


def home_language(names: tuple[str, ...], cache: Path | None = None) -> tuple[HomeLanguage, bool]:
    """Return the language of a home with these names, and whether it was made just now."""
    folder = cache or default_cache()
    key = cache_key((names, SENTENCES, _SLOT_SENTENCES), _INGREDIENTS, _GENERATORS)
    path = folder / f"words-{key}.npz"
    with contextlib.suppress(OSError, ValueError, KeyError, zipfile.BadZipFile):
        found = HomeLanguage.load(path)
        os.utime(path)
        return found, False
    drawn = itertools.chain(draw_sentences(names, SENTENCES), draw_slot_sentences(_SLOT_SENTENCES))
    made = HomeLanguage.of(drawn)
    # where the cache cannot be written, it is made again each time
    with contextlib.suppress(OSError):
        made.save(path)
        for old in sorted(folder.glob("words-*.npz"), key=lambda file: file.stat().st_mtime)[:-_KEPT]:
            old.unlink(missing_ok=True)
    return made, True


def examples(drawn: Iterable[list[str]], count: int = EXAMPLES) -> list[str]:
    """Choose short sentences that have most of the usual pairs of words, the most telling one last."""
    pairs: Counter[tuple[str, str]] = Counter()
    candidates: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    for sentence in drawn:
        if 0 < len(sentence) <= _LONGEST_EXAMPLE and SLOT not in sentence:
            found = list(itertools.pairwise(("", *sentence, "")))
            pairs.update(found)
            candidates[tuple(sentence)] = found
    worth = {pair: math.sqrt(number) for pair, number in pairs.items()}
    chosen: list[str] = []
    while candidates and len(chosen) < count:
        best = max(
            candidates, key=lambda one: sum(worth[pair] for pair in set(candidates[one])) / (len(one) + 1)
        )
        for pair in candidates.pop(best):
            worth[pair] *= 0.1
        chosen.append(" ".join(best))
    return chosen[::-1]


def _key(gram: Sequence[int]) -> int:
    key = 0
    for number in gram:
        key = key << _BITS | number
    return key


def _counted(sentences: list[list[int]], order: int) -> tuple[Keys, Keys]:
    counts: Counter[int] = Counter()
    for sentence in sentences:
        marked = [_END, *sentence, _END]
        begin = 1 if order == 1 else 0
        for place in range(begin, len(marked) - order + 1):
            counts[_key(marked[place : place + order])] += 1
    keys = np.array(sorted(counts), np.int64)
    return keys, np.array([counts[int(key)] for key in keys], np.int64)


def _histories(keys: Keys, counts: Keys) -> tuple[Keys, Keys, Keys]:
    """Each history, how often it was seen, and how many different words followed."""
    histories, first, followers = np.unique(keys >> _BITS, return_index=True, return_counts=True)
    seen = np.add.reduceat(counts, first) if len(counts) else counts
    return histories, seen, followers


def _found(table: tuple[Keys, Keys, Keys | None], key: int) -> tuple[int, int]:
    keys, first, second = table
    place = int(np.searchsorted(keys, key))
    if place == len(keys) or int(keys[place]) != key:
        return 0, 0
    return int(first[place]), 0 if second is None else int(second[place])
