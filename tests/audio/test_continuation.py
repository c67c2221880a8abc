from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.audio.continuation_quality import (
    audible_ms,
    confidence,
    error_ms,
    go_on,
    louder,
    noisy,
    place_ms,
    restless,
    signal,
    step_ratio,
    unchanged,
    wronged,
)
from tests.support.timed_speech import Rendition, counterpart, rendition
from wyoming_azure_realtime.audio.continuation import LEAST_CONFIDENCE, Continuation
from wyoming_azure_realtime.audio.pcm import REALTIME, duration_ms, silence
from wyoming_azure_realtime.errors import OutOfOrder

TEXT = "The front door is locked, the back door is open, and the garage door is closed. Good night."
OTHER_TEXT = "To make the sauce, melt the butter in a pan over medium heat, add the flour, and stir."
SECOND = REALTIME.bytes_per_second


def whole(heard: bytes, fresh: bytes, piece: int = SECOND // 5) -> bytes:
    continuation = Continuation(heard)
    out = b"".join(continuation.feed(fresh[at : at + piece]) for at in range(0, len(fresh), piece))
    return out + continuation.finish()


def place_of(heard: bytes, fresh: bytes) -> float:
    return place_ms(fresh, whole(heard, fresh))


def plain() -> Rendition:
    return rendition(TEXT)


@pytest.mark.parametrize("cut", [400, 1100, 1730, 2500, 3333, 4600])
def test_an_identical_rendition_goes_on_within_five_ms(cut: float) -> None:
    speech = plain()
    rest = whole(speech.until(cut), speech.pcm)
    assert abs(error_ms(speech, (cut, cut), place_ms(speech.pcm, rest))) <= 5
    assert confidence(speech.until(cut), speech.pcm) > 0.7
    assert speech.pcm.endswith(rest[SECOND // 100 :])


RENDITIONS = {
    "slower": lambda: rendition(TEXT, speed=0.85),
    "faster": lambda: rendition(TEXT, speed=1.15),
    "higher": lambda: rendition(TEXT, pitch=70),
    "restless": lambda: rendition(restless(TEXT, 3)),
    "restless too": lambda: rendition(restless(TEXT, 4)),
}


@pytest.mark.parametrize("cut", [230, 900, 1900, 2800, 3900, 4700])
@pytest.mark.parametrize("kind", RENDITIONS)
def test_another_rendition_goes_on_at_the_same_sound(kind: str, cut: float) -> None:
    heard, fresh = plain(), RENDITIONS[kind]()
    truth = counterpart(heard, fresh, cut)
    place = place_of(heard.until(cut), fresh.pcm)
    assert abs(error_ms(fresh, truth, place)) < 60
    assert not wronged(fresh, truth, place)


@pytest.mark.parametrize(
    "change",
    [lambda pcm: louder(pcm, -6), lambda pcm: louder(pcm, 4), lambda pcm: noisy(pcm, 10), unchanged],
    ids=["quieter", "louder", "noisy", "unchanged"],
)
@pytest.mark.parametrize("lead", [0, 300, 2500])
def test_level_noise_and_silence_before_the_first_word_do_not_matter(
    change: Callable[[bytes], bytes], lead: int
) -> None:
    heard, fresh, cut = plain(), rendition(restless(TEXT, 5)), 2950.0
    place = place_of(heard.until(cut), silence(lead) + change(fresh.pcm))
    assert abs(error_ms(fresh, counterpart(heard, fresh, cut), place - lead)) < 60


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("share", [0.2, 0.9])
def test_a_pause_is_neither_doubled_nor_left_out(seed: int, share: float) -> None:
    heard, fresh = plain(), rendition(restless(TEXT, seed))
    pause = max(heard.pauses(), key=lambda pause: pause.end - pause.start)
    cut = pause.start + share * (pause.end - pause.start)
    start, end = counterpart(heard, fresh, cut)
    place = place_of(heard.until(cut), fresh.pcm)
    assert abs(error_ms(fresh, (start, end), place)) < 30
    had, still = cut - pause.start, end - place
    assert had + still == pytest.approx(max(had, end - start), abs=50)


def test_pauses_of_seconds_do_not_matter() -> None:
    heard = plain()
    text = TEXT.replace(",", ', <break time="2500ms"/>')
    fresh = rendition(f"<speak>{text}</speak>")
    assert fresh.ms > heard.ms + 4000
    for cut in (3000, 4500):
        place = place_of(heard.until(cut), fresh.pcm)
        assert abs(error_ms(fresh, counterpart(heard, fresh, cut), place)) < 60


def test_the_seam_does_not_click() -> None:
    heard, fresh = plain(), louder(rendition(restless(TEXT, 6)).pcm, 4)
    cuts = [heard.until(cut) for cut in range(300, 4900, 150)]
    assert max(step_ratio(cut, whole(cut, fresh)) for cut in cuts) < 1.2


@pytest.mark.parametrize("cut", [900, 3000])
def test_the_place_is_decided_soon_after_it_has_arrived(cut: float) -> None:
    fresh = rendition(TEXT, speed=0.9).pcm
    rest, decided, _ = go_on(plain().until(cut), fresh)
    assert decided - place_ms(fresh, rest) < 350


def test_what_follows_the_seam_is_passed_on_as_it_is() -> None:
    fresh = rendition(TEXT, speed=0.9).pcm
    rest = whole(plain().until(2000), fresh)
    assert fresh.endswith(rest[SECOND * 4 // 1000 :])


def test_nothing_is_said_again_when_all_was_heard() -> None:
    fresh = rendition(restless(TEXT, 7)).pcm
    assert audible_ms(fresh, place_of(plain().pcm, fresh), duration_ms(len(fresh))) < 30


@pytest.mark.parametrize("heard", [b"", silence(50), silence(900)])
def test_after_silence_the_whole_text_follows(heard: bytes) -> None:
    fresh = silence(200) + plain().pcm
    assert audible_ms(fresh, 0, place_of(heard, fresh)) == 0
    assert confidence(heard, fresh) == 1


@pytest.mark.parametrize("cut", [60, 100, 140])
def test_a_first_sound_without_a_vowel_is_found_again(cut: float) -> None:
    speech = rendition("She sells sea shells by the sea shore.")
    assert abs(place_of(speech.until(cut), speech.pcm) - cut) <= 5
    assert confidence(speech.until(cut), speech.pcm) > 0.7


def test_another_text_goes_on_in_a_pause_after_as_much_speech() -> None:
    heard, fresh = plain().until(2600), rendition(OTHER_TEXT)
    place = place_of(heard, fresh.pcm)
    assert confidence(heard, fresh.pcm) < LEAST_CONFIDENCE
    assert 1900 < place < 3300
    assert audible_ms(fresh.pcm, place - 20, place + 20) < 40


@given(st.lists(st.integers(1, SECOND), max_size=8), st.sampled_from([150, 1234, 3100]), st.integers(0, 1))
@settings(max_examples=15, deadline=None)
def test_any_way_of_cutting_gives_the_same_bytes(sizes: list[int], cut: int, odd: int) -> None:
    heard, fresh = plain().until(cut), noisy(rendition(TEXT, speed=1.1).pcm, 30) + b"\1" * odd
    all_at_once = whole(heard, fresh, len(fresh))
    continuation, rest, at = Continuation(heard), b"", 0
    for size in sizes:
        rest += continuation.feed(fresh[at : at + size])
        at += size
    rest += continuation.feed(fresh[at:]) + continuation.finish()
    assert rest == all_at_once


@pytest.mark.parametrize("piece", [240, 4800])
@pytest.mark.parametrize(
    ("heard", "fresh"),
    [
        (lambda: plain().until(600), lambda: rendition("Oh.").pcm + silence(14_000)),
        (lambda: b"\x09\0" * 72_000, lambda: silence(2060) + plain().pcm),
    ],
    ids=["a guess at the end", "silence with an offset"],
)
def test_nor_does_it_matter_where_the_place_is(
    heard: Callable[[], bytes], fresh: Callable[[], bytes], piece: int
) -> None:
    sound = fresh()
    assert whole(heard(), sound, piece) == whole(heard(), sound, len(sound))


def _samples(most: int) -> st.SearchStrategy[bytes]:
    """Return sound of any kind: random bytes, full-scale noise, tones, clipped squares, silence."""
    chance = st.integers(0, 2**32 - 1).map(np.random.default_rng)
    length = st.integers(0, most)
    return st.one_of(
        st.binary(max_size=4000),
        length.map(bytes),
        st.builds(lambda rng, n: rng.integers(-32768, 32768, n).astype("<i2").tobytes(), chance, length),
        st.builds(
            lambda n, p: (np.arange(n) // p % 2 * 65535 - 32768).astype("<i2").tobytes(),
            length,
            length.map(lambda p: p // 50 + 1),
        ),
        st.builds(lambda at, n: plain().pcm[at : at + n], st.integers(0, 4 * SECOND), length),
    )


@given(_samples(40_000), st.lists(_samples(60_000), max_size=4))
@settings(max_examples=60, deadline=None)
def test_any_sound_gives_an_end_of_what_was_fed(heard: bytes, pieces: list[bytes]) -> None:
    continuation = Continuation(heard)
    rest = b"".join(continuation.feed(piece) for piece in pieces) + continuation.finish()
    fed = b"".join(pieces)
    fed = fed[: len(fed) // 2 * 2]
    assert len(rest) <= len(fed)
    assert fed.endswith(rest[SECOND * 4 // 1000 :])
    assert 0 <= confidence(heard[: len(heard) // 2 * 2], fed) <= 1


SOUNDS_WITHOUT_END = {
    "silence": lambda: silence(1000),
    "speech": lambda: plain().pcm[:SECOND],
    "noise": lambda: noisy(plain().pcm[:SECOND], 0),
}


@pytest.mark.parametrize("kind", SOUNDS_WITHOUT_END)
def test_a_rendition_without_end_takes_bounded_memory(kind: str) -> None:
    continuation, sound = Continuation(plain().pcm), SOUNDS_WITHOUT_END[kind]()
    for _ in range(60):
        if continuation.feed(sound):
            break
        assert len(continuation._kept) < 20 * SECOND


def test_nothing_follows_the_end() -> None:
    continuation = Continuation(plain().until(500))
    assert continuation.finish() == b""
    with pytest.raises(OutOfOrder):
        continuation.feed(b"")
    with pytest.raises(OutOfOrder):
        continuation.finish()


def test_speech_of_a_minute_goes_on_as_well() -> None:
    heard_text, fresh_text = plain(), rendition(TEXT, speed=1.1)
    times, cut = 10, 3000.0
    heard = (heard_text.pcm + silence(300)) * times + heard_text.until(cut)
    fresh = (fresh_text.pcm + silence(400)) * (times + 2)
    place = place_of(heard, fresh)
    within = place - times * (fresh_text.ms + 400)
    assert abs(error_ms(fresh_text, counterpart(heard_text, fresh_text, cut), within)) < 60


def test_its_measurements_see_a_word_lost_and_a_word_doubled() -> None:
    speech = plain()
    start, end = speech.words()[2]
    assert wronged(speech, (start, start), end) == "lost"
    assert wronged(speech, (end, end), start) == "doubled"
    assert error_ms(speech, (start, start), end) > 0.8 * (end - start)
    assert step_ratio(speech.until(1000), louder(speech.pcm, -90)) < step_ratio(
        b"\0\0" * 500, b"\0\x40" * 500
    )
    assert signal(b"\1\0\xff\xff").tolist() == [1, -1]
