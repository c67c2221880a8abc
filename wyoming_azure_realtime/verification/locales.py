"""Words beside the numbers in languages other than English: signs, units, months."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Locale:
    """`symbols` also holds units. What is not in a table may be one to three words of any kind."""

    point: tuple[str, ...]
    minus: tuple[str, ...]
    plus: tuple[str, ...]
    to: tuple[str, ...]
    clock: tuple[str, ...]
    half: tuple[str, ...]
    months: tuple[str, ...] = ()
    symbols: dict[str, tuple[str, ...]] = field(default_factory=dict)


def _locale(
    point: str, minus: str, plus: str, to: str, clock: str, half: str, months: str, symbols: str
) -> Locale:
    table = {}
    for line in symbols.split("|"):
        sign, _, words = line.strip().partition(" ")
        table[sign] = tuple(word.strip() for word in words.split(","))

    def ways(written: str) -> tuple[str, ...]:
        return tuple(way.strip() for way in written.split(","))

    return Locale(
        ways(point), ways(minus), ways(plus), ways(to), ways(clock), ways(half), tuple(months.split()), table
    )


LOCALES = {
    "de": _locale(
        "Komma, Punkt",
        "minus",
        "plus",
        "bis, Strich, minus, zu",
        "Uhr",
        "und eine halbe, einhalb",
        "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
        "% Prozent|° Grad|°c Grad Celsius,Grad|°f Grad Fahrenheit|€ Euro|$ Dollar|£ Pfund|& und|"
        "+ plus|= gleich,ist|@ at,ät|km Kilometer|m Meter,Minuten|cm Zentimeter|mm Millimeter|"
        "kg Kilogramm,Kilo|g Gramm|l Liter|ml Milliliter|h Stunden,Stunde,Uhr|min Minuten,Minute|"
        "s Sekunden|w Watt|kw Kilowatt|kwh Kilowattstunden,Kilowattstunde|v Volt|a Ampere|"
        "hpa Hektopascal|eur Euro|ct Cent|uhr Uhr|zb zum Beispiel|usw und so weiter|"
        "bzw beziehungsweise|dr Doktor|nr Nummer|str Straße|ca circa,zirka|"
        "/ pro,Schrägstrich,oder,durch,je|. Punkt|kmh Kilometer pro Stunde,Stundenkilometer|"
        "m² Quadratmeter|m³ Kubikmeter",
    ),
    "fr": _locale(
        "virgule, point",
        "moins",
        "plus",
        "à, tiret, moins",
        "heures, heure",
        "et demi, et demie",
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        "% pour cent|° degrés,degré|°c degrés Celsius,degré Celsius,degrés,degré|€ euros,euro|"
        "$ dollars,dollar|& et|+ plus|= égale,égal|@ arobase,at|km kilomètres,kilomètre|"
        "m mètres,mètre|cm centimètres|mm millimètres,millimètre|kg kilogrammes,kilos,kilogramme|"
        "g grammes|l litres,litre|h heures,heure|min minutes,minute|s secondes|w watts,watt|"
        "kw kilowatts|kwh kilowattheures,kilowatt heures,kilowattheure|v volts|hpa hectopascals|"
        "m monsieur|mme madame|dr docteur|etc et cetera|1er premier|/ par,sur,slash,barre|. point|"
        "kmh kilomètres heure,kilomètres par heure|m² mètres carrés|m³ mètres cubes",
    ),
    "es": _locale(
        "coma, punto, con",
        "menos",
        "más",
        "a, al, guion, menos",
        "y, horas, horas y",
        "y media",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "% por ciento|° grados,grado|°c grados Celsius,grados centígrados,grados,grado Celsius|"
        "€ euros,euro|$ dólares,dólar,pesos|& y|+ más|= igual a,igual|@ arroba|"
        "km kilómetros,kilómetro|m metros,metro|cm centímetros|mm milímetros|kg kilogramos,kilos|"
        "g gramos|l litros|h horas,hora|min minutos,minuto|s segundos|w vatios|kw kilovatios|"
        "kwh kilovatios hora,kilovatio hora|v voltios|sr señor|sra señora|dr doctor|etc etcétera|"
        "/ por,barra|. punto|kmh kilómetros por hora|m² metros cuadrados|m³ metros cúbicos",
    ),
    "it": _locale(
        "virgola, punto",
        "meno",
        "più",
        "a, trattino, meno",
        "e, ore",
        "e mezza, e mezzo",
        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
        "% per cento|° gradi,grado|°c gradi Celsius,gradi centigradi,gradi|€ euro|$ dollari|& e|"
        "+ più|= uguale|@ chiocciola|km chilometri,chilometro|m metri,metro|cm centimetri|"
        "mm millimetri|kg chilogrammi,chili|g grammi|l litri|h ore,ora|min minuti,minuto|s secondi|"
        "w watt|kw chilowatt,kilowatt|kwh chilowattora,kilowattora|v volt|dott dottore|ecc eccetera|"
        "/ per,barra,al|. punto|kmh chilometri orari,chilometri all'ora|"
        "m² metri quadrati,metri quadri|m³ metri cubi",
    ),
    "nl": _locale(
        "komma, punt",
        "min",
        "plus",
        "tot, streepje, min",
        "uur",
        "en een half, en een halve, half",
        "januari februari maart april mei juni juli augustus september oktober november december",
        "% procent|° graden,graad|°c graden Celsius,graden|€ euro|$ dollar|& en|+ plus|"
        "= is,is gelijk aan|@ at,apenstaartje|km kilometer|m meter|cm centimeter|mm millimeter|"
        "kg kilogram,kilo|g gram|l liter|h uur|min minuten,minuut|s seconden|w watt|kw kilowatt|"
        "kwh kilowattuur|v volt|dhr de heer|mevr mevrouw|dr dokter,doctor|enz enzovoort|"
        "bijv bijvoorbeeld|/ per,slash|. punt|kmh kilometer per uur|m² vierkante meter|"
        "m³ kubieke meter",
    ),
    "sv": _locale(
        "komma, punkt",
        "minus",
        "plus",
        "till, streck, minus",
        "och, noll",
        "och en halv, och ett halvt",
        "januari februari mars april maj juni juli augusti september oktober november december",
        "% procent|° grader,grad|°c grader Celsius,grader|€ euro|$ dollar|& och|+ plus|"
        "= är lika med,lika med|@ snabel-a|kr kronor|km kilometer|m meter|cm centimeter|"
        "mm millimeter|kg kilogram,kilo|g gram|l liter|h timmar,timme|min minuter,minut|s sekunder|"
        "w watt|kw kilowatt|kwh kilowattimmar,kilowattimme|v volt|kl klockan|tex till exempel|"
        "osv och så vidare|/ per,snedstreck|. punkt|kmh kilometer i timmen|m² kvadratmeter|"
        "m³ kubikmeter",
    ),
    "pt": _locale(
        "vírgula, ponto",
        "menos",
        "mais",
        "a, traço, menos",
        "e, horas, horas e",
        "e meia, e meio",
        "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
        "% por cento|° graus,grau|°c graus Celsius,graus,grau Celsius|€ euros,euro|"
        "$ dólares,dólar,reais|& e|+ mais|= igual a|@ arroba|km quilômetros,quilómetros,quilômetro|"
        "m metros,metro|cm centímetros|mm milímetros|kg quilogramas,quilos|g gramas|l litros|"
        "h horas,hora|min minutos,minuto|s segundos|w watts|kw quilowatts|"
        "kwh quilowatts-hora,quilowatt-hora|v volts|sr senhor|sra senhora|dr doutor|etc et cetera|"
        "/ por,barra|. ponto|kmh quilômetros por hora,quilómetros por hora|m² metros quadrados|"
        "m³ metros cúbicos",
    ),
}
