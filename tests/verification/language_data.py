"""Write what is known of each language for comparing transcripts: its numbers, months, units, currencies.

Out: `wyoming_azure_realtime/verification/data/<language>.json`. In: Unicode's CLDR. Babel has its months,
units and currencies, unicode-rbnf its rules that spell numbers. What these lack is written by hand in
`data/words/<language>.json`, which is never touched here. Run it from the root of a checkout:

    python -m tests.verification.language_data            # write all files
    python -m tests.verification.language_data --check    # exit with 1 if a file is not what would be written
"""

import json
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from babel import Locale
from babel.numbers import get_currency_name, get_currency_symbol
from unicode_rbnf import FormatPurpose, RbnfEngine

from tests.verification.unit_names import PREFIXED, RATIOS, UNITS, WITHOUT_KILO

LANGUAGES = (
    *("ar", "cs", "da", "de", "el", "en", "es", "fi", "fr", "he", "hi", "hu", "it"),
    *("ja", "ko", "nb", "nl", "pl", "pt", "ro", "ru", "sv", "tr", "uk", "vi", "zh"),
)
"""ISO 639-1 codes, as in the names of the files."""

FOLDER = Path(__file__).parents[2] / "wyoming_azure_realtime" / "verification" / "data"

CURRENCIES = (
    *("EUR", "USD", "GBP", "CHF", "PLN", "CZK", "SEK", "NOK", "DKK", "JPY", "KRW", "CNY"),
    *("INR", "HUF", "RON", "TRY", "RUB", "UAH", "ILS", "VND", "BRL", "CAD", "AUD", "MXN"),
)

_SOURCE = "Unicode CLDR {cldr} as in Babel {babel}; its rules of numbers, {rules}, as in unicode-rbnf {rbnf}"
_CLDR = "49"  # of Babel 2.19
_RBNF_CLDR = "44"  # of unicode-rbnf 2.4

_CARDINALS = (*range(100), *range(100, 1000, 100), 1000, 2000, 10**6, 10**9)
_ORDINALS = (*range(1, 32), 40, 50, 60, 70, 80, 90, 100, 1000)
_SCALES = (100, 1000, 10**6, 10**9, 10**12)
_OTHER_SCALES = {"zh": (10**4, 10**8), "ja": (10**4, 10**8), "ko": (10**4, 10**8), "hi": (10**5, 10**7)}
_MULTIPLIERS = (1, 2, 3, 5, 6, 7, 8, 10, 11, 20, 21, 100)  # of scales: every plural form is among them

_PER = "per"


def plain(form: str, language: str) -> str:
    """The form in lower case, without soft hyphens and marks of direction, with single spaces."""
    if language == "tr":
        form = form.replace("I", "\u0131").replace("\u0130", "i")
    form = unicodedata.normalize("NFC", form).lower()
    form = re.sub("[\u00ad\u200b-\u200f\u2060\u202a-\u202e\u2066-\u2069]", "", form)
    return re.sub(r"\s+", " ", form).strip()


def distinct(forms: Iterable[str], language: str) -> list[str]:
    """The plain forms, each once, sorted; abbreviations without their dot."""
    found = {plain(form, language) for form in forms}
    found |= {form.removesuffix(".") for form in found}
    return sorted(form for form in found if form and not form.endswith(".") and any(map(str.isalnum, form)))


class Numbers:
    """The words of numbers in a language, by the rules of RBNF."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._engine = RbnfEngine.for_language("no" if language == "nb" else language)

    def forms(self, number: int, purpose: FormatPurpose) -> dict[str, str]:
        """Return the words by the name of their rule set (gender, case); empty without rules for that."""
        try:
            found = self._engine.format_number(number, purpose).text_by_ruleset
        except (ValueError, KeyError, IndexError, RecursionError):
            return {}
        return {
            name: plain(words, self._language)
            for name, words in found.items()
            if not _is_unusual(name, number, self._language) and not any(map(str.isdecimal, words))
        }

    def cardinals(self) -> dict[str, list[str]]:
        """Every number that others are composed of."""
        return {
            str(number): distinct(self.forms(number, FormatPurpose.CARDINAL).values(), self._language)
            for number in (*_CARDINALS, *_OTHER_SCALES.get(self._language, ()))
        }

    def ordinals(self) -> dict[str, list[str]]:
        """Those of days and the tens."""
        return {
            str(number): distinct(self.forms(number, FormatPurpose.ORDINAL).values(), self._language)
            for number in _ORDINALS
        }

    def scales(self) -> dict[str, list[str]]:
        """What is left of "zwei Millionen" without "zwei"."""
        return {
            str(scale): _whole_words(distinct(self._scale(scale), self._language))
            for scale in (*_SCALES, *_OTHER_SCALES.get(self._language, ()))
        }

    def _scale(self, scale: int) -> Iterator[str]:
        for times in _MULTIPLIERS:
            counts = set(self.forms(times, FormatPurpose.CARDINAL).values())
            for words in self.forms(times * scale, FormatPurpose.CARDINAL).values():
                count = max((count for count in counts if words.startswith(count)), key=len, default="")
                if (count or times == 1) and len(words) > len(count):
                    yield words[len(count) :].lstrip(" -")


def _whole_words(forms: list[str]) -> list[str]:
    """Without what is left of words that share letters ("ettusen" less "ett", "שלושת" less "שלוש")."""
    return [
        form for form in forms if not re.match(r"\w ", form) and not any(other[1:] == form for other in forms)
    ]


def _is_unusual(ruleset: str, number: int, language: str) -> bool:
    """Whether hardly anybody says it like that, or only on cheques, of the moon's days, of pairs."""
    if "financial" in ruleset or "numbering-days" in ruleset:
        return True
    if language in {"ru", "uk", "fi"} and "plural" in ruleset and number > 1:
        return True
    if language == "fi" and number > 12:
        return ruleset.rpartition("-")[2] in (_RARE_CASES if "cardinal" in ruleset else _RARE_ORDINAL_CASES)
    return False


_RARE_CASES = {"essive", "translative"}
_RARE_ORDINAL_CASES = {
    *_RARE_CASES,
    "inessive",
    "elative",
    "illative",
    "adessive",
    "ablative",
    "allative",
} - {"essive"}


class Words:
    """The names of months, days, units and currencies in a language, as Babel has them."""

    def __init__(self, language: str, numbers: Numbers) -> None:
        self._language = language
        self._locale = Locale(language)
        self._numbers = numbers
        data = self._locale._data
        self._units: Mapping[str, Any] = data["unit_patterns"]
        self._compounds: Mapping[str, Any] = data["compound_unit_patterns"]

    def calendar(self, field: str, keys: Iterable[int]) -> list[list[str]]:
        """Each month or weekday in all its forms, with figures in them as words too ("tháng 1")."""
        names = self._locale._data[field]
        return [
            distinct(self._with_words(names[use][width][key] for use, width in _WIDTHS), self._language)
            for key in keys
        ]

    def _with_words(self, names: Iterable[str]) -> Iterator[str]:
        for name in names:
            yield name
            if figures := re.search(r"\d+", name):
                words = self._numbers.forms(int(figures[0]), FormatPurpose.CARDINAL)["spellout-numbering"]
                yield name.replace(figures[0], words)

    def units(self) -> dict[str, list[str]]:
        """Every unit by its symbol, in all its forms."""
        found = {}
        for symbol, names in UNITS.items():
            found[symbol] = [form for name in _several(names) for form in self._unit(name)]
        for symbol, ratio in RATIOS.items():
            found[symbol.lower()] = list(self._ratio(*ratio))
        for symbol, (prefix, name) in PREFIXED.items():
            found[symbol] = [self._prefixed(prefix, pattern) for pattern in self._patterns(name)]
        for symbol, powers in WITHOUT_KILO.items():
            found[symbol] = [form for power in powers for form in self._without_kilo(power)]
        both = {symbol.replace("µ", "μ"): forms for symbol, forms in found.items()}
        behind = {symbol: _behind(forms, self._language) for symbol, forms in {**found, **both}.items()}
        return {symbol: forms for symbol, forms in behind.items() if forms}

    def _patterns(self, name: str, lengths: tuple[str, ...] = ("long",)) -> list[str]:
        """CLDR's patterns of a unit, such as "{0} Kilometer", of all plural forms."""
        unit = self._units.get(name, {})
        patterns = [
            pattern for length in lengths for count, pattern in unit.get(length, {}).items() if count != _PER
        ]
        return [" ".join(pattern.split()) for pattern in patterns if "{0}" in pattern]

    def _prefixed(self, power: str, pattern: str) -> str:
        ahead, number, unit = pattern.rpartition("{0}")
        space = unit[: len(unit) - len(unit.lstrip())]
        return f"{ahead}{number}{space}{self._prefix(power)}{unit.lstrip()}"

    def _unit(self, name: str) -> list[str]:
        return self._patterns(name, ("long", "short"))

    def _ratio(self, upper: str, lower: str) -> Iterator[str]:
        over, under = _several(UNITS.get(upper, upper))[0], _several(UNITS[lower])[0]
        whole = self._units.get(under, {}).get("long", {})
        own = whole.get(_PER)
        one = whole.get("one") or whole.get("other", "")
        joint = str(self._compounds[_PER]["long"]["compound"])
        for pattern in self._patterns(over):
            if own and "/" not in own:
                yield own.replace("{0}", pattern)
            else:
                yield joint.replace("{0}", pattern).replace("{1}", one.replace("{0}", "").strip())

    @cache  # noqa: B019 - one language is one run
    def _prefix(self, power: str) -> str:
        return str(self._compounds[power]["long"]["prefix"]).replace("{0}", "") if power else ""

    def _without_kilo(self, prefix: str) -> Iterator[str]:
        kilo = plain(self._prefix("10p3"), self._language)
        for pattern in self._patterns("energy-kilowatt-hour"):
            yield plain(pattern, self._language).replace(kilo, self._prefix(prefix), 1)

    def currencies(self) -> dict[str, list[str]]:
        """Every currency by its code and by its symbol in the language."""
        found: dict[str, list[str]] = {}
        for code in CURRENCIES:
            names = [
                get_currency_name(code, count, self._locale) for count in (None, 0, 1, 2, 3, 5, 1.5, 100)
            ]
            forms = distinct(names, self._language)
            found[code.lower()] = forms
            symbol = plain(get_currency_symbol(code, self._locale), self._language)
            if symbol != code.lower():
                found[symbol] = sorted({*found.get(symbol, ()), *forms})
        return found


_WIDTHS = tuple((use, width) for use in ("format", "stand-alone") for width in ("wide", "abbreviated"))


def _several(names: str | tuple[str, ...]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else names


def _behind(patterns: Iterable[str], language: str) -> list[str]:
    """What is said behind the number; with `{0}` for the number where something is said ahead of it."""
    return distinct((pattern.removeprefix("{0}") for pattern in patterns), language)


def language_data(language: str) -> dict[str, object]:
    """All that is written for a language."""
    numbers = Numbers(language)
    words = Words(language, numbers)
    return {
        "source": _SOURCE.format(
            cldr=_CLDR, rules=_RBNF_CLDR, babel=version("babel"), rbnf=version("unicode-rbnf")
        ),
        "cardinals": numbers.cardinals(),
        "scales": numbers.scales(),
        "ordinals": numbers.ordinals(),
        "months": words.calendar("months", range(1, 13)),
        "weekdays": words.calendar("days", range(7)),
        "units": words.units(),
        "currencies": words.currencies(),
    }


def written(language: str) -> str:
    """The text of the file."""
    return (
        json.dumps(language_data(language), ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n"
    )


def main(arguments: list[str]) -> int:
    """Write the files of the languages named, or of all; `--check` says which are not as they would be."""
    check = "--check" in arguments
    stale = 0
    for language in [name for name in arguments if name in LANGUAGES] or LANGUAGES:
        path, text = FOLDER / f"{language}.json", written(language)
        if not check:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            print(f"{path} is not what its source says: python -m tests.verification.language_data")
            stale += 1
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
