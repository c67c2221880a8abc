"""Judge from a text which language it is in: by its script, then by common words and by their letters.

In: plain text, as it comes. Out: language codes without a region, the likeliest first. Only the first
`ENOUGH` characters are looked at, each once. Scores are logarithms: how much likelier the text is in a
language than in one of which it has no word and no letter.
"""

import functools
import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence

from wyoming_azure_realtime.text.language_words import COMMON, JAPANESE_ONLY, SIMPLIFIED_ONLY

ENOUGH = 400
"""Characters of a text that are looked at."""

MOST = 3
"""Languages that are given for a text."""

_LEAST = 4.0  # a lower score tells nothing
_PLAIN = 8.0  # so much more is plain
_CERTAIN = 25.0  # two or three common words
_SPREAD = 14.0  # so much less is not plausible
_HEAD_START = 4.0  # of a language that is usual where the text comes from

_SAME = {"no": "nb", "nn": "nb", "iw": "he", "cmn": "zh", "yue": "zh"}
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")  # noqa: RUF001 - an apostrophe
_LATIN, _CYRILLIC, _KANA, _HAN = "latin", "cyrillic", "kana", "han"
_SCRIPTS = {
    _LATIN: "A-Za-z\u00aa-\u024f\u1e00-\u1eff",
    _CYRILLIC: "\u0400-\u052f",
    _KANA: "\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f",
    _HAN: "\u2e80-\u2fdf\u3005\u3400-\u9fff\uf900-\ufaff",
    "el": "\u0370-\u03ff\u1f00-\u1fff",
    "he": "\u0590-\u05ff",
    "ar": "\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff\ufb50-\ufdff\ufe70-\ufefe",
    "hi": "\u0900-\u097f",
    "ko": "\u1100-\u11ff\u3130-\u318f\uac00-\ud7ff",
}
_SCRIPT = re.compile("|".join(f"(?P<{name}>[{letters}]+)" for name, letters in _SCRIPTS.items()))
_SAYS = {_LATIN: 1, _HAN: 8, _KANA: 8, "ko": 8}  # how much a letter says; 3 in the other scripts
_WRITTEN_IN = {"ru": _CYRILLIC, "uk": _CYRILLIC, "ja": _KANA, "zh": _HAN, "el": "el", "he": "he", "ar": "ar"}
_WRITTEN_IN |= {"hi": "hi", "ko": "ko"} | {
    language: _LATIN for language in COMMON if language not in _WRITTEN_IN
}


def plain_language(code: str) -> str:
    """Return the one code of a language, without region or script: "de" for "de-AT", "nb" for "no"."""
    plain = code.replace("_", "-").partition("-")[0].casefold()
    return _SAME.get(plain, plain)


def prepare() -> None:
    """Make the tables now, which takes some 20 ms, so that the first text need not wait for them."""
    _letter_runs()


def plausible_languages(text: str) -> tuple[str, ...]:
    """Return at most `MOST` languages that a text may be in, the likeliest first; none if nothing tells."""
    evidence = LanguageEvidence()
    evidence.add(text)
    return evidence.plausible()


class LanguageEvidence:
    """What the beginning of a text tells about its language."""

    def __init__(self) -> None:
        self._room = ENOUGH
        self._letters: defaultdict[str, float] = defaultdict(float)  # by script
        self._scores: defaultdict[str, float] = defaultdict(float)

    def add(self, text: str) -> None:
        """Count more of the text, which must not be cut within a word."""
        if self.complete:
            return
        text, self._room = text[: self._room], self._room - len(text)
        for match in _WORD.finditer(unicodedata.normalize("NFC", text)):
            self._add_word(match.group())

    @property
    def complete(self) -> bool:
        """Whether more text would not be looked at."""
        return self._room <= 0

    @property
    def certain(self) -> bool:
        """Whether there is so much of it that the text is in one of the plausible languages."""
        return max(self._of_script().values(), default=0.0) >= _CERTAIN

    def plausible(self, usual: Sequence[str] = ()) -> tuple[str, ...]:
        """At most `MOST` languages, the likeliest first; none if nothing tells.

        `usual`: language codes of those that are usual where the text comes from, the most usual first. They
        decide where the text tells little or nothing.
        """
        usual = tuple(dict.fromkeys(map(plain_language, filter(None, usual))))
        scores = dict(self._of_script())
        if max(scores.values(), default=0.0) < _LEAST:
            scores = {}
        nothing = not scores
        for place, language in enumerate(usual):
            if nothing or self._script in (None, _WRITTEN_IN.get(language, self._script)):
                scores[language] = scores.get(language, 0.0) + _HEAD_START / (place + 1)
        ranked = sorted(scores, key=lambda language: -scores[language])
        least = max(scores.values(), default=0.0) - _SPREAD
        return tuple(language for language in ranked if scores[language] >= least)[:MOST]

    def contradicts(self, language: str) -> str:
        """The language that the text is in so plainly that it is not in this one; empty if there is none."""
        scores = self._of_script()
        best = max(scores, key=lambda other: scores[other], default="")
        language = plain_language(language)
        plain = best != language and scores.get(best, 0.0) - scores.get(language, 0.0) >= _PLAIN
        return best if plain else ""

    @property
    def _script(self) -> str | None:
        """The script of most letters; Latin names may be in any text, so others count more."""
        letters = {script: count * _SAYS.get(script, 3) for script, count in self._letters.items()}
        if _KANA in letters and _HAN in letters:  # Japanese has both
            few = letters[_KANA] * 10 < letters[_HAN]
            letters[_HAN if few else _KANA] += letters.pop(_KANA if few else _HAN)
        return max(letters, key=lambda script: letters[script], default=None)

    def _of_script(self) -> dict[str, float]:
        """The scores of the languages that are written in the text's script."""
        script = self._script
        certain = 100.0
        if script == _KANA:
            return {"ja": certain}
        if script == _HAN:
            # letters that both have are rather Chinese: Japanese is seldom without its own
            return {"zh": certain + self._scores["zh"], "ja": certain - 1 + self._scores["ja"]}
        if script in _SCRIPTS and script not in {_LATIN, _CYRILLIC}:
            return {script: certain}
        return {
            language: score for language, score in self._scores.items() if _WRITTEN_IN[language] == script
        }

    def _add_word(self, word: str) -> None:
        name = word[0].isupper()  # or the first word: the others have to tell
        if word.isascii():
            self._letters[_LATIN] += len(word) * (_LETTER_OF_NAME if name else 1)
        else:
            for run in _SCRIPT.finditer(word):
                self._letters[run.lastgroup or ""] += len(run.group()) * (_LETTER_OF_NAME if name else 1)
            for language, letters in (("zh", SIMPLIFIED_ONLY), ("ja", JAPANESE_ONLY)):
                if common := sum(map(letters.__contains__, word)):
                    self._scores[language] += 4 * common
        spelled = word[:_LONGEST].replace("İ", "i").casefold().replace("’", "'")  # noqa: RUF001
        head, apostrophe, tail = spelled.partition("'")
        parts = [spelled] if spelled in _words() or not apostrophe else [head + apostrophe, tail]
        factor = _NAME if name else 1.0
        for part in parts:
            for language, score in _evidence_of(part):
                self._scores[language] += factor * score


Evidence = list[tuple[str, float]]
"""Languages that something speaks for, with the score that each gets for it."""

_LISTED = 0.6  # the share of a text's words that are in its language's list
_RANK = 12  # words of a list are as frequent as 1 / (rank + this)
_UNLISTED = 1e-5  # the probability of one word that is not
_SMOOTHING = 0.4
_NAME, _LETTER_OF_NAME = 0.5, 0.3  # how much a word with a capital counts, which may be a foreign name
_LETTERS, _LETTERS_OF_LISTED = (
    0.7,
    0.15,
)  # how much its letters count in a word that is in no list, and in one
_SINGLE_LETTER = 1.8  # how much a letter counts that English has not
_LONGEST = 24  # letters of a word that are looked at


@functools.lru_cache(maxsize=256)
def _evidence_of(word: str) -> Evidence:
    """Scores for a word in lower case, for itself and its letters."""
    listed = _words().get(word, [])
    several = _LETTERS_OF_LISTED if listed else _LETTERS
    letters = [
        (language, (several if len(run) > 1 else _SINGLE_LETTER) * score)
        for run in _runs(word)
        for language, score in _letter_runs().get(run, ())
    ]
    return listed + letters


def _runs(word: str) -> Iterator[str]:
    """Three letters in a row, with the word's borders; letters that English has not also alone."""
    framed = f"^{word}$"
    yield from (framed[at : at + 3] for at in range(len(framed) - 2))
    yield from (letter for letter in word if letter > "\x7f")


@functools.cache
def _words() -> dict[str, Evidence]:
    """Every word of the lists with its languages; made when it is first needed, in some 10 ms."""
    found: defaultdict[str, Evidence] = defaultdict(list)
    for language, text in COMMON.items():
        words = dict.fromkeys(text.split())
        whole = sum(1 / (rank + _RANK) for rank in range(len(words)))
        for rank, word in enumerate(words):
            probability = _LISTED / whole / (rank + _RANK)
            found[word].append((language, math.log(probability / _UNLISTED)))
    return dict(found)


@functools.cache
def _letter_runs() -> dict[str, Evidence]:
    """Runs of letters with the languages in whose words they are; made when they are first needed."""
    counts: dict[tuple[str, str], int] = {}
    for word, evidence in _words().items():
        languages = [language for language, _ in evidence]
        for run in _runs(word):
            for language in languages:
                counts[run, language] = counts.get((run, language), 0) + 1
    found: dict[str, Evidence] = {}
    for (run, language), count in counts.items():
        found.setdefault(run, []).append((language, math.log(1 + count / _SMOOTHING)))
    return found
