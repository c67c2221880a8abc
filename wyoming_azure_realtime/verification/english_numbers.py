"""How English says numbers: every usual way, as words separated by spaces."""

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
    """Below one hundred."""
    if number < 20:
        return _ONES[number]
    tens, ones = divmod(number, 10)
    return _TENS[tens - 2] + (f" {_ONES[ones]}" if ones else "")


def cardinals(number: int) -> list[str]:
    """`one hundred and five`, `one hundred five`, `a hundred and five`; nothing above `LARGEST`."""
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
    """`twenty third`, for every cardinal."""
    return [ordinal(way) for way in cardinals(number)]


def ordinal(cardinal: str) -> str:
    """`twenty three` as `twenty third`."""
    *before, last = cardinal.split()
    regular = f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th"
    last = _ORDINALS.get(last, regular)
    return " ".join([*before, last])


def years(number: int) -> list[str]:
    """`nineteen oh five`, `twenty twenty six`; four digits only."""
    if not 1000 <= number <= 9999:
        return []
    century, rest = divmod(number, 100)
    if not rest:
        return [f"{small(century)} hundred"]
    if rest < 10:
        return [f"{small(century)} {zero} {small(rest)}" for zero in ("oh", "zero", "o")]
    return [f"{small(century)} {small(rest)}"]


def digits(number: str) -> Iterator[str]:
    """One by one, zero as `zero` or `oh`; also in pairs, as house and telephone numbers are said."""
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
    """Every way to say a run of ASCII digits."""
    ways = [] if len(number) > 15 else [*cardinals(int(number)), *years(int(number))]
    if len(number) == 2 and number[0] != "0":
        return ways  # "four eight" is no forty-eight
    return list(dict.fromkeys([*ways, *digits(number)]))


def plural(reading: str) -> str:
    """`nineteen ninety` as `nineteen nineties`."""
    return (
        f"{reading[:-1]}ies"
        if reading.endswith("y")
        else f"{reading}es"
        if reading[-1] in "xs"
        else f"{reading}s"
    )
