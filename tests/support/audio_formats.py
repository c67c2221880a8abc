"""Hypothesis strategies for whatever audio Wyoming can describe."""

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
