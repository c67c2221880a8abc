import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_azure_realtime.errors import ContentMismatch
from wyoming_azure_realtime.speech.segment_synthesis import (
    MOST_HELD,
    WITHOUT_TRANSCRIPT,
    TranscriptGate,
)
from wyoming_azure_realtime.verification.verifier import TranscriptVerifier

TEXT = "The light in the kitchen is on."
MARGIN = 4800
SECOND = bytes(48_000)


def hold(text: str = TEXT) -> TranscriptGate:
    return TranscriptGate(TranscriptVerifier(text), MARGIN / 48_000)


def test_nothing_is_heard_before_the_first_words_agree():
    held = hold()
    assert held.audio(SECOND) == b""
    assert len(held.text("The light in ")) == len(SECOND) - MARGIN


def test_all_but_the_newest_is_heard_while_the_transcript_agrees():
    held = hold()
    held.text("The light in the ")
    assert len(held.audio(SECOND)) == len(SECOND) - MARGIN
    assert len(held.audio(SECOND)) == len(SECOND)


def test_everything_is_heard_once_all_of_it_was_said():
    held = hold()
    held.text(TEXT)
    held.audio(SECOND)
    assert len(held.text_ended()) == MARGIN
    assert held.audio(SECOND) == SECOND
    assert held.finish() == b""


@pytest.mark.parametrize(
    "spoken", ["Sure, I can help", "The lamp in the kitchen", "The light in kitchen is on.", "The the light"]
)
def test_other_words_are_never_heard(spoken: str):
    held = hold()

    def say() -> None:
        for word in spoken.split(" "):
            assert held.text(f"{word} ") == b""
        held.text_ended()

    with pytest.raises(ContentMismatch):
        say()


def test_an_end_that_is_missing_is_a_drift():
    held = hold()
    held.text("The light in the kitchen")
    held.audio(SECOND)
    with pytest.raises(ContentMismatch):
        held.finish()


def test_a_service_that_gives_no_transcript_is_heard_late_but_heard():
    held = hold()
    assert held.audio(bytes(WITHOUT_TRANSCRIPT)) == b""
    assert len(held.audio(SECOND)) == len(SECOND)
    assert len(held.finish()) == WITHOUT_TRANSCRIPT


def test_what_is_held_has_a_bound():
    held = hold("It is 21 degrees.")
    held.text("It is 2")
    with pytest.raises(ContentMismatch):
        held.audio(bytes(MOST_HELD + 2))


@given(st.lists(st.integers(1, 30_000), max_size=30), st.integers(1, 9))
def test_every_byte_is_heard_once_and_in_order(sizes: list[int], step: int):
    held, sent, heard = hold(), b"", b""
    words = [TEXT[at : at + step] for at in range(0, len(TEXT), step)]
    for number, size in enumerate(sizes):
        pcm = bytes([number]) * (2 * size)
        sent += pcm
        if words:
            heard += held.text(words.pop(0))
        heard += held.audio(pcm)
    for word in words:
        heard += held.text(word)
    assert heard + held.finish() == sent
