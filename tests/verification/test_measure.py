from tests.verification.answers import HANDWRITTEN, answers
from tests.verification.measure import measured


def test_the_corpus_is_large() -> None:
    assert len(answers()) >= 1200
    assert len(HANDWRITTEN) >= 150


def test_fair_transcripts_agree_but_for_one_in_a_thousand_while_wrong_ones_are_caught() -> None:
    result = measured(answers(seed=6, copies=2))
    assert result.fair > 1500
    assert result.alarm_rate < 0.001, result.alarms[:5]
    assert result.miss_rate < 0.0005, result.misses[:5]
