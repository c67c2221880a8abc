"""Find where sentences and clauses end, by language, from a few characters before and after the place.

In: text that may still be arriving. Out: a `SentenceEnd`, and the pause that punctuation asks for. No
decision needs more than the line so far and `LOOK_AHEAD` characters after the place.
"""

import functools
import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

# ruff: noqa: RUF001 - many scripts

CLAUSE_PAUSE, SENTENCE_PAUSE, PARAGRAPH_PAUSE = 0.15, 0.35, 0.6
"""Seconds of silence after a clause, a sentence and a paragraph."""

LOOK_AHEAD = 64
"""Characters after a place, of which no decision on it needs more."""

_WIDE = "。！？｡।॥"  # they end a sentence without a space
_CLOSERS = "\"')\\]}’”“»›」』）》】〕〉"
_OPENERS = "\"'([{‘“„«‹¿¡「『（《【‚"

END = re.compile(rf"[.!?…؟۔{_WIDE}]+(?:[{_CLOSERS}]| »(?!\w))*|(?<!\n)(?=\n)")
"""Every place where a sentence may end: its punctuation, or nothing before the end of a line."""
CLAUSE = re.compile(rf"[,;:،؛][{_CLOSERS}]*(?=\s)|[、，；：][{_CLOSERS}]*|(?=\s[–—-]\s)|—(?=\w)")
"""Every place where a clause ends."""

_SOUND = re.compile(r"[^\W_]")
_ENDS_SENTENCE = re.compile(r"[.!?…؟۔。！？｡।॥:]\W*\Z")
_ENDS_CLAUSE = re.compile(r"[,;،؛、，；：–—-]\W*\Z")
_QUOTATIVE = frozenset("とっなのはがをにでもだ")  # a Japanese sentence goes on after its quotation
_DOTTED = re.compile(r"(?:[^\W\d_]{1,2}\.)+[^\W\d_]{1,2}")
_NEXT_WORD = re.compile(rf"\s*[{_OPENERS}]*([^\W_]*)")
_FIRST_WIDE_LETTER, _LAST_WIDE_LETTER = "\u2e80", "\ud7ff"  # letters that are words or syllables
_LONGEST_WORD = 24
_SHORT_LINE = 60


class SentenceEnd(Enum):
    """Whether a place ends a sentence; WAIT if only more text can tell."""

    YES = auto()
    NO = auto()
    WAIT = auto()


def sentence_end(
    text: str, start: int, end: re.Match[str], known: "Abbreviations", *, final: bool
) -> SentenceEnd:
    """Decide whether a match of `END` ends the sentence that begins at `start`.

    `final`: no more text follows. The text must not end with white space, nor have more of it in a row than a
    blank line.
    """
    run, after = end.group(), end.end()
    if not run:
        return _line(text, start, after)
    if after == len(text):
        return SentenceEnd.YES if final else SentenceEnd.WAIT
    marks = run.rstrip(f"{_CLOSERS} ".replace("\\", ""))
    if any(mark in _WIDE for mark in marks):
        goes_on = len(marks) < len(run) and text[after] in _QUOTATIVE
        return SentenceEnd.NO if goes_on else SentenceEnd.YES
    if not text[after].isspace():
        return SentenceEnd.NO
    if text.startswith("\n\n", after):
        return SentenceEnd.YES
    quoted = len(marks) < len(run)
    following = text[after : after + 3].lstrip()[:1] if text[after + 1].isspace() else text[after + 1]
    if marks == ".":
        return _dot(_Dot(text, start, end.start(), after, following, final), known)
    if set(marks) <= {".", "…"} or quoted:
        goes_on = following.islower() and not _short_line(text, start, after)
        return SentenceEnd.NO if goes_on else SentenceEnd.YES
    return SentenceEnd.YES


def is_speakable(text: str) -> bool:
    """Whether there is a letter or a digit in a text."""
    return _SOUND.search(text) is not None


def pause_after(text: str) -> float:
    """Return the seconds of silence that the closing punctuation of a text asks for."""
    if ends_with_sentence(text):
        return SENTENCE_PAUSE
    return CLAUSE_PAUSE if _ENDS_CLAUSE.search(text[-8:]) else 0.0


def ends_with_sentence(text: str) -> bool:
    """Whether the last characters of a text look like the end of a sentence."""
    return _ENDS_SENTENCE.search(text[-8:]) is not None


def weight(text: str) -> int:
    """Return the length of a text in Latin letters: a Chinese, Japanese or Korean one says as much as two."""
    return len(text) + sum(_FIRST_WIDE_LETTER <= character < _LAST_WIDE_LETTER for character in text)


def _line(text: str, start: int, at: int) -> SentenceEnd:
    """Decide on the end of a line without punctuation: wrapped text goes on, a short line is a sentence."""
    if text.startswith("\n\n", at):
        return SentenceEnd.YES
    goes_on = text[at + 1].islower() or text[at - 1] in ",،、-–"
    return SentenceEnd.YES if _short_line(text, start, at) and not goes_on else SentenceEnd.NO


def _short_line(text: str, start: int, at: int) -> bool:
    """Whether a line ends here that is too short to have been wrapped."""
    return text[at] == "\n" and at - max(start, text.rfind("\n", start, at)) < _SHORT_LINE


class _Dot(NamedTuple):
    """A single dot before white space, in a sentence that begins at `start`.

    `after`: the place behind it and its closing quotes. `following`: the next character but white space.
    """

    text: str
    start: int
    at: int
    after: int
    following: str
    final: bool

    def next_word(self) -> str | None:
        """The word after it, None if more of it may come."""
        match = _NEXT_WORD.match(self.text, self.after, self.after + _LONGEST_WORD)
        if match is None:
            return ""
        return match[1] if self.final or match.end() < len(self.text) else None


def _dot(dot: _Dot, known: "Abbreviations") -> SentenceEnd:
    text, start, following = dot.text, dot.start, dot.following
    if following in ",;:" or (following.islower() and not _short_line(text, start, dot.after)):
        return SentenceEnd.NO
    before = text[max(start, dot.at - _LONGEST_WORD) : dot.at].replace("\n", " ").split(" ")
    word = before[-1].lstrip(_OPENERS)
    previous = before[-2] if len(before) > 1 else ""
    if word.isdecimal():
        return _number(dot, word, previous, known)
    for closing in (word.casefold(), (previous + word).casefold()):
        if closing in known.closing:
            return _closing(dot, closing)
    if following.isdecimal() and word.casefold() in known.numbered:
        return SentenceEnd.NO
    if word.casefold() in known.never or _DOTTED.fullmatch(word):
        return SentenceEnd.NO
    if len(word) == 1 and word.isalpha() and word != "I" and word < _FIRST_WIDE_LETTER:
        return SentenceEnd.YES if previous[:1].isdecimal() else SentenceEnd.NO
    return SentenceEnd.YES


def _number(dot: _Dot, number: str, previous: str, known: "Abbreviations") -> SentenceEnd:
    """Decide on a number with a dot: the number of a list's item, an ordinal, or the end."""
    text, at = dot.text, dot.at - len(number)
    if not text[dot.start : at].strip() or text[at - 1] == "\n" or previous[-1:] in {":", ".", "!", "?"}:
        return SentenceEnd.NO
    if not known.ordinals or dot.after - at > len("31."):
        return SentenceEnd.YES
    if dot.following.isdecimal():
        return SentenceEnd.NO
    word = dot.next_word()
    if word is None:
        return SentenceEnd.WAIT
    return SentenceEnd.NO if known.is_ordinal(previous, word) else SentenceEnd.YES


def _closing(dot: _Dot, abbreviation: str) -> SentenceEnd:
    """Decide on an abbreviation that may end a sentence."""
    if dot.following.isdecimal():
        return SentenceEnd.NO
    word = dot.next_word()
    if word is None:
        return SentenceEnd.WAIT
    begins = abbreviation not in _NAME_LIKE or word.casefold() in _STARTERS
    return SentenceEnd.YES if begins else SentenceEnd.NO


@dataclass(frozen=True, slots=True)
class Abbreviations:
    """Words that end with a dot without ending a sentence, of one language or of all together.

    `never`: before a name or within a sentence. `numbered`: before a number only. `closing`: they may end a
    sentence. `ordinals`: whether a number with a dot may be an ordinal ("5. Mai").
    """

    never: frozenset[str]
    numbered: frozenset[str]
    closing: frozenset[str]
    ordinals: bool

    def is_ordinal(self, before: str, after: str) -> bool:
        """Whether a number with a dot between these words is an ordinal."""
        return self.ordinals and (before.casefold() in _ORDINAL_BEFORE or after.casefold() in _ORDINAL_AFTER)


@functools.cache
def abbreviations(language: str) -> Abbreviations:
    """Return the abbreviations of a language by its code ("de-AT"); of all languages if it is unknown."""
    plain = language.replace("_", "-").split("-")[0].casefold()
    known = plain in _NEVER or plain in _CLOSING
    return Abbreviations(
        never=_of(_NEVER, plain) if known else _of(_NEVER) - _WORDS_ELSEWHERE,
        numbered=_of(_NUMBERED, plain) if known else _of(_NUMBERED),
        closing=_of(_CLOSING, plain) if known else _of(_CLOSING) - _WORDS_ELSEWHERE,
        ordinals=plain in _ORDINAL_LANGUAGES or not known,
    )


def _of(table: dict[str, str], *languages: str) -> frozenset[str]:
    return frozenset(word for language in languages or table for word in table.get(language, "").split())


def _words(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Before a name or in mid-sentence: the sentence always goes on.
_NEVER = {
    "en": "mr mrs ms mx dr prof rev hon gen col capt lt sgt cmdr adm gov sen rep st mt ft vs approx ca cf "
    "dept est e.g i.e eg ie viz al tel ext incl excl temp",
    "de": "dr prof hr fr frl dipl ing hl st bzw ca vgl evtl ggf inkl exkl zzgl max min sog tel z.b z.t d.h "
    "u.a i.d.r o.ä u.u v.a z.zt zb dh str gem mind allg lt ehem geb gest bes insb jährl mtl tägl",
    "fr": "m mm mme mlle dr pr me mgr st ste p.ex ex env cf éd av boul bd tél apr hab max min",
    "es": "sr sra srta sres dr dra d dña prof profa ud uds vd gral p.ej ej aprox av avda c tel máx mín núm "
    "pág",
    "it": "sig sigg sig.ra sig.na dott dott.ssa prof prof.ssa ing avv arch geom on p.es es ca cfr tel max "
    "min v",
    "nl": "dhr mevr mw dr drs ir ing prof mr bijv bv ca d.w.z m.a.w o.a i.p.v t.o.v m.b.t resp evt incl "
    "excl max min tel ong st",
    "pl": "dr prof mgr inż hab ks św np tj tzn m.in ok ul al pl os tel wg ww im płk gen por kpt śp gosp",
    "ru": "г-н г-жа т.е т.к т.н напр ул пр просп пл пер д кв корп стр тел им проф акад св ср см т прибл",
    "pt": "sr sra srta dr dra prof profa p.ex ex av tel aprox máx mín núm pág v.ex",
    "sv": "dr prof t.ex bl.a d.v.s dvs ca kl tel max min s.k m.a.o fr.o.m t.o.m",
    "da": "dr prof f.eks fx bl.a dvs ca kl tlf hr fr max min",
    "nb": "dr prof f.eks bl.a dvs ca kl tlf hr fr maks min",
    "cs": "dr prof ing mgr mudr např tj tzn tzv popř resp cca ul nám tel p sv",
    "hi": "डॉ श्री प्रो पं कु",
    "ar": "د أ م أ.د",
}

# Only before a number: "No. 5", but "No. I will not."
_NUMBERED = {
    "en": "no nos nr fig figs vol ch art sec pt pp p eq ref rm apt jan feb mar apr jun jul aug sep sept oct "
    "nov dec",
    "de": "nr nrn abb abs art bd kap s stk ziff § jan feb apr aug sep sept okt nov dez",
    "fr": "no nº n° art chap fig p pp vol janv févr avr juil sept oct nov déc",
    "es": "no nro n.º art cap fig p pp vol",
    "it": "n nr art cap fig p pp vol",
    "nl": "nr art blz fig hfdst p",
    "pl": "nr art poz rys s str t godz tel",
    "ru": "рис гл с ст п г №",
    "pt": "no art cap fig p pp vol",
}

# These may end a sentence: they do where the next word could begin one.
_CLOSING = {
    "en": "etc a.m p.m inc ltd co corp jr sr bros u.s u.k u.s.a u.n d.c ph.d b.a m.a b.c a.d",
    "de": "usw etc u.s.w usf uvm u.v.m o.g n.chr v.chr",
    "fr": "etc",
    "es": "etc a.m p.m ee.uu s.a",
    "it": "ecc etc",
    "nl": "enz etc n.v b.v",
    "pl": "itd itp etc r w zł gr",
    "ru": "т.д т.п г гг др пр руб коп мин сек час тыс млн млрд",
    "pt": "etc s.a ltda",
    "cs": "atd apod",
    "sv": "osv etc m.m",
}

# Company and country names among them are followed by more of the name as often as by a sentence.
_NAME_LIKE = _words("inc ltd co corp jr sr bros u.s u.k u.s.a u.n d.c ph.d b.a m.a s.a n.v b.v")

_STARTERS = _words(
    "a an the this that these those it he she we you they i is are was were do does did will would "
    "can could if in on at as for from by with and but so or no yes not now then there here what when "
    "where why who how which his her its our your their my all some many after before since while "
    "however please turn set good also"
)

# A number with a dot is an ordinal here: "am 5. Mai".
_ORDINAL_LANGUAGES = _words("bs cs da de et fi hr hu is lv nb nn no pl sk sl sr tr")
_ORDINAL_BEFORE = _words(
    "am der die das dem den des vom zum zur im bis ab seit beim jeder jede jedes jeden jedem ein eine "
    "einen einem ihr ihre sein seine mein meine unser unsere und oder ins vor nach dne k od do den. v "
    "na o"
)
_ORDINAL_AFTER = _words(
    "januar jänner februar märz april mai juni juli august september oktober november dezember "
    "januari februari mars maj jan feb mär apr jun jul aug sep sept okt nov dez stock etage "
    "geburtstag klasse platz jahrhundert mal tag woche monat stunde minute januára ledna února března "
    "dubna května června července srpna září října listopadu prosince kapitel advent weltkrieg runde "
    "spieltag liga"
)

# One language's abbreviation is another's word: these are left out where the language is not known.
_WORDS_ELSEWHERE = _words(
    "ex es me d c v al os im on ok am max min est temp str mind gem por t p m s r w g gr co gen pl mm "
    "av lt fr"
)
