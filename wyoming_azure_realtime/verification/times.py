"""Times of the day, lengths of time and dates as parts of a graph, in every language that is plausible."""

import functools
import re
from collections.abc import Sequence

from wyoming_azure_realtime.verification.graph import Graph, Labels, labels, remembered
from wyoming_azure_realtime.verification.language_data import Language
from wyoming_azure_realtime.verification.numbers import (
    Languages,
    add_digits,
    add_number,
    add_tenths,
    value_literal,
)

_SLOT = re.compile(r"\{(\w+)\}")
TIME = re.compile(r"(\d{1,3}):([0-5]\d)(?::([0-5]\d))?|([01]?\d|2[0-4])\.([0-5]\d)")
"""Hour and minute, or minute and second, with a third part or without."""

_UNITS_OF_PARTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "": (("h", "min"), ("min", "s")),
    "min": (("min",), ("s",)),
    "h": (("h",), ("min",)),
}


def time_literal(hour: int, minute: str, second: str = "") -> str:
    """Return a time as `literal` takes it."""
    return f"{hour}:{minute}" + (f":{second}" if second else "")


def add_time(
    graph: Graph,
    start: int,
    end: int,
    parts: Sequence[str],
    languages: Languages,
    unit: str = "",
) -> None:
    """Let a time lead from one node to another. `parts`: hour, minute, second in ASCII figures.

    `unit`: the unit that follows in the text ("min"): the parts are minutes and seconds then.
    """
    hour, minute, second = int(parts[0]), parts[1], parts[2] if len(parts) > 2 else ""
    if int(minute) > 59 or hour > 999:
        return
    graph.add(start, end, labels((), time_literal(hour, minute, second)))
    if not hour and not second:
        _add_minutes_alone(graph, start, end, minute, languages, unit)
    before = graph.node()
    graph.skip(start, before)
    for language in languages:
        graph.add(start, before, language.of("clock_before"))
    if second:
        _add_length(graph, start, end, (hour, int(minute), int(second)), languages)
    if unit == "h":
        add_part_of_hour(graph, start, end, hour, minute, languages)
    behind = _add_hour(graph, before, hour, parts[0], languages)
    _add_minutes(graph, behind, end, minute, second, languages, unit)
    if unit or second:
        return
    for language in languages:
        if hour <= 24:
            _add_idioms(graph, before, end, hour, int(minute), language)
            _add_half_day(graph, before, end, hour, minute, language)


def _add_minutes_alone(
    graph: Graph, start: int, end: int, minute: str, languages: Languages, unit: str
) -> None:
    """`0:45`: three quarters of a minute or an hour."""
    counted = graph.node()
    if int(minute):
        add_number(graph, start, counted, int(minute), languages)
    for language in languages:
        graph.add(start, end, language.entry_of("quarters_of_hour", minute))
        graph.add(counted, end, _of_units(language, {"": ("min", "s"), "h": ("min",)}.get(unit, ("s",))))
        if minute == "30" and unit:
            half = graph.node()
            graph.add(start, half, language.entry_of("signs", "½"))
            graph.add(half, end, _of_units(language, (unit,)))


def _add_length(
    graph: Graph, start: int, end: int, parts: tuple[int, int, int], languages: Languages
) -> None:
    """`0:17:32`: seventeen minutes and thirty-two seconds, without the parts that are zero."""
    last = max((place for place in range(3) if parts[place]), default=2)
    for place, unit in enumerate(("h", "min", "s")):
        if place == last:
            behind = end
        elif parts[place]:
            behind = graph.node()
        else:
            continue
        counted, named = graph.node(), graph.node()
        add_number(graph, start, counted, parts[place], languages)
        for language in languages:
            graph.add(counted, named, _of_units(language, (unit,)))
            if parts[place] == 1:
                graph.add(start, named, _of_units(language, (unit,)) if language.code in ONE_UNSAID else {})
            graph.add(named, behind, language.of("and"))
        graph.skip(named, behind)
        if place == last and any(parts[:place]):
            graph.skip(counted, end)  # "zwölf Minuten dreißig"
        start = behind
        if place == last:
            return


ONE_UNSAID = frozenset({"ar", "cs", "he", "pl", "ru", "uk"})
"""Languages that say "hour" for "1 hour"."""
_PARTS_OF_HOUR = {"15": "¼", "30": "½", "45": "¾"}


def add_part_of_hour(
    graph: Graph, start: int, end: int, hour: int, minute: str, languages: Languages
) -> None:
    """`1 h 30 min`: "anderthalb Stunden", "an hour and a half", "een uur en een kwartier"."""
    part = _PARTS_OF_HOUR.get(minute)
    if part is None or hour > 99:
        return
    for language in languages:
        counted, both, named, linked = (graph.node() for _ in range(4))
        hours = _of_units(language, ("h",))
        add_number(graph, start, counted, hour, (language,))
        add_tenths(graph, counted, both, {"¼": "25", "½": "5", "¾": "75"}[part], language)
        graph.add(start, both, language.entry_of("signs", f"{hour}{part}"))
        graph.add(both, end, hours)
        graph.add(counted, named, hours)
        if part == "½":
            graph.add(named, end, language.of("half_behind"))
        graph.skip(named, linked)
        graph.add(named, linked, language.of("and"))
        graph.add(linked, end, language.entry_of("signs", part))
        graph.add(linked, end, language.entry_of("quarters_of_hour", minute))


def _add_hour(graph: Graph, start: int, hour: int, written: str, languages: Languages) -> int:
    behind = graph.node()
    add_number(graph, start, behind, hour, languages, ordinal=True)
    if len(written) == 2 and written[0] == "0":
        zero = graph.node()
        for language in languages:
            graph.add(start, zero, language.entry_of("cardinals", "0"))
        add_number(graph, zero, behind, hour, languages)
    return behind


@remembered(64)
def _of_units(language: Language, units: tuple[str, ...]) -> Labels:
    return labels(phrase for unit in units for phrase in language.entry("units", unit) if "{0}" not in phrase)


def _add_minutes(
    graph: Graph, start: int, end: int, minute: str, second: str, languages: Languages, unit: str
) -> None:
    """What is said behind the hour: `Uhr fünfzehn`, `oh five`, `minutes and thirty seconds`, or nothing."""
    linked, counted = graph.node(), graph.node()
    graph.skip(start, linked)
    first, then = _UNITS_OF_PARTS[unit]
    for language in languages:
        graph.add(start, linked, language.of("and"))
        _add_clock(graph, start, linked, language, unit)
        named = graph.node()
        graph.add(start, named, _of_units(language, first))
        graph.skip(named, linked)
        graph.add(named, linked, language.of("and"))
        if not int(minute) and not second:
            graph.skip(named, end)
    add_number(graph, linked, counted, int(minute), languages)
    if minute[0] == "0":
        add_digits(graph, linked, counted, minute, languages)
        zero = graph.node()
        for language in languages:
            graph.add(linked, zero, language.entry_of("cardinals", "0"))
        add_number(graph, zero, counted, int(minute), languages)
    if second:
        between = graph.node()
        _add_minutes(graph, counted, between, second, "", languages, "")
        graph.skip(between, end)
    else:
        graph.skip(counted, end)
    for language in languages:
        graph.add(counted, end, _of_units(language, then))
        _add_clock(graph, counted, end, language, unit)
    if not int(minute) and not second:
        graph.skip(start, end)
        for language in languages:
            _add_clock(graph, start, end, language, unit)
            if language.code == "en":
                graph.add(start, end, _FULL_HOURS)


_FULL_HOURS = labels(["o'clock", "hundred", "hundred hours", "zero zero", "oh oh", "double zero"])


def _add_clock(graph: Graph, start: int, end: int, language: Language, unit: str) -> None:
    if not unit:
        graph.add(start, end, language.of("clock"))


@functools.lru_cache(maxsize=256)
def _template(say: str) -> tuple[tuple[str, Labels], ...]:
    """A template by its parts: the name of a slot, or the words between two."""
    pieces = _SLOT.split(say)
    return tuple(
        (piece, {}) if place % 2 else ("", labels([piece]))
        for place, piece in enumerate(pieces)
        if place % 2 or piece.strip()
    )


def _add_template(
    graph: Graph, start: int, end: int, say: str, slots: dict[str, int], language: Language
) -> None:
    parts = _template(say)
    for number, (slot, words) in enumerate(parts, 1):
        behind = end if number == len(parts) else graph.node()
        if slot:
            add_number(graph, start, behind, slots.get(slot, 0), (language,), ordinal=slot == "hour")
        else:
            graph.add(start, behind, words)
        start = behind


def _add_idioms(graph: Graph, start: int, end: int, hour: int, minute: int, language: Language) -> None:
    """`half past seven`, `Viertel vor acht`, `noon`: the hour in the form of 12 and of 24 hours."""
    if minute == 0:
        if hour in {0, 24}:
            graph.add(start, end, language.of("midnight"))
        if hour == 12:
            graph.add(start, end, language.of("noon"))
        return
    forms_of_hour = {hour % 12 or 12, hour} if hour else {12, 0}
    following = {(hour + 1) % 12 or 12, (hour + 1) % 24}
    said = graph.node()
    for idiom in language.idioms:
        if idiom["minute"] == minute:
            for spoken in following if idiom["next"] else forms_of_hour:
                _add_template(graph, start, said, idiom["say"], {"hour": spoken}, language)
    for name, count, hours in (("past", minute, forms_of_hour), ("before", 60 - minute, following)):
        if count <= 30:
            for say in language.words(name):
                for spoken in hours:
                    _add_template(graph, start, said, say, {"hour": spoken, "minute": count}, language)
    graph.skip(said, end)
    graph.add(said, end, language.of("clock"))
    graph.add(said, end, language.of("pm" if hour >= 12 else "am"))


def _add_half_day(graph: Graph, start: int, end: int, hour: int, minute: str, language: Language) -> None:
    """A time of 24 hours in the form of 12, which needs `pm`; with `am` where it is the same."""
    part = language.of("pm" if 12 <= hour < 24 else "am")
    if not part:
        return
    before, said = graph.node(), graph.node()
    graph.add(start, before, part)
    graph.add(before, said, labels((), time_literal(hour % 12 or 12, minute)))
    graph.add(start, said, labels((), time_literal(hour % 12 or 12, minute)))
    for first in (start, before):
        behind = _add_hour(graph, first, hour % 12 or 12, "", (language,))
        _add_minutes(graph, behind, said if first == start else end, minute, "", (language,), "")
    if language.spaceless and int(minute):  # 午後3時半
        _add_idioms(graph, before, end, hour, int(minute), language)
    graph.add(said, end, part)


def add_date(
    graph: Graph,
    start: int,
    end: int,
    date: tuple[int, int, int],
    languages: Languages,
    year: str = "",
    *,
    named: bool = False,
    figures: bool = True,
) -> None:
    """Let the words of a date lead from one node to another, in every order. `date`: year or 0, month, day.

    `figures`: the month may be a number.

    `year`: as it is written. `named`: the month has its name in the text, and may be a figure. Nothing for a
    month above 12 or a day above 31.
    """
    _, month, day = date
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return
    orders = ("dmy", "mdy", "ymd") if date[0] else ("dm", "md")
    for order in orders:
        node = start
        for number, part in enumerate(order, 1):
            last = number == len(order)
            behind = end if last else graph.node()
            plain = named or (figures and order not in {"mdy", "md"})
            _add_part_of_date(graph, node, behind, part, date, year, languages, named=named, figures=plain)
            node = behind


def date_literal(year: int, month: int, day: int) -> str:
    """Return a date as `literal` takes it. `year`: 0 for none."""
    return f"{year}-{month}-{day}" if year else f"-{month}-{day}"


_ARTICLES = frozenset(
    [
        "the",
        "der",
        "die",
        "den",
        "dem",
        "le",
        "la",
        "el",
        "il",
        "lo",
        "l'",
        "de",
        "det",
        "o",
        "a",
        "ngày",
        "mùng",
        "mồng",
        "ngày mùng",
        "ngày mồng",
        "η",
        "τη",
        "την",
    ]
)


@remembered(16)
def _articles(language: Language) -> Labels:
    return labels(word for word in language.words("dates") if word.lower() in _ARTICLES)


def _add_part_of_date(
    graph: Graph,
    start: int,
    end: int,
    part: str,
    date: tuple[int, int, int],
    year: str,
    languages: Languages,
    *,
    named: bool = False,
    figures: bool = True,
) -> None:
    """The year, the month or the day; the words that may stand between them behind each."""
    said = graph.node()
    graph.skip(said, end)
    for language in languages:
        graph.add(said, end, language.of("dates"))
        if part == "m":
            graph.add(start, said, language.months(date[1]))
    if part == "y":
        for value in {date[0], int(year or 0)}:
            add_number(graph, start, said, value, languages, ordinal=True)
        if len(year) == 4:
            add_digits(graph, start, said, year, languages)
    elif part == "d":
        begun = graph.node()
        graph.skip(start, begun)
        for language in languages:
            graph.add(start, begun, _articles(language))
        add_number(graph, begun, said, date[2], languages, ordinal=True)
    else:
        if named:
            graph.add(start, said, value_literal(str(date[1])))
        for language in languages:
            if figures or language.code == "en":
                graph.add(start, said, language.entry_of("ordinals", str(date[1])))
            if language.spaceless or (not named and figures and language.code != "en"):
                add_number(graph, start, said, date[1], (language,))


def add_day(graph: Graph, start: int, end: int, day: int, languages: Languages) -> None:
    """Let the day of a date lead from one node to another, without the month: `the third of`."""
    _add_part_of_date(graph, start, end, "d", (0, 0, day), "", languages)
