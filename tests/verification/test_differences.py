from hypothesis import given, settings
from hypothesis import strategies as st

from tests.verification.answers import answers
from wyoming_azure_realtime.verification.differences import Comparison, Substitution, compare
from wyoming_azure_realtime.verification.verifier import TranscriptVerifier

ANSWERS = answers(copies=1)


def test_differences_have_kinds() -> None:
    cases = [
        ("en", "Turn off the lights", "Sure! Turn off the lights. Anything else?", ["added", "added"]),
        ("en", "Turn off the lights", "Turn off the", ["missing"]),
        ("en", "The light isn't on", "The light is on", ["negation"]),
        ("de", "Die Lampe ist nicht an", "Die Lampe ist an", ["negation"]),
        ("de", "Es sind -3 °C draußen", "Es sind drei Grad Celsius draußen", ["sign"]),
        ("de", "Es sind 21 Grad", "Es sind zweiundzwanzig Grad", ["number"]),
        ("de", "Es sind zwei Fenster offen", "Es sind 3 Fenster offen", ["number"]),
        ("de", "Sie liefert 3450 W.", "Sie liefert 3450 Kilowatt.", ["number"]),
        ("de", "Das Licht im Schlafzimmer ist aus", "Das Licht im Badezimmer ist aus", ["name"]),
        ("de", "Es läuft Radio Deejay im Bad", "Es läuft Radio DJ im Bad", ["word"]),
        ("ru", "Играет песня на колонке JBL тут", "Играет песня на колонке джей-би-эль тут", []),
        ("en", "It's 20 °C in the kitchen", "It's twenty degrees Celsius in the kitchen", []),
        ("en", "20 °C outside", "Sure, twenty degrees Celsius outside", ["added"]),
    ]
    failing = []
    for language, text, transcript, kinds in cases:
        found = [one.kind for one in compare(text, transcript, (language,)).differences]
        if found != kinds:
            failing.append((text, transcript, found))
    assert not failing


def test_only_a_way_of_saying_a_word_is_negotiable_and_accepted_then() -> None:
    text, spoken = "Es läuft Radio Deejay im Bad.", "Es läuft Radio DJ im Bad."
    found = compare(text, spoken, ("de",))
    assert found.negotiable
    assert found.substitutions() == {Substitution("deejay", "dj")}
    verifier = TranscriptVerifier(text, languages=("de",), accepted=found.substitutions())
    verifier.add(spoken)
    verifier.finish()
    assert verifier.verdict == "complete"


def test_what_says_something_else_is_not_negotiable() -> None:
    transcripts = (
        "Es läuft Radio DJ.",
        "Es läuft kein Radio DJ im Bad",
        "Deejay",
        "",
        "Sicher! Es läuft Radio Deejay im Bad.",
    )
    text = "Es läuft Radio Deejay im Bad."
    assert not [one for one in transcripts if compare(text, one, ("de",)).negotiable]


def test_the_places_and_shares_tell_head_from_tail() -> None:
    found = compare("Turn off the lights", "Sure! Turn off the lights. Thanks!", ("en",))
    assert [(one.place, one.text, one.spoken) for one in found.differences] == [
        ("head", "", "Sure"),
        ("tail", "", "Thanks"),
    ]
    assert found.matched == 1
    assert 0 < found.start < found.end < 1


def test_nothing_in_common_is_no_part_of_the_text() -> None:
    found = compare("Turn off the lights", "Guten Morgen", ("en",))
    assert (found.matched, found.start) == (0, 0)
    assert not found.negotiable


SCRAPS = st.text(alphabet=st.one_of(st.characters(), st.sampled_from("0123456789.,:-/°% abc")), max_size=40)


@settings(max_examples=100, deadline=None)
@given(st.one_of(SCRAPS, st.sampled_from([answer.text for answer in ANSWERS])), SCRAPS, st.booleans())
def test_a_comparison_agrees_with_the_verifier(text: str, transcript: str, whole: bool) -> None:
    spoken = f"{text} {transcript}" if whole else transcript
    found: Comparison = compare(text, spoken)
    verifier = TranscriptVerifier(text)
    verifier.add(spoken)
    verifier.finish()
    if verifier.verdict == "complete":
        assert found == Comparison((), 1.0, 0.0, 1.0)
    assert 0 <= found.matched <= 1
    assert 0 <= found.start <= 1
    assert 0 <= found.end <= 1
