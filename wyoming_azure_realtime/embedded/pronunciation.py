# ruff: noqa: RUF001 - the symbols of the phonetic alphabet are meant
"""How words sound, in the phones of the recogniser's acoustic model (those of the CMU dictionary)."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from wyoming_azure_realtime.embedded.espeak import engine
from wyoming_azure_realtime.errors import SpeechServiceError

Pronunciations = dict[str, list[str]]
"""Per word its ways of being said, each a line of phones."""

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
    """Look words up in `dictionary`, sound out the rest; words nobody can say are missing from the answer."""
    wanted = set(vocabulary)
    known = _distinct(_lookup(wanted, dictionary))
    for word in sorted(wanted - known.keys()):
        if phones := sound_out(word):
            known[word] = [phones]
    return known


def sound_out(word: str) -> str:
    """Phones of a word by espeak-ng's spelling rules; empty for other scripts, or without espeak-ng."""
    if not all(unicodedata.name(letter, "").startswith(("LATIN", "APOSTROPHE")) for letter in word):
        return ""
    try:
        symbols = engine().phonemes(word)
    except SpeechServiceError:
        return ""
    return " ".join(_ARPABET[match[0]] for symbol in symbols for match in _SYMBOL.finditer(symbol))


def _lookup(wanted: set[str], dictionary: Path) -> Pronunciations:
    found: defaultdict[str, list[str]] = defaultdict(list)
    with dictionary.open(encoding="utf-8") as lines:
        for line in lines:
            entry, _, phones = line.rstrip().partition(" ")
            # second and later pronunciations are written word(2), word(3)
            word = entry.partition("(")[0]
            if word in wanted:
                found[word].append(phones)
    return dict(found)


def _distinct(found: Pronunciations) -> Pronunciations:
    """Drop a word's lesser pronunciations that are another word's first one ("tv" said as "television")."""
    first = {ways[0]: word for word, ways in found.items()}
    return {
        word: [phones for phones in ways if phones == ways[0] or first.get(phones, word) == word]
        for word, ways in found.items()
    }
