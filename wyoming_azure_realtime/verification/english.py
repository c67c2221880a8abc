"""The English readings of a token."""

import re

from wyoming_azure_realtime.verification import english_figures as figures
from wyoming_azure_realtime.verification import vocabulary
from wyoming_azure_realtime.verification.english_numbers import NUMBER_WORDS, cardinals, ordinals
from wyoming_azure_realtime.verification.english_times import MONTHS
from wyoming_azure_realtime.verification.english_times import dates as dates_of
from wyoming_azure_realtime.verification.folding import fold
from wyoming_azure_realtime.verification.lexer import Kind, Token

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
    """Which words may stand for a token; "" if it may be left out."""

    number_words = NUMBER_WORDS

    def readings(self, token: Token, before: Token | None, behind: Token | None, *, lone: bool) -> list[str]:
        """`lone`: what stands behind it is not known, so a number of a day counts as a date's."""
        match token.kind:
            case Kind.NUMBER:
                return self._number(token, before, behind, lone=lone)
            case Kind.SYMBOL:
                written = fold_symbol(token.text)
                silent = vocabulary.SILENT_SYMBOLS.get(written)
                names = vocabulary.SYMBOLS.get(written, ("",))
                return (
                    ["", *silent]
                    if silent
                    else [name for name in names if not lone or _is_whole(written, name)]
                )
            case Kind.JOINER:
                return ["", *joiner(token.text, vocabulary.JOINERS)]
            case Kind.WORD:
                return self._word(token, before, behind, lone=lone)

    def spans(self, tokens: list[Token], place: int) -> list[tuple[int, list[str]]]:
        """Readings of several tokens at once, with the place behind the last one: `$3 million`, `5.50 €`."""
        token, behind = tokens[place], tokens[place + 1] if place + 1 < len(tokens) else None
        if behind is None or Kind.NUMBER not in {token.kind, behind.kind}:
            return []
        if token.kind is not Kind.NUMBER:
            return self._before_number(token, behind, place)
        written, name = figures.plain(token.text), fold(behind.text)
        if dates := _dates(name, written):
            return [(place + 2, dates)]
        if written[0] in figures.CURRENCIES and name in _SCALES:
            unit = figures.CURRENCIES[written[0]][0][0]
            return [(place + 2, [f"{way} {_SCALES[name]} {unit}" for way in figures.readings(written[1:])])]
        currency = behind.text if behind.text in figures.CURRENCIES else _CODES.get(name)
        if currency and re.fullmatch(r"\d+([.,]\d{2})?", written):
            return [(place + 2, figures.readings(currency + written))]
        return []

    def _before_number(self, token: Token, number: Token, place: int) -> list[tuple[int, list[str]]]:
        written, name = figures.plain(number.text), fold(token.text)
        if name in {"usd", "eur", "gbp"} and written[0].isdigit():
            return [(place + 2, figures.readings(_CODES[name] + written))]
        dates = _dates(name, written)
        return [(place + 2, dates)] if dates else []

    def _number(self, token: Token, before: Token | None, behind: Token | None, *, lone: bool) -> list[str]:
        found = figures.readings(token.text)
        written = figures.plain(token.text)
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
        if word in vocabulary.ABBREVIATIONS and self._is_abbreviation(token, word, beside_number, behind):
            found += vocabulary.ABBREVIATIONS[word]
        if word in vocabulary.SPELLINGS:
            found.append(vocabulary.SPELLINGS[word])
        found += vocabulary.UNITS.get(written, ())
        if beside_number:
            units = vocabulary.UNITS_BEHIND_NUMBERS.get(word, ())
            found += [unit for unit in units if not lone or _is_whole(f"°{word}", unit)]
        roman = _ROMAN.fullmatch(token.text)
        if roman and before is not None and before.kind is Kind.WORD:
            value = 10 * len(roman[1]) + _ROMAN_VALUES[roman[2]]
            found += [*cardinals(value), *ordinals(value), *(f"the {nth}" for nth in ordinals(value))]
        return found

    def _is_amount(self, token: Token) -> bool:
        return token.kind is Kind.NUMBER or token.text == "/" or fold(token.text) in NUMBER_WORDS

    def _is_abbreviation(self, token: Token, word: str, beside_number: bool, behind: Token | None) -> bool:
        if word not in vocabulary.ALSO_WORDS or beside_number:
            return True
        if word in {"no", "v"}:
            return behind is not None and behind.kind is Kind.NUMBER
        return token.text[0].isupper()


def _is_whole(sign: str, name: str) -> bool:
    """What is written as °C was not said as degrees only, though it may be read so."""
    return sign == "°" or name not in {"degrees", "degree"}


def _dates(month: str, day: str) -> list[str]:
    number = re.fullmatch(r"(\d{1,2})(?:st|nd|rd|th)?", day.lower())
    if month not in _MONTHS or not number:
        return []
    names = [name.startswith(month[:3]) for name in MONTHS]
    return list(dates_of(0, names.index(True) + 1, int(number[1])))


def fold_symbol(text: str) -> str:
    """Signs as the tables have them."""
    return figures.plain(text).casefold().replace("º", "°")


def joiner(text: str, names: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """How what joins two words is said."""
    written = figures.plain(text)
    if written in names:
        return names[written]
    return (" ".join(names[character][0] for character in written if character in names),)
