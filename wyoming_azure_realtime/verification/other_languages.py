"""Read tokens aloud in every language but English.

Numbers come from Unicode's rules (RBNF, of more than 60 languages), signs, units and months from the tables
`LOCALES` at the end. What neither knows is read as one to three words of any kind (`ANY`), so an unknown
language never makes a right transcript wrong. At most 400 readings of one token.
"""

import functools
import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wyoming_azure_realtime.verification.tokens import Token, TokenKind, ascii_figures, fold, table_key

if TYPE_CHECKING:
    from unicode_rbnf import RbnfEngine

ANY = "\0"
"""In a reading: one word, whichever it is."""

_UNKNOWN = (ANY, f"{ANY} {ANY}", f"{ANY} {ANY} {ANY}")
_MOST = 400  # readings of one token
_LONGEST = 15  # figures of a number that is read as a whole
_GROUPED = re.compile(r"\d{1,3}(?:([.,'\u00a0\u202f])\d{3})(?:\1\d{3})*")


class OtherLanguage:
    """The readings of tokens in the language with that code ("de"); see `verifier.Language`."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._locale = LOCALES.get(language)
        self.number_words: frozenset[str] = frozenset()

    def readings(self, token: Token, before: Token | None, behind: Token | None, *, lone: bool) -> list[str]:
        """Every reading of one token; "" if it may be left out. What follows it makes no difference."""
        del behind
        match token.kind:
            case TokenKind.NUMBER:
                return self._number(ascii_figures(token.text).lower())
            case TokenKind.SYMBOL:
                sign = table_key(token.text)
                names = self._sign(sign)
                # one who writes °C was not saying degrees only, but °C may be read so
                bare = self._sign("°") if lone and sign in {"°c", "°f"} and self._locale else ()
                return [name for name in names if name not in bare]
            case TokenKind.JOINER:
                return ["", *self._sign(ascii_figures(token.text))]
            case TokenKind.WORD:
                return [token.text, *self._unit(token, before)]

    def spans(self, tokens: list[Token], place: int) -> list[tuple[int, list[str]]]:
        """`5,50 €` with the currency in the middle ("fünf Euro fünfzig"), `7:30 Uhr` with the hour there."""
        if place + 1 >= len(tokens) or tokens[place].kind is not TokenKind.NUMBER:
            return []
        if ":" in tokens[place].text and tokens[place + 1].text.lower() in self._clock():
            return [(place + 2, self._number(ascii_figures(tokens[place].text)))]
        amount = re.fullmatch(r"(\d{1,9})[.,](\d\d)", ascii_figures(tokens[place].text))
        name = tokens[place + 1].text.casefold()
        if not amount or name not in {"€", "$", "£", "euro", "euros", "eur", "dollar"}:
            return []
        units = self._sign(name) if not name.isalpha() else (name,)
        links = ("", "und", "et", "con", "y", "e", "en", "och") if self._locale else ("", ANY)
        parts = itertools.product(self._whole(amount[1]), units, links, self._whole(amount[2]), ("", *_CENTS))
        return [(place + 2, _joined(parts))]

    def _sign(self, sign: str) -> tuple[str, ...]:
        known = self._locale.symbols.get(sign) if self._locale else None
        return known or _UNKNOWN

    def _unit(self, token: Token, before: Token | None) -> tuple[str, ...]:
        name = fold(token.text) if token.text[-1] not in "²³" else token.text.casefold()
        if self._locale:
            long_enough = len(name) > 1 or (
                before is not None and (before.kind is TokenKind.NUMBER or before.text == "/")
            )
            return self._locale.symbols.get(name, ()) if long_enough else ()
        behind_number = before is not None and before.kind is TokenKind.NUMBER
        dotted = token.text.endswith(".")
        return _UNKNOWN if dotted or (behind_number and len(name) <= 3 and name.isascii()) else ()

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
                signs = _UNKNOWN[:1]
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
            return list(_UNKNOWN)
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
    """Return cardinals, ordinals and the year in every gender and case; empty without rules for them."""
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


@dataclass(frozen=True, slots=True)
class Locale:
    """Words of one language, each in all its usual ways; `symbols` holds signs, units and abbreviations."""

    point: tuple[str, ...]
    minus: tuple[str, ...]
    plus: tuple[str, ...]
    to: tuple[str, ...]
    clock: tuple[str, ...]
    half: tuple[str, ...]
    months: tuple[str, ...] = ()
    symbols: dict[str, tuple[str, ...]] = field(default_factory=dict)


def _locale(*, months: str, symbols: str, **words: str) -> Locale:
    """The ways of a word are separated by commas, months by spaces, and `symbols` by bars: "sign way,way"."""
    signs = (entry.strip().partition(" ") for entry in symbols.split("|"))
    return Locale(
        months=tuple(months.split()),
        symbols={sign: _ways(ways) for sign, _, ways in signs},
        **{name: _ways(ways) for name, ways in words.items()},
    )


def _ways(written: str) -> tuple[str, ...]:
    return tuple(way.strip() for way in written.split(","))


LOCALES = {
    "de": _locale(
        point="Komma, Punkt",
        minus="minus",
        plus="plus",
        to="bis, Strich, minus, zu",
        clock="Uhr",
        half="und eine halbe, einhalb",
        months="Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
        symbols="% Prozent|° Grad|°c Grad Celsius,Grad|°f Grad Fahrenheit|€ Euro|$ Dollar|£ Pfund|& und|"
        "+ plus|= gleich,ist|@ at,ät|km Kilometer|m Meter,Minuten|cm Zentimeter|mm Millimeter|"
        "kg Kilogramm,Kilo|g Gramm|l Liter|ml Milliliter|h Stunden,Stunde,Uhr|min Minuten,Minute|"
        "s Sekunden|w Watt|kw Kilowatt|kwh Kilowattstunden,Kilowattstunde|v Volt|a Ampere|"
        "hpa Hektopascal|eur Euro|ct Cent|uhr Uhr|zb zum Beispiel|usw und so weiter|"
        "bzw beziehungsweise|dr Doktor|nr Nummer|str Straße|ca circa,zirka|"
        "/ pro,Schrägstrich,oder,durch,je|. Punkt|kmh Kilometer pro Stunde,Stundenkilometer|"
        "m² Quadratmeter|m³ Kubikmeter",
    ),
    "fr": _locale(
        point="virgule, point",
        minus="moins",
        plus="plus",
        to="à, tiret, moins",
        clock="heures, heure",
        half="et demi, et demie",
        months="janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        symbols="% pour cent|° degrés,degré|°c degrés Celsius,degré Celsius,degrés,degré|€ euros,euro|"
        "$ dollars,dollar|& et|+ plus|= égale,égal|@ arobase,at|km kilomètres,kilomètre|"
        "m mètres,mètre|cm centimètres|mm millimètres,millimètre|kg kilogrammes,kilos,kilogramme|"
        "g grammes|l litres,litre|h heures,heure|min minutes,minute|s secondes|w watts,watt|"
        "kw kilowatts|kwh kilowattheures,kilowatt heures,kilowattheure|v volts|hpa hectopascals|"
        "m monsieur|mme madame|dr docteur|etc et cetera|1er premier|/ par,sur,slash,barre|. point|"
        "kmh kilomètres heure,kilomètres par heure|m² mètres carrés|m³ mètres cubes",
    ),
    "es": _locale(
        point="coma, punto, con",
        minus="menos",
        plus="más",
        to="a, al, guion, menos",
        clock="y, horas, horas y",
        half="y media",
        months="enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        symbols="% por ciento|° grados,grado|°c grados Celsius,grados centígrados,grados,grado Celsius|"
        "€ euros,euro|$ dólares,dólar,pesos|& y|+ más|= igual a,igual|@ arroba|"
        "km kilómetros,kilómetro|m metros,metro|cm centímetros|mm milímetros|kg kilogramos,kilos|"
        "g gramos|l litros|h horas,hora|min minutos,minuto|s segundos|w vatios|kw kilovatios|"
        "kwh kilovatios hora,kilovatio hora|v voltios|sr señor|sra señora|dr doctor|etc etcétera|"
        "/ por,barra|. punto|kmh kilómetros por hora|m² metros cuadrados|m³ metros cúbicos",
    ),
    "it": _locale(
        point="virgola, punto",
        minus="meno",
        plus="più",
        to="a, trattino, meno",
        clock="e, ore",
        half="e mezza, e mezzo",
        months="gennaio febbraio marzo aprile maggio giugno luglio agosto "
        "settembre ottobre novembre dicembre",
        symbols="% per cento|° gradi,grado|°c gradi Celsius,gradi centigradi,gradi|€ euro|$ dollari|& e|"
        "+ più|= uguale|@ chiocciola|km chilometri,chilometro|m metri,metro|cm centimetri|"
        "mm millimetri|kg chilogrammi,chili|g grammi|l litri|h ore,ora|min minuti,minuto|s secondi|"
        "w watt|kw chilowatt,kilowatt|kwh chilowattora,kilowattora|v volt|dott dottore|ecc eccetera|"
        "/ per,barra,al|. punto|kmh chilometri orari,chilometri all'ora|"
        "m² metri quadrati,metri quadri|m³ metri cubi",
    ),
    "nl": _locale(
        point="komma, punt",
        minus="min",
        plus="plus",
        to="tot, streepje, min",
        clock="uur",
        half="en een half, en een halve, half",
        months="januari februari maart april mei juni juli augustus september oktober november december",
        symbols="% procent|° graden,graad|°c graden Celsius,graden|€ euro|$ dollar|& en|+ plus|"
        "= is,is gelijk aan|@ at,apenstaartje|km kilometer|m meter|cm centimeter|mm millimeter|"
        "kg kilogram,kilo|g gram|l liter|h uur|min minuten,minuut|s seconden|w watt|kw kilowatt|"
        "kwh kilowattuur|v volt|dhr de heer|mevr mevrouw|dr dokter,doctor|enz enzovoort|"
        "bijv bijvoorbeeld|/ per,slash|. punt|kmh kilometer per uur|m² vierkante meter|"
        "m³ kubieke meter",
    ),
    "sv": _locale(
        point="komma, punkt",
        minus="minus",
        plus="plus",
        to="till, streck, minus",
        clock="och, noll",
        half="och en halv, och ett halvt",
        months="januari februari mars april maj juni juli augusti september oktober november december",
        symbols="% procent|° grader,grad|°c grader Celsius,grader|€ euro|$ dollar|& och|+ plus|"
        "= är lika med,lika med|@ snabel-a|kr kronor|km kilometer|m meter|cm centimeter|"
        "mm millimeter|kg kilogram,kilo|g gram|l liter|h timmar,timme|min minuter,minut|s sekunder|"
        "w watt|kw kilowatt|kwh kilowattimmar,kilowattimme|v volt|kl klockan|tex till exempel|"
        "osv och så vidare|/ per,snedstreck|. punkt|kmh kilometer i timmen|m² kvadratmeter|"
        "m³ kubikmeter",
    ),
    "pt": _locale(
        point="vírgula, ponto",
        minus="menos",
        plus="mais",
        to="a, traço, menos",
        clock="e, horas, horas e",
        half="e meia, e meio",
        months="janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
        symbols="% por cento|° graus,grau|°c graus Celsius,graus,grau Celsius|€ euros,euro|"
        "$ dólares,dólar,reais|& e|+ mais|= igual a|@ arroba|km quilômetros,quilómetros,quilômetro|"
        "m metros,metro|cm centímetros|mm milímetros|kg quilogramas,quilos|g gramas|l litros|"
        "h horas,hora|min minutos,minuto|s segundos|w watts|kw quilowatts|"
        "kwh quilowatts-hora,quilowatt-hora|v volts|sr senhor|sra senhora|dr doutor|etc et cetera|"
        "/ por,barra|. ponto|kmh quilômetros por hora,quilómetros por hora|m² metros quadrados|"
        "m³ metros cúbicos",
    ),
}
