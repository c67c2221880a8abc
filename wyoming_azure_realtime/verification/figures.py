"""One token of figures as a part of a graph: numbers, times, dates, ranges, fractions, with their signs.

In: the token as it is written. Out: edges between two nodes, some for each part of it and never one for each
combination, in every language that is plausible.
"""

import re
from typing import NamedTuple

from wyoming_azure_realtime.verification.graph import Graph, labels
from wyoming_azure_realtime.verification.language_data import Language
from wyoming_azure_realtime.verification.numbers import (
    Languages,
    add_decimal,
    add_digits,
    add_integer,
    add_number,
)
from wyoming_azure_realtime.verification.times import (
    TIME,
    add_date,
    add_day,
    add_time,
    date_literal,
    time_literal,
)
from wyoming_azure_realtime.verification.tokens import ascii_figures

_FIGURE = re.compile(
    r"(?P<sign>[-+±]?)(?P<money>[^\w\s.+±-]?)(?P<inner>-?)(?P<body>[\d.].*?)(?P<ending>[^\W\d_]+|:[^\W\d_]+|-[^\W\d_]+|\.?[ºª])?",
    re.DOTALL,
)
_GROUPED = re.compile(r"(\d{1,3})(?:([.,'\u00a0\u202f])(\d{3}))(?:\2\d{3})*")
_GROUPED_DECIMAL = re.compile(r"(\d{1,3}(?:([.,'\u00a0\u202f])\d{3})(?:\2\d{3})*)([.,])(\d{1,40})")
_INDIAN = re.compile(r"\d{1,2}(?:,\d\d)+,\d{3}")
_DAY_AND_MONTH = re.compile(r"(\d{1,2})\.(\d{1,2})\.")
_MINUTES = re.compile(r"(\d{1,3})['\u2032](\d{2})")  # 8'20"
_MOST_GROUPS = 9


class Figure(NamedTuple):
    """A token of figures by its parts, in ASCII. `ending`: of an ordinal number. `day`: and month."""

    sign: str
    money: str
    body: str
    ending: str = ""
    day: tuple[int, int] | None = None


def figure_of(written: str) -> Figure:
    """Divide a token of figures."""
    found = _FIGURE.fullmatch(ascii_figures(written).lower().replace("\u301c", "~"))
    if found is None:
        return Figure("", "", "0")
    sign = found["sign"] or found["inner"]
    day = _DAY_AND_MONTH.fullmatch(found["body"])
    body, ending = found["body"].rstrip("."), (found["ending"] or "").strip(".")
    return Figure(sign, found["money"], body, ending, (int(day[1]), int(day[2])) if day else None)


def decimals(body: str) -> list[tuple[str, str]]:
    """Return the whole and fraction that a number may mean: `1.234` is 1234 and 1.234 too."""
    if body.isdigit():
        return [(body, "")]
    if _INDIAN.fullmatch(body):
        return [(body.replace(",", ""), "")]
    found = []
    if _GROUPED.fullmatch(body):
        found.append((re.sub(r"\D", "", body), ""))
        if body.endswith("000"):
            return found
    if mixed := _GROUPED_DECIMAL.fullmatch(body):
        if mixed[2] != mixed[3]:
            found.append((re.sub(r"\D", "", mixed[1]), mixed[4]))
    elif plain := re.fullmatch(r"(\d*)[.,](\d+)", body):
        found.append((plain[1], plain[2]))
    return found


def values_of(figure: Figure) -> list[str]:
    """Return the values that a figure without sign, currency and ending may have, for `literal`."""
    found = []
    for whole, fraction in decimals(figure.body):
        value, short = whole.lstrip("0") or "0", fraction.rstrip("0")
        found.append(f"{value}.{short}" if short else value)
    if time := TIME.fullmatch(figure.body):
        hour, minute, *second = [part for part in time.groups() if part]
        found.append(time_literal(int(hour), minute, *second))
    if not figure.body.isdigit():
        found.append(figure.body.replace("~", "-"))
    return list(dict.fromkeys(found))


def add_figure(
    graph: Graph,
    start: int,
    end: int,
    figure: Figure,
    languages: Languages,
    *,
    unit: str = "",
    ordinal: bool = False,
) -> None:
    """Let a token of figures without its currency lead from one node to another.

    `unit`: the unit of time that follows. `ordinal`: it may be the day of a date.
    """
    begun = _add_sign(graph, start, figure, languages)
    body, ending = figure.body, figure.ending
    if figure.day and 0 < figure.day[0] <= 31 and 0 < figure.day[1] <= 12:
        day, month = figure.day
        add_date(graph, begun, end, (0, month, day), languages)
        graph.add(begun, end, labels((), date_literal(0, month, day)))
    if ending:
        _add_with_ending(graph, begun, end, body, ending, languages)
        return
    if ordinal and body.isdigit() and 0 < int(body[:3]) <= 31:
        add_day(graph, begun, end, int(body), languages)
    for whole, fraction in decimals(body):
        if fraction:
            add_decimal(graph, begun, end, whole, fraction, languages)
        else:
            add_integer(graph, begun, end, whole, languages, ordinal=ordinal)
    if time := TIME.fullmatch(body):
        add_time(graph, begun, end, [part for part in time.groups() if part], languages, unit)
    elif time := _MINUTES.fullmatch(body):
        add_time(graph, begun, end, list(time.groups()), languages, "min")
    if not body.isdigit():
        _add_groups(graph, begun, end, body, languages)


def _add_sign(graph: Graph, start: int, figure: Figure, languages: Languages) -> int:
    if not figure.sign:
        return start
    begun = graph.node()
    name = {"-": "minus", "+": "plus"}.get(figure.sign, "")
    graph.add(start, begun, labels((), f"sign{figure.sign}"))
    for language in languages:
        graph.add(start, begun, language.of(name) if name else language.entry_of("signs", figure.sign))
    if figure.sign == "+":
        graph.skip(start, begun)
    return begun


def _add_with_ending(
    graph: Graph, start: int, end: int, body: str, ending: str, languages: Languages
) -> None:
    """`2nd`, `1er`, `1990s`, `20º`."""
    if not body.isdigit() or len(body) > 9:
        behind = graph.node()
        add_figure(graph, start, behind, Figure("", "", body), languages)
        graph.add(behind, end, labels([ending]))
        for language in languages:
            graph.add(behind, end, labels(language.entry("units", ending)))
        return
    counted = graph.node()
    add_number(graph, start, counted, int(body), languages)
    graph.skip(counted, end)
    bare = ending.strip(":-")
    graph.add(counted, end, labels([bare]))
    if ending == "º":
        graph.add(counted, end, labels((), "°"))
        for language in languages:
            graph.add(counted, end, language.entry_of("signs", "°"))
    if ending == "s":
        for language in languages:
            graph.add(counted, end, labels(language.entry("units", "s")))
            if language.code == "en":
                _add_decade(graph, start, end, int(body), language)
    else:
        add_number(graph, start, end, int(body), languages, ordinal=True)


def _add_decade(graph: Graph, start: int, end: int, value: int, language: Language) -> None:
    """`nineteen nineties`, `the eighties`."""
    tens = value % 100
    spoken = [f"{word[:-1]}ies" for word in language.entry("cardinals", str(tens)) if word.endswith("y")]
    century = graph.node() if value >= 100 else start
    if value >= 100:
        add_number(graph, start, century, value // 100, (language,))
    graph.add(century, end, labels(spoken or ["hundreds"]))


def _add_groups(graph: Graph, start: int, end: int, body: str, languages: Languages) -> None:
    """Figures in groups: dates, ranges, telephone numbers, fractions, versions, addresses."""
    groups = [group for group in re.split(r"[^\d]", body) if group]
    if not 1 < len(groups) <= _MOST_GROUPS:
        return
    graph.add(start, end, labels((), body.replace("~", "-")))
    separator = re.findall(r"[^\d]", body)[0]
    if separator in ".,'\u00a0\u202f" and len(groups) == 2:
        if separator == "." and not any(one.code == "en" for one in languages):
            date = (0, int(groups[1]), int(groups[0]))  # 5.11
            add_date(graph, start, end, date, languages, figures=False)
        return
    dutch = separator == "-" and any(one.code == "nl" for one in languages)  # 2-11
    if separator == "/" or dutch or (separator in "-." and len(groups) == 3):
        _add_dates(graph, start, end, groups, languages)
    if separator == "/" and len(groups) == 2:
        _add_fraction(graph, start, end, int(groups[0]), int(groups[1]), languages)
    node = start
    if separator in "-~" and len(groups) == 2:
        node = graph.node()
        graph.skip(start, node)
        for language in languages:
            graph.add(start, node, language.of("from"))
    for group in groups[:-1]:
        behind = graph.node()
        _add_group(graph, node, behind, group, languages, one_of_many=len(groups) > 2)
        node = graph.node()
        _add_link(graph, behind, node, separator, groups, languages)
    _add_group(graph, node, end, groups[-1], languages, one_of_many=len(groups) > 2)
    if separator == "-" and any(one.code == "ja" for one in languages):
        house = graph.node()
        _add_group(graph, node, house, groups[-1], languages, one_of_many=len(groups) > 2)
        graph.add(house, end, _HOUSE)


_HOUSE = labels(["号", "番", "番地"])  # 6-10-1: 六丁目十番一号


def _add_group(
    graph: Graph, start: int, end: int, group: str, languages: Languages, *, one_of_many: bool
) -> None:
    add_integer(graph, start, end, group, languages)
    if one_of_many and len(group) == 2:
        add_digits(graph, start, end, group, languages)


def _add_link(
    graph: Graph, start: int, end: int, separator: str, groups: list[str], languages: Languages
) -> None:
    """What is said between groups, and nothing where that makes no other number."""
    single = separator == "-" and max(map(len, groups)) == 1
    single = single or (separator == "/" and (len(groups[0]) == 1 or groups[0][-1] != "0"))
    if len(groups) > 2 or single or separator == ":" or (separator == "-" and max(map(len, groups)) > 2):
        graph.skip(start, end)
    elif separator in "-~":
        graph.skip(start, end, sure=False)
    for language in languages:
        graph.add(start, end, language.entry_of("signs", separator.replace("~", "-")))
        if separator in "-~:" or (separator == "/" and len(groups) == 2):
            graph.add(start, end, language.of("to"))
    if separator in "-~":
        graph.add(start, end, labels((), "sign-", "~"))
    if separator in "/:":
        graph.add(start, end, labels((), separator))


def _add_dates(graph: Graph, start: int, end: int, groups: list[str], languages: Languages) -> None:
    """Groups that may be a date: the year first, last or missing, the month ahead of the day or behind."""
    if len(groups) not in {2, 3} or any(len(group) > 4 for group in groups):
        return
    numbers = [int(group) for group in groups]
    year, written, orders = 0, "", _orders(numbers[0], numbers[1], languages)
    if len(groups) == 3 and len(groups[0]) == 4:
        year, written, orders = numbers[0], groups[0], {(numbers[2], numbers[1])}
    elif len(groups) == 3:
        year, written = numbers[2] + (2000 if len(groups[2]) == 2 else 0), groups[2]
    for day, month in orders:
        add_date(graph, start, end, (year, month, day), languages, written)
        if (year and len(orders) == 1) or max(month, day) > 12:
            graph.add(start, end, labels((), date_literal(year, month, day)))


_MONTH_FIRST = frozenset({"hu", "ja", "ko", "zh"})


def _orders(first: int, second: int, languages: Languages) -> set[tuple[int, int]]:
    """The day and the month that two numbers may be: only English has both orders."""
    if first > 12 or second > 12:
        return {(first, second), (second, first)}
    codes = {one.code for one in languages}
    found = set()
    if codes - _MONTH_FIRST:
        found.add((first, second))
    if codes & {"en", *_MONTH_FIRST}:
        found.add((second, first))
    return found


def _add_fraction(graph: Graph, start: int, end: int, above: int, below: int, languages: Languages) -> None:
    """`three quarters`, `ein halb`."""
    counted = graph.node()
    add_number(graph, start, counted, above, languages)
    signs = {(1, 2): "½", (1, 4): "¼", (3, 4): "¾", (1, 3): "⅓", (2, 3): "⅔"}
    sign = signs.get((above, below))
    for language in languages:
        graph.add(
            counted,
            end,
            language.entry_of("fractions", str(below)) or language.entry_of("ordinals", str(below)),
        )
        if sign:
            graph.add(start, end, language.entry_of("signs", sign))
    if sign:
        graph.add(start, end, labels((), sign))
