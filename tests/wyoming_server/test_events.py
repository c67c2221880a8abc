import pytest

from wyoming_azure_realtime.audio.pcm import AudioFormat
from wyoming_azure_realtime.errors import InvalidRequest, UnsupportedAudio
from wyoming_azure_realtime.wyoming_server.events import (
    Event,
    SynthesizeStart,
    Text,
    Transcribe,
    Voice,
    read_data,
    read_format,
)


def test_every_field_of_transcribe_may_be_missing_null_or_of_a_later_version():
    assert read_data(Event("transcribe", {}), Transcribe) == Transcribe()
    data = {"name": None, "language": "en", "vad_sensitivity": 5, "transcript_names": ["Ada"], "new": {}}
    assert read_data(Event("transcribe", data), Transcribe) == Transcribe(language="en")


def test_a_voice_may_be_named_described_or_left_open():
    for voice in ({"name": "alloy", "speaker": "x"}, {"language": "de"}, {}):
        asked = read_data(Event("synthesize-start", {"voice": voice}), SynthesizeStart)
        assert asked.voice == Voice(**voice)
    assert read_data(Event("synthesize-start", {"voice": None}), SynthesizeStart).voice is None


@pytest.mark.parametrize(
    ("event", "shape", "names"),
    [
        (Event("synthesize", {}), Text, "'synthesize'.*text"),
        (Event("synthesize-chunk", {"text": None}), Text, "'synthesize-chunk'.*text"),
        (Event("synthesize-chunk", {"text": ["a"]}), Text, "text"),
        (Event("synthesize-start", {"voice": "alloy"}), SynthesizeStart, "voice"),
        (Event("synthesize-start", {"voice": {"name": 5}}), SynthesizeStart, "voice.name"),
        (Event("transcribe", {"language": 5}), Transcribe, "'transcribe'.*language"),
        (Event("transcribe", {"language": "x" * 201}), Transcribe, "language"),
    ],
)
def test_a_wrong_field_is_named_with_its_event(event: Event, shape: type, names: str):
    with pytest.raises(InvalidRequest, match=names):
        read_data(event, shape)


def test_an_audio_format_is_read_whole_or_not_at_all():
    fmt = {"rate": 16000, "width": 2, "channels": 1}
    assert read_format(Event("audio-chunk", {**fmt, "timestamp": 5})) == AudioFormat(16000, 2, 1)
    for field in fmt:
        incomplete = {name: value for name, value in fmt.items() if name != field}
        with pytest.raises(InvalidRequest, match=field):
            read_format(Event("audio-chunk", incomplete))
    with pytest.raises(InvalidRequest, match="width"):
        read_format(Event("audio-chunk", {**fmt, "width": True}))
    with pytest.raises(UnsupportedAudio, match="sample rate is 1"):
        read_format(Event("audio-chunk", {**fmt, "rate": 1}))
