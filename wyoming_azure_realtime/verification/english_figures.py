"""How English says what is written with figures: numbers, times, dates, amounts, ranges."""

import re
import unicodedata
from collections.abc import Iterator

from wyoming_azure_realtime.verification.english_numbers import (
    cardinals,
    digits,
    integers,
    ordinal,
    ordinals,
    plural,
    small,
)
from wyoming_azure_realtime.verification.english_times import dates, times, two_figures

CURRENCIES = {
    "$": (("dollars", "dollar"), ("cents", "cent")),
    "€": (("euros", "euro"), ("cents", "cent")),
    "£": (("pounds", "pound"), ("pence", "p", "penny")),
    "¥": (("yen",), ()),
}
_DASH = re.compile("[\u2010\u2011\u2012\u2013\u2212]")
_NUMBER = re.compile(
    r"(?P<sign>[-+±]?)(?P<money>[$€£¥]?)(?P<inner>-?)(?P<body>.*?)(?P<suffix>st|nd|rd|th|s)?", re.DOTALL
)
_THOUSANDS = re.compile(r"\d{1,3}([,'\u00a0\u202f])\d{3}(?:\1\d{3})*(?:\.\d+)?")
_DOTTED = re.compile(r"\d+\.\d+\.(\d+(\.\d+)*)?")
_SIGNS = {"": ("",), "-": ("minus ", "negative "), "+": ("plus ", ""), "±": ("plus or minus ",)}
_MOST = 400  # readings of one token


def plain(text: str) -> str:
    """Figures of every script as ASCII, every dash as a hyphen."""
    figures = (str(unicodedata.digit(c)) if c.isdigit() and not c.isascii() else c for c in text)
    return _DASH.sub("-", "".join(figures)).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")


def readings(written: str) -> list[str]:
    """Every way to say a number token."""
    parts = _NUMBER.fullmatch(plain(written).lower())
    if parts is None:
        return []
    body, suffix, money = parts["body"], parts["suffix"] or "", parts["money"]
    ways = (
        _amounts(body.rstrip("."), money) if money else _with_suffix(body, suffix) if suffix else _bare(body)
    )
    signs = _SIGNS[parts["sign"] or parts["inner"]]
    found = dict.fromkeys(sign + way for way in ways for sign in signs)
    return list(found)[:_MOST]


def _with_suffix(body: str, suffix: str) -> Iterator[str]:
    for way in _bare(body):
        if suffix == "s":
            yield plural(way)
            yield from (f"{way} s", f"{way} seconds", f"{way} second")
        else:
            yield ordinal(way)


def _bare(body: str) -> Iterator[str]:
    if ":" in body:
        yield from times(*body.split(":"))
        return
    if "/" in body:
        yield from _with_slash(body.split("/"))
    elif "'" in body:
        yield from _feet(*body.split("'")[:2])
    elif "-" in body:
        yield from _groups(body.split("-"))
    elif _DOTTED.fullmatch(body):
        yield from _dotted(body.rstrip(".").split("."))
    yield from _decimal(body.rstrip("."))


def _decimal(body: str) -> Iterator[str]:
    if _THOUSANDS.fullmatch(body):
        body = re.sub(r"[^\d.]", "", body)
    elif "," in body:
        yield from _decimal(body.replace(".", "").replace(",", ".")) if body.count(",") == 1 else ()
        yield from _one_by_one(re.split(r"\D", body))
        return
    whole, point, fraction = body.partition(".")
    if not point:
        yield from integers(body) if body.isdigit() else ()
    elif fraction.isdigit():
        yield from _with_fraction(whole, fraction)


def _feet(feet: str, inches: str) -> Iterator[str]:
    if len(feet) < 3 and len(inches) < 3:
        for foot in ("foot", "feet"):
            yield from (
                f"{small(int(feet))} {foot} {small(int(inches))}{end}" for end in ("", " inches", " inch")
            )


def _with_fraction(whole: str, fraction: str) -> Iterator[str]:
    behind = [*digits(fraction), *(cardinals(int(fraction)) if len(fraction) == 2 else ())]
    before = [*integers(whole or "0"), *(("", "oh") if not whole.strip("0") else ())]
    yield from (f"{a} {point} {b}".strip() for a in before for b in behind for point in ("point", "dot"))
    if fraction in {"5", "50"}:
        yield from (f"{way} and a half" for way in cardinals(int(whole or 0)))


def _one_by_one(groups: list[str]) -> Iterator[str]:
    """Lists and codes: every group in each of its ways would be too many."""
    if all(group.isdigit() for group in groups):
        yield " ".join(_cardinal(group) for group in groups)
        yield from digits("".join(groups))
        # "one eight hundred", "one ninety-two dot one sixty-eight"
        yield " ".join(_shortest(group) for group in groups)


def _shortest(number: str) -> str:
    if len(number) == 3 and number[0] != "0":
        return f"{small(int(number[0]))} hundred" if number.endswith("00") else list(digits(number))[-1]
    return _cardinal(number) if len(number) < 3 else next(digits(number))


def _cardinal(number: str) -> str:
    return next(iter(integers(number)))


def _groups(groups: list[str]) -> Iterator[str]:
    """A range, a date, a telephone number, a score."""
    if len(groups) == 3 and len(groups[0]) == 4:
        yield from dates(int(groups[0]), int(groups[1]), int(groups[2]))
    yield from _one_by_one(groups)
    if len(groups) == 2:
        links: tuple[str, ...] = (" to ", " through ", " until ", " dash ", " hyphen ", " minus ")
        if len(groups[0]) == len(groups[1]) == 1:
            links += (" ",)  # a score; with more figures it would be another number
        first, second = integers(groups[0]), integers(groups[1])
        yield from (a + link + b for link in links for a in first[:5] for b in second[:5])
    else:
        for link in (" ", " dash ", " hyphen ", " minus "):
            for zero in range(2):
                yield link.join(_telephone(group, zero) for group in groups)
            yield link.join(_cardinal(group) for group in groups)
            yield link.join(next(digits(group)) for group in groups)


def _telephone(group: str, zero: int) -> str:
    ways = list(digits(group))
    return _shortest(group) if group.endswith("00") else ways[min(zero, len(ways) - 1)]


def _dotted(groups: list[str]) -> Iterator[str]:
    """A date, a version, an address."""
    if len(groups) in {2, 3}:
        year = _full_year(groups[2]) if len(groups) == 3 else 0
        yield from dates(year, int(groups[1]), int(groups[0]))
    for link in (" point ", " dot "):
        yield link.join(_shortest(group) for group in groups)
        yield link.join(_cardinal(group) for group in groups)
        yield from (link.join([way, *map(_cardinal, groups[1:])]) for way in integers(groups[0])[1:])
        yield link.join(next(digits(group)) for group in groups)
        yield link.join(list(digits(group))[min(1, group.count("0"))] for group in groups)


def _with_slash(groups: list[str]) -> Iterator[str]:
    """A date in either order, a fraction, a ratio."""
    if len(groups) in {2, 3}:
        year = _full_year(groups[2]) if len(groups) == 3 else 0
        yield from dates(year, int(groups[0]), int(groups[1]))
        yield from dates(year, int(groups[1]), int(groups[0]))
    if len(groups) == 2:
        yield from _fraction(int(groups[0]), int(groups[1]))
    for link in (" slash ", " over ", " out of ", " of ", " ", " by "):
        yield link.join(_cardinal(group) for group in groups)


def _fraction(above: int, below: int) -> Iterator[str]:
    names = {2: ("half", "halve"), 4: ("quarter", "quarter")}.get(below)
    endings = names or (ordinals(below)[0], ordinals(below)[0])
    for count in cardinals(above):
        yield f"{count} {endings[0]}" if above == 1 else f"{count} {endings[1]}s"
    if above == 1:
        yield from (f"a {endings[0]}", endings[0])
    if below == 4:
        yield f"{small(above % 100)} fourth{'s' if above != 1 else ''}"


def _full_year(year: str) -> int:
    return int(year) if len(year) == 4 else 2000 + int(year)


def _amounts(body: str, currency: str) -> Iterator[str]:
    whole, _, fraction = (
        re.sub(r"(?<=\d)[,'\u00a0\u202f](?=\d{3})", "", body).replace(",", ".").partition(".")
    )
    units, cents = CURRENCIES[currency]
    if not whole.isdigit() or (fraction and not fraction.isdigit()):
        yield from (f"{way} {units[0]}" for way in _bare(body))
        return
    unit = units[-1] if whole == "1" and len(units) > 1 else units[0]
    counts = [*cardinals(int(whole)), *integers(whole), *(("a", "an") if whole == "1" else ())]
    if not fraction.strip("0"):
        yield from (f"{count} {unit}" for count in counts)
        yield from (f"{count} {unit} and zero {cents[0]}" for count in counts[:2] if fraction and cents)
    if fraction:
        yield from (f"{way} {name}" for way in _with_fraction(whole, fraction) for name in units)
    if len(fraction) == 2 and fraction != "00":
        yield from _with_cents(counts, unit, cents, fraction, nothing=not int(whole))


def _with_cents(
    counts: list[str], unit: str, cents: tuple[str, ...], fraction: str, *, nothing: bool
) -> Iterator[str]:
    spoken = small(int(fraction))
    named = [f"{spoken} {name}" for name in cents]
    if nothing:
        yield from named
    for count in counts:
        for link in (" and ", " "):
            yield from (f"{count} {unit}{link}{part}" for part in (*named, spoken))
        yield from (f"{count} {part}{end}" for part in two_figures(fraction) for end in ("", f" {unit}"))
