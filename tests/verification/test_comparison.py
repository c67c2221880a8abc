# ruff: noqa: RUF001 (characters as they are spoken and written)

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.cpu import cpu_seconds
from tests.verification.corpus import answers, corruptions
from wyoming_azure_realtime.verification import TranscriptVerifier, rest

ANSWERS = answers(copies=2)


def compared(text: str, spoken: str, language: str = "en") -> TranscriptVerifier:
    wording = TranscriptVerifier(text, language=language)
    wording.add(spoken)
    wording.finish()
    return wording


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("It is 21 °C.", "it is twenty-one degrees Celsius"),
        ("It is 21 °C.", "It is 21 degrees."),
        ("twenty-one degrees", "21°"),
        ("1,234.5 W", "one thousand two hundred and thirty four point five watts"),
        ("the 2nd floor", "the second floor"),
        ("5-10 minutes", "five to ten minutes"),
        ("$5.50", "five dollars and fifty cents"),
        ("$5.50", "five fifty"),
        ("five dollars and fifty cents", "$5.50"),
        ("7:30 PM", "seven thirty p m"),
        ("7:30 PM", "half past seven p.m."),
        ("half past seven", "7:30"),
        ("2026-11-23", "November 23rd, 2026"),
        (
            "November 23, 2026",
            "November twenty-third, twenty twenty-six",
        ),
        ("23 November", "the twenty-third of November"),
        ("Due on 23.11.2026.", "due on the twenty third of november twenty twenty six"),
        ("call 555-0123", "call five five five oh one two three"),
        ("Dr. Smith, Main St.", "Doctor Smith, Main Street"),
        ("e.g. a TV, etc.", "for example a T V, et cetera"),
        ("salt & pepper, 2 + 2 = 4", "salt and pepper, two plus two equals four"),
        ("bob@example.com", "bob at example dot com"),
        ("-5 °C", "negative five degrees Celsius"),
        ("12 km/h, 3 kWh, 9 mm", "twelve kilometers per hour, three kilowatt-hours, nine millimetres"),
        ("Wi-Fi isn't on", "wifi isn’t on"),
        ("a grey colour, organised", "A gray color, organized"),
        ("Zoë's café", "Zoe's cafe"),
        ("ﬁne １２ apples", "fine twelve apples"),
        ("Done 🎉", "Done!"),
        ("...", ""),
    ],
)
def test_the_same_words_are_complete_however_they_are_written(text: str, spoken: str):
    wording = compared(text, spoken)
    assert wording.verdict == "complete"
    assert (wording.said, wording.heard) == (len(text), len(spoken))


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Is the kitchen light on?", "The kitchen light is on."),
        ("Turn off the lights", "Turn the lights"),
        ("Turn off the lights", "Turn on the lights"),
        ("Turn off the lights", "Turn off off the lights"),
        ("Turn off the lights", "Sure! Turn off the lights"),
        ("Turn off the lights", "Turn off the lights. Anything else?"),
        ("Turn off the lights", "Turn off the"),
        ("Turn off the lights", "Turn off the light"),
        ("Turn off the lights", ""),
        ("The light is on", "Das Licht ist an"),
        ("I can't", "I can"),
        ("I can", "I can't"),
        ("15 minutes", "50 minutes"),
        ("15 minutes", "fifty minutes"),
        ("fifteen minutes", "fifty minutes"),
        ("-5 degrees", "five degrees"),
        ("1.5 liters", "15 liters"),
        ("1, 5", "15"),
        ("20:52", "8:52"),
        ("20:52", "80:52"),
        ("48%", "four eight percent"),
        ("It's 21 °C", "It's 21 °F"),
        ("21C", "21F"),
        ("unable", "enable"),
        ("in no case", "in number case"),
        ("the heating", "the heading"),
        ("$5.50", "fifty-five dollars"),
        ("", "Hello"),
    ],
)
def test_other_words_are_drift(text: str, spoken: str):
    assert compared(text, spoken).verdict == "mismatch"


@pytest.mark.parametrize(
    ("language", "text", "spoken"),
    [
        ("de", "Es sind 21 °C.", "Es sind einundzwanzig Grad Celsius."),
        (
            "de-DE",
            "Um 19:30 Uhr bei 3,5 kWh.",
            "Um neunzehn Uhr dreißig bei drei Komma fünf Kilowattstunden.",
        ),
        ("de", "Am 23. November", "Am dreiundzwanzigsten November"),
        ("de", "Das kostet 5,50 €", "Das kostet fünf Euro fünfzig"),
        (
            "fr",
            "Il fait 21,5 °C à 7h30.",
            "Il fait vingt et un virgule cinq degrés Celsius à sept heures trente.",
        ),
        ("es", "Son las 7:30, 45 %", "Son las siete y treinta, cuarenta y cinco por ciento"),
        ("it", "Sono 21 gradi", "Sono ventuno gradi"),
        ("nl", "Het is 21 °C", "Het is eenentwintig graden Celsius"),
        ("sv", "Det är 21 grader", "Det är tjugoen grader"),
        ("pt", "São 21 graus", "São vinte e um graus"),
        ("pl", "Jest 21 °C.", "Jest dwadzieścia jeden stopni Celsjusza"),
        ("ru", "Сейчас 21 градус", "Сейчас двадцать один градус"),
        ("ja", "今日は21度です。", "今日は二十一度です"),
        ("zh", "现在21度", "现在二十一度"),
        ("hi", "अभी 21 डिग्री है", "अभी इक्कीस डिग्री है"),
        ("xx", "abc 21 def", "abc whatever you call def"),
    ],
)
def test_other_languages_have_numbers_too(language: str, text: str, spoken: str):
    assert compared(text, spoken, language).verdict == "complete"


@pytest.mark.parametrize(
    ("language", "text", "spoken"),
    [
        ("de", "Es sind 21 °C.", "Es sind zwölf Grad Celsius."),
        ("de", "Das Licht ist nicht an", "Das Licht ist an"),
        ("fr", "Il fait 21 °C", "Il fait vingt degrés Celsius"),
        ("pl", "Jest 21 °C.", "Jest dwadzieścia dwa stopni Celsjusza"),
        ("ja", "今日は21度です。", "今日は二十二度です"),
        ("de", "Ist das Licht an?", "Is the light on?"),
    ],
)
def test_other_languages_drift_too(language: str, text: str, spoken: str):
    assert compared(text, spoken, language).verdict == "mismatch"


def test_the_verdict_follows_the_words():
    wording = TranscriptVerifier("The lamp is 21 °C warm.")
    seen = []
    for spoken in ("The", " lam", "p is", " twenty", "-one", " degrees", " Celsius wa", "rm."):
        wording.add(spoken)
        seen.append(wording.verdict)
    assert seen == ["agrees"] * 8
    wording.finish()
    assert wording.verdict == "complete"


def test_half_a_figure_is_undecided():
    wording = TranscriptVerifier("It takes 15 minutes.")
    wording.add("It takes 1")
    assert wording.verdict == "undecided"
    wording.add("5")
    assert wording.verdict == "undecided"
    wording.add(" min")
    assert wording.verdict == "agrees"


def test_a_wrong_word_is_drift_as_soon_as_it_ends():
    wording = TranscriptVerifier("Turn off the lights")
    wording.add("Turn on")
    assert wording.verdict in {"agrees", "undecided"}
    wording.add(" ")
    wording.add("the")
    assert wording.verdict == "mismatch"


def test_a_cut_falls_where_both_texts_are_at_the_same_word():
    text, spoken = "Well: (yes) it was $5 then, was it?", "Well, yes, it was five dollars, then nobody knew."
    wording = compared(text, spoken)
    assert wording.verdict == "mismatch"
    assert (text[: wording.said], spoken[: wording.heard]) == (
        "Well: (yes) it was $5 then,",
        "Well, yes, it was five dollars, then",
    )
    assert rest(text, wording.said) == "was it?"


def test_no_cut_between_a_number_and_its_unit():
    wording = TranscriptVerifier("It is 5 kg heavy")
    wording.add("It is five ")
    wording.add("and")
    assert rest("It is 5 kg heavy", wording.said) in {"is 5 kg heavy", "5 kg heavy"}


def test_no_tolerance_takes_no_spelling():
    for tolerance, verdict in ((0.0, "mismatch"), (0.2, "complete")):
        wording = TranscriptVerifier("Katherine called", tolerance=tolerance)
        wording.add("Catherine called")
        wording.finish()
        assert wording.verdict == verdict


@st.composite
def pieces(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A text with a fair or corrupted transcript, cut anywhere."""
    answer = draw(st.sampled_from(ANSWERS))
    chance = draw(st.randoms(use_true_random=False))
    spoken = draw(
        st.sampled_from([*answer.renderings(), *(wrong for _, wrong in corruptions(answer, chance))])
    )
    cuts = sorted(draw(st.sets(st.integers(0, len(spoken)), max_size=30)))
    return answer.text, [spoken[a:b] for a, b in zip([0, *cuts], [*cuts, len(spoken)], strict=True)]


@settings(max_examples=150, deadline=None)
@given(pieces())
def test_however_it_is_cut_the_end_is_the_same(cut: tuple[str, list[str]]):
    text, parts = cut
    streamed = TranscriptVerifier(text)
    for part in parts:
        streamed.add(part)
    streamed.finish()
    whole = compared(text, "".join(parts), "")
    assert (streamed.verdict, streamed.said, streamed.heard) == (whole.verdict, whole.said, whole.heard)


@settings(max_examples=150, deadline=None)
@given(pieces())
def test_drift_is_for_good_and_cuts_only_move_on_to_spaces(cut: tuple[str, list[str]]):
    text, parts = cut
    wording, said, heard, mismatched = TranscriptVerifier(text), 0, 0, False
    for part in parts:
        wording.add(part)
        assert wording.said >= said
        assert wording.heard >= heard
        said, heard = wording.said, wording.heard
        assert said in {0, len(text)} or text[said].isspace()
        assert not mismatched or wording.verdict == "mismatch"
        mismatched = wording.verdict == "mismatch"
    wording.finish()
    assert wording.verdict in ({"mismatch"} if mismatched else {"mismatch", "complete"})


@settings(max_examples=150, deadline=None)
@given(pieces())
def test_what_is_left_and_what_was_heard_make_the_text(cut: tuple[str, list[str]]):
    text, parts = cut
    wording = compared(text, "".join(parts), "")
    heard = "".join(parts)[: wording.heard]
    if wording.said:
        assert compared(text[: wording.said], heard, "").verdict == "complete"


SCRAPS = st.text(
    alphabet=st.one_of(st.characters(), st.sampled_from("0123456789.,:;-/'°%$€@ ½²aceginopstx")), max_size=60
)


@settings(max_examples=300, deadline=None)
@given(SCRAPS, SCRAPS, st.sampled_from(["", "en", "de", "pl", "xx", "zh-Hant"]))
@example("1:99 99:00 0:0 00:00:99", "1/0 0/0 12/31/99", "en")
@example("-1-2-3-4 $-,5 €.5 1.2.", "٣٫٥ ½½ ²", "en")
def test_whatever_is_said_there_is_a_verdict(text: str, spoken: str, language: str):
    wording = TranscriptVerifier(text, language=language)
    for place in range(0, len(spoken), 7):
        wording.add(spoken[place : place + 7])
        assert wording.verdict in {"agrees", "undecided", "mismatch"}
    wording.finish()
    assert wording.verdict in {"complete", "mismatch"}


@settings(max_examples=300, deadline=None)
@given(SCRAPS, st.sampled_from(["", "de", "pl"]))
def test_every_text_is_itself(text: str, language: str):
    assert compared(text, text, language).verdict == "complete"


@pytest.mark.parametrize(
    "unit", ["St. ", "dot.", "5 ", "1-", "a", "9", "~ ", "$", "twenty ", "½"], ids=lambda unit: unit.strip()
)
def test_text_made_to_be_slow_takes_time_with_its_length_only(unit: str):
    def compare(length: int) -> None:
        wording = TranscriptVerifier(unit * (length // len(unit)))
        for _ in range(length // len(unit)):
            wording.add(unit)
        wording.finish()

    compare(50)
    short = max(cpu_seconds(lambda: compare(200)) for _ in range(3))
    assert cpu_seconds(lambda: compare(800), times=3) < 10 * short
