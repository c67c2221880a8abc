# ruff: noqa: RUF001 (characters as they are spoken and written)
"""Dates and times of the day, as CLDR and another library say them."""

import datetime

from babel.dates import format_date
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.verification.measure import failing
from tests.verification.test_numbers import spoken, verdict

DATED = ["en", "de", "fr", "es", "it", "nl", "pl", "pt", "ru", "cs", "sv", "da", "nb", "fi", "hu", "ro", "tr"]
DAYS = st.dates(datetime.date(1990, 1, 1), datetime.date(2040, 12, 28))


def test_a_date_in_figures_is_said_with_the_month() -> None:
    assert not failing(
        [*DATED, "ar", "he", "el", "ja", "ko", "vi", "zh", "hi"], _a_date_in_figures_is_said_with_the_month
    )


@settings(max_examples=16, deadline=None)
@given(day=DAYS, later=st.sampled_from([1, 10, 31, 365]))
def _a_date_in_figures_is_said_with_the_month(language: str, day: datetime.date, later: int) -> None:
    text = f"abcde {day.isoformat()} fghij"
    other = day + datetime.timedelta(days=later)
    assert verdict(text, f"abcde {format_date(day, 'long', locale=language)} fghij", language) == "complete"
    assert verdict(text, f"abcde {format_date(other, 'long', locale=language)} fghij", language) == "mismatch"


def test_a_time_is_said_by_its_numbers() -> None:
    assert not failing(
        ["en", "de", "fr", "es", "nl", "pl", "pt", "ru", "uk", "cs", "nb", "fi", "ro"],
        _a_time_is_said_by_its_numbers,
    )


@settings(max_examples=16, deadline=None)
@given(hour=st.integers(0, 23), minute=st.integers(10, 59), later=st.sampled_from([1, 5, 10]))
def _a_time_is_said_by_its_numbers(language: str, hour: int, minute: int, later: int) -> None:
    text = f"abcde {hour:02}:{minute} fghij"
    other = 10 + (minute - 10 + later) % 50
    hours = spoken(hour, language)
    assert verdict(text, f"abcde {hours} {spoken(minute, language)} fghij", language) == "complete"
    assert verdict(text, f"abcde {hour}.{minute} fghij", language) == "complete"
    assert verdict(text, f"abcde {hours} {spoken(other, language)} fghij", language) == "mismatch"
    assert verdict(text, f"abcde {hour}:{other} fghij", language) == "mismatch"


def test_times_are_said_in_many_ways() -> None:
    cases = [
        ("de", "Es ist 14:00 Uhr.", "Es ist vierzehn Uhr."),
        ("de", "um 7.30 Uhr", "um halb acht"),
        ("de", "um 7.30 Uhr", "um sieben Uhr dreißig"),
        ("de", "noch 4:30 Minuten", "noch vier Minuten dreißig"),
        ("de", "am 3.2. und 3. Mai", "am dritten Februar und dritten Mai"),
        ("fr", "Il est 14:00", "Il est quatorze heures"),
        ("fr", "Il est 7 h 30.", "Il est 7:30."),
        ("nl", "14:00 uur", "veertien uur"),
        ("nl", "15.45 uur", "kwart voor vier"),
        ("en", "at 19:45", "at a quarter to eight pm"),
        ("en", "November 23", "the twenty-third of November"),
        ("pl", "12.05.2025", "dwunastego maja dwa tysiące dwudziestego piątego roku"),
        ("ja", "14:30です", "14時30分です"),
        ("en", "0:17:32", "seventeen minutes and thirty-two seconds"),
        ("de", "00:12:30", "zwölf Minuten dreißig"),
        ("de", "1:30 h", "anderthalb Stunden"),
        ("nl", "1u15", "een uur en een kwartier"),
        ("ko", "09:00~18:00", "아홉 시부터 열여덟 시까지"),
        ("ja", "9時〜12時です", "9時から12時までです"),
        ("ko", "6시 반으로", "6시 30분으로"),
        ("pt", "8h30–19h", "oito e meia às dezenove horas"),
        ("nl", "op 2-11", "op twee november"),
        ("vi", "ngày 25 tháng 12 năm 2026", "ngày 25/12/2026"),
    ]
    assert not [case for case in cases if verdict(case[1], case[2], case[0]) != "complete"]


def test_another_time_is_refused() -> None:
    cases = [
        ("de", "um 7.30 Uhr", "um halb sieben"),
        ("de", "noch 4:30 Minuten", "noch vier Stunden dreißig"),
        ("en", "20:52", "8:52"),
        ("en", "7:15", "quarter to seven"),
        ("en", "1/2/2026", "2/1/2026"),
        ("en", "0:17:32", "seventeen minutes and twenty-three seconds"),
        ("de", "1:30 h", "eineinviertel Stunden"),
        ("ko", "09:00~18:00", "아홉 시부터 열아홉 시까지"),
    ]
    assert not [case for case in cases if verdict(case[1], case[2], case[0]) != "mismatch"]
