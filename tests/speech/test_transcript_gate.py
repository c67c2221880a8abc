import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_azure_realtime.errors import ContentMismatch
from wyoming_azure_realtime.speech.transcript_gate import TranscriptGate, plausible_seconds
from wyoming_azure_realtime.verification.verifier import TranscriptVerifier

TEXT = "The light in the kitchen is on."
MARGIN = 4800
SECOND = bytes(48_000)


def gate(text: str = TEXT, speed: float = 1.0) -> TranscriptGate:
    return TranscriptGate(text, lambda: TranscriptVerifier(text, languages=("en",)), MARGIN / 48_000, speed)


def test_nothing_is_released_before_the_first_words_agree() -> None:
    held = gate()
    assert held.audio(SECOND) == b""
    assert len(held.text("The light in ")) == len(SECOND) - MARGIN


def test_all_but_the_newest_is_released_while_the_transcript_agrees() -> None:
    held = gate()
    held.text("The light in the ")
    assert len(held.audio(SECOND)) == len(SECOND) - MARGIN
    assert len(held.audio(SECOND)) == len(SECOND)


def test_everything_is_released_once_all_of_it_was_said() -> None:
    held = gate()
    held.text(TEXT)
    held.audio(SECOND)
    assert len(held.text_ended(TEXT)) == MARGIN
    assert held.audio(SECOND) == SECOND
    assert held.finish() == b""


@pytest.mark.parametrize(
    "spoken", ["Sure, I can help", "The lamp in the kitchen", "The light in kitchen is on.", "The the light"]
)
def test_other_words_are_never_released(spoken: str) -> None:
    held = gate()

    def say() -> None:
        for word in spoken.split(" "):
            assert held.text(f"{word} ") == b""
        assert held.audio(SECOND) == held.audio(SECOND) == held.text_ended("") == b""
        held.finish()

    with pytest.raises(ContentMismatch):
        say()


def test_a_mismatch_is_raised_once_then_the_rest_is_collected_and_the_end_raises_it_again() -> None:
    held = gate()
    with pytest.raises(ContentMismatch):
        held.text("Sure, here you go: ")
    assert held.mismatch
    assert held.text(TEXT) == held.audio(SECOND) == held.text_ended("") == b""
    assert held.transcript == f"Sure, here you go: {TEXT}"
    assert bytes(held.audio_bytes) == SECOND
    with pytest.raises(ContentMismatch):
        held.finish()


def test_an_end_that_is_missing_is_a_mismatch() -> None:
    held = gate()
    held.text("The light in the kitchen")
    held.audio(SECOND)
    with pytest.raises(ContentMismatch):
        held.finish()


def test_a_transcript_that_comes_only_at_the_end_is_compared_before_anything_is_released() -> None:
    for transcript, released in ((TEXT, 2 * len(SECOND)), ("It is on.", 0)):
        held = gate()
        assert held.audio(SECOND) == held.audio(SECOND) == b""
        if released:
            assert len(held.text_ended(transcript)) == released
            assert held.finish() == b""
        else:
            with pytest.raises(ContentMismatch):
                held.text_ended(transcript)


def test_the_whole_transcript_corrects_characters_that_were_cut() -> None:
    text = "Die Küche ist kühl."
    held = TranscriptGate(text, lambda: TranscriptVerifier(text, languages=("de",)), 0.0, 1.0)
    held.audio(SECOND)
    held.text("Die K\ufffd\ufffdche ist k\ufffd\ufffdhl.")
    assert not held.mismatch
    held.text_ended(text)
    held.finish()
    assert held.transcript == text


def test_without_any_transcript_sound_of_a_plausible_length_is_released_at_the_end() -> None:
    held = gate()
    assert held.audio(SECOND) == held.audio(SECOND) == b""
    assert held.finish() == 2 * SECOND


@pytest.mark.parametrize("transcript", ["", TEXT])
def test_sound_that_is_much_too_short_is_a_mismatch(transcript: str) -> None:
    held = gate(TEXT * 3)
    held.text(transcript * 3)
    held.audio(bytes(3000))
    with pytest.raises(ContentMismatch, match="shorter"):
        held.finish()


@pytest.mark.parametrize("transcript", ["", "The light in "])
def test_what_is_held_has_a_bound(transcript: str) -> None:
    held = gate()
    held.text(transcript)
    with pytest.raises(ContentMismatch, match="longer"):
        held.audio(60 * SECOND)


def test_a_slow_voice_may_take_longer() -> None:
    slow, usual = plausible_seconds(TEXT, 0.5), plausible_seconds(TEXT, 1.0)
    assert slow[0] == 2 * usual[0]
    assert slow[1] > usual[1]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Okay.", 0.4),
        ("21.5 °C", 2.5),
        ("现在是下午三点三十分。", 2.2),
        ("Die Temperatur beträgt 20,5 °C.", 2.8),
    ],
)
def test_usual_speech_is_plausible(text: str, seconds: float) -> None:
    least, most = plausible_seconds(text, 1.0)
    assert least < seconds < most


@given(st.lists(st.integers(1, 9_000), max_size=30), st.integers(1, 9))
def test_every_byte_is_released_once_and_in_order(sizes: list[int], step: int) -> None:
    held, sent, heard = gate(), SECOND, b""
    words = [TEXT[at : at + step] for at in range(0, len(TEXT), step)]
    heard += held.audio(SECOND)
    for number, size in enumerate(sizes):
        pcm = bytes([number]) * (2 * size)
        sent += pcm
        if words:
            heard += held.text(words.pop(0))
        heard += held.audio(pcm)
    for word in words:
        heard += held.text(word)
    assert heard + held.finish() == sent
