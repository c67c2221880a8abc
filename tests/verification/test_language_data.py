import json
import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from num2words import num2words

from tests.verification.language_data import FOLDER, LANGUAGES, written

_GENERATED = {"cardinals", "currencies", "months", "ordinals", "scales", "source", "units", "weekdays"}
_LISTS = (
    "point minus plus to from and clock noon midnight am pm negations percent_before square cubic dates "
    "past before whole half_behind below_zero half quarter spellings months weekdays opposites small"
)
_TABLES = (
    "signs abbreviations fractions tenths endings cents numbers ordinals scales units currencies letters"
)
_OF_SOME_LANGUAGES = {
    *("also_words", "clock_before", "half_ahead", "contractions", "tenths_of_money", "www"),
    *("price_per", "quarters_of_hour", "until"),
}
# misspelt there, as "förtio" for "fyrtio", or without a language of that name
_NOT_BY_NUM2WORDS = {"da", "el", "hi", "sv", "zh"}
_MISSPELT = {"it": {118, 218, 318, 418, 518, 618, 718, 818, 918}}
_ITS_NAMES = {"nb": "no"}


def _generated(language: str) -> dict[str, Any]:
    return _read(f"{language}.json")


def _words(language: str) -> dict[str, Any]:
    return _read(f"words/{language}.json")


def _read(name: str) -> dict[str, Any]:
    data = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    assert isinstance(data, dict)
    return data


def _letters(text: str) -> str:
    bare = unicodedata.normalize("NFKD", text.casefold())
    return re.sub(r"\W", "", "".join(letter for letter in bare if not unicodedata.combining(letter)))


def _all_letters(forms: Iterable[str]) -> set[str]:
    return {_letters(form) for form in forms}


def test_a_file_is_what_its_source_says() -> None:
    files = {language: (FOLDER / f"{language}.json").read_text(encoding="utf-8") for language in LANGUAGES}
    assert not [language for language, file in files.items() if file != written(language)]


def test_every_language_has_every_key() -> None:
    for language in LANGUAGES:
        words = _words(language)
        lists = {key for key, value in words.items() if isinstance(value, list)} - _OF_SOME_LANGUAGES
        tables = {key for key, value in words.items() if isinstance(value, dict)} - _OF_SOME_LANGUAGES
        found = set(_generated(language)), lists, tables
        assert found == (_GENERATED, set(_LISTS.split()), set(_TABLES.split())), language


def test_every_number_that_others_are_made_of_is_there() -> None:
    missing = []
    for language in LANGUAGES:
        cardinals, own = _generated(language)["cardinals"], _words(language)["numbers"]
        numbers = [*range(100), *range(100, 1000, 100), 1000, 10**6, 10**9]
        missing += [(language, n) for n in numbers if not (cardinals.get(str(n)) or own.get(str(n)))]
    assert not missing


def test_what_everybody_says_is_there() -> None:
    missing = []
    for language in LANGUAGES:
        words = _words(language)
        lists = ("point", "minus", "plus", "to", "negations", "clock", "am", "pm", "half")
        missing += [(language, key) for key in lists if not words[key]]
        missing += [(language, sign) for sign in "&+=@#/*%°½" if not words["signs"].get(sign)]
        generated, own = _generated(language)["units"], words["units"]
        missing += [
            (language, unit)
            for unit in {*generated, *own}
            if not [*generated.get(unit, ()), *own.get(unit, ())]
        ]
    assert not missing


def test_every_number_to_999_is_composed_of_the_data() -> None:
    languages = sorted(set(LANGUAGES) - _NOT_BY_NUM2WORDS)
    assert not {language: numbers for language in languages if (numbers := _not_composed(language))}


def _not_composed(language: str) -> list[int]:
    generated, own = _generated(language), _words(language)
    cardinals: dict[int, set[str]] = {}
    for source in (generated["cardinals"], own["numbers"]):
        for number, forms in source.items():
            cardinals.setdefault(int(number), set()).update(_all_letters(forms))
    hundreds = _all_letters([*generated["scales"]["100"], *own["scales"].get("100", ())])
    links = {"", *_all_letters(own["and"])}

    def composed(number: int) -> bool:
        said = _letters(num2words(number, lang=_ITS_NAMES.get(language, language)))
        if said in cardinals.get(number, ()):
            return True
        figure, rest = divmod(number, 100)
        counts = cardinals[figure] if figure > 1 else {"", *cardinals[1]}
        heads = cardinals[figure * 100] | {f"{count}{word}" for count in counts for word in hundreds}
        tails = cardinals[rest] if rest else {""}
        return number >= 100 and any(
            said == f"{head}{link}{tail}"
            for head in heads
            if said.startswith(head)
            for link in links
            for tail in tails
        )

    exceptions = _MISSPELT.get(language, set())
    return [number for number in range(1000) if number not in exceptions and not composed(number)]
