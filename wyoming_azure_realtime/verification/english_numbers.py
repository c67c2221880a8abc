"""English words for numbers, dates and times of the day: every usual way, words separated by spaces.

In: numbers as `int` or as ASCII digits. Out: lists or iterators of readings, in small letters.
"""

import re
from collections.abc import Iterator

_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SCALES = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"))
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_TWICE = re.compile(r"\b(\w+) \1\b")
LARGEST = 10**15 - 1
NUMBER_WORDS = frozenset({*_ONES, *_TENS, "hundred", *(name for _, name in _SCALES), "oh", "point", "minus"})


def small(number: int) -> str:
    """Return the words of a number below one hundred."""
    if number < 20:
        return _ONES[number]
    tens, ones = divmod(number, 10)
    return _TENS[tens - 2] + (f" {_ONES[ones]}" if ones else "")


def cardinals(number: int) -> list[str]:
    """Return `one hundred and five`, `one hundred five`, `a hundred and five`; nothing above `LARGEST`."""
    if number > LARGEST:
        return []
    ways = [_cardinal(number, link) for link in ("", " and")]
    if 1100 <= number <= 9999 and number % 1000 >= 100:
        hundreds, rest = divmod(number, 100)
        ways += [f"{small(hundreds)} hundred{link} {small(rest)}" for link in ("", " and") if rest]
        ways += [] if rest else [f"{small(hundreds)} hundred"]
    ways += [f"a {way.removeprefix('one ')}" for way in ways if number >= 100 and way.startswith("one ")]
    return list(dict.fromkeys(ways))


def _cardinal(number: int, link: str) -> str:
    words = []
    for size, name in _SCALES:
        count, number = divmod(number, size)
        if count:
            words.append(f"{_hundreds(count, link)} {name}")
    if number or not words:
        words.append(("and " if words and link and number < 100 else "") + _hundreds(number, link))
    return " ".join(words)


def _hundreds(number: int, link: str) -> str:
    hundreds, rest = divmod(number, 100)
    if not hundreds:
        return small(rest)
    return f"{_ONES[hundreds]} hundred" + (f"{link} {small(rest)}" if rest else "")


def ordinals(number: int) -> list[str]:
    """Return the ordinal of every cardinal of a number: `twenty third`."""
    return [ordinal(way) for way in cardinals(number)]


def ordinal(cardinal: str) -> str:
    """Turn the words of a cardinal, `twenty three`, into those of the ordinal, `twenty third`."""
    *before, last = cardinal.split()
    regular = f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th"
    last = _ORDINALS.get(last, regular)
    return " ".join([*before, last])


def years(number: int) -> list[str]:
    """Return `nineteen oh five`, `twenty twenty six`; nothing for numbers that have not four digits."""
    if not 1000 <= number <= 9999:
        return []
    century, rest = divmod(number, 100)
    if not rest:
        return [f"{small(century)} hundred"]
    if rest < 10:
        return [f"{small(century)} {zero} {small(rest)}" for zero in ("oh", "zero", "o")]
    return [f"{small(century)} {small(rest)}"]


def digits(number: str) -> Iterator[str]:
    """Yield a number digit by digit, zero as `zero`, `oh` or `o`; also in pairs, as house numbers are."""
    for zero in ("zero", "oh", "o") if "0" in number else ("zero",):
        one_by_one = " ".join(zero if digit == "0" else _ONES[int(digit)] for digit in number)
        yield one_by_one
        if len(number) > 2 and _TWICE.search(one_by_one):
            yield _TWICE.sub(r"double \1", one_by_one)
    if len(number) == 3 and number[0] != "0":
        yield from (f"{_ONES[int(number[0])]} {rest}" for rest in _pair(number[1:]))
    if len(number) == 4:
        yield from (f"{a} {b}" for a in _pair(number[:2]) for b in _pair(number[2:]))


def _pair(two: str) -> list[str]:
    if two[0] != "0":
        return [small(int(two))]
    if two == "00":
        return ["hundred", "double oh"]
    return [f"{zero} {_ONES[int(two[1])]}" for zero in ("oh", "zero", "o")]


def integers(number: str) -> list[str]:
    """Return every way to read a run of ASCII digits."""
    ways = [] if len(number) > 15 else [*cardinals(int(number)), *years(int(number))]
    if len(number) == 2 and number[0] != "0":
        return ways  # "four eight" is no forty-eight
    return list(dict.fromkeys([*ways, *digits(number)]))


def plural(reading: str) -> str:
    """Turn `nineteen ninety` into `nineteen nineties`."""
    return (
        f"{reading[:-1]}ies"
        if reading.endswith("y")
        else f"{reading}es"
        if reading[-1] in "xs"
        else f"{reading}s"
    )


MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)


def dates(year: int, month: int, day: int) -> Iterator[str]:
    """Yield `november twenty third twenty twenty six`, `the twenty third of november`. `year`: 0 for none.

    Nothing for a month above 12 or a day above 31.
    """
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return
    name, nth, plain_day = MONTHS[month - 1], ordinals(day)[0], small(day)
    written = (*years(year), *cardinals(year)) if year else ("",)
    orders = (
        f"{name} {nth}",
        f"{name} the {nth}",
        f"{name} {plain_day}",
        f"the {nth} of {name}",
        f"{nth} of {name}",
        f"{nth} {name}",
        f"the {nth} {name}",
        f"{plain_day} {name}",
    )
    yield from (f"{order} {spoken}".strip() for order in orders for spoken in written)


def times(hour: str, minute: str, second: str = "") -> Iterator[str]:
    """Yield the readings of `7:30` or `7:30:05`: a time of the day, minutes and seconds, a ratio, a score."""
    for way in _hour_with_minute(int(hour), minute):
        if not second:
            yield way
            continue
        yield from (f"{way} {a}" for a in two_figures(second))
        yield from (
            f"{way} {link}{small(int(second))} second{'s' * (second != '01')}" for link in ("and ", "")
        )
    yield from (f"{a} to {b}" for a in integers(hour) for b in integers(minute))
    if 13 <= int(hour) <= 23:
        yield from (f"{way} pm" for way in _hour_with_minute(int(hour) - 12, minute))
    elif int(hour) == 0:
        yield from (f"{way} am" for way in _hour_with_minute(12, minute))
        yield from () if int(minute) else ("midnight",)


def two_figures(two: str) -> list[str]:
    """Return the readings of two digits in a time or a price: `oh five`, `thirty`."""
    if two[0] != "0":
        return [small(int(two))]
    return [f"{zero} {small(int(two[1]))}" for zero in ("oh", "zero", "o")] + [small(int(two))]


def _hour_with_minute(hour: int, minute: str) -> Iterator[str]:
    minutes, hours = int(minute), [small(hour)]
    hours += [f"{zero} {small(hour)}" for zero in ("oh", "zero") if hour < 10]
    for spoken in hours:
        if not minutes:
            yield from (spoken + end for end in ("", " o'clock", " hundred", " hundred hours", " zero zero"))
            yield from (spoken + end for end in (" oh oh", " double zero"))
        else:
            yield from (f"{spoken} {a}" for a in two_figures(minute) if minutes > 9 or " " in a)
        yield from _lasting(spoken, hour, minutes)
    if hour > 12:
        return
    following = small((hour % 12) + 1)
    for amount, name in ((15, "quarter"), (15, "a quarter"), (30, "half")):
        if minutes == amount:
            yield from (f"{name} past {small(hour)}", f"{name} after {small(hour)}")
        if 60 - minutes == amount != 30:
            yield from (f"{name} to {following}", f"{name} till {following}")
    if 0 < minutes < 30:
        yield from (f"{small(minutes)}{unit} past {small(hour)}" for unit in ("", " minutes"))
    elif 30 < minutes < 60:
        yield from (f"{small(60 - minutes)}{unit} to {following}" for unit in ("", " minutes"))


def _lasting(spoken: str, hour: int, minutes: int) -> Iterator[str]:
    for large, little in (("hour", "minute"), ("minute", "second")):
        for link in (" and ", " "):
            whole, part = f"{large}{'s' * (hour != 1)}", f"{little}{'s' * (minutes != 1)}"
            yield f"{spoken} {whole}{link}{small(minutes)} {part}"
