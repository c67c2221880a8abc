"""The tokens of a text with the languages that it may be in: what stands at a place, and beside it.

And what several of them are read as together: ranges, halves behind units, telephone numbers, dates with
spaces, each as edges from a node to the place behind all.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from wyoming_azure_realtime.verification.figures import Figure, add_figure, decimals, figure_of
from wyoming_azure_realtime.verification.graph import STEM, Graph, labels
from wyoming_azure_realtime.verification.language_data import Language, language, month_of, words_of
from wyoming_azure_realtime.verification.likeness import script
from wyoming_azure_realtime.verification.numbers import LONGEST, add_code, add_digits, add_number
from wyoming_azure_realtime.verification.signs import add_amount, add_unit, is_currency
from wyoming_azure_realtime.verification.times import add_date, date_literal
from wyoming_azure_realtime.verification.tokens import EAST_ASIAN, Token, TokenKind, ascii_figures, fold

_LONGEST_UNIT = 5  # tokens: µg / m³
_LONGEST_RUN = 4  # words that may be one word in another writing
_LONGEST_KANA = 16
_MOST_KANA = 3  # that one ideograph is read as
_MOST_IDEOGRAPHS = 3
_MOST_GROUPS = 6
_MOST_DIGITS = 24
_LATIN = re.compile("[a-z]")
_IDEOGRAPH = re.compile("[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class TextTokens:
    """The tokens of a text with the languages that it may be in; `every`: those and English, for signs."""

    tokens: list[Token]
    languages: tuple[Language, ...]
    every: tuple[Language, ...]

    def at(self, place: int) -> Token | None:
        """The token at a place, if there is one."""
        return self.tokens[place] if 0 <= place < len(self.tokens) else None

    def is_number(self, place: int) -> bool:
        """Whether there is a token of figures at a place."""
        return 0 <= place < len(self.tokens) and self.tokens[place].kind is TokenKind.NUMBER

    def folded(self, place: int) -> str:
        """The folded word at a place, "" if there is none."""
        return fold(self.tokens[place].text) if 0 <= place < len(self.tokens) else ""

    def units(self, place: int) -> Iterator[tuple[int, str]]:
        """The places behind the units of one or more tokens that may begin at a place, and the units."""
        written = ""
        for behind in range(place, min(len(self.tokens), place + _LONGEST_UNIT)):
            token = self.tokens[behind]
            if behind > place and not token.attached:
                break
            written += "°C" if token.text == "°\u0421" else token.text
            yield behind + 1, written
        phrase = self.folded(place)
        for behind in range(place + 1, min(len(self.tokens), place + 3)):
            phrase += f" {self.folded(behind)}"
            if any(one.entry("units", phrase) for one in self.every):  # мм рт. ст.
                yield behind + 1, phrase

    def has(self, name: str, word: str) -> bool:
        """Whether a folded word is one of a list in any of the languages."""
        return bool(word) and any(word in one.of(name).get(word[0], ()) for one in self.languages)

    def unit_of_time(self, place: int) -> str:
        """The unit that a word names, if it is minutes or hours ("min", "h"), and no time of the day."""
        folded = self.folded(place)
        for unit in ("min", "h"):
            named = any(folded in one.entry_of("units", unit).get(folded[:1], ()) for one in self.languages)
            if folded == unit or (named and (unit == "min" or not self.has("clock", folded))):
                return unit
        return ""

    def is_unit_of_time(self, place: int) -> bool:
        """Whether a word names minutes or seconds."""
        folded = self.folded(place)
        return any(
            folded == unit or folded in one.entry_of("units", unit).get(folded[:1], ())
            for unit in ("min", "s")
            for one in self.languages
        )

    def is_hour(self, place: int) -> bool:
        """Whether a word names hours that pass, as "h" and "uur" do and "Uhr" does not."""
        folded = self.folded(place)
        names = (one.entry_of("units", "h").get(folded[:1], ()) for one in self.languages)
        return folded in {"h", "u"} or any(folded in ways for ways in names)

    def is_unit_behind_hyphen(self, place: int) -> bool:
        """`14-oz`, `9-V`, but not `3-B`."""
        hyphen, token = self.at(place - 1), self.tokens[place]
        if hyphen is None or hyphen.text != "-" or not self.is_number(place - 2):
            return False
        return len(token.text) > 1 or token.text.islower() or token.text in {"V", "W"}

    def is_ordinal(self, place: int) -> bool:
        """Whether a number may be an ordinal: a day, `2. Stock`, `9-én`; in English these only."""
        token, behind = self.tokens[place], self.at(place + 1)
        if token.dotted or (behind is not None and behind.attached and behind.text in {"-", ":"}):
            return True
        near = (self.folded(place + step) for step in (-1, 1, 2))
        return any(month_of(word, self.languages) for word in near) or self.languages[:1] != (language("en"),)

    # what is guessed from

    def is_near_number(self, place: int) -> bool:
        """Whether a figure or the name of a month is beside a place of the text, or at it."""
        return any(
            self.is_number(place + step) or bool(month_of(self.folded(place + step), self.languages))
            for step in (-1, 0, 1)
        )

    def is_counted(self, word: str) -> bool:
        """Whether a folded word is a number or a negation."""
        return any(one.is_number_word(word) or word in one.negations for one in self.languages)

    def reads_figure(self, word: str, node: int) -> bool:
        """Whether a folded small word ahead of a figure belongs to reading it, as in "a las 8", "im Jahr"."""
        if not self.is_number(node) or any(one.code == "en" for one in self.languages):
            return False
        return any(self.has(name, word) for name in ("dates", "clock"))

    def dropped(self, node: int) -> bool:
        """Whether the small word at a node may be left out for sure."""
        return self.reads_figure(self.folded(node), node + 1)

    def is_understood(self, word: str) -> bool:
        """Whether a folded word has a meaning of its own, which nothing unknown may have."""
        return any(one.is_understood(word) for one in self.languages)

    def is_small(self, word: str) -> bool:
        """Whether a folded word is an article or the like, which may be said or left out."""
        return any(word in one.small for one in self.languages) and not any(
            word in one.negations for one in self.languages
        )

    def behind_small(self, node: int) -> int | None:
        """The place behind the small word at a node."""
        if node < len(self.tokens) and self.tokens[node].kind is TokenKind.WORD:
            return node + 1 if self.is_small(self.folded(node)) else None
        return None

    def has_opposite(self, word: str) -> bool:
        """Whether a folded word begins as one that has an opposite: no letter of it is a mere spelling."""
        return any(one.begins_as_opposite(word) for one in self.languages)

    def is_opposite(self, one: str, other: str) -> bool:
        """Whether two folded words mean the opposite of each other, or one of them no."""
        return any(language.are_opposites(one, other) for language in self.every)

    def runs(self, node: int) -> Iterator[tuple[int, str]]:
        """The plain words at a node, one to four together: the place behind them, and their letters."""
        letters, words, place = "", 0, node
        while place < len(self.tokens) and words < _LONGEST_RUN:
            token, folded = self.tokens[place], self.folded(place)
            kana = len(folded) == 1 and script(folded) == "HIRAGANA"
            place += 1
            if token.kind is TokenKind.JOINER and letters:
                continue
            if token.kind is not TokenKind.WORD or not folded or _IDEOGRAPH.match(folded):
                return
            if self.is_understood(folded) and len(folded) > 1:
                return
            letters += folded
            words += 0 if kana and len(letters) < _LONGEST_KANA else 1
            yield place, letters

    def is_abbreviation(self, node: int) -> bool:
        """Whether the word at a node ends with a full stop that may be an abbreviation's."""
        return (
            node < len(self.tokens) and self.tokens[node].dotted and self.tokens[node].kind is TokenKind.WORD
        )

    def kana_for_ideographs(self, node: int, said: str) -> tuple[list[int], bool]:
        """The places that are reached if ideographs are read as kana, or kana written as an ideograph.

        Also whether more kana may follow.
        """
        wanted = self._scripts(node)
        if script(said) == "CJK" and len(said) == 1 and not self.is_counted(said):
            kana = len(wanted) - len(wanted.lstrip("k"))
            return list(range(node + 1, node + 1 + min(kana, _MOST_KANA))), False
        ideographs = len(wanted) - len(wanted.lstrip("i"))
        if not ideographs or any(script(letter) != "HIRAGANA" for letter in said):
            return [], False
        most = min(ideographs, _MOST_IDEOGRAPHS)
        ends = [node + many for many in range(1, most + 1) if many <= len(said) <= _MOST_KANA * many]
        return ends, len(said) < _MOST_KANA * most

    def _scripts(self, node: int) -> str:
        """Which of the next tokens are kana (k) and which ideographs that are no numbers (i)."""
        found = ""
        for token in self.tokens[node : node + _MOST_KANA]:
            name = script(token.text) if token.kind is TokenKind.WORD else ""
            number = name == "CJK" and self.is_counted(fold(token.text))
            found += {"HIRAGANA": "k", "CJK": " " if number else "i"}.get(name, " ")
        return found


def mostly_latin(text: str) -> bool:
    """Whether half of the letters of a text are Latin, and none of them Chinese, Japanese or Korean."""
    if EAST_ASIAN.search(text, 0, 400):
        return False
    letters = [character for character in text[:400] if character.isalpha()]
    return 2 * sum(_LATIN.match(fold(one)) is not None for one in letters) >= len(letters)


def add_groups(text: TextTokens, graph: Graph, place: int, start: int) -> None:
    """`1 234,5`: groups with spaces between are one number; those of a telephone number are figures."""
    written = ascii_figures(text.tokens[place].text)
    if not re.fullmatch(r"[-+]?\d{1,7}|0\d{1,5}([/-]\d{1,7}){1,3}", written):
        return
    grouped = len(written.lstrip("-+")) <= 3
    written = written.lstrip("-").replace("/", "").replace("-", "")
    for behind in range(place + 1, min(len(text.tokens), place + _MOST_GROUPS)):
        part = ascii_figures(text.tokens[behind].text)
        if part in {"/", "-"} and written[0] == "0":
            continue  # of a telephone number
        if not text.is_number(behind) or not part[0].isdigit():
            return
        grouped = grouped and re.fullmatch(r"\d{3}([.,]\d{1,6})?", part) is not None
        if not grouped and re.fullmatch(r"\d{1,7}([-/]\d{1,7}){1,3}", part):
            part = part.replace("-", "").replace("/", "")
        written += part
        if grouped:
            figure = figure_of(written)
            add_figure(graph, start, behind + 1, figure, text.languages)
            for end, unit in text.units(behind + 1):
                if is_currency(unit, text.every):
                    add_amount(graph, start, end, figure, unit, text.languages)
        if not part.isdigit() or len(written) > _MOST_DIGITS:
            return
        if len(written) > 5 and written.isdigit():
            add_code(graph, start, behind + 1, written, text.languages)


_SPACED = re.compile("[0-3]?[0-9]")


def add_half_of_minutes(text: TextTokens, graph: Graph, place: int, start: int, figure: Figure) -> None:
    """`3시 30분`, `1 phút 30 giây`: "and a half" for thirty of the smaller unit."""
    if figure.body != "30" or not text.is_number(place - 2):
        return
    ahead, folded = text.folded(place - 1), text.folded(place + 1)
    if not (text.has("clock", ahead) or text.unit_of_time(place - 1)):
        return
    for one in text.languages:
        smaller = {*words_of(one.entry_of("units", "min")), *words_of(one.entry_of("units", "s")), "분", "초"}
        for word in smaller if one.spaceless else smaller & {folded}:
            if word and folded.startswith(word):
                said = graph.node() if folded != word else place + 2
                graph.add(start, said, one.of("half_behind"))
                if said != place + 2:
                    graph.add(said, place + 2, labels([folded[len(word) :]]))


_FRACTION_LINKS = {"ja": "分の", "ko": "분의", "zh": "分之"}


def add_reversed_fraction(text: TextTokens, graph: Graph, place: int, start: int, figure: Figure) -> None:
    """`1/3`: "三分之一", what is below the line first."""
    parts = re.fullmatch(r"(\d{1,4})/(\d{1,4})", figure.body)
    for one in text.languages if parts else ():
        if parts and one.code in _FRACTION_LINKS:
            below, linked = graph.node(), graph.node()
            add_number(graph, start, below, int(parts[2]), (one,))
            graph.add(below, linked, labels([_FRACTION_LINKS[one.code]]))
            add_number(graph, linked, place + 1, int(parts[1]), (one,))


def add_figures_one_by_one(text: TextTokens, graph: Graph, place: int, start: int, figure: Figure) -> None:
    """`extension 27`: "two seven", which nothing that is counted or measured is said like."""
    behind = text.at(place + 1)
    if figure.sign not in {"", "+"} or not re.fullmatch("[1-9][0-9]", figure.body) or figure.ending:
        return
    if figure.sign:  # +36
        begun = graph.node()
        for one in text.languages:
            graph.add(start, begun, one.of("plus"))
        start = begun
    if behind and (behind.kind is not TokenKind.WORD or text.is_understood(fold(behind.text))):
        return
    said = graph.node()
    graph.skip(said, place + 1, sure=False)
    add_digits(graph, start, said, figure.body, text.languages)


def add_half_behind(text: TextTokens, graph: Graph, start: int, end: int, figure: Figure, unit: str) -> None:
    """`1,5 l`: "un litru și jumătate", with the half behind the unit."""
    for whole, fraction in decimals(figure.body):
        if fraction.rstrip("0") == "5" and whole.strip("0") and len(whole) <= LONGEST:
            counted, named = graph.node(), graph.node()
            add_figure(graph, start, counted, figure._replace(body=whole), text.languages)
            add_unit(graph, counted, named, unit, text.every, beside=True)
            graph.add(counted, named, labels([unit]), STEM)
            for one in text.languages:
                graph.add(named, end, one.of("half_behind"))


def grouped_figures(text: TextTokens, place: int) -> Iterator[tuple[int, Figure]]:
    """`1 286,50`: the numbers that figures in groups with spaces between may be, and the places behind."""
    written = ascii_figures(text.tokens[place].text)
    if not re.fullmatch("[1-9][0-9]{0,2}", written):
        return
    for behind in range(place + 1, min(len(text.tokens), place + _MOST_GROUPS)):
        part = ascii_figures(text.tokens[behind].text)
        if not (text.is_number(behind) and re.fullmatch("[0-9]{3}([.,][0-9]{1,2})?", part)):
            return
        written += part
        yield behind + 1, figure_of(written)
        if not part.isdigit():
            return


def add_spaced_date(text: TextTokens, graph: Graph, place: int, start: int) -> None:
    """`3. 4. 2026`, `19. 3.`: a date in groups with spaces between."""
    day, month, year = (text.at(place + step) for step in range(3))
    if month and year and day and day.dotted and month.dotted and re.fullmatch(r"\d{4}", day.text, re.ASCII):
        if text.is_number(place + 1) and _SPACED.fullmatch(month.text) and _SPACED.fullmatch(year.text):
            date = (int(day.text), int(month.text), int(year.text))  # 2026. 01. 20.
            add_date(graph, start, place + 3, date, text.languages, day.text)
            graph.add(start, place + 3, labels((), date_literal(*date)))
        return
    if month is None or not (day and day.dotted and month.dotted and text.is_number(place + 1)):
        return
    if not (_SPACED.fullmatch(day.text) and _SPACED.fullmatch(month.text)):
        return
    date, end = (0, int(month.text), int(day.text)), place + 2
    if year and re.fullmatch(r"\d{4}", year.text, re.ASCII):
        date, end = (int(year.text), *date[1:]), place + 3
    add_date(graph, start, end, date, text.languages, year.text if year and date[0] else "")
    graph.add(start, end, labels((), date_literal(*date)))


_HALVES = {"ja": "半", "zh": "半", "ko": fold("반"), "vi": fold("rưỡi")}


def add_whole_day(text: TextTokens, graph: Graph, place: int) -> None:
    """`午後3時`, `오후 3시`: "15" for both; `3点半`: "30分" for the half."""
    folded, clock = text.folded(place), text.has("clock", text.folded(place - 1))
    for one in text.languages:
        for behind in (place + 1, place + 2) if one.spaceless else ():
            said = "".join(map(text.folded, range(place, behind)))
            if text.is_number(behind) and text.has("pm", said):
                hour = ascii_figures(text.tokens[behind].text)
                if hour.isdigit() and int(hour[:3]) < 12:
                    add_number(graph, place, behind + 1, int(hour) + 12, (one,))
        half, counted = _HALVES.get(one.code, ""), one.code == "vi" and text.is_number(place - 1)
        if half and folded.startswith(half) and (clock or counted):  # 3点半, 6시 반으로, 6 rưỡi
            thirty, named = graph.node(), graph.node()
            add_number(graph, place, thirty, 30, (one,))
            graph.add(thirty, named, one.of("clock"))
            if counted:
                begun = graph.node()
                graph.add(place, begun, one.of("clock"))
                add_number(graph, begun, thirty, 30, (one,))
                graph.add(begun, named, one.of("half_behind"))
                graph.skip(thirty, named)
            if half == folded:
                graph.skip(named, place + 1)
            else:
                graph.add(named, place + 1, labels([folded[len(half) :]]))


_ROMAN = re.compile(r"(?=[IVX])(X{0,2})(IX|IV|V?I{0,3})")
_ROMAN_VALUES = {"": 0, "I": 1, "II": 2, "III": 3, "IV": 4, "V": 5, "VI": 6, "VII": 7, "VIII": 8, "IX": 9}


def add_roman(text: TextTokens, graph: Graph, place: int) -> None:
    """`Henry VIII`: the eighth; `part II`: two."""
    roman = _ROMAN.fullmatch(text.tokens[place].text)
    if roman is None:
        return
    if len(roman[0]) == 1 and any(one.code in {"en", "it"} for one in text.languages):
        return  # "I" is a word there
    value = 10 * len(roman[1]) + _ROMAN_VALUES[roman[2]]
    add_number(graph, place, place + 1, value, text.languages, ordinal=True)
    for one in text.languages:
        begun = graph.node()
        graph.add(place, begun, one.of("dates"))
        add_number(graph, begun, place + 1, value, (one,), ordinal=True)
