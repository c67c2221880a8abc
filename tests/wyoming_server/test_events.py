import json
from typing import Any

import pytest

from wyoming_azure_realtime.audio.pcm import AudioFormat
from wyoming_azure_realtime.errors import InvalidRequest, UnsupportedAudio
from wyoming_azure_realtime.wyoming_server.events import (
    MOST_NAMES,
    Event,
    SynthesizeStart,
    Text,
    Transcribe,
    Voice,
    read_data,
    read_format,
)


def event(kind: str, data: dict[str, Any]) -> Event:
    return Event(kind, json.dumps(data).encode())


def test_every_field_of_transcribe_may_be_missing_null_or_of_a_later_version():
    assert read_data(event("transcribe", {}), Transcribe) == Transcribe()
    data = {"name": None, "language": "en", "vad_sensitivity": None, "transcript_names": None, "new": {}}
    asked = read_data(event("transcribe", data), Transcribe)
    assert (asked.name, asked.language) == (None, "en")
    assert (asked.names, asked.terms, asked.sensitivity) == ((), (), "")


def transcribe(**data: Any) -> Transcribe:
    return read_data(event("transcribe", data), Transcribe)


def test_names_and_terms_that_may_be_said_are_read_in_their_order():
    asked = transcribe(transcript_names=["Ada", "Büro"], transcript_terms=["dimmer"])
    assert (asked.names, asked.terms) == (("Ada", "Büro"), ("dimmer",))


def test_too_many_names_are_cut_and_too_long_ones_left_out():
    asked = transcribe(transcript_names=["x" * 201, "", *map(str, range(1000))])
    assert asked.names == tuple(map(str, range(MOST_NAMES - 2)))


@pytest.mark.parametrize("wrong", [5, "Ada", {"Ada": 1}, ["Ada", 5], [["Ada"]]])
def test_names_that_are_none_spoil_no_command(wrong: Any):
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
def test_sensitivities_that_are_unknown_count_as_the_default(said: Any, counts: str):
    assert transcribe(vad_sensitivity=said).sensitivity == counts


def test_a_voice_may_be_named_described_or_left_open():
    for voice in ({"name": "alloy", "speaker": "x"}, {"language": "de"}, {}):
        asked = read_data(event("synthesize-start", {"voice": voice}), SynthesizeStart)
        assert asked.voice == Voice(**voice)
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
def test_a_wrong_field_is_named_with_its_event(wrong: Event, shape: type, names: str):
    with pytest.raises(InvalidRequest, match=names):
        read_data(wrong, shape)


@pytest.mark.parametrize("text", [b'"\\ud800"', b'"\xff"'])
def test_text_that_is_none_is_refused(text: bytes):
    with pytest.raises(InvalidRequest, match="'synthesize'"):
        read_data(Event("synthesize", b'{"text": ' + text + b"}"), Text)


def test_an_audio_format_is_read_whole_or_not_at_all():
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
