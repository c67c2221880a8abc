import itertools

import pytest

pytest.importorskip("home_assistant_intents")

from wyoming_azure_realtime.offline.sentences import draw_sentences, words

COUNT = 4_000


def drawn(names: tuple[str, ...] = (), count: int = COUNT) -> set[str]:
    return {" ".join(sentence) for sentence in draw_sentences(names, count)}


def test_the_same_home_has_the_same_sentences() -> None:
    first, again = list(draw_sentences((), 500)), list(draw_sentences((), 500))
    assert first == again
    assert first != list(draw_sentences((), 500, seed=2))


def test_common_commands_are_among_them() -> None:
    everything = drawn(count=20_000)
    assert {"what time is it", "turn on the kitchen lights", "lock the front door"} <= everything


def test_names_in_the_home_are_among_them() -> None:
    everything = drawn(("Disco Ball",))
    assert any("turn on the disco ball" in sentence for sentence in everything)


def test_sentences_consist_of_spoken_words_only() -> None:
    vocabulary = set(itertools.chain.from_iterable(draw_sentences((), COUNT)))
    assert all(word.replace("'", "").isalpha() and word == word.lower() for word in vocabulary)
    assert len(vocabulary) > 300


def test_doors_are_locked_and_lamps_are_not() -> None:
    locked = [sentence for sentence in drawn(count=20_000) if sentence.startswith("unlock ")]
    assert any("door" in sentence for sentence in locked)
    assert not any("lamp" in sentence for sentence in locked)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Turn ON the light!", "turn on the light"),
        ("set it to 21%", "set it to twenty one percent"),
        ("20.5\N{DEGREE SIGN}", "twenty point five degrees"),
        ("1/2 an hour", "half an hour"),
        ("what\N{RIGHT SINGLE QUOTATION MARK}s whats hows", "what's what's how's"),
        ("Living-Room_TV", "living room tv"),
        ("K\N{LATIN SMALL LETTER U WITH DIAERESIS}che", "k\N{LATIN SMALL LETTER U WITH DIAERESIS}che"),
        ("12345678901234567890", None),
        ("...", ""),
    ],
)
def test_text_is_split_as_it_is_said(text: str, expected: str | None) -> None:
    found = " ".join(words(text))
    assert found == expected if expected is not None else found
