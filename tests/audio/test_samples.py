import math
import struct
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.audio import quality
from tests.support.audio_formats import audio_formats, file_formats
from wyoming_azure_realtime.audio.pcm import REALTIME, AudioFormat, Encoding, silence
from wyoming_azure_realtime.audio.samples import StreamResampler, decode, decode_channels, encode, integers
from wyoming_azure_realtime.errors import OutOfOrder

EXTREMES = {1: (b"\0", b"\xff"), 2: (b"\0\x80", b"\xff\x7f")}
EXTREMES |= {3: (b"\0\0\x80", b"\xff\xff\x7f"), 4: (b"\0\0\0\x80", b"\xff\xff\xff\x7f")}


def as_integer(sample: bytes) -> int:
    if len(sample) == 1:
        return sample[0] - 128
    return int.from_bytes(sample, "little", signed=True)


@given(st.binary(max_size=400).map(lambda b: b[: len(b) // 2 * 2]))
def test_sixteen_bit_mono_survives_bit_for_bit(pcm: bytes) -> None:
    assert encode(decode(pcm, REALTIME)) == pcm


def test_every_sixteen_bit_value_survives() -> None:
    pcm = np.arange(-32768, 32768).astype("<i2").tobytes()
    assert encode(decode(pcm, REALTIME)) == pcm


@given(data=st.binary(max_size=480), width=st.integers(1, 4), channels=st.integers(1, 8))
def test_decoding_is_the_mean_of_the_channels_in_sixteen_bit_steps(
    data: bytes, width: int, channels: int
) -> None:
    fmt = AudioFormat(16_000, width, channels)
    pcm = data[: len(data) // fmt.frame_bytes * fmt.frame_bytes]
    values = [as_integer(pcm[at : at + width]) for at in range(0, len(pcm), width)]
    steps = 2.0 ** (8 * width - 16)
    means = [math.fsum(values[at : at + channels]) / channels for at in range(0, len(values), channels)]
    expected = np.array(means, np.float64) / steps
    samples = decode(pcm, fmt)
    assert samples.dtype == np.float32
    np.testing.assert_allclose(samples, expected, rtol=0, atol=1 / 64)


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2, 8])
def test_full_scale_in_every_channel_stays_full_scale(width: int, channels: int) -> None:
    low, high = EXTREMES[width]
    out = struct.unpack(
        "<2h", encode(decode((low * channels) + (high * channels), AudioFormat(8_000, width, channels)))
    )
    assert out[0] == -32768
    assert out[1] == (127 * 256 if width == 1 else 32767)


@given(st.lists(st.floats(-1, 1, width=32), max_size=50), st.sampled_from([4, 8]))
def test_floating_point_is_full_at_one(values: list[float], width: int) -> None:
    data = np.array(values, f"<f{width}").tobytes()
    samples = decode(data, AudioFormat(16_000, width, 1, "float"))
    np.testing.assert_allclose(samples, np.array(values) * 32768, rtol=1e-6, atol=1e-30)


@given(st.binary(max_size=160), st.sampled_from([4, 8]), st.sampled_from([1, 2]))
def test_whatever_floating_point_is_sent_becomes_finite_sound(data: bytes, width: int, channels: int) -> None:
    fmt = AudioFormat(16_000, width, channels, "float")
    frames = data[: len(data) // fmt.frame_bytes * fmt.frame_bytes]
    assert np.isfinite(decode(frames, fmt)).all()
    assert np.isfinite(decode_channels(frames, fmt)).all()


def test_no_number_is_silence_and_infinity_is_full_scale() -> None:
    fmt = AudioFormat(16_000, 4, 1, "float")
    data = struct.pack("<4f", math.nan, math.inf, -math.inf, 0.5)
    assert struct.unpack("<4h", encode(decode(data, fmt))) == (0, 32767, -32768, 16384)


# ITU-T G.711: the loudest and the quietest of either sign
@pytest.mark.parametrize(
    ("encoding", "code", "level"),
    [("mu-law", 0x00, -32124), ("mu-law", 0x80, 32124), ("mu-law", 0xFE, 8), ("mu-law", 0x7E, -8),
     ("mu-law", 0xFF, 0), ("a-law", 0x2A, -32256), ("a-law", 0xAA, 32256), ("a-law", 0xD5, 8),
     ("a-law", 0x55, -8)],
)  # fmt: skip
def test_companded_bytes_have_the_levels_of_the_standard(encoding: Encoding, code: int, level: int) -> None:
    fmt = AudioFormat(8_000, 1, 1, encoding)
    assert decode(bytes([code]), fmt).tolist() == [level]
    assert integers(fmt, bytes([code])) == (AudioFormat(8_000, 2, 1), struct.pack("<h", level))


@given(fmt=file_formats(), data=st.binary(max_size=320))
def test_integers_keep_channels_and_sound(fmt: AudioFormat, data: bytes) -> None:
    frames = data[: len(data) // fmt.frame_bytes * fmt.frame_bytes]
    plain, pcm = integers(fmt, frames)
    assert (plain.rate, plain.channels, plain.encoding) == (fmt.rate, fmt.channels, "integer")
    before = decode_channels(frames, fmt).clip(-32768, 32767)
    np.testing.assert_allclose(decode_channels(pcm, plain), before, rtol=0, atol=0.51)


def test_opposite_channels_cancel() -> None:
    assert encode(decode(struct.pack("<4h", 32767, -32767, -5, 5), AudioFormat(48_000, 2, 2))) == bytes(4)


def test_encoding_rounds_to_nearest_and_saturates() -> None:
    samples = np.array([0.4, 0.6, -0.4, -0.6, 32767.4, 32767.6, 1e9, -32768.4, -1e9], np.float32)
    assert struct.unpack("<9h", encode(samples)) == (0, 1, 0, -1, 32767, 32767, 32767, -32768, -32768)


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_digital_silence_is_zero_in_every_width(width: int) -> None:
    assert not decode(silence(10, AudioFormat(16_000, width, 2)), AudioFormat(16_000, width, 2)).any()


REQUIRED_RATES = (16_000, 22_050, 44_100, 48_000)


def whole(fmt: AudioFormat, pcm: bytes) -> bytes:
    resampler = StreamResampler(fmt)
    return resampler.process(pcm) + resampler.flush()


def in_pieces(fmt: AudioFormat, pcm: bytes, cuts: list[int]) -> bytes:
    resampler = StreamResampler(fmt)
    edges = [0, *sorted(cut % (len(pcm) + 1) for cut in cuts), len(pcm)]
    return b"".join(resampler.process(pcm[a:b]) for a, b in pairwise(edges)) + resampler.flush()


def noise(fmt: AudioFormat, frames: int, seed: int = 0) -> bytes:
    return np.random.default_rng(seed).bytes(frames * fmt.frame_bytes)


@settings(max_examples=150)
@given(
    fmt=audio_formats(),
    frames=st.integers(0, 3000),
    ragged=st.integers(0, 31),
    seed=st.integers(0, 9),
    cuts=st.lists(st.integers(0, 100_000), max_size=30),
)
def test_any_chunking_gives_the_same_bytes(
    fmt: AudioFormat, frames: int, ragged: int, seed: int, cuts: list[int]
) -> None:
    pcm = noise(fmt, frames, seed) + bytes(ragged % fmt.frame_bytes)
    assert in_pieces(fmt, pcm, cuts) == whole(fmt, pcm)


@pytest.mark.parametrize(
    "fmt", [AudioFormat(16_000, 2, 1), AudioFormat(44_100, 3, 2), AudioFormat(47_999, 1, 1)], ids=str
)
def test_single_bytes_and_one_huge_chunk_give_the_same_bytes(fmt: AudioFormat) -> None:
    pcm = noise(fmt, 20_000)
    every_byte = list(range(len(pcm)))
    assert in_pieces(fmt, pcm, every_byte) == whole(fmt, pcm)


@settings(max_examples=150)
@given(fmt=audio_formats(), frames=st.integers(0, 20_000), ragged=st.integers(0, 31))
def test_n_frames_become_n_times_24000_over_rate_samples(fmt: AudioFormat, frames: int, ragged: int) -> None:
    pcm = bytes(frames * fmt.frame_bytes + ragged % fmt.frame_bytes)
    assert len(whole(fmt, pcm)) == 2 * quality.lawful_length(fmt, len(pcm))


@given(pcm=st.binary(max_size=200), cuts=st.lists(st.integers(0, 200), max_size=5))
def test_audio_in_the_target_format_passes_untouched_and_at_once(pcm: bytes, cuts: list[int]) -> None:
    resampler = StreamResampler(REALTIME)
    assert resampler.process(pcm) == pcm[: len(pcm) // 2 * 2]
    assert resampler.flush() == b""
    assert in_pieces(REALTIME, pcm, cuts) == pcm[: len(pcm) // 2 * 2]


@pytest.mark.parametrize(
    "fmt", [AudioFormat(24_000, 1, 1), AudioFormat(24_000, 2, 2), AudioFormat(24_000, 4, 8)], ids=str
)
def test_the_right_rate_is_converted_without_delay(fmt: AudioFormat) -> None:
    pcm = noise(fmt, 240)
    resampler = StreamResampler(fmt)
    assert resampler.process(pcm) == encode(decode(pcm, fmt))
    assert resampler.flush() == b""


def test_sound_comes_out_while_it_goes_in() -> None:
    resampler = StreamResampler(AudioFormat(16_000, 2, 1))
    produced = sum(len(resampler.process(bytes(320))) for _ in range(100))
    assert 48_000 - produced <= REALTIME.bytes_per_second * 0.045


@pytest.mark.parametrize("rate", REQUIRED_RATES)
@pytest.mark.parametrize("hz", [1000.0, 997.0])
def test_a_tone_at_half_scale_keeps_80_db_over_all_else(rate: int, hz: float) -> None:
    assert quality.snr_db(rate, hz) >= 80


@pytest.mark.parametrize("rate", quality.RATES)
def test_aliases_are_80_db_down(rate: int) -> None:
    assert quality.alias_db(rate) <= -80


@pytest.mark.parametrize("rate", quality.RATES)
def test_the_passband_is_flat_to_a_hundredth_of_a_decibel(rate: int) -> None:
    assert quality.passband_db(rate) <= 0.01


@pytest.mark.parametrize("rate", quality.RATES)
def test_the_output_is_in_time_with_the_input(rate: int) -> None:
    assert abs(quality.phase_error_samples(rate)) <= 0.01


@pytest.mark.parametrize("rate", quality.RATES)
def test_the_length_is_right_to_a_sample(rate: int) -> None:
    assert quality.length_error(rate) == 0


@pytest.mark.parametrize("rate", [22_050, 44_100])
def test_nothing_drifts_in_an_hour(rate: int) -> None:
    length, shift = quality.drift_samples(rate)
    assert length == 0
    assert abs(shift) <= 0.01


@pytest.mark.parametrize("rate", REQUIRED_RATES)
def test_a_full_scale_square_wave_saturates(rate: int) -> None:
    fmt = AudioFormat(rate, 2, 1)
    square = np.sign(quality.tone(rate, 500.3))
    half = quality.resampled(fmt, quality.pcm16(16_384 * square))
    full = quality.resampled(fmt, quality.pcm16(32_768 * square))
    assert full.max() == 32767
    assert full.min() == -32768
    # overshoot is cut, not wrapped: otherwise it is twice the half-scale wave (which has room to overshoot)
    np.testing.assert_allclose(full, np.clip(2 * half, -32768, 32767), atol=3)


@given(fmt=audio_formats(), ms=st.integers(0, 60))
def test_digital_silence_stays_digital_silence(fmt: AudioFormat, ms: int) -> None:
    out = whole(fmt, silence(ms, fmt))
    assert out == bytes(len(out))


@pytest.mark.parametrize("width", [3, 4])
def test_wide_samples_give_the_same_as_sixteen_bits_of_the_same_sound(width: int) -> None:
    narrow = quality.pcm16(quality.tone(44_100, 1000.0))
    wide = b"".join(bytes(width - 2) + narrow[at : at + 2] for at in range(0, len(narrow), 2))
    assert whole(AudioFormat(44_100, width, 1), wide) == whole(AudioFormat(44_100, 2, 1), narrow)


def test_equal_channels_give_the_same_as_one() -> None:
    one = quality.pcm16(quality.tone(48_000, 1000.0))
    two = b"".join(2 * one[at : at + 2] for at in range(0, len(one), 2))
    assert whole(AudioFormat(48_000, 2, 2), two) == whole(AudioFormat(48_000, 2, 1), one)


def test_an_unfinished_last_frame_is_dropped() -> None:
    fmt = AudioFormat(24_000, 2, 2)
    resampler = StreamResampler(fmt)
    assert resampler.process(struct.pack("<hhb", 100, 300, 7)) == struct.pack("<h", 200)
    assert resampler.flush() == b""


@pytest.mark.parametrize("rate", [16_000, 24_000])
def test_after_the_end_nothing_more_is_taken(rate: int) -> None:
    resampler = StreamResampler(AudioFormat(rate, 2, 1))
    resampler.flush()
    with pytest.raises(OutOfOrder):
        resampler.process(b"\0\0")
    with pytest.raises(OutOfOrder):
        resampler.flush()


def test_an_empty_stream_gives_nothing() -> None:
    assert whole(AudioFormat(16_000, 2, 1), b"") == b""
