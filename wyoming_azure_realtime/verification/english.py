"""Read English tokens aloud: every usual reading of figures, signs, units and abbreviations.

In: a token and its neighbours. Out: readings, as words separated by spaces; at most 400 of one token.
"""

import re
from collections.abc import Iterator

from wyoming_azure_realtime.verification.english_numbers import (
    MONTHS,
    NUMBER_WORDS,
    cardinals,
    dates,
    digits,
    integers,
    ordinal,
    ordinals,
    plural,
    small,
    times,
    two_figures,
)
from wyoming_azure_realtime.verification.english_words import (
    ABBREVIATIONS,
    ALSO_WORDS,
    JOINERS,
    SILENT_SYMBOLS,
    SPELLINGS,
    SYMBOLS,
    UNITS,
    UNITS_BEHIND_NUMBERS,
)
from wyoming_azure_realtime.verification.tokens import Token, TokenKind, ascii_figures, fold, table_key

_CURRENCIES = {
    "$": (("dollars", "dollar"), ("cents", "cent")),
    "€": (("euros", "euro"), ("cents", "cent")),
    "£": (("pounds", "pound"), ("pence", "p", "penny")),
    "¥": (("yen",), ()),
}
_NUMBER = re.compile(
    r"(?P<sign>[-+±]?)(?P<money>[$€£¥]?)(?P<inner>-?)(?P<body>.*?)(?P<suffix>st|nd|rd|th|s)?", re.DOTALL
)
_THOUSANDS = re.compile(r"\d{1,3}([,'\u00a0\u202f])\d{3}(?:\1\d{3})*(?:\.\d+)?")
_DOTTED = re.compile(r"\d+\.\d+\.(\d+(\.\d+)*)?")
_SIGNS = {"": ("",), "-": ("minus ", "negative "), "+": ("plus ", ""), "±": ("plus or minus ",)}
_MOST = 400  # readings of one token
_MONTHS = frozenset({*MONTHS, *(month[:3] for month in MONTHS), "sept"})
_SCALES = {
    "million": "million",
    "billion": "billion",
    "thousand": "thousand",
    "trillion": "trillion",
    "k": "thousand",
    "m": "million",
    "bn": "billion",
    "b": "billion",
}
_CODES = {
    "usd": "$",
    "eur": "€",
    "gbp": "£",
    "dollars": "$",
    "dollar": "$",
    "euros": "€",
    "euro": "€",
    "pounds": "£",
}
_ROMAN = re.compile(r"(?=[IVX]{2})(X{0,2})(IX|IV|V?I{0,3})")
_ROMAN_VALUES = {"": 0, "I": 1, "II": 2, "III": 3, "IV": 4, "V": 5, "VI": 6, "VII": 7, "VIII": 8, "IX": 9}


class English:
    """The English readings of tokens; see `verifier.Language`."""

    number_words = NUMBER_WORDS

    def readings(self, token: Token, before: Token | None, behind: Token | None, *, lone: bool) -> list[str]:
        """Every reading of one token; "" if it may be left out.

        `lone`: what follows the token is not known, so a number up to 31 may be the day of a date.
        """
        match token.kind:
            case TokenKind.NUMBER:
                return self._number(token, before, behind, lone=lone)
            case TokenKind.SYMBOL:
                written = table_key(token.text)
                silent = SILENT_SYMBOLS.get(written)
                names = SYMBOLS.get(written, ("",))
                return (
                    ["", *silent]
                    if silent
                    else [name for name in names if not lone or _is_whole(written, name)]
                )
            case TokenKind.JOINER:
                return ["", *_joiner(token.text)]
            case TokenKind.WORD:
                return self._word(token, before, behind, lone=lone)

    def spans(self, tokens: list[Token], place: int) -> list[tuple[int, list[str]]]:
        """Readings of two tokens together, with the place behind them: `$3 million`, `5.50 €`, `May 5`."""
        token, behind = tokens[place], tokens[place + 1] if place + 1 < len(tokens) else None
        if behind is None or TokenKind.NUMBER not in {token.kind, behind.kind}:
            return []
        if token.kind is not TokenKind.NUMBER:
            return self._before_number(token, behind, place)
        written, name = ascii_figures(token.text), fold(behind.text)
        if readings := _dates(name, written):
            return [(place + 2, readings)]
        if written[0] in _CURRENCIES and name in _SCALES:
            unit = _CURRENCIES[written[0]][0][0]
            return [(place + 2, [f"{way} {_SCALES[name]} {unit}" for way in number_readings(written[1:])])]
        currency = behind.text if behind.text in _CURRENCIES else _CODES.get(name)
        if currency and re.fullmatch(r"\d+([.,]\d{2})?", written):
            return [(place + 2, number_readings(currency + written))]
        return []

    def _before_number(self, token: Token, number: Token, place: int) -> list[tuple[int, list[str]]]:
        written, name = ascii_figures(number.text), fold(token.text)
        if name in {"usd", "eur", "gbp"} and written[0].isdigit():
            return [(place + 2, number_readings(_CODES[name] + written))]
        readings = _dates(name, written)
        return [(place + 2, readings)] if readings else []

    def _number(self, token: Token, before: Token | None, behind: Token | None, *, lone: bool) -> list[str]:
        found = number_readings(token.text)
        written = ascii_figures(token.text)
        if not written.isdigit() or not 1 <= int(written[:3]) <= 31 or len(written) > 2:
            return found
        near = [fold(token.text) for token in (before, behind) if token]
        if lone or not _MONTHS.isdisjoint(near) or "of" in near[-1:]:
            nth = ordinals(int(written))[0]
            found += [nth, f"the {nth}", f"the {nth} of", f"{nth} of"]
        return found

    def _word(self, token: Token, before: Token | None, behind: Token | None, *, lone: bool) -> list[str]:
        written = token.text.casefold()
        word = fold(token.text)
        found = [token.text]
        beside_number = before is not None and self._is_amount(before)
        if word in ABBREVIATIONS and self._is_abbreviation(token, word, beside_number, behind):
            found += ABBREVIATIONS[word]
        if word in SPELLINGS:
            found.append(SPELLINGS[word])
        found += UNITS.get(written, ())
        if beside_number:
            units = UNITS_BEHIND_NUMBERS.get(word, ())
            found += [unit for unit in units if not lone or _is_whole(f"°{word}", unit)]
        roman = _ROMAN.fullmatch(token.text)
        if roman and before is not None and before.kind is TokenKind.WORD:
            value = 10 * len(roman[1]) + _ROMAN_VALUES[roman[2]]
            found += [*cardinals(value), *ordinals(value), *(f"the {nth}" for nth in ordinals(value))]
        return found

    def _is_amount(self, token: Token) -> bool:
        return token.kind is TokenKind.NUMBER or token.text == "/" or fold(token.text) in NUMBER_WORDS

    def _is_abbreviation(self, token: Token, word: str, beside_number: bool, behind: Token | None) -> bool:
        if word not in ALSO_WORDS or beside_number:
            return True
        if word in {"no", "v"}:
            return behind is not None and behind.kind is TokenKind.NUMBER
        return token.text[0].isupper()


def _is_whole(sign: str, name: str) -> bool:
    """Whether a transcript's sign has that reading: one who writes °C was not saying degrees only."""
    return sign == "°" or name not in {"degrees", "degree"}


def _dates(month: str, day: str) -> list[str]:
    number = re.fullmatch(r"(\d{1,2})(?:st|nd|rd|th)?", day.lower())
    if month not in _MONTHS or not number:
        return []
    names = [name.startswith(month[:3]) for name in MONTHS]
    return list(dates(0, names.index(True) + 1, int(number[1])))


def _joiner(text: str) -> tuple[str, ...]:
    written = ascii_figures(text)
    if written in JOINERS:
        return JOINERS[written]
    return (" ".join(JOINERS[character][0] for character in written if character in JOINERS),)


def number_readings(written: str) -> list[str]:
    """Every way to say a token of figures, with its sign, currency and ending; at most 400."""
    parts = _NUMBER.fullmatch(ascii_figures(written).lower())
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
    elif fraction.isdigit() and (whole.isdigit() or not whole):
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
    """Lists and codes: every combination of every group's ways would be too many."""
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
    """Groups with hyphens: a range, a date, a telephone number, a score."""
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
    """Groups with dots: a date, a version, a network address."""
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
    """Groups with slashes: a date in either order, a fraction, a ratio."""
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
    units, cents = _CURRENCIES[currency]
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
