"""Signs, units and money as parts of a graph, and one token of a transcript as a graph of its own."""

import functools
import re

from wyoming_azure_realtime.verification.figures import Figure, add_figure, decimals, figure_of, values_of
from wyoming_azure_realtime.verification.graph import STEM, Graph, Labels, labels, literal, remembered
from wyoming_azure_realtime.verification.language_data import Language, links_too
from wyoming_azure_realtime.verification.numbers import (
    Languages,
    add_digits,
    add_integer,
    add_number,
    labels_of_figure,
)
from wyoming_azure_realtime.verification.tokens import Token, TokenKind, fold, table_key

_MOST_DIGITS = 40
_PRIMES = {
    **dict.fromkeys("'\u2032", ("min", "ft")),
    **dict.fromkeys('"\u201d\u2033', ("s", "in")),
}
_ELLIPSES = frozenset({"\u2026", "..", "..."})
_DEGREES = frozenset({"°c", "°f", "c", "f"})


def is_currency(written: str, languages: Languages) -> bool:
    """Whether a sign, a code or a word of the text is a currency."""
    key, folded = written.lower(), fold(written)
    return any(one.entry("currencies", key) or folded in one.currency_words for one in languages)


def add_amount(
    graph: Graph,
    start: int,
    end: int,
    figure: Figure,
    currency: str,
    languages: Languages,
    *,
    nameless: bool = True,
) -> None:
    """Add what an amount of money is called, with the currency behind it, ahead of it or in the middle.

    `nameless`: the currency may be left out ("three ninety-nine"), as in speech and never in a sign.
    """
    bare = figure._replace(money="", sign="", ending="")
    begun = start
    if figure.sign:
        begun = graph.node()
        for one in languages:
            graph.add(start, begun, one.of("minus"))
        graph.add(start, begun, labels((), "sign-"))
    every = links_too(languages) if languages else ()
    named = _names_of_money(currency, every)
    counted = graph.node()
    add_figure(graph, begun, counted, bare, languages)
    for phrase in named:
        graph.chain(counted, end, phrase, STEM)
    graph.add(counted, end, labels((), currency.lower()))
    ahead = graph.node()
    graph.add(begun, ahead, labels((), currency.lower()))
    add_figure(graph, ahead, end, bare, languages)
    parts = [(whole, fraction) for whole, fraction in decimals(bare.body) if len(fraction) in {1, 2}]
    for whole, fraction in parts:
        _add_coins(
            graph,
            begun,
            end,
            whole or "0",
            fraction.ljust(2, "0"),
            named,
            currency,
            languages,
            nameless=nameless,
        )
    for whole, fraction in decimals(bare.body):
        if len(fraction) == 3:
            _add_thousandths(graph, begun, end, whole or "0", fraction, named, languages)
    if not parts and bare.body.isdigit():
        _add_coins(graph, begun, end, bare.body, "00", named, currency, languages, nameless=nameless)


def _names_of_money(currency: str, languages: Languages) -> list[tuple[Labels, ...]]:
    key = currency.lower()
    found = [phrase for one in languages for phrase in one.phrases("currencies", key)]
    for one in languages:
        found += one.phrases("currencies", one.currency_words.get(fold(currency) or currency, ""))
    return found or [(labels([currency]),)]


_CODES = {
    "€": "eur",
    "$": "usd",
    "£": "gbp",
    "¥": "cny",
    "₹": "inr",
    "₽": "rub",
    "₴": "uah",
    "₺": "try",
    "₪": "ils",
    "zł": "pln",
    "kč": "czk",
    "kr": "sek",
    "ft": "huf",
    "lei": "ron",
    "r$": "brl",
    "euro": "eur",
    "euros": "eur",
    "dollars": "usd",
    "dollar": "usd",
    "pounds": "gbp",
}


_ONE_UNSAID = frozenset({"cs", "pl", "ru", "uk"})


def _add_coins(
    graph: Graph,
    start: int,
    end: int,
    whole: str,
    fraction: str,
    named: list[tuple[Labels, ...]],
    currency: str,
    languages: Languages,
    *,
    nameless: bool,
) -> None:
    """`three euros and ninety-nine cents`, `three euros ninety-nine`, `three ninety-nine`, `99 cents`."""
    counted, unit, linked, coins, ahead = (graph.node() for _ in range(5))
    add_integer(graph, start, counted, whole, languages)
    graph.add(start, ahead, labels((), currency.lower()))  # "$3 and 42 cents"
    graph.add(ahead, unit, labels((), whole.lstrip("0") or "0"))
    for phrase in named:
        graph.chain(counted, unit, phrase, STEM)
    if whole == "1":  # "złoty dwadzieścia"
        unsaid = [one for one in languages if one.code in _ONE_UNSAID]
        for phrase in _names_of_money(currency, unsaid) if unsaid else ():
            graph.chain(start, unit, phrase, STEM)
    if fraction == "00":
        graph.skip(unit, end)
    graph.skip(unit, linked)
    for one in languages:
        graph.add(unit, linked, one.of("and"))
        graph.add(unit, linked, one.of("point"))
    if int(fraction) > 9 and nameless:
        graph.skip(counted, linked)
    if not whole.strip("0"):
        graph.skip(start, linked)
    add_number(graph, linked, coins, int(fraction), languages)
    if fraction[0] == "0":
        zero = graph.node()
        for one in languages:
            graph.add(linked, zero, one.entry_of("cardinals", "0"))
            graph.add(counted, zero, one.entry_of("cardinals", "0"))
        add_number(graph, zero, coins, int(fraction), languages)
    _add_names_of_coins(graph, coins, end, currency, languages)
    graph.any_words(coins, end, 1)
    _add_tenths_of_money(graph, linked, end, fraction, languages)
    if whole.strip("0"):
        graph.skip(coins, end)
        for phrase in named:
            graph.chain(coins, end, phrase, STEM)


def _add_thousandths(
    graph: Graph,
    start: int,
    end: int,
    whole: str,
    fraction: str,
    named: list[tuple[Labels, ...]],
    languages: Languages,
) -> None:
    """`ein Euro neunundfünfzig neun`, `un euro e settecentoquarantanove`: the price of fuel."""
    counted, unit, linked, pair = (graph.node() for _ in range(4))
    add_integer(graph, start, counted, whole, languages)
    for phrase in named:
        graph.chain(counted, unit, phrase, STEM)
    graph.skip(unit, linked)
    for one in languages:
        graph.add(unit, linked, one.of("and"))
    add_integer(graph, linked, end, fraction, languages)
    add_integer(graph, linked, pair, fraction[:2], languages)
    add_number(graph, pair, end, int(fraction[2]), languages)


def _add_names_of_coins(graph: Graph, start: int, end: int, currency: str, languages: Languages) -> None:
    """What the hundredth is called: in this currency, or in any if nobody knows it."""
    every = links_too(languages) if languages else ()
    keys = {currency.lower(), *(one.currency_words.get(fold(currency) or currency, "") for one in every)} - {
        ""
    }
    codes = {_CODES.get(key, key) for key in keys}
    if currency == "$":
        codes.add("mxn")
    named = [phrase for one in every for code in codes for phrase in one.phrases("cents", code)]
    if not named:
        named = [
            phrase for one in languages for code in one.keys("cents") for phrase in one.phrases("cents", code)
        ]
    for phrase in named:
        graph.chain(start, end, phrase, STEM)


def _add_tenths_of_money(graph: Graph, start: int, end: int, fraction: str, languages: Languages) -> None:
    """`八角`: a tenth has a word of its own."""
    if fraction[0] == "0":
        return
    for one in languages:
        if fraction[1] != "0" and (tenths := one.of("tenths_of_money")):  # 八毛三
            counted, tenth = graph.node(), graph.node()
            add_number(graph, start, counted, int(fraction[0]), (one,))
            graph.add(counted, tenth, tenths)
            add_number(graph, tenth, end, int(fraction[1]), (one,))
    if fraction[1] != "0":
        return
    for one in languages:
        if one.spaceless:  # 十二块五
            add_number(graph, start, end, int(fraction[0]), (one,))
        tenths = one.of("tenths_of_money")
        if tenths:
            counted = graph.node()
            add_number(graph, start, counted, int(fraction[0]), (one,))
            graph.add(counted, end, tenths)


def unit_key(written: str, one: Language) -> str:
    """Return a unit as the table of a language has it: as it is written, or in small letters."""
    written = written.replace("º", "°")
    return written if one.entry("units", written) else written.lower()


def add_unit(graph: Graph, start: int, end: int, written: str, languages: Languages, *, beside: bool) -> None:
    """Add what a unit is called. Without a number beside it, letters that are words too stay words."""
    certain = beside or not written.isalpha() or (len(written) > 1 and written[1:] != written[1:].lower())
    if not certain and not (2 < len(written) <= 4 and not re.search("[aeiouy]", written.lower())):
        return
    known = False
    for one in languages:
        for name in ("units", "currencies"):
            key = unit_key(written, one) if name == "units" else written.lower()
            for phrase in one.phrases(name, key):
                known = True
                graph.chain(start, end, phrase, STEM)
        if written.lower() in {"°c", "°f"}:
            for phrase in one.phrases("units", "°"):
                graph.chain(start, end, phrase, STEM)
    if known and beside and written not in {"%", "°", *"$€£¥"}:
        graph.any_words(start, end, 2)


def add_sign(
    graph: Graph,
    start: int,
    end: int,
    token: Token,
    languages: Languages,
    *,
    whole: bool,
    silent: bool = True,
) -> None:
    """Add what a sign or a joiner is called.

    `whole`: it is a transcript's, which says what it means. `silent`: it may be left out if such signs may.
    """
    written = table_key(token.text)
    if token.kind is TokenKind.JOINER and written in _PRIMES:
        _add_prime(graph, start, end, _PRIMES[written], languages)
        return
    if written in _ELLIPSES:
        written = "~"
    graph.add(start, end, labels((), written if token.kind is TokenKind.SYMBOL else f"joiner{written}"))
    if token.kind is TokenKind.JOINER and len(written) > 1 and written != "://":
        written = written.strip(".")[-1:] or "."
    if token.kind is TokenKind.JOINER:
        if silent:
            graph.skip(start, end)
        if written[:1] in "-~" and not whole:
            graph.add(start, end, labels((), "sign-"))
    if written == "://":
        for one in languages:
            graph.chain(start, end, [one.entry_of("signs", character) for character in written])
    known = _add_names_of_sign(graph, start, end, written, languages, silent=silent)
    if not known and token.kind is TokenKind.SYMBOL and not whole:
        graph.any_words(start, end, 3)
        graph.skip(start, end, sure=False)


def _add_prime(graph: Graph, start: int, end: int, units: tuple[str, ...], languages: Languages) -> None:
    """`26'`: minutes, feet, or nothing that is said."""
    graph.skip(start, end)
    graph.add(start, end, labels((), "°"))
    for one in languages:
        for unit in units:
            graph.add(start, end, one.entry_of("units", unit))


def _add_names_of_sign(
    graph: Graph, start: int, end: int, written: str, languages: Languages, *, silent: bool
) -> bool:
    """Add what a sign is called; whether anybody knows."""
    known = False
    for one in languages:
        spoken = one.entry("signs", written)
        known = known or bool(spoken)
        if silent and "" in spoken and written not in {"%", "°"}:
            graph.skip(start, end)
        graph.add(start, end, one.entry_of("signs", written))
        if written in {"-", "~"}:
            graph.add(start, end, one.of("to"))
    if silent and written in {"~", "-", "/", "→", "*"}:
        graph.skip(start, end)
    return known


@remembered(128)
def of_transcript(
    token: Token, languages: tuple[Language, ...], *, beside: bool, words: bool = True
) -> Graph:
    """Return the graph of one token of a transcript: node 0 ahead of it, node 1 behind.

    `beside`: a number is ahead. `words`: what is written in figures may be a word of the text.
    """
    graph = Graph(nodes=2)
    every = links_too(languages)
    spoken = languages if words else ()
    if token.kind is TokenKind.NUMBER:
        figure = figure_of(token.text)
        begun = 0
        if figure.money:
            add_amount(graph, 0, 1, figure, figure.money, spoken, nameless=False)
            begun = graph.node()
            graph.add(0, begun, labels((), figure.money))
        add_figure(graph, begun, 1, figure._replace(money=""), spoken, ordinal=True)
        if figure.body.isdigit() and len(figure.body) > 1:
            graph.chain(begun, 1, [labels_of_figure(digit) for digit in figure.body[:_MOST_DIGITS]])
            if words:
                add_digits(graph, begun, 1, figure.body, spoken)
    elif token.kind is TokenKind.WORD:
        add_unit(graph, 0, 1, token.text, every, beside=beside)
    else:
        add_sign(graph, 0, 1, token, every, whole=True)
        if table_key(token.text) not in _DEGREES:
            add_unit(graph, 0, 1, token.text, every, beside=True)
        else:
            for one in every:
                for phrase in one.phrases("units", table_key(token.text)):
                    if len(phrase) > 1 or one.spaceless:
                        graph.chain(0, 1, phrase)
    return graph


@functools.lru_cache(maxsize=512)
def literals_of(token: Token) -> tuple[str, ...]:
    """Return what stands in a graph for figures and signs that are written like this, by value."""
    written = table_key(token.text)
    match token.kind:
        case TokenKind.SYMBOL if written in "+-±~":
            return (literal(written), literal(f"sign{written}"))
        case TokenKind.SYMBOL:
            return (literal(written),)
        case TokenKind.JOINER:
            return (literal(f"joiner{written}"),)
        case TokenKind.NUMBER:
            figure = figure_of(token.text)
            plain = not (figure.sign or figure.money or figure.ending)
            return tuple(map(literal, values_of(figure))) if plain else ()
    return ()
