import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.admission import claim_of
from wyoming_azure_realtime.admission.memory import MemoryBudget
from wyoming_azure_realtime.audio.pcm import BYTES_PER_SECOND, REALTIME, AudioFormat
from wyoming_azure_realtime.errors import AudioTooLong, OutOfOrder, TooManyRequests, UnsupportedAudio
from wyoming_azure_realtime.speech.recording import Recording

SIXTEEN = AudioFormat(rate=16_000, width=2, channels=1)


def recorded(*chunks: bytes, source: AudioFormat = REALTIME, max_seconds: float = 1.0) -> Recording:
    recording = Recording(max_seconds, claim_of())
    recording.begin(source)
    for chunk in chunks:
        recording.write(chunk)
    return recording


@given(pcm=st.binary(max_size=400), cuts=st.lists(st.integers(0, 400), max_size=6), step=st.integers(1, 60))
def test_sound_in_the_realtime_format_is_kept_to_the_sample_whatever_the_cuts(
    pcm: bytes, cuts: list[int], step: int
) -> None:
    edges = [0, *sorted(min(cut, len(pcm)) for cut in cuts), len(pcm)]
    recording = recorded(*(pcm[start:end] for start, end in itertools.pairwise(edges)))
    recording.finish()
    whole = pcm[: len(pcm) & ~1]
    assert len(recording) == len(whole)
    assert recording.seconds == len(whole) / BYTES_PER_SECOND
    assert b"".join(recording.read(at, step) for at in range(0, len(whole), step)) == whole
    assert recording.read(len(whole), step) == b""


def test_other_formats_become_the_realtime_format() -> None:
    recording = recorded(bytes(32_000), source=SIXTEEN, max_seconds=1.0)
    recording.finish()
    assert recording.seconds == 1.0


@pytest.mark.parametrize("offset", [0, -300, 4000, 20_000])
def test_an_offset_is_sent_as_it_came(offset: int) -> None:
    hiss = np.random.default_rng(1).normal(offset, 30, BYTES_PER_SECOND // 2).astype("<i2").tobytes()
    recording = recorded(hiss)
    assert recording.read(0, len(hiss)) == hiss


def test_what_it_keeps_counts_among_the_memory_of_all_requests_until_it_is_discarded() -> None:
    memory = MemoryBudget(1 << 20)
    recording = Recording(60.0, memory.claim("", lambda _: None))
    recording.begin(REALTIME)
    recording.write(bytes(500_000))
    assert memory.held >= 500_000
    with pytest.raises(TooManyRequests):
        recording.write(bytes(1 << 20))
    recording.discard()
    assert memory.held == 0


def test_it_can_be_read_again_from_the_start() -> None:
    recording = recorded(b"\1\0\2\0")
    assert recording.read(0, 2) == recording.read(0, 2) == b"\1\0"


def test_what_it_gave_does_not_change_when_more_is_written() -> None:
    recording = recorded(b"\1\0")
    given_out = recording.read(0, 100)
    recording.write(b"\2\0")
    assert given_out == b"\1\0"
    assert recording.read(0, 100) == b"\1\0\2\0"


def test_the_longest_utterance_fits_and_not_a_sample_more() -> None:
    recording = recorded(bytes(BYTES_PER_SECOND))
    with pytest.raises(AudioTooLong, match="longer than 1 seconds"):
        recording.write(b"\0\0")
    assert len(recording) == BYTES_PER_SECOND


@pytest.mark.parametrize("source", [REALTIME, SIXTEEN, AudioFormat(rate=192_000, width=4, channels=8)])
def test_its_size_is_bounded_whatever_comes(source: AudioFormat) -> None:
    recording = recorded(source=source, max_seconds=0.1)
    refused = 0
    for _ in range(100):
        try:
            recording.write(bytes(source.frame_bytes * 1_000))
        except AudioTooLong:
            refused += 1
    assert refused > 0
    assert len(recording) <= 0.1 * BYTES_PER_SECOND


def test_sound_before_the_start_is_out_of_order() -> None:
    with pytest.raises(OutOfOrder):
        Recording(1.0, claim_of()).write(b"\0\0")


def test_a_second_start_is_out_of_order() -> None:
    with pytest.raises(OutOfOrder):
        recorded().begin(REALTIME)


def test_sound_after_the_end_is_out_of_order() -> None:
    recording = recorded(b"\0\0")
    recording.finish()
    recording.finish()
    with pytest.raises(OutOfOrder):
        recording.write(b"\0\0")
    assert len(recording) == 2


def test_an_end_without_a_start_is_an_empty_recording() -> None:
    recording = Recording(1.0, claim_of())
    recording.finish()
    assert (recording.finished, len(recording), recording.seconds) == (True, 0, 0.0)


def test_a_format_that_cannot_be_converted_is_refused() -> None:
    with pytest.raises(UnsupportedAudio):
        recorded(source=AudioFormat(rate=4_000, width=2, channels=1))
