# ruff: noqa: RUF001 (characters as they are spoken and written)
"""Things that answers mention, as they are written and as people say them; nothing of the product's."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from num2words import num2words


@dataclass(frozen=True)
class Value:
    written: str
    spoken: tuple[str, ...]


def cardinal(number: float) -> str:
    words: str = num2words(number)
    return words


def plain(number: int) -> str:
    """Without the `and` and the comma, as Americans say it."""
    return cardinal(number).replace(" and ", " ").replace(",", "")


def decimal(number: str) -> str:
    whole, _, fraction = number.partition(".")
    words = num2words(int(whole))
    return f"{words} point {' '.join(num2words(int(figure)) for figure in fraction)}" if fraction else words


def temperature(chance: random.Random) -> Value:
    degrees = chance.choice([chance.randint(-25, 45), chance.randint(1, 399) / 10, chance.randint(50, 110)])
    words = ("minus " if degrees < 0 else "") + decimal(str(abs(degrees)))
    unit, name = chance.choice([("C", "Celsius"), ("F", "Fahrenheit")])
    written = chance.choice(
        [f"{degrees} °{unit}", f"{degrees}°{unit}", f"{degrees}°", f"{degrees} degrees {name}"]
    )
    spoken = (
        (f"{words} degrees", f"{degrees} degrees")
        if written.endswith("°")
        else (f"{words} degrees {name}", f"{degrees} degrees {name}", f"{degrees} °{unit}")
    )
    if degrees < 0:
        spoken = (*spoken, spoken[0].replace("minus", "negative"))
    return Value(written, spoken)


def percent(chance: random.Random) -> Value:
    number = chance.choice([chance.randint(0, 100), chance.randint(1, 999) / 10])
    words = decimal(str(number))
    return Value(f"{number}%", (f"{words} percent", f"{number} percent", f"{words} per cent", f"{number} %"))


def money(chance: random.Random) -> Value:
    sign, unit, units, cents = chance.choice(
        [
            ("$", "dollar", "dollars", "cents"),
            ("€", "euro", "euros", "cents"),
            ("£", "pound", "pounds", "pence"),
        ]
    )
    whole, part = chance.randint(1, 2500), chance.choice([0, 0, chance.randint(10, 99), 5])
    name = unit if whole == 1 else units
    if not part:
        return Value(
            f"{sign}{whole}", (f"{cardinal(whole)} {name}", f"{plain(whole)} {name}", f"{whole} {name}")
        )
    rest = cardinal(part)
    written = f"{sign}{whole:,}.{part:02}"
    spoken = (
        f"{cardinal(whole)} {name} and {rest} {cents}",
        f"{plain(whole)} {name} {rest}",
        f"{plain(whole)} {name}, {rest} {cents}",
        f"{whole} {name} and {part} {cents}",
        f"{plain(whole)} {rest if part > 9 else f'oh {rest}'}",
    )
    return Value(written, spoken)


def clock(chance: random.Random) -> Value:
    hour, minute = chance.randint(1, 12), chance.choice([0, 15, 30, 45, chance.randint(1, 59)])
    half = chance.choice(["AM", "PM"])
    letters = half.lower()
    words = cardinal(hour)
    if minute:
        words += f" {'oh ' if minute < 10 else ''}{cardinal(minute)}"
    spoken = [
        f"{words} {half}",
        f"{words} {letters[0]}.m.",
        f"{words} {letters[0]} m",
        f"{hour}:{minute:02} {letters[0]}.m.",
    ]
    if minute == 30:
        spoken.append(f"half past {cardinal(hour)} {half}")
    if minute == 15:
        spoken.append(f"quarter past {cardinal(hour)} {half}")
    if minute == 45:
        spoken.append(f"a quarter to {cardinal(hour % 12 + 1)} {half}")
    end = chance.choice([f" {half}", half.lower(), f" {letters[0]}.m."])
    return Value(f"{hour}:{minute:02}{end}", tuple(spoken))


def clock_24(chance: random.Random) -> Value:
    hour, minute = chance.randint(0, 23), chance.randint(10, 59)
    words = f"{cardinal(hour)} {cardinal(minute)}"
    return Value(
        f"{hour:02}:{minute}", (words, f"{hour}:{minute}", f"{'oh ' if 0 < hour < 10 else ''}{words}")
    )


MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


def date(chance: random.Random) -> Value:
    number, day, year = chance.randint(1, 12), chance.randint(1, 28), chance.randint(1985, 2049)
    month, nth = MONTHS[number - 1], num2words(day, to="ordinal")
    said_year = num2words(year, to="year")
    style = chance.randint(0, 5)
    if style < 3:
        written = [
            f"{month} {day}, {year}",
            f"{year}-{number:02}-{day:02}",
            f"{month} {num2words(day, to='ordinal_num')}, {year}",
        ]
        spoken = (
            f"{month} {nth}, {said_year}",
            f"{month} {num2words(day, to='ordinal_num')}, {year}",
            f"the {nth} of {month} {said_year}",
        )
        return Value(written[style], spoken[:2] if style in {0, 2} else spoken)
    written = [
        f"{month} {day}",
        f"{day} {month}",
        f"{month[:3]} {day}" if month != "May" else f"May {day}",
    ]
    ways = [
        (f"{month} {nth}", f"{month} the {nth}"),
        (f"the {nth} of {month}", f"{nth} of {month}"),
        (f"{month} {nth}",),
    ]
    return Value(written[style - 3], ways[style - 3])


_UNITS = [
    ("kWh", "kilowatt hours", "kilowatt-hours"),
    ("W", "watts", "watts"),
    ("kW", "kilowatts", "kilowatts"),
    ("km/h", "kilometers per hour", "kilometres per hour"),
    ("mph", "miles per hour", "miles an hour"),
    ("mm", "millimeters", "millimetres"),
    ("cm", "centimeters", "centimetres"),
    ("km", "kilometers", "kilometres"),
    ("m", "meters", "metres"),
    ("kg", "kilograms", "kilos"),
    ("g", "grams", "grams"),
    ("L", "liters", "litres"),
    ("ml", "milliliters", "millilitres"),
    ("hPa", "hectopascals", "hectopascals"),
    ("ppm", "parts per million", "p p m"),
    ("lx", "lux", "lux"),
    ("dB", "decibels", "decibels"),
    ("V", "volts", "volts"),
    ("A", "amps", "amperes"),
    ("GB", "gigabytes", "gigabytes"),
    ("Mbps", "megabits per second", "megabits per second"),
    ("µg/m³", "micrograms per cubic meter", "micrograms per cubic metre"),
    ("m²", "square meters", "square metres"),
    ("min", "minutes", "minutes"),
    ("h", "hours", "hours"),
    ("s", "seconds", "seconds"),
    ("m/s", "meters per second", "metres per second"),
    ("L/min", "liters per minute", "litres per minute"),
    ("kWh/day", "kilowatt hours per day", "kilowatt-hours per day"),
    ("Hz", "hertz", "hertz"),
    ("ft", "feet", "feet"),
    ("lbs", "pounds", "pounds"),
    ("oz", "ounces", "ounces"),
]


def measure(chance: random.Random) -> Value:
    unit, name, other = chance.choice(_UNITS)
    number = chance.choice([chance.randint(2, 99), chance.randint(100, 9999), chance.randint(11, 999) / 10])
    shown = f"{number:,}" if number > 999 and chance.random() < 0.5 else str(number)
    gap = chance.choice([" ", " ", ""])
    words = decimal(str(number))
    spoken = (
        f"{words} {name}",
        f"{words} {other}",
        f"{number} {name}",
        f"{words.replace(' and ', ' ').replace(',', '')} {name}",
    )
    return Value(f"{shown}{gap}{unit}", spoken)


def count(chance: random.Random) -> Value:
    number = chance.choice([chance.randint(2, 20), chance.randint(21, 199), chance.randint(1000, 99999)])
    shown = f"{number:,}" if chance.random() < 0.5 else str(number)
    return Value(shown, (cardinal(number), plain(number), str(number)))


def ordinal(chance: random.Random) -> Value:
    number = chance.randint(1, 31)
    shown = num2words(number, to="ordinal_num")
    return Value(shown, (num2words(number, to="ordinal"), shown))


def span(chance: random.Random) -> Value:
    low = chance.randint(1, 40)
    high = low + chance.randint(1, 20)
    dash = chance.choice(["-", "–", " - "])
    return Value(
        f"{low}{dash}{high}", (f"{cardinal(low)} to {cardinal(high)}", f"{low} to {high}", f"{low}–{high}")
    )


def telephone(chance: random.Random) -> Value:
    groups = [str(chance.randint(200, 999)), f"{chance.randint(0, 9999):04}"]
    figures = "".join(groups)
    return Value(
        "-".join(groups),
        (
            " ".join(cardinal(int(figure)) for figure in figures),
            " ".join("oh" if figure == "0" else cardinal(int(figure)) for figure in figures),
            " ".join(figures),
        ),
    )


def year(chance: random.Random) -> Value:
    number = chance.choice([chance.randint(1900, 1999), chance.randint(2010, 2049)])
    return Value(str(number), (num2words(number, to="year"), str(number)))


def site(chance: random.Random) -> Value:
    name = chance.choice(["example.com", "home-assistant.io", "weather.example.org", "solar.example.net"])
    return Value(name, (name.replace(".", " dot "), name.replace(".", " dot ").replace("-", " ")))


def mail(chance: random.Random) -> Value:
    name = chance.choice(["anna", "ben.miller", "office"])
    return Value(
        f"{name}@example.com", (f"{name.replace('.', ' dot ')} at example dot com", f"{name}@example.com")
    )


def title(chance: random.Random) -> Value:
    short, long = chance.choice(
        [("Dr.", "Doctor"), ("Mr.", "Mister"), ("Mrs.", "Missus"), ("Prof.", "Professor")]
    )
    name = chance.choice(["Smith", "O'Brien", "Müller", "García", "Nguyen", "Katherine Johnson"])
    return Value(f"{short} {name}", (f"{long} {name}", f"{short[:-1]} {name}"))


def street(chance: random.Random) -> Value:
    number = chance.randint(1, 99)
    name = chance.choice(["Main", "Elm", "Baker", "Mill"])
    short, long = chance.choice(
        [("St.", "Street"), ("Ave.", "Avenue"), ("Rd.", "Road"), ("Blvd.", "Boulevard")]
    )
    return Value(f"{number} {name} {short}", (f"{cardinal(number)} {name} {long}", f"{number} {name} {long}"))


def version(chance: random.Random) -> Value:
    parts = [chance.randint(2024, 2026), chance.randint(1, 12), chance.randint(1, 9)]
    written = ".".join(map(str, parts))
    said = [num2words(parts[0], to="year"), cardinal(parts[1]), cardinal(parts[2])]
    return Value(
        written,
        (" point ".join([plain(parts[0]), *said[1:]]), written, " dot ".join([plain(parts[0]), *said[1:]])),
    )


def fraction(chance: random.Random) -> Value:
    return chance.choice(
        [
            Value("1/2", ("one half", "a half", "half")),
            Value("3/4", ("three quarters", "three fourths")),
            Value("2½", ("two and a half",)),
            Value("1/3", ("one third", "a third")),
            Value("2/3", ("two thirds",)),
        ]
    )


def initials(chance: random.Random) -> Value:
    name = chance.choice(["TV", "HVAC", "LED", "PV", "UPS", "CO2", "USB", "EV", "NAS"])
    spelled = " ".join(name)
    return Value(name, (spelled, ".".join(name) + ".", spelled.replace("2", "two")))


def room(chance: random.Random) -> Value:
    name = chance.choice(
        [
            "kitchen",
            "living room",
            "bedroom",
            "master bedroom",
            "garage",
            "hallway",
            "bathroom",
            "basement",
            "attic",
            "office",
            "kids' room",
            "dining room",
            "laundry room",
            "guest room",
            "garden",
            "patio",
            "front porch",
            "Zoë's room",
            "walk-in closet",
        ]
    )
    return Value(name, (name, name.replace("-", " ").replace("'", "’")))


def person(chance: random.Random) -> Value:
    name = chance.choice(
        [
            "Anna",
            "Ben",
            "Chloé",
            "Dmitri",
            "Élodie",
            "François",
            "Grace",
            "Håkon",
            "Ines",
            "José",
            "Siobhan",
            "Xiu Ying",
            "Renée",
            "Jörg",
        ]
    )
    return Value(name, (name,))


KINDS: dict[str, Callable[[random.Random], Value]] = {
    "temperature": temperature,
    "percent": percent,
    "money": money,
    "clock": clock,
    "clock_24": clock_24,
    "date": date,
    "measure": measure,
    "count": count,
    "ordinal": ordinal,
    "span": span,
    "telephone": telephone,
    "year": year,
    "site": site,
    "mail": mail,
    "title": title,
    "street": street,
    "version": version,
    "fraction": fraction,
    "initials": initials,
    "room": room,
    "person": person,
}
