"""Departures as an assistant tells them, in English and German, with how a model writes what it read."""

import random

from tests.support.read_texts import Row

_ENGLISH = [
    "oh",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_ENGLISH_TENS = ("", "", "twenty", "thirty", "forty", "fifty")
_GERMAN = [
    "null",
    "ein",
    "zwei",
    "drei",
    "vier",
    "fünf",
    "sechs",
    "sieben",
    "acht",
    "neun",
    "zehn",
    "elf",
    "zwölf",
    "dreizehn",
    "vierzehn",
    "fünfzehn",
    "sechzehn",
    "siebzehn",
    "achtzehn",
    "neunzehn",
]
_GERMAN_TENS = ("", "", "zwanzig", "dreißig", "vierzig", "fünfzig")
_PLACES = ("Hamburg", "Bremen", "Köln", "Leipzig", "Augsburg", "Ulm", "Rostock", "Kassel")


def _english(number: int) -> str:
    tens, ones = divmod(number, 10)
    if number < 20:
        return _ENGLISH[number]
    return f"{_ENGLISH_TENS[tens]}-{_ENGLISH[ones]}" if ones else _ENGLISH_TENS[tens]


def _german(number: int) -> str:
    tens, ones = divmod(number, 10)
    if number < 20:
        return "eins" if number == 1 else _GERMAN[number]
    return f"{_GERMAN[ones]}und{_GERMAN_TENS[tens]}" if ones else _GERMAN_TENS[tens]


def timetable(chance: random.Random, language: str) -> Row:
    """Three departures to one place, each with its time and platform; `language`: en or de."""
    place, hour = chance.choice(_PLACES), chance.randint(6, 18)
    departures = [(hour + late, chance.randint(10, 59), chance.randint(1, 24)) for late in range(3)]
    if language == "de":
        return _row(
            "de",
            f"Die nächsten Züge nach {place} fahren",
            [f"um {hours}:{minutes} Uhr von Gleis {track}" for hours, minutes, track in departures],
            [
                f"um {_german(hours)} Uhr {_german(minutes)} von Gleis {_german(track)}"
                for hours, minutes, track in departures
            ],
            "und",
        )
    return _row(
        "en",
        f"The next trains to {place} leave",
        [f"at {hours}:{minutes} from platform {track}" for hours, minutes, track in departures],
        [
            f"at {_english(hours)} {_english(minutes)} from platform {_english(track)}"
            for hours, minutes, track in departures
        ],
        "and",
    )


def _row(language: str, opening: str, written: list[str], spoken: list[str], joint: str) -> Row:
    text, said = (f"{opening} {', '.join(parts[:-1])} {joint} {parts[-1]}." for parts in (written, spoken))
    return Row(language, "timetable", text, (text, said))
