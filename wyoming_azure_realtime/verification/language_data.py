"""The words of a language, folded: numbers, units, signs, months, abbreviations.

`data/` holds what is generated from Unicode's CLDR, `data/words/` what is written by hand; a language knows
the union. A language without data knows nothing: what needs words is unsure then.
"""

import functools
import json
import re
from collections.abc import Iterable, Iterator
from importlib import resources
from typing import Any

from wyoming_azure_realtime.verification.graph import (
    Columns,
    Labels,
    columns,
    forget_all,
    labels,
    remembered,
)
from wyoming_azure_realtime.verification.tokens import fold, forms, language_of_script

_MOST_REMEMBERED = 1024  # words of which is known whether they are numbers
_ALIASES = {"no": "nb", "nn": "nb", "iw": "he"}


def plausible(languages: Iterable[str], text: str) -> tuple["Language", ...]:
    """Return at most three languages a text may be in: those given, or what its script tells."""
    codes = [code.replace("_", "-").partition("-")[0].lower() for code in languages]
    codes = [_ALIASES.get(code, code) for code in codes if code]
    if not codes:
        codes = [language_of_script(text[:1000])]
    return tuple(language(code) for code in dict.fromkeys(codes[:3]))


_MOST_LANGUAGES = 8  # that are loaded at a time, half a megabyte each


@functools.lru_cache(maxsize=_MOST_LANGUAGES)
def language(code: str) -> "Language":
    """Return a language by its code without a region ("de"); the eight that were used last stay loaded."""
    if language.cache_info().currsize >= _MOST_LANGUAGES:
        forget_all()
    return Language(code)


def _load(code: str) -> tuple[dict[str, Any], dict[str, Any]]:
    if not re.fullmatch("[a-z]{2,3}", code):
        return {}, {}
    folder = resources.files("wyoming_azure_realtime.verification") / "data"
    files = (folder / f"{code}.json", folder / "words" / f"{code}.json")
    generated, words = (json.loads(file.read_text("utf-8")) if file.is_file() else {} for file in files)
    return generated, words


class Language:
    """The words of one language, by what they mean. Everything is folded the first time it is used."""

    def __init__(self, code: str) -> None:
        self.code = code
        self._generated, self._words = _load(code)
        self._labels: dict[tuple[str, str], Labels] = {}
        self._columns: dict[tuple[str, str], tuple[Columns, ...]] = {}
        self._number_like: dict[str, bool] = {}
        self.known = bool(self._generated or self._words)
        self.spaceless = code in {"zh", "ja", "ko"}

    def words(self, name: str) -> list[str]:
        """All words of a list, as they are written."""
        return [*self._generated.get(name, ()), *self._words.get(name, ())]

    @property
    def idioms(self) -> list[dict[str, Any]]:
        """How halves and quarters of an hour are said: `say`, which `minute`, whether of the `next` hour."""
        return [*self._words.get("half", ()), *self._words.get("quarter", ())]

    def entry(self, name: str, key: str) -> list[str]:
        """All words of one entry of a table."""
        extra = {"cardinals": "numbers"}.get(name, name)
        return [*self._generated.get(name, {}).get(key, ()), *self._words.get(extra, {}).get(key, ())]

    def keys(self, name: str) -> list[str]:
        """The keys of a table."""
        return list({**self._generated.get(name, {}), **self._words.get(name, {})})

    def of(self, name: str) -> Labels:
        """The words of a list."""
        known = self._labels.get((name, ""))
        if known is None:
            known = self._labels[name, ""] = labels(self.words(name))
        return known

    def entry_of(self, name: str, key: str) -> Labels:
        """The words of one entry of a table."""
        known = self._labels.get((name, key))
        if known is None:
            known = self._labels[name, key] = labels(self.entry(name, key))
        return known

    def phrases(self, name: str, key: str) -> tuple[Columns, ...]:
        """The words of one entry, one behind the other, for phrases of each length without {0}."""
        known = self._columns.get((name, key))
        if known is None:
            phrases = [phrase for phrase in self.entry(name, key) if "{0}" not in phrase]
            known = self._columns[name, key] = columns(phrases)
        return known

    def around(self, name: str, key: str) -> tuple[tuple[Columns, ...], tuple[Columns, ...]] | None:
        """What is said ahead of a number and behind it in phrases with {0}, if there are any."""
        phrases = [phrase.partition("{0}") for phrase in self.entry(name, key) if "{0}" in phrase]
        if not phrases:
            return None
        return columns([ahead for ahead, _, _ in phrases]), columns([behind for _, _, behind in phrases])

    @functools.cached_property
    def scales(self) -> tuple[tuple[int, Labels], ...]:
        """The powers of ten that have a word of their own, largest first, from a thousand on."""
        keys = {int(key) for table in (self._generated, self._words) for key in table.get("scales", {})}
        return tuple(
            (key, self.entry_of("scales", str(key))) for key in sorted(keys, reverse=True) if key > 100
        )

    def months(self, number: int) -> Labels:
        """The names of a month, 1 to 12."""
        return self._at("months", number - 1)

    @functools.cached_property
    def month_numbers(self) -> dict[str, int]:
        """The number of a month by its folded names."""
        return {
            name: number
            for number in range(1, 13)
            for names in self.months(number).values()
            for name in names
        }

    def weekdays(self, word: str) -> Labels:
        """All names of the day of the week that has this name."""
        return self._weekdays.get(word, {})

    @functools.cached_property
    def _weekdays(self) -> dict[str, Labels]:
        days = [self._at("weekdays", place) for place in range(7)]
        return {name: names for names in days for name in words_of(names)}

    def days_begun(self, begun: str) -> Labels:
        """All names of the one day of the week that begins like this: an abbreviation of it."""
        found = {id(names): names for name, names in self._weekdays.items() if name.startswith(begun)}
        return next(iter(found.values())) if len(found) == 1 else {}

    def months_begun(self, begun: str) -> int:
        """The number of the one month whose names begin like this, 0 if there are none or several."""
        found = {number for name, number in self.month_numbers.items() if name.startswith(begun)}
        return found.pop() if len(found) == 1 else 0

    def _at(self, name: str, place: int) -> Labels:
        known = self._labels.get((name, str(place)))
        if known is None:
            both = (table.get(name) or [] for table in (self._generated, self._words))
            known = labels([one for rows in both if place < len(rows) for one in rows[place]])
            self._labels[name, str(place)] = known
        return known

    @functools.cached_property
    def abbreviations(self) -> dict[str, list[str]]:
        """What folded abbreviations stand for."""
        found: dict[str, list[str]] = {}
        for key, phrases in self._words.get("abbreviations", {}).items():
            found.setdefault(fold(key), []).extend(phrases)
        return found

    @functools.cached_property
    def also_words(self) -> frozenset[str]:
        """Abbreviations that are words as well, unless a full stop or a number says what they are."""
        return frozenset(map(fold, self.words("also_words")))

    @functools.cached_property
    def endings(self) -> dict[str, list[str]]:
        """What abbreviated ends of compounds stand for ("str": Straße), folded."""
        return {
            fold(key): [fold(one) for one in ends] for key, ends in self._words.get("endings", {}).items()
        }

    @functools.cached_property
    def spellings(self) -> dict[str, Labels]:
        """All spellings of what has several, by each of them, folded without spaces."""
        found: dict[str, Labels] = {}
        for group in self._words.get("spellings", ()):
            of_group = labels(group)
            for form in (form for one in group for form in forms(one)):
                found[form] = of_group if form not in found else _both(found[form], of_group)
        return found

    @remembered(64)
    def alone(self, scale: int) -> Labels:
        """The word of a scale that means once that much: not the Arabic dual, which means twice."""
        twice = {form for word in self.entry("cardinals", str(2 * scale)) for form in forms(word)}
        dual = ("ان", "ين", "יים") if self.code in {"ar", "he"} else ()
        names = self.entry_of("scales", str(scale))
        return {
            letter: kept
            for letter, ways in names.items()
            if (kept := tuple(one for one in ways if one not in twice and not (dual and one.endswith(dual))))
        }

    @functools.cached_property
    def negations(self) -> frozenset[str]:
        """Words that turn the meaning round."""
        return frozenset(form for word in self.words("negations") for form in forms(word))

    @functools.cached_property
    def small(self) -> frozenset[str]:
        """Articles, prepositions and the like, which change little."""
        return frozenset(map(fold, self.words("small")))

    @property
    def contractions(self) -> dict[str, list[str]]:
        """What endings behind an apostrophe stand for ("'ve": have)."""
        found: dict[str, list[str]] = self._words.get("contractions", {})
        return found

    def has_opposite(self, word: str) -> bool:
        """Whether a folded word is one that has an opposite, as `on`."""
        return any(word in pair for pair in self._opposites)

    def begins_as_opposite(self, word: str) -> bool:
        """Whether a folded word begins as one that has an opposite does, with four letters or more."""
        return word.startswith(self._beginnings)

    @functools.cached_property
    def _beginnings(self) -> tuple[str, ...]:
        return tuple(one for pair in self._opposites for one in pair if len(one) >= 4)

    @functools.cached_property
    def _any_beginnings(self) -> tuple[str, ...]:
        return tuple(one for pair in self._opposites for one in pair)

    @functools.cached_property
    def _opposites(self) -> list[tuple[str, str]]:
        return [(fold(one), fold(other)) for one, other in self._words.get("opposites", ())]

    def are_opposites(self, one: str, other: str) -> bool:
        """Whether two folded words begin as two opposites do, or one of them is a negation."""
        if (one in self.negations) != (other in self.negations):
            return True
        # hardly any word begins so, and a long text asks a hundred thousand times
        begin = self._any_beginnings
        if not (one.startswith(begin) and other.startswith(begin)):
            return False
        return any(
            (one.startswith(first) and other.startswith(second) and not one.startswith(second))
            or (one.startswith(second) and other.startswith(first) and not other.startswith(second))
            for first, second in self._opposites
        )

    @functools.cached_property
    def number_words(self) -> frozenset[str]:
        """Every form of the numbers that have words of their own, folded without spaces."""
        tables = [self._generated.get(name, {}) for name in ("cardinals", "scales", "ordinals")]
        tables += [self._words.get(name, {}) for name in ("numbers", "scales", "ordinals")]
        spoken = {word for table in tables for key in table for word in table[key]}
        return frozenset(form for word in spoken for form in forms(word))

    @functools.cached_property
    def values(self) -> dict[str, int]:
        """The value of cardinals and ordinals by their folded forms."""
        found: dict[str, int] = {}
        tables = [(self._generated, "ordinals"), (self._words, "ordinals")]
        for table, name in (*tables, (self._words, "numbers"), (self._generated, "cardinals")):
            for key, spoken in table.get(name, {}).items():
                found |= {form: int(key) for word in spoken for form in forms(word)}
        return found

    @functools.cached_property
    def currency_words(self) -> dict[str, str]:
        """The key of a currency by its names of one word, and by their abbreviations."""
        found: dict[str, str] = {}
        for table in (self._generated, self._words):
            for key, names in table.get("currencies", {}).items():
                found |= {
                    form: key for name in names for form in forms(name) if self.spaceless or len(form) > 2
                }
        for short, phrases in self.abbreviations.items():
            key = next((found[form] for name in phrases for form in forms(name) if form in found), "")
            if key:
                found.setdefault(short, key)
        return found

    @functools.cached_property
    def unit_words(self) -> frozenset[str]:
        """The words that units and currencies are called, each word for itself."""
        spoken = {  # each of them once: they are repeated for every unit with a prefix
            word
            for table in (self._generated, self._words)
            for name in ("units", "currencies", "cents")
            for phrases in table.get(name, {}).values()
            for phrase in phrases
            for word in phrase.replace("{0}", "").split()
        }
        words = {form for word in spoken for form in forms(word)}
        if self.spaceless:  # each character is a token
            units = (table.get("units", {}) for table in (self._generated, self._words))
            names = (name for table in units for ways in table.values() for name in ways)
            letters = (letter for name in names if len(name) <= 2 for letter in fold(name))
            return frozenset(words.union(letter for letter in letters if letter >= "\u4e00"))
        return frozenset(
            word for word in words if len(word) > 1 and (len(word) > 3 or word not in self.small)
        )

    def unit_forms(self, word: str) -> Labels:
        """The other forms of a unit's folded name: `graden` for `graad`. They begin alike."""
        if len(word) < 4:
            return {}
        known = self._labels.get(("unit_forms", word))
        if known is None:
            keys = self._named_units.get(word[:3], ())
            single = ([one for one in self.entry("units", key) if one.isalpha()] for key in keys)
            ways = [[fold(one) for one in names] for names in single]
            near = [one for names in ways if word in names for one in names if one[:3] == word[:3]]
            known = labels(near)
            if len(self._labels) < _MOST_REMEMBERED:
                self._labels["unit_forms", word] = known
        return known

    @functools.cached_property
    def _named_units(self) -> dict[str, set[str]]:
        """The keys of the units by the first three letters of their names."""
        found: dict[str, set[str]] = {}
        for table in (self._generated, self._words):
            for key, names in table.get("units", {}).items():
                for name in names:
                    found.setdefault(fold(name)[:3], set()).add(key)
        return found

    @functools.cached_property
    def _longest_number_word(self) -> int:
        return max(map(len, self.number_words), default=0)

    def is_number_word(self, word: str) -> bool:
        """Whether a folded word is one or more number words written together, "und" and the like between."""
        known = self._number_like.get(word)
        if known is None:
            known = self._number_like[word] = self._consists_of_numbers(word)
            if len(self._number_like) > _MOST_REMEMBERED:
                self._number_like.clear()
        return known

    def _consists_of_numbers(self, word: str) -> bool:
        """All of it, but for a short ending ("settantacinquesimo", "칠년")."""
        links = tuple(words_of(self.of("and")))
        ends, longest = {0}, 0
        for start in range(len(word)):
            if start in ends:
                most = min(len(word), start + self._longest_number_word)
                numbers = {end for end in range(start + 1, most + 1) if word[start:end] in self.number_words}
                longest = max(longest, *numbers) if numbers else longest
                ends |= numbers
                if start:
                    ends |= {start + len(link) for link in links if word.startswith(link, start)}
        return bool(word) and (longest == len(word) or (longest >= 6 and 5 * longest >= 3 * len(word)))

    @functools.cached_property
    def _times(self) -> frozenset[str]:
        names = ("noon", "midnight", "am", "pm", "minus")
        return frozenset(word for name in names for word in words_of(self.of(name)))

    def is_understood(self, word: str) -> bool:
        """Whether a folded word means a number, a unit, a time or a negation: it is nothing unknown."""
        return (
            word in self.negations
            or word in self.unit_words
            or word in self._times
            or (len(word) > 3 and (word in self.month_numbers or bool(self.weekdays(word))))
            or self.is_number_word(word)
        )


def _both(one: Labels, other: Labels) -> Labels:
    return {letter: (*one.get(letter, ()), *other.get(letter, ())) for letter in {*one, *other}}


def words_of(of: Labels) -> Iterator[str]:
    """All labels."""
    for ways in of.values():
        yield from ways


def month_of(name: str, languages: Iterable[Language]) -> int:
    """Return the number of a month by its folded name, 0 if it is none."""
    return next((number for one in languages if (number := one.month_numbers.get(name))), 0)


def links_too(languages: Iterable[Language]) -> tuple[Language, ...]:
    """The languages, and English: its words for signs, units and currencies are understood everywhere."""
    return tuple(dict.fromkeys((*languages, language("en"))))
