import io
import struct
import wave

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.audio_formats import audio_formats, file_formats
from wyoming_azure_realtime.audio.pcm import (
    MAX_WAV_BYTES,
    REALTIME,
    AudioFormat,
    Encoding,
    duration_ms,
    read_wav,
    silence,
    wav_header,
    write_wav,
)
from wyoming_azure_realtime.errors import AudioTooLong, InvalidRequest, UnsupportedAudio

HUGE = pytest.param(10**5000, id="more digits than Python prints")


def test_the_realtime_format_is_24_khz_pcm16_mono() -> None:
    assert AudioFormat(rate=24_000, width=2, channels=1) == REALTIME
    assert REALTIME.frame_bytes == 2
    assert REALTIME.bytes_per_second == 48_000


def test_a_frame_holds_one_sample_of_every_channel() -> None:
    fmt = AudioFormat(48_000, 3, 8)
    assert fmt.frame_bytes == 24
    assert fmt.bytes_per_second == 1_152_000


@pytest.mark.parametrize("rate", [8_000, 192_000])
@pytest.mark.parametrize("width", [1, 4])
@pytest.mark.parametrize("channels", [1, 8])
def test_the_limits_themselves_are_allowed(rate: int, width: int, channels: int) -> None:
    fmt = AudioFormat(rate, width, channels)
    assert (fmt.rate, fmt.width, fmt.channels) == (rate, width, channels)


@pytest.mark.parametrize("rate", [7_999, 192_001, 0, -16_000, True, 16_000.0, "16000", None, HUGE])
def test_an_impossible_rate_is_refused_with_what_is_allowed(rate: object) -> None:
    with pytest.raises(UnsupportedAudio, match=r"sample rate.* 8000 to 192000 Hz"):
        AudioFormat(rate, 2, 1)  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [0, 5, -2, True, 2.0, "2", None, HUGE])
def test_an_impossible_width_is_refused_with_what_is_allowed(width: object) -> None:
    with pytest.raises(UnsupportedAudio, match=r"sample width.* 1 to 4 bytes"):
        AudioFormat(16_000, width, 1)  # type: ignore[arg-type]


@pytest.mark.parametrize("channels", [0, 9, -1, True, 1.0, "1", None])
def test_an_impossible_channel_count_is_refused_with_what_is_allowed(channels: object) -> None:
    with pytest.raises(UnsupportedAudio, match=r"number of channels.* 1 to 8 channels"):
        AudioFormat(16_000, 2, channels)  # type: ignore[arg-type]


def test_a_refusal_names_the_value() -> None:
    with pytest.raises(UnsupportedAudio, match="sample rate is 4000"):
        AudioFormat(4_000, 2, 1)


def test_silence_of_unsigned_audio_is_its_middle() -> None:
    assert silence(1, AudioFormat(8_000, 1, 2)) == b"\x80" * 16


@given(fmt=audio_formats(), ms=st.integers(0, 400))
def test_silence_lasts_as_long_as_asked_to_half_a_frame(fmt: AudioFormat, ms: int) -> None:
    quiet = silence(ms, fmt)
    assert len(quiet) % fmt.frame_bytes == 0
    assert abs(duration_ms(len(quiet), fmt) - ms) <= 500 / fmt.rate + 1e-9


def test_a_hundred_milliseconds_are_4800_bytes_in_the_realtime_format() -> None:
    assert silence(100) == bytes(4800)
    assert duration_ms(4800) == 100.0


PCM = struct.pack("<4h", 1, -2, 3, -4)
PCM_GUID = struct.pack("<IHH8s", 1, 0, 0x10, bytes.fromhex("800000aa00389b71"))


def chunk(name: bytes, body: bytes, size: int | None = None) -> bytes:
    return name + struct.pack("<I", len(body) if size is None else size) + body + b"\0" * (len(body) % 2)


def fmt_chunk(
    tag: int = 1, channels: int = 1, rate: int = 24_000, width: int = 2, more: bytes = b""
) -> bytes:
    block = width * channels
    return chunk(b"fmt ", struct.pack("<HHIIHH", tag, channels, rate, rate * block, block, 8 * width) + more)


def riff(*chunks: bytes, size: int | None = None) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body) if size is None else size) + body


def extensible(guid: bytes) -> bytes:
    return fmt_chunk(tag=0xFFFE, more=struct.pack("<HHI", 22, 16, 4) + guid)


@given(fmt=file_formats(), data=st.binary(max_size=300))
def test_what_is_written_is_read_back(fmt: AudioFormat, data: bytes) -> None:
    pcm = data[: len(data) // fmt.frame_bytes * fmt.frame_bytes]
    file = write_wav(fmt, pcm)
    assert len(file) % 2 == 0
    assert struct.unpack_from("<I", file, 4) == (len(file) - 8,)
    assert read_wav(file) == (fmt, pcm)


@given(fmt=file_formats(), data=st.binary(max_size=300))
def test_a_stream_of_unknown_length_is_read_to_its_last_whole_frame(fmt: AudioFormat, data: bytes) -> None:
    pcm = data[: len(data) // fmt.frame_bytes * fmt.frame_bytes]
    assert read_wav(wav_header(fmt, None) + data) == (fmt, pcm)


@given(fmt=audio_formats(), data=st.binary(max_size=300))
def test_the_standard_library_reads_what_is_written(fmt: AudioFormat, data: bytes) -> None:
    pcm = data[: len(data) // fmt.frame_bytes * fmt.frame_bytes]
    with wave.open(io.BytesIO(write_wav(fmt, pcm))) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (
            fmt.rate,
            fmt.width,
            fmt.channels,
        )
        assert file.readframes(file.getnframes()) == pcm


def test_what_the_standard_library_writes_is_read() -> None:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((2, 3, 44_100, 0, "NONE", ""))
        writer.writeframes(b"abcdef" * 3)
    assert read_wav(file.getvalue()) == (AudioFormat(44_100, 3, 2), b"abcdef" * 3)


def test_extensible_pcm_is_read() -> None:
    assert read_wav(riff(extensible(PCM_GUID), chunk(b"data", PCM))) == (REALTIME, PCM)


def test_other_chunks_are_passed_over_with_their_padding() -> None:
    file = riff(
        chunk(b"JUNK", b"odd"),
        fmt_chunk(more=b"\0\0"),
        chunk(b"LIST", b"x"),
        chunk(b"data", PCM),
        chunk(b"id3 ", b"?"),
    )
    assert read_wav(file) == (REALTIME, PCM)


@pytest.mark.parametrize(
    "size",
    [0, 0xFFFFFFFF, 0xFFFFFFFF - 44, 0x80000000, 0x7FFFFFFF, 0x7FFFF000, 100_000_000, MAX_WAV_BYTES + 1],
)
@pytest.mark.parametrize("whole", [0, 36, 0xFFFFFFFF])
def test_a_length_that_cannot_come_is_a_placeholder_and_means_up_to_the_end(size: int, whole: int) -> None:
    assert read_wav(riff(fmt_chunk(), chunk(b"data", PCM, size), size=whole)) == (REALTIME, PCM)


@given(fmt=file_formats(), frames=st.integers(1, 20))
def test_a_file_of_which_one_byte_is_missing_is_read_to_its_last_whole_frame(
    fmt: AudioFormat, frames: int
) -> None:
    pcm = bytes(at % 251 for at in range(frames * fmt.frame_bytes))
    file = wav_header(fmt, len(pcm)) + pcm[:-1]
    assert read_wav(file) == (fmt, pcm[: -fmt.frame_bytes])


@pytest.mark.parametrize("announced", [7, 9])
def test_a_length_that_counts_a_padding_byte_or_forgets_one_is_read(announced: int) -> None:
    fmt, pcm = read_wav(riff(fmt_chunk(), chunk(b"data", PCM, announced)))
    assert fmt == REALTIME
    assert pcm == PCM[: announced // 2 * 2]


@pytest.mark.parametrize(
    ("tag", "width", "encoding"), [(3, 4, "float"), (3, 8, "float"), (6, 1, "a-law"), (7, 1, "mu-law")]
)
def test_other_encodings_are_read_with_their_name(tag: int, width: int, encoding: Encoding) -> None:
    data = bytes(range(32))
    fmt = AudioFormat(24_000, width, 2, encoding)
    # most writers add a length of the extension, and the count of frames
    head = fmt_chunk(tag, 2, width=width, more=b"\0\0") + chunk(b"fact", struct.pack("<I", 32 // (2 * width)))
    assert read_wav(riff(head, chunk(b"data", data))) == (fmt, data)
    assert encoding in str(fmt)


def test_extensible_floating_point_is_read() -> None:
    body = struct.pack("<HHIIHH", 0xFFFE, 1, 24_000, 96_000, 4, 32) + struct.pack("<HHI", 22, 32, 4)
    head = chunk(b"fmt ", body + b"\x03" + PCM_GUID[1:])
    assert read_wav(riff(head, chunk(b"data", PCM))) == (AudioFormat(24_000, 4, 1, "float"), PCM)


@pytest.mark.parametrize(("width", "encoding"), [(2, "float"), (2, "a-law"), (3, "mu-law")])
def test_other_encodings_have_widths_of_their_own(width: int, encoding: Encoding) -> None:
    with pytest.raises(UnsupportedAudio, match=encoding):
        AudioFormat(24_000, width, 1, encoding)


def test_a_file_that_says_it_is_empty_is_empty() -> None:
    assert read_wav(riff(fmt_chunk(), chunk(b"data", b""), chunk(b"LIST", b"made by"))) == (REALTIME, b"")


def test_a_streaming_header_alone_holds_no_audio() -> None:
    assert read_wav(wav_header(REALTIME, None)) == (REALTIME, b"")
    assert read_wav(wav_header(REALTIME, 0)) == (REALTIME, b"")


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (b"", "too short"),
        (b"RIFF", "too short"),
        (b"ID3\xff" + bytes(60), "not a WAV file"),
        (b"RIFF\0\0\0\0AVI " + bytes(60), "not a WAV file"),
        (riff(), "no data"),
        (riff(fmt_chunk()), "no data"),
        (riff(fmt_chunk(), b"dat"), "no data"),
        (riff(chunk(b"data", PCM)), "before its format"),
        (riff(chunk(b"fmt ", bytes(14)), chunk(b"data", PCM)), "less than 16"),
        (riff(fmt_chunk(), chunk(b"LIST", b"abc", 1000), chunk(b"data", PCM)), "middle of a chunk"),
        (riff(fmt_chunk(), chunk(b"data", PCM, 10)), "cut off: 10 bytes announced, 8 present"),
        (riff(fmt_chunk(), chunk(b"data", PCM, MAX_WAV_BYTES)), "cut off"),
        (riff(*[chunk(b"JUNK", b"")] * 300, fmt_chunk(), chunk(b"data", PCM)), "first 256 chunks"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_damaged_file_is_refused_with_the_reason(file: bytes, reason: str) -> None:
    with pytest.raises(InvalidRequest, match=reason):
        read_wav(file)


def test_a_frame_size_that_contradicts_the_rest_is_refused() -> None:
    body = struct.pack("<HHIIHH", 1, 1, 24_000, 96_000, 4, 24)
    with pytest.raises(InvalidRequest, match="3 bytes per frame, not 4"):
        read_wav(riff(chunk(b"fmt ", body), chunk(b"data", PCM)))


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (fmt_chunk(tag=3, width=2), "16 bits of float"),
        (fmt_chunk(tag=0x55), "MP3.*ffmpeg"),
        (fmt_chunk(tag=0x1234), "of type 0x1234"),
        (extensible(b"\x02" + PCM_GUID[1:]), "ADPCM"),
        (extensible(PCM_GUID[:-1] + b"!"), "of type 0xfffe"),
        (extensible(b""), "of type 0xfffe"),
        (fmt_chunk(rate=4_000), "8000 to 192000 Hz"),
        (fmt_chunk(channels=9), "1 to 8 channels"),
        (fmt_chunk(width=0), "1 to 4 bytes"),
        (fmt_chunk(width=8), "1 to 4 bytes"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_audio_that_is_no_pcm_within_the_limits_is_refused_with_the_reason(head: bytes, reason: str) -> None:
    with pytest.raises(UnsupportedAudio, match=reason):
        read_wav(riff(head, chunk(b"data", PCM)))


def test_a_file_of_another_kind_is_refused_with_what_converts_it() -> None:
    with pytest.raises(UnsupportedAudio, match=r"FLAC.*ffmpeg -i INPUT .* OUTPUT\.wav"):
        read_wav(b"fLaC" + bytes(60))


@pytest.mark.parametrize("variant", [b"RF64", b"RIFX"])
def test_variants_of_riff_are_refused_by_name(variant: bytes) -> None:
    with pytest.raises(UnsupportedAudio, match=variant.decode()):
        read_wav(variant + riff(fmt_chunk(), chunk(b"data", PCM))[4:])


def test_a_file_over_the_limit_is_refused() -> None:
    file = write_wav(REALTIME, bytes(1000))
    assert read_wav(file, max_bytes=len(file)) == (REALTIME, bytes(1000))
    with pytest.raises(AudioTooLong, match="1044 bytes; at most 1043"):
        read_wav(file, max_bytes=len(file) - 1)


def test_more_than_a_wav_file_can_hold_is_refused() -> None:
    assert len(wav_header(REALTIME, 0xFFFFFFFF - 37)) == 44
    with pytest.raises(AudioTooLong, match="4 GiB"):
        wav_header(REALTIME, 0xFFFFFFFF - 35)


SIZES = st.sampled_from([0, 1, 2, 7, 14, 16, 40, 0x7FFFF000, 0xFFFFFFFF]) | st.integers(0, 80)
FIELD = st.sampled_from([0, 1, 2, 3, 4, 6, 7, 8, 16, 24, 32, 64, 0xFFFE, 0xFFFF])
FORMATS = st.builds(
    lambda tag, channels, rate, block, bits, more: (
        struct.pack("<HHIIHH", tag, channels, rate, 0, block, bits) + more
    ),
    tag=FIELD,
    channels=FIELD,
    rate=st.sampled_from([0, 8_000, 24_000, 0xFFFFFFFF]),
    block=FIELD,
    bits=FIELD,
    more=st.binary(max_size=8) | st.just(struct.pack("<HHI", 22, 16, 4) + PCM_GUID),
)
CHUNKS = st.lists(
    st.one_of(
        st.builds(chunk, st.just(b"fmt "), FORMATS | st.binary(max_size=40), st.none() | SIZES),
        st.builds(chunk, st.just(b"data"), st.binary(max_size=40), st.none() | SIZES),
        st.builds(chunk, st.binary(min_size=4, max_size=4), st.binary(max_size=9), st.none() | SIZES),
        st.binary(max_size=20),
    ),
    max_size=5,
)


@settings(max_examples=400)
@given(
    file=st.one_of(
        st.binary(max_size=100),
        st.binary(max_size=100).map(lambda rest: b"RIFF\0\0\0\0WAVE" + rest),
        st.builds(lambda chunks, size: riff(*chunks, size=size), CHUNKS, st.none() | SIZES),
    )
)
def test_whatever_the_bytes_there_is_audio_or_a_documented_error(file: bytes) -> None:
    try:
        fmt, pcm = read_wav(file, max_bytes=120)
    except (AudioTooLong, InvalidRequest, UnsupportedAudio) as error:
        assert error.message  # noqa: PT017
    else:
        assert len(pcm) % fmt.frame_bytes == 0
        assert pcm in file
