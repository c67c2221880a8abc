"""Hypothesis strategies for whatever audio Wyoming can describe, and WAV files besides."""

from hypothesis import strategies as st

from wyoming_azure_realtime.audio.pcm import REALTIME, AudioFormat

COMMON_RATES = (8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000, 192_000)


def audio_formats() -> st.SearchStrategy[AudioFormat]:
    return st.just(REALTIME) | st.builds(
        AudioFormat,
        rate=st.sampled_from(COMMON_RATES) | st.integers(8_000, 192_000),
        width=st.integers(1, 4),
        channels=st.integers(1, 8),
    )


def file_formats() -> st.SearchStrategy[AudioFormat]:
    others = st.sampled_from([("float", 4), ("float", 8), ("a-law", 1), ("mu-law", 1)])
    return audio_formats() | st.builds(
        lambda rate, channels, other: AudioFormat(rate, other[1], channels, other[0]),
        rate=st.sampled_from(COMMON_RATES),
        channels=st.integers(1, 8),
        other=others,
    )
