"""The tokens of a text as a graph of everything that may be said for them.

Plain words are read as they are written; figures, signs, units and abbreviations in every way that the words
of the plausible languages know. What no language knows may be any few words: those readings are unsure.
A token becomes edges when a transcript has come as far, a figure when it is not said in the same figures.
"""

import functools
import re
from collections.abc import Iterable
from typing import NamedTuple

from wyoming_azure_realtime.verification.graph import EXACT, SPELLING, STEM, Graph, Labels, columns, labels
from wyoming_azure_realtime.verification.language_data import (
    Language,
    links_too,
    month_of,
    plausible,
)
from wyoming_azure_realtime.verification.numbers import add_digits, add_letters
from wyoming_azure_realtime.verification.signs import (
    add_sign,
    add_unit,
    literals_of,
)
from wyoming_azure_realtime.verification.spans import (
    add_currency_ahead,
    add_end_of_range,
    add_figure_at,
    add_month,
    clock_literal,
    is_clock_time,
)
from wyoming_azure_realtime.verification.text_tokens import (
    TextTokens,
    add_roman,
    add_spaced_date,
    add_whole_day,
    mostly_latin,
)
from wyoming_azure_realtime.verification.times import TIME
from wyoming_azure_realtime.verification.tokens import Token, TokenKind, british_or_american, fold, tokens_of

_ANY_WORDS = 4  # that stand for a token which is not understood
_ANY_LETTERS = 8  # where words are not divided by spaces
_LONGEST_SPELLING = 4  # tokens of a text that are one entry of the spellings or abbreviations
_LONGEST_SUBSTITUTION = 12
_SOUNDING = {"2": ("to", "two", "too"), "4": ("for", "four")}  # in names: Zigbee2MQTT
_PLAIN = re.compile("[0-9]{1,4}")
_LATIN = re.compile("[a-z]")
_VOWEL = re.compile("[aeiouy]")
_CONSONANTS = re.compile(
    "[b-df-hj-np-tv-xz\u0431-\u0434\u0436\u0437\u043a-\u043d\u043f-\u0442\u0444-\u0449]{2,5}"
)


class Substitution(NamedTuple):
    """Folded words of the text, and what this model says for them; both without spaces between."""

    text: str
    spoken: str


class Readings:
    """The graph of a text. Node 0 is ahead of it, `end` behind its last token."""

    def __init__(self, text: str, codes: Iterable[str]) -> None:
        languages = plausible(codes, text)
        self.languages = languages
        self.text = self._text = TextTokens(tokens_of(text), languages, links_too(languages))
        self._tokens = self._text.tokens
        self.end = len(self._tokens)
        self.graph = Graph(self._expand, self.end + 1)
        self._english = any(one.code == "en" for one in languages)
        self._latin = mostly_latin(text)

    def is_word(self, node: int) -> bool:
        """Whether a word of the text follows at a node, or a date with the name of its month."""
        if node >= self.end or self._tokens[node].kind is not TokenKind.NUMBER:
            return node < self.end and self._tokens[node].kind is TokenKind.WORD
        if self._text.is_number(node + 2) and self._text.has("to", self._text.folded(node + 1)):
            return True  # 4 a 0
        behind = (self._text.folded(node + 1), self._text.folded(node + 2))
        written = any(one.spaceless or one.code == "vi" for one in self.languages) and (
            self._text.has("dates", behind[0]) or self._text.has("clock", behind[0])
        )
        return written or any(month_of(word, self.languages) for word in behind if word)

    def belongs_to_figures(self, figures: Token, word: str) -> bool:
        """Whether a folded word of a transcript adds nothing to the figures ahead of it: 7:30 Uhr, 25-én."""
        if figures.kind is not TokenKind.NUMBER:
            return False
        if figures.attached and len(word) <= 3 and any(one.code == "hu" for one in self.languages):
            return True
        return TIME.fullmatch(figures.text) is not None and self._text.has("clock", word)

    def is_understood(self, word: str) -> bool:
        """Whether a folded word has a meaning of its own, which nothing unknown may have."""
        return self._text.is_understood(word)

    def is_unit(self, word: str) -> bool:
        """Whether a folded word is the name of a unit or a currency."""
        return any(word in one.unit_words for one in self.languages)

    def accept(self, substitution: Substitution) -> None:
        """Let what is spoken stand for the tokens that fold to its text, wherever they are."""
        for start in range(self.end):
            joined = ""
            for behind in range(start, min(self.end, start + _LONGEST_SUBSTITUTION)):
                joined += self._text.folded(behind)
                if joined == substitution.text:
                    self.graph.edges(start)
                    self.graph.add(start, behind + 1, _as_is(substitution.spoken))

    def _expand(self, place: int) -> None:
        if place >= self.end:
            return
        token = self._tokens[place]
        if token.kind is TokenKind.NUMBER:
            self._add_number(place, token)
        elif token.kind is TokenKind.WORD:
            self._add_word(place, token)
        else:
            if token.text in {"°", "º"} and month_of(self._text.folded(place + 1), self.languages):
                self.graph.skip(place, place + 1)  # 1° maggio
            behind = self._text.at(place + 1)
            if token.text == ":" and behind and behind.attached and behind.text.islower():
                self.graph.skip(place, place + 2)  # 30 %:iin
            per = token.text == "/" and self._text.is_number(place - 2)  # 5 m/s
            per = per or (token.text[0] in "-\u2212\u2013" and token.kind is TokenKind.SYMBOL)
            add_sign(self.graph, place, place + 1, token, self._text.every, whole=False, silent=not per)
        behind = self._text.at(place + 1)
        if (
            behind
            and token.kind is not TokenKind.NUMBER
            and (self._text.is_number(place + 1) or behind.kind is TokenKind.SYMBOL)
        ):
            add_currency_ahead(self._text, self.graph, place)
        if token.kind in {TokenKind.WORD, TokenKind.SYMBOL}:
            self._add_unit(place)

    def _add_number(self, place: int, token: Token) -> None:
        """The figures as they are written; everything else that they are read as once it is asked for."""
        graph, text = self.graph, self._text
        for written in literals_of(token):
            self._add_as_written(place, written)
        add_spaced_date(text, graph, place, place)
        add_end_of_range(text, graph, place)
        self._add_minutes_behind_hour(place, token)
        if token.attached and token.text.isdigit() and token.text.isascii():  # K7-QX-93
            graph.later(place, lambda start: add_digits(graph, start, place + 1, token.text, text.languages))
        if token.attached and place and text.tokens[place - 1].kind is TokenKind.WORD:
            self.graph.add(place, place + 1, labels(_SOUNDING.get(token.text, ())))
        if full := clock_literal(text, place):
            graph.add(place, place + 1, labels((), full))
            graph.add(place, place + 2, labels((), full))
        if not text.languages[0].known or not _PLAIN.fullmatch(token.text):
            graph.any_words(place, place + 1, 3)
        graph.later(place, functools.partial(add_figure_at, text, graph, place))

    def _add_as_written(self, place: int, written: str) -> None:
        """Figures by their value, with a word for the hour or of a date that need not be written."""
        graph, text = self.graph, self._text
        said = place + 1
        if ":" in written:
            begun = graph.node()
            for one in text.languages:
                graph.add(place, begun, one.of("clock_before"))
            said = graph.node()
            graph.skip(said, place + 1)
            for one in text.languages:
                graph.add(said, place + 1, one.of("clock"))
                if (hour := written[1:].partition(":")[0]).isdigit() and int(hour) < 24:
                    graph.add(said, place + 1, one.of("am" if int(hour) < 12 else "pm"))
            graph.add(begun, said, _as_is(written))
        if re.fullmatch("\2[0-9]+([./-][0-9]+|-[0-9]+-)[0-9-]*\3", written):
            dated = graph.node()  # "dem 22.3."
            for one in text.languages:
                graph.add(place, dated, one.of("dates"))
            graph.add(dated, said, _as_is(written))
        graph.add(place, said, _as_is(written))
        if is_clock_time(text, place):
            graph.add(place, place + 2, _as_is(written))

    def _add_minutes_behind_hour(self, place: int, token: Token) -> None:
        """`1h05`: "1 ora e 5 minuti"."""
        graph, text = self.graph, self._text
        hour = text.folded(place - 1)
        if not text.is_number(place - 2) or not (hour == "h" or text.has("clock", hour)):
            return
        said = graph.node()
        for written in literals_of(token):
            graph.add(place, said, _as_is(written))
        for one in text.languages:
            graph.add(said, place + 1, one.entry_of("units", "min"))

    # words

    def _add_word(self, place: int, token: Token) -> None:
        folded = fold(token.text)
        text, languages = self._text, self._text.languages
        if not folded:  # a character that no word is made of
            self.graph.skip(place, place + 1)
        understood = any(one.is_understood(folded) for one in languages)
        self.graph.add(place, place + 1, labels([token.text]), EXACT if understood else SPELLING)
        self._add_names_of_days(place, token, folded)
        add_whole_day(text, self.graph, place)
        self._add_spellings(place)
        self._add_abbreviation(place)
        if self._is_near_number(place):
            add_month(self._text, self.graph, place, place)
        if self._is_spelt(place, token):
            add_letters(self.graph, place, place + 1, folded, languages)
            if len(folded) == 1 and (text.is_number(place + 1) or text.is_number(place + 2)):
                self.graph.any_words(place, place + 1, 2)  # S02, P.204
        if not understood and _CONSONANTS.fullmatch(folded):
            self.graph.any_words(place, place + 1, 2)  # "frp", "rkl"
        self._add_contraction(place, token, folded)
        if self._is_foreign(token) and not any(one.has_opposite(folded) for one in self._text.every):
            most = _ANY_LETTERS if languages and languages[0].spaceless else _ANY_WORDS
            self.graph.any_words(place, place + 1, most)
        if place and token.text.isupper():
            add_roman(self._text, self.graph, place)

    def _add_names_of_days(self, place: int, token: Token, folded: str) -> None:
        """`Mo.`, `Nov`, and `November` for it."""
        for one in self._text.languages:
            if one.spaceless:
                if self._text.is_number(place - 1) and self._text.has("dates", folded):
                    self.graph.add(place, place + 1, one.of("dates"))
                for behind in (place + 1, place + 2):
                    self.graph.add(place, behind + 1, one.weekdays(self._joined(place, behind)))
            days = one.weekdays(folded) or self._days_begun(one, place, token, folded)
            beside = self._text.at(place + 1)
            dash = beside is not None and beside.kind is TokenKind.JOINER
            known = one.spaceless or len(folded) > 3 or token.dotted or token.text[0].isupper() or dash
            if days and known:
                self.graph.add(place, place + 1, days, STEM)
            if days and dash:  # from Monday to Friday
                begun = self.graph.node()
                self.graph.add(place, begun, one.of("from"))
                self.graph.add(begun, place + 1, days, STEM)
            month = one.month_numbers.get(folded) or (
                one.months_begun(folded) if token.dotted and len(folded) > 2 else 0
            )
            if month and (token.dotted or self._is_near_number(place)):
                self.graph.add(place, place + 1, one.months(month))

    def _days_begun(self, one: Language, place: int, token: Token, folded: str) -> Labels:
        """`merc. 27/11`, `ons 13/1`: the beginning of a day's name, ahead of a date or with a full stop."""
        behind = self._text.at(place + 1)
        dated = behind is not None and behind.kind is TokenKind.NUMBER and not behind.text.isdigit()
        if one.spaceless or len(folded) < (2 if dated else 3) or not (token.dotted or dated):
            return {}
        return one.days_begun(folded)

    def _joined(self, start: int, last: int) -> str:
        return "".join(map(self._text.folded, range(start, last + 1))) if last < self.end else ""

    def _is_near_number(self, place: int) -> bool:
        return self._text.is_number(place - 1) or self._text.is_number(place + 1)

    def _is_foreign(self, token: Token) -> bool:
        """Letters of another script than the text's, or an abbreviation in capitals."""
        latin = _LATIN.match(fold(token.text)) is not None
        capitals = token.text.isupper() and 2 <= len(token.text) <= 5 and latin
        return (latin and not self._latin) or capitals

    def _is_spelt(self, place: int, token: Token) -> bool:
        """Whether letters may be said one by one: capitals, a letter at a number, a part of an address."""
        beside = self._text.at(place + 1)
        attached = token.attached or (beside is not None and beside.attached)
        if len(token.text) <= 6 and token.text.isupper():
            return True
        return attached and (len(token.text) <= 3 or (len(token.text) == 1 and self._is_near_number(place)))

    def _add_contraction(self, place: int, token: Token, folded: str) -> None:
        """`it's` for `it is` and back."""
        stem, apostrophe, ending = token.text.lower().replace("\u2019", "'").partition("'")
        behind = self._text.folded(place + 1)
        for one in self.languages:
            for short, long in one.contractions.items():
                if apostrophe and ending == short:
                    self.graph.chain(place, place + 1, [labels([stem]), labels(long)])
                    self.graph.add(place, place + 1, labels(stem + word for word in long))
                if not apostrophe and behind in long:
                    self.graph.add(place, place + 2, labels([folded + short]))
            if one.code == "de" and len(folded) >= 3 and token.text.islower():  # hab, habe
                self.graph.add(place, place + 1, labels([folded.removesuffix("e"), folded + "e"]))

    def _add_spellings(self, place: int) -> None:
        """Words that have other spellings, together or alone: `zu Hause`, `okay`, `colour`."""
        joined = ""
        spaceless = any(one.spaceless for one in self._text.languages)
        most = _LONGEST_SPELLING * (2 if spaceless else 1)
        for behind in range(place, min(self.end, place + most)):
            if self._text.is_number(behind):
                break
            joined += self._text.folded(behind)
            for one in self._text.languages:
                if joined in one.spellings:
                    self.graph.add(place, behind + 1, one.spellings[joined])
        if self._english:
            self.graph.add(place, place + 1, labels(british_or_american(self._text.folded(place))))

    def _add_abbreviation(self, place: int) -> None:
        """`z. B.`, `Dr.` and `Gartenstr.`: what is meant, and any words where nobody knows it."""
        joined = ""
        for behind in range(place, min(self.end, place + _LONGEST_SPELLING)):
            if self._text.is_number(behind) and not (behind == place + 1 and self._tokens[behind].attached):
                break  # but T2
            joined += self._text.folded(behind)
            for one in self._text.every:
                phrases = one.abbreviations.get(joined)
                if phrases and self._abbreviates(one, place, behind, joined):
                    self.graph.add(place, behind + 1, labels(phrases))
                    for phrase in columns(phrases):
                        inflected = one.code not in {"es", "it", "pt"}  # doctor, doctora
                        self.graph.chain(place, behind + 1, phrase, STEM if inflected else EXACT)
            beside = self._text.at(behind + 1)
            figure = beside is not None and beside.attached and beside.kind is TokenKind.NUMBER
            stop = self._tokens[behind].dotted or self._is_dot(behind) or self._is_dot(behind + 1)
            if not (stop or figure):
                break
        token = self._tokens[place]
        if not token.dotted:
            return
        self._add_abbreviated_end(place)
        if "." in token.text:  # p.p.
            self.graph.any_words(place, place + 1, _ANY_WORDS)
        ends = place + 1 == self.end or self._tokens[place + 1].text[:1].isupper()
        ends = ends and not self._text.is_number(place - 1)
        if not ends and len(token.text) <= 6 and "." not in token.text:
            self.graph.any_words(place, place + 1, _ANY_WORDS)

    def _is_dot(self, place: int) -> bool:
        return place < self.end and self._tokens[place].text in {".", "/"} and self._tokens[place].attached

    def _abbreviates(self, one: Language, start: int, end: int, joined: str) -> bool:
        token = self._tokens[end]
        if joined not in one.also_words:
            number = self._text.is_number(end + 1)
            return token.dotted or len(joined) > 1 or number or token.text.isupper()
        if token.dotted and (start < end or "." in token.text or end + 1 < self.end):
            return True
        return self._is_near_number(end) or (start > 0 and token.text[0].isupper() and self._english)

    def _add_abbreviated_end(self, place: int) -> None:
        folded = self._text.folded(place)
        for one in self._text.languages:
            for short, endings in one.endings.items():
                if folded.endswith(short) and len(folded) > len(short) + 1:
                    stem = folded[: -len(short)]
                    self.graph.add(place, place + 1, labels(stem + ending for ending in endings))

    # units and money

    def _add_unit(self, place: int) -> None:
        """A unit of one or more tokens: `kWh`, `km/h`, `µg/m³`, `%`."""
        ahead = self._text.at(place - 1)
        beside = ahead is not None and (
            ahead.kind is TokenKind.NUMBER
            or ahead.text in {"/", "½", "¼", "¾"}
            or self._text.is_unit_behind_hyphen(place)
            or any(one.is_number_word(self._text.folded(place - 1)) for one in self._text.languages)
        )
        if beside:
            for one in self._text.languages:
                self.graph.add(place, place + 1, one.unit_forms(self._text.folded(place)))
        for behind, written in self._text.units(place):
            word = written[1:].islower() and _VOWEL.search(written)
            if not beside and written.isalpha() and (word or len(written) > 4):
                continue
            add_unit(self.graph, place, self._behind_unit(behind), written, self._text.every, beside=beside)
        both = self._text.is_number(place - 1) and self._text.is_number(place - 3)
        if both and self._text.unit_of_time(place - 2) and self._text.is_unit_of_time(place):
            self.graph.skip(place, place + 1)  # 1 min 30 s
        stem, apostrophe, ending = self._tokens[place].text.replace("\u2019", "'").partition("'")
        if apostrophe and beside:
            named = self.graph.node()
            add_unit(self.graph, place, named, stem, self._text.every, beside=True)
            self.graph.add(named, place + 1, labels([ending]))

    def _behind_unit(self, place: int) -> int:
        """Where a unit ends: ahead of another number there may be a link ("one hour and twenty minutes")."""
        if not self._text.is_number(place):
            return place
        said = self.graph.node()
        self.graph.skip(said, place)
        for one in self._text.languages:
            self.graph.add(said, place, one.of("and"))
        return said


def _as_is(label: str) -> Labels:
    return {label[0]: (label,)} if label else {}
