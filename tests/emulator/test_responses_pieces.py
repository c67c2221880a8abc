"""How speech is cut, and partial text told."""

from collections.abc import AsyncGenerator

from hypothesis import given
from hypothesis import strategies as st

from wyoming_azure_realtime.emulator.response_output import TextAhead, irregular
from wyoming_azure_realtime.emulator.transcription import StableText
from wyoming_azure_realtime.emulator.wire import words


async def pieces_of(audio: list[bytes], closed: list[bool]) -> AsyncGenerator[bytes, None]:
    try:
        for piece in audio:
            yield piece
    finally:
        closed.append(True)


@given(st.lists(st.binary(max_size=9000), max_size=6))
async def test_cutting_loses_nothing(audio: list[bytes]) -> None:
    deltas = [delta async for delta in irregular(pieces_of(audio, []))]
    assert b"".join(deltas) == b"".join(audio)
    assert all(deltas)


async def test_leaving_early_stops_the_engine() -> None:
    closed: list[bool] = []
    speech = irregular(pieces_of([bytes(50_000)] * 9, closed))
    await anext(speech)
    await speech.aclose()
    assert closed == [True]


@given(st.text())
def test_words_joined_are_the_text(text: str) -> None:
    assert "".join(words(text)) == text


@given(st.text(), st.integers(0, 5))
def test_text_is_told_once_in_order(text: str, count: int) -> None:
    ahead = TextAhead(text)
    assert "".join(ahead.take(count)) + "".join(ahead.take(10_000)) == text


def test_partial_text_is_told_when_no_later_one_can_take_it_back() -> None:
    stable = StableText()
    assert stable.advance("turn") == ""
    assert stable.advance("turn on") == "turn"
    assert stable.advance("burn on the") == ""
    assert stable.advance("turn on the kitchen") == " on the"
    assert stable.finish("turn on the kitchen lights") == " kitchen lights"


def test_a_final_text_that_says_otherwise_is_left_to_the_completed_event() -> None:
    stable = StableText()
    stable.advance("burn on the")
    assert stable.finish("turn on") == ""


@given(st.lists(st.text()))
def test_deltas_joined_begin_the_last_text_that_agreed(partials: list[str]) -> None:
    stable = StableText()
    sent = "".join(stable.advance(partial) for partial in partials)
    assert sent == stable.sent
