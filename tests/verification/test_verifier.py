# ruff: noqa: RUF001 (characters as they are spoken and written)

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.cpu import cpu_seconds, takes_less
from tests.verification.answers import answers, corruptions
from wyoming_azure_realtime.verification.verifier import TranscriptVerifier

ANSWERS = answers(copies=2)


def compared(text: str, spoken: str, language: str = "en") -> TranscriptVerifier:
    verifier = TranscriptVerifier(text, languages=(language,) if language else ())
    verifier.add(spoken)
    verifier.finish()
    return verifier


def test_the_same_words_are_complete_however_they_are_written() -> None:
    cases = [
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
        ("the twenty-third of November", "23 November"),
        ("The Sun is up", "The Sunday is up"),
        ("0:00", "midnight"),
        ("~ ~ ~ 5 lights", "about 5 lights"),
        ("Done 🎉", "Done!"),
        ("...", ""),
    ]
    assert not [case for case in cases if compared(*case).verdict != "complete"]


def test_other_words_are_a_mismatch() -> None:
    cases = [
        ("Is the kitchen light on?", "The kitchen light is on."),
        ("Turn off the lights", "Turn the lights"),
        ("Turn off the lights", "Turn on the lights"),
        ("Turn off the lights", "Turn off off the lights"),
        ("Turn off the lights", "Sure! Turn off the lights"),
        ("Turn off the lights", "Turn off the lights. Anything else?"),
        ("Turn off the lights", "Turn off the"),
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
        ("the sun is up", "the Sunday is up"),
        ("0:15", "midnight"),
        ("It is 21 degrees.", "It is 21 °C."),
        ("$5.50", "fifty-five dollars"),
        ("", "Hello"),
    ]
    assert not [case for case in cases if compared(*case).verdict != "mismatch"]


def test_other_languages_have_numbers_too() -> None:
    cases = [
        ("de", "Es sind 21 °C.", "Es sind einundzwanzig Grad Celsius."),
        (
            "de-DE",
            "Um 19:30 Uhr bei 3,5 kWh.",
            "Um neunzehn Uhr dreißig bei drei Komma fünf Kilowattstunden.",
        ),
        ("de", "Am 23. November", "Am dreiundzwanzigsten November"),
        ("de", "Um 7:05 Uhr.", "Um sieben Uhr null fünf."),
        ("de", "Es sind 21 Grad.", "Es sind 21 °."),
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
    ]
    assert not [case for case in cases if compared(*case[1:], case[0]).verdict != "complete"]


def test_other_languages_mismatch_too() -> None:
    cases = [
        ("de", "Es sind 21 °C.", "Es sind zwölf Grad Celsius."),
        ("de", "Das Licht ist nicht an", "Das Licht ist an"),
        ("de", "Es sind 21 Grad.", "Es sind 21 °C."),
        ("fr", "Il fait 21 °C", "Il fait vingt degrés Celsius"),
        ("pl", "Jest 21 °C.", "Jest dwadzieścia dwa stopni Celsjusza"),
        ("ja", "今日は21度です。", "今日は二十二度です"),
        ("de", "Ist das Licht an?", "Is the light on?"),
    ]
    assert not [case for case in cases if compared(*case[1:], case[0]).verdict != "mismatch"]


def test_a_language_nobody_knows_is_unsure_about_its_numbers() -> None:
    assert compared("abc 21 def", "abc whatever you call def", "xx").verdict == "unsure"
    assert compared("abc 21 def", "abc 21 def", "xx").verdict == "complete"
    assert compared("abc 21 def", "abc 22 def", "xx").verdict == "mismatch"


def test_the_verdict_follows_the_words() -> None:
    verifier = TranscriptVerifier("The lamp is 21 °C warm.")
    seen = []
    for spoken in ("The", " lam", "p is", " twenty", "-one", " degrees", " Celsius wa", "rm."):
        verifier.add(spoken)
        seen.append(verifier.verdict)
    assert seen == ["agrees"] * 8
    verifier.finish()
    assert verifier.verdict == "complete"


def test_half_a_figure_is_undecided() -> None:
    verifier = TranscriptVerifier("It takes 15 minutes.")
    seen = []
    for spoken in ("It takes 1", "5", " min"):
        verifier.add(spoken)
        seen.append(verifier.verdict)
    assert seen == ["undecided", "undecided", "agrees"]


def test_the_beginning_of_a_word_with_a_space_behind_is_undecided() -> None:
    verifier = TranscriptVerifier("The doorbell rang")
    seen = []
    for spoken in ("The door ", "bell rang"):
        verifier.add(spoken)
        seen.append(verifier.verdict)
    assert seen == ["undecided", "agrees"]


def test_a_wrong_word_is_a_mismatch_as_soon_as_it_ends() -> None:
    verifier = TranscriptVerifier("Turn off the lights")
    seen = []
    for spoken in ("Turn on", " ", "the"):
        verifier.add(spoken)
        seen.append(verifier.verdict)
    assert seen[0] in {"agrees", "undecided"}
    assert seen[-1] == "mismatch"


@pytest.mark.parametrize("later", ["Anything else?", "the lights"])
def test_after_the_end_nothing_changes_the_verdict(later: str) -> None:
    for spoken, verdict in (("Turn off the lights", "complete"), ("Turn off", "mismatch")):
        verifier = compared("Turn off the lights", spoken)
        verifier.add(later)
        verifier.finish()
        assert verifier.verdict == verdict


def test_no_tolerance_takes_no_spelling() -> None:
    for tolerance, verdict in ((0.0, "mismatch"), (0.2, "complete")):
        verifier = TranscriptVerifier("Katherine called", tolerance=tolerance)
        verifier.add("Catherine called")
        verifier.finish()
        assert verifier.verdict == verdict


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
def test_however_it_is_cut_the_end_is_the_same(cut: tuple[str, list[str]]) -> None:
    text, parts = cut
    streamed = TranscriptVerifier(text)
    for part in parts:
        streamed.add(part)
    streamed.finish()
    whole = compared(text, "".join(parts), "")
    assert streamed.verdict == whole.verdict


@settings(max_examples=150, deadline=None)
@given(pieces())
def test_a_mismatch_is_final(cut: tuple[str, list[str]]) -> None:
    text, parts = cut
    verifier, mismatched = TranscriptVerifier(text), False
    for part in parts:
        verifier.add(part)
        assert not mismatched or verifier.verdict == "mismatch"
        mismatched = verifier.verdict == "mismatch"
    verifier.finish()
    assert verifier.verdict in ({"mismatch"} if mismatched else {"mismatch", "unsure", "complete"})


SCRAPS = st.text(
    alphabet=st.one_of(st.characters(), st.sampled_from("0123456789.,:;-/'°%$€@ ½²aceginopstx")), max_size=60
)


@settings(max_examples=300, deadline=None)
@given(SCRAPS, SCRAPS, st.sampled_from(["", "en", "de", "pl", "xx", "zh-Hant"]))
@example("1:99 99:00 0:0 00:00:99", "1/0 0/0 12/31/99", "en")
@example("-1-2-3-4 $-,5 €.5 1.2.", "٣٫٥ ½½ ²", "en")
@example("4'9.5", "1'2,5", "en")
def test_whatever_is_said_there_is_a_verdict(text: str, spoken: str, language: str) -> None:
    verifier = TranscriptVerifier(text, languages=(language,) if language else ())
    for place in range(0, len(spoken), 7):
        verifier.add(spoken[place : place + 7])
        assert verifier.verdict in {"agrees", "undecided", "unsure", "mismatch"}
    verifier.finish()
    assert verifier.verdict in {"complete", "unsure", "mismatch"}


@settings(max_examples=300, deadline=None)
@given(SCRAPS, st.sampled_from(["", "de", "pl"]))
def test_every_text_is_itself(text: str, language: str) -> None:
    assert compared(text, text, language).verdict == "complete"


@pytest.mark.parametrize(
    "unit", ["St. ", "dot.", "5 ", "1-", "a", "9", "~ ", "$", "twenty ", "½"], ids=lambda unit: unit.strip()
)
def test_text_made_to_be_slow_takes_time_with_its_length_only(unit: str) -> None:
    def compare(length: int) -> None:
        verifier = TranscriptVerifier(unit * (length // len(unit)))
        for _ in range(length // len(unit)):
            verifier.add(unit)
        verifier.finish()

    compare(50)
    # three times the length: three times the time, or nine if that grows with the square
    short = max(cpu_seconds(lambda: compare(400)) for _ in range(2))
    assert takes_less(lambda: compare(1200), 6 * short, times=2)


def test_a_transcript_in_full_takes_the_place_of_its_pieces() -> None:
    verifier = TranscriptVerifier("Über 20 °C in der Küche.", languages=("de",))
    verifier.add("Unter 20 Grad in")
    seen = [verifier.verdict]
    for full in ("Über zwanzig Grad Celsius in der Küche.", "Unter zwanzig Grad Celsius in der Küche."):
        verifier.replace(full)
        verifier.finish()
        seen.append(verifier.verdict)
    assert seen == ["mismatch", "complete", "mismatch"]


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Die Küche ist 20 °C warm.", "Die K\ufffdche ist 20 \ufffdC warm."),
        ("Die Küche ist 20 °C warm.", "Die K\ufffd\ufffdche ist zwanzig Grad Cel\ufffdius warm."),
        ("Fertig 🎉!", "Fertig \ufffd\ufffd!"),
        ("Turn off the lights", "<|audio_text|>Turn off<|pause|> the lights<|end|>"),
        ("Turn off the lights", "[BLANK_AUDIO] Turn off the lights"),
        ("Turn off the lights", "\u200eTurn\u200b off\x00 the lights\ufeff"),
        ("ＴＶ １２ ％", "TV 12%"),
    ],
)
def test_what_services_send_beside_words_does_no_harm(text: str, spoken: str) -> None:
    for size in (1, 3, 100):
        verifier = TranscriptVerifier(text, languages=("de", "en"))
        for start in range(0, len(spoken), size):
            verifier.add(spoken[start : start + size])
            assert verifier.verdict != "mismatch"
        verifier.finish()
        assert verifier.verdict == "complete"


def test_a_letter_that_is_missing_is_no_figure_and_no_word() -> None:
    for spoken in ("Es sind \ufffd Grad", "Es \ufffd 21 Grad"):
        assert compared("Es sind nicht 21 Grad", spoken, "de").verdict == "mismatch"


def test_a_word_that_nobody_knows_for_a_sign_is_unsure() -> None:
    verifier = TranscriptVerifier("Die CO2-Ampel der BVG ist da", languages=("de",))
    verifier.add("Die CO2-Ampel der Befauge ")
    assert verifier.verdict == "unsure"
    verifier.add("ist da ")
    verifier.finish()
    assert verifier.verdict == "unsure"


@pytest.mark.parametrize("spoken", ["nicht", "zwölf", "12", "Euro"])
def test_what_is_understood_stands_for_nothing_unknown(spoken: str) -> None:
    assert compared("Die Ampel der BVG ist da", f"Die Ampel der {spoken} ist da", "de").verdict == "mismatch"


@pytest.mark.parametrize(
    ("languages", "text", "spoken"),
    [
        (("en", "de"), "Es sind 20,5 °C.", "Es sind zwanzig Komma fünf Grad Celsius."),
        (("fr", "nl", "de"), "Es sind 20,5 °C.", "Es sind zwanzig Komma fünf Grad Celsius."),
        ((), "Сейчас 20,5 °C.", "Сейчас двадцать и пять десятых градуса Цельсия."),
        ((), "室外温度-3度。", "室外温度零下三度。"),
        (("de",), "Der Wert ist 20,5.", "Der Wert ist zwanzig point fünf."),
    ],
)
def test_the_language_may_be_one_of_several(languages: tuple[str, ...], text: str, spoken: str) -> None:
    verifier = TranscriptVerifier(text, languages=languages)
    verifier.add(spoken)
    verifier.finish()
    assert verifier.verdict == "complete"
