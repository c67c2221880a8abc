import asyncio

from hypothesis import given
from hypothesis import strategies as st
from wyoming.asr import Transcript
from wyoming.audio import AudioChunk
from wyoming.event import Event, async_read_event
from wyoming.tts import SynthesizeStopped

from tests.support.audio_formats import audio_formats
from wyoming_azure_realtime.audio.pcm import AudioFormat
from wyoming_azure_realtime.wyoming_server.encoding import AudioChunkEncoder, encode


async def as_the_library_reads(data: bytes) -> Event | None:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    event = await async_read_event(reader)
    assert await reader.read() == b""
    return event


@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=100))
async def test_the_wyoming_package_reads_what_is_written(text: str):
    event = await as_the_library_reads(encode(Transcript(text=text, language="en")))
    assert event == Event("transcript", {"text": text, "language": "en"})


async def test_an_event_without_data_is_its_header_alone():
    assert encode(SynthesizeStopped()) == b'{"type":"synthesize-stopped"}\n'
    assert await as_the_library_reads(encode(SynthesizeStopped())) == Event("synthesize-stopped")


@given(fmt=audio_formats(), audio=st.binary(min_size=1, max_size=50))
async def test_an_audio_chunk_is_a_head_and_the_audio_as_it_is(fmt: AudioFormat, audio: bytes):
    event = await as_the_library_reads(AudioChunkEncoder(fmt).head(len(audio)) + audio)
    assert event is not None
    assert AudioChunk.from_event(event) == AudioChunk(fmt.rate, fmt.width, fmt.channels, audio)
