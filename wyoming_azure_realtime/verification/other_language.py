"""Readings in every language but English: numbers from Unicode's rules, signs and units from small tables."""

import functools
import itertools
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from wyoming_azure_realtime.verification.english import fold_symbol
from wyoming_azure_realtime.verification.english_figures import plain
from wyoming_azure_realtime.verification.folding import fold
from wyoming_azure_realtime.verification.lexer import Kind, Token
from wyoming_azure_realtime.verification.locales import LOCALES

if TYPE_CHECKING:
    from unicode_rbnf import RbnfEngine

ANY = "\0"  # stands for one word, whichever
UNKNOWN = (ANY, f"{ANY} {ANY}", f"{ANY} {ANY} {ANY}")
_MOST = 400
_LONGEST = 15
_GROUPED = re.compile(r"\d{1,3}(?:([.,'\u00a0\u202f])\d{3})(?:\1\d{3})*")


class OtherLanguage:
    """Readings by a language's code. Numbers are exact if Unicode has the language, else any few words."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._locale = LOCALES.get(language)
        self.number_words: frozenset[str] = frozenset()

    def readings(self, token: Token, before: Token | None, behind: Token | None, *, lone: bool) -> list[str]:
        """Which words may stand for a token; "" if it may be left out."""
        del behind
        match token.kind:
            case Kind.NUMBER:
                return self._number(plain(token.text).lower())
            case Kind.SYMBOL:
                sign = fold_symbol(token.text)
                names = self._sign(sign)
                # what is written as °C was not said as degrees only, though it may be read so
                bare = self._sign("°") if lone and sign in {"°c", "°f"} and self._locale else ()
                return [name for name in names if name not in bare]
            case Kind.JOINER:
                return ["", *self._sign(plain(token.text))]
            case Kind.WORD:
                return [token.text, *self._unit(token, before)]

    def spans(self, tokens: list[Token], place: int) -> list[tuple[int, list[str]]]:
        """`5,50 €` with the currency in the middle, `7:30 Uhr` with the hour there."""
        if place + 1 >= len(tokens) or tokens[place].kind is not Kind.NUMBER:
            return []
        if ":" in tokens[place].text and tokens[place + 1].text.lower() in self._clock():
            # "7:30 Uhr" has its word in the middle
            return [(place + 2, self._number(plain(tokens[place].text)))]
        amount = re.fullmatch(r"(\d{1,9})[.,](\d\d)", plain(tokens[place].text))
        name = tokens[place + 1].text.casefold()
        if not amount or name not in {"€", "$", "£", "euro", "euros", "eur", "dollar"}:
            return []
        units = self._sign(name) if not name.isalpha() else (name,)
        links = ("", "und", "et", "con", "y", "e", "en", "och") if self._locale else ("", ANY)
        parts = itertools.product(self._whole(amount[1]), units, links, self._whole(amount[2]), ("", *_CENTS))
        return [(place + 2, _joined(parts))]

    def _sign(self, sign: str) -> tuple[str, ...]:
        known = self._locale.symbols.get(sign) if self._locale else None
        return known or UNKNOWN

    def _unit(self, token: Token, before: Token | None) -> tuple[str, ...]:
        name = fold(token.text) if token.text[-1] not in "²³" else token.text.casefold()
        if self._locale:
            long_enough = len(name) > 1 or (
                before is not None and (before.kind is Kind.NUMBER or before.text == "/")
            )
            return self._locale.symbols.get(name, ()) if long_enough else ()
        behind_number = before is not None and before.kind is Kind.NUMBER
        dotted = token.text.endswith(".")
        return UNKNOWN if dotted or (behind_number and len(name) <= 3 and name.isascii()) else ()

    def _number(self, written: str) -> list[str]:
        signs, money, body = self._prefixes(written)
        body = body.rstrip(".")
        parts = re.split(r"[^\d]", re.sub(r"[a-z]+$", "", body))
        found = list(self._dates(body))
        if _GROUPED.fullmatch(body):
            found += self._whole(re.sub(r"\D", "", body))
        values = [self._short(part) if len(parts) > 2 else self._whole(part) for part in parts if part]
        links = [self._links(separator) for separator in re.findall(r"[^\d]", re.sub(r"[a-z]+$", "", body))]
        if len(parts) == 2 and links and len(values) == 2:
            found += _joined(itertools.product(values[0], links[0], values[1]))
            found += _joined(
                itertools.product(self._short(parts[0]), links[0], self._short(parts[1]), self._clock())
            )
        elif values:
            found += _joined(itertools.product(*values))
        if self._locale and re.fullmatch(r"\d+[.,]50?", body):
            found += _joined(itertools.product(self._whole(parts[0]), self._locale.half))
        return _joined(itertools.product(signs, found, money))

    def _prefixes(self, written: str) -> tuple[tuple[str, ...], tuple[str, ...], str]:
        signs: tuple[str, ...] = ("",)
        money: tuple[str, ...] = ("",)
        while written and not written[0].isdigit() and written[0] != ".":
            if written[0] in "$€£¥":
                money = self._sign(written[0])
            elif self._locale:
                signs = self._locale.minus if written[0] == "-" else ("", *self._locale.plus)
            else:
                signs = UNKNOWN[:1]
            written = written[1:]
        return signs, money, written

    def _clock(self) -> tuple[str, ...]:
        return ("", *map(str.lower, self._locale.clock)) if self._locale else ("",)

    def _links(self, separator: str) -> tuple[str, ...]:
        if not self._locale:
            return ("", ANY, f"{ANY} {ANY}")
        match separator:
            case "." | ",":
                return self._locale.point
            case ":":
                return ("", *self._locale.clock, *self._locale.to)
            case "-":
                return ("", *self._locale.to)
        return ("", *self._locale.symbols.get(separator, ()))

    def _dates(self, body: str) -> Iterator[str]:
        numbers = [int(part) for part in re.split(r"[^\d]", body) if part and len(part) <= 4]
        if not self._locale or len(numbers) not in {2, 3}:
            return
        if body[:4].isdigit():
            numbers.reverse()
        day, month, *year = numbers
        if 1 <= month <= 12 and 1 <= day <= 31:
            years = spoken(year[0] + 2000 * (year[0] < 100), self._language) if year else ("",)
            for nth, on in itertools.product(spoken(day, self._language), (" ", " de ")):
                yield from (f"{nth}{on}{self._locale.months[month - 1]}{on}{year}" for year in years)
                yield from (f"{nth}{on}{self._locale.months[month - 1]} {year}" for year in years)

    def _whole(self, number: str) -> list[str]:
        """All ways to say it, whole and figure by figure."""
        ways = spoken(int(number), self._language) if len(number) <= _LONGEST else ()
        if not ways and len(number) <= _LONGEST:
            return list(UNKNOWN)
        single = [spoken(int(figure), self._language)[:1] for figure in number]
        one_by_one = " ".join(figure[0] for figure in single) if all(single) else ANY
        zeros = f"{spoken(0, self._language)[0]} {ways[0]}" if number[0] == "0" and ways else one_by_one
        return list(dict.fromkeys([*ways, one_by_one, zeros]))

    def _short(self, number: str) -> list[str]:
        ways = self._whole(number)
        return [*ways[:2], ways[-1]]


_CENTS = ("Cent", "centimes", "céntimos", "centesimi", "cêntimos", "centavos", "cents")


def _joined(parts: Iterable[tuple[str, ...]]) -> list[str]:
    found = dict.fromkeys(" ".join(filter(None, words)) for words in itertools.islice(parts, _MOST))
    return list(found)


@functools.lru_cache(maxsize=1024)
def spoken(number: int, language: str) -> tuple[str, ...]:
    """Cardinals, ordinals and the year in every gender and case; nothing if the language is unknown."""
    # loaded with the first figure in such a language: it takes a tenth of a second
    from unicode_rbnf import FormatPurpose  # noqa: PLC0415

    engine = _engine(language)
    found: dict[str, None] = {}
    for purpose in (FormatPurpose.CARDINAL, FormatPurpose.ORDINAL, FormatPurpose.YEAR):
        try:
            result = engine.format_number(number, purpose) if engine else None
        except (ValueError, KeyError, IndexError, RecursionError):
            continue  # no rule for that
        for way in result.text_by_ruleset.values() if result else ():
            found.setdefault(way.replace("\u00ad", ""))
    return tuple(found)


@functools.lru_cache(maxsize=8)
def _engine(language: str) -> "RbnfEngine | None":
    from unicode_rbnf import RbnfEngine  # noqa: PLC0415

    try:
        return RbnfEngine.for_language(language)
    except (ValueError, OSError, LookupError):
        return None
