import math
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_azure_realtime.audio.pcm import REALTIME, AudioFormat, silence
from wyoming_azure_realtime.audio.samples import decode, encode

EXTREMES = {1: (b"\0", b"\xff"), 2: (b"\0\x80", b"\xff\x7f")}
EXTREMES |= {3: (b"\0\0\x80", b"\xff\xff\x7f"), 4: (b"\0\0\0\x80", b"\xff\xff\xff\x7f")}


def as_integer(sample: bytes) -> int:
    if len(sample) == 1:
        return sample[0] - 128
    return int.from_bytes(sample, "little", signed=True)


@given(st.binary(max_size=400).map(lambda b: b[: len(b) // 2 * 2]))
def test_sixteen_bit_mono_survives_bit_for_bit(pcm: bytes):
    assert encode(decode(pcm, REALTIME)) == pcm


def test_every_sixteen_bit_value_survives():
    pcm = np.arange(-32768, 32768).astype("<i2").tobytes()
    assert encode(decode(pcm, REALTIME)) == pcm


@given(data=st.binary(max_size=480), width=st.integers(1, 4), channels=st.integers(1, 8))
def test_decoding_is_the_mean_of_the_channels_in_sixteen_bit_steps(data: bytes, width: int, channels: int):
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
def test_full_scale_in_every_channel_stays_full_scale(width: int, channels: int):
    low, high = EXTREMES[width]
    out = struct.unpack(
        "<2h", encode(decode((low * channels) + (high * channels), AudioFormat(8_000, width, channels)))
    )
    assert out[0] == -32768
    assert out[1] == (127 * 256 if width == 1 else 32767)


def test_opposite_channels_cancel():
    assert encode(decode(struct.pack("<4h", 32767, -32767, -5, 5), AudioFormat(48_000, 2, 2))) == bytes(4)


def test_encoding_rounds_to_nearest_and_saturates():
    samples = np.array([0.4, 0.6, -0.4, -0.6, 32767.4, 32767.6, 1e9, -32768.4, -1e9], np.float32)
    assert struct.unpack("<9h", encode(samples)) == (0, 1, 0, -1, 32767, 32767, 32767, -32768, -32768)


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_digital_silence_is_zero_in_every_width(width: int):
    assert not decode(silence(10, AudioFormat(16_000, width, 2)), AudioFormat(16_000, width, 2)).any()
