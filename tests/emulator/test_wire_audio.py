"""The telephone formats: levels of the standard, and streams cut anywhere."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.realtime_peer import tone
from wyoming_azure_realtime.emulator.wire import Law, compress, decoder, encoder, expand

LAWS: tuple[Law, Law] = ("audio/pcmu", "audio/pcma")
EVERY_CODE = bytes(range(256))


def samples(pcm: bytes) -> list[int]:
    values: list[int] = np.frombuffer(pcm, "<i2").tolist()
    return values


@pytest.mark.parametrize(
    ("law", "levels"),
    # ITU-T G.711: the loudest, the quietest of either sign
    [
        ("audio/pcmu", {0x00: -32124, 0x80: 32124, 0x7F: 0, 0xFF: 0, 0xFE: 8, 0x7E: -8}),
        ("audio/pcma", {0x2A: -32256, 0xAA: 32256, 0xD5: 8, 0x55: -8}),
    ],
)
def test_levels_are_those_of_the_standard(law: Law, levels: dict[int, int]) -> None:
    expanded = samples(expand(EVERY_CODE, law))
    assert {code: expanded[code] for code in levels} == levels


@pytest.mark.parametrize("law", LAWS)
def test_every_level_survives_a_round_trip(law: Law) -> None:
    levels = expand(EVERY_CODE, law)
    assert expand(compress(levels, law), law) == levels


@given(st.sampled_from(LAWS), st.integers(-32768, 32767))
def test_compression_takes_the_nearest_level(law: Law, sample: int) -> None:
    nearest = min(abs(level - sample) for level in samples(expand(EVERY_CODE, law)))
    (level,) = samples(expand(compress(sample.to_bytes(2, "little", signed=True), law), law))
    assert abs(level - sample) == nearest


@pytest.mark.parametrize("law", LAWS)
def test_speech_comes_through_both_ways(law: Law) -> None:
    there, back = encoder({"type": law}), decoder({"type": law})
    coded = there.convert(tone(500)) + there.flush()
    assert len(coded) == 500 * 8
    heard = back.convert(coded) + back.flush()
    assert len(heard) == len(tone(500))
    middle = slice(2400, 9600)
    signal, result = np.array(samples(tone(500)))[middle], np.array(samples(heard))[middle]
    noise = result - signal
    assert 10 * math.log10((signal**2).mean() / (noise**2).mean()) > 30


@given(st.sampled_from(["audio/pcm", *LAWS]), st.integers(1, 999))
@settings(max_examples=20, deadline=None)
def test_any_way_of_cutting_gives_the_same_bytes(kind: str, step: int) -> None:
    whole, cut = encoder({"type": kind}), encoder({"type": kind})
    pcm = tone(100)
    pieces = [cut.convert(pcm[start : start + step]) for start in range(0, len(pcm), step)]
    assert b"".join(pieces) + cut.flush() == whole.convert(pcm) + whole.flush()
