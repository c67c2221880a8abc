# ruff: noqa: RUF001 (characters as they are spoken and written)
"""Signs, units and money, as CLDR calls them."""

from babel.units import format_unit
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.verification.language_data import LANGUAGES
from tests.verification.measure import failing
from tests.verification.test_numbers import verdict

UNITS = {
    "°C": "temperature-celsius",
    "°F": "temperature-fahrenheit",
    "kWh": "energy-kilowatt-hour",
    "W": "power-watt",
    "kW": "power-kilowatt",
    "km/h": "speed-kilometer-per-hour",
    "hPa": "pressure-hectopascal",
    "mm": "length-millimeter",
    "km": "length-kilometer",
    "kg": "mass-kilogram",
    "l": "volume-liter",
    "V": "electric-volt",
    "min": "duration-minute",
    "h": "duration-hour",
    "s": "duration-second",
    "m²": "area-square-meter",
}


def test_a_unit_is_called_by_its_name_and_by_no_other() -> None:
    assert not failing(LANGUAGES, _a_unit_is_called_by_its_name_and_by_no_other)


@settings(max_examples=16, deadline=None)
@given(
    unit=st.sampled_from(sorted(UNITS)),
    other=st.sampled_from(sorted(UNITS)),
    number=st.one_of(st.integers(11, 120), st.integers(111, 999).map(lambda tenths: tenths / 10)),
)
def _a_unit_is_called_by_its_name_and_by_no_other(
    language: str, unit: str, other: str, number: float
) -> None:
    named = format_unit(number, UNITS[unit], length="long", locale=language)
    assert verdict(f"abcde {number} {unit} fghij", f"abcde {named} fghij", language) == "complete"
    assert verdict(f"abcde {number}{unit} fghij", f"abcde {named} fghij", language) == "complete"
    more = format_unit(number + 1, UNITS[unit], length="long", locale=language)
    assert verdict(f"abcde {number} {unit} fghij", f"abcde {more} fghij", language) == "mismatch"
    if other != unit:
        swapped = format_unit(number, UNITS[other], length="long", locale=language)
        assert verdict(f"abcde {number} {unit} fghij", f"abcde {swapped} fghij", language) != "complete"


def test_signs_are_said_in_words() -> None:
    cases = [
        ("de", "3,99 €", "drei Euro neunundneunzig"),
        ("de", "€ 3,99", "drei Euro und neunundneunzig Cent"),
        ("fr", "3,99 €", "3 euros 99"),
        ("en", "$84.20", "eighty-four dollars and twenty cents"),
        ("pt", "R$ 12,40", "doze reais e quarenta centavos"),
        ("zh", "¥136.80", "一百三十六元八角"),
        ("zh", "45%", "百分之四十五"),
        ("ja", "45%", "45パーセント"),
        ("tr", "%15", "yüzde on beş"),
        ("zh", "-3度", "零下三度"),
        ("de", "-7 °C", "sieben Grad unter null"),
        ("ru", "5 °C", "пять градусов"),
        ("en", "Done → Hue/Philips & me", "Done, Hue Philips and me"),
        ("de", "z. B. km/h", "zum Beispiel Kilometer pro Stunde"),
        ("nl", "ca. 15 min", "circa vijftien minuten"),
        ("de", "-€ 5,20", "minus fünf Euro zwanzig"),
        ("en", "a 14-oz can", "a fourteen-ounce can"),
        ("ja", "35〜40分", "三十五分から四十分"),
        ("vi", "cấp 8-9", "cấp tám đến cấp chín"),
        ("zh", "0.5583元/kWh", "每千瓦时0.5583元"),
        ("ru", "6,73 ₽/кВт·ч", "шесть рублей семьдесят три копейки за киловатт-час"),
        ("ru", "14–18 °С", "от четырнадцати до восемнадцати градусов Цельсия"),
        ("hi", "90 किमी/घंटा", "नब्बे किलोमीटर प्रति घंटा"),
        ("pl", "1,23 zł", "złoty dwadzieścia trzy"),
    ]
    assert not [case for case in cases if verdict(case[1], case[2], case[0]) != "complete"]


def test_other_signs_are_refused() -> None:
    cases = [
        ("de", "20 °C", "20 Grad Fahrenheit"),
        ("de", "-7 °C", "sieben Grad"),
        ("de", "3,99 €", "drei Dollar neunundneunzig"),
        ("en", "$84.20", "$48.20"),
        ("he", "117 km", "117 קילוגרם"),
        ("es", "8.000 millones", "8 millones"),
        ("de", "-€ 5,20", "fünf Euro zwanzig"),
        ("de", "1¼ Std.", "eineinhalb Stunden"),
        ("zh", "0.5583元/kWh", "每千瓦时0.5853元"),
        ("en", "room 3-B", "room three D"),
    ]
    assert not [case for case in cases if verdict(case[1], case[2], case[0]) != "mismatch"]


def test_a_unit_for_each_second_is_not_the_unit_alone() -> None:
    assert verdict("51,9 m/s", "51,9 mètres par seconde", "fr") == "complete"
    assert verdict("51,9 m/s", "51,9 mètres", "fr") == "mismatch"
