import base64
import contextlib
from contextlib import aclosing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.http_door import noise
from tests.support.service import running_service
from wyoming_azure_realtime.errors import InvalidRequest, TextTooLong
from wyoming_azure_realtime.speech import whole
from wyoming_azure_realtime.speech.requests import RecognitionRequest, SynthesisRequest

SPEAK = SynthesisRequest("test")
HEAR = RecognitionRequest("test")


@given(st.binary(max_size=2000).filter(lambda data: not data.startswith(b"RIFF")))
def test_base64_gives_back_what_was_encoded(pcm):
    assert whole.pcm_from_base64(base64.b64encode(pcm).decode()) == pcm


@given(st.text(max_size=60) | st.text("ABab01+/=-_ \n", max_size=60))
def test_base64_is_read_at_least_as_strictly_as_by_the_standard_library(text):
    try:
        assert whole.pcm_from_base64(text) == base64.b64decode(text, validate=True)
    except InvalidRequest:
        with contextlib.suppress(ValueError):
            assert base64.b64encode(base64.b64decode(text)).decode() != text


def test_a_wav_file_in_base64_is_no_pcm():
    with pytest.raises(InvalidRequest, match="WAV"):
        whole.pcm_from_base64(base64.b64encode(b"RIFF\0\0\0\0WAVEfmt ").decode())


async def test_blocks_are_the_audio_in_pieces():
    pcm = noise(10)
    pieces = [piece async for piece in whole.blocks(pcm)]
    assert len(pieces) > 1
    assert b"".join(pieces) == pcm


@pytest.mark.parametrize("pcm", [b"", b"\0", bytes(4801)])
async def test_no_audio_and_half_a_sample_are_refused(pcm):
    async with running_service() as running:
        with pytest.raises(InvalidRequest):
            await whole.recognize_audio(running.service, HEAR, whole.blocks(pcm))


@pytest.mark.parametrize("text", ["", " \n\t", "\ud800", "half \udfff a pair"])
async def test_text_that_is_none_is_refused(text):
    async with running_service() as running:
        with pytest.raises(InvalidRequest):
            await whole.collect_audio(whole.synthesize_text(running.service, SPEAK, text))


async def test_closing_early_cancels_the_speech():
    async with running_service() as running:
        async with aclosing(whole.synthesize_text(running.service, SPEAK, "hello " * 500)) as audio:
            async for chunk in audio:
                assert chunk
                break
        assert running.turns[0].outcome == "cancelled"


async def test_speech_held_whole_is_bounded(monkeypatch):
    monkeypatch.setattr(whole, "MAX_WHOLE_BYTES", 10_000)
    async with running_service() as running:
        async with aclosing(whole.synthesize_text(running.service, SPEAK, "hello " * 5)) as audio:
            with pytest.raises(TextTooLong):
                await whole.collect_audio(audio)
        assert running.turns[0].outcome == "cancelled"
