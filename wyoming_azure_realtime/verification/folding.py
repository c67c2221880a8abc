"""Writing reduced to what can be heard: letters and digits, without case, accents, marks and spaces."""

import functools
import unicodedata

_ACCENTS = range(0x300, 0x370)  # combining marks of the Latin, Greek and Cyrillic scripts
_VOWELS = frozenset("aeiouy")
_ALIKE = frozenset({"sz", "zs", "cs", "sc", "ck", "kc", "iy", "yi"})
_SHORTEST = 5  # letters: in shorter words one letter makes another word
_SHORTEST_VOWELS = 8  # "better" and "butter" differ in a vowel, "Katharine" and "Katherine" too


@functools.lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """Letters, digits and the marks that some scripts write vowels with; compatibility forms decomposed."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    kept = (
        character
        for character in decomposed
        if ord(character) not in _ACCENTS and unicodedata.category(character)[0] in "LMN"
    )
    return "".join(kept).casefold()


def is_spelling_of(one: str, other: str, tolerance: float) -> bool:
    """Whether two folded words differ only as spellings do, in at most that part of their letters.

    A spelling differs in a doubled letter, in s and z, c and k or s, i and y, in long words in a vowel; never
    in its first sound, nor in a consonant: that is another word.
    """
    shortest = min(len(one), len(other))
    budget = int(tolerance * shortest)
    if not budget or shortest < _SHORTEST or abs(len(one) - len(other)) > budget:
        return False
    first = one[0] + other[0]
    if one[0] != other[0] and first not in _ALIKE:
        return False
    return _distance(one, other, budget, vowels=shortest >= _SHORTEST_VOWELS) <= budget


def _distance(one: str, other: str, limit: int, *, vowels: bool) -> int:
    """Edits from one to the other, where only edits of spelling exist; above `limit` if there are none."""
    never = limit + 1
    row = [0] + [never] * len(other)
    for column in range(1, len(other) + 1):
        row[column] = row[column - 1] + _cost_of_letter(other, column - 1, never, vowels=vowels)
    for line, letter in enumerate(one, 1):
        gone = _cost_of_letter(one, line - 1, never, vowels=vowels)
        fresh = [row[0] + gone]
        for column, heard in enumerate(other, 1):
            swap = row[column - 1] + _cost_of_swap(letter, heard, never, vowels=vowels)
            added = fresh[column - 1] + _cost_of_letter(other, column - 1, never, vowels=vowels)
            fresh.append(min(swap, row[column] + gone, added))
        if min(fresh) > limit:
            return never
        row = fresh
    return row[-1]


def _cost_of_letter(word: str, place: int, never: int, *, vowels: bool) -> int:
    doubled = place > 0 and word[place] == word[place - 1]
    return 1 if doubled or (vowels and place > 0 and word[place] in _VOWELS) else never


def _cost_of_swap(letter: str, heard: str, never: int, *, vowels: bool) -> int:
    if letter == heard:
        return 0
    if letter + heard in _ALIKE or (vowels and letter in _VOWELS and heard in _VOWELS):
        return 1
    return never
