import base64
import contextlib
import re
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.service import running_service
from tests.support.spoken_words import speaking
from wyoming_azure_realtime.audio.pcm import REALTIME
from wyoming_azure_realtime.errors import (
    InvalidRequest,
    SpeechServiceError,
    TextTooLong,
    UnsupportedAudio,
)
from wyoming_azure_realtime.speech import whole
from wyoming_azure_realtime.speech.requests import RecognitionRequest, SynthesisRequest

SPEAK = SynthesisRequest("test")
HEAR = RecognitionRequest("test")


PCM = st.binary(max_size=2000).map(lambda data: b"\0\0" + data)  # so that it is no file of another kind


@given(PCM)
def test_base64_gives_back_what_was_encoded(pcm: bytes) -> None:
    assert whole.pcm_from_base64(base64.b64encode(pcm).decode()) == pcm


@given(PCM, st.lists(st.tuples(st.integers(0, 2700), st.sampled_from(["\n", "\r\n", " ", "\t"])), max_size=9))
def test_base64_may_have_line_breaks_and_blanks_anywhere(pcm: bytes, breaks: list[tuple[int, str]]) -> None:
    text = base64.b64encode(pcm).decode()
    for at, blank in breaks:
        text = f"{text[:at]}{blank}{text[at:]}"
    assert whole.pcm_from_base64(text) == pcm
    assert whole.pcm_from_base64(base64.encodebytes(pcm).decode()) == pcm


@given(st.text(max_size=60) | st.text("ABab01+/=-_ \n", max_size=60))
def test_but_for_that_base64_is_read_as_strictly_as_by_the_standard_library(text: str) -> None:
    unbroken = re.sub("[ \t\r\n]", "", text)
    try:
        assert whole.pcm_from_base64(text) == base64.b64decode(unbroken, validate=True)
    except InvalidRequest:
        with contextlib.suppress(ValueError):
            assert base64.b64encode(base64.b64decode(unbroken)).decode() != unbroken


@pytest.mark.parametrize(
    ("data", "error", "reason"),
    [
        (b"RIFF\0\0\0\0WAVEfmt ", InvalidRequest, "WAV"),
        (b"OggS\0\x02" + bytes(60), UnsupportedAudio, "Ogg.* -ar 16000 -f s16le"),
    ],
)
async def test_a_file_is_no_pcm(data: bytes, error: type[SpeechServiceError], reason: str) -> None:
    with pytest.raises(error, match=reason):
        whole.pcm_from_base64(base64.b64encode(data).decode(), 16_000)
    for size in (1, 5, 100):
        with pytest.raises(error, match=reason):
            async for _ in whole.raw_pcm(_cut(data, size), 16_000):
                pass


async def _cut(data: bytes, size: int) -> AsyncIterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


async def test_pcm_passes_while_it_arrives() -> None:
    pcm = speaking(1, REALTIME)
    assert [piece async for piece in whole.raw_pcm(_cut(pcm, 1000), 24_000)] == [
        piece async for piece in _cut(pcm, 1000)
    ]


async def test_blocks_are_the_audio_in_pieces() -> None:
    pcm = speaking(10, REALTIME)
    pieces = [piece async for piece in whole.blocks(pcm)]
    assert len(pieces) > 1
    assert b"".join(pieces) == pcm


@pytest.mark.parametrize("pcm", [b"", b"\0", bytes(4801)])
async def test_no_audio_and_half_a_sample_are_refused(pcm: bytes) -> None:
    async with running_service() as running:
        with pytest.raises(InvalidRequest):
            await whole.recognize_audio(running.service, HEAR, whole.blocks(pcm))


@pytest.mark.parametrize("text", ["", " \n\t", "\ud800", "half \udfff a pair"])
async def test_text_that_is_none_is_refused(text: str) -> None:
    async with running_service() as running:
        with pytest.raises(InvalidRequest):
            await whole.collect_audio(whole.synthesize_text(running.service, SPEAK, text))


async def test_closing_early_cancels_the_speech() -> None:
    async with running_service() as running:
        async with aclosing(whole.synthesize_text(running.service, SPEAK, "hello " * 500)) as audio:
            async for chunk in audio:
                assert chunk
                break
        assert running.turns[0].outcome == "cancelled"


async def test_speech_held_whole_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole, "MAX_WHOLE_BYTES", 10_000)
    async with running_service() as running:
        async with aclosing(whole.synthesize_text(running.service, SPEAK, "hello " * 5)) as audio:
            with pytest.raises(TextTooLong):
                await whole.collect_audio(audio)
        assert running.turns[0].outcome == "cancelled"
