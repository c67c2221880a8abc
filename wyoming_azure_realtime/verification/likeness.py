"""Whether a word may be another writing of one in the text, in the same script or in another one.

In: two folded words (see `tokens`). Out: a guess from their consonants, that tells a spelling from another
word often but not always: what rests on it is unsure. What is certain are letters that Hebrew and Hindi
write or leave out as they like.
"""

# ruff: noqa: RUF001 - many scripts

import functools
import re
import unicodedata
from importlib import resources

_MOST_SOUNDS = 24  # consonants that are compared
_SHORTEST = 3  # letters of a word that may be written otherwise in its own script
_SHORTEST_LIKE = 4  # letters of one that may have another letter

_LEADS = "ggnddrmbbss_sssktph"  # Hangul syllables by their first letter, "_" for none
_TAILS = "_gggnnndllllllllmbbssnssktph"

_CLASSES = {
    **dict.fromkeys("bpvf", "P"),
    **dict.fromkeys("dt", "T"),
    **dict.fromkeys("kgqc", "K"),
    **dict.fromkeys("szj", "S"),
    **dict.fromkeys("lr", "R"),
    **dict.fromkeys("mn", "N"),
}
_WRITTEN = [  # letters that are one sound, or none
    (re.compile(pattern), other)
    for pattern, other in (
        ("tion", "sn"),
        ("gh(?=[ts]|$)", ""),
        ("s?ch|sh|cz|sz|ts|tz|zh|c(?=[eiy])|g(?=[eiy])", "s"),
        ("ph", "f"),
        ("qu", "k"),
        ("x", "ks"),
        ("[aeiouyhw]", ""),
    )
]
_SOUNDS = [
    (re.compile(pattern), other)
    for pattern, other in (
        ("ph", "f"),
        ("qu|ck|[cq](?![eiyh])", "k"),
        ("[cz](?=[eiy])|z", "s"),
        ("x", "ks"),
        ("w", "v"),
        ("[aeiouyjh]", ""),
    )
]
_VOWELS = re.compile("[aeiouy]")
_DOUBLED = re.compile(r"(.)\1+")


@functools.lru_cache(maxsize=1)
def _latin_for() -> dict[str, str]:
    """The sound of a letter in Latin letters; a vowel is any of "aeiou", "_" what is not heard."""
    file = resources.files("wyoming_azure_realtime.verification") / "data" / "sounds.txt"
    rows = (row.split("\t") for row in file.read_text("utf-8").splitlines() if not row.startswith("#"))
    return {
        letter: sound
        for letters, sounds in rows
        for letter, sound in zip(letters, sounds.split(), strict=True)
    }


@functools.lru_cache(maxsize=1024)
def in_latin(word: str) -> str:
    """Return a folded word in Latin letters, roughly as it sounds."""
    if word.isascii():
        return word
    found, latin = [], _latin_for()
    for letter in word:
        if "\uac00" <= letter <= "\ud7a3":
            lead, rest = divmod(ord(letter) - 0xAC00, 588)
            found.append(f"{_LEADS[lead]}a{_TAILS[rest % 28]}")
        else:
            found.append(latin.get(letter, letter))
    return "".join(found).replace("_", "")


@functools.lru_cache(maxsize=1024)
def _kinds_of_sounds(word: str) -> str:
    """The consonants of a word by the six kinds that every script tells apart."""
    composed = unicodedata.normalize("NFC", word[:60])
    latin = in_latin(composed)
    for pattern, other in _WRITTEN:
        latin = pattern.sub(other, latin)
    return _DOUBLED.sub(r"\1", "".join(_CLASSES.get(letter, "") for letter in latin))


@functools.lru_cache(maxsize=1024)
def _consonants(word: str) -> str:
    for pattern, other in _SOUNDS:
        word = pattern.sub(other, word)
    return _DOUBLED.sub(r"\1", word)


def script(word: str) -> str:
    """Return what tells the script of a word: the first word of its first letter's name in Unicode."""
    return _script(word[0]) if word else ""


@functools.lru_cache(maxsize=1024)
def _script(letter: str) -> str:
    if letter.isascii():
        return "LATIN"
    if letter in "ー々":
        return "HIRAGANA" if letter == "ー" else "CJK"
    return unicodedata.name(letter, "").partition(" ")[0]


def is_like(one: str, other: str, *, several: bool = False) -> bool:
    """Whether two folded words may be the same: by their sound across scripts, by most letters in one.

    `several`: they are more than one word each, of which fewer letters may differ.
    """
    if not one or not other:
        return False
    one, other = unicodedata.normalize("NFC", one), unicodedata.normalize("NFC", other)
    if one == other:
        return True
    scripts = script(one[-1]), script(other[-1])
    if "CJK" in scripts:
        return False
    if scripts[0] != scripts[1] or script(one) != script(other):
        return _sounds_alike(_kinds_of_sounds(one), _kinds_of_sounds(other))
    if scripts[0] == "HIRAGANA":
        return min(len(one), len(other)) >= _SHORTEST_LIKE and distance(one, other, 1) <= 1
    if scripts[0] == "HANGUL":
        one, other = unicodedata.normalize("NFD", one), unicodedata.normalize("NFD", other)
        return min(len(one), len(other)) > 2 * _SHORTEST and distance(one, other, 1) <= 1
    return _is_written_alike(one, other, 1 if several else 2)


def _sounds_alike(one: str, other: str) -> bool:
    shortest = min(len(one), len(other))
    if shortest < 2 or len(one) + len(other) == 4:
        return one == other
    limit = 1 + (shortest >= 6)
    return distance(one[:_MOST_SOUNDS], other[:_MOST_SOUNDS], limit) <= limit


def _is_written_alike(one: str, other: str, most: int) -> bool:
    shortest, longest = sorted((len(one), len(other)))
    if shortest < 2 or not _same_beginning(one, other):
        return False
    first, second = _consonants(one), _consonants(other)
    if first == second and {one[-1], other[-1]} == {"a", "o"}:
        return False  # "Mario" and "Maria"
    if min(len(first), len(second)) >= 2 and first == second and longest - shortest <= 3:
        return longest >= 4 or longest == shortest + 1
    short, long = sorted((one, other), key=len)
    if not _VOWELS.search(short) and longest <= 3 * shortest and _holds(long, short):
        return shortest < 6  # "Deejay", "DJ"
    if shortest < _SHORTEST_LIKE:
        return shortest == _SHORTEST and long[:-1] == short and long[-1] in "aeious"
    limit = 1 if longest < 8 else most
    return distance(one, other, limit) <= limit


def _holds(long: str, short: str) -> bool:
    letters = iter(long)
    return all(letter in letters for letter in short)


_FIRST = [*("ckqg", "gj", "fvw", "szcx", "ijy", "bpv", "dt", "aeo", "ув")]


def _same_beginning(one: str, other: str) -> bool:
    one, other = one.lstrip("h"), other.lstrip("h")
    if not one or not other or one[0] == other[0]:
        return True
    return any(one[0] in group and other[0] in group for group in _FIRST)


def may_become(said: str, word: str) -> bool:
    """Whether the letters so far may be the beginning of another writing of a word."""
    if len(said) >= len(word) + 6 and len(said) > 2 * len(word):
        return False
    begun, whole = _kinds_of_sounds(said), _kinds_of_sounds(word)
    if len(begun) > len(whole) + 1:
        return False
    if not begun or not whole:
        return len(said) < 4
    near = (whole[: len(begun) + step] for step in (-1, 0, 1) if len(begun) + step > 0)
    allowed = 0 if len(begun) < 3 else 1
    return any(distance(begun, part, allowed) <= allowed for part in near)


def distance(one: str, other: str, limit: int) -> int:
    """Return the number of letters to change, add or take away; more than `limit` if it is above that."""
    if abs(len(one) - len(other)) > limit:
        return limit + 1
    row = list(range(len(other) + 1))
    for line, letter in enumerate(one, 1):
        next_row = [line]
        for column, other_letter in enumerate(other, 1):
            swap = row[column - 1] + (letter != other_letter)
            next_row.append(min(swap, row[column] + 1, next_row[-1] + 1))
        if min(next_row) > limit:
            return limit + 1
        row = next_row
    return row[-1]


_MATRES = re.compile("(?<=.)[וי]|(?<=.)א(?=.)")
_LENGTHS = str.maketrans({"ी": "ि", "ू": "ु", "ई": "इ", "ऊ": "उ", "ॉ": "ा", "ऑ": "आ", "ॅ": "े"})


@functools.lru_cache(maxsize=1024)
def _loosely(word: str) -> str:
    if "\u0590" < word[0] < "\u05ff":
        return _MATRES.sub("", word)
    return word.translate(_LENGTHS) if "\u0900" <= word[0] < "\u0980" else word


def is_same_word(one: str, other: str) -> bool:
    """Whether two folded words differ in letters only that their script writes or leaves out as one likes.

    Hebrew vav, yod and alef for vowels; the length of Hindi vowels.
    """
    if min(len(one), len(other)) < _SHORTEST or one.isascii() or other.isascii():
        return False
    bare = _loosely(one)
    return len(bare) > 1 and bare == _loosely(other)
