"""Numbers as parts of a graph: whole, digit by digit, in pairs, in every language that is plausible.

A number is put together from the words of its parts (hundreds, thousands, …), so it costs a few edges,
whatever its size. Figures are matched by value: `literal` of the number without leading zeros.
"""

import functools
import itertools
import re
from collections.abc import Sequence

from wyoming_azure_realtime.verification.graph import Graph, Labels, labels, literal, remembered
from wyoming_azure_realtime.verification.language_data import Language

LONGEST = 15
"""Figures of a number that is said as a whole."""

_MOST_LETTERS = 8  # that are said one by one
_MOST_DIGITS = 40  # figures that are said one by one
# "quatre vingt" is 80 and not 4 20: languages in which pairs would be another number
_INFLECTED = frozenset({"cs", "el", "pl", "ru", "uk"})
_NO_PAIRS = frozenset({"fr", "vi", "zh", "ja", "ko"})

Languages = Sequence[Language]


@functools.lru_cache(maxsize=512)
def value_literal(value: str) -> Labels:
    """Return the label of a number in figures."""
    return {"\2": (literal(value),)}


@functools.lru_cache(maxsize=16)
def single(digit: str) -> Labels:
    """Return the labels of a figure that is one of several: of a code, a telephone number."""
    return {"\4": (f"\4{digit}",), "\2": (literal(digit),)}


@functools.lru_cache(maxsize=16)
def labels_of_figure(digit: str) -> Labels:
    """Return the label of a figure inside a longer run of them."""
    return {"\4": (f"\4{digit}",)}


def add_number(
    graph: Graph, start: int, end: int, value: int, languages: Languages, *, ordinal: bool = False
) -> None:
    """Let a number in figures or in words lead from one node to another. `ordinal`: or an ordinal number."""
    if value < 100 and not (ordinal and value > 20):
        graph.add(start, end, _small(value, tuple(languages), ordinal=ordinal))
        return
    graph.add(start, end, value_literal(str(value)))
    for language in languages:
        add_words(graph, start, end, value, language, ordinal=ordinal)


@remembered(1024)
def _small(value: int, languages: tuple[Language, ...], *, ordinal: bool) -> Labels:
    tables = ("cardinals", "ordinals") if ordinal else ("cardinals",)
    words = [word for one in languages for table in tables for word in one.entry(table, str(value))]
    if value > 20 and value % 10:
        for one in languages:
            if one.code in _INFLECTED:  # any form of the tens with any of the ones
                tens, ones = (one.entry("cardinals", str(part)) for part in (value - value % 10, value % 10))
                words += [f"{first} {second}" for first in tens for second in ones]
    return labels(words, str(value))


def add_words(
    graph: Graph, start: int, end: int, value: int, language: Language, *, ordinal: bool = False
) -> None:
    """Let the words of a number lead from one node to another."""
    graph.add(start, end, language.entry_of("cardinals", str(value)))
    if ordinal:
        graph.add(start, end, language.entry_of("ordinals", str(value)))
    if value < 100:
        if ordinal and value > 20:
            _add_tens_and_ones(graph, start, end, value, language)
        return
    if value < 1000:
        _add_hundreds(graph, start, end, value, language, ordinal=ordinal)
        return
    if value >= 10**LONGEST:
        return
    _add_scale(graph, start, end, value, language, ordinal=ordinal)
    if value < 10_000 and not language.spaceless:
        if value % 1000 >= 100:
            _add_hundreds(graph, start, end, value, language, ordinal=ordinal)
        if language.code not in _NO_PAIRS:
            _add_pairs(graph, start, end, value, language)


def _add_tens_and_ones(graph: Graph, start: int, end: int, value: int, language: Language) -> None:
    tens, ones = divmod(value, 10)
    if ones:
        middle, linked = graph.node(), graph.node()
        graph.add(start, middle, language.entry_of("cardinals", str(10 * tens)))
        graph.add(start, middle, language.entry_of("ordinals", str(10 * tens)))
        graph.skip(middle, linked)
        graph.add(middle, linked, language.of("and"))
        graph.add(linked, end, language.entry_of("ordinals", str(ones)))
        graph.add(start, end, _ordinals_of(value, language))


_ORDINAL_ENDINGS = {
    "de": ("ste", "sten", "ster", "stes", "stem"),
    "nl": ("ste", "sten"),
    "it": ("esimo", "esima", "esimi", "esime"),
}


@remembered(256)
def _ordinals_of(value: int, language: Language) -> Labels:
    """The ordinals that are made of one word: "fünfundachtzigster", "femogfirsindstyvende"."""
    words, tens = language.entry("cardinals", str(value)), str(value - value % 10)
    stems = [*words, *(word[:-1] for word in words if language.code == "it")]
    found = [stem + ending for stem in stems for ending in _ORDINAL_ENDINGS.get(language.code, ())]
    for word in words:
        for ten in language.entry("cardinals", tens):
            if word.endswith(ten):
                found += [word.removesuffix(ten) + one for one in language.entry("ordinals", tens)]
    return labels(found)


def _add_hundreds(
    graph: Graph, start: int, end: int, value: int, language: Language, *, ordinal: bool
) -> None:
    hundreds, rest = divmod(value, 100)
    counted = graph.node()
    behind = graph.node() if rest else end
    add_words(graph, start, counted, hundreds, language)
    graph.add(start, counted, value_literal(str(hundreds)))
    graph.add(counted, behind, language.entry_of("scales", "100"))
    if ordinal and not rest:
        graph.add(counted, behind, language.entry_of("ordinals", "100"))
    if hundreds < 10:
        graph.add(start, behind, language.entry_of("cardinals", str(100 * hundreds)))
        if language.code == "it" and rest in {8, *range(80, 90)}:
            graph.add(
                start, behind, labels(word[:-1] for word in language.entry("cardinals", str(100 * hundreds)))
            )
    if rest:
        _add_rest(graph, behind, end, rest, language, ordinal=ordinal)


def _add_scale(graph: Graph, start: int, end: int, value: int, language: Language, *, ordinal: bool) -> None:
    scales = [scale for scale in language.scales if scale[0] <= value]
    if language.spaceless:
        scales = [scale for scale in scales if scale[0] != 10**6]
    for size, names in scales[: 2 if language.code == "hi" else 1]:
        count, rest = divmod(value, size)
        counted = graph.node()
        behind = graph.node() if rest else end
        graph.add(start, counted, value_literal(str(count)))
        add_words(graph, start, counted, count, language)
        if count == 1:
            graph.add(start, behind, language.alone(size))
        graph.add(counted, behind, names)
        if ordinal and not rest:
            graph.add(counted, behind, language.entry_of("ordinals", str(size)))
        if rest:
            graph.add(start, behind, language.entry_of("cardinals", str(count * size)))
            _add_rest(graph, behind, end, rest, language, ordinal=ordinal)


def _add_rest(graph: Graph, start: int, end: int, rest: int, language: Language, *, ordinal: bool) -> None:
    """What is left of a number behind its hundreds or thousands, with a link or without."""
    linked = graph.node()
    graph.skip(start, linked)
    graph.add(start, linked, language.of("and"))
    if language.spaceless:
        graph.add(start, linked, language.entry_of("cardinals", "0"))
    graph.add(linked, end, value_literal(str(rest)))
    add_words(graph, linked, end, rest, language, ordinal=ordinal)


def _add_pairs(graph: Graph, start: int, end: int, value: int, language: Language) -> None:
    """`nineteen oh five`, `twenty twenty six`."""
    first, second = divmod(value, 100)
    if not second:
        return
    middle = graph.node()
    add_words(graph, start, middle, first, language)
    if second < 10:
        zero = graph.node()
        graph.add(middle, zero, language.entry_of("cardinals", "0"))
        middle = zero
    add_words(graph, middle, end, second, language, ordinal=True)


def add_digits(graph: Graph, start: int, end: int, digits: str, languages: Languages) -> None:
    """Let the figures one by one lead from one node to another, zeros too; at most the first forty."""
    digits = digits[:_MOST_DIGITS]
    nodes = [start, *(graph.node() for _ in digits[1:]), end]
    for place, digit in enumerate(digits):
        graph.add(nodes[place], nodes[place + 1], single(digit))
        for language in languages:
            graph.add(nodes[place], nodes[place + 1], language.entry_of("cardinals", digit))
            if language.code == "en" and digits[place + 1 : place + 2] == digit:
                graph.add(nodes[place], nodes[place + 2], twice(digit, language))


def add_letters(graph: Graph, start: int, end: int, letters: str, languages: Languages) -> None:
    """Let the names of letters lead from one node to another, or the letters themselves."""
    if len(letters) > _MOST_LETTERS or not letters.isascii():
        return
    node = start
    for place, letter in enumerate(letters, 1):
        behind = end if place == len(letters) else graph.node()
        graph.add(node, behind, _names(letter, tuple(languages), alone=len(letters) == 1))
        node = behind
    for one in languages:
        graph.add(start, end, one.entry_of("letters", letters) if len(letters) > 1 else {})
        if letters == "www":
            graph.add(start, end, labels(one.words("www")))


@remembered(256)
def _names(letter: str, languages: tuple[Language, ...], *, alone: bool) -> Labels:
    names = (name for one in languages for name in one.entry("letters", letter))
    return labels([letter, *(name for name in names if alone or set(name) != {letter})])  # "AAA" is not A A


@remembered(16)
def twice(digit: str, language: Language) -> Labels:
    """Return `double five`."""
    return labels(f"double {word}" for word in language.entry("cardinals", digit))


def add_code(graph: Graph, start: int, end: int, digits: str, languages: Languages) -> None:
    """Let figures that are no amount lead from one node to another: one by one, or in pairs."""
    add_digits(graph, start, end, digits, languages)
    if not 3 <= len(digits) <= _MOST_DIGITS:
        return
    if len(digits) == 5 and digits[0] != "0" and digits[3] != "0":  # of a postal code: 105 63
        three = graph.node()
        for language in languages:
            add_words(graph, start, three, int(digits[:3]), language)
            add_words(graph, three, end, int(digits[3:]), language)
    for language in languages:
        if language.code not in _NO_PAIRS or (language.code == "fr" and not _is_french_sum(digits)):
            _add_pairs_of_code(graph, start, end, digits, language)
            if len(digits) >= 4 and language.code not in _NO_PAIRS:
                _add_pairs_anywhere(graph, start, end, digits, language)


def _is_french_sum(digits: str) -> bool:
    """Whether pairs of figures may be heard as one number: "soixante quinze", "quatre vingt"."""
    odd = len(digits) % 2
    pairs = [int(digits[place : place + 2]) for place in range(odd, len(digits), 2)]
    tens = {20, 30, 40, 50, 60, 80}
    sums = (
        (one in tens and two < 20) or (one % 10 == 4 and 20 <= two < 30)
        for one, two in itertools.pairwise(pairs)
    )
    return odd == 1 or any(sums)


def _add_pairs_anywhere(graph: Graph, start: int, end: int, digits: str, language: Language) -> None:
    """`0170`: "null eins siebzig". No tens with a figure behind them, which would be one number."""
    nodes = [start, *(graph.node() for _ in digits[1:]), end]
    for place, digit in enumerate(digits):
        graph.add(nodes[place], nodes[place + 1], language.entry_of("cardinals", digit))
        pair = digits[place : place + 2]
        apart = pair[1:] not in {"", "0"} or (pair[1:] == "0" and digits[place + 2 : place + 3] in {"", "0"})
        if len(pair) == 2 and pair[0] != "0" and (apart or pair == "10"):
            graph.add(nodes[place], nodes[place + 2], language.entry_of("cardinals", pair))


def _add_pairs_of_code(graph: Graph, start: int, end: int, digits: str, language: Language) -> None:
    odd = len(digits) % 2
    groups = [digits[:odd], *(digits[place : place + 2] for place in range(odd, len(digits), 2))][1 - odd :]
    for number, group in enumerate(groups, 1):
        behind = end if number == len(groups) else graph.node()
        add_words(graph, start, behind, int(group), language) if group[0] != "0" or len(group) == 1 else None
        if len(group) == 2 and group[0] == "0":
            zero = graph.node()
            graph.add(start, zero, language.entry_of("cardinals", "0"))
            graph.add(zero, behind, language.entry_of("cardinals", group[1]))
        if group == "00":
            graph.add(start, behind, language.entry_of("scales", "100"))
        start = behind


def add_integer(
    graph: Graph, start: int, end: int, digits: str, languages: Languages, *, ordinal: bool = False
) -> None:
    """Let a run of ASCII digits lead from one node to another, said in any way."""
    if len(digits) <= LONGEST:
        add_number(graph, start, end, int(digits), languages, ordinal=ordinal)
    else:
        graph.add(start, end, value_literal(digits.lstrip("0") or "0"))
    if len(digits) > 2 or digits[0] == "0":
        add_code(graph, start, end, digits, languages)
    if digits[0] == "0" and len(digits) == 2 and digits != "00":
        zero = graph.node()
        for language in languages:
            graph.add(start, zero, language.entry_of("cardinals", "0"))
        add_number(graph, zero, end, int(digits), languages)
    elif re.fullmatch("0[1-9][0-9]{1,4}", digits):  # of a telephone number: 0532
        zero = graph.node()
        for language in languages:
            graph.add(start, zero, language.entry_of("cardinals", "0"))
            add_words(graph, zero, end, int(digits), language)


def add_decimal(graph: Graph, start: int, end: int, whole: str, fraction: str, languages: Languages) -> None:
    """Let a number with a fraction lead from one node to another; zeros at the end may be left out."""
    short = fraction.rstrip("0")
    value = str(int(whole or "0"))
    graph.add(start, end, value_literal(f"{value}.{short}" if short else value))
    if short == "5":
        _add_halves(graph, start, end, value, languages)
    before, point = graph.node(), graph.node()
    if whole:
        add_integer(graph, start, before, whole, languages)
    if not whole.strip("0"):
        graph.skip(start, before)
    for language in languages:
        graph.add(before, point, language.of("point"))
        if language.spaceless:
            graph.add(before, point, labels((), "joiner·"))
        add_tenths(graph, before, end, short or fraction[:1], language)
    if len(short) < 6 and short != fraction:
        graph.skip(before, end) if not short else _add_fraction(graph, point, end, short, languages)
    _add_fraction(graph, point, end, fraction, languages)


def _add_halves(graph: Graph, start: int, end: int, whole: str, languages: Languages) -> None:
    """`anderhalf`, `ढाई`: a word for one and a half; `साढ़े तीन`: one ahead of the whole number."""
    for language in languages:
        graph.add(start, end, language.entry_of("signs", f"{whole}½"))
        if (ahead := language.of("half_ahead")) and len(whole) <= LONGEST:
            counted = graph.node()
            graph.add(start, counted, ahead)
            add_number(graph, counted, end, int(whole), (language,))


def _add_fraction(graph: Graph, start: int, end: int, fraction: str, languages: Languages) -> None:
    add_digits(graph, start, end, fraction, languages)
    if 1 < len(fraction) <= 4:
        behind = graph.node() if fraction[0] == "0" else start
        if fraction[0] == "0":
            for language in languages:
                zeros = len(fraction) - len(fraction.lstrip("0"))
                graph.chain(start, behind, [language.entry_of("cardinals", "0")] * zeros)
        if fraction.strip("0"):
            add_number(graph, behind, end, int(fraction), languages)


_PARTS = {"5": "½", "25": "¼", "75": "¾"}


def add_tenths(graph: Graph, start: int, end: int, fraction: str, language: Language) -> None:
    """`and a half` behind a whole number; `и пять десятых`."""
    if fraction in _PARTS:
        graph.add(start, end, language.entry_of("signs", _PARTS[fraction]))
    if fraction == "5":
        graph.add(start, end, language.of("half_behind"))
    if 1 <= len(fraction) <= 3:
        size = str(10 ** len(fraction))
        names = language.entry_of("tenths", str(len(fraction))) or language.entry_of("fractions", size)
        if names:
            linked, counted = graph.node(), graph.node()
            graph.skip(start, linked)
            for name in ("point", "and", "whole"):
                graph.add(start, linked, language.of(name))
            graph.add(linked, counted, value_literal(str(int(fraction))))
            add_words(graph, linked, counted, int(fraction), language)
            graph.add(counted, end, names)
