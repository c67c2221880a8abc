"""Files of other kinds, known by their first bytes, and how to convert them.

What a model makes of an MP3 that is read as PCM is an invention; so such bytes are refused.
"""

from collections.abc import Callable
from shlex import quote

from wyoming_azure_realtime.errors import InvalidRequest, UnsupportedAudio

HEAD_BYTES = 4096
"""How many bytes of a file tell its kind: at least two frames of MP3 and, at common bit rates, of AAC."""

_MAGIC = (
    (0, b"OggS", "Ogg"),
    (0, b"\x1a\x45\xdf\xa3", "WebM or Matroska"),
    (0, b"fLaC", "FLAC"),
    (4, b"ftyp", "MP4"),
    (0, b"ADIF", "AAC"),
    (0, b"#!AMR", "AMR"),
    (0, b"caff\0\x01\0\0", "CAF"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "WMA"),
)

# ISO/IEC 11172-3 and 13818-3, layer III: kbit/s by index, from index 1 on
_MPEG_1 = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MPEG_2 = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_RATES = (44_100, 48_000, 32_000)
_MPEG_1_VERSION = 3
_RATE_DIVISOR = {_MPEG_1_VERSION: 1, 2: 2, 0: 4}  # by version: MPEG-1, MPEG-2, MPEG-2.5
_SYNC_11 = 0x7FF  # eleven bits
_ADTS_RATES = 13
_HEADER_BYTES = 7
_FRAMES = 3
_ID3_BYTES = 10


def kind(head: bytes) -> str | None:
    """The kind of file that begins with these bytes, a WAV file aside; None if it may be PCM.

    MP3 without a tag and AAC have signatures of twelve bits, which sound has too; they need two frames.
    """
    for at, magic, name in _MAGIC:
        if head.startswith(magic, at):
            return name
    if head[:4] == b"FORM" and head[8:12] in {b"AIFF", b"AIFC"}:
        return "AIFF"
    if _has_id3(head) or _has_two_frames(head, _mp3_frame_bytes):
        return "MP3"
    return "AAC" if _has_two_frames(head, _adts_frame_bytes) else None


def to_wav(file: str = "") -> str:
    """The command that makes of any audio file, or of this one, a WAV file that can be read."""
    source, _, ending = file.rpartition(".")
    target = (
        f"{source or file}{'-converted' if ending.lower() == 'wav' else ''}.wav" if file else "OUTPUT.wav"
    )
    return f"ffmpeg -i {quote(file or 'INPUT')} -ac 1 -ar 24000 -c:a pcm_s16le {quote(target)}"


def to_pcm(rate: int) -> str:
    """The command that makes of any audio file raw PCM16 mono at `rate` Hz."""
    return f"ffmpeg -i INPUT -ac 1 -ar {rate} -f s16le OUTPUT.pcm"


def refuse_compressed(head: bytes) -> None:
    """Raise UnsupportedAudio for the first bytes of a file that is neither WAV nor PCM."""
    name = kind(head)
    if name is not None:
        raise UnsupportedAudio(
            f"This is {name}, which is not decoded here.", advice=f"Convert it first: {to_wav()}"
        )


def refuse_files(head: bytes, rate: int) -> None:
    """Refuse the first bytes of any file where PCM of `rate` Hz belongs.

    Raises: UnsupportedAudio, InvalidRequest for WAV.
    """
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        raise InvalidRequest(
            "This is a WAV file, where PCM without a header is expected.",
            advice="Over HTTP send the file itself as audio/wav, or else only what follows its header.",
        )
    name = kind(head)
    if name is not None:
        raise UnsupportedAudio(f"This is {name}, not PCM.", advice=f"Convert it first: {to_pcm(rate)}")


def _has_id3(head: bytes) -> bool:
    """A tag of ID3v2.2 to 2.4: four flags are unused, and the bytes of its length have seven bits."""
    if head[:3] != b"ID3" or len(head) < _ID3_BYTES:
        return False
    return head[3] in {2, 3, 4} and not head[5] & 15 and max(head[6:_ID3_BYTES]) < 0x80


def _has_two_frames(head: bytes, frame_bytes: Callable[[bytes], int]) -> bool:
    """Whether there are headers of one kind at the beginning and behind one frame, and behind the next too.

    Of the next one only if it is within `head`. `frame_bytes`: the length by the header, 0 if it is none.
    """
    at = 0
    for number in range(_FRAMES):
        header = head[at : at + _HEADER_BYTES]
        if len(header) < _HEADER_BYTES:
            return number > 1
        size = frame_bytes(header)
        if not size or header[:2] != head[:2]:
            return False
        at += size
    return True


def _mp3_frame_bytes(header: bytes) -> int:
    """Of MPEG audio, layer III."""
    sync, flags = int.from_bytes(header[:2], "big"), header[2]
    version, layer = sync >> 3 & 3, sync >> 1 & 3
    bit_rate, rate = flags >> 4, flags >> 2 & 3
    if sync >> 5 != _SYNC_11 or layer != 1 or version == 1 or bit_rate in {0, 15} or rate == len(_RATES):
        return 0
    kbits, samples = (_MPEG_1, 1152) if version == _MPEG_1_VERSION else (_MPEG_2, 576)
    hz = _RATES[rate] // _RATE_DIVISOR[version]
    return samples // 8 * 1000 * kbits[bit_rate - 1] // hz + (flags >> 1 & 1)


def _adts_frame_bytes(header: bytes) -> int:
    """Of AAC in ADTS (ISO/IEC 13818-7), header included."""
    sync = int.from_bytes(header[:2], "big")
    if sync & 0xFFF6 != 0xFFF0 or header[2] >> 2 & 15 >= _ADTS_RATES:  # the layer is 0
        return 0
    size = int.from_bytes(header[3:6], "big") >> 5 & 0x1FFF
    return size if size > _HEADER_BYTES else 0
