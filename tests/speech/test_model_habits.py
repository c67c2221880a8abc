"""What is remembered of a voice's own words is bounded, and the oldest is forgotten first."""

from wyoming_azure_realtime.speech.transcript_gate import MOST_SUBSTITUTIONS, MOST_VOICES, ModelHabits
from wyoming_azure_realtime.verification.readings import Substitution


def _substitution(number: int) -> Substitution:
    return Substitution(f"text {number}", f"said {number}")


def test_a_voice_keeps_the_latest_of_its_words_in_each_language() -> None:
    habits = ModelHabits()
    for number in range(MOST_SUBSTITUTIONS + 10):
        habits.learn("model/voice", "de", [_substitution(number)])
    known = habits.accepted("model/voice", "de")
    assert known == {_substitution(number) for number in range(10, MOST_SUBSTITUTIONS + 10)}
    assert not habits.accepted("model/voice", "en")


def test_the_voice_that_learned_longest_ago_is_forgotten_first() -> None:
    habits = ModelHabits()
    for voice in range(MOST_VOICES):
        habits.learn(f"model/{voice}", "de", [_substitution(voice)])
    habits.learn("model/0", "de", [_substitution(0)])
    habits.learn("model/another", "de", [_substitution(1)])
    assert habits.accepted("model/0", "de")
    assert habits.accepted("model/another", "de")
    assert not habits.accepted("model/1", "de")


def test_nothing_agreed_upon_is_nothing_remembered() -> None:
    habits = ModelHabits()
    habits.learn("model/voice", "de", [_substitution(1)])
    for voice in range(MOST_VOICES + 1):
        habits.learn(f"model/{voice}", "de", [])
    assert habits.accepted("model/voice", "de")
