"""What ends with a dot without ending a sentence, by language."""

import functools
from dataclasses import dataclass

# ruff: noqa: RUF001 - many scripts


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


@dataclass(frozen=True, slots=True)
class Abbreviations:
    """One language's, or all languages' together."""

    never: frozenset[str]
    numbered: frozenset[str]
    closing: frozenset[str]
    ordinals: bool

    def is_ordinal(self, before: str, after: str) -> bool:
        """Whether a number with a dot between these words counts a place, not an amount."""
        return self.ordinals and (before.casefold() in _ORDINAL_BEFORE or after.casefold() in _ORDINAL_AFTER)


def begins_sentence(abbreviation: str, word: str) -> bool:
    """Whether a capitalised word after a closing abbreviation begins a new sentence."""
    return abbreviation not in _NAME_LIKE or word.casefold() in _STARTERS


# One language's abbreviation is another's word: these are left out where the language is not known.
_WORDS_ELSEWHERE = _words(
    "ex es me d c v al os im on ok am max min est temp str mind gem por t p m s r w g gr co gen pl mm "
    "av lt fr"
)


@functools.cache
def abbreviations(language: str) -> Abbreviations:
    """Those of a language code as voices have it ("de-AT"); of all languages where it is unknown."""
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
