import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_azure_realtime.audio.signatures import HEAD_BYTES, kind, refuse_compressed, refuse_files
from wyoming_azure_realtime.errors import InvalidRequest, UnsupportedAudio


def mp3(header: str, size: int, count: int = 3) -> bytes:
    """Frames of one header: `size` bytes each, as encoders of this bit rate and sample rate make them."""
    return (bytes.fromhex(header) + bytes(size - 4)) * count


def adts(size: int, count: int = 3, *, rate: int = 4) -> bytes:
    """Frames of AAC-LC mono without check sums."""
    bits = 0xFFF1 << 40 | (1 << 6 | rate << 2) << 32 | (1 << 30 | size << 13 | 0x1FFC)
    return (bits.to_bytes(7, "big") + bytes(size - 7)) * count


ID3 = b"ID3\x04\0\0\0\0\x02\x01"
# sizes as in files of ffmpeg 5.1 and LAME 3.100
FILES = {
    "MP3 with a tag": (ID3 + bytes(300), "MP3"),
    "MP3 of 128 kbit/s, 44.1 kHz": (mp3("fffb9064", 417), "MP3"),
    "the same, padded": (mp3("fffb9264", 418), "MP3"),
    "MP3 of 64 kbit/s, 16 kHz (MPEG-2)": (mp3("fff388c4", 288), "MP3"),
    "MP3 of 32 kbit/s, 8 kHz (MPEG-2.5)": (mp3("ffe348c4", 288), "MP3"),
    "AAC": (adts(186), "AAC"),
    "AAC of 16 kHz": (adts(400, rate=8), "AAC"),
    "AAC of two frames": (adts(186, 2), "AAC"),
    "Ogg": (b"OggS\0\x02" + bytes(60), "Ogg"),
    "WebM": (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81" + bytes(60), "WebM or Matroska"),
    "FLAC": (b"fLaC\0\0\0\x22" + bytes(60), "FLAC"),
    "MP4": (b"\0\0\0\x1cftypM4A " + bytes(60), "MP4"),
    "AMR": (b"#!AMR\n" + bytes(60), "AMR"),
    "AIFF": (b"FORM" + struct.pack(">I", 100) + b"AIFFCOMM" + bytes(60), "AIFF"),
    "CAF": (b"caff\0\x01\0\0desc" + bytes(60), "CAF"),
    "WMA": (bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + bytes(60), "WMA"),
}


@pytest.mark.parametrize(("data", "name"), FILES.values(), ids=FILES)
def test_files_are_known_by_their_first_bytes(data: bytes, name: str) -> None:
    assert kind(data[:HEAD_BYTES]) == name
    with pytest.raises(UnsupportedAudio, match=rf"{name}.*ffmpeg -i INPUT .* OUTPUT\.wav"):
        refuse_compressed(data)
    with pytest.raises(
        UnsupportedAudio, match=rf"{name}.*ffmpeg -i INPUT -ac 1 -ar 16000 -f s16le OUTPUT\.pcm"
    ):
        refuse_files(data, 16_000)


def test_a_wav_file_is_refused_only_where_pcm_belongs() -> None:
    data = b"RIFF\x24\0\0\0WAVEfmt "
    refuse_compressed(data)
    with pytest.raises(InvalidRequest, match="audio/wav"):
        refuse_files(data, 16_000)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        mp3("fffb9064", 417, 1),
        mp3("fffb9064", 417, 1) + bytes(600),
        mp3("fffb9064", 417, 2) + bytes(600),
        mp3("ffffffff", 417),
        mp3("fffb0064", 417),
        adts(186, 1),
        adts(7, 300),
        bytes.fromhex("ff") * HEAD_BYTES,
        b"ID3 is a word that nobody speaks",
        struct.pack("<h", -1025) * 2000,
    ],
)
def test_a_likeness_is_not_enough(data: bytes) -> None:
    assert kind(data) is None


@pytest.mark.parametrize("level", [1, 3, 30, 300, 3000, 10_000])
def test_sound_is_no_file_wherever_it_begins(level: int) -> None:
    noise = np.random.default_rng(level).normal(0, level, 40_000).clip(-32768, 32767).astype("<i2")
    tone = (level * np.sin(np.arange(40_000) / 9)).astype("<i2")
    for pcm in (noise.tobytes(), tone.tobytes()):
        assert {kind(pcm[at : at + HEAD_BYTES]) for at in range(0, 70_000, 2)} == {None}


@given(st.binary(max_size=60) | st.binary(max_size=60).map(lambda rest: b"\xff\xfb\x90" + rest))
def test_any_bytes_get_an_answer(head: bytes) -> None:
    assert kind(head) is None or isinstance(kind(head), str)
