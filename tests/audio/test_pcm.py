import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.audio_formats import audio_formats
from wyoming_azure_realtime.audio.pcm import REALTIME, AudioFormat, duration_ms, silence
from wyoming_azure_realtime.errors import UnsupportedAudio

HUGE = pytest.param(10**5000, id="more digits than Python prints")


def test_the_realtime_format_is_24_khz_pcm16_mono():
    assert AudioFormat(rate=24_000, width=2, channels=1) == REALTIME
    assert REALTIME.frame_bytes == 2
    assert REALTIME.bytes_per_second == 48_000


def test_a_frame_holds_one_sample_of_every_channel():
    fmt = AudioFormat(48_000, 3, 8)
    assert fmt.frame_bytes == 24
    assert fmt.bytes_per_second == 1_152_000


@pytest.mark.parametrize("rate", [8_000, 192_000])
@pytest.mark.parametrize("width", [1, 4])
@pytest.mark.parametrize("channels", [1, 8])
def test_the_limits_themselves_are_allowed(rate: int, width: int, channels: int):
    fmt = AudioFormat(rate, width, channels)
    assert (fmt.rate, fmt.width, fmt.channels) == (rate, width, channels)


@pytest.mark.parametrize("rate", [7_999, 192_001, 0, -16_000, True, 16_000.0, "16000", None, HUGE])
def test_an_impossible_rate_is_refused_with_what_is_allowed(rate: object):
    with pytest.raises(UnsupportedAudio, match=r"sample rate.* 8000 to 192000 Hz"):
        AudioFormat(rate, 2, 1)  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [0, 5, -2, True, 2.0, "2", None, HUGE])
def test_an_impossible_width_is_refused_with_what_is_allowed(width: object):
    with pytest.raises(UnsupportedAudio, match=r"sample width.* 1 to 4 bytes"):
        AudioFormat(16_000, width, 1)  # type: ignore[arg-type]


@pytest.mark.parametrize("channels", [0, 9, -1, True, 1.0, "1", None])
def test_an_impossible_channel_count_is_refused_with_what_is_allowed(channels: object):
    with pytest.raises(UnsupportedAudio, match=r"number of channels.* 1 to 8 channels"):
        AudioFormat(16_000, 2, channels)  # type: ignore[arg-type]


def test_a_refusal_names_the_value():
    with pytest.raises(UnsupportedAudio, match="sample rate is 4000"):
        AudioFormat(4_000, 2, 1)


def test_silence_of_unsigned_audio_is_its_middle():
    assert silence(1, AudioFormat(8_000, 1, 2)) == b"\x80" * 16


@given(fmt=audio_formats(), ms=st.integers(0, 400))
def test_silence_lasts_as_long_as_asked_to_half_a_frame(fmt: AudioFormat, ms: int):
    quiet = silence(ms, fmt)
    assert len(quiet) % fmt.frame_bytes == 0
    assert abs(duration_ms(len(quiet), fmt) - ms) <= 500 / fmt.rate + 1e-9


def test_a_hundred_milliseconds_are_4800_bytes_in_the_realtime_format():
    assert silence(100) == bytes(4800)
    assert duration_ms(4800) == 100.0
