import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_azure_realtime.audio.pcm import REALTIME, AudioFormat
from wyoming_azure_realtime.errors import SpeechServiceError
from wyoming_azure_realtime.http_api.media_types import pcm_format, wants_wav


@pytest.mark.parametrize(
    "accept",
    ["audio/wav", "AUDIO/WAV", "audio/x-wav", "audio/wav;q=0.5, */*;q=0.1", "audio/pcm;q=0.2,audio/wav;q=0.9",
     "text/html, audio/wave", "audio/wav, audio/pcm"],
)  # fmt: skip
def test_wav_is_given_to_those_who_rank_it_first(accept):
    assert wants_wav(accept)


@pytest.mark.parametrize(
    "accept",
    ["", "*/*", "audio/*", "application/json", "audio/pcm", "audio/pcm, audio/wav", "audio/wav;q=0",
     "audio/wav;q=0.1, audio/pcm", "audio/wav;q=abc", ",;,"],
)  # fmt: skip
def test_pcm_is_given_to_everybody_else(accept):
    assert not wants_wav(accept)


@given(st.text(max_size=200))
def test_any_accept_header_gets_an_answer(accept):
    assert wants_wav(accept) in {True, False}


def test_raw_audio_is_the_realtime_format_unless_it_says_otherwise():
    assert pcm_format({}) == REALTIME
    assert pcm_format({"rate": "16000", "channels": "2", "bits": "32"}) == AudioFormat(16000, 4, 2)
    assert pcm_format({"encoding": "signed-int", "endian": "little", "codecs": "?"}) == REALTIME


@pytest.mark.parametrize(
    "parameters",
    [{"rate": "fast"}, {"rate": "-1"}, {"rate": "1"}, {"rate": "²"}, {"rate": "9" * 5000}, {"bits": "8"},
     {"bits": "12"}, {"channels": "0"}, {"channels": "9"}, {"encoding": "float"}, {"endian": "big"}],
)  # fmt: skip
def test_raw_audio_that_cannot_be_read_is_refused(parameters):
    with pytest.raises(SpeechServiceError) as caught:
        pcm_format(parameters)
    assert caught.value.code == "unsupported-audio"
    assert caught.value.advice


@given(
    st.dictionaries(st.sampled_from(["rate", "bits", "channels", "encoding", "endian"]), st.text(max_size=12))
)
def test_any_parameters_are_a_format_or_a_documented_error(parameters):
    try:
        assert isinstance(pcm_format(parameters), AudioFormat)
    except SpeechServiceError as error:
        assert error.code == "unsupported-audio"  # noqa: PT017
