"""A figure of a text with what stands around it: unit, currency, month, word for the hour, more groups.

In: the tokens of the text and the place of the figure. Out: edges from a node to the places behind the figure
and behind what belongs to it.
"""

import re

from wyoming_azure_realtime.verification.figures import Figure, add_figure, decimals, figure_of
from wyoming_azure_realtime.verification.graph import (
    STEM,
    Columns,
    Graph,
    Labels,
    columns,
    labels,
    remembered,
)
from wyoming_azure_realtime.verification.language_data import Language, language, month_of, words_of
from wyoming_azure_realtime.verification.numbers import LONGEST, add_number
from wyoming_azure_realtime.verification.signs import add_amount, add_unit, is_currency, unit_key
from wyoming_azure_realtime.verification.text_tokens import (
    TextTokens,
    add_figures_one_by_one,
    add_groups,
    add_half_behind,
    add_half_of_minutes,
    add_reversed_fraction,
    grouped_figures,
)
from wyoming_azure_realtime.verification.times import (
    ONE_UNSAID,
    TIME,
    add_date,
    add_part_of_hour,
    add_time,
    time_literal,
)
from wyoming_azure_realtime.verification.tokens import TokenKind, ascii_figures, fold

_HOUR = re.compile(r"[01]?\d|2[0-4]", re.ASCII)
_MINUTE = re.compile("[0-5][0-9]")


def add_figure_at(text: TextTokens, graph: Graph, place: int, start: int) -> None:
    """Let everything that may be said for the figure at a place lead from a node to the places behind it."""
    token = text.tokens[place]
    figure = figure_of(token.text)
    begun = start
    if figure.money:
        add_amount(graph, start, place + 1, figure, figure.money, text.languages)
        _add_scaled_amount(text, graph, place, start, figure)
        begun = graph.node()
        graph.add(start, begun, labels((), figure.money))
        figure = figure._replace(money="")
    add_figure(graph, begun, place + 1, figure, text.languages, ordinal=text.is_ordinal(place))
    _add_time(text, graph, place, start, figure)
    add_groups(text, graph, place, start)
    _add_unknown_coins(text, graph, place, start, figure)
    _add_mixed_number(text, graph, place, start, figure)
    add_month(text, graph, place, start)
    _add_unit(text, graph, place, start, figure)
    _add_price_per(text, graph, place, start, figure_of(token.text))
    _add_english_point(text, graph, place, start, figure)
    if figure.sign == "-":
        _add_below_zero(text, graph, place, start, figure)
    add_half_of_minutes(text, graph, place, start, figure)
    add_reversed_fraction(text, graph, place, start, figure)
    _add_range(text, graph, place, start, figure)
    add_figures_one_by_one(text, graph, place, start, figure)


_RANGE = re.compile(r"(\d{1,9})[-~](\d{1,9})")
_LINKS = frozenset({"\u2026", "..", "...", "~", "-", "\u2013", "\u2012", "\u2212"})


def _is_link(text: TextTokens, place: int) -> bool:
    """Whether two figures are the ends of a range, by what stands between them at a place."""
    return text.is_number(place - 1) and text.is_number(place + 1) and _is_link_sign(text, place)


def _is_link_sign(text: TextTokens, place: int) -> bool:
    link = text.at(place)
    return link is not None and (link.text in _LINKS or text.has("to", fold(link.text)))


def _add_range(text: TextTokens, graph: Graph, place: int, start: int, figure: Figure) -> None:
    """`-21…-16 °C`, `3-5 mm`, `cấp 8-9`: what is said ahead of the first number and behind it.

    "from", the unit, which is said twice then, the word ahead of both, which is said again.
    """
    parts = _RANGE.fullmatch(figure.body)
    if parts is None and not _is_link(text, place + 1):
        return
    units = place + 1 if parts else place + 3
    first = figure._replace(body=parts[1]) if parts else figure
    behind = graph.node() if parts else place + 1
    begun, counted = graph.node(), graph.node()
    graph.skip(start, begun)
    for one in text.languages:
        graph.add(start, begun, one.of("from"))
    add_figure(graph, begun, counted, first, text.languages)
    for _, unit in text.units(units):
        add_unit(graph, counted, behind, unit, text.every, beside=True)
    graph.add(counted, behind, _word_at(text, units), STEM)
    linked, again = graph.node(), graph.node()
    for one in text.languages:
        graph.add(behind, linked, one.of("to"))
    graph.add(behind, linked, labels((), "sign-", "~"))
    graph.add(linked, again, _word_at(text, place - 1), STEM)
    graph.skip(counted, behind)
    if parts:
        graph.skip(linked, again)
        second = Figure("", "", parts[2])
        add_figure(graph, again, place + 1, second, text.languages)
        _add_until(text, graph, place, again, second)
    else:
        graph.skip(again, place + 2)


def _word_at(text: TextTokens, place: int) -> Labels:
    """The word at a place; a Korean one without its endings too ("분에")."""
    if (token := text.at(place)) is None or token.kind is not TokenKind.WORD:
        return {}
    korean = any(one.code == "ko" for one in text.languages)
    return labels([token.text, token.text[:1], token.text[:2]] if korean else [token.text])


def add_end_of_range(text: TextTokens, graph: Graph, place: int) -> None:
    """What may be said behind the last number of a range that is written with its first number and unit."""
    if _is_link_sign(text, place - 1) and (text.is_number(place - 2) or text.is_number(place - 3)):
        _add_until(text, graph, place, place, figure_of(text.tokens[place].text))


def _add_until(text: TextTokens, graph: Graph, place: int, start: int, figure: Figure) -> None:
    """`9:00~18:00`: "아홉 시부터 열여덟 시까지", with a word behind the second number or its unit."""
    for one in text.languages:
        if until := one.of("until"):
            counted, named = graph.node(), graph.node()
            add_figure(graph, start, counted, figure, (one,))
            graph.add(counted, place + 1, until)
            graph.add(counted, named, _word_at(text, place + 1))
            graph.add(named, place + 2, until)


def _add_time(text: TextTokens, graph: Graph, place: int, start: int, figure: Figure) -> None:
    """`7.30 Uhr`, `20 h`, `4:30 Minuten`: the word may be said between hour and minutes. `7 h 30` is 7:30."""
    if re.fullmatch("[0-2][0-9][0-5][0-9]", figure.body) and text.has("clock", text.folded(place - 1)):
        add_time(graph, start, place + 1, [figure.body[:2], figure.body[2:]], text.languages)  # kl. 0811
        return
    time, unit = TIME.fullmatch(figure.body), text.unit_of_time(place + 1)
    clock = text.folded(place + 1) == "h" or text.has("clock", text.folded(place + 1))
    if time and (unit or clock):
        parts = [part for part in time.groups() if part]
        add_time(graph, start, place + 2, parts, text.languages, unit)
        return
    minute = text.tokens[place + 2].text if text.is_number(place + 2) else ""
    if text.is_hour(place + 1) and re.fullmatch("[0-9]{1,2}", figure.body) and _MINUTE.fullmatch(minute):
        end = place + 3 + (text.folded(place + 3) == "m")
        add_part_of_hour(graph, start, end, int(figure.body), minute, text.languages)
    if clock and _HOUR.fullmatch(figure.body) and _MINUTE.fullmatch(minute):
        add_time(graph, start, place + 3, [figure.body, minute], text.languages)
        _skip_minutes(text, graph, place + 3, start, time_literal(int(figure.body), minute))


def _skip_minutes(text: TextTokens, graph: Graph, place: int, start: int, literal_time: str) -> None:
    """Let a time in figures stand for the word behind the minutes too, without its ending ("분입니다")."""
    folded = text.folded(place)
    for one in text.languages:
        for word in (*words_of(one.of("clock")), *words_of(one.entry_of("units", "min"))):
            if folded.startswith(word):
                said = graph.node() if folded != word else place + 1
                graph.add(start, said, labels((), literal_time))
                if said != place + 1:
                    graph.add(said, place + 1, labels([folded[len(word) :]]))


_FRACTIONS = {"½": "5", "¼": "25", "¾": "75"}


def _add_mixed_number(text: TextTokens, graph: Graph, place: int, start: int, figure: Figure) -> None:
    """`20½`: 20.5."""
    sign = text.at(place + 1)
    parts = {"1/2": "½", "1/4": "¼", "3/4": "¾"}
    if sign and sign.text in parts and figure.body.isdigit() and not sign.attached:
        mixed = figure._replace(body=f"{figure.body}.{_FRACTIONS[parts[sign.text]]}")
        add_figure(graph, start, place + 2, mixed, text.languages)
        graph.add(start, place + 2, labels((), mixed.body))
    if sign and sign.text in _FRACTIONS and figure.body.isdigit():
        mixed = figure._replace(body=f"{figure.body}.{_FRACTIONS[sign.text]}")
        add_figure(graph, start, place + 2, mixed, text.languages)


def _add_unknown_coins(text: TextTokens, graph: Graph, place: int, start: int, figure: Figure) -> None:
    """`145.50 riyals`: an amount of money in a currency that nobody knows."""
    token = text.at(place + 1)
    if not text.tokens[place].text[:1].isdigit() or "$" in (text.tokens[place - 1].text if place else ""):
        return
    cents = re.fullmatch(r"(\d{1,9})[.,](\d\d)", figure.body)
    if (
        token
        and cents
        and token.text.isalpha()
        and not any(one.is_understood(fold(token.text)) for one in text.every)
    ):
        add_amount(graph, start, place + 2, figure, token.text, text.languages)


def add_month(text: TextTokens, graph: Graph, place: int, start: int) -> None:
    """`November 23` and `23 November`, whatever is said first."""
    one, other = text.at(place), text.at(place + 1)
    if one is None or other is None or text.is_number(place) == text.is_number(place + 1):
        return
    number, name = (one, other) if text.is_number(place) else (other, one)
    month = month_of(fold(name.text), text.languages)
    day = re.fullmatch(r"(\d{1,2})[^\W\d]*", ascii_figures(number.text))
    if month and day:
        add_date(graph, start, place + 2, (0, month, int(day[1])), text.languages, named=True)


def _add_unit(text: TextTokens, graph: Graph, place: int, start: int, figure: Figure) -> None:
    """What is said around the number ("yüzde {0}"), and money with its small coins ("3 euros 99")."""
    for behind, written in text.units(place + 1):
        for one in text.every:
            if phrases := one.around("units", unit_key(written, one)):
                _add_around(text, graph, place, start, behind, *phrases)
            if written == "%" and one.words("percent_before"):
                _add_around(text, graph, place, start, behind, percent_before(one), ())
        if is_currency(written, text.every):
            add_amount(graph, start, behind, figure, written, text.languages)
        else:
            add_half_behind(text, graph, start, behind, figure, written)
        if figure.body == "1" and not figure.sign:  # "час двадцать минут"
            unsaid = [one for one in text.languages if one.code in ONE_UNSAID]
            named = graph.node()
            graph.skip(named, behind)
            add_unit(graph, start, named, written, unsaid, beside=True)
            for one in unsaid if text.is_number(behind) else ():
                graph.add(named, behind, one.of("and"))
        marked = written in {"°", "º", "ª"} or written[:1] in _PRIMES
        if marked and not figure.sign and figure.body.isdigit() and len(figure.body) < 4:
            add_number(graph, start, behind, int(figure.body), text.languages, ordinal=True)


@remembered(16)
def percent_before(language: Language) -> tuple[Columns, ...]:
    """What is said ahead of the number for "%"."""
    return columns(language.words("percent_before"))


def _add_around(
    text: TextTokens,
    graph: Graph,
    place: int,
    start: int,
    end: int,
    ahead: tuple[Columns, ...],
    behind: tuple[Columns, ...],
) -> None:
    begun, counted = graph.node(), graph.node()
    if not ahead:
        graph.skip(start, begun)
    for one in ahead:
        graph.chain(start, begun, one)
    add_figure(graph, begun, counted, figure_of(text.tokens[place].text), text.languages)
    if not behind:
        graph.skip(counted, end)
    for one in behind:
        graph.chain(counted, end, one)


def _add_price_per(text: TextTokens, graph: Graph, place: int, start: int, figure: Figure) -> None:
    """`0.55元/kWh`: "每千瓦时0.55元", with what is paid for ahead of the amount."""
    named = text.at(place) if figure.money else text.at(place + 1)
    slash = place + 1 if figure.money else place + 2
    sign = text.at(slash)
    if named is None or sign is None or sign.text != "/":
        return
    currency = figure.money or named.text
    if not is_currency(currency, text.every):
        return
    bare = figure._replace(money="")
    for one in text.languages:
        for ahead, behind in (around.split("{0}") for around in one.words("price_per")):
            begun, counted, unit, said = (graph.node() for _ in range(4))
            graph.add(start, begun, labels([ahead]))
            if not ahead:
                graph.skip(start, begun)
            add_number(graph, begun, counted, 1, (one,))
            graph.skip(begun, counted)
            graph.add(unit, said, labels([behind]))
            if not behind:
                graph.skip(unit, said)
            for end, written in text.units(slash + 1):
                add_unit(graph, counted, unit, written, text.every, beside=True)
                graph.add(counted, unit, labels([written]))
                add_amount(graph, said, end, bare, currency, text.languages)


def _add_english_point(text: TextTokens, graph: Graph, place: int, start: int, figure: Figure) -> None:
    """The English word for the point is understood in every language."""
    if text.every == text.languages:
        return
    for whole, fraction in decimals(figure.body):
        if fraction and len(whole) <= LONGEST and len(fraction) <= LONGEST:
            counted, point = graph.node(), graph.node()
            add_number(graph, start, counted, int(whole or 0), text.languages)
            graph.add(counted, point, language("en").of("point"))
            add_number(graph, point, place + 1, int(fraction), text.languages)


def _add_below_zero(text: TextTokens, graph: Graph, place: int, start: int, figure: Figure) -> None:
    """`sieben Grad unter null`: the sign behind the number and its unit."""
    for one in text.languages:
        names = one.of("below_zero")
        if not names:
            continue
        counted = graph.node()
        add_figure(graph, start, counted, figure._replace(sign=""), text.languages)
        for behind, written in ((place + 1, ""), *text.units(place + 1)):
            named = graph.node()
            for phrase in one.phrases("units", unit_key(written, one)):
                graph.chain(counted, named, phrase, STEM)
            if written in {"", "°C"}:
                graph.add(counted, named, one.entry_of("units", "°"))
            if not written:
                graph.skip(counted, named)
            graph.add(named, behind, names)


_PRIMES = frozenset("'\u2019\u2032")
_SUFFIXES = {"k": 10**3, "m": 10**6, "mn": 10**6, "mio": 10**6, "b": 10**9, "bn": 10**9, "mrd": 10**9}


def _add_scaled_amount(text: TextTokens, graph: Graph, place: int, start: int, figure: Figure) -> None:
    """`$3 million`: three million dollars."""
    folded = text.folded(place + 1)
    suffix = _SUFFIXES.get(folded, 0)
    for one in text.languages:
        for size, names in one.scales:
            if folded and (folded in names.get(folded[0], ()) or size == suffix):
                counted, scaled = graph.node(), graph.node()
                add_figure(graph, start, counted, figure._replace(money=""), text.languages)
                graph.add(counted, scaled, names)
                for phrase in one.phrases("currencies", figure.money):
                    graph.chain(scaled, place + 2, phrase, STEM)


def clock_literal(text: TextTokens, place: int) -> str:
    """Return the full hour that `20 Uhr` and `20 h` are, "" for anything else."""
    figure = text.tokens[place].text
    if _HOUR.fullmatch(figure) and text.has("clock", text.folded(place + 1)):
        return time_literal(int(figure), "00")
    return ""


def is_clock_time(text: TextTokens, place: int) -> bool:
    """Whether a time with the word for it follows, which need not be said then: `7.30 Uhr`."""
    time = TIME.fullmatch(ascii_figures(text.tokens[place].text))
    return time is not None and text.has("clock", text.folded(place + 1))


def add_currency_ahead(text: TextTokens, graph: Graph, place: int) -> None:
    """`€ 3,99`, `USD 5`, `R$ 12`, `%15`: the sign that is written ahead of the number."""
    token, behind = text.tokens[place], text.at(place + 1)
    if behind is None or behind.text[:1] == "$":
        _add_compound_currency(text, graph, place)
        return
    if token.text in "-\u2013\u2212" and text.is_number(place + 2) and is_currency(behind.text, text.every):
        figure = figure_of(text.tokens[place + 2].text)._replace(sign="-")  # -€ 5
        add_amount(graph, place, place + 3, figure, behind.text, text.languages)
    if not text.is_number(place + 1):
        return
    figure = figure_of(behind.text)
    if token.text == "%":
        for one in text.every:
            begun = graph.node()
            for phrase in percent_before(one):
                graph.chain(place, begun, phrase)
            add_figure(graph, begun, place + 2, figure, text.languages)
    elif is_currency(token.text, text.every):
        add_amount(graph, place, place + 2, figure, token.text, text.languages)
        for end, grouped in grouped_figures(text, place + 1):
            add_amount(graph, place, end, grouped, token.text, text.languages)


def _add_compound_currency(text: TextTokens, graph: Graph, place: int) -> None:
    """`R$ 12` and `R$12`."""
    sign = text.at(place + 1)
    if sign is None or not sign.attached:
        return
    number = place + 1 if text.is_number(place + 1) else place + 2
    name = text.tokens[place].text + "$"
    if text.is_number(number) and is_currency(name, text.every):
        figure = figure_of(text.tokens[number].text)._replace(money="")
        add_amount(graph, place, number + 1, figure, name, text.languages)
