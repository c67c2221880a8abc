"""How English says dates and times of the day."""

from collections.abc import Iterator

from wyoming_azure_realtime.verification.english_numbers import cardinals, integers, ordinals, small, years

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
    """`november twenty third twenty twenty six`, `the twenty third of november`; 0 for no year."""
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
    """A time of the day; also minutes with seconds, a ratio and a score."""
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
    """`oh five`, `thirty`."""
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
