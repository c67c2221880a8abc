"""Sums that people ask for, in figures and, for some languages, in words, such as "two plus 3 times 4"."""

import re
from collections.abc import Iterator
from decimal import Decimal, DecimalException, localcontext
from functools import cache

MOST_TERMS = 10
_LARGEST = Decimal(10) ** 15
_DIGITS = 28
_MOST_BEFORE = 4  # words before a sum: what is the result of
_PLACES = Decimal("0.0001")

_MINUS, _TIMES, _DOT, _OVER = (
    "\N{MINUS SIGN}",
    "\N{MULTIPLICATION SIGN}",
    "\N{MIDDLE DOT}",
    "\N{DIVISION SIGN}",
)
_SIGNS = {"+": "+", "-": "-", _MINUS: "-", "*": "*", _TIMES: "*", _DOT: "*", "x": "*", "/": "/", _OVER: "/"}
_OPERATORS: dict[str, dict[str, str]] = {
    "en": {
        "plus": "+", "and": "+", "minus": "-", "less": "-", "times": "*", "multiplied by": "*",
        "divided by": "/", "over": "/", "percent of": "%",
    },
    "de": {
        "plus": "+", "und": "+", "minus": "-", "weniger": "-", "mal": "*", "multipliziert mit": "*",
        "geteilt durch": "/", "durch": "/", "dividiert durch": "/", "prozent von": "%",
    },
}  # fmt: skip
_ASKING = {
    "en": "what what's whats is s how much calculate compute the sum of result tell me and",
    "de": "was ist sind wie viel wieviel rechne berechne macht ergibt die summe von das ergebnis und",
}
_END = {"=", "is", "ist", "gleich", "equals"}
_TOKEN = re.compile(rf"\d+(?:[.,]\d+)?|[^\W\d_]+(?:['-][^\W\d_]+)*|%|[-+*/={_MINUS}{_TIMES}{_DOT}{_OVER}]")
_MOST_WORDS = 1000


def sum_in(text: str, language: str) -> str | None:
    """The result of the sum that a text asks for, as it is written in the language; None if it is none."""
    plain = language.partition("-")[0]
    tokens = _joined(_TOKEN.findall(text.casefold()), plain)
    while tokens and tokens[-1] in _END:
        tokens.pop()
    asking = _ASKING.get(plain, "").split()
    for start in range(min(len(tokens), _MOST_BEFORE + 1)):
        value = _value([_term(word, plain) for word in tokens[start:]])
        if value is not None:
            return _written(value, plain)
        if asking and tokens[start] not in asking:
            return None
    return None


def _joined(words: list[str], language: str) -> list[str]:
    """With the operators that are two words in one token, and figures with their per cent sign."""
    operators = _OPERATORS.get(language, {})
    tokens: list[str] = []
    for word in words:
        pair = f"{tokens[-1]} {word}" if tokens else ""
        if pair in operators:
            tokens[-1] = pair
        elif pair in ("% of", "% von"):
            tokens[-1] = "%"
        else:
            tokens.append(word)
    return tokens


def _term(word: str, language: str) -> Decimal | str | None:
    """A number or an operator; None for any other word."""
    if word == "%":
        return "%"
    if sign := _OPERATORS.get(language, {}).get(word) or _SIGNS.get(word):
        return sign
    if word[0].isdigit():
        return Decimal(word.replace(",", "."))
    number = _numbers(language).get(word)
    return None if number is None else Decimal(number)


def _value(terms: list[Decimal | str | None]) -> Decimal | None:
    """Products before sums; None unless numbers and operators take turns, and for what is too large."""
    numbers, operators = terms[::2], terms[1::2]
    if not 1 <= len(operators) < MOST_TERMS or len(numbers) != len(operators) + 1:
        return None
    if not all(isinstance(one, Decimal) for one in numbers) or not all(
        isinstance(one, str) for one in operators
    ):
        return None
    try:
        with localcontext() as context:
            context.prec = _DIGITS
            value = sum(_products([one for one in terms if one is not None]), Decimal(0))
    except DecimalException:
        return None
    return value if abs(value) < _LARGEST else None


def _products(terms: list[Decimal | str]) -> Iterator[Decimal]:
    """The terms of the sum, each with its sign. Raises: DecimalException."""
    product = Decimal(terms[0])
    for operator, number in zip(terms[1::2], map(Decimal, terms[2::2]), strict=True):
        match operator:
            case "*":
                product *= number
            case "/":
                product /= number
            case "%":
                product *= number / 100
            case _:
                yield product
                product = number if operator == "+" else -number
    yield product


def _written(value: Decimal, language: str) -> str:
    rounded = value.quantize(_PLACES)
    text = f"{rounded:f}".rstrip("0").rstrip(".") or "0"
    text = "0" if text == "-0" else text
    return text.replace(".", ",") if language == "de" else text


@cache
def _numbers(language: str) -> dict[str, int]:
    """The words of the numbers up to a thousand; none where the language or the package is missing."""
    if language not in _OPERATORS:
        return {}
    try:
        from hassil.numbers import get_rbnf_engine  # noqa: PLC0415 - an optional dependency
    except ImportError:
        return {}
    engine = get_rbnf_engine(language)
    words = {}
    for number in range(_MOST_WORDS + 1):
        text = str(engine.format_number(number).text).replace("\N{SOFT HYPHEN}", "").casefold()
        words[text] = words[text.replace(" ", "-")] = number
    return words
