import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wyoming.asr import Transcript
from wyoming.audio import AudioChunk
from wyoming.event import Event as WyomingEvent
from wyoming.event import async_read_event
from wyoming.tts import SynthesizeStopped

from tests.support.audio_formats import audio_formats
from wyoming_azure_realtime.audio.pcm import AudioFormat
from wyoming_azure_realtime.errors import InvalidRequest, SpeechServiceError, UnknownVoice, UnsupportedAudio
from wyoming_azure_realtime.settings.model import Limits
from wyoming_azure_realtime.wyoming_server.events import (
    MOST_NAMES,
    AudioChunkEncoder,
    Event,
    MalformedEvent,
    RequestedVoice,
    SynthesizeStart,
    Text,
    Transcribe,
    WyomingReader,
    encode,
    error_event,
    read_data,
    read_format,
    read_text,
)


def event(kind: str, data: dict[str, Any]) -> Event:
    return Event(kind, json.dumps(data).encode())


def test_every_field_of_transcribe_may_be_missing_null_or_of_a_later_version() -> None:
    assert read_data(event("transcribe", {}), Transcribe) == Transcribe()
    data: dict[str, Any] = {"name": None, "language": "en", "vad_sensitivity": None, "new": {}}
    data["transcript_names"] = None
    asked = read_data(event("transcribe", data), Transcribe)
    assert (asked.name, asked.language) == (None, "en")
    assert (asked.names, asked.terms, asked.sensitivity) == ((), (), "")


def transcribe(**data: Any) -> Transcribe:
    return read_data(event("transcribe", data), Transcribe)


def test_names_and_terms_that_may_be_said_are_read_in_their_order() -> None:
    asked = transcribe(transcript_names=["Ada", "Büro"], transcript_terms=["dimmer"])
    assert (asked.names, asked.terms) == (("Ada", "Büro"), ("dimmer",))


def test_too_many_names_are_cut_and_too_long_ones_left_out() -> None:
    asked = transcribe(transcript_names=["x" * 201, "", *map(str, range(1000))])
    assert asked.names == tuple(map(str, range(MOST_NAMES - 2)))


@pytest.mark.parametrize("wrong", [5, "Ada", {"Ada": 1}, ["Ada", 5], [["Ada"]]])
def test_names_that_are_none_spoil_no_command(wrong: Any) -> None:
    asked = transcribe(language="de", transcript_names=wrong, transcript_terms=["dimmer"])
    assert (asked.language, asked.names, asked.terms) == ("de", (), ("dimmer",))


@pytest.mark.parametrize(
    ("said", "counts"),
    [
        ("default", "default"),
        ("relaxed", "relaxed"),
        ("aggressive", "aggressive"),
        ("Relaxed", "default"),
        ("something new", "default"),
        ("", "default"),
        (5, ""),
    ],
)
def test_sensitivities_that_are_unknown_count_as_the_default(said: Any, counts: str) -> None:
    assert transcribe(vad_sensitivity=said).sensitivity == counts


def test_a_voice_may_be_named_described_or_left_open() -> None:
    for voice in ({"name": "alloy", "speaker": "x"}, {"language": "de"}, {}):
        asked = read_data(event("synthesize-start", {"voice": voice}), SynthesizeStart)
        assert asked.voice == RequestedVoice(**voice)
    assert read_data(event("synthesize-start", {"voice": None}), SynthesizeStart).voice is None


@pytest.mark.parametrize(
    ("wrong", "shape", "names"),
    [
        (event("synthesize", {}), Text, "'synthesize'.*text"),
        (event("synthesize-chunk", {"text": None}), Text, "'synthesize-chunk'.*text"),
        (event("synthesize-chunk", {"text": ["a"]}), Text, "text"),
        (event("synthesize-start", {"voice": "alloy"}), SynthesizeStart, "voice"),
        (event("synthesize-start", {"voice": {"name": 5}}), SynthesizeStart, "voice.name"),
        (event("transcribe", {"language": 5}), Transcribe, "'transcribe'.*language"),
        (event("transcribe", {"language": "x" * 201}), Transcribe, "language"),
    ],
)
def test_a_wrong_field_is_named_with_its_event(wrong: Event, shape: type, names: str) -> None:
    with pytest.raises(InvalidRequest, match=names):
        read_data(wrong, shape)


def test_text_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="'synthesize'"):
        read_data(Event("synthesize", b'{"text": "\xff"}'), Text)


HALVES = r"""{"text": "a\\ud83d \ud83d\ude00 \uD83D\\ \ude00\ud83d"}"""


def test_half_a_pair_of_surrogates_is_kept_where_text_may_go_on_with_the_other() -> None:
    assert (
        read_text(Event("synthesize-chunk", HALVES.encode())) == "a\\ud83d \U0001f600 \ud83d\\ \ude00\ud83d"
    )
    assert read_data(Event("x", HALVES.encode()), Text).text == "a\\ud83d \U0001f600 \ufffd\\ \ufffd\ufffd"
    with pytest.raises(InvalidRequest, match="text"):
        read_text(Event("synthesize-chunk", b'{"text": ["\\ud83d"]}'))


@pytest.mark.parametrize("inline", [False, True])
def test_half_a_pair_of_surrogates_arrives(inline: bool) -> None:
    reader = WyomingReader(Limits())
    if inline:
        reader.feed(f'{{"type": "x", "data": {HALVES}}}\n'.encode())
    else:
        reader.feed(f'{{"type": "x", "data_length": {len(HALVES)}}}\n{HALVES}'.encode())
    received = reader.next_event()
    assert received
    assert read_text(received)[-2:] == "\ude00\ud83d"


def test_half_a_pair_of_surrogates_in_both_places_of_an_event_is_survived() -> None:
    reader = WyomingReader(Limits())
    reader.feed(f'{{"type": "x", "data": {HALVES}, "data_length": {len(HALVES)}}}\n{HALVES}'.encode())
    received = reader.next_event()
    assert received
    assert read_text(received).endswith("\ufffd")


def test_an_audio_format_is_read_whole_or_not_at_all() -> None:
    fmt = {"rate": 16000, "width": 2, "channels": 1}
    assert read_format(event("audio-chunk", {**fmt, "timestamp": 5})) == AudioFormat(16000, 2, 1)
    for field in fmt:
        incomplete = {name: value for name, value in fmt.items() if name != field}
        with pytest.raises(InvalidRequest, match=field):
            read_format(event("audio-chunk", incomplete))
    with pytest.raises(InvalidRequest, match="width"):
        read_format(event("audio-chunk", {**fmt, "width": True}))
    with pytest.raises(UnsupportedAudio, match="sample rate is 1"):
        read_format(event("audio-chunk", {**fmt, "rate": 1}))


async def as_the_library_reads(data: bytes) -> WyomingEvent | None:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    event = await async_read_event(reader)
    assert await reader.read() == b""
    return event


@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=100))
async def test_the_wyoming_package_reads_what_is_written(text: str) -> None:
    event = await as_the_library_reads(encode(Transcript(text=text, language="en")))
    assert event == WyomingEvent("transcript", {"text": text, "language": "en"})


async def test_an_event_without_data_is_its_header_alone() -> None:
    assert encode(SynthesizeStopped()) == b'{"type":"synthesize-stopped"}\n'
    assert await as_the_library_reads(encode(SynthesizeStopped())) == WyomingEvent("synthesize-stopped")


@given(fmt=audio_formats(), audio=st.binary(min_size=1, max_size=50))
async def test_an_audio_chunk_is_a_head_and_the_audio_as_it_is(fmt: AudioFormat, audio: bytes) -> None:
    event = await as_the_library_reads(AudioChunkEncoder(fmt).head(len(audio)) + audio)
    assert event is not None
    assert AudioChunk.from_event(event) == AudioChunk(fmt.rate, fmt.width, fmt.channels, audio)


def family(root: type[SpeechServiceError]) -> Iterator[type[SpeechServiceError]]:
    yield root
    for kind in root.__subclasses__():
        yield from family(kind)


FAMILY = sorted(set(family(SpeechServiceError)), key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", FAMILY)
def test_every_error_of_the_family_becomes_an_event_with_its_code(kind: type[SpeechServiceError]) -> None:
    event = error_event(kind("Something happened.", advice="Do something."))
    assert (event.text, event.code) == ("Something happened. Do something.", kind.code)


def test_a_malformed_event_is_an_invalid_request() -> None:
    assert error_event(MalformedEvent("No.")).code == "invalid-request"


def test_a_code_is_no_class_name() -> None:
    assert error_event(UnknownVoice("No.")).code == "unknown-voice"
